-- What a contact's phases rest on: the touches that rules take, and hard facts. For `phasectl why`, and for who wants to count
-- them otherwise. And what the model in force says, since only that turns them into phases.

SET LOCAL ROLE phased_owner;

CREATE OR REPLACE VIEW report.evidence AS
SELECT o.contact_id,
	r.process,
	t.at,
	r.rule,
	nullif(r.content, '') AS content,
	t.received,
	t.event_id AS event,
	r.rule_number AS place,
	r.mail_click,
	r.link,
	r.confirm
FROM (
	SELECT s.contact_id, s.actor_id, s.from_at, s.to_at
	FROM phased.stretch s
	UNION ALL
	-- A weak actor of whom nobody claims anything is a contact of its own.
	SELECT a.actor_id, a.actor_id, '-infinity', 'infinity'
	FROM phased.actor a
	WHERE a.kind < 3 AND NOT EXISTS (SELECT FROM phased.stretch s WHERE s.actor_id = a.actor_id)
) o
JOIN phased.touch t ON t.actor_id = o.actor_id AND t.at >= o.from_at AND t.at < o.to_at
JOIN phased.subject_rule r ON r.subject_id = t.subject_id
	AND r.model_version = (SELECT m.version FROM phased.model m WHERE m.in_force)
WHERE t.reasons = 0 AND (r.confirm <> 0 OR (t.party = 1 AND r.rule_number IS NOT NULL));

CREATE OR REPLACE VIEW report.model AS
SELECT lpad(to_hex(m.version), 16, '0') AS model, m.in_force, m.accepted_at, m.text
FROM phased.model m;

GRANT SELECT ON report.evidence TO phased_reader, phased_seller, phased_privacy;

COMMENT ON VIEW report.evidence IS
	'What each contact''s phases rest on: touches that a rule takes (repeats and scanners'' clicks among them), and hard facts.';
COMMENT ON COLUMN report.evidence.contact_id IS 'The contact. pii:pseudonym';
COMMENT ON COLUMN report.evidence.process IS 'The process that the touch belongs to. pii:none';
COMMENT ON COLUMN report.evidence.at IS 'When it happened. pii:pseudonym';
COMMENT ON COLUMN report.evidence.rule IS 'The rule that takes it; NULL: a hard fact. pii:none';
COMMENT ON COLUMN report.evidence.content IS 'The content it was about; NULL: none that has a name. pii:pseudonym';
COMMENT ON COLUMN report.evidence.received IS 'When it became known. pii:pseudonym';
COMMENT ON COLUMN report.evidence.event IS 'Number of its event. pii:pseudonym';
COMMENT ON COLUMN report.evidence.place IS 'Place of the rule among those of the process. pii:none';
COMMENT ON COLUMN report.evidence.mail_click IS 'A click in a mail: many of these at once are a scanner''s. pii:none';
COMMENT ON COLUMN report.evidence.link IS 'Of a mail click: which link. pii:none';
COMMENT ON COLUMN report.evidence.confirm IS 'Of a hard fact: bitmask of the states it names; 1: won or lost. pii:none';
COMMENT ON COLUMN report.model.text IS 'All that it says, in the form its version is the hash of. pii:none';
