-- Refs that can be suspended, rotated, retired, counted and given a passphrase; quotas; and what an op may be hidden for.

ALTER TABLE sturdy_ref ADD COLUMN suspended_ms INTEGER;
ALTER TABLE sturdy_ref ADD COLUMN retired_ms INTEGER;        -- its own token is dead, its descendants are not
ALTER TABLE sturdy_ref ADD COLUMN passphrase TEXT;           -- Argon2id PHC string of the passphrase digest
ALTER TABLE sturdy_ref ADD COLUMN uses INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sturdy_ref ADD COLUMN used_ms INTEGER;           -- first redemption by token, where a caveat asks
ALTER TABLE sturdy_ref ADD COLUMN last_redeemed_ms INTEGER;

-- Secrets before a rotation, so that their holders are told what became of them.
CREATE TABLE former_secret (
  ref_key  INTEGER NOT NULL,
  epoch    INTEGER NOT NULL,
  tag      BLOB    NOT NULL,
  verifier TEXT    NOT NULL,
  PRIMARY KEY (ref_key, epoch)
) WITHOUT ROWID;

-- Applied ops and their bytes a day, for refs with a quota.
CREATE TABLE quota (
  ref_key  INTEGER NOT NULL,
  day      INTEGER NOT NULL,            -- days since 1970 UTC
  ops      INTEGER NOT NULL,
  bytes    INTEGER NOT NULL,
  PRIMARY KEY (ref_key, day)
) WITHOUT ROWID;

-- What a document is about (ContentClass); 0, unknown, is hidden from every redacted reader.
ALTER TABLE op ADD COLUMN class INTEGER NOT NULL DEFAULT 0;
ALTER TABLE doc ADD COLUMN class INTEGER NOT NULL DEFAULT 0;
