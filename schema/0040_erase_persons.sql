-- Who stays of a person of whom some are erased is written anew: who is one with whom, what is shown, whose touches are whose.

SET LOCAL ROLE phased_owner;

-- Deletes the touches by whose events actors that are erased whole (from -infinity) were claimed, or stated something, up to a moment.
-- Whoever does has written the arbiters of all contacts whose they are. Returns how many there were. (One after the other, by its key.)
CREATE FUNCTION phased.touch_erase_said(p_actors uuid[], p_from timestamptz[], p_until timestamptz[])
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	erased bigint := 0;
	n bigint;
	k record;
BEGIN
	FOR k IN
		SELECT c.actor_id, c.stamped, c.event_id
		FROM unnest(p_actors, p_from, p_until) AS s (actor_id, from_at, until_at)
		CROSS JOIN LATERAL (
			(SELECT c.weak AS actor_id, c.stamped, c.event_id FROM phased.claim c
				WHERE c.strong = s.actor_id AND c.at <= s.until_at OFFSET 0)
			UNION ALL
			(SELECT c.touch_actor, c.stamped, c.event_id FROM phased.consent c
				WHERE c.actor_id = s.actor_id AND c.at <= s.until_at OFFSET 0)) AS c
		WHERE s.from_at = '-infinity'
	LOOP
		DELETE FROM phased.touch t WHERE t.actor_id = k.actor_id AND t.stamped = k.stamped AND t.event_id = k.event_id;
		GET DIAGNOSTICS n = ROW_COUNT;
		erased := erased + n;
	END LOOP;
	RETURN erased;
END
$$;

REVOKE ALL ON FUNCTION phased.touch_erase_said(uuid[], timestamptz[], timestamptz[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phased.touch_erase_said(uuid[], timestamptz[], timestamptz[]) TO phased_writer, phased_privacy;
GRANT EXECUTE ON FUNCTION phased.touch_erase(uuid[], timestamptz[], timestamptz[]),
	phased.asserting(uuid[], uuid[], timestamptz[]),
	phased.kindred(uuid[], uuid[], uuid[], timestamptz[]),
	phased.account_of(text, text) TO phased_privacy;
GRANT INSERT ON phased.assertion, phased.kin TO phased_privacy;
GRANT INSERT, UPDATE ON phased.contact TO phased_privacy;
GRANT UPDATE ON phased.actor TO phased_privacy;
