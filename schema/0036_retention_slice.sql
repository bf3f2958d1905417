-- Where a slice finds nothing old, and something old is written before it deletes, that is deleted no more without its contact's lock.

SET LOCAL ROLE phased_owner;

-- As before, but for that.
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

COMMENT ON COLUMN phased.retention.kept_from IS 'The beginning of a month (UTC). What happened before is refused, and deleted: where it was stamped later, with the month of that. pii:none';
