-- Schema report: what people and their tools read. Views are the public interface; tables are not.

SET LOCAL ROLE phased_owner;

-- The words of a model's states, which only its text says otherwise. Filled by `phasectl model accept`.
CREATE TABLE phased.model_state (
	model_version bigint NOT NULL,
	process text NOT NULL,
	state smallint NOT NULL,		-- 0 none, then the fine phases in order
	name text NOT NULL,
	main smallint NOT NULL,			-- -1 none, 0 early, 1 mid, 2 late
	PRIMARY KEY (model_version, process, state)
);

CREATE VIEW report.contact_phase AS
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
WHERE p.counted > 0 OR p.confirmed > 0;

CREATE VIEW report.person AS
SELECT contact_id, address, name, role, title, company, may_write
FROM phased.contact;

GRANT SELECT ON report.contact_phase TO phased_reader, phased_seller, phased_privacy;
GRANT SELECT ON report.person TO phased_seller, phased_privacy;
GRANT SELECT ON phased.model_state TO phased_writer, phased_privacy;

COMMENT ON VIEW report.contact_phase IS
	'Which contact is in which phase of which buying process: one row a contact and process, as measured.';
COMMENT ON COLUMN report.contact_phase.contact_id IS 'The contact: a keyed hash, no address. pii:pseudonym';
COMMENT ON COLUMN report.contact_phase.process IS 'The kind of purchase: standard, tender, call-off, innovation, parts. pii:none';
COMMENT ON COLUMN report.contact_phase.phase IS
	'early, mid, late; none = in no buying process; unknown = not enough evidence. pii:pseudonym';
COMMENT ON COLUMN report.contact_phase.fine IS
	'The fine phase inside it (problem, research, suppliers, …), where that is likelier than not; else NULL. pii:pseudonym';
COMMENT ON COLUMN report.contact_phase.since IS 'Since when this phase is shown. pii:pseudonym';
COMMENT ON COLUMN report.contact_phase.early IS 'Probability of early, of the three main phases. pii:pseudonym';
COMMENT ON COLUMN report.contact_phase.mid IS 'Probability of mid. pii:pseudonym';
COMMENT ON COLUMN report.contact_phase.late IS 'Probability of late. pii:pseudonym';
COMMENT ON COLUMN report.contact_phase.confidence IS
	'low under .5, medium under .7, high: the probability of the phase; NULL while unknown. pii:pseudonym';
COMMENT ON COLUMN report.contact_phase.activity IS 'Touches that speak for a phase, halved every 20 days, as of now. pii:pseudonym';
COMMENT ON COLUMN report.contact_phase.quiet IS 'Activity below a quarter: about to be forgotten. pii:pseudonym';
COMMENT ON COLUMN report.contact_phase.touches IS 'Touches that counted. pii:pseudonym';
COMMENT ON COLUMN report.contact_phase.last_touch IS 'The last of them. pii:pseudonym';
COMMENT ON COLUMN report.contact_phase.model IS 'Version of the model that says so, 16 hexadecimal digits. pii:none';

COMMENT ON VIEW report.person IS 'Who a contact is: only of people who consented to it. For sellers.';
COMMENT ON COLUMN report.person.contact_id IS 'The contact. pii:pseudonym';
COMMENT ON COLUMN report.person.address IS 'Mail address. pii:direct';
COMMENT ON COLUMN report.person.name IS 'Name, as declared. pii:direct';
COMMENT ON COLUMN report.person.role IS 'Role in purchases: CFO, CMO, CEO, sales, production, HR, procurement, IT, user, other. pii:direct';
COMMENT ON COLUMN report.person.title IS 'Title, as declared. pii:direct';
COMMENT ON COLUMN report.person.company IS 'Company, as declared. pii:direct';
COMMENT ON COLUMN report.person.may_write IS 'Consented to being written to. pii:direct';
