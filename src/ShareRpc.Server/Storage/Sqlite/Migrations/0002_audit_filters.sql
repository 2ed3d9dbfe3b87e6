-- Each filter of the audit trail has an index in the order of the trail.
CREATE INDEX audit_actor   ON audit (actor_key, position)   WHERE actor_key IS NOT NULL;
CREATE INDEX audit_subject ON audit (subject_key, position) WHERE subject_key IS NOT NULL;
CREATE INDEX audit_address ON audit (address, position)     WHERE address IS NOT NULL;
CREATE INDEX audit_code    ON audit (code, position)        WHERE code IS NOT NULL;
CREATE INDEX audit_action  ON audit (action, position);
CREATE INDEX audit_time    ON audit (time_ms, position);
