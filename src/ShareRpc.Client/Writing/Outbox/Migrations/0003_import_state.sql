-- Sources that are read once, such as a tree of files: what was read of them, and when. A finished one is never read again unasked.

CREATE TABLE import_state (
  server        TEXT    NOT NULL,
  path          TEXT    NOT NULL,
  content_hash  TEXT    NOT NULL,
  sessions      INTEGER NOT NULL,
  messages      INTEGER NOT NULL,
  parts         INTEGER NOT NULL,
  skipped_count INTEGER NOT NULL,
  skipped       TEXT    NOT NULL,             -- JSON: the first of them, each with its reason
  started_ms    INTEGER NOT NULL,
  finished_ms   INTEGER,                      -- null: interrupted, or going on
  PRIMARY KEY (server, path)
) WITHOUT ROWID;
CREATE INDEX import_state_hash ON import_state (server, content_hash);
