-- Who withdraws profile consent is erased up to then, in the transaction that says so.

SET LOCAL ROLE phased_owner;

-- Deletes touches of actors between moments, both included; whoever does has written the arbiters of all contacts whose they are. Returns how
-- many there were. (One actor after the other, each touch of it looked at once: by the key, and never by a join.)
CREATE FUNCTION phased.touch_erase(p_actors uuid[], p_from timestamptz[], p_until timestamptz[])
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	erased bigint := 0;
	n bigint;
	k record;
BEGIN
	FOR k IN
		SELECT s.actor_id, range_agg(tstzrange(s.from_at, s.until_at, '[]')) AS spans
		FROM unnest(p_actors, p_from, p_until) AS s (actor_id, from_at, until_at) GROUP BY s.actor_id ORDER BY s.actor_id
	LOOP
		DELETE FROM phased.touch t WHERE t.actor_id = k.actor_id AND t.at <@ k.spans;
		GET DIAGNOSTICS n = ROW_COUNT;
		erased := erased + n;
	END LOOP;
	RETURN erased;
END
$$;

REVOKE ALL ON FUNCTION phased.touch_erase(uuid[], timestamptz[], timestamptz[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phased.touch_erase(uuid[], timestamptz[], timestamptz[]) TO phased_writer;

-- A claim and a statement hold when the touch that brought them has gone. When they became known is not known any more then: when they were
-- said, at the latest.
CREATE OR REPLACE VIEW report.claim AS
SELECT c.weak, c.strong, c.at, c.stamped, c.event_id AS event, coalesce(t.received, greatest(c.at, c.stamped)) AS received
FROM phased.claim c
LEFT JOIN phased.touch t ON t.actor_id = c.weak AND t.stamped = c.stamped AND t.event_id = c.event_id;

CREATE OR REPLACE VIEW report.consent AS
SELECT c.actor_id AS person, c.at, c.stamped, c.event_id AS event, c.state, coalesce(t.received, greatest(c.at, c.stamped)) AS received
FROM phased.consent c
LEFT JOIN phased.touch t ON t.actor_id = c.touch_actor AND t.stamped = c.stamped AND t.event_id = c.event_id
WHERE c.purpose = 0;

COMMENT ON COLUMN report.claim.received IS 'When it became known; when it was said, where its event was erased. pii:pseudonym';
COMMENT ON COLUMN report.consent.received IS 'When it became known; when it was said, where its event was erased. pii:pseudonym';
