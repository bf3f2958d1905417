-- A purchase that was won or lost closes its process: `none` is shown until another touch opens it again, though no touch is
-- counted any more.

SET LOCAL ROLE phased_owner;

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
	a.activity < 0.25 AS quiet,
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

COMMENT ON COLUMN report.contact_phase.phase IS
	'early, mid, late; none = in no buying process, also because it was won or lost; unknown = not enough evidence. pii:pseudonym';
COMMENT ON COLUMN report.contact_phase.touches IS 'Touches that counted, since the process was last won or lost. pii:pseudonym';
COMMENT ON COLUMN report.contact_phase.last_touch IS 'The last of them, or what confirmed a phase or closed the process. pii:pseudonym';
COMMENT ON COLUMN phased.subject.label IS
	'Address-like text is masked before it comes here. Of an opportunity: open, won, lost, deleted. pii:none';
COMMENT ON COLUMN phased.subject_rule.confirm IS
	'Of a hard fact: bitmask of the states it names; 1: won or lost, which closes the process. 0: none. pii:none';
