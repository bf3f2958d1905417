-- Who follows three links of a mail within two seconds does not read it. As with clicks too soon it takes several touches to know, whichever comes
-- first, so it is told where they all are.

SET LOCAL ROLE phased_owner;

-- In what time; 0: never. Whoever changes it decides about clicks to come.
INSERT INTO phased.setting (key, value) VALUES ('machine.all_links_ms', '2000') ON CONFLICT DO NOTHING;

-- The two links followed last, and when the one before them was: what tells, in one pass, how quickly three came.
CREATE TYPE phased.links_seen AS (last text, last_at timestamptz, second text, second_at timestamptz, third timestamptz);

CREATE FUNCTION phased.link_see(p_seen phased.links_seen, p_link text, p_at timestamptz)
RETURNS phased.links_seen
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	IF p_link = '' THEN	-- not known which one
		RETURN p_seen;
	ELSIF p_link = p_seen.last THEN
		p_seen.last_at := p_at;
	ELSE
		IF p_link <> p_seen.second THEN	-- be it the third or a fourth
			p_seen.third := p_seen.second_at;
		END IF;
		p_seen.second := p_seen.last;
		p_seen.second_at := p_seen.last_at;
		p_seen.last := p_link;
		p_seen.last_at := p_at;
	END IF;
	RETURN p_seen;
END
$$;

CREATE AGGREGATE phased.link_recent (text, timestamptz) (SFUNC = phased.link_see, STYPE = phased.links_seen);

-- As before, and of several links: a click is one of a scanner's when clicks on three links of its source and site by the same actor lie within so
-- long of each other, and it between the first and the last of them or as near to the last. Bit 262144.
CREATE OR REPLACE FUNCTION phased.machine_time(p_actors uuid[], p_stamped timestamptz[])
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	soon interval := (SELECT s.value::bigint * interval '1 millisecond' FROM phased.setting s WHERE s.key = 'machine.too_soon_ms');
	around interval := greatest((SELECT s.value::bigint FROM phased.setting s WHERE s.key = 'machine.honeypot_ms'), 0) * interval '1 millisecond';
	quickly interval := greatest((SELECT s.value::bigint FROM phased.setting s WHERE s.key = 'machine.all_links_ms'), 0) * interval '1 millisecond';
	traps text[] := (SELECT string_to_array(s.value, ' ') FROM phased.setting s WHERE s.key = 'machine.honeypots');
	far interval := greatest(soon, around, quickly);		-- a touch says nothing of clicks farther away
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
				OVER both_ways > 0 AS is_trapped,
			(s.action = 203 AND quickly > interval '0'
				AND (phased.link_recent(s.target_host || s.target_path, t.stamped) FILTER (WHERE s.action = 203) OVER so_far).third
					>= t.stamped - quickly) IS TRUE AS is_third, s.source, s.site
		FROM stretches r
		CROSS JOIN LATERAL (SELECT * FROM phased.touch t WHERE t.actor_id = r.actor_id
			AND t.stamped BETWEEN r.first - 2 * far AND r.last + 2 * far OFFSET 0) AS t
		CROSS JOIN LATERAL (SELECT * FROM phased.subject s WHERE s.subject_id = t.subject_id AND s.action IN (200, 201, 203) OFFSET 0) AS s
		WINDOW so_far AS (PARTITION BY r.actor_id, r.first, s.source, s.site ORDER BY t.stamped),
			both_ways AS (PARTITION BY r.actor_id, r.first, s.source, s.site ORDER BY t.stamped
				RANGE BETWEEN around PRECEDING AND around FOLLOWING)
	), marked AS (
		SELECT n.*, count(*) FILTER (WHERE n.is_third) OVER (PARTITION BY n.actor_id, n.first, n.source, n.site ORDER BY n.stamped
			RANGE BETWEEN CURRENT ROW AND quickly FOLLOWING) > 0 AS is_quick
		FROM near n
	), judged AS MATERIALIZED (
		SELECT n.actor_id, n.stamped, n.event_id, n.at, f.found
		FROM marked n
		CROSS JOIN LATERAL (SELECT CASE WHEN n.is_soon THEN 65536 ELSE 0 END | CASE WHEN n.is_trapped THEN 131072 ELSE 0 END
			| CASE WHEN n.is_quick THEN 262144 ELSE 0 END AS found) AS f
		WHERE n.action = 203 AND n.stamped BETWEEN n.first - far AND n.last + far AND f.found <> (n.reasons & 458752)
	), written AS (
		UPDATE phased.touch t SET reasons = t.reasons & ~458752 | j.found
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

REVOKE ALL ON FUNCTION phased.link_see(phased.links_seen, text, timestamptz), phased.link_recent(text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phased.link_see(phased.links_seen, text, timestamptz), phased.link_recent(text, timestamptz) TO phased_writer;

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
	('all_links', 64 | 262144, 'all links of a mail followed, or three of them within two seconds'),
	('honeypot', 128 | 131072, 'a link in a mail followed that nobody can see, or any within half a minute of such a one'),
	('network', 256, 'a network of mail scanners'),
	('open_proxy', 512, 'images of a mail fetched by a proxy, whether or not anybody opened it'),
	('burst', 1024, 'clicks on four or more links of mails within a minute'),
	('monitoring', 2048, 'a watchdog of a site')) AS r (reason, bits, meaning);

-- Who is cleared of all links is so of both. No touch has the new bit yet, so nobody is to be folded anew.
UPDATE phased.phase SET cleared = cleared | 262144 WHERE (cleared & 64) <> 0;

COMMENT ON COLUMN phased.touch.reasons IS
	'Why it is taken for a machine''s, a bit each: what its event says; 65536: too soon after its mail; 131072: around a click that no person makes; 262144: several links within seconds. 0: a person''s. pii:pseudonym';
