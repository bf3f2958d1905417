-- An unsubscribe waits for somebody to decide about a person: whoever is one with the identifier that it was said of, by whatever they are asked for.

SET LOCAL ROLE phased_owner;

-- As long as nobody has said anything later of writing to this person: of the identifier itself, or of one that it was one with already
-- (core/flow/screen_kin.c). A person's identifiers are a tree (phased.kin), so there is one way to each.
CREATE OR REPLACE VIEW report.unsubscribe_review AS
SELECT p.id AS person,
	c.at,
	c.source,
	coalesce(b.site, '') AS site,
	array(SELECT r.reason FROM report.machine_reason r WHERE r.bits > 0 AND (t.reasons & r.bits) <> 0 ORDER BY r.bits) AS reasons,
	EXISTS (SELECT FROM phased.contact o WHERE o.contact_id = p.id AND o.may_write) AS may_write,
	c.actor_id,
	array(SELECT c.actor_id UNION SELECT k.actor_id FROM phased.kin k WHERE k.contact_id = p.id) AS actors
FROM phased.consent c
CROSS JOIN LATERAL (SELECT coalesce((SELECT k.contact_id FROM phased.kin k WHERE k.actor_id = c.actor_id), c.actor_id) AS id) p
LEFT JOIN phased.touch t ON t.actor_id = c.touch_actor AND t.stamped = c.stamped AND t.event_id = c.event_id
LEFT JOIN phased.subject b ON b.subject_id = t.subject_id
WHERE c.purpose = 2 AND NOT EXISTS (
	WITH RECURSIVE way (actor_id, came_from, since) AS (
		SELECT c.actor_id, NULL::uuid, '-infinity'::timestamptz
		UNION ALL
		SELECT n.actor_id, w.actor_id, greatest(w.since, n.at)
		FROM way w
		CROSS JOIN LATERAL (
			SELECT k.via AS actor_id, k.at FROM phased.kin k WHERE k.actor_id = w.actor_id AND k.via <> k.actor_id
			UNION ALL
			SELECT k.actor_id, k.at FROM phased.kin k WHERE k.contact_id = p.id AND k.via = w.actor_id AND k.actor_id <> k.via) n
		WHERE n.actor_id IS DISTINCT FROM w.came_from)
	SELECT FROM way w JOIN phased.consent n ON n.actor_id = w.actor_id AND n.purpose = 1 AND n.at >= c.at AND n.at > w.since);

-- As before, of all of a person's identifiers, whichever of them is given.
CREATE OR REPLACE FUNCTION report.unsubscribe_dismiss(p_person uuid)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	dismissed bigint;
BEGIN
	DELETE FROM phased.consent c
	WHERE c.purpose = 2 AND c.actor_id IN (SELECT p_person
		UNION SELECT m.actor_id FROM phased.kin k JOIN phased.kin m ON m.contact_id = k.contact_id WHERE k.actor_id = p_person);
	GET DIAGNOSTICS dismissed = ROW_COUNT;
	IF dismissed > 0 THEN
		PERFORM phased.audit_note('unsubscribe dismiss', '', jsonb_build_object('unsubscribes', dismissed));
	END IF;
	RETURN dismissed;
END
$$;

COMMENT ON COLUMN report.unsubscribe_review.actor_id IS 'Of which of the person''s identifiers it was said. pii:pseudonym';
COMMENT ON COLUMN report.unsubscribe_review.actors IS 'All that the person goes by. pii:pseudonym';
