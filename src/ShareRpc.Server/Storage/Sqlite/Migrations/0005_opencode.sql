-- What the HTTP API made for opencode, so that a session shared again finds its share, and unsharing it takes back exactly what was made.

CREATE TABLE opencode_share (
  share_key      INTEGER PRIMARY KEY,
  creator_key    INTEGER NOT NULL,
  session_id     TEXT    NOT NULL             -- opencode's own id of the session; no secret
);
CREATE INDEX opencode_share_session ON opencode_share (creator_key, session_id, share_key);

CREATE TABLE opencode_ref (
  share_key      INTEGER NOT NULL,
  ref_key        INTEGER NOT NULL,
  PRIMARY KEY (share_key, ref_key)
) WITHOUT ROWID;

-- The creator refs that stand behind open creation; nobody holds a token of theirs. The newest one counts.
CREATE TABLE open_creator (
  ref_key        INTEGER PRIMARY KEY
);
