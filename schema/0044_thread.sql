-- Conversations, and what touches cost. A touch of a chat has a row of its thread beside it, one that cost something a cost: rows with its key, there as long as it is. A
-- thread is a function of its rows, whatever order they came in, and is worked out again whenever one of them comes or goes.

SET LOCAL ROLE phased_owner;

CREATE TABLE phased.thread_touch (
	actor_id uuid NOT NULL,
	stamped timestamptz NOT NULL,
	event_id bigint NOT NULL,
	at timestamptz NOT NULL,
	source text NOT NULL,
	site text NOT NULL,
	thread text NOT NULL,
	act smallint NOT NULL,		-- enum thread_act: started, message, assigned, closed, rated, reopened
	party smallint NOT NULL,
	rating double precision,	-- 0 to 100
	PRIMARY KEY (actor_id, stamped, event_id)
);
-- A question of thread_fold's, who was first or last at something, is a look at its one end.
CREATE INDEX thread_touch_thread ON phased.thread_touch (source, site, thread, act, at, event_id, actor_id) INCLUDE (party, rating);

CREATE TABLE phased.thread (
	source text NOT NULL,
	site text NOT NULL,
	thread text NOT NULL,
	actor_id uuid NOT NULL,
	started timestamptz NOT NULL,
	asked timestamptz,
	answered timestamptz,
	answered_by smallint,
	agent_answered timestamptz,
	closed timestamptz,
	rating double precision,
	rated timestamptz,
	person_messages integer NOT NULL,
	agent_messages integer NOT NULL,
	bot_messages integer NOT NULL,
	PRIMARY KEY (source, site, thread)
);
CREATE INDEX thread_actor ON phased.thread (actor_id);
CREATE INDEX thread_started ON phased.thread (started);

CREATE TABLE phased.cost (
	actor_id uuid NOT NULL,
	stamped timestamptz NOT NULL,
	event_id bigint NOT NULL,
	at timestamptz NOT NULL,
	subject_id bigint NOT NULL,
	amount double precision NOT NULL,
	currency text NOT NULL,		-- '': not said
	PRIMARY KEY (actor_id, stamped, event_id)
);

CREATE TYPE phased.thread_name AS (source text, site text, thread text);

-- Works threads out anew, of all its touches that are there; one without any goes. Two transactions may have written touches of the same thread: the later one
-- waits here, and its next statement sees what the other has written. Sixty-four locks for all threads, taken in order, so that nobody waits in a
-- circle and a batch of thousands of threads takes no more; rows would not do, since a thread's row comes and goes.
CREATE FUNCTION phased.thread_fold(p_names phased.thread_name[])
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	n record;
BEGIN
	FOR n IN SELECT DISTINCT hashtext(k.source || ' ' || k.site || ' ' || k.thread) & 63 AS lock FROM unnest(p_names) AS k ORDER BY 1
	LOOP
		PERFORM pg_advisory_xact_lock(hashtext('phased.thread'), n.lock);
	END LOOP;
	FOR n IN SELECT DISTINCT k.source, k.site, k.thread FROM unnest(p_names) AS k ORDER BY 1, 2, 3
	LOOP
		INSERT INTO phased.thread AS h (source, site, thread, actor_id, started, asked, answered, answered_by, agent_answered, closed,
			rating, rated, person_messages, agent_messages, bot_messages)
		SELECT n.source, n.site, n.thread, coalesce(q.actor_id, b.actor_id), b.at, q.at, a.at, a.party, g.at,
			CASE WHEN NOT EXISTS (SELECT FROM phased.thread_touch t WHERE t.source = n.source AND t.site = n.site AND t.thread = n.thread AND t.act = 6
					AND (t.at, t.event_id, t.actor_id) > (c.at, c.event_id, c.actor_id))
				AND NOT EXISTS (SELECT FROM phased.thread_touch t WHERE t.source = n.source AND t.site = n.site AND t.thread = n.thread AND t.act = 2
					AND t.party = 1 AND t.at > c.at) THEN c.at END,
			r.rating, r.at, m.person, m.agent, m.bot
		FROM (SELECT f.actor_id, f.at FROM generate_series(1, 6) AS k (act)
			CROSS JOIN LATERAL (SELECT t.actor_id, t.event_id, t.at FROM phased.thread_touch t
				WHERE t.source = n.source AND t.site = n.site AND t.thread = n.thread AND t.act = k.act::smallint
				ORDER BY t.at, t.event_id, t.actor_id LIMIT 1) f
			ORDER BY f.at, f.event_id, f.actor_id LIMIT 1) b
		CROSS JOIN (SELECT count(DISTINCT t.event_id) FILTER (WHERE t.party = 1) AS person,
				count(DISTINCT t.event_id) FILTER (WHERE t.party = 2) AS agent,
				count(DISTINCT t.event_id) FILTER (WHERE t.party = 3) AS bot
			FROM phased.thread_touch t WHERE t.source = n.source AND t.site = n.site AND t.thread = n.thread AND t.act = 2) m
		LEFT JOIN LATERAL (SELECT t.actor_id, t.at FROM phased.thread_touch t
			WHERE t.source = n.source AND t.site = n.site AND t.thread = n.thread AND t.act = 2 AND t.party = 1
			ORDER BY t.at, t.event_id, t.actor_id LIMIT 1) q ON true
		LEFT JOIN LATERAL (SELECT t.at, t.party FROM phased.thread_touch t
			WHERE t.source = n.source AND t.site = n.site AND t.thread = n.thread AND t.act = 2 AND t.party IN (2, 3) AND t.at >= q.at
			ORDER BY t.at, t.event_id, t.actor_id LIMIT 1) a ON true
		LEFT JOIN LATERAL (SELECT t.at FROM phased.thread_touch t
			WHERE t.source = n.source AND t.site = n.site AND t.thread = n.thread AND t.act = 2 AND t.party = 2 AND t.at >= q.at
			ORDER BY t.at, t.event_id, t.actor_id LIMIT 1) g ON true
		LEFT JOIN LATERAL (SELECT t.at, t.event_id, t.actor_id FROM phased.thread_touch t
			WHERE t.source = n.source AND t.site = n.site AND t.thread = n.thread AND t.act = 4
			ORDER BY t.at DESC, t.event_id DESC, t.actor_id DESC LIMIT 1) c ON true
		LEFT JOIN LATERAL (SELECT t.at, t.rating FROM phased.thread_touch t
			WHERE t.source = n.source AND t.site = n.site AND t.thread = n.thread AND t.act = 5 AND t.rating IS NOT NULL
			ORDER BY t.at DESC, t.event_id DESC, t.actor_id DESC LIMIT 1) r ON true
		ON CONFLICT (source, site, thread) DO UPDATE SET actor_id = excluded.actor_id, started = excluded.started, asked = excluded.asked,
			answered = excluded.answered, answered_by = excluded.answered_by, agent_answered = excluded.agent_answered,
			closed = excluded.closed, rating = excluded.rating, rated = excluded.rated, person_messages = excluded.person_messages,
			agent_messages = excluded.agent_messages, bot_messages = excluded.bot_messages;
		IF NOT FOUND THEN
			DELETE FROM phased.thread h WHERE h.source = n.source AND h.site = n.site AND h.thread = n.thread;
		END IF;
	END LOOP;
END
$$;

-- What a batch writes, in the order of its touches: what goes since another copy stands, what comes, what a withdrawal erases.
CREATE FUNCTION phased.thread_write(p_gone_actors uuid[], p_gone_stamped timestamptz[], p_gone_events bigint[],
	p_actors uuid[], p_stamped timestamptz[], p_events bigint[], p_at timestamptz[], p_sources text[], p_sites text[], p_threads text[],
	p_acts smallint[], p_parties smallint[], p_ratings double precision[],
	p_erased uuid[], p_from timestamptz[], p_until timestamptz[])
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	names phased.thread_name[];
	name phased.thread_name;
	of_actor phased.thread_name[];
	k record;
BEGIN
	SELECT coalesce(array_agg(DISTINCT ROW (n.source, n.site, n.thread)::phased.thread_name), '{}') INTO names
	FROM unnest(p_sources, p_sites, p_threads) AS n (source, site, thread);
	FOR k IN SELECT * FROM unnest(p_gone_actors, p_gone_stamped, p_gone_events) AS g (actor_id, stamped, event_id)
	LOOP
		DELETE FROM phased.thread_touch t WHERE t.actor_id = k.actor_id AND t.stamped = k.stamped AND t.event_id = k.event_id
		RETURNING t.source, t.site, t.thread INTO name;
		IF FOUND THEN
			names := names || name;
		END IF;
	END LOOP;
	INSERT INTO phased.thread_touch AS t (actor_id, stamped, event_id, at, source, site, thread, act, party, rating)
	SELECT * FROM unnest(p_actors, p_stamped, p_events, p_at, p_sources, p_sites, p_threads, p_acts, p_parties, p_ratings)
	ON CONFLICT (actor_id, stamped, event_id) DO UPDATE SET at = excluded.at, source = excluded.source, site = excluded.site,
		thread = excluded.thread, act = excluded.act, party = excluded.party, rating = excluded.rating;
	FOR k IN
		SELECT s.actor_id, range_agg(tstzrange(s.from_at, s.until_at, '[]')) AS spans
		FROM unnest(p_erased, p_from, p_until) AS s (actor_id, from_at, until_at) GROUP BY s.actor_id ORDER BY s.actor_id
	LOOP
		WITH gone AS (DELETE FROM phased.thread_touch t WHERE t.actor_id = k.actor_id AND t.at <@ k.spans RETURNING t.source, t.site, t.thread)
		SELECT coalesce(array_agg(DISTINCT ROW (g.source, g.site, g.thread)::phased.thread_name), '{}') INTO of_actor FROM gone g;
		names := names || of_actor;
	END LOOP;
	PERFORM phased.thread_fold(names);
END
$$;

CREATE FUNCTION phased.cost_write(p_gone_actors uuid[], p_gone_stamped timestamptz[], p_gone_events bigint[],
	p_actors uuid[], p_stamped timestamptz[], p_events bigint[], p_at timestamptz[], p_subjects bigint[], p_amounts double precision[],
	p_currencies text[], p_erased uuid[], p_from timestamptz[], p_until timestamptz[])
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	k record;
BEGIN
	FOR k IN SELECT * FROM unnest(p_gone_actors, p_gone_stamped, p_gone_events) AS g (actor_id, stamped, event_id)
	LOOP
		DELETE FROM phased.cost c WHERE c.actor_id = k.actor_id AND c.stamped = k.stamped AND c.event_id = k.event_id;
	END LOOP;
	INSERT INTO phased.cost AS c (actor_id, stamped, event_id, at, subject_id, amount, currency)
	SELECT * FROM unnest(p_actors, p_stamped, p_events, p_at, p_subjects, p_amounts, p_currencies)
	ON CONFLICT (actor_id, stamped, event_id) DO UPDATE SET at = excluded.at, subject_id = excluded.subject_id, amount = excluded.amount,
		currency = excluded.currency;
	FOR k IN SELECT * FROM unnest(p_erased, p_from, p_until) AS s (actor_id, from_at, until_at)
	LOOP
		DELETE FROM phased.cost c WHERE c.actor_id = k.actor_id AND c.at >= k.from_at AND c.at <= k.until_at;
	END LOOP;
END
$$;

-- What stands beside the touches that phased.touch_drop() and phased.touch_erase_said() delete of the same rows; before what was said is deleted, too.
CREATE FUNCTION phased.beside_erase(p_actors uuid[], p_from timestamptz[], p_until timestamptz[])
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	actors uuid[];
	stamped timestamptz[];
	events bigint[];
BEGIN
	SELECT array_agg(c.actor_id), array_agg(c.stamped), array_agg(c.event_id) INTO actors, stamped, events
	FROM unnest(p_actors, p_from, p_until) AS s (actor_id, from_at, until_at)
	CROSS JOIN LATERAL (
		(SELECT c.weak AS actor_id, c.stamped, c.event_id FROM phased.claim c
			WHERE c.strong = s.actor_id AND c.at <= s.until_at OFFSET 0)
		UNION ALL
		(SELECT c.touch_actor, c.stamped, c.event_id FROM phased.consent c
			WHERE c.actor_id = s.actor_id AND c.at <= s.until_at OFFSET 0)) AS c
	WHERE s.from_at = '-infinity';
	PERFORM phased.thread_write(actors, stamped, events, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}',
		p_actors, p_from, p_until);
	PERFORM phased.cost_write(actors, stamped, events, '{}', '{}', '{}', '{}', '{}', '{}', '{}', p_actors, p_from, p_until);
END
$$;

-- As before, but that what stands beside the touches goes with them.
CREATE OR REPLACE FUNCTION phased.retention_step(p_months integer, p_rows bigint, p_queue_max bigint, p_begin boolean)
RETURNS TABLE (again boolean, touches bigint, kept_from timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms' AS $$
#variable_conflict use_column
DECLARE
	t phased.retention;
	before timestamptz;
	last record;
	locked uuid[];
	gone bigint;
	all_locked boolean;
	names phased.thread_name[];
	is_empty boolean;
BEGIN
	IF p_months < 1 OR p_months IS NULL THEN
		RAISE EXCEPTION 'months: expected 1 or more' USING ERRCODE = '22023';
	END IF;
	SELECT * INTO t FROM phased.retention r FOR UPDATE SKIP LOCKED;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	before := greatest(t.kept_from,
		date_trunc('month', (now() AT TIME ZONE 'UTC') - make_interval(months => p_months)) AT TIME ZONE 'UTC');
	IF t.part IS NULL AND NOT p_begin AND before = t.kept_from AND t.looked_at > now() - interval '1 hour' THEN
		RETURN QUERY SELECT false, 0::bigint, before;
		RETURN;
	END IF;
	IF p_queue_max > 0 AND (SELECT count(*) FROM (SELECT FROM phased.refold r WHERE r.queued_at <= now() LIMIT p_queue_max) q) >= p_queue_max THEN
		RETURN QUERY SELECT true, 0::bigint, t.kept_from;
		RETURN;
	END IF;
	IF t.part IS NULL THEN
		t.touches := 0;
		t.months := 0;
	END IF;
	IF t.part IS NULL OR t.after_actor IS NULL THEN	-- the next partition
		SELECT min(c.relname) INTO t.part FROM pg_class c
		WHERE c.oid IN (SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = 'phased.touch'::regclass)
			AND c.relname ~ '^touch_[0-9]{4}_[0-9]{2}$' AND c.relname > coalesce(t.part, '')
			AND c.relname < 'touch_' || to_char(before AT TIME ZONE 'UTC', 'YYYY_MM');
		t.part := coalesce(t.part, 'touch_default');
		t.after_actor := '00000000-0000-0000-0000-000000000000';
		t.after_stamped := '-infinity';
		t.after_event := 0;
	END IF;
	EXECUTE format('SELECT k.actor_id, k.stamped, k.event_id FROM (SELECT k.actor_id, k.stamped, k.event_id FROM phased.%I k '
		|| 'WHERE (k.actor_id, k.stamped, k.event_id) > ($1, $2, $3) ORDER BY k.actor_id, k.stamped, k.event_id LIMIT $4) k '
		|| 'ORDER BY k.actor_id DESC, k.stamped DESC, k.event_id DESC LIMIT 1', t.part)
	INTO last USING t.after_actor, t.after_stamped, t.after_event, p_rows;
	gone := 0;
	IF last.actor_id IS NOT NULL THEN
		EXECUTE format('SELECT array_agg(DISTINCT coalesce(s.contact_id, k.actor_id)) FROM phased.%I k '
			|| 'LEFT JOIN LATERAL (SELECT s.contact_id FROM phased.stretch s WHERE s.actor_id = k.actor_id AND s.from_at <= k.at '
			|| 'AND k.at < s.to_at) s ON true WHERE (k.actor_id, k.stamped, k.event_id) > ($1, $2, $3) '
			|| 'AND (k.actor_id, k.stamped, k.event_id) <= ($4, $5, $6) AND k.at < $7', t.part)
		INTO locked USING t.after_actor, t.after_stamped, t.after_event, last.actor_id, last.stamped, last.event_id, before;
		locked := coalesce(locked, '{}');	-- NULL would pass for whoever has written something old since
		PERFORM FROM phased.phase p WHERE p.contact_id = ANY (locked) AND p.process = 'standard' ORDER BY p.contact_id FOR UPDATE;
		-- Only now, by a statement that sees what was written while the locks were waited for.
		EXECUTE format('WITH gone AS (DELETE FROM phased.%I k WHERE (k.actor_id, k.stamped, k.event_id) > ($1, $2, $3) '
			|| 'AND (k.actor_id, k.stamped, k.event_id) <= ($4, $5, $6) AND k.at < $7 RETURNING k.actor_id, k.at) '
			|| 'SELECT count(*), coalesce(bool_and(coalesce((SELECT s.contact_id FROM phased.stretch s WHERE s.actor_id = g.actor_id '
			|| 'AND s.from_at <= g.at AND g.at < s.to_at), g.actor_id) = ANY ($8)), true) FROM gone g', t.part)
		INTO gone, all_locked
		USING t.after_actor, t.after_stamped, t.after_event, last.actor_id, last.stamped, last.event_id, before, locked;
		IF NOT all_locked THEN
			RAISE EXCEPTION 'written by another' USING ERRCODE = '40001';
		END IF;
		IF gone > 0 THEN
			UPDATE phased.phase p SET version = p.version + 1 WHERE p.contact_id = ANY (locked) AND p.process = 'standard';
			INSERT INTO phased.refold AS q (contact_id, from_at, anonymous)
			SELECT c.id, '-infinity', EXISTS (SELECT FROM phased.actor a WHERE a.actor_id = c.id AND a.kind < 3)
			FROM unnest(locked) AS c (id) ORDER BY c.id
			ON CONFLICT (contact_id) DO UPDATE SET from_at = excluded.from_at;
			-- What stood beside them.
			DELETE FROM phased.cost k WHERE (k.actor_id, k.stamped, k.event_id) > (t.after_actor, t.after_stamped, t.after_event)
				AND (k.actor_id, k.stamped, k.event_id) <= (last.actor_id, last.stamped, last.event_id) AND k.at < before
				AND NOT EXISTS (SELECT FROM phased.touch o
					WHERE o.actor_id = k.actor_id AND o.stamped = k.stamped AND o.event_id = k.event_id OFFSET 0);
			WITH beside AS (
				DELETE FROM phased.thread_touch k WHERE (k.actor_id, k.stamped, k.event_id) > (t.after_actor, t.after_stamped, t.after_event)
					AND (k.actor_id, k.stamped, k.event_id) <= (last.actor_id, last.stamped, last.event_id) AND k.at < before
					AND NOT EXISTS (SELECT FROM phased.touch o
						WHERE o.actor_id = k.actor_id AND o.stamped = k.stamped AND o.event_id = k.event_id OFFSET 0)
				RETURNING k.source, k.site, k.thread)
			SELECT array_agg(DISTINCT ROW (b.source, b.site, b.thread)::phased.thread_name) INTO names FROM beside b;
			PERFORM phased.thread_fold(names);
		END IF;
		t.touches := t.touches + gone;
		t.after_actor := last.actor_id;
		t.after_stamped := last.stamped;
		t.after_event := last.event_id;
	ELSE
		t.after_actor := NULL;
		IF t.part <> 'touch_default' THEN
			-- Not while it is read for long, a backup say: then by the next way.
			BEGIN
				PERFORM pg_advisory_xact_lock(hashtext('phased.touch_month'));
				LOCK TABLE ONLY phased.touch, ONLY phased.touch_default IN ACCESS EXCLUSIVE MODE;
				EXECUTE format('LOCK TABLE phased.%I IN ACCESS EXCLUSIVE MODE', t.part);
				EXECUTE format('SELECT NOT EXISTS (SELECT FROM phased.%I)', t.part) INTO is_empty;
				IF is_empty THEN
					EXECUTE format('DROP TABLE phased.%I', t.part);
					t.months := t.months + 1;
				END IF;
			EXCEPTION WHEN lock_not_available THEN
				NULL;
			END;
		ELSE
			t.part := NULL;
			t.looked_at := now();
		END IF;
	END IF;
	UPDATE phased.retention r SET kept_from = before, looked_at = t.looked_at, part = t.part, after_actor = t.after_actor,
		after_stamped = t.after_stamped, after_event = t.after_event, touches = t.touches, months = t.months;
	IF t.part IS NULL AND t.touches + t.months > 0 THEN
		PERFORM phased.audit_note('retention', to_char(before AT TIME ZONE 'UTC', 'YYYY-MM-DD'),
			jsonb_build_object('touches', t.touches, 'months', t.months));
	END IF;
	RETURN QUERY SELECT t.part IS NOT NULL, gone, before;
END
$$;

REVOKE ALL ON FUNCTION phased.thread_fold(phased.thread_name[]),
	phased.thread_write(uuid[], timestamptz[], bigint[], uuid[], timestamptz[], bigint[], timestamptz[], text[], text[], text[], smallint[],
		smallint[], double precision[], uuid[], timestamptz[], timestamptz[]),
	phased.cost_write(uuid[], timestamptz[], bigint[], uuid[], timestamptz[], bigint[], timestamptz[], bigint[], double precision[], text[],
		uuid[], timestamptz[], timestamptz[]),
	phased.beside_erase(uuid[], timestamptz[], timestamptz[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phased.thread_fold(phased.thread_name[]),
	phased.thread_write(uuid[], timestamptz[], bigint[], uuid[], timestamptz[], bigint[], timestamptz[], text[], text[], text[], smallint[],
		smallint[], double precision[], uuid[], timestamptz[], timestamptz[]),
	phased.cost_write(uuid[], timestamptz[], bigint[], uuid[], timestamptz[], bigint[], timestamptz[], bigint[], double precision[], text[],
		uuid[], timestamptz[], timestamptz[]),
	phased.beside_erase(uuid[], timestamptz[], timestamptz[]) TO phased_writer, phased_privacy;
GRANT SELECT, INSERT, UPDATE, DELETE ON phased.thread_touch, phased.thread, phased.cost TO phased_writer, phased_privacy;

-- Whose a conversation or a cost is: as everywhere, by the stretch of the actor that it was recorded on; a weak actor of whom nobody claims anything is
-- a contact of its own; and of a person who has not consented there is no contact, only that it was.
CREATE VIEW report.thread AS
SELECT o.contact_id, h.source, h.site, h.thread, h.started, h.asked, h.answered,
	CASE h.answered_by WHEN 2 THEN 'agent' WHEN 3 THEN 'bot' END AS answered_by,
	extract(epoch FROM h.answered - h.asked)::double precision AS seconds,
	h.agent_answered,
	extract(epoch FROM h.agent_answered - h.asked)::double precision AS agent_seconds,
	h.closed, h.rating, h.rated, h.person_messages, h.agent_messages, h.bot_messages
FROM (
	SELECT s.contact_id, s.actor_id, s.from_at, s.to_at
	FROM phased.stretch s
	UNION ALL
	SELECT a.actor_id, a.actor_id, '-infinity', 'infinity'
	FROM phased.actor a
	WHERE a.kind < 3 AND NOT EXISTS (SELECT FROM phased.stretch s WHERE s.actor_id = a.actor_id)
) o
JOIN phased.thread h ON h.actor_id = o.actor_id AND coalesce(h.asked, h.started) >= o.from_at AND coalesce(h.asked, h.started) < o.to_at
UNION ALL
SELECT NULL, h.source, h.site, h.thread, h.started, h.asked, h.answered,
	CASE h.answered_by WHEN 2 THEN 'agent' WHEN 3 THEN 'bot' END,
	extract(epoch FROM h.answered - h.asked)::double precision,
	h.agent_answered,
	extract(epoch FROM h.agent_answered - h.asked)::double precision,
	h.closed, h.rating, h.rated, h.person_messages, h.agent_messages, h.bot_messages
FROM phased.thread h
WHERE NOT EXISTS (SELECT FROM phased.stretch s WHERE s.actor_id = h.actor_id AND s.from_at <= coalesce(h.asked, h.started)
		AND s.to_at > coalesce(h.asked, h.started))
	AND NOT EXISTS (SELECT FROM phased.actor a WHERE a.actor_id = h.actor_id AND a.kind < 3
		AND NOT EXISTS (SELECT FROM phased.stretch s WHERE s.actor_id = a.actor_id));

CREATE VIEW report.cost AS
SELECT c.contact_id, s.source, s.site, s.label AS kind, c.currency, count(*) AS touches, round(sum(c.amount::numeric), 2) AS amount,
	min(c.at) AS first_at, max(c.at) AS last_at
FROM (
	SELECT o.contact_id, c.subject_id, c.at, c.amount, c.currency
	FROM (
		SELECT s.contact_id, s.actor_id, s.from_at, s.to_at
		FROM phased.stretch s
		UNION ALL
		SELECT a.actor_id, a.actor_id, '-infinity', 'infinity'
		FROM phased.actor a
		WHERE a.kind < 3 AND NOT EXISTS (SELECT FROM phased.stretch s WHERE s.actor_id = a.actor_id)
	) o
	JOIN phased.cost c ON c.actor_id = o.actor_id AND c.at >= o.from_at AND c.at < o.to_at
	UNION ALL
	SELECT NULL, c.subject_id, c.at, c.amount, c.currency
	FROM phased.cost c
	WHERE NOT EXISTS (SELECT FROM phased.stretch s WHERE s.actor_id = c.actor_id AND s.from_at <= c.at AND s.to_at > c.at)
		AND NOT EXISTS (SELECT FROM phased.actor a WHERE a.actor_id = c.actor_id AND a.kind < 3
			AND NOT EXISTS (SELECT FROM phased.stretch s WHERE s.actor_id = a.actor_id))
) c
JOIN phased.subject s ON s.subject_id = c.subject_id
GROUP BY c.contact_id, s.source, s.site, s.label, c.currency;

GRANT SELECT ON report.thread, report.cost TO phased_reader, phased_seller, phased_privacy;

COMMENT ON TABLE phased.thread_touch IS 'What was done in a conversation: of a touch of a chat, with its key, there as long as it is.';
COMMENT ON COLUMN phased.thread_touch.actor_id IS 'pii:pseudonym';
COMMENT ON COLUMN phased.thread_touch.stamped IS 'pii:pseudonym';
COMMENT ON COLUMN phased.thread_touch.event_id IS 'pii:pseudonym';
COMMENT ON COLUMN phased.thread_touch.at IS 'pii:pseudonym';
COMMENT ON COLUMN phased.thread_touch.source IS 'pii:none';
COMMENT ON COLUMN phased.thread_touch.site IS 'pii:none';
COMMENT ON COLUMN phased.thread_touch.thread IS 'The conversation''s id, as the sender names it; the keyed id of it where that names a person. pii:pseudonym';
COMMENT ON COLUMN phased.thread_touch.act IS '1 started, 2 message, 3 assigned, 4 closed, 5 rated, 6 reopened. pii:pseudonym';
COMMENT ON COLUMN phased.thread_touch.party IS 'Who did it: 1 person, 2 agent, 3 bot, 4 system. pii:none';
COMMENT ON COLUMN phased.thread_touch.rating IS '0 to 100; NULL: none. pii:pseudonym';

COMMENT ON TABLE phased.thread IS 'A conversation in a chat, worked out of its touches.';
COMMENT ON COLUMN phased.thread.source IS 'pii:none';
COMMENT ON COLUMN phased.thread.site IS 'pii:none';
COMMENT ON COLUMN phased.thread.thread IS 'The conversation''s id, as the sender names it; the keyed id of it where that names a person. pii:pseudonym';
COMMENT ON COLUMN phased.thread.actor_id IS 'Who asked first; while nobody has, whose first touch it is. pii:pseudonym';
COMMENT ON COLUMN phased.thread.started IS 'The first touch. pii:pseudonym';
COMMENT ON COLUMN phased.thread.asked IS 'The first message of a person; NULL: none. pii:pseudonym';
COMMENT ON COLUMN phased.thread.answered IS 'The first message of an agent or a bot at or after that; NULL: none. pii:pseudonym';
COMMENT ON COLUMN phased.thread.answered_by IS 'Whose that is: 2 agent, 3 bot. pii:none';
COMMENT ON COLUMN phased.thread.agent_answered IS 'The first message of an agent at or after the first question; NULL: none. pii:pseudonym';
COMMENT ON COLUMN phased.thread.closed IS 'When it was last closed; NULL: it is open, or was opened again, or the person has written since. pii:pseudonym';
COMMENT ON COLUMN phased.thread.rating IS 'The last one, 0 to 100; NULL: none. pii:pseudonym';
COMMENT ON COLUMN phased.thread.rated IS 'When. pii:pseudonym';
COMMENT ON COLUMN phased.thread.person_messages IS 'How many. pii:pseudonym';
COMMENT ON COLUMN phased.thread.agent_messages IS 'How many. pii:pseudonym';
COMMENT ON COLUMN phased.thread.bot_messages IS 'How many. pii:pseudonym';

COMMENT ON TABLE phased.cost IS 'What a touch outside the web cost: with its key, there as long as it is.';
COMMENT ON COLUMN phased.cost.actor_id IS 'pii:pseudonym';
COMMENT ON COLUMN phased.cost.stamped IS 'pii:pseudonym';
COMMENT ON COLUMN phased.cost.event_id IS 'pii:pseudonym';
COMMENT ON COLUMN phased.cost.at IS 'pii:pseudonym';
COMMENT ON COLUMN phased.cost.subject_id IS 'What it was: fair, call, dinner. pii:pseudonym';
COMMENT ON COLUMN phased.cost.amount IS 'In that currency. pii:pseudonym';
COMMENT ON COLUMN phased.cost.currency IS 'Three letters (ISO 4217); empty: not said. pii:none';

COMMENT ON VIEW report.thread IS 'Conversations in chats: how soon a question was answered and by whom, closed, rating.';
COMMENT ON COLUMN report.thread.contact_id IS 'Who asked first; NULL: a person who has not consented. pii:pseudonym';
COMMENT ON COLUMN report.thread.source IS 'pii:none';
COMMENT ON COLUMN report.thread.site IS 'pii:none';
COMMENT ON COLUMN report.thread.thread IS 'The conversation''s id, as the sender names it; the keyed id of it where that names a person. pii:pseudonym';
COMMENT ON COLUMN report.thread.started IS 'The first touch. pii:pseudonym';
COMMENT ON COLUMN report.thread.asked IS 'The first message of a person; NULL: none. pii:pseudonym';
COMMENT ON COLUMN report.thread.answered IS 'The first message of an agent or a bot at or after that; NULL: none. pii:pseudonym';
COMMENT ON COLUMN report.thread.answered_by IS 'Whose that is: agent, bot. pii:none';
COMMENT ON COLUMN report.thread.agent_answered IS 'The first message of an agent at or after the first question; NULL: none. pii:pseudonym';
COMMENT ON COLUMN report.thread.closed IS 'When it was last closed; NULL: it is open, or was opened again, or the person has written since. pii:pseudonym';
COMMENT ON COLUMN report.thread.rating IS 'The last one, 0 to 100; NULL: none. pii:pseudonym';
COMMENT ON COLUMN report.thread.rated IS 'When. pii:pseudonym';
COMMENT ON COLUMN report.thread.person_messages IS 'How many. pii:pseudonym';
COMMENT ON COLUMN report.thread.agent_messages IS 'How many. pii:pseudonym';
COMMENT ON COLUMN report.thread.bot_messages IS 'How many. pii:pseudonym';
COMMENT ON COLUMN report.thread.seconds IS 'From the first question to the first answer; NULL: not asked, or not answered. pii:pseudonym';
COMMENT ON COLUMN report.thread.agent_seconds IS 'From the first question to an agent''s first answer. pii:pseudonym';

COMMENT ON VIEW report.cost IS 'What touches outside the web cost: a row a contact, kind of touch and currency.';
COMMENT ON COLUMN report.cost.contact_id IS 'Whose touches; NULL: of persons who have not consented. pii:pseudonym';
COMMENT ON COLUMN report.cost.source IS 'pii:none';
COMMENT ON COLUMN report.cost.site IS 'pii:none';
COMMENT ON COLUMN report.cost.kind IS 'As it was recorded: fair, call, dinner. pii:pseudonym';
COMMENT ON COLUMN report.cost.currency IS 'Three letters; empty: not said. pii:none';
COMMENT ON COLUMN report.cost.touches IS 'How many of them cost something. pii:pseudonym';
COMMENT ON COLUMN report.cost.amount IS 'Their sum. pii:pseudonym';
COMMENT ON COLUMN report.cost.first_at IS 'pii:pseudonym';
COMMENT ON COLUMN report.cost.last_at IS 'pii:pseudonym';
