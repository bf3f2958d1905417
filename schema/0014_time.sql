-- Time alone changes what is shown, at full hours (UTC): phased.phase says what it has done so far, phase_change when, without a touch as
-- its cause. One slice after the other of table phase is looked through once an hour.

SET LOCAL ROLE phased_owner;

ALTER TABLE phased.phase
	ADD COLUMN IF NOT EXISTS quiet boolean NOT NULL DEFAULT false;	-- activity below a quarter, as of what else is shown; of older rows: after the first review
ALTER TYPE phased.state_row ADD ATTRIBUTE quiet boolean;

ALTER TABLE phased.phase_change ALTER COLUMN cause DROP NOT NULL;	-- NULL: time alone

-- How far the review has come; one row. Whoever has it locked works on a slice, and nobody else does meanwhile.
CREATE TABLE IF NOT EXISTS phased.review (
	only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
	hour timestamptz NOT NULL,		-- what time has done by then is written, or being written
	block bigint				-- of table phase, from where on; NULL: all is written
) WITH (fillfactor = 50);
INSERT INTO phased.review (hour) VALUES ('2000-01-01 00:00:00+00') ON CONFLICT DO NOTHING;

-- The next slice: first a row with the hour and whether the table's end is reached, then the rows that are due, with the version of
-- their arbiter. No row: all is done, or somebody else is at it. Moves the review on, so it is for the transaction that writes the slice.
CREATE OR REPLACE FUNCTION phased.review_due(p_now timestamptz, p_blocks bigint)
RETURNS TABLE (hour timestamptz, last boolean, contact_id uuid, process text, version bigint, model_version bigint, fold bytea,
	shown smallint, since timestamptz)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
	due timestamptz;
	blocks bigint := pg_relation_size('phased.phase') / current_setting('block_size')::bigint;
	first bigint;
	next bigint;
	from_tid tid;
	to_tid tid;
BEGIN
	SELECT r.hour, r.block INTO due, first FROM phased.review r FOR UPDATE SKIP LOCKED;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	IF first IS NULL THEN
		IF date_trunc('hour', p_now, 'UTC') <= due THEN
			RETURN;
		END IF;
		due := date_trunc('hour', p_now, 'UTC');
		first := 0;
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

GRANT SELECT, UPDATE ON phased.review TO phased_writer;
GRANT SELECT ON phased.review TO phased_privacy, phased_monitor;
REVOKE ALL ON FUNCTION phased.review_due(timestamptz, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phased.review_due(timestamptz, bigint) TO phased_writer;

-- quiet as the review says, which is what "none" and the band go by, and not as of this second.
CREATE OR REPLACE VIEW report.contact_phase AS
SELECT p.contact_id,
	p.process,
	CASE p.shown WHEN 1 THEN 'none' WHEN 2 THEN 'early' WHEN 3 THEN 'mid' WHEN 4 THEN 'late' ELSE 'unknown' END AS phase,
	s.name AS fine,
	p.since,
	p.early,
	p.mid,
	p.late,
	CASE p.band WHEN 1 THEN 'low' WHEN 2 THEN 'medium' WHEN 3 THEN 'high' END AS confidence,
	a.activity,
	p.quiet,
	p.counted AS touches,
	p.last_at AS last_touch,
	lpad(to_hex(p.model_version), 16, '0') AS model
FROM phased.phase p
LEFT JOIN phased.model_state s
	ON s.model_version = p.model_version AND s.process = p.process AND s.state = p.fine AND p.fine > 0
	AND p.shown >= 2	-- inside a phase that is not shown, a fine one would only mislead
-- Activity halves every 20 days, by whole minutes as in the fold. Long ago and next to nothing are cut off, since the
-- server answers an underflow with an error.
CROSS JOIN LATERAL (SELECT floor(date_part('epoch', now()) / 60) - floor(date_part('epoch', p.last_at) / 60) AS minutes) t
CROSS JOIN LATERAL (SELECT CASE WHEN p.activity > 1e-30
	THEN p.activity * power(0.5::double precision, least(greatest(coalesce(t.minutes, 0), 0) / 28800, 300))
	ELSE 0 END AS activity) a
WHERE p.counted > 0 OR p.confirmed > 0 OR p.shown = 1;	-- none, and nothing counted: closed

CREATE OR REPLACE VIEW report.phase_change AS
SELECT c.contact_id,
	c.process,
	c.at,
	CASE c.from_shown WHEN 1 THEN 'none' WHEN 2 THEN 'early' WHEN 3 THEN 'mid' WHEN 4 THEN 'late' ELSE 'unknown' END AS from_phase,
	CASE c.to_shown WHEN 1 THEN 'none' WHEN 2 THEN 'early' WHEN 3 THEN 'mid' WHEN 4 THEN 'late' ELSE 'unknown' END AS to_phase,
	CASE WHEN c.cause IS NULL THEN 'time' ELSE 'touch' END AS cause,
	c.noticed_at,
	c.late
FROM phased.phase_change c;

GRANT SELECT ON report.phase_change TO phased_reader, phased_seller, phased_privacy;

COMMENT ON COLUMN phased.phase.quiet IS 'pii:pseudonym';
COMMENT ON TABLE phased.review IS 'How far the hourly review of what time alone changes has come.';
COMMENT ON COLUMN phased.review.only_row IS 'pii:none';
COMMENT ON COLUMN phased.review.hour IS 'What time has done by then is written, or being written. pii:none';
COMMENT ON COLUMN phased.review.block IS 'Of table phase, from where on; NULL: all is written. pii:none';
COMMENT ON COLUMN report.contact_phase.early IS
	'Probability of early, of the three main phases; as of the last touch or of the full hour at which time changed something of phase, confidence or quiet. pii:pseudonym';
COMMENT ON COLUMN report.contact_phase.since IS 'Since when this phase is shown: since a touch, or since a full hour, by time alone. pii:pseudonym';
COMMENT ON COLUMN report.contact_phase.quiet IS 'Activity below a quarter, as of the last touch or full hour: about to be forgotten. pii:pseudonym';
COMMENT ON VIEW report.phase_change IS 'When what is shown of a contact changed, and by what: a row a change.';
COMMENT ON COLUMN report.phase_change.contact_id IS 'The contact: a keyed hash, no address. pii:pseudonym';
COMMENT ON COLUMN report.phase_change.process IS 'The kind of purchase. pii:none';
COMMENT ON COLUMN report.phase_change.at IS 'From when on the new phase is shown; by time: a full hour. pii:pseudonym';
COMMENT ON COLUMN report.phase_change.from_phase IS 'What was shown before. pii:pseudonym';
COMMENT ON COLUMN report.phase_change.to_phase IS 'What is shown since: early, mid, late, none, unknown. pii:pseudonym';
COMMENT ON COLUMN report.phase_change.cause IS 'touch, or time: nothing came, and that alone changed it. pii:pseudonym';
COMMENT ON COLUMN report.phase_change.noticed_at IS 'When this row was written. pii:none';
COMMENT ON COLUMN report.phase_change.late IS 'Found by a refold, after later touches were known. pii:none';
