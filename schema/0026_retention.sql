-- Touches end: those of months longer ago than are kept, and of the DEFAULT partition those that happened before. A slice at a time, as if
-- they had never come: whoever had any is folded anew from what is left. A month with nothing left in it is dropped, and comes back no more.

SET LOCAL ROLE phased_owner;

-- One row. Whoever has it locked works on a slice, and nobody else does meanwhile.
CREATE TABLE phased.retention (
	only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
	kept_from timestamptz NOT NULL DEFAULT '-infinity',	-- of touches before this nothing is left, or soon; never moves back
	looked_at timestamptz NOT NULL DEFAULT '-infinity',	-- when all of them had been looked for
	-- On the way through them:
	part text,				-- the partition; NULL: there is no way under way
	after_actor uuid,
	after_stamped timestamptz,
	after_event bigint,
	touches bigint NOT NULL DEFAULT 0,	-- deleted
	months bigint NOT NULL DEFAULT 0	-- dropped
) WITH (fillfactor = 50);
INSERT INTO phased.retention DEFAULT VALUES;

-- The next slice: looks at so many touches in the order of their keys, or drops a month that is empty. `p_begin`: also where all was looked
-- through within the last hour. While so many contacts wait to be folded anew, they come first (0: however many). Whose touches these are is locked and written as
-- by whoever erases a touch; who is found to be another's meanwhile makes it stop with 40001. No lock is waited for long: 55P03, and it is
-- tried again later. No row: somebody else is at it.
CREATE FUNCTION phased.retention_step(p_months integer, p_rows bigint, p_queue_max bigint, p_begin boolean)
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

-- What there is to be deleted: a row a partition that has touches before, or is one of a month before.
CREATE FUNCTION phased.retention_due(p_months integer)
RETURNS TABLE (part text, touches bigint, kept_from timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	before timestamptz := greatest((SELECT r.kept_from FROM phased.retention r),
		date_trunc('month', (now() AT TIME ZONE 'UTC') - make_interval(months => p_months)) AT TIME ZONE 'UTC');
	name text;
	n bigint;
BEGIN
	FOR name IN
		SELECT c.relname FROM pg_class c
		WHERE c.oid IN (SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = 'phased.touch'::regclass)
			AND (c.relname = 'touch_default' OR (c.relname ~ '^touch_[0-9]{4}_[0-9]{2}$'
				AND c.relname < 'touch_' || to_char(before AT TIME ZONE 'UTC', 'YYYY_MM')))
		ORDER BY c.relname
	LOOP
		EXECUTE format('SELECT count(*) FROM phased.%I t WHERE t.at < $1', name) INTO n USING before;
		RETURN QUERY SELECT name, n, before;
	END LOOP;
END
$$;

-- As before, but that a month whose touches are not kept any more is not made again.
CREATE OR REPLACE FUNCTION phased.touch_month(p_month date)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	first date := date_trunc('month', p_month)::date;
	next date := (date_trunc('month', p_month) + interval '1 month')::date;
	name text := 'touch_' || to_char(first, 'YYYY_MM');
BEGIN
	IF first < date '2000-01-01' OR first > date_trunc('month', now() AT TIME ZONE 'UTC') + interval '2 months' THEN
		RETURN false;
	END IF;
	PERFORM pg_advisory_xact_lock(hashtext('phased.touch_month'));
	IF to_regclass('phased.' || name) IS NOT NULL THEN
		RETURN true;
	END IF;
	IF first < (SELECT r.kept_from AT TIME ZONE 'UTC' FROM phased.retention r) THEN
		RETURN false;
	END IF;
	-- What ATTACH takes anyway, but before any row: a batch that has read the DEFAULT partition may still write one of the
	-- rows that move, and each would wait for the other.
	LOCK TABLE phased.touch_default IN ACCESS EXCLUSIVE MODE;
	EXECUTE format('CREATE TABLE phased.%I (LIKE phased.touch INCLUDING ALL)', name);
	EXECUTE format('WITH moved AS (DELETE FROM phased.touch_default WHERE stamped >= %L AND stamped < %L RETURNING *) '
		|| 'INSERT INTO phased.%I SELECT * FROM moved', first::text || ' 00:00:00+00', next::text || ' 00:00:00+00', name);
	EXECUTE format('ALTER TABLE phased.touch ATTACH PARTITION phased.%I FOR VALUES FROM (%L) TO (%L)', name,
		first::text || ' 00:00:00+00', next::text || ' 00:00:00+00');
	RETURN true;
END
$$;

GRANT SELECT ON phased.retention TO phased_writer, phased_privacy, phased_monitor;
REVOKE ALL ON FUNCTION phased.retention_step(integer, bigint, bigint, boolean), phased.retention_due(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phased.retention_step(integer, bigint, bigint, boolean), phased.retention_due(integer) TO phased_writer;

COMMENT ON TABLE phased.retention IS 'From when on touches are kept, and how far those before have been deleted.';
COMMENT ON COLUMN phased.retention.only_row IS 'pii:none';
COMMENT ON COLUMN phased.retention.kept_from IS 'What happened before is refused, and deleted: the beginning of a month (UTC). pii:none';
COMMENT ON COLUMN phased.retention.looked_at IS 'When all of it had last been looked for. pii:none';
COMMENT ON COLUMN phased.retention.part IS 'The partition that is being looked through; NULL: none. pii:none';
COMMENT ON COLUMN phased.retention.after_actor IS 'How far, in the order of keys. pii:pseudonym';
COMMENT ON COLUMN phased.retention.after_stamped IS 'pii:none';
COMMENT ON COLUMN phased.retention.after_event IS 'pii:none';
COMMENT ON COLUMN phased.retention.touches IS 'How many it has deleted this time. pii:none';
COMMENT ON COLUMN phased.retention.months IS 'How many months it has dropped this time. pii:none';
