-- State 3: an op whose dependency the share does not have yet. It has no seq, and is tried again.

ALTER TABLE op ADD COLUMN waiting_since_ms INTEGER;
ALTER TABLE op ADD COLUMN retry_at_ms INTEGER;
CREATE INDEX op_waiting ON op (share_key, retry_at_ms) WHERE state = 3;
