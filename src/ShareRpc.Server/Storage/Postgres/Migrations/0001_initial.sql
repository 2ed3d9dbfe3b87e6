-- Everything the nodes of a cluster keep. Text ids are what callers chose; integer keys never leave the servers.
-- Text that orders pages is compared by its bytes (collation "C"), as in the other store.

CREATE TABLE share (
  share_key      bigint  PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  share_id       text    COLLATE "C" NOT NULL UNIQUE,
  owner_ref_key  bigint  NOT NULL,
  creator_key    bigint  NOT NULL,
  label          text,
  state          int     NOT NULL,            -- 0 active, 1 ended, 2 deleted
  head           bigint  NOT NULL DEFAULT 0,  -- the log's largest cursor: the next one comes from here, under the lock
  version        bigint  NOT NULL DEFAULT 0,  -- raised by every transaction on the share: it proves what a node caches
  folded         bigint  NOT NULL DEFAULT 0,  -- doc holds every op up to this cursor
  scanned        bigint  NOT NULL DEFAULT 0,  -- compaction has looked at the ops up to this cursor
  compacted      bigint  NOT NULL DEFAULT 0,  -- the largest cursor whose data compaction dropped
  created_ms     bigint  NOT NULL,
  appended_ms    bigint,                      -- time of the newest op that is no comment
  kept_ms        bigint  NOT NULL DEFAULT 0,  -- when an owner has put off its end last
  erased         boolean NOT NULL DEFAULT false
) WITH (fillfactor = 70);                     -- room for new versions of a row beside it: no index entry per append
CREATE INDEX share_creator ON share (creator_key, share_key);
CREATE INDEX share_unerased ON share (share_key) WHERE state = 2 AND NOT erased;

-- The log.
CREATE TABLE op (
  share_key      bigint NOT NULL,
  cursor         bigint NOT NULL,
  op_id          bytea  NOT NULL,             -- StoredOpId
  digest         bytea  NOT NULL,             -- 16 bytes over verb, kind, key, depends_on, data
  writer_key     bigint,
  seq            bigint,
  time_ms        bigint NOT NULL,
  actor_key      bigint NOT NULL,
  schema_version int    NOT NULL,
  class          int    NOT NULL,             -- ContentClass after it
  class_before   int    NOT NULL,             -- ContentClass before it
  verb           text   NOT NULL,
  kind           text   COLLATE "C" NOT NULL,
  key            text   COLLATE "C" NOT NULL,
  data           bytea,
  PRIMARY KEY (share_key, cursor)
);
CREATE UNIQUE INDEX op_id_once ON op (share_key, op_id);

-- Seqs that got no cursor: rejections (code set) and duplicates (code null).
CREATE TABLE rejection (
  rejection_key  bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  share_key      bigint NOT NULL,
  op_id          bytea  NOT NULL,
  digest         bytea  NOT NULL,
  writer_key     bigint,
  seq            bigint,
  code           int,
  cursor         bigint NOT NULL              -- of a duplicate: where its effect stands
);
CREATE INDEX rejection_op_id ON rejection (share_key, op_id);
CREATE UNIQUE INDEX rejection_writer_seq ON rejection (writer_key, seq) WHERE writer_key IS NOT NULL;

-- The checkpoint: documents folded up to share.folded.
CREATE TABLE doc (
  share_key      bigint NOT NULL,
  kind           text   COLLATE "C" NOT NULL,
  key            text   COLLATE "C" NOT NULL,
  cursor         bigint NOT NULL,             -- of the last op in it
  size           bigint NOT NULL,             -- data bytes of its last put and of every append since
  class          int    NOT NULL,
  data           bytea,                       -- only where text was appended; else that of the put at the cursor
  PRIMARY KEY (share_key, kind, key)
);

-- Turns that are streaming, with the writer of their last op (0: without one).
CREATE TABLE open_turn (
  share_key      bigint NOT NULL,
  key            text   COLLATE "C" NOT NULL,
  cursor         bigint NOT NULL,
  writer_key     bigint NOT NULL,
  heard          bigint NOT NULL DEFAULT 0,    -- raised by the node that the writer is connected to
  PRIMARY KEY (share_key, key)
);

CREATE TABLE writer (
  writer_key     bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  share_key      bigint NOT NULL,
  writer_id      text   COLLATE "C" NOT NULL,
  ref_key        bigint NOT NULL,             -- the sturdy ref that first used it
  acked_seq      bigint NOT NULL,             -- the watermark
  run_seq        bigint NOT NULL DEFAULT 0,   -- the newest run; none with a count of 0
  run_cursor     bigint NOT NULL DEFAULT 0,
  run_count      bigint NOT NULL DEFAULT 0,
  UNIQUE (share_key, writer_id)
) WITH (fillfactor = 70);

-- Which cursors a writer's seqs got, as runs: seq, seq + 1, ... got cursor, cursor + 1, ...
CREATE TABLE writer_run (
  writer_key     bigint NOT NULL,
  seq            bigint NOT NULL,
  cursor         bigint NOT NULL,
  count          bigint NOT NULL,
  PRIMARY KEY (writer_key, seq)
);

CREATE TABLE sturdy_ref (
  ref_key          bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  cap_id           text   COLLATE "C" NOT NULL UNIQUE,
  share_key        bigint,                    -- null: a root or creator ref
  parent_key       bigint,                    -- null: the root
  parent_epoch     bigint NOT NULL,
  depth            int    NOT NULL,
  rights           int    NOT NULL,
  caveats          text   NOT NULL,
  epoch            bigint NOT NULL,
  label            text,
  verifier         bytea  NOT NULL,           -- HMAC-SHA256 of the token digest, then the id of its key
  passphrase       text,                      -- Argon2id PHC string of the passphrase digest
  created_ms       bigint NOT NULL,
  revoked_ms       bigint,
  suspended_ms     bigint,
  retired_ms       bigint,                    -- its own token is dead, its descendants are not
  uses             bigint NOT NULL DEFAULT 0,
  used_ms          bigint,
  last_redeemed_ms bigint,
  grant_ends_ms    bigint                     -- of a grant of its parent; null for any other ref
);
CREATE INDEX sturdy_ref_grant ON sturdy_ref (parent_key, grant_ends_ms) WHERE grant_ends_ms IS NOT NULL;
CREATE INDEX sturdy_ref_grant_end ON sturdy_ref (grant_ends_ms) WHERE grant_ends_ms IS NOT NULL;
CREATE INDEX sturdy_ref_grant_revoked ON sturdy_ref (revoked_ms) WHERE grant_ends_ms IS NOT NULL;
CREATE INDEX sturdy_ref_parent ON sturdy_ref (parent_key, ref_key);
CREATE INDEX sturdy_ref_share ON sturdy_ref (share_key, ref_key);

-- Refs whose rows went with an ended grant: ops and audit entries still tell their ids.
CREATE TABLE gone_ref (
  ref_key        bigint PRIMARY KEY,
  cap_id         text   COLLATE "C" NOT NULL UNIQUE,
  parent_key     bigint NOT NULL
);
CREATE INDEX gone_ref_parent ON gone_ref (parent_key);

-- Secrets before a rotation, so that their holders are told what became of them.
CREATE TABLE former_secret (
  ref_key        bigint NOT NULL,
  epoch          bigint NOT NULL,
  verifier       bytea  NOT NULL,
  PRIMARY KEY (ref_key, epoch)
);

CREATE TABLE quota (
  ref_key        bigint NOT NULL,
  day            bigint NOT NULL,             -- days since 1970 UTC
  ops            bigint NOT NULL DEFAULT 0,
  bytes          bigint NOT NULL DEFAULT 0,
  rejections     bigint NOT NULL DEFAULT 0,
  duplicates     bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (ref_key, day)
);

-- Positions are given under a shared advisory lock; sealing takes it alone, so that no lower one comes later.
CREATE TABLE audit (
  position       bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  time_ms        bigint NOT NULL,
  action         text   COLLATE "C" NOT NULL,
  actor_key      bigint,
  share_key      bigint,
  subject_key    bigint,
  address        text   COLLATE "C",
  code           int,
  count          bigint,
  bytes          bigint
);
CREATE INDEX audit_share   ON audit (share_key, position);
CREATE INDEX audit_actor   ON audit (actor_key, position)   WHERE actor_key IS NOT NULL;
CREATE INDEX audit_subject ON audit (subject_key, position) WHERE subject_key IS NOT NULL;
CREATE INDEX audit_address ON audit (address, position)     WHERE address IS NOT NULL;
CREATE INDEX audit_code    ON audit (code, position)        WHERE code IS NOT NULL;
CREATE INDEX audit_action  ON audit (action, position);
CREATE INDEX audit_time    ON audit (time_ms, position);

CREATE TABLE audit_seal (
  last           bigint PRIMARY KEY,
  first          bigint NOT NULL,
  newest_ms      bigint NOT NULL,
  digest         bytea  NOT NULL              -- SHA-256 over that before it and the entries first to last; its HMAC
);

-- The segment up to which retention has removed the trail; one row, or none.
CREATE TABLE audit_anchor (
  last           bigint PRIMARY KEY,
  digest         bytea  NOT NULL
);

-- Shares and refs that an HTTP profile made for an agent's session: of those not unshared one per creator and session.
CREATE TABLE session_share (
  share_key      bigint PRIMARY KEY,
  creator_key    bigint NOT NULL,
  session_id     text   COLLATE "C" NOT NULL
);
CREATE INDEX session_share_session ON session_share (creator_key, session_id, share_key);

CREATE TABLE session_ref (
  share_key      bigint NOT NULL,
  ref_key        bigint NOT NULL,
  PRIMARY KEY (share_key, ref_key)
);

CREATE TABLE open_creator (
  ref_key        bigint PRIMARY KEY
);

-- The keys that verifiers name, each with a value that tells whether a node has the same key.
CREATE TABLE server_key (
  key_id         bytea  PRIMARY KEY,
  name           text   NOT NULL,
  check_value    bytea  NOT NULL
);

-- One row, which a test of writing writes.
CREATE TABLE probe (
  written        bigint NOT NULL
);
INSERT INTO probe VALUES (0);

-- Statistics would keep content of what is erased.
ALTER TABLE share ALTER COLUMN label SET STATISTICS 0;
ALTER TABLE sturdy_ref ALTER COLUMN label SET STATISTICS 0;
ALTER TABLE op ALTER COLUMN key SET STATISTICS 0, ALTER COLUMN data SET STATISTICS 0;
ALTER TABLE doc ALTER COLUMN key SET STATISTICS 0, ALTER COLUMN data SET STATISTICS 0;
ALTER TABLE open_turn ALTER COLUMN key SET STATISTICS 0;

-- What a node takes for granted of op ids: none was answered as a duplicate. That none is in the log, the index says.
CREATE FUNCTION sharerpc_prove_new(shares bigint[], ids bytea[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM unnest(shares, ids) AS k (share_key, op_id) CROSS JOIN LATERAL (SELECT 1 FROM rejection r
    WHERE r.share_key = k.share_key AND r.op_id = k.op_id AND r.code IS NULL LIMIT 1) found) THEN
    RAISE EXCEPTION 'an op id is known' USING ERRCODE = 'SR001';
  END IF;
END $$;

-- What a node takes for granted of shares and refs, proven: it locks the shares in the order of their keys, and reads
-- the refs in a LATER statement, so that a revocation under the lock of a share is seen; documents that are taken for
-- new. Raises SR001 if anything differs, SR003 if a document is there, SR002 for another schema.
-- One plan for all calls: planning costs more than running, and each look-up is by a key (LIMIT keeps it so).
CREATE FUNCTION sharerpc_prove(
  known_schema int, shares bigint[], versions bigint[], refs bigint[], epochs bigint[], parents bigint[],
  new_shares bigint[], new_ids bytea[], doc_shares bigint[], kinds text[], keys text[])
RETURNS void LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  same bigint;
BEGIN
  IF (SELECT max(version) FROM sharerpc_schema) <> known_schema THEN
    RAISE EXCEPTION 'another schema' USING ERRCODE = 'SR002';
  END IF;
  SELECT count(*) INTO same FROM
    (SELECT s.share_key, s.version FROM share s WHERE s.share_key = ANY (shares) ORDER BY s.share_key
      FOR NO KEY UPDATE) locked
    JOIN unnest(shares, versions) AS known (share_key, version) USING (share_key, version);
  IF same <> cardinality(shares) THEN
    RAISE EXCEPTION 'another version of a share' USING ERRCODE = 'SR001';
  END IF;
  SELECT count(*) INTO same FROM unnest(refs, epochs, parents) AS known (ref_key, epoch, parent_key)
    JOIN LATERAL (SELECT * FROM sturdy_ref s WHERE s.ref_key = known.ref_key LIMIT 1) r ON r.epoch = known.epoch
      AND r.parent_key IS NOT DISTINCT FROM known.parent_key
    WHERE r.revoked_ms IS NULL AND r.suspended_ms IS NULL;
  IF same <> cardinality(refs) THEN
    RAISE EXCEPTION 'another state of a ref' USING ERRCODE = 'SR001';
  END IF;
  IF cardinality(new_ids) > 0 THEN
    PERFORM sharerpc_prove_new(new_shares, new_ids);
  END IF;
  IF cardinality(keys) > 0 AND EXISTS (SELECT 1 FROM unnest(doc_shares, kinds, keys) AS k (share_key, kind, key)
    CROSS JOIN LATERAL (SELECT 1 FROM doc d
      WHERE d.share_key = k.share_key AND d.kind = k.kind AND d.key = k.key LIMIT 1) found) THEN
    RAISE EXCEPTION 'a document is known' USING ERRCODE = 'SR003';
  END IF;
END $$;

-- Watermarks of writers, and the newest run of seqs at consecutive cursors of each; a run that ends goes to writer_run.
CREATE FUNCTION sharerpc_write_writers(
  keys bigint[], acked_seqs bigint[], seqs bigint[], cursors bigint[], counts bigint[])
RETURNS void LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  WITH c AS (SELECT * FROM unnest(keys, acked_seqs, seqs, cursors, counts) AS c (key, acked_seq, seq, cursor, count)),
  former AS (
    INSERT INTO writer_run (writer_key, seq, cursor, count)
    SELECT w.writer_key, w.run_seq, w.run_cursor, w.run_count FROM c JOIN writer w ON w.writer_key = c.key
    WHERE c.count > 0 AND w.run_count > 0
      AND (w.run_seq + w.run_count <> c.seq OR w.run_cursor + w.run_count <> c.cursor))
  UPDATE writer w SET acked_seq = COALESCE(c.acked_seq, w.acked_seq),
    run_seq = CASE WHEN c.count = 0 OR (w.run_count > 0 AND w.run_seq + w.run_count = c.seq
      AND w.run_cursor + w.run_count = c.cursor) THEN w.run_seq ELSE c.seq END,
    run_cursor = CASE WHEN c.count = 0 OR (w.run_count > 0 AND w.run_seq + w.run_count = c.seq
      AND w.run_cursor + w.run_count = c.cursor) THEN w.run_cursor ELSE c.cursor END,
    run_count = c.count + CASE WHEN c.count = 0 OR (w.run_count > 0 AND w.run_seq + w.run_count = c.seq
      AND w.run_cursor + w.run_count = c.cursor) THEN w.run_count ELSE 0 END
  FROM c WHERE w.writer_key = c.key;
END $$;

-- What a transaction leaves of its shares: versions raised, heads and times where they are not null.
CREATE FUNCTION sharerpc_raise(keys bigint[], heads bigint[], times bigint[])
RETURNS void LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  UPDATE share s SET version = s.version + 1, head = COALESCE(c.head, s.head),
    appended_ms = COALESCE(c.appended_ms, s.appended_ms)
  FROM unnest(keys, heads, times) AS c (key, head, appended_ms) WHERE s.share_key = c.key;
END $$;
