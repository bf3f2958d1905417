-- Clicks in mails that come too soon after their mail was sent or delivered are a scanner's. It takes two touches to know, whichever of them comes
-- first, so it is told where both are: here, by the transaction that writes either.

SET LOCAL ROLE phased_owner;

-- How soon is too soon. Whoever changes it decides about clicks to come; those that were judged stay as they are.
INSERT INTO phased.setting (key, value) VALUES ('machine.too_soon_ms', '10000') ON CONFLICT DO NOTHING;

-- Judges anew all clicks near the given touches (their actors and stamps), which were written just now. A click is too soon when a mail of its
-- source and site was sent or delivered to the same actor at most so long before it, by their senders' stamps. Bit 65536 of its reasons says so.
-- Contacts of clicks of which this has changed are left to be folded anew. Returns how many clicks that were.
CREATE FUNCTION phased.machine_time(p_actors uuid[], p_stamped timestamptz[])
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	span interval := (SELECT s.value::bigint * interval '1 millisecond' FROM phased.setting s WHERE s.key = 'machine.too_soon_ms');
	changed bigint;
BEGIN
	-- One actor's touches are mostly of one contact, whose arbiter the caller has written. Where they are of several, all are locked: of two
	-- that write a mail and a click at once, the second one sees what the first one wrote.
	PERFORM FROM phased.phase p
	WHERE p.process = 'standard' AND p.contact_id IN (SELECT s.contact_id FROM unnest(p_actors) AS k (actor_id)
		CROSS JOIN LATERAL (SELECT * FROM phased.stretch s WHERE s.actor_id = k.actor_id OFFSET 0) AS s
		WHERE s.from_at > '-infinity' OR s.to_at < 'infinity')
	ORDER BY p.contact_id FOR UPDATE;
	WITH judged AS MATERIALIZED (
		SELECT DISTINCT t.actor_id, t.stamped, t.event_id, t.at, x.is_soon
		FROM unnest(p_actors, p_stamped) AS k (actor_id, stamped)
		CROSS JOIN LATERAL (SELECT * FROM phased.touch t WHERE t.actor_id = k.actor_id
			AND t.stamped BETWEEN k.stamped - span AND k.stamped + span OFFSET 0) AS t
		CROSS JOIN LATERAL (SELECT * FROM phased.subject s WHERE s.subject_id = t.subject_id AND s.action = 203 OFFSET 0) AS s
		CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM phased.touch d
			CROSS JOIN LATERAL (SELECT FROM phased.subject e WHERE e.subject_id = d.subject_id AND e.action IN (200, 201)
				AND e.source = s.source AND e.site = s.site OFFSET 0) AS e
			WHERE d.actor_id = t.actor_id AND d.stamped BETWEEN t.stamped - span AND t.stamped) AS is_soon OFFSET 0) AS x
		WHERE x.is_soon <> ((t.reasons & 65536) <> 0)
	), written AS (
		UPDATE phased.touch t SET reasons = CASE WHEN j.is_soon THEN t.reasons | 65536 ELSE t.reasons & ~65536 END
		FROM judged j
		WHERE t.actor_id = j.actor_id AND t.stamped = j.stamped AND t.event_id = j.event_id
		RETURNING 1
	), waiting AS (
		INSERT INTO phased.refold AS q (contact_id, from_at, anonymous)
		SELECT w.contact_id, min(j.at), bool_or(w.anonymous)
		FROM judged j
		CROSS JOIN LATERAL (
			SELECT s.contact_id, s.contact_id = s.actor_id AND EXISTS (SELECT FROM phased.actor a
				WHERE a.actor_id = s.actor_id AND a.kind < 3) AS anonymous
			FROM phased.stretch s WHERE s.actor_id = j.actor_id AND j.at >= s.from_at AND j.at < s.to_at
			UNION ALL
			SELECT a.actor_id, true FROM phased.actor a WHERE a.actor_id = j.actor_id AND a.kind < 3
				AND NOT EXISTS (SELECT FROM phased.stretch s WHERE s.actor_id = a.actor_id)) AS w
		GROUP BY w.contact_id
		ON CONFLICT (contact_id) DO UPDATE SET from_at = least(q.from_at, excluded.from_at))
	SELECT count(*) INTO changed FROM written;
	RETURN changed;
END
$$;

REVOKE ALL ON FUNCTION phased.machine_time(uuid[], timestamptz[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phased.machine_time(uuid[], timestamptz[]) TO phased_writer;

CREATE OR REPLACE VIEW report.machine_reason AS
SELECT r.reason, r.bits, r.meaning
FROM (VALUES
	('any', -1, 'whatever the reason'),
	('provider_flag', 1, 'the provider says so'),
	('user_agent', 2, 'a user agent of machines'),
	('no_user_agent', 4, 'no user agent, or a bare one'),
	('webdriver', 8, 'a browser that a program drives'),
	('prefetch', 16, 'fetched before anybody asked for it'),
	('too_soon', 32 | 65536, 'a link in a mail followed too soon after the mail was sent or delivered'),
	('all_links', 64, 'all links of a mail followed'),
	('honeypot', 128, 'a link followed that nobody can see'),
	('network', 256, 'a network of mail scanners'),
	('open_proxy', 512, 'images of a mail fetched by a proxy, whether or not anybody opened it'),
	('burst', 1024, 'clicks on four or more links of mails within a minute'),
	('monitoring', 2048, 'a watchdog of a site')) AS r (reason, bits, meaning);

CREATE OR REPLACE VIEW report.machine_flag AS
SELECT (t.stamped AT TIME ZONE 'UTC')::date AS day,
	s.source, s.site,
	CASE s.channel WHEN 1 THEN 'web' WHEN 2 THEN 'email' WHEN 3 THEN 'chat' WHEN 4 THEN 'crm' ELSE 'offline' END AS channel,
	r.reason,
	t.stamped,
	CASE WHEN (t.reasons & r.bits & 65535) <> 0 THEN 'flag' ELSE 'rule' END AS mechanism
FROM phased.touch t
JOIN phased.subject s ON s.subject_id = t.subject_id
JOIN report.machine_reason r ON (t.reasons & r.bits) <> 0 AND r.bits > 0
WHERE t.reasons <> 0;

CREATE OR REPLACE VIEW report.machine_touch AS
SELECT o.contact_id,
	t.at,
	s.source, s.site,
	CASE s.channel WHEN 1 THEN 'web' WHEN 2 THEN 'email' WHEN 3 THEN 'chat' WHEN 4 THEN 'crm' ELSE 'offline' END AS channel,
	s.action,
	r.reason,
	(t.reasons & ~coalesce(a.cleared, 0)) = 0 AS cleared,
	t.event_id AS event,
	CASE WHEN (t.reasons & r.bits & 65535) <> 0 THEN 'flag' ELSE 'rule' END AS mechanism
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

COMMENT ON COLUMN phased.touch.reasons IS
	'Why it is taken for a machine''s, a bit each: what its event says, and 65536: too soon after its mail. 0: a person''s. pii:pseudonym';
COMMENT ON COLUMN report.machine_flag.mechanism IS 'flag: its event says so; rule: what else there is tells. pii:none';
COMMENT ON COLUMN report.machine_touch.mechanism IS 'flag: its event says so; rule: what else there is tells. pii:none';
