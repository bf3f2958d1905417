-- Another model: which ones were accepted, and how far the daemons have come with folding everybody anew under the one in force.

SET LOCAL ROLE phased_owner;

-- Each acceptance, the oldest first. The last one that was not taken back is the one in force.
CREATE TABLE phased.model_acceptance (
	n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	version bigint NOT NULL,
	at timestamptz NOT NULL DEFAULT now(),
	by text NOT NULL DEFAULT session_user,
	rejected_at timestamptz,		-- `phasectl model reject`; NULL: stands
	rejected_by text
);
INSERT INTO phased.model_acceptance (version, at, by) SELECT version, accepted_at, accepted_by FROM phased.model WHERE in_force;

-- One row. Contacts that were folded by another model (their arbiters say so) are put into table refold, in the order of their ids, pass
-- after pass: the pass that finds nobody is the last. Whoever writes a state holds a lock on table position that keeps an acceptance out
-- (ROW EXCLUSIVE), so no such contact comes into being behind the place where a pass is.
CREATE TABLE phased.takeover (
	only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
	begun_at timestamptz NOT NULL DEFAULT now(),
	contacts bigint NOT NULL DEFAULT 0,	-- that there were then
	pass integer NOT NULL DEFAULT 1,
	pass_at timestamptz NOT NULL DEFAULT now(),	-- when the pass before ended
	looked_at uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',	-- the last contact that this pass has looked at
	looked bigint NOT NULL DEFAULT 0,	-- how many it has
	others bigint NOT NULL DEFAULT 0,	-- of these: of another model
	is_clear boolean NOT NULL DEFAULT false,	-- nobody is of another model any more
	ended_at timestamptz			-- and what subjects match under others is deleted
) WITH (fillfactor = 50);
INSERT INTO phased.takeover (is_clear, ended_at) VALUES (true, now());

-- One step: looks at so many contacts, or deletes so many rows of subject_rule. Returns in how many milliseconds the next one is worth
-- while; NULL: all is done, or another daemon is at it.
CREATE FUNCTION phased.takeover_step(p_contacts bigint, p_queue_max bigint)
RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
	t phased.takeover;
	v bigint;
	seen bigint;
	other bigint;
	last uuid;
BEGIN
	-- An acceptance writes this row: which model is in force does not change while we have it.
	SELECT * INTO t FROM phased.takeover k WHERE k.ended_at IS NULL FOR UPDATE SKIP LOCKED;
	IF NOT FOUND THEN
		RETURN NULL;
	END IF;
	SELECT m.version INTO v FROM phased.model m WHERE m.in_force;
	IF t.is_clear THEN
		WITH gone AS (DELETE FROM phased.subject_rule WHERE ctid = ANY (ARRAY (
				SELECT l.ctid FROM (SELECT r.ctid FROM phased.subject_rule r WHERE r.model_version < v LIMIT p_contacts) l
				UNION ALL
				SELECT g.ctid FROM (SELECT r.ctid FROM phased.subject_rule r WHERE r.model_version > v LIMIT p_contacts) g))
			RETURNING 1)
		SELECT count(*) INTO seen FROM gone;
		IF seen = 0 THEN
			UPDATE phased.takeover SET ended_at = now();
			RETURN NULL;
		END IF;
		RETURN 20;
	END IF;
	IF t.pass > 1 AND t.looked = 0 THEN
		-- Whom the pass before has put into the queue is to be done first; then it is looked again, seldomer each time.
		IF EXISTS (SELECT FROM phased.refold r WHERE r.queued_at <= least(t.pass_at, now())) THEN
			RETURN 200;
		ELSIF t.pass > 2 AND now() < t.pass_at + least(interval '1 s' * 2 ^ least(t.pass - 3, 10), interval '10 min') THEN
			RETURN 1000;
		END IF;
	END IF;
	IF (SELECT count(*) FROM (SELECT FROM phased.refold LIMIT p_queue_max) q) >= p_queue_max THEN
		RETURN 50;
	END IF;
	WITH slice AS MATERIALIZED (
			SELECT p.contact_id, p.model_version <> v AS is_other
			FROM phased.phase p
			WHERE p.contact_id > t.looked_at AND p.process = 'standard'
			ORDER BY p.contact_id LIMIT p_contacts),
		queued AS (
			INSERT INTO phased.refold (contact_id, from_at, anonymous)
			SELECT s.contact_id, '-infinity', coalesce((SELECT a.kind < 3 FROM phased.actor a WHERE a.actor_id = s.contact_id), false)
			FROM slice s WHERE s.is_other ORDER BY s.contact_id
			ON CONFLICT DO NOTHING)
	SELECT count(*), count(*) FILTER (WHERE s.is_other), (array_agg(s.contact_id ORDER BY s.contact_id DESC))[1]
	INTO seen, other, last FROM slice s;
	IF seen = p_contacts THEN
		UPDATE phased.takeover SET looked_at = last, looked = looked + seen, others = others + other;
		RETURN 0;
	ELSIF t.others + other = 0 THEN
		UPDATE phased.takeover SET looked = looked + seen, is_clear = true;
		RETURN 0;
	END IF;
	UPDATE phased.takeover SET pass = pass + 1, pass_at = clock_timestamp(), looked_at = '00000000-0000-0000-0000-000000000000', looked = 0, others = 0;
	RETURN 100;
END
$$;

GRANT SELECT ON phased.model_acceptance TO phased_writer, phased_privacy;
GRANT SELECT, UPDATE ON phased.takeover TO phased_writer;
GRANT SELECT ON phased.takeover TO phased_privacy, phased_monitor;
GRANT DELETE ON phased.subject_rule TO phased_writer;
REVOKE ALL ON FUNCTION phased.takeover_step(bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phased.takeover_step(bigint, bigint) TO phased_writer;

-- By the model that the contact is under, which is another one than that in force until its turn has come.
CREATE OR REPLACE VIEW report.evidence AS
SELECT m.contact_id,
	r.process,
	m.at,
	r.rule,
	nullif(r.content, '') AS content,
	m.received,
	m.event,
	r.rule_number AS place,
	r.mail_click AND NOT m.bursts_cleared AS mail_click,
	r.link,
	r.confirm,
	lpad(to_hex(a.model_version), 16, '0') AS model
FROM report.measured m
JOIN phased.phase a ON a.contact_id = m.contact_id AND a.process = 'standard'
JOIN phased.subject_rule r ON r.subject_id = m.subject_id AND r.model_version = a.model_version
WHERE r.confirm <> 0 OR (m.party = 1 AND r.rule_number IS NOT NULL);

CREATE OR REPLACE VIEW report.model_acceptance AS
SELECT a.n,
	lpad(to_hex(a.version), 16, '0') AS model,
	a.at AS accepted_at,
	a.by AS accepted_by,
	a.rejected_at,
	a.rejected_by
FROM phased.model_acceptance a;

CREATE OR REPLACE VIEW report.takeover AS
SELECT t.begun_at,
	t.ended_at,
	t.contacts,
	CASE WHEN t.is_clear THEN 0 ELSE
		CASE WHEN t.pass = 1 THEN greatest(t.contacts - t.looked, 0) ELSE 0 END + (SELECT count(*) FROM phased.refold) END AS waiting
FROM phased.takeover t;

GRANT SELECT ON report.model_acceptance, report.takeover TO phased_reader, phased_seller, phased_privacy, phased_monitor;

COMMENT ON TABLE phased.model_acceptance IS 'Which model was put in force when; the last row that was not taken back is the one that is.';
COMMENT ON COLUMN phased.model_acceptance.n IS 'pii:none';
COMMENT ON COLUMN phased.model_acceptance.version IS 'pii:none';
COMMENT ON COLUMN phased.model_acceptance.at IS 'pii:none';
COMMENT ON COLUMN phased.model_acceptance.by IS 'The database user who did it. pii:none';
COMMENT ON COLUMN phased.model_acceptance.rejected_at IS 'When `phasectl model reject` took it back; NULL: it stands. pii:none';
COMMENT ON COLUMN phased.model_acceptance.rejected_by IS 'pii:none';
COMMENT ON TABLE phased.takeover IS 'How far all contacts are folded anew by the model in force.';
COMMENT ON COLUMN phased.takeover.only_row IS 'pii:none';
COMMENT ON COLUMN phased.takeover.begun_at IS 'When it was accepted. pii:none';
COMMENT ON COLUMN phased.takeover.contacts IS 'How many contacts there were then. pii:none';
COMMENT ON COLUMN phased.takeover.pass IS 'How often all contacts are being looked through: until nobody is found. pii:none';
COMMENT ON COLUMN phased.takeover.pass_at IS 'When the pass before ended. pii:none';
COMMENT ON COLUMN phased.takeover.looked_at IS 'The last contact that this pass has looked at. pii:pseudonym';
COMMENT ON COLUMN phased.takeover.looked IS 'How many it has looked at. pii:none';
COMMENT ON COLUMN phased.takeover.others IS 'How many of these another model had folded. pii:none';
COMMENT ON COLUMN phased.takeover.is_clear IS 'Nobody is of another model any more. pii:none';
COMMENT ON COLUMN phased.takeover.ended_at IS 'When all was done; NULL: it is under way. pii:none';
COMMENT ON VIEW report.model_acceptance IS 'Which model was put in force when, and by whom. The last one that was not taken back is in force.';
COMMENT ON COLUMN report.model_acceptance.n IS 'Their order. pii:none';
COMMENT ON COLUMN report.model_acceptance.model IS 'Its version, 16 hexadecimal digits. pii:none';
COMMENT ON COLUMN report.model_acceptance.accepted_at IS 'When. pii:none';
COMMENT ON COLUMN report.model_acceptance.accepted_by IS 'The database user who did it. pii:none';
COMMENT ON COLUMN report.model_acceptance.rejected_at IS 'When it was taken back; NULL: never. pii:none';
COMMENT ON COLUMN report.model_acceptance.rejected_by IS 'The database user who took it back. pii:none';
COMMENT ON VIEW report.takeover IS 'How many contacts still have to be folded anew by the model in force.';
COMMENT ON COLUMN report.takeover.begun_at IS 'When that was put in force. pii:none';
COMMENT ON COLUMN report.takeover.ended_at IS 'When all were done; NULL: it is under way. pii:none';
COMMENT ON COLUMN report.takeover.contacts IS 'How many contacts there were when it began. pii:none';
COMMENT ON COLUMN report.takeover.waiting IS 'How many wait, those included that wait to be folded anew for other reasons. pii:none';
COMMENT ON COLUMN report.evidence.model IS 'Version of the model by which it is, 16 hexadecimal digits: the same for all of a contact. pii:none';
COMMENT ON VIEW report.evidence IS
	'What each contact''s phases rest on, by the model that it is under: touches that a rule takes (repeats and scanners'' clicks among them), and hard facts.';
