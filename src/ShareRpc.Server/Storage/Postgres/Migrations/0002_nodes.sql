-- The nodes that serve this database.
CREATE TABLE node (
  node_key       bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  name           text        NOT NULL,
  lease_ms       int         NOT NULL,         -- it serves no longer than this after a renewal
  renewals       bigint      NOT NULL DEFAULT 0,
  confirmed      pg_snapshot NOT NULL,         -- the node has applied every change of authority that is visible in it
  wake_lag_ms    float8,
  registered_ms  bigint      NOT NULL DEFAULT extract(epoch FROM clock_timestamp()) * 1000,
  renewed_ms     bigint      NOT NULL DEFAULT extract(epoch FROM clock_timestamp()) * 1000,
  ended_ms       bigint                        -- it has left, or another node saw its lease end: it must register again
) WITH (fillfactor = 50);

-- What nodes must learn before the call that changed it is answered. A node reads the rows that its last snapshot does
-- not show: positions from a sequence could become visible in another order.
CREATE TABLE authority_change (
  xid            xid8   NOT NULL DEFAULT pg_current_xact_id(),
  ref_key        bigint NOT NULL,
  kind           text   NOT NULL,
  epoch          bigint NOT NULL,               -- of the ref after it
  changed_ms     bigint NOT NULL DEFAULT extract(epoch FROM clock_timestamp()) * 1000
);
CREATE INDEX authority_change_xid ON authority_change (xid);

CREATE FUNCTION note_ref_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO authority_change (ref_key, epoch, kind) VALUES (NEW.ref_key, NEW.epoch, CASE
    WHEN NEW.revoked_ms IS DISTINCT FROM OLD.revoked_ms THEN 'revoked'
    WHEN NEW.parent_key IS DISTINCT FROM OLD.parent_key OR NEW.retired_ms IS DISTINCT FROM OLD.retired_ms THEN 'adopted'
    WHEN NEW.epoch <> OLD.epoch THEN 'rotated'
    WHEN NEW.suspended_ms IS NOT NULL THEN 'suspended'
    ELSE 'resumed' END);
  PERFORM pg_notify('sharerpc_authority', '');
  RETURN NULL;
END $$;

CREATE TRIGGER ref_changed AFTER UPDATE OF epoch, revoked_ms, suspended_ms, retired_ms, parent_key ON sturdy_ref
  FOR EACH ROW WHEN (
    (OLD.epoch, OLD.revoked_ms, OLD.suspended_ms, OLD.retired_ms, OLD.parent_key)
    IS DISTINCT FROM (NEW.epoch, NEW.revoked_ms, NEW.suspended_ms, NEW.retired_ms, NEW.parent_key))
  EXECUTE FUNCTION note_ref_change();

CREATE FUNCTION note_share_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO authority_change (ref_key, epoch, kind) VALUES (NEW.owner_ref_key, 0, 'deleted');
  PERFORM pg_notify('sharerpc_authority', '');
  RETURN NULL;
END $$;

CREATE TRIGGER share_deleted AFTER UPDATE OF state ON share
  FOR EACH ROW WHEN (NEW.state = 2 AND OLD.state <> 2)
  EXECUTE FUNCTION note_share_deletion();

-- Guesses of passphrases in a minute, by link and by network, on whichever node they are made.
CREATE TABLE guess (
  name           text   PRIMARY KEY,
  minute         bigint NOT NULL,
  count          int    NOT NULL
);

-- Numbers that the database keeps about itself: what the last restore gave to all shares, and when it suspended refs.
CREATE TABLE setting (
  name           text PRIMARY KEY,
  value          bigint NOT NULL
);
