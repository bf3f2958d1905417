-- For sellers: who is where, by name. Analysts have the same by pseudonym in report.contact_phase.

SET LOCAL ROLE phased_owner;

CREATE VIEW report.person_phase AS
SELECT c.contact_id, p.address, p.name, p.role, p.title, p.company, p.may_write, c.process, c.phase, c.fine, c.since, c.early, c.mid, c.late,
	c.confidence, c.activity, c.quiet, c.touches, c.last_touch
FROM report.contact_phase c
JOIN report.person p ON p.contact_id = c.contact_id;

GRANT SELECT ON report.person_phase TO phased_seller, phased_privacy;

COMMENT ON VIEW report.person_phase IS 'Who is in which phase, by name: contacts who consented to being known. For sellers.';
COMMENT ON COLUMN report.person_phase.contact_id IS 'The contact, as in report.contact_phase. pii:pseudonym';
COMMENT ON COLUMN report.person_phase.address IS 'Mail address. pii:direct';
COMMENT ON COLUMN report.person_phase.name IS 'Name, as declared. pii:direct';
COMMENT ON COLUMN report.person_phase.role IS 'Role in purchases. pii:direct';
COMMENT ON COLUMN report.person_phase.title IS 'Title, as declared. pii:direct';
COMMENT ON COLUMN report.person_phase.company IS 'Company, as declared. pii:direct';
COMMENT ON COLUMN report.person_phase.may_write IS 'Consented to being written to. pii:direct';
COMMENT ON COLUMN report.person_phase.process IS 'The kind of purchase. pii:none';
COMMENT ON COLUMN report.person_phase.phase IS 'early, mid, late; none; unknown: as report.contact_phase has it. pii:direct';
COMMENT ON COLUMN report.person_phase.fine IS 'The fine phase inside it, where that is likelier than not; else NULL. pii:direct';
COMMENT ON COLUMN report.person_phase.since IS 'Since when this phase is shown. pii:direct';
COMMENT ON COLUMN report.person_phase.early IS 'Probability of early, of the three main phases. pii:direct';
COMMENT ON COLUMN report.person_phase.mid IS 'Probability of mid. pii:direct';
COMMENT ON COLUMN report.person_phase.late IS 'Probability of late. pii:direct';
COMMENT ON COLUMN report.person_phase.confidence IS 'low, medium, high; NULL while unknown. pii:direct';
COMMENT ON COLUMN report.person_phase.activity IS 'Touches that speak for a phase, halved every 20 days, as of now. pii:direct';
COMMENT ON COLUMN report.person_phase.quiet IS 'About to be forgotten. pii:direct';
COMMENT ON COLUMN report.person_phase.touches IS 'Touches that counted. pii:direct';
COMMENT ON COLUMN report.person_phase.last_touch IS 'The last of them. pii:direct';
