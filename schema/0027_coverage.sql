-- How much consent there is: what events say of being measured, and who consents to more.

SET LOCAL ROLE phased_owner;

-- What the events that are counted said of analytics themselves (their browsers' signals, as configured, with them). Of events counted before this file was
-- applied, and of what could not be read, nothing is known: there these three are less than n.
ALTER TABLE phased.outcome_day
	ADD COLUMN IF NOT EXISTS granted bigint NOT NULL DEFAULT 0,
	ADD COLUMN IF NOT EXISTS denied bigint NOT NULL DEFAULT 0,	-- or withdrawn
	ADD COLUMN IF NOT EXISTS unsaid bigint NOT NULL DEFAULT 0;

-- Events by what they said, and contacts by where and when the statement was made that they consent by: each contact stands in one row a purpose, so that
-- the sums are how many there are.
CREATE VIEW report.consent_coverage AS
SELECT x.day,
	x.site,
	CASE x.channel WHEN 1 THEN 'web' WHEN 2 THEN 'email' WHEN 3 THEN 'chat' WHEN 4 THEN 'crm' WHEN 5 THEN 'offline' END AS channel,
	sum(x.granted)::bigint AS granted,
	sum(x.denied)::bigint AS denied,
	sum(x.unsaid)::bigint AS unknown,
	sum(x.profile)::bigint AS profile_contacts,
	sum(x.contact)::bigint AS contact_contacts
FROM (
	SELECT o.day, o.site, o.channel, o.granted, o.denied, o.unsaid, 0 AS profile, 0 AS contact
	FROM phased.outcome_day o
	WHERE o.outcome <> 'duplicate' AND o.granted + o.denied + o.unsaid <> 0
	UNION ALL
	SELECT k.day, k.site, k.channel, 0, 0, 0, CASE k.purpose WHEN 0 THEN 1 ELSE 0 END, CASE k.purpose WHEN 1 THEN 1 ELSE 0 END
	FROM (
		SELECT DISTINCT ON (p.contact_id, c.purpose) c.purpose, (c.stamped AT TIME ZONE 'UTC')::date AS day, coalesce(b.site, '') AS site,
			coalesce(b.channel, 0) AS channel
		FROM phased.contact p
		JOIN phased.stretch s ON s.contact_id = p.contact_id
		JOIN phased.consent c ON c.actor_id = s.actor_id AND c.state = 1 AND (c.purpose = 0 OR (c.purpose = 1 AND p.may_write))
		LEFT JOIN phased.touch t ON t.actor_id = c.touch_actor AND t.stamped = c.stamped AND t.event_id = c.event_id
		LEFT JOIN phased.subject b ON b.subject_id = t.subject_id
		ORDER BY p.contact_id, c.purpose, c.at DESC, c.event_id DESC
	) k
) x
GROUP BY x.day, x.site, x.channel;

GRANT SELECT ON report.consent_coverage TO phased_reader, phased_seller, phased_privacy, phased_monitor;

COMMENT ON COLUMN phased.outcome_day.granted IS 'Of n, events that say that analytics are granted. pii:none';
COMMENT ON COLUMN phased.outcome_day.denied IS 'Of n, events that say that they are denied or withdrawn, or whose browser does. pii:none';
COMMENT ON COLUMN phased.outcome_day.unsaid IS 'Of n, events that say nothing of it. pii:none';
COMMENT ON VIEW report.consent_coverage IS
	'How much consent there is: a row a day, site and channel. Names nobody; retries count once.';
COMMENT ON COLUMN report.consent_coverage.day IS 'UTC day of the event, or of the statement that a contact consents by, by its sender''s stamp. pii:none';
COMMENT ON COLUMN report.consent_coverage.site IS 'Site or tenant. pii:none';
COMMENT ON COLUMN report.consent_coverage.channel IS 'web, email, chat, crm, offline; NULL: of a statement whose event is no longer kept. pii:none';
COMMENT ON COLUMN report.consent_coverage.granted IS 'Events that said that analytics are granted. pii:none';
COMMENT ON COLUMN report.consent_coverage.denied IS
	'Events that said that they are denied, themselves or by their browser''s signal; none of them was kept. pii:none';
COMMENT ON COLUMN report.consent_coverage.unknown IS 'Events that said nothing of it: kept where the channel''s configuration allows it. pii:none';
COMMENT ON COLUMN report.consent_coverage.profile_contacts IS
	'Contacts who consent to a profile, by a statement of that day, site and channel: the newest one counts, so the sum is how many there are. pii:none';
COMMENT ON COLUMN report.consent_coverage.contact_contacts IS 'The same of those who may be written to. pii:none';
