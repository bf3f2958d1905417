-- The review waits for nobody's rows: it passes over whoever's contact somebody has locked, or has written since it was read. Where those were
-- is kept, and when the table's end is reached it goes back there, in the same hour, so many times and not more.

SET LOCAL ROLE phased_owner;

ALTER TABLE phased.review
	ADD COLUMN until_block bigint,			-- this way ends there; NULL: at the table's end
	ADD COLUMN ways_back smallint NOT NULL DEFAULT 0,	-- how often it has gone back in this hour
	ADD COLUMN passed_from bigint,			-- on this way, contacts were passed over from this block on; NULL: none
	ADD COLUMN passed_until bigint;			-- up to before this one

-- As before, but that a way back ends where the last one was passed over, and that a new hour does not wait for it: what is due is due then, too.
CREATE OR REPLACE FUNCTION phased.review_due(p_now timestamptz, p_blocks bigint)
RETURNS TABLE (hour timestamptz, last boolean, contact_id uuid, process text, version bigint, model_version bigint, fold bytea,
	shown smallint, since timestamptz)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
	due timestamptz;
	now_hour timestamptz := date_trunc('hour', p_now, 'UTC');
	blocks bigint := pg_relation_size('phased.phase') / current_setting('block_size')::bigint;
	first bigint;
	next bigint;
	until_block bigint;
	ways_back smallint;
	is_new boolean;
	from_tid tid;
	to_tid tid;
BEGIN
	SELECT r.hour, r.block, r.until_block, r.ways_back INTO due, first, until_block, ways_back FROM phased.review r FOR UPDATE SKIP LOCKED;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	is_new := (first IS NULL OR ways_back > 0) AND now_hour > due;
	IF is_new THEN
		due := now_hour;
		first := 0;
	ELSIF first IS NULL THEN
		RETURN;
	ELSE
		blocks := least(blocks, until_block);
	END IF;
	-- Where nothing is due, on to where something is; after a few megabytes it is another turn's.
	FOR attempt IN 1..32 LOOP
		next := first + p_blocks;
		from_tid := format('(%s,0)', first)::tid;
		to_tid := format('(%s,0)', next)::tid;
		EXIT WHEN next >= blocks OR EXISTS (SELECT FROM phased.phase p
			WHERE p.ctid >= from_tid AND p.ctid < to_tid AND p.review_at <= due);
		first := next;
	END LOOP;
	UPDATE phased.review r SET hour = due, block = CASE WHEN next < blocks THEN next END;
	IF is_new THEN
		UPDATE phased.review r SET until_block = NULL, ways_back = 0, passed_from = NULL, passed_until = NULL;
	END IF;
	RETURN QUERY SELECT due, next >= blocks, NULL::uuid, NULL::text, NULL::bigint, NULL::bigint, NULL::bytea, NULL::smallint,
		NULL::timestamptz;
	RETURN QUERY SELECT due, false, p.contact_id, p.process, a.version, p.model_version, p.fold, p.shown, p.since
	FROM phased.phase p
	CROSS JOIN LATERAL (SELECT a.version FROM phased.phase a
		WHERE a.contact_id = p.contact_id AND a.process = 'standard' OFFSET 0) AS a
	WHERE p.ctid >= from_tid AND p.ctid < to_tid AND p.review_at <= due
	ORDER BY p.contact_id, p.process;
END
$$;

COMMENT ON COLUMN phased.review.block IS 'Of table phase, from where on; NULL: all is written, but for those whom it has passed over each time. pii:none';
COMMENT ON COLUMN phased.review.until_block IS 'Where this way through the table ends; NULL: at its end. pii:none';
COMMENT ON COLUMN phased.review.ways_back IS 'How often it has gone back in this hour for contacts that somebody else was at. pii:none';
COMMENT ON COLUMN phased.review.passed_from IS 'From which block on contacts were passed over on this way; NULL: none was. pii:none';
COMMENT ON COLUMN phased.review.passed_until IS 'Before which block these end. pii:none';
