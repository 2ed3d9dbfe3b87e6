-- What a document counts as against document_bytes: the data bytes of its last put and of every append since.

ALTER TABLE doc ADD COLUMN size INTEGER NOT NULL DEFAULT 0;
UPDATE doc SET size = LENGTH(data);
