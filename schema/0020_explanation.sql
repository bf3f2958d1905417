-- Why people are where they are, and how that was day by day: what SQL cannot compute. Written by a chore of the daemons for contacts that have
-- changed since; `as_of` says how old it is.

SET LOCAL ROLE phased_owner;

-- What carries the phase that is reported, in logit: start_logit + effects = logit.
CREATE TABLE phased.explanation (
	contact_id uuid NOT NULL,
	process text NOT NULL,
	version bigint NOT NULL,		-- of the contact's arbiter that it was made from: another one there, and it is of before
	model_version bigint NOT NULL,
	as_of timestamptz NOT NULL,
	phase smallint,				-- 0 early, 1 mid, 2 late; NULL: nothing to explain (nothing has counted, or too much)
	start_logit double precision,
	logit double precision,
	earlier integer NOT NULL,		-- touches that count and are part of the start
	-- A line each: touches of one rule and UTC day.
	days date[] NOT NULL,
	rules text[] NOT NULL,
	contents text[] NOT NULL,
	touches integer[] NOT NULL,
	effects double precision[] NOT NULL,
	PRIMARY KEY (contact_id, process)
) WITH (fillfactor = 70);

-- The smoothed history: each day as of its 24:00 UTC, by all that is known now. In thousandths; NULL: the process was closed.
CREATE TABLE phased.history (
	contact_id uuid NOT NULL,
	process text NOT NULL,
	model_version bigint NOT NULL,
	as_of timestamptz NOT NULL,
	first_day date NOT NULL,
	early smallint[] NOT NULL,
	mid smallint[] NOT NULL,
	late smallint[] NOT NULL,
	PRIMARY KEY (contact_id, process)
) WITH (fillfactor = 70);

-- How far the chore has come; one row. Whoever has it locked works on a slice, and nobody else does meanwhile.
CREATE TABLE phased.explain (
	only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
	after_id uuid,				-- contacts up to this one are done; NULL: all are
	seen bigint NOT NULL			-- writes of table phase when this way through it began; -1: not all could be done
) WITH (fillfactor = 50);
INSERT INTO phased.explain (seen) VALUES (-1);

-- The next slice of contacts whose explanation is of before: first a row with the last contact that this slice does, and whether the
-- table's end is reached; then the contacts with each process that they are in (NULL: in none any more). No row: nothing has changed, or
-- somebody else is at it. Contacts of another model are passed over: who folds them anew comes first.
CREATE FUNCTION phased.explain_due(p_model bigint, p_look bigint, p_contacts bigint)
RETURNS TABLE (contact_id uuid, last boolean, version bigint, process text, fold bytea)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
	from_id uuid;
	to_id uuid;
	seen_before bigint;
	-- As far as the statistics know: whoever commits is counted a moment later, and then there is one more way through.
	writes bigint := pg_stat_get_tuples_inserted('phased.phase'::regclass) + pg_stat_get_tuples_updated('phased.phase'::regclass);
	found_count bigint;
	ids uuid[];
BEGIN
	SELECT e.after_id, e.seen INTO from_id, seen_before FROM phased.explain e FOR UPDATE SKIP LOCKED;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	IF from_id IS NULL THEN
		IF seen_before = writes AND current_setting('track_counts')::boolean THEN
			RETURN;
		END IF;
		from_id := '00000000-0000-0000-0000-000000000000';
		UPDATE phased.explain e SET after_id = from_id, seen = writes;
	END IF;
	-- As many are looked at as it takes to find so many, or p_look.
	SELECT array_agg(d.contact_id ORDER BY d.contact_id), count(*) INTO ids, found_count
	FROM (SELECT l.contact_id FROM (
			SELECT a.contact_id, a.version FROM phased.phase a
			WHERE a.contact_id > from_id AND a.process = 'standard'
			ORDER BY a.contact_id LIMIT p_look
		) l
		WHERE EXISTS (SELECT FROM phased.phase p
				WHERE p.contact_id = l.contact_id AND p.model_version = p_model
					AND (p.counted > 0 OR p.confirmed > 0 OR p.shown = 1)
					AND NOT EXISTS (SELECT FROM phased.explanation e
						WHERE e.contact_id = p.contact_id AND e.process = p.process AND e.version = l.version
							AND e.model_version = p_model))
			OR EXISTS (SELECT FROM phased.explanation e
				WHERE e.contact_id = l.contact_id AND NOT EXISTS (SELECT FROM phased.phase p
					WHERE p.contact_id = e.contact_id AND p.process = e.process
						AND (p.counted > 0 OR p.confirmed > 0 OR p.shown = 1)))
		ORDER BY l.contact_id LIMIT p_contacts
	) d;
	IF found_count = p_contacts THEN	-- there may be more behind the last of them
		to_id := ids[found_count];
	ELSE
		SELECT a.contact_id INTO to_id FROM phased.phase a
		WHERE a.contact_id > from_id AND a.process = 'standard'
		ORDER BY a.contact_id OFFSET p_look - 1 LIMIT 1;	-- NULL: there are fewer, this is the end
	END IF;
	RETURN QUERY SELECT coalesce(to_id, from_id), to_id IS NULL, NULL::bigint, NULL::text, NULL::bytea;
	RETURN QUERY SELECT k.contact_id, false, a.version, p.process, p.fold
	FROM unnest(ids) AS k (contact_id)
	CROSS JOIN LATERAL (SELECT a.version FROM phased.phase a
		WHERE a.contact_id = k.contact_id AND a.process = 'standard' OFFSET 0) AS a
	LEFT JOIN LATERAL (SELECT p.process, p.fold FROM phased.phase p
		WHERE p.contact_id = k.contact_id AND (p.counted > 0 OR p.confirmed > 0 OR p.shown = 1) OFFSET 0) AS p ON true;
END
$$;

-- The slice is written. `p_missed`: some of it was not, and there must be another way through the table.
CREATE FUNCTION phased.explain_done(p_after uuid, p_last boolean, p_missed boolean) RETURNS void
LANGUAGE sql AS $$
	UPDATE phased.explain SET after_id = CASE WHEN NOT p_last THEN p_after END, seen = CASE WHEN p_missed THEN -1 ELSE seen END
$$;

CREATE VIEW report.why AS
SELECT e.contact_id,
	e.process,
	CASE e.phase WHEN 0 THEN 'early' WHEN 1 THEN 'mid' WHEN 2 THEN 'late' END AS phase,
	l.line::integer AS line,
	l.day,
	l.rule,
	l.content,
	l.touches,
	l.effect,
	e.as_of,
	lpad(to_hex(e.model_version), 16, '0') AS model
FROM phased.explanation e
CROSS JOIN LATERAL (
	SELECT 0::bigint AS line, NULL::date AS day, 'start' AS rule, NULL::text AS content, e.earlier AS touches, e.start_logit AS effect
	UNION ALL
	SELECT n.line, n.day, n.rule, n.content, n.touches, n.effect
	FROM unnest(e.days, e.rules, e.contents, e.touches, e.effects) WITH ORDINALITY AS n (day, rule, content, touches, effect, line)
	UNION ALL
	SELECT cardinality(e.days) + 1, NULL, 'sum', NULL, NULL, e.logit
) l
WHERE e.phase IS NOT NULL;

CREATE VIEW report.history AS
SELECT h.contact_id,
	h.process,
	h.first_day + (d.n - 1)::integer AS day,
	CASE WHEN d.early IS NULL THEN 'none' WHEN d.early >= d.mid AND d.early >= d.late THEN 'early' WHEN d.mid >= d.late THEN 'mid'
		ELSE 'late' END AS phase,
	d.early / 1000.0::double precision AS early,
	d.mid / 1000.0::double precision AS mid,
	d.late / 1000.0::double precision AS late,
	h.as_of,
	lpad(to_hex(h.model_version), 16, '0') AS model
FROM phased.history h
CROSS JOIN LATERAL unnest(h.early, h.mid, h.late) WITH ORDINALITY AS d (early, mid, late, n);

GRANT SELECT, INSERT, UPDATE, DELETE ON phased.explanation, phased.history TO phased_writer;
GRANT SELECT, UPDATE ON phased.explain TO phased_writer;
GRANT SELECT ON phased.explanation, phased.history TO phased_privacy;
GRANT SELECT ON phased.explain TO phased_privacy, phased_monitor;
REVOKE ALL ON FUNCTION phased.explain_due(bigint, bigint, bigint), phased.explain_done(uuid, boolean, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phased.explain_due(bigint, bigint, bigint), phased.explain_done(uuid, boolean, boolean) TO phased_writer;
GRANT SELECT ON report.why, report.history TO phased_reader, phased_seller, phased_privacy;

COMMENT ON TABLE phased.explanation IS 'What carries each contact''s phase, adding up: written some time after it has changed.';
COMMENT ON COLUMN phased.explanation.contact_id IS 'pii:pseudonym';
COMMENT ON COLUMN phased.explanation.process IS 'pii:none';
COMMENT ON COLUMN phased.explanation.version IS 'pii:none';
COMMENT ON COLUMN phased.explanation.model_version IS 'pii:none';
COMMENT ON COLUMN phased.explanation.as_of IS 'pii:pseudonym';
COMMENT ON COLUMN phased.explanation.phase IS 'pii:pseudonym';
COMMENT ON COLUMN phased.explanation.start_logit IS 'pii:pseudonym';
COMMENT ON COLUMN phased.explanation.logit IS 'pii:pseudonym';
COMMENT ON COLUMN phased.explanation.earlier IS 'pii:pseudonym';
COMMENT ON COLUMN phased.explanation.days IS 'pii:pseudonym';
COMMENT ON COLUMN phased.explanation.rules IS 'pii:pseudonym';
COMMENT ON COLUMN phased.explanation.contents IS 'pii:pseudonym';
COMMENT ON COLUMN phased.explanation.touches IS 'pii:pseudonym';
COMMENT ON COLUMN phased.explanation.effects IS 'pii:pseudonym';
COMMENT ON TABLE phased.history IS 'Each contact''s phase day by day, by all that is known now: written some time after it has changed.';
COMMENT ON COLUMN phased.history.contact_id IS 'pii:pseudonym';
COMMENT ON COLUMN phased.history.process IS 'pii:none';
COMMENT ON COLUMN phased.history.model_version IS 'pii:none';
COMMENT ON COLUMN phased.history.as_of IS 'pii:pseudonym';
COMMENT ON COLUMN phased.history.first_day IS 'pii:pseudonym';
COMMENT ON COLUMN phased.history.early IS 'pii:pseudonym';
COMMENT ON COLUMN phased.history.mid IS 'pii:pseudonym';
COMMENT ON COLUMN phased.history.late IS 'pii:pseudonym';
COMMENT ON TABLE phased.explain IS 'How far the daemons have come with tables explanation and history.';
COMMENT ON COLUMN phased.explain.only_row IS 'pii:none';
COMMENT ON COLUMN phased.explain.after_id IS 'Contacts up to this one are done; NULL: all are. pii:pseudonym';
COMMENT ON COLUMN phased.explain.seen IS 'Writes of table phase when this way through it began; -1: not all could be done. pii:none';
COMMENT ON VIEW report.why IS
	'Why the reported phase of a contact: what each rule''s touches of a day say for it, in logit. Line 0, the start, and the others add up to the last, the sum.';
COMMENT ON COLUMN report.why.contact_id IS 'The contact: a keyed hash, no address. pii:pseudonym';
COMMENT ON COLUMN report.why.process IS 'The kind of purchase. pii:none';
COMMENT ON COLUMN report.why.phase IS 'The main phase that is explained: the most probable one, also where none is shown. pii:pseudonym';
COMMENT ON COLUMN report.why.line IS 'Order of the lines: the start, then by day and rule, then the sum. pii:none';
COMMENT ON COLUMN report.why.day IS 'The day (UTC); NULL: start and sum. pii:pseudonym';
COMMENT ON COLUMN report.why.rule IS 'The rule; confirm: a person said so; start: where people begin, and what time does; sum. pii:pseudonym';
COMMENT ON COLUMN report.why.content IS 'The content it was about; NULL: none that has a name. pii:pseudonym';
COMMENT ON COLUMN report.why.touches IS 'How many touches of that rule counted that day; of the start: earlier ones that it stands for. pii:pseudonym';
COMMENT ON COLUMN report.why.effect IS 'In logit: +1 makes the phase 2.7 times as likely against the others. pii:pseudonym';
COMMENT ON COLUMN report.why.as_of IS 'The moment that this is said of. pii:pseudonym';
COMMENT ON COLUMN report.why.model IS 'Version of the model that says so. pii:none';
COMMENT ON VIEW report.history IS
	'How probable each phase was at the end (24:00 UTC) of each day, by all that is known now: for drawing the past. What is shown at present is report.contact_phase.';
COMMENT ON COLUMN report.history.contact_id IS 'The contact: a keyed hash, no address. pii:pseudonym';
COMMENT ON COLUMN report.history.process IS 'The kind of purchase. pii:none';
COMMENT ON COLUMN report.history.day IS 'The day (UTC). pii:pseudonym';
COMMENT ON COLUMN report.history.phase IS 'The most probable of the three, of equal ones the earlier; none: won or lost, and nothing had counted since. pii:pseudonym';
COMMENT ON COLUMN report.history.early IS 'Probability of early, of the three main phases; NULL: closed. pii:pseudonym';
COMMENT ON COLUMN report.history.mid IS 'Probability of mid. pii:pseudonym';
COMMENT ON COLUMN report.history.late IS 'Probability of late. pii:pseudonym';
COMMENT ON COLUMN report.history.as_of IS 'The moment up to which it was known. pii:pseudonym';
COMMENT ON COLUMN report.history.model IS 'Version of the model that says so. pii:none';
