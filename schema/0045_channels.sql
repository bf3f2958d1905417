-- By which channels somebody was reached: what the fold keeps of the touches that counted.

SET LOCAL ROLE phased_owner;

-- As before, and channels: of core/model/phase_pack.h, which says where its bits stand.
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
	lpad(to_hex(p.model_version), 16, '0') AS model,
	CASE WHEN length(p.fold) > 4 AND get_byte(p.fold, 0) = 3 THEN array_remove(ARRAY[
		CASE WHEN get_byte(p.fold, 4) & 2 <> 0 THEN 'web' END,
		CASE WHEN get_byte(p.fold, 4) & 4 <> 0 THEN 'email' END,
		CASE WHEN get_byte(p.fold, 4) & 8 <> 0 THEN 'chat' END], NULL) END AS channels
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

CREATE OR REPLACE VIEW report.person_phase AS
SELECT c.contact_id, p.address, p.name, p.role, p.title, p.company, p.may_write, c.process, c.phase, c.fine, c.since, c.early, c.mid, c.late,
	c.confidence, c.activity, c.quiet, c.touches, c.last_touch, p.account, p.account_source, p.succeeded_by, c.channels
FROM report.contact_phase c
JOIN report.person p ON p.contact_id = c.contact_id;

-- States of before do not say it, and are worked out anew; meanwhile it is NULL.
INSERT INTO phased.refold (contact_id, from_at, anonymous)
SELECT p.contact_id, '-infinity', coalesce((SELECT a.kind < 3 FROM phased.actor a WHERE a.actor_id = p.contact_id), false)
FROM phased.phase p
WHERE p.process = 'standard' AND EXISTS (SELECT FROM phased.phase o WHERE o.contact_id = p.contact_id AND o.fold <> '')
ORDER BY p.contact_id
ON CONFLICT (contact_id) DO UPDATE SET from_at = excluded.from_at;

COMMENT ON COLUMN report.contact_phase.channels IS
	'Channels of the touches that counted, in the order web, email, chat; NULL: this state is still to be worked out anew. pii:pseudonym';
COMMENT ON COLUMN report.person_phase.channels IS 'Channels of the touches that counted, as report.contact_phase says. pii:pseudonym';
