-- The outbox: the table op is the queue. No token is ever in here; cap ids refer to the credentials file.

CREATE TABLE share (
  share_key     INTEGER PRIMARY KEY,
  share_id      TEXT    NOT NULL,
  external_key  TEXT    NOT NULL,
  server        TEXT    NOT NULL,
  label         TEXT,
  append_cap_id TEXT    NOT NULL,
  viewer_cap_id TEXT,
  writer_id     TEXT    NOT NULL,
  next_seq      INTEGER NOT NULL DEFAULT 1,
  is_created    INTEGER NOT NULL,             -- 0 while its create intent is unacknowledged
  closed_code   TEXT,                         -- why nothing can be sent any more
  cursor        INTEGER NOT NULL DEFAULT 0,   -- of the newest ack
  applied       INTEGER NOT NULL DEFAULT 0,
  duplicates    INTEGER NOT NULL DEFAULT 0,
  acked_seq     INTEGER NOT NULL DEFAULT 0,   -- the largest that an ack has named, of this writer id
  UNIQUE (server, external_key),
  UNIQUE (server, share_id)
);

-- The queue. A row is one leaf of the table and one of the op ids, both of which grow at their right edge. Acked rows are deleted.
CREATE TABLE op (
  row_id           INTEGER PRIMARY KEY,       -- share_key * 2^40 + seq: a share's rows lie together, in their order
  share_key        INTEGER GENERATED ALWAYS AS (row_id >> 40) VIRTUAL,
  seq              INTEGER GENERATED ALWAYS AS (row_id & 1099511627775) VIRTUAL,
  op_id            TEXT    NOT NULL,
  verb             TEXT    NOT NULL,
  kind             TEXT    NOT NULL,
  key              TEXT    NOT NULL,
  depends_on       TEXT,
  if_changed       INTEGER NOT NULL,
  atomic_group     TEXT,                      -- ops of one atomic enqueue are one batch of their own
  was_sent         INTEGER NOT NULL DEFAULT 0,-- sent before it was refused and queued again
  place            INTEGER,                   -- its row among the refused, for the same reason
  waiting_since_ms INTEGER,
  data             BLOB
);
CREATE UNIQUE INDEX op_once ON op (op_id, share_key);

-- What was sent and is not settled: rows of a share between two seqs, as they were grouped when first sent. Rows behind the last batch
-- were never sent.
CREATE TABLE batch (
  share_key INTEGER NOT NULL REFERENCES share,
  first_seq INTEGER NOT NULL,
  last_seq  INTEGER NOT NULL,
  batch_id  TEXT    NOT NULL,
  PRIMARY KEY (share_key, first_seq)
) WITHOUT ROWID;

-- Ops that were refused. They have no seq: it was consumed, or given up.
CREATE TABLE refused (
  row_id           INTEGER PRIMARY KEY AUTOINCREMENT,
  share_key        INTEGER NOT NULL REFERENCES share,
  op_id            TEXT    NOT NULL,
  verb             TEXT    NOT NULL,
  kind             TEXT    NOT NULL,
  key              TEXT    NOT NULL,
  depends_on       TEXT,
  if_changed       INTEGER NOT NULL,
  atomic_group     TEXT,
  was_sent         INTEGER NOT NULL,
  state            INTEGER NOT NULL,          -- 2 parked until somebody decides, 3 waiting for the op it depends on
  code             TEXT    NOT NULL,
  message          TEXT,
  outcome_unknown  INTEGER NOT NULL,
  waiting_since_ms INTEGER,
  retry_at_ms      INTEGER,
  data             BLOB
);
CREATE UNIQUE INDEX refused_once ON refused (share_key, op_id);
CREATE INDEX refused_state ON refused (share_key, state, row_id);
CREATE INDEX refused_due ON refused (retry_at_ms) WHERE state = 3;

-- What is asked of the server besides ops: create_share, attenuate, revoke. Requests hold digests, never tokens.
CREATE TABLE intent (
  intent_id INTEGER PRIMARY KEY AUTOINCREMENT,
  share_key INTEGER NOT NULL REFERENCES share,
  kind      TEXT    NOT NULL,
  by_cap_id TEXT    NOT NULL,
  request   TEXT    NOT NULL,
  code      TEXT                               -- why it failed for good; null while it is to be sent
);
CREATE INDEX intent_share ON intent (share_key, intent_id);

CREATE TABLE bookmark (
  share_key INTEGER NOT NULL REFERENCES share,
  name      TEXT    NOT NULL,
  value     TEXT    NOT NULL,
  PRIMARY KEY (share_key, name)
) WITHOUT ROWID;

-- One sender per server and file.
CREATE TABLE lease (
  server     TEXT PRIMARY KEY,
  holder     TEXT    NOT NULL,
  expires_ms INTEGER NOT NULL
) WITHOUT ROWID;

-- Sources that are read once, such as a tree of files: what was read of them, and when. A finished one is not read again unasked.
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

-- What was acknowledged and is not on the server any more: it was restored from a backup that is older.
CREATE TABLE missing (
  share_key INTEGER NOT NULL REFERENCES share,
  writer_id TEXT    NOT NULL,
  first_seq INTEGER NOT NULL,
  last_seq  INTEGER NOT NULL,
  noted_ms  INTEGER NOT NULL,
  PRIMARY KEY (share_key, writer_id, first_seq)
) WITHOUT ROWID;
