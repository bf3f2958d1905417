-- Which phases there are: what a fine phase is called, and which main phase it lies in, as the model in force has them.

SET LOCAL ROLE phased_owner;

CREATE OR REPLACE VIEW report.process_phase AS
SELECT s.process,
	s.state AS place,
	s.name AS fine,
	CASE s.main WHEN 0 THEN 'early' WHEN 1 THEN 'mid' WHEN 2 THEN 'late' ELSE 'none' END AS phase
FROM phased.model_state s
JOIN phased.model m ON m.version = s.model_version AND m.in_force;

GRANT SELECT ON report.process_phase TO phased_reader, phased_seller, phased_privacy, phased_monitor;

COMMENT ON VIEW report.process_phase IS 'The phases of each buying process, in order, as the model in force has them.';
COMMENT ON COLUMN report.process_phase.process IS 'The kind of purchase. pii:none';
COMMENT ON COLUMN report.process_phase.place IS '0 for none, then 1, 2, … from early to late. pii:none';
COMMENT ON COLUMN report.process_phase.fine IS 'Name of the fine phase. pii:none';
COMMENT ON COLUMN report.process_phase.phase IS 'The main phase that it lies in: early, mid, late; none. pii:none';
