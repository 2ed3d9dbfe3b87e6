-- Everything a share server keeps. Text ids are what callers chose; integer keys are ours and never leave the server.

CREATE TABLE share (
  share_key      INTEGER PRIMARY KEY,
  share_id       TEXT    NOT NULL UNIQUE,
  owner_ref_key  INTEGER NOT NULL,
  creator_key    INTEGER NOT NULL,
  label          TEXT,
  state          INTEGER NOT NULL,            -- 0 active, 1 ended, 2 deleted
  folded         INTEGER NOT NULL DEFAULT 0,  -- doc holds every op up to this cursor
  scanned        INTEGER NOT NULL DEFAULT 0,  -- compaction has looked at the ops up to this cursor
  compacted      INTEGER NOT NULL DEFAULT 0,  -- the largest cursor whose data compaction dropped
  created_ms     INTEGER NOT NULL,
  kept_ms        INTEGER NOT NULL DEFAULT 0,  -- when an owner has put off its end last
  erased         INTEGER NOT NULL DEFAULT 0   -- of a deleted one: nothing of its content is left in any file
);
CREATE INDEX share_creator ON share (creator_key, share_key);
CREATE INDEX share_unerased ON share (share_key) WHERE state = 2 AND erased = 0;

-- The log. The head of a share is its largest cursor. Rows lie in the order of their arrival, so that the ops of a transaction lie
-- together whatever shares they are of.
CREATE TABLE op (
  op_key         INTEGER PRIMARY KEY,
  share_key      INTEGER NOT NULL,
  cursor         INTEGER NOT NULL,
  op_id                  NOT NULL,            -- 16 bytes for a UUID, else text (StoredOpId)
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
  class          INTEGER NOT NULL,            -- ContentClass after it; 0, unknown, is hidden from every redacted reader
  class_before   INTEGER NOT NULL,            -- ContentClass before it
  UNIQUE (share_key, cursor)
);

-- The op ids of the log up to share.folded, written with the checkpoint in sorted passes. Those of later ops are in
-- memory.
CREATE TABLE known_id (
  share_key      INTEGER NOT NULL,
  op_id                  NOT NULL,            -- as in op
  cursor         INTEGER NOT NULL,
  PRIMARY KEY (share_key, op_id)
) WITHOUT ROWID;

-- Seqs that got no cursor: rejections (code set) and duplicates (code null), so that a resend gets the same answer.
CREATE TABLE rejection (
  share_key      INTEGER NOT NULL,
  op_id                  NOT NULL,            -- as in op
  digest         BLOB    NOT NULL,
  writer_key     INTEGER,
  seq            INTEGER,
  code           INTEGER,
  cursor         INTEGER NOT NULL             -- of a duplicate: where its effect stands
);
CREATE INDEX rejection_op_id ON rejection (share_key, op_id);
CREATE UNIQUE INDEX rejection_writer_seq ON rejection (writer_key, seq) WHERE writer_key IS NOT NULL;

-- The checkpoint: documents folded up to share.folded. Data is here only where text was appended; without it a document
-- is what the put at its cursor says.
CREATE TABLE doc (
  share_key      INTEGER NOT NULL,
  kind           TEXT    NOT NULL,
  key            TEXT    NOT NULL,
  cursor         INTEGER NOT NULL,            -- of the last op in it
  data           BLOB,
  size           INTEGER NOT NULL,            -- what document_bytes counts: the data bytes of its last put and of every append since
  class          INTEGER NOT NULL,            -- ContentClass
  PRIMARY KEY (share_key, kind, key)
) WITHOUT ROWID;

-- Turns that are streaming, with the writer of their last op: the sweeper reads these and never the log.
CREATE TABLE open_turn (
  share_key      INTEGER NOT NULL,
  key            TEXT    NOT NULL,
  cursor         INTEGER NOT NULL,            -- of the turn's last op
  writer_key     INTEGER NOT NULL,            -- 0: it came without one
  PRIMARY KEY (share_key, key)
) WITHOUT ROWID;

CREATE TABLE writer (
  writer_key     INTEGER PRIMARY KEY,
  share_key      INTEGER NOT NULL,
  writer_id      TEXT    NOT NULL,
  ref_key        INTEGER NOT NULL,            -- the sturdy ref that first used it
  acked_seq      INTEGER NOT NULL,            -- the watermark
  run_seq        INTEGER NOT NULL DEFAULT 0,  -- the run that its next op may lengthen (see writer_run); none with a count of 0
  run_cursor     INTEGER NOT NULL DEFAULT 0,
  run_count      INTEGER NOT NULL DEFAULT 0,
  UNIQUE (share_key, writer_id)
);

-- Which cursors a writer's seqs got, as runs instead of an index entry per op. The newest run is in the writer's row.
CREATE TABLE writer_run (
  writer_key     INTEGER NOT NULL,
  seq            INTEGER NOT NULL,            -- seq, seq + 1, ... got cursor, cursor + 1, ...
  cursor         INTEGER NOT NULL,
  count          INTEGER NOT NULL,
  PRIMARY KEY (writer_key, seq)
) WITHOUT ROWID;

-- Ops and audit entries name a ref by its key for ever, so no key is used again.
CREATE TABLE sturdy_ref (
  ref_key          INTEGER PRIMARY KEY AUTOINCREMENT,
  cap_id           TEXT    NOT NULL UNIQUE,
  share_key        INTEGER,                     -- null: a root or creator ref
  parent_key       INTEGER,                     -- null: the root
  parent_epoch     INTEGER NOT NULL,
  depth            INTEGER NOT NULL,
  rights           INTEGER NOT NULL,
  caveats          TEXT    NOT NULL,
  epoch            INTEGER NOT NULL,
  label            TEXT,
  verifier         BLOB    NOT NULL,            -- 32 bytes, HMAC-SHA256 of the token digest under the server's key
  passphrase       TEXT,                        -- Argon2id PHC string of the passphrase digest
  created_ms       INTEGER NOT NULL,
  revoked_ms       INTEGER,
  suspended_ms     INTEGER,
  retired_ms       INTEGER,                     -- its own token is dead, its descendants are not
  uses             INTEGER NOT NULL DEFAULT 0,
  used_ms          INTEGER,                     -- first redemption by token, where a caveat asks
  last_redeemed_ms INTEGER,
  grant_ends_ms    INTEGER                      -- of a grant of its parent; null for any other ref
);
CREATE INDEX sturdy_ref_grant ON sturdy_ref (parent_key, grant_ends_ms) WHERE grant_ends_ms IS NOT NULL;
CREATE INDEX sturdy_ref_grant_end ON sturdy_ref (grant_ends_ms) WHERE grant_ends_ms IS NOT NULL;
CREATE INDEX sturdy_ref_grant_revoked ON sturdy_ref (revoked_ms) WHERE grant_ends_ms IS NOT NULL;
CREATE INDEX sturdy_ref_parent ON sturdy_ref (parent_key, ref_key);
CREATE INDEX sturdy_ref_share ON sturdy_ref (share_key, ref_key);

-- Refs whose rows went with an ended grant: ops and audit entries still tell their ids.
CREATE TABLE gone_ref (
  ref_key        INTEGER PRIMARY KEY,
  cap_id         TEXT    NOT NULL UNIQUE,
  parent_key     INTEGER NOT NULL
);
CREATE INDEX gone_ref_parent ON gone_ref (parent_key);

-- Secrets before a rotation, so that their holders are told what became of them.
CREATE TABLE former_secret (
  ref_key        INTEGER NOT NULL,
  epoch          INTEGER NOT NULL,
  verifier       BLOB    NOT NULL,
  PRIMARY KEY (ref_key, epoch)
) WITHOUT ROWID;

-- Applied ops and their bytes a day, for refs with a quota; for all refs what was recorded without an op (table
-- rejection).
CREATE TABLE quota (
  ref_key        INTEGER NOT NULL,
  day            INTEGER NOT NULL,            -- days since 1970 UTC
  ops            INTEGER NOT NULL,
  bytes          INTEGER NOT NULL,
  rejections     INTEGER NOT NULL,
  duplicates     INTEGER NOT NULL,
  PRIMARY KEY (ref_key, day)
) WITHOUT ROWID;

-- Mutations, and entries that sum up a minute: redemptions and refusals by address, and what was appended.
CREATE TABLE audit (
  position       INTEGER PRIMARY KEY AUTOINCREMENT,
  time_ms        INTEGER NOT NULL,
  action         TEXT    NOT NULL,
  actor_key      INTEGER,
  share_key      INTEGER,
  subject_key    INTEGER,
  address        TEXT,
  code           INTEGER,                     -- of a refusal
  count          INTEGER,                     -- redemptions, refusals or ops
  bytes          INTEGER                      -- of the ops' data
);
CREATE INDEX audit_share ON audit (share_key, position);

-- Shares and refs that an HTTP profile made for an agent's session, so that a session shared again finds its share, and unsharing it
-- takes back exactly what was made.
CREATE TABLE session_share (
  share_key      INTEGER PRIMARY KEY,
  creator_key    INTEGER NOT NULL,
  session_id     TEXT    NOT NULL             -- the agent's own id of the session; no secret
);
CREATE INDEX session_share_session ON session_share (creator_key, session_id, share_key);

CREATE TABLE session_ref (
  share_key      INTEGER NOT NULL,
  ref_key        INTEGER NOT NULL,
  PRIMARY KEY (share_key, ref_key)
) WITHOUT ROWID;

-- The creator refs that stand behind open creation; nobody holds a token of theirs. The newest one counts.
CREATE TABLE open_creator (
  ref_key        INTEGER PRIMARY KEY
);

-- Numbers that the database keeps about itself (StoreSettings).
CREATE TABLE setting (
  name           TEXT PRIMARY KEY,
  value          INTEGER NOT NULL
) WITHOUT ROWID;
