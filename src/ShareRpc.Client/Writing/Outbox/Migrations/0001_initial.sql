-- The outbox: the table is the queue. No token is ever in here; cap ids refer to the credentials file.

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
  UNIQUE (server, external_key),
  UNIQUE (server, share_id)
);

CREATE TABLE op (
  row_id          INTEGER PRIMARY KEY AUTOINCREMENT,
  share_key       INTEGER NOT NULL REFERENCES share,
  seq             INTEGER,                    -- null once failed: the seq was consumed, or given up
  op_id           TEXT    NOT NULL,
  verb            TEXT    NOT NULL,
  kind            TEXT    NOT NULL,
  key             TEXT    NOT NULL,
  data            BLOB,
  depends_on      TEXT,
  if_changed      INTEGER NOT NULL,
  atomic_group    TEXT,                       -- ops of one atomic enqueue are one batch of their own
  state           INTEGER NOT NULL,           -- 0 pending, 1 in flight, 2 failed; acked rows are deleted
  batch_id        TEXT,                       -- fixed when first sent
  attempts        INTEGER NOT NULL DEFAULT 0,
  code            TEXT,
  message         TEXT,
  outcome_unknown INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX op_seq ON op (share_key, seq) WHERE seq IS NOT NULL;
CREATE UNIQUE INDEX op_id_once ON op (share_key, op_id);
CREATE INDEX op_state ON op (share_key, state, seq);

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
