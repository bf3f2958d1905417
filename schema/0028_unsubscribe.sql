-- Unsubscribes that look like a scanner's, which somebody has to look at.

SET LOCAL ROLE phased_owner;

-- As long as nobody has said anything later of writing to this person.
CREATE VIEW report.unsubscribe_review AS
SELECT c.actor_id AS person,
	c.at,
	c.source,
	coalesce(b.site, '') AS site,
	array(SELECT r.reason FROM report.machine_reason r WHERE r.bits > 0 AND (t.reasons & r.bits) <> 0 ORDER BY r.bits) AS reasons,
	EXISTS (SELECT FROM phased.stretch s JOIN phased.contact p ON p.contact_id = s.contact_id
		WHERE s.actor_id = c.actor_id AND p.may_write) AS may_write
FROM phased.consent c
LEFT JOIN phased.touch t ON t.actor_id = c.touch_actor AND t.stamped = c.stamped AND t.event_id = c.event_id
LEFT JOIN phased.subject b ON b.subject_id = t.subject_id
WHERE c.purpose = 2 AND NOT EXISTS (SELECT FROM phased.consent n WHERE n.actor_id = c.actor_id AND n.purpose = 1 AND n.at >= c.at);

-- It was a scanner: what there is to look at of this person is dropped, and writing to them goes on. Returns how many unsubscribes that is. (That it was
-- the person is said by an event: phasectl unsubscribe accept.)
CREATE FUNCTION report.unsubscribe_dismiss(p_person uuid)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	dismissed bigint;
BEGIN
	DELETE FROM phased.consent c WHERE c.actor_id = p_person AND c.purpose = 2;
	GET DIAGNOSTICS dismissed = ROW_COUNT;
	IF dismissed > 0 THEN
		PERFORM phased.audit_note('unsubscribe dismiss', '', jsonb_build_object('unsubscribes', dismissed));
	END IF;
	RETURN dismissed;
END
$$;

GRANT SELECT ON report.unsubscribe_review TO phased_seller, phased_privacy;
REVOKE ALL ON FUNCTION report.unsubscribe_dismiss(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION report.unsubscribe_dismiss(uuid) TO phased_seller, phased_privacy;

COMMENT ON COLUMN phased.consent.purpose IS
	'0 profile; 1 contact; 2 contact, said by what looks like a machine: decides nothing, waits for somebody to look at it. pii:none';
COMMENT ON VIEW report.unsubscribe_review IS
	'Unsubscribes by a signed hook that look like a scanner''s, and that nobody has decided on yet. For sellers.';
COMMENT ON COLUMN report.unsubscribe_review.person IS 'Whose: a keyed hash, no address; the contact''s id, where there is one. pii:pseudonym';
COMMENT ON COLUMN report.unsubscribe_review.at IS 'When. pii:pseudonym';
COMMENT ON COLUMN report.unsubscribe_review.source IS 'Who says so. pii:none';
COMMENT ON COLUMN report.unsubscribe_review.site IS 'Of which site. pii:none';
COMMENT ON COLUMN report.unsubscribe_review.reasons IS 'Why it looks like a machine''s: report.machine_reason. pii:pseudonym';
COMMENT ON COLUMN report.unsubscribe_review.may_write IS 'This person consents to being written to, as long as nothing is decided. pii:pseudonym';
