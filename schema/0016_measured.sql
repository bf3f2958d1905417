-- What a model is tried on before it counts: what people were measured doing, and what that was about. `phasectl model diff` matches and folds it
-- under any model; report.evidence is the same as the model in force reads it.

SET LOCAL ROLE phased_owner;

CREATE OR REPLACE VIEW report.measured AS
SELECT o.contact_id,
	t.at,
	t.received,
	t.event_id AS event,
	t.subject_id,
	t.party
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
WHERE t.reasons = 0;

CREATE OR REPLACE VIEW report.evidence AS
SELECT m.contact_id,
	r.process,
	m.at,
	r.rule,
	nullif(r.content, '') AS content,
	m.received,
	m.event,
	r.rule_number AS place,
	r.mail_click,
	r.link,
	r.confirm
FROM report.measured m
JOIN phased.subject_rule r ON r.subject_id = m.subject_id
	AND r.model_version = (SELECT f.version FROM phased.model f WHERE f.in_force)
WHERE r.confirm <> 0 OR (m.party = 1 AND r.rule_number IS NOT NULL);

CREATE OR REPLACE VIEW report.subject AS
SELECT s.subject_id, s.source, s.site, s.channel, s.process, s.action, s.label, s.host, s.path, s.title, s.content_id, s.form_id,
	s.target_host, s.target_path, s.topic, s.engagement, s.properties,
	(SELECT k.value FROM phased.setting k WHERE k.key = 'subject.property_keys') AS property_keys
FROM phased.subject s;

GRANT SELECT ON report.measured, report.subject TO phased_reader, phased_seller, phased_privacy;

COMMENT ON VIEW report.measured IS
	'What people were measured doing, machines left out: whose touch it is, when, and number of what it was about.';
COMMENT ON COLUMN report.measured.contact_id IS 'The contact: a keyed hash, no address. pii:pseudonym';
COMMENT ON COLUMN report.measured.at IS 'When it happened. pii:pseudonym';
COMMENT ON COLUMN report.measured.received IS 'When it became known. pii:pseudonym';
COMMENT ON COLUMN report.measured.event IS 'Number of its event. pii:pseudonym';
COMMENT ON COLUMN report.measured.subject_id IS 'What it was about: report.subject. pii:none';
COMMENT ON COLUMN report.measured.party IS 'Who acted: 1 a person, 2 an agent, 3 a bot, 4 a system. pii:pseudonym';
COMMENT ON VIEW report.subject IS 'What touches were about, all that rules look at: pages, mailings, forms. Shared by everybody who touched it.';
COMMENT ON COLUMN report.subject.subject_id IS 'Its number. pii:none';
COMMENT ON COLUMN report.subject.source IS 'Who says so. pii:none';
COMMENT ON COLUMN report.subject.site IS 'Of which site. pii:none';
COMMENT ON COLUMN report.subject.channel IS 'Number of the channel. pii:none';
COMMENT ON COLUMN report.subject.process IS 'The process that the event names. pii:none';
COMMENT ON COLUMN report.subject.action IS 'Number of the action. pii:none';
COMMENT ON COLUMN report.subject.label IS 'The sender''s own name for it. pii:none';
COMMENT ON COLUMN report.subject.host IS 'Host of the page. pii:none';
COMMENT ON COLUMN report.subject.path IS 'Path of the page. pii:none';
COMMENT ON COLUMN report.subject.title IS 'Title of the page. pii:none';
COMMENT ON COLUMN report.subject.content_id IS 'Id of the content. pii:none';
COMMENT ON COLUMN report.subject.form_id IS 'Id of the form. pii:none';
COMMENT ON COLUMN report.subject.target_host IS 'Host that a link leads to. pii:none';
COMMENT ON COLUMN report.subject.target_path IS 'Path that a link leads to. pii:none';
COMMENT ON COLUMN report.subject.topic IS 'Names of topics, commas between. pii:none';
COMMENT ON COLUMN report.subject.engagement IS '0, 1 from 10 s, 2 from 30 s, 3 from 2 min, 4 from 10 min of attention. pii:none';
COMMENT ON COLUMN report.subject.properties IS 'Values of those of the properties that it has, a line each. pii:none';
COMMENT ON COLUMN report.subject.property_keys IS 'Which properties there are, a line each: the same in every row. pii:none';
