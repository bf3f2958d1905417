-- What machines did is kept, flagged and left out. Which reasons are none for a contact a person may decide (`phasectl machine clear`), and
-- take back: its touches then count as if they had never been flagged.

SET LOCAL ROLE phased_owner;

-- Derived from machine_decision, in the contact's arbiter alone, since whoever folds its touches reads and writes that.
ALTER TABLE phased.phase
	ADD COLUMN IF NOT EXISTS cleared integer NOT NULL DEFAULT 0;	-- machine reasons that are none for this contact, a bit each

-- Who decided what of whom, the last decision about each reason.
CREATE TABLE phased.machine_decision (
	contact_id uuid NOT NULL,
	reason text NOT NULL,			-- report.machine_reason
	cleared boolean NOT NULL,		-- false: was taken back
	decided_at timestamptz NOT NULL DEFAULT now(),
	decided_by text NOT NULL,
	comment text NOT NULL,
	PRIMARY KEY (contact_id, reason)
);

CREATE VIEW report.machine_reason AS
SELECT r.reason, r.bits, r.meaning
FROM (VALUES
	('any', -1, 'whatever the reason'),
	('provider_flag', 1, 'the provider says so'),
	('user_agent', 2, 'a user agent of machines'),
	('no_user_agent', 4, 'no user agent, or a bare one'),
	('webdriver', 8, 'a browser that a program drives'),
	('prefetch', 16, 'fetched before anybody asked for it'),
	('too_soon', 32, 'a mail opened, or a link in it followed, too soon after it was delivered'),
	('all_links', 64, 'all links of a mail followed'),
	('honeypot', 128, 'a link followed that nobody can see'),
	('network', 256, 'a network of mail scanners'),
	('open_proxy', 512, 'images of a mail fetched by a proxy, whether or not anybody opened it'),
	('burst', 1024, 'clicks on four or more links of mails within a minute'),
	('monitoring', 2048, 'a watchdog of a site')) AS r (reason, bits, meaning);

-- Clears reasons of a contact (an empty list: any), or takes that back (an empty list: all that was cleared). Returns how many decisions this
-- changed; where it changed any, the contact is folded anew by a daemon. Writes the arbiter, as whoever decides about a contact does.
CREATE FUNCTION report.machine_decide(p_contact uuid, p_reasons text[], p_cleared boolean, p_comment text)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	wanted text[] := p_reasons;
	changed bigint;
BEGIN
	PERFORM FROM phased.phase p WHERE p.contact_id = p_contact AND p.process = 'standard' FOR UPDATE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'nothing is known of this contact' USING ERRCODE = 'PH004';
	END IF;
	IF cardinality(wanted) = 0 THEN
		wanted := CASE WHEN p_cleared THEN ARRAY['any']
			ELSE ARRAY(SELECT d.reason FROM phased.machine_decision d WHERE d.contact_id = p_contact AND d.cleared) END;
	END IF;
	WITH written AS (
		INSERT INTO phased.machine_decision AS d (contact_id, reason, cleared, decided_by, comment)
		SELECT p_contact, r.reason, p_cleared, session_user, p_comment
		FROM report.machine_reason r
		WHERE r.reason = ANY (wanted) AND (p_cleared OR EXISTS (SELECT FROM phased.machine_decision e
			WHERE e.contact_id = p_contact AND e.reason = r.reason))
		ON CONFLICT (contact_id, reason) DO UPDATE SET cleared = excluded.cleared, decided_at = now(),
			decided_by = excluded.decided_by, comment = excluded.comment
		WHERE d.cleared <> excluded.cleared
		RETURNING 1)
	SELECT count(*) INTO changed FROM written;
	IF changed > 0 THEN
		UPDATE phased.phase p SET version = p.version + 1,
			cleared = (SELECT coalesce(bit_or(r.bits), 0) FROM phased.machine_decision d
				JOIN report.machine_reason r ON r.reason = d.reason WHERE d.contact_id = p_contact AND d.cleared)
		WHERE p.contact_id = p_contact AND p.process = 'standard';
		INSERT INTO phased.refold AS q (contact_id, from_at, anonymous)
		SELECT p_contact, '-infinity', EXISTS (SELECT FROM phased.actor a WHERE a.actor_id = p_contact AND a.kind < 3)
		ON CONFLICT (contact_id) DO UPDATE SET from_at = excluded.from_at;
		RAISE LOG 'phased: machine reasons % % for contact % by %', wanted,
			CASE WHEN p_cleared THEN 'cleared' ELSE 'set again' END, p_contact, session_user;
	END IF;
	RETURN changed;
END
$$;

-- ---- What was left out ----

-- Every flagged touch, a row for each of its reasons; whose it is does not matter here.
CREATE VIEW report.machine_flag AS
SELECT (t.stamped AT TIME ZONE 'UTC')::date AS day,
	s.source, s.site,
	CASE s.channel WHEN 1 THEN 'web' WHEN 2 THEN 'email' WHEN 3 THEN 'chat' WHEN 4 THEN 'crm' ELSE 'offline' END AS channel,
	r.reason,
	t.stamped
FROM phased.touch t
JOIN phased.subject s ON s.subject_id = t.subject_id
JOIN report.machine_reason r ON (t.reasons & r.bits) <> 0 AND r.bits > 0
WHERE t.reasons <> 0;

-- The same of contacts.
CREATE VIEW report.machine_touch AS
SELECT o.contact_id,
	t.at,
	s.source, s.site,
	CASE s.channel WHEN 1 THEN 'web' WHEN 2 THEN 'email' WHEN 3 THEN 'chat' WHEN 4 THEN 'crm' ELSE 'offline' END AS channel,
	s.action,
	r.reason,
	(t.reasons & ~coalesce(a.cleared, 0)) = 0 AS cleared,
	t.event_id AS event
FROM (
	SELECT s.contact_id, s.actor_id, s.from_at, s.to_at
	FROM phased.stretch s
	UNION ALL
	SELECT a.actor_id, a.actor_id, '-infinity', 'infinity'
	FROM phased.actor a
	WHERE a.kind < 3 AND NOT EXISTS (SELECT FROM phased.stretch s WHERE s.actor_id = a.actor_id)
) o
JOIN phased.touch t ON t.actor_id = o.actor_id AND t.at >= o.from_at AND t.at < o.to_at AND t.reasons <> 0
JOIN phased.subject s ON s.subject_id = t.subject_id
JOIN report.machine_reason r ON (t.reasons & r.bits) <> 0 AND r.bits > 0
LEFT JOIN phased.phase a ON a.contact_id = o.contact_id AND a.process = 'standard';

-- What people were measured doing, without what machines did; what was cleared of a contact is a person's.
CREATE OR REPLACE VIEW report.measured AS
SELECT o.contact_id,
	t.at,
	t.received,
	t.event_id AS event,
	t.subject_id,
	t.party,
	(coalesce(a.cleared, 0) & 1024) <> 0 AS bursts_cleared
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
LEFT JOIN phased.phase a ON a.contact_id = o.contact_id AND a.process = 'standard'
WHERE (t.reasons & ~coalesce(a.cleared, 0)) = 0;

CREATE OR REPLACE VIEW report.evidence AS
SELECT m.contact_id,
	r.process,
	m.at,
	r.rule,
	nullif(r.content, '') AS content,
	m.received,
	m.event,
	r.rule_number AS place,
	r.mail_click AND NOT m.bursts_cleared AS mail_click,
	r.link,
	r.confirm
FROM report.measured m
JOIN phased.subject_rule r ON r.subject_id = m.subject_id
	AND r.model_version = (SELECT f.version FROM phased.model f WHERE f.in_force)
WHERE r.confirm <> 0 OR (m.party = 1 AND r.rule_number IS NOT NULL);

-- Clicks that the fold leaves out: within some span of at most 60 s there are clicks on four or more links. Of every such span one begins at
-- a click: those first, then all that lie within 60 s after one.
CREATE VIEW report.machine_burst AS
SELECT b.contact_id, b.process, b.at, b.source, b.site, b.rule, b.content, b.cleared, b.event
FROM (
	SELECT n.*, bool_or((SELECT count(DISTINCT l.link) FROM unnest(n.links) AS l (link)) >= 4) OVER (PARTITION BY n.contact_id, n.process
		ORDER BY n.ms RANGE BETWEEN '60 seconds' PRECEDING AND CURRENT ROW) AS in_burst
	FROM (
		SELECT m.contact_id, r.process, m.at, s.source, s.site, r.rule, nullif(r.content, '') AS content, m.event,
			m.bursts_cleared AS cleared, date_trunc('milliseconds', m.at) AS ms,
			array_agg(CASE WHEN r.link = 0 THEN r.rule_number + 1 ELSE r.link END) OVER (PARTITION BY m.contact_id, r.process
				ORDER BY date_trunc('milliseconds', m.at) RANGE BETWEEN CURRENT ROW AND '60 seconds' FOLLOWING) AS links
		FROM report.measured m
		JOIN phased.subject_rule r ON r.subject_id = m.subject_id AND r.mail_click AND r.rule_number IS NOT NULL
			AND r.model_version = (SELECT f.version FROM phased.model f WHERE f.in_force)
		JOIN phased.subject s ON s.subject_id = m.subject_id
		WHERE m.party = 1
	) n
) b
WHERE b.in_burst;

CREATE VIEW report.machine_decision AS
SELECT contact_id, reason, cleared, decided_at, decided_by, comment
FROM phased.machine_decision;

GRANT SELECT ON phased.machine_decision TO phased_privacy;
GRANT SELECT ON report.machine_reason TO phased_reader, phased_seller, phased_privacy, phased_monitor;
GRANT SELECT ON report.machine_flag, report.machine_touch, report.machine_burst TO phased_reader, phased_seller, phased_privacy;
GRANT SELECT ON report.machine_decision TO phased_seller, phased_privacy;
REVOKE ALL ON FUNCTION report.machine_decide(uuid, text[], boolean, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION report.machine_decide(uuid, text[], boolean, text) TO phased_seller, phased_privacy;

COMMENT ON COLUMN phased.phase.cleared IS 'pii:pseudonym';
COMMENT ON TABLE phased.machine_decision IS 'Which machine reasons are none for a contact, as people have decided.';
COMMENT ON COLUMN phased.machine_decision.contact_id IS 'pii:pseudonym';
COMMENT ON COLUMN phased.machine_decision.reason IS 'pii:none';
COMMENT ON COLUMN phased.machine_decision.cleared IS 'pii:none';
COMMENT ON COLUMN phased.machine_decision.decided_at IS 'pii:none';
COMMENT ON COLUMN phased.machine_decision.decided_by IS 'Database role of whoever decided. pii:none';
COMMENT ON COLUMN phased.machine_decision.comment IS 'In their own words. pii:direct';
COMMENT ON VIEW report.machine_reason IS 'Why a touch is taken for a machine''s.';
COMMENT ON COLUMN report.machine_reason.reason IS 'Its name. pii:none';
COMMENT ON COLUMN report.machine_reason.bits IS 'Its bits in phased.touch.reasons. pii:none';
COMMENT ON COLUMN report.machine_reason.meaning IS 'What it means. pii:none';
COMMENT ON VIEW report.machine_flag IS 'Touches that are flagged as a machine''s, a row for each reason.';
COMMENT ON COLUMN report.machine_flag.day IS 'Day of the sender''s stamp, UTC. pii:none';
COMMENT ON COLUMN report.machine_flag.source IS 'Who says so. pii:none';
COMMENT ON COLUMN report.machine_flag.site IS 'Of which site. pii:none';
COMMENT ON COLUMN report.machine_flag.channel IS 'On which channel. pii:none';
COMMENT ON COLUMN report.machine_flag.reason IS 'One of its reasons. pii:none';
COMMENT ON COLUMN report.machine_flag.stamped IS 'The sender''s stamp. pii:none';
COMMENT ON VIEW report.machine_touch IS 'Flagged touches of each contact, a row for each reason.';
COMMENT ON COLUMN report.machine_touch.contact_id IS 'The contact. pii:pseudonym';
COMMENT ON COLUMN report.machine_touch.at IS 'When it happened. pii:pseudonym';
COMMENT ON COLUMN report.machine_touch.source IS 'Who says so. pii:none';
COMMENT ON COLUMN report.machine_touch.site IS 'Of which site. pii:none';
COMMENT ON COLUMN report.machine_touch.channel IS 'On which channel. pii:none';
COMMENT ON COLUMN report.machine_touch.action IS 'Number of the action. pii:none';
COMMENT ON COLUMN report.machine_touch.reason IS 'One of its reasons. pii:none';
COMMENT ON COLUMN report.machine_touch.cleared IS 'It counts all the same: all its reasons are cleared of this contact. pii:pseudonym';
COMMENT ON COLUMN report.machine_touch.event IS 'Number of its event. pii:pseudonym';
COMMENT ON COLUMN report.measured.bursts_cleared IS 'Many clicks in mails at once are this contact''s own. pii:pseudonym';
COMMENT ON VIEW report.machine_burst IS
	'Clicks in mails that no fold counts, since there are four links or more within a minute; clicks of rules that are ignored anyhow among them.';
COMMENT ON COLUMN report.machine_burst.contact_id IS 'The contact. pii:pseudonym';
COMMENT ON COLUMN report.machine_burst.process IS 'The process in which they are so many. pii:none';
COMMENT ON COLUMN report.machine_burst.at IS 'When it happened. pii:pseudonym';
COMMENT ON COLUMN report.machine_burst.source IS 'Who says so. pii:none';
COMMENT ON COLUMN report.machine_burst.site IS 'Of which site. pii:none';
COMMENT ON COLUMN report.machine_burst.rule IS 'The rule that takes it. pii:none';
COMMENT ON COLUMN report.machine_burst.content IS 'The content it was about; NULL: none that has a name. pii:pseudonym';
COMMENT ON COLUMN report.machine_burst.cleared IS 'It counts all the same: bursts are cleared of this contact. pii:pseudonym';
COMMENT ON COLUMN report.machine_burst.event IS 'Number of its event. pii:pseudonym';
COMMENT ON VIEW report.machine_decision IS 'Which machine reasons are none for a contact, as people have decided.';
COMMENT ON COLUMN report.machine_decision.contact_id IS 'The contact. pii:pseudonym';
COMMENT ON COLUMN report.machine_decision.reason IS 'The reason: report.machine_reason. pii:none';
COMMENT ON COLUMN report.machine_decision.cleared IS 'false: was taken back. pii:none';
COMMENT ON COLUMN report.machine_decision.decided_at IS 'When. pii:none';
COMMENT ON COLUMN report.machine_decision.decided_by IS 'Database role of whoever decided. pii:none';
COMMENT ON COLUMN report.machine_decision.comment IS 'In their own words. pii:direct';
