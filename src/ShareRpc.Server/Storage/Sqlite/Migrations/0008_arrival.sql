-- Ops lie in the order of their arrival, so that the ops of a transaction lie together whatever shares they are of; an index finds them by
-- share and cursor. Op ids that are UUIDs take 16 bytes (StoredOpId), and their index begins with them: they rise with time, so all shares
-- write at its one end. Which cursors a writer's seqs got is kept as runs instead of an index entry per op.

CREATE TABLE writer_run (
  writer_key     INTEGER NOT NULL,
  seq            INTEGER NOT NULL,            -- seq, seq + 1, ... got cursor, cursor + 1, ...
  cursor         INTEGER NOT NULL,
  count          INTEGER NOT NULL,
  PRIMARY KEY (writer_key, seq)
) WITHOUT ROWID;
INSERT INTO writer_run (writer_key, seq, cursor, count)
SELECT writer_key, MIN(seq), MIN(cursor), COUNT(*) FROM (
  SELECT writer_key, seq, cursor, seq - ROW_NUMBER() OVER its AS seq_less, cursor - ROW_NUMBER() OVER its AS cursor_less
  FROM op WHERE writer_key IS NOT NULL WINDOW its AS (PARTITION BY writer_key ORDER BY seq))
GROUP BY writer_key, seq_less, cursor_less;

-- The run that a writer's next op may lengthen: in its row, which an append writes anyway. None with a count of 0.
ALTER TABLE writer ADD COLUMN run_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE writer ADD COLUMN run_cursor INTEGER NOT NULL DEFAULT 0;
ALTER TABLE writer ADD COLUMN run_count INTEGER NOT NULL DEFAULT 0;

CREATE TABLE op_by_arrival (
  op_key         INTEGER PRIMARY KEY,
  share_key      INTEGER NOT NULL,
  cursor         INTEGER NOT NULL,
  op_id                  NOT NULL,            -- 16 bytes for a UUID, else text
  digest         BLOB    NOT NULL,            -- 16 bytes over verb, kind, key, depends_on, data
  writer_key     INTEGER,
  seq            INTEGER,
  verb           TEXT    NOT NULL,
  kind           TEXT    NOT NULL,
  key            TEXT    NOT NULL,
  data           BLOB,
  actor_key      INTEGER NOT NULL,
  time_ms        INTEGER NOT NULL,
  schema_version INTEGER NOT NULL,
  class          INTEGER NOT NULL,            -- ContentClass
  UNIQUE (share_key, cursor)
);
INSERT INTO op_by_arrival (
  share_key, cursor, op_id, digest, writer_key, seq, verb, kind, key, data, actor_key, time_ms, schema_version, class)
SELECT share_key, cursor, stored_op_id(op_id), digest, writer_key, seq, verb, kind, key, data, actor_key, time_ms, schema_version, class
FROM op ORDER BY share_key, cursor;
DROP TABLE op;
ALTER TABLE op_by_arrival RENAME TO op;
CREATE UNIQUE INDEX op_id_once ON op (op_id, share_key);

DROP INDEX rejection_op_id;
DROP INDEX rejection_writer_seq;
CREATE TABLE rejection_of_id (
  share_key      INTEGER NOT NULL,
  op_id                  NOT NULL,            -- as in op
  digest         BLOB    NOT NULL,
  writer_key     INTEGER,
  seq            INTEGER,
  code           INTEGER,
  cursor         INTEGER NOT NULL             -- of a duplicate: where its effect stands
);
INSERT INTO rejection_of_id (rowid, share_key, op_id, digest, writer_key, seq, code, cursor)
SELECT rowid, share_key, stored_op_id(op_id), digest, writer_key, seq, code, cursor FROM rejection ORDER BY rowid;
DROP TABLE rejection;
ALTER TABLE rejection_of_id RENAME TO rejection;
CREATE INDEX rejection_op_id ON rejection (share_key, op_id);
CREATE UNIQUE INDEX rejection_writer_seq ON rejection (writer_key, seq) WHERE writer_key IS NOT NULL;
