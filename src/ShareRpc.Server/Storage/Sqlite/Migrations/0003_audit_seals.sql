-- The audit trail as a chain: each segment's digest covers the one before it and the entries first to last.
CREATE TABLE audit_seal (
  last           INTEGER PRIMARY KEY,
  first          INTEGER NOT NULL,
  newest_ms      INTEGER NOT NULL,            -- the latest time of its entries
  digest         BLOB    NOT NULL             -- SHA-256, and its HMAC
);

-- The segment up to which retention has removed the trail; one row, or none.
CREATE TABLE audit_anchor (
  last           INTEGER PRIMARY KEY,
  digest         BLOB    NOT NULL
);
