-- The queue by itself, and cheap to add to, take from and settle: a row is one leaf of the table and one of the op ids, both of which
-- grow at their right edge. What is in flight is said once a batch, not in each row; what was refused lies elsewhere.

ALTER TABLE op RENAME TO op_before;
DROP INDEX op_seq;
DROP INDEX op_id_once;
DROP INDEX op_state;
DROP INDEX op_waiting;

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

INSERT INTO refused (
  row_id, share_key, op_id, verb, kind, key, depends_on, if_changed, atomic_group, was_sent, state, code, message, outcome_unknown,
  waiting_since_ms, retry_at_ms, data)
SELECT row_id, share_key, op_id, verb, kind, key, depends_on, if_changed, atomic_group, attempts > 0, state, COALESCE(code, ''), message,
  outcome_unknown, waiting_since_ms, retry_at_ms, data
FROM op_before WHERE state IN (2, 3);

-- Rows that are queued again later take their places among the refused from here on.
INSERT INTO sqlite_sequence (name, seq)
SELECT 'refused', (SELECT MAX(row_id) FROM op_before)
WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'refused') AND EXISTS (SELECT 1 FROM op_before);

INSERT INTO op (row_id, op_id, verb, kind, key, depends_on, if_changed, atomic_group, was_sent, waiting_since_ms, data)
SELECT (share_key << 40) | seq, op_id, verb, kind, key, depends_on, if_changed, atomic_group, state = 0 AND attempts > 0,
  waiting_since_ms, data
FROM op_before WHERE state IN (0, 1) ORDER BY share_key, seq;

INSERT INTO batch (share_key, first_seq, last_seq, batch_id)
SELECT share_key, MIN(seq), MAX(seq), batch_id
FROM op_before WHERE state IN (0, 1) AND batch_id IS NOT NULL GROUP BY share_key, batch_id;

DROP TABLE op_before;

CREATE UNIQUE INDEX op_once ON op (op_id, share_key);
CREATE UNIQUE INDEX refused_once ON refused (share_key, op_id);
CREATE INDEX refused_state ON refused (share_key, state, row_id);
CREATE INDEX refused_due ON refused (retry_at_ms) WHERE state = 3;
