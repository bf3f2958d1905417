-- What was known when: touches as they are recorded, whosesoever they are, and the facts that say whose, each with when it became known. For
-- `phasectl at --known-by`. Ids are keyed hashes; a person's own touches are there as long as that person consents.

SET LOCAL ROLE phased_owner;

CREATE VIEW report.recorded AS
SELECT t.actor_id,
	a.kind < 3 AS weak,
	t.at,
	t.received,
	t.event_id AS event,
	t.subject_id,
	t.party,
	t.reasons
FROM phased.actor a
JOIN phased.touch t ON t.actor_id = a.actor_id
WHERE a.kind < 3 OR EXISTS (SELECT FROM phased.stretch s WHERE s.actor_id = a.actor_id);

-- What a model takes subjects for.
CREATE VIEW report.subject_rule AS
SELECT r.subject_id,
	r.model_version AS version,
	r.process,
	r.rule,
	nullif(r.content, '') AS content,
	r.rule_number AS place,
	r.mail_click,
	r.link,
	r.confirm
FROM phased.subject_rule r;

CREATE VIEW report.claim AS
SELECT c.weak, c.strong, c.at, c.stamped, c.event_id AS event, t.received
FROM phased.claim c
JOIN phased.touch t ON t.actor_id = c.weak AND t.stamped = c.stamped AND t.event_id = c.event_id;

CREATE VIEW report.consent AS
SELECT c.actor_id AS person, c.at, c.stamped, c.event_id AS event, c.state, t.received
FROM phased.consent c
JOIN phased.touch t ON t.actor_id = c.touch_actor AND t.stamped = c.stamped AND t.event_id = c.event_id
WHERE c.purpose = 0;

CREATE VIEW report.machine_cleared AS
SELECT p.contact_id, p.cleared
FROM phased.phase p
WHERE p.process = 'standard' AND p.cleared <> 0;

GRANT SELECT ON report.machine_cleared, report.subject_rule, report.recorded, report.claim, report.consent TO phased_reader, phased_seller, phased_privacy;

COMMENT ON VIEW report.recorded IS
	'Touches by whom they are recorded on: browsers and the like, and persons who consent. report.measured has them by contact.';
COMMENT ON COLUMN report.recorded.actor_id IS 'On whom: a keyed hash, no address. pii:pseudonym';
COMMENT ON COLUMN report.recorded.weak IS 'A browser or the like, not a person. pii:none';
COMMENT ON COLUMN report.recorded.at IS 'When it happened. pii:pseudonym';
COMMENT ON COLUMN report.recorded.received IS 'When it became known. pii:pseudonym';
COMMENT ON COLUMN report.recorded.event IS 'Number of its event. pii:pseudonym';
COMMENT ON COLUMN report.recorded.subject_id IS 'What it was about: report.subject, report.subject_rule. pii:none';
COMMENT ON COLUMN report.recorded.party IS 'Who acted: 1 a person, 2 an agent, 3 a bot, 4 a system. pii:pseudonym';
COMMENT ON VIEW report.subject_rule IS 'What models take subjects for: process, rule, content.';
COMMENT ON COLUMN report.subject_rule.subject_id IS 'The subject. pii:none';
COMMENT ON COLUMN report.subject_rule.version IS 'The model''s, as a number. pii:none';
COMMENT ON COLUMN report.subject_rule.process IS 'The process that touches of it belong to. pii:none';
COMMENT ON COLUMN report.subject_rule.rule IS 'The rule that takes it; NULL: none. pii:none';
COMMENT ON COLUMN report.subject_rule.content IS 'The content it is; NULL: none that has a name. pii:none';
COMMENT ON COLUMN report.subject_rule.place IS 'Place of the rule among those of the process. pii:none';
COMMENT ON COLUMN report.subject_rule.mail_click IS 'A click in a mail. pii:none';
COMMENT ON COLUMN report.subject_rule.link IS 'Of a mail click: which link. pii:none';
COMMENT ON COLUMN report.subject_rule.confirm IS 'Of a hard fact: bitmask of the states it names; 1: won or lost. pii:none';
COMMENT ON COLUMN report.recorded.reasons IS 'Why it is taken for a machine''s, a bit each; 0: it is not. pii:none';
COMMENT ON VIEW report.machine_cleared IS 'Contacts of whom somebody has decided that machine reasons are none.';
COMMENT ON COLUMN report.machine_cleared.contact_id IS 'The contact: a keyed hash, no address. pii:pseudonym';
COMMENT ON COLUMN report.machine_cleared.cleared IS 'The reasons, a bit each, as in report.recorded. pii:pseudonym';
COMMENT ON VIEW report.claim IS 'Who was said to be behind which browser, when, and when that became known: by keyed hashes.';
COMMENT ON COLUMN report.claim.weak IS 'The browser or the like. pii:pseudonym';
COMMENT ON COLUMN report.claim.strong IS 'The person. pii:pseudonym';
COMMENT ON COLUMN report.claim.at IS 'Since when. pii:pseudonym';
COMMENT ON COLUMN report.claim.stamped IS 'The sender''s own stamp. pii:pseudonym';
COMMENT ON COLUMN report.claim.event IS 'Number of the event that says so. pii:pseudonym';
COMMENT ON COLUMN report.claim.received IS 'When it became known. pii:pseudonym';
COMMENT ON VIEW report.consent IS 'What persons have said of being profiled, and when that became known: by keyed hashes.';
COMMENT ON COLUMN report.consent.person IS 'The person. pii:pseudonym';
COMMENT ON COLUMN report.consent.at IS 'When it was said. pii:pseudonym';
COMMENT ON COLUMN report.consent.stamped IS 'The sender''s own stamp. pii:pseudonym';
COMMENT ON COLUMN report.consent.event IS 'Number of the event that says so. pii:pseudonym';
COMMENT ON COLUMN report.consent.state IS '1 granted, 2 denied, 3 withdrawn. pii:pseudonym';
COMMENT ON COLUMN report.consent.received IS 'When it became known. pii:pseudonym';
