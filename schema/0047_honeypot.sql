-- Who follows a link that nobody can see follows all others, too: clicks around such a one are a scanner's. As with clicks too soon it takes two
-- touches to know, whichever comes first, so it is told where both are.

SET LOCAL ROLE phased_owner;

-- Hosts and paths of such links, as www.acme.test/nothing-here, with spaces between. Whoever changes them decides about clicks to come.
INSERT INTO phased.setting (key, value) VALUES ('machine.honeypots', ''), ('machine.honeypot_ms', '30000') ON CONFLICT DO NOTHING;

-- As before, and of clicks around one on a honeypot. A click on it is one whose target the setting names, or of which its event says so (128). All
-- clicks of its source and site by the same actor at most so long before or after it, by their senders' stamps, get bit 131072, itself among them.
CREATE OR REPLACE FUNCTION phased.machine_time(p_actors uuid[], p_stamped timestamptz[])
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	soon interval := (SELECT s.value::bigint * interval '1 millisecond' FROM phased.setting s WHERE s.key = 'machine.too_soon_ms');
	around interval := greatest((SELECT s.value::bigint FROM phased.setting s WHERE s.key = 'machine.honeypot_ms'), 0) * interval '1 millisecond';
	traps text[] := (SELECT string_to_array(s.value, ' ') FROM phased.setting s WHERE s.key = 'machine.honeypots');
	far interval := greatest(soon, around);		-- a touch says nothing of clicks farther away
	changed bigint;
BEGIN
	-- One actor's touches are mostly of one contact, whose arbiter the caller has written. Where they are of several, all are locked: of two
	-- that write a mail and a click at once, the second one sees what the first one wrote.
	PERFORM FROM phased.phase p
	WHERE p.process = 'standard' AND p.contact_id IN (SELECT s.contact_id FROM (SELECT DISTINCT a FROM unnest(p_actors) AS a) AS k (actor_id)
		CROSS JOIN LATERAL (SELECT * FROM phased.stretch s WHERE s.actor_id = k.actor_id OFFSET 0) AS s
		WHERE s.from_at > '-infinity' OR s.to_at < 'infinity')
	ORDER BY p.contact_id FOR UPDATE;
	-- Stretches lie so far apart that no click is near two of them.
	WITH given AS (
		SELECT k.actor_id, k.stamped, (k.stamped <= lag(k.stamped) OVER (PARTITION BY k.actor_id ORDER BY k.stamped) + 2 * far) IS TRUE AS is_close
		FROM unnest(p_actors, p_stamped) AS k (actor_id, stamped)
	), numbered AS (
		SELECT g.actor_id, g.stamped, count(*) FILTER (WHERE NOT g.is_close) OVER (PARTITION BY g.actor_id ORDER BY g.stamped) AS n
		FROM given g
	), stretches AS MATERIALIZED (
		SELECT n.actor_id, min(n.stamped) AS first, max(n.stamped) AS last FROM numbered n GROUP BY n.actor_id, n.n
	), near AS (
		SELECT r.first, r.last, t.actor_id, t.stamped, t.event_id, t.at, t.reasons, s.action,
			(max(t.stamped) FILTER (WHERE s.action <> 203) OVER so_far >= t.stamped - soon) IS TRUE AS is_soon,
			count(*) FILTER (WHERE s.action = 203 AND ((t.reasons & 128) <> 0 OR s.target_host || s.target_path = ANY (traps)))
				OVER both_ways > 0 AS is_trapped
		FROM stretches r
		CROSS JOIN LATERAL (SELECT * FROM phased.touch t WHERE t.actor_id = r.actor_id
			AND t.stamped BETWEEN r.first - 2 * far AND r.last + 2 * far OFFSET 0) AS t
		CROSS JOIN LATERAL (SELECT * FROM phased.subject s WHERE s.subject_id = t.subject_id AND s.action IN (200, 201, 203) OFFSET 0) AS s
		WINDOW so_far AS (PARTITION BY r.actor_id, r.first, s.source, s.site ORDER BY t.stamped),
			both_ways AS (PARTITION BY r.actor_id, r.first, s.source, s.site ORDER BY t.stamped
				RANGE BETWEEN around PRECEDING AND around FOLLOWING)
	), judged AS MATERIALIZED (
		SELECT n.actor_id, n.stamped, n.event_id, n.at, f.found
		FROM near n
		CROSS JOIN LATERAL (SELECT CASE WHEN n.is_soon THEN 65536 ELSE 0 END | CASE WHEN n.is_trapped THEN 131072 ELSE 0 END AS found) AS f
		WHERE n.action = 203 AND n.stamped BETWEEN n.first - far AND n.last + far AND f.found <> (n.reasons & 196608)
	), written AS (
		UPDATE phased.touch t SET reasons = t.reasons & ~196608 | j.found
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
	('honeypot', 128 | 131072, 'a link in a mail followed that nobody can see, or any within half a minute of such a one'),
	('network', 256, 'a network of mail scanners'),
	('open_proxy', 512, 'images of a mail fetched by a proxy, whether or not anybody opened it'),
	('burst', 1024, 'clicks on four or more links of mails within a minute'),
	('monitoring', 2048, 'a watchdog of a site')) AS r (reason, bits, meaning);

-- Who is cleared of honeypots is so of both. No touch has the new bit yet, so nobody is to be folded anew.
UPDATE phased.phase SET cleared = cleared | 131072 WHERE (cleared & 128) <> 0;

COMMENT ON COLUMN phased.touch.reasons IS
	'Why it is taken for a machine''s, a bit each: what its event says; 65536: too soon after its mail; 131072: around a click that no person makes. 0: a person''s. pii:pseudonym';
