#!/bin/sh
# Writes one session of a real opencode database as SQL: the tables a source reads, with that session's rows and events, nothing else.
#   sh extract-session.sh opencode.db ses_... > opencode-session.sql
# Needs the sqlite3 shell. Read what comes out before committing it: a session holds whatever its user and tools wrote.
set -eu
db=$1
session=$2
dump() {
    sqlite3 -readonly "$db" ".mode insert $1" "SELECT * FROM $1 WHERE $2"
}
echo "-- A session of opencode, as its database holds it; made by extract-session.sh."
for table in project session message part todo event_sequence event; do
    sqlite3 -readonly "$db" "SELECT sql || ';' FROM sqlite_master WHERE tbl_name = '$table' AND sql IS NOT NULL ORDER BY type DESC, name"
done
dump project "id = (SELECT project_id FROM session WHERE id = '$session')"
dump session "id = '$session'"
dump message "session_id = '$session' ORDER BY id"
dump part "session_id = '$session' ORDER BY id"
dump todo "session_id = '$session' ORDER BY position"
dump event_sequence "aggregate_id = '$session'"
dump event "aggregate_id = '$session' ORDER BY seq"
