-- Entries that sum up a minute: redemptions and refusals by address, and what was appended.

ALTER TABLE audit ADD COLUMN address TEXT;
ALTER TABLE audit ADD COLUMN code INTEGER;       -- of a refusal
ALTER TABLE audit ADD COLUMN count INTEGER;      -- redemptions, refusals or ops
ALTER TABLE audit ADD COLUMN bytes INTEGER;      -- of the ops' data
