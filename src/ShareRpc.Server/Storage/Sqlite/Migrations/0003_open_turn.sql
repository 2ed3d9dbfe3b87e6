-- Turns that are streaming, with the writer of their last op: what the sweeper looks at, so that it never looks at the log.

CREATE TABLE open_turn (
  share_key  INTEGER NOT NULL,
  key        TEXT    NOT NULL,
  cursor     INTEGER NOT NULL,            -- of the turn's last op
  writer_key INTEGER NOT NULL,
  PRIMARY KEY (share_key, key)
) WITHOUT ROWID;
