-- Everything a share server keeps. Text ids are what callers chose; integer keys are ours and never leave the server.

CREATE TABLE share (
  share_key      INTEGER PRIMARY KEY,
  share_id       TEXT    NOT NULL UNIQUE,
  owner_ref_key  INTEGER NOT NULL,
  creator_key    INTEGER NOT NULL,
  label          TEXT,
  state          INTEGER NOT NULL,            -- 0 active, 1 ended, 2 deleted
  folded         INTEGER NOT NULL DEFAULT 0,  -- doc holds every op up to this cursor
  created_ms     INTEGER NOT NULL
);
CREATE INDEX share_creator ON share (creator_key, share_key);

-- The log. The head of a share is its largest cursor.
CREATE TABLE op (
  share_key      INTEGER NOT NULL,
  cursor         INTEGER NOT NULL,
  op_id          TEXT    NOT NULL,
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
  PRIMARY KEY (share_key, cursor)
) WITHOUT ROWID;
CREATE UNIQUE INDEX op_id_once ON op (share_key, op_id);
CREATE UNIQUE INDEX op_writer_seq ON op (writer_key, seq) WHERE writer_key IS NOT NULL;

-- Seqs that got no cursor: rejections (code set) and duplicates (code null), so that a resend gets the same answer.
CREATE TABLE rejection (
  share_key      INTEGER NOT NULL,
  op_id          TEXT    NOT NULL,
  digest         BLOB    NOT NULL,
  writer_key     INTEGER,
  seq            INTEGER,
  code           INTEGER,
  cursor         INTEGER NOT NULL             -- of a duplicate: where its effect stands
);
CREATE INDEX rejection_op_id ON rejection (share_key, op_id);
CREATE UNIQUE INDEX rejection_writer_seq ON rejection (writer_key, seq) WHERE writer_key IS NOT NULL;

-- The checkpoint: documents folded up to share.folded.
CREATE TABLE doc (
  share_key      INTEGER NOT NULL,
  kind           TEXT    NOT NULL,
  key            TEXT    NOT NULL,
  cursor         INTEGER NOT NULL,            -- of the last op in it
  data           BLOB    NOT NULL,
  PRIMARY KEY (share_key, kind, key)
) WITHOUT ROWID;

CREATE TABLE writer (
  writer_key     INTEGER PRIMARY KEY,
  share_key      INTEGER NOT NULL,
  writer_id      TEXT    NOT NULL,
  ref_key        INTEGER NOT NULL,            -- the sturdy ref that first used it
  acked_seq      INTEGER NOT NULL,            -- the watermark
  UNIQUE (share_key, writer_id)
);

CREATE TABLE sturdy_ref (
  ref_key        INTEGER PRIMARY KEY,
  cap_id         TEXT    NOT NULL UNIQUE,
  share_key      INTEGER,                     -- null: a root or creator ref
  parent_key     INTEGER,                     -- null: the root
  parent_epoch   INTEGER NOT NULL,
  depth          INTEGER NOT NULL,
  rights         INTEGER NOT NULL,
  caveats        TEXT    NOT NULL,
  epoch          INTEGER NOT NULL,
  label          TEXT,
  tag            BLOB    NOT NULL,            -- 8 bytes, keyed, of the token digest
  verifier       TEXT    NOT NULL,            -- Argon2id PHC string of the token digest
  created_ms     INTEGER NOT NULL,
  revoked_ms     INTEGER
);
CREATE INDEX sturdy_ref_parent ON sturdy_ref (parent_key, ref_key);
CREATE INDEX sturdy_ref_share ON sturdy_ref (share_key, ref_key);

CREATE TABLE audit (
  position       INTEGER PRIMARY KEY AUTOINCREMENT,
  time_ms        INTEGER NOT NULL,
  action         TEXT    NOT NULL,
  actor_key      INTEGER,
  share_key      INTEGER,
  subject_key    INTEGER
);
CREATE INDEX audit_share ON audit (share_key, position);
