-- How far compaction has looked at a share's ops, and the largest cursor whose data it dropped.

ALTER TABLE share ADD COLUMN scanned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE share ADD COLUMN compacted INTEGER NOT NULL DEFAULT 0;
