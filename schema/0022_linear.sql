-- One actor with many clicks, and contacts that have to wait, hold nobody up.

SET LOCAL ROLE phased_owner;

-- Judges anew all clicks that the given touches (their actors and stamps) can have changed, which were written just now: those at most so long
-- after one of them. A click is too soon when a mail of its source and site was sent or delivered to the same actor at most so long before it,
-- by their senders' stamps. Bit 65536 of its reasons says so. Contacts of clicks of which this has changed are left to be folded anew. Returns
-- how many clicks that were.
--
-- Given touches that lie close together are one stretch of time, of which each touch is read once: a thousand clicks of one actor within
-- seconds are a thousand rows, not as many pairs.
CREATE OR REPLACE FUNCTION phased.machine_time(p_actors uuid[], p_stamped timestamptz[])
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	span interval := (SELECT s.value::bigint * interval '1 millisecond' FROM phased.setting s WHERE s.key = 'machine.too_soon_ms');
	changed bigint;
BEGIN
	-- One actor's touches are mostly of one contact, whose arbiter the caller has written. Where they are of several, all are locked: of two
	-- that write a mail and a click at once, the second one sees what the first one wrote.
	PERFORM FROM phased.phase p
	WHERE p.process = 'standard' AND p.contact_id IN (SELECT s.contact_id FROM (SELECT DISTINCT a FROM unnest(p_actors) AS a) AS k (actor_id)
		CROSS JOIN LATERAL (SELECT * FROM phased.stretch s WHERE s.actor_id = k.actor_id OFFSET 0) AS s
		WHERE s.from_at > '-infinity' OR s.to_at < 'infinity')
	ORDER BY p.contact_id FOR UPDATE;
	WITH given AS (
		SELECT k.actor_id, k.stamped, (k.stamped <= lag(k.stamped) OVER (PARTITION BY k.actor_id ORDER BY k.stamped) + span) IS TRUE AS is_close
		FROM unnest(p_actors, p_stamped) AS k (actor_id, stamped)
	), numbered AS (
		SELECT g.actor_id, g.stamped, count(*) FILTER (WHERE NOT g.is_close) OVER (PARTITION BY g.actor_id ORDER BY g.stamped) AS n
		FROM given g
	), stretches AS MATERIALIZED (
		SELECT n.actor_id, min(n.stamped) AS first, max(n.stamped) AS last FROM numbered n GROUP BY n.actor_id, n.n
	), near AS (
		SELECT r.first, t.actor_id, t.stamped, t.event_id, t.at, t.reasons, s.action,
			(max(t.stamped) FILTER (WHERE s.action <> 203) OVER (PARTITION BY r.actor_id, r.first, s.source, s.site ORDER BY t.stamped)
				>= t.stamped - span) IS TRUE AS is_soon
		FROM stretches r
		CROSS JOIN LATERAL (SELECT * FROM phased.touch t WHERE t.actor_id = r.actor_id
			AND t.stamped BETWEEN r.first - span AND r.last + span OFFSET 0) AS t
		CROSS JOIN LATERAL (SELECT * FROM phased.subject s WHERE s.subject_id = t.subject_id AND s.action IN (200, 201, 203) OFFSET 0) AS s
	), judged AS MATERIALIZED (
		SELECT n.actor_id, n.stamped, n.event_id, n.at, n.is_soon
		FROM near n
		WHERE n.action = 203 AND n.stamped >= n.first AND n.is_soon <> ((n.reasons & 65536) <> 0)
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

-- As before, but that those whose refold cannot be done now do not count as a full queue: they would stop the takeover until they can.
CREATE OR REPLACE FUNCTION phased.takeover_step(p_contacts bigint, p_queue_max bigint)
RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
	t phased.takeover;
	v bigint;
	seen bigint;
	other bigint;
	last uuid;
BEGIN
	-- An acceptance writes this row: which model is in force does not change while we have it.
	SELECT * INTO t FROM phased.takeover k WHERE k.ended_at IS NULL FOR UPDATE SKIP LOCKED;
	IF NOT FOUND THEN
		RETURN NULL;
	END IF;
	SELECT m.version INTO v FROM phased.model m WHERE m.in_force;
	IF t.is_clear THEN
		WITH gone AS (DELETE FROM phased.subject_rule WHERE ctid = ANY (ARRAY (
				SELECT l.ctid FROM (SELECT r.ctid FROM phased.subject_rule r WHERE r.model_version < v LIMIT p_contacts) l
				UNION ALL
				SELECT g.ctid FROM (SELECT r.ctid FROM phased.subject_rule r WHERE r.model_version > v LIMIT p_contacts) g))
			RETURNING 1)
		SELECT count(*) INTO seen FROM gone;
		IF seen = 0 THEN
			UPDATE phased.takeover SET ended_at = now();
			RETURN NULL;
		END IF;
		RETURN 20;
	END IF;
	IF t.pass > 1 AND t.looked = 0 THEN
		-- Whom the pass before has put into the queue is to be done first; then it is looked again, seldomer each time.
		IF EXISTS (SELECT FROM phased.refold r WHERE r.queued_at <= least(t.pass_at, now())) THEN
			RETURN 200;
		ELSIF t.pass > 2 AND now() < t.pass_at + least(interval '1 s' * 2 ^ least(t.pass - 3, 10), interval '10 min') THEN
			RETURN 1000;
		END IF;
	END IF;
	IF (SELECT count(*) FROM (SELECT FROM phased.refold r WHERE r.queued_at <= now() LIMIT p_queue_max) q) >= p_queue_max THEN
		RETURN 50;
	END IF;
	WITH slice AS MATERIALIZED (
			SELECT p.contact_id, p.model_version <> v AS is_other
			FROM phased.phase p
			WHERE p.contact_id > t.looked_at AND p.process = 'standard'
			ORDER BY p.contact_id LIMIT p_contacts),
		queued AS (
			INSERT INTO phased.refold (contact_id, from_at, anonymous)
			SELECT s.contact_id, '-infinity', coalesce((SELECT a.kind < 3 FROM phased.actor a WHERE a.actor_id = s.contact_id), false)
			FROM slice s WHERE s.is_other ORDER BY s.contact_id
			ON CONFLICT DO NOTHING)
	SELECT count(*), count(*) FILTER (WHERE s.is_other), (array_agg(s.contact_id ORDER BY s.contact_id DESC))[1]
	INTO seen, other, last FROM slice s;
	IF seen = p_contacts THEN
		UPDATE phased.takeover SET looked_at = last, looked = looked + seen, others = others + other;
		RETURN 0;
	ELSIF t.others + other = 0 THEN
		UPDATE phased.takeover SET looked = looked + seen, is_clear = true;
		RETURN 0;
	END IF;
	UPDATE phased.takeover SET pass = pass + 1, pass_at = clock_timestamp(), looked_at = '00000000-0000-0000-0000-000000000000', looked = 0, others = 0;
	RETURN 100;
END
$$;
