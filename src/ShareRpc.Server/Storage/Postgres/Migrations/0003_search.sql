-- Which documents hold which words, made of doc in the background. A word carries the letter of its layer, which says
-- who sees it: so one GIN index is as good as one for each.
CREATE TABLE search_share (
  share_key  bigint PRIMARY KEY,
  indexed    bigint NOT NULL             -- up to this cursor; the largest bigint: erased
);

CREATE TABLE search_entry (
  share_key  bigint   NOT NULL,
  cursor     bigint   NOT NULL,          -- of the document
  kind       text     NOT NULL,
  key        text     NOT NULL,
  words      tsvector NOT NULL,
  PRIMARY KEY (share_key, cursor)
);
-- Statistics would keep words and keys of what is erased.
ALTER TABLE search_entry ALTER COLUMN words SET STATISTICS 0, ALTER COLUMN key SET STATISTICS 0;
CREATE UNIQUE INDEX search_entry_document ON search_entry (share_key, kind, key);
CREATE INDEX search_entry_words ON search_entry USING gin (words) WITH (fastupdate = off);
