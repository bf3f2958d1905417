-- Where an account is: one filter over what all its people do; and its committee: who of them is where, who is missing, who lags behind.
--
-- Written by a chore of the daemons for accounts that have changed, never by a batch. An account is an organisation, so its rows are about no
-- person, but for account_member's; they go with its last contact.

SET LOCAL ROLE phased_owner;

-- What committees are made of, as `phasectl accounts accept` has read it: a row for every role there is.
CREATE TABLE phased.committee (
	role text PRIMARY KEY,
	expected boolean NOT NULL,		-- somebody of that role takes part in a purchase
	multiplier double precision NOT NULL	-- what touches of theirs weigh: factors are raised to it; 0: does not decide
);
INSERT INTO phased.committee (role, expected, multiplier)
SELECT r.role, r.role = ANY (ARRAY['CEO', 'CFO', 'CMO', 'sales', 'production', 'procurement', 'IT']), 1
FROM unnest(ARRAY['CFO', 'CMO', 'CEO', 'sales', 'production', 'HR', 'procurement', 'IT', 'user', 'other']) AS r (role);

CREATE TABLE phased.account_phase (
	account text NOT NULL,
	process text NOT NULL,
	model_version bigint NOT NULL,
	as_of timestamptz NOT NULL,		-- what the row says holds from then on: the last touch or change
	-- As in table phase, of all its members together; shown NULL: more touches than are folded
	counted integer NOT NULL,
	confirmed integer NOT NULL,
	activity double precision NOT NULL,	-- at the last touch
	early double precision NOT NULL,
	mid double precision NOT NULL,
	late double precision NOT NULL,
	shown smallint,
	fine smallint NOT NULL,
	band smallint NOT NULL,
	quiet boolean NOT NULL,
	since timestamptz,
	last_at timestamptz,
	-- The committee
	members integer NOT NULL,
	active integer NOT NULL,
	silent integer NOT NULL,
	laggards integer NOT NULL,
	consensus double precision,
	coverage double precision,
	missing text[] NOT NULL,
	PRIMARY KEY (account, process)
) WITH (fillfactor = 70);

CREATE TABLE phased.account_change (
	account text NOT NULL,
	process text NOT NULL,
	at timestamptz NOT NULL,
	from_shown smallint NOT NULL,
	to_shown smallint NOT NULL,
	by_time boolean NOT NULL,
	PRIMARY KEY (account, process, at)
);

-- Members who are active in a process, and what they weigh there.
CREATE TABLE phased.account_member (
	account text NOT NULL,
	process text NOT NULL,
	contact_id uuid NOT NULL,
	weight double precision NOT NULL,
	laggard boolean NOT NULL,
	PRIMARY KEY (account, process, contact_id)
);
CREATE INDEX account_member_contact ON phased.account_member (contact_id);

-- What an account's rows were worked out from: where it is something else by now they are worked out anew.
CREATE TABLE phased.account_state (
	account text PRIMARY KEY,
	signature bigint NOT NULL,		-- of its members, in no order: who, as of which version, in which role
	model_version bigint NOT NULL,
	settings bigint NOT NULL,		-- of table committee
	review_at timestamptz			-- when time alone changes something; NULL: it does not
);
CREATE INDEX account_state_review ON phased.account_state (review_at);

-- The last of an account's contacts is gone: so are its rows. Nobody is waited for; what somebody else has locked the chore deletes.
CREATE FUNCTION phased.account_contact_gone()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	empty text[];
BEGIN
	SELECT array_agg(s.account) INTO empty FROM (
		SELECT s.account FROM phased.account_state s
		WHERE s.account = ANY (ARRAY (SELECT DISTINCT g.account FROM gone g WHERE g.account IS NOT NULL))
			AND NOT EXISTS (SELECT FROM phased.contact c WHERE c.account = s.account)
		FOR UPDATE SKIP LOCKED) s;
	IF empty IS NOT NULL THEN
		DELETE FROM phased.account_phase a WHERE a.account = ANY (empty);
		DELETE FROM phased.account_change a WHERE a.account = ANY (empty);
		DELETE FROM phased.account_member a WHERE a.account = ANY (empty);
		DELETE FROM phased.account_state a WHERE a.account = ANY (empty);
	END IF;
	RETURN NULL;
END
$$;
CREATE TRIGGER account_contact_gone AFTER DELETE ON phased.contact
	REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION phased.account_contact_gone();
REVOKE ALL ON FUNCTION phased.account_contact_gone() FROM PUBLIC;

CREATE VIEW report.account_phase AS
SELECT p.account,
	p.process,
	CASE p.shown WHEN 0 THEN 'unknown' WHEN 1 THEN 'none' WHEN 2 THEN 'early' WHEN 3 THEN 'mid' WHEN 4 THEN 'late' END AS phase,
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
	p.members,
	p.active,
	p.consensus,
	p.coverage,
	p.missing,
	p.silent,
	p.laggards,
	p.as_of
FROM phased.account_phase p
LEFT JOIN phased.model_state s
	ON s.model_version = p.model_version AND s.process = p.process AND s.state = p.fine AND p.fine > 0 AND p.shown >= 2
-- As in report.contact_phase.
CROSS JOIN LATERAL (SELECT floor(date_part('epoch', now()) / 60) - floor(date_part('epoch', p.last_at) / 60) AS minutes) t
CROSS JOIN LATERAL (SELECT CASE WHEN p.activity > 1e-30
	THEN p.activity * power(0.5::double precision, least(greatest(coalesce(t.minutes, 0), 0) / 28800, 300))
	ELSE 0 END AS activity) a;

CREATE VIEW report.committee AS
SELECT a.account,
	a.process,
	c.contact_id,
	c.role,
	coalesce(p.phase, 'unknown') AS phase,
	p.fine,
	p.since,
	p.early,
	p.mid,
	p.late,
	p.confidence,
	coalesce(p.activity, 0) AS activity,
	coalesce(p.quiet, true) AS quiet,
	coalesce(p.touches, 0) AS touches,
	p.last_touch,
	coalesce(m.weight, 0) AS weight,
	coalesce(m.laggard, false) AS laggard,
	false AS missing
FROM phased.account_phase a
JOIN phased.contact c ON c.account = a.account
LEFT JOIN report.contact_phase p ON p.contact_id = c.contact_id AND p.process = a.process
LEFT JOIN phased.account_member m ON m.account = a.account AND m.process = a.process AND m.contact_id = c.contact_id
UNION ALL
SELECT a.account, a.process, NULL, r.role, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, true
FROM phased.account_phase a
JOIN phased.committee r ON r.expected
WHERE NOT EXISTS (SELECT FROM phased.contact c WHERE c.account = a.account AND c.role = r.role);

CREATE VIEW report.account_change AS
SELECT c.account,
	c.process,
	c.at,
	CASE c.from_shown WHEN 1 THEN 'none' WHEN 2 THEN 'early' WHEN 3 THEN 'mid' WHEN 4 THEN 'late' ELSE 'unknown' END AS from_phase,
	CASE c.to_shown WHEN 1 THEN 'none' WHEN 2 THEN 'early' WHEN 3 THEN 'mid' WHEN 4 THEN 'late' ELSE 'unknown' END AS to_phase,
	CASE WHEN c.by_time THEN 'time' ELSE 'touch' END AS cause
FROM phased.account_change c;

GRANT SELECT ON phased.committee TO phased_writer, phased_privacy;
GRANT SELECT, INSERT, UPDATE, DELETE ON phased.account_phase, phased.account_change, phased.account_member, phased.account_state
	TO phased_writer;
GRANT SELECT ON phased.account_phase, phased.account_change, phased.account_state TO phased_privacy;
GRANT SELECT, DELETE ON phased.account_member TO phased_privacy;
GRANT SELECT ON report.account_phase, report.committee, report.account_change TO phased_seller, phased_privacy;

COMMENT ON TABLE phased.committee IS 'What committees are made of, as `phasectl accounts accept` has read it.';
COMMENT ON COLUMN phased.committee.role IS 'pii:none';
COMMENT ON COLUMN phased.committee.expected IS 'Somebody of that role takes part in a purchase. pii:none';
COMMENT ON COLUMN phased.committee.multiplier IS 'What touches of theirs weigh; 0: does not decide. pii:none';
COMMENT ON TABLE phased.account_phase IS 'Where each account is, by all that its people do: written some time after one of them has changed.';
COMMENT ON COLUMN phased.account_phase.account IS 'pii:none';
COMMENT ON COLUMN phased.account_phase.process IS 'pii:none';
COMMENT ON COLUMN phased.account_phase.model_version IS 'pii:none';
COMMENT ON COLUMN phased.account_phase.as_of IS 'pii:none';
COMMENT ON COLUMN phased.account_phase.counted IS 'pii:none';
COMMENT ON COLUMN phased.account_phase.confirmed IS 'pii:none';
COMMENT ON COLUMN phased.account_phase.activity IS 'At the last touch. pii:none';
COMMENT ON COLUMN phased.account_phase.early IS 'pii:none';
COMMENT ON COLUMN phased.account_phase.mid IS 'pii:none';
COMMENT ON COLUMN phased.account_phase.late IS 'pii:none';
COMMENT ON COLUMN phased.account_phase.shown IS 'As phase.shown; NULL: more touches than are folded. pii:none';
COMMENT ON COLUMN phased.account_phase.fine IS 'pii:none';
COMMENT ON COLUMN phased.account_phase.band IS 'pii:none';
COMMENT ON COLUMN phased.account_phase.quiet IS 'pii:none';
COMMENT ON COLUMN phased.account_phase.since IS 'pii:none';
COMMENT ON COLUMN phased.account_phase.last_at IS 'pii:none';
COMMENT ON COLUMN phased.account_phase.members IS 'pii:none';
COMMENT ON COLUMN phased.account_phase.active IS 'pii:none';
COMMENT ON COLUMN phased.account_phase.silent IS 'pii:none';
COMMENT ON COLUMN phased.account_phase.laggards IS 'pii:none';
COMMENT ON COLUMN phased.account_phase.consensus IS 'pii:none';
COMMENT ON COLUMN phased.account_phase.coverage IS 'pii:none';
COMMENT ON COLUMN phased.account_phase.missing IS 'pii:none';
COMMENT ON TABLE phased.account_change IS 'When what is shown of an account changed: all that is known now, worked out anew with the account.';
COMMENT ON COLUMN phased.account_change.account IS 'pii:none';
COMMENT ON COLUMN phased.account_change.process IS 'pii:none';
COMMENT ON COLUMN phased.account_change.at IS 'pii:none';
COMMENT ON COLUMN phased.account_change.from_shown IS 'pii:none';
COMMENT ON COLUMN phased.account_change.to_shown IS 'pii:none';
COMMENT ON COLUMN phased.account_change.by_time IS 'pii:none';
COMMENT ON TABLE phased.account_member IS 'Members of an account who are active in a process, and what they weigh there.';
COMMENT ON COLUMN phased.account_member.account IS 'pii:direct';
COMMENT ON COLUMN phased.account_member.process IS 'pii:none';
COMMENT ON COLUMN phased.account_member.contact_id IS 'pii:pseudonym';
COMMENT ON COLUMN phased.account_member.weight IS 'pii:pseudonym';
COMMENT ON COLUMN phased.account_member.laggard IS 'pii:pseudonym';
COMMENT ON TABLE phased.account_state IS 'What the rows of each account were worked out from.';
COMMENT ON COLUMN phased.account_state.account IS 'pii:none';
COMMENT ON COLUMN phased.account_state.signature IS 'Of its members: who, as of which version, in which role. pii:none';
COMMENT ON COLUMN phased.account_state.model_version IS 'pii:none';
COMMENT ON COLUMN phased.account_state.settings IS 'Of table committee. pii:none';
COMMENT ON COLUMN phased.account_state.review_at IS 'When time alone changes something. pii:none';
COMMENT ON VIEW report.account_phase IS
	'Where each account is in each process: one filter over what all its people do, and how far these agree. Written some time after one of them has changed. For sellers.';
COMMENT ON COLUMN report.account_phase.account IS 'Its domain. pii:direct';
COMMENT ON COLUMN report.account_phase.process IS 'The kind of purchase. pii:none';
COMMENT ON COLUMN report.account_phase.phase IS
	'early, mid, late; none: nobody there is buying; unknown: not enough evidence; NULL: more touches than are looked at. pii:none';
COMMENT ON COLUMN report.account_phase.fine IS 'The fine phase, where it is certain enough. pii:none';
COMMENT ON COLUMN report.account_phase.since IS 'Since when this phase is shown. pii:none';
COMMENT ON COLUMN report.account_phase.early IS 'Probability of early, of the three main phases, as of as_of. pii:none';
COMMENT ON COLUMN report.account_phase.mid IS 'Probability of mid. pii:none';
COMMENT ON COLUMN report.account_phase.late IS 'Probability of late. pii:none';
COMMENT ON COLUMN report.account_phase.confidence IS 'low, medium, high; NULL: unknown. pii:none';
COMMENT ON COLUMN report.account_phase.activity IS 'Touches that say something, of all its people, halving every 20 days, as of now. pii:none';
COMMENT ON COLUMN report.account_phase.quiet IS 'Hardly anything has come for long. pii:none';
COMMENT ON COLUMN report.account_phase.touches IS 'How many touches counted. pii:none';
COMMENT ON COLUMN report.account_phase.last_touch IS 'The last of them. pii:none';
COMMENT ON COLUMN report.account_phase.model IS 'Version of the model that says so. pii:none';
COMMENT ON COLUMN report.account_phase.members IS 'How many contacts are known there. pii:none';
COMMENT ON COLUMN report.account_phase.active IS 'Those of them who decide and are not quiet in this process. pii:none';
COMMENT ON COLUMN report.account_phase.consensus IS
	'How far the active ones agree on the phase: 1 wholly, 0 not at all, the more active ones counting more; NULL: fewer than two. pii:none';
COMMENT ON COLUMN report.account_phase.coverage IS
	'The part of the expected roles of which somebody is active; NULL: none are expected (accounts.yaml). pii:none';
COMMENT ON COLUMN report.account_phase.missing IS 'Expected roles of which nobody is active. pii:none';
COMMENT ON COLUMN report.account_phase.silent IS 'Members who decide and are quiet in this process. pii:none';
COMMENT ON COLUMN report.account_phase.laggards IS 'Active members who are far behind the account. pii:none';
COMMENT ON COLUMN report.account_phase.as_of IS 'What the row says holds from then on: the last touch or change. pii:none';
COMMENT ON VIEW report.committee IS
	'The people of each account in each process, with what is shown of each, and a row for every expected role that none of them has. For sellers.';
COMMENT ON COLUMN report.committee.account IS 'The account''s domain. pii:direct';
COMMENT ON COLUMN report.committee.process IS 'The kind of purchase. pii:none';
COMMENT ON COLUMN report.committee.contact_id IS 'The contact; NULL: a role that nobody has. pii:pseudonym';
COMMENT ON COLUMN report.committee.role IS 'What the contact is there, as report.person says; NULL: not known. pii:direct';
COMMENT ON COLUMN report.committee.phase IS 'As report.contact_phase; unknown also of who has done nothing in this process. pii:pseudonym';
COMMENT ON COLUMN report.committee.fine IS 'The fine phase, where it is certain enough. pii:pseudonym';
COMMENT ON COLUMN report.committee.since IS 'Since when this phase is shown. pii:pseudonym';
COMMENT ON COLUMN report.committee.early IS 'Probability of early, of the three main phases. pii:pseudonym';
COMMENT ON COLUMN report.committee.mid IS 'Probability of mid. pii:pseudonym';
COMMENT ON COLUMN report.committee.late IS 'Probability of late. pii:pseudonym';
COMMENT ON COLUMN report.committee.confidence IS 'low, medium, high; NULL: unknown. pii:pseudonym';
COMMENT ON COLUMN report.committee.activity IS 'Touches that say something, halving every 20 days, as of now. pii:pseudonym';
COMMENT ON COLUMN report.committee.quiet IS 'Hardly anything has come for long, or nothing ever. pii:pseudonym';
COMMENT ON COLUMN report.committee.touches IS 'How many touches counted. pii:pseudonym';
COMMENT ON COLUMN report.committee.last_touch IS 'The last of them. pii:pseudonym';
COMMENT ON COLUMN report.committee.weight IS
	'The contact''s part in the consensus, of 1 for all active members, as of the account''s as_of; 0: does not decide, or is not active. pii:pseudonym';
COMMENT ON COLUMN report.committee.laggard IS 'Active, and far behind the account. pii:pseudonym';
COMMENT ON COLUMN report.committee.missing IS 'An expected role that nobody there has. pii:none';
COMMENT ON VIEW report.account_change IS 'When what is shown of an account changed, and by what: a row a change, by all that is known now. For sellers.';
COMMENT ON COLUMN report.account_change.account IS 'The account''s domain. pii:direct';
COMMENT ON COLUMN report.account_change.process IS 'The kind of purchase. pii:none';
COMMENT ON COLUMN report.account_change.at IS 'When: a touch, or a full hour. pii:none';
COMMENT ON COLUMN report.account_change.from_phase IS 'What was shown before. pii:none';
COMMENT ON COLUMN report.account_change.to_phase IS 'What is shown from then on. pii:none';
COMMENT ON COLUMN report.account_change.cause IS 'touch: something that one of its people did; time: nothing came. pii:none';
