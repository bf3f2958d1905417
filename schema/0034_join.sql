-- Who is one person with whom: what was asserted of strong actors, and the persons that follow from it (core/flow/kin.h).

SET LOCAL ROLE phased_owner;

-- "These two strong actors are one person", or are not. Stands and falls with the touch of its event, as a consent does.
CREATE TABLE phased.assertion (
	a uuid NOT NULL,
	b uuid NOT NULL,			-- a < b
	stamped timestamptz NOT NULL,
	event_id bigint NOT NULL,
	touch_actor uuid NOT NULL,
	at timestamptz NOT NULL,
	kind smallint NOT NULL,			-- 0 an event says so, 1 joined by hand, 2 split by hand
	address_of smallint NOT NULL,		-- 1: b is an address of user id a; 2: a is one of b; 0: neither
	refused smallint NOT NULL,		-- derived: joins nothing. 1 too many addresses, 2 too many actors, 3 kept apart; 0: not refused
	PRIMARY KEY (a, b, stamped, event_id, touch_actor)
);
CREATE INDEX assertion_b ON phased.assertion (b, a);
CREATE INDEX assertion_touch ON phased.assertion (touch_actor, stamped, event_id);

-- Derived. Only actors of a person that has several; each but the contact's own is joined via one that lies nearer to it.
CREATE TABLE phased.kin (
	actor_id uuid PRIMARY KEY,
	contact_id uuid NOT NULL,		-- the smallest of the person's actors
	via uuid NOT NULL,
	at timestamptz NOT NULL			-- since when; '-infinity': the contact's own
);
CREATE INDEX kin_contact ON phased.kin (contact_id);

-- Pairs of whom something is asserted that is not known (not joined directly, since an earlier moment): they, and whomever any
-- assertion links them to.
CREATE FUNCTION phased.asserting(p_a uuid[], p_b uuid[], p_at timestamptz[])
RETURNS SETOF uuid
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN QUERY WITH RECURSIVE reached (id) AS (
		SELECT e.id
		FROM unnest(p_a, p_b, p_at) AS k (a, b, at)
		CROSS JOIN LATERAL (VALUES (k.a), (k.b)) AS e (id)
		WHERE NOT EXISTS (SELECT FROM phased.kin n WHERE n.actor_id = k.a AND n.via = k.b AND n.at < k.at)
			AND NOT EXISTS (SELECT FROM phased.kin n WHERE n.actor_id = k.b AND n.via = k.a AND n.at < k.at)
		UNION
		SELECT o.id
		FROM reached r
		CROSS JOIN LATERAL ((SELECT s.b AS id FROM phased.assertion s WHERE s.a = r.id OFFSET 0)
			UNION ALL (SELECT s.a FROM phased.assertion s WHERE s.b = r.id OFFSET 0)) AS o)
	SELECT r.id FROM reached r;
END
$$;

-- Persons of whom something is decided or asserted, and all that they are one with or may come to be.
CREATE FUNCTION phased.kindred(p_decided uuid[], p_a uuid[], p_b uuid[], p_at timestamptz[])
RETURNS SETOF uuid
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN QUERY WITH asked (id) AS (
		SELECT unnest(p_decided) UNION SELECT a.id FROM phased.asserting(p_a, p_b, p_at) AS a (id))
	SELECT a.id FROM asked a
	UNION
	SELECT m.actor_id
	FROM asked a
	CROSS JOIN LATERAL (SELECT k.contact_id FROM phased.kin k WHERE k.actor_id = a.id OFFSET 0) AS p
	CROSS JOIN LATERAL (SELECT k.actor_id FROM phased.kin k WHERE k.contact_id = p.contact_id OFFSET 0) AS m;
END
$$;

-- Persons of several actors who are in play: named, claimed, decided on.
CREATE FUNCTION phased.kin_of(p_weak uuid[], p_strong uuid[], p_decided uuid[], p_a uuid[], p_b uuid[], p_at timestamptz[])
RETURNS SETOF phased.kin
LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM phased.kin) THEN
		RETURN;
	END IF;
	RETURN QUERY WITH decided (id) AS MATERIALIZED (
		SELECT k.id FROM phased.kindred(p_decided, p_a, p_b, p_at) AS k (id)),
	claimed (id) AS (
		SELECT unnest(p_weak)
		UNION
		SELECT c.weak FROM decided d
		CROSS JOIN LATERAL (SELECT c.weak FROM phased.claim c WHERE c.strong = d.id OFFSET 0) AS c),
	persons (id) AS (
		SELECT unnest(p_strong)
		UNION SELECT d.id FROM decided d
		UNION SELECT c.strong FROM claimed w
		CROSS JOIN LATERAL (SELECT c.strong FROM phased.claim c WHERE c.weak = w.id OFFSET 0) AS c)
	SELECT m.*
	FROM (SELECT DISTINCT k.contact_id FROM persons p
		CROSS JOIN LATERAL (SELECT k.contact_id FROM phased.kin k WHERE k.actor_id = p.id OFFSET 0) AS k) AS c
	CROSS JOIN LATERAL (SELECT * FROM phased.kin k WHERE k.contact_id = c.contact_id OFFSET 0) AS m;
END
$$;

REVOKE ALL ON FUNCTION phased.asserting(uuid[], uuid[], timestamptz[]),
	phased.kindred(uuid[], uuid[], uuid[], timestamptz[]),
	phased.kin_of(uuid[], uuid[], uuid[], uuid[], uuid[], timestamptz[]) FROM PUBLIC;
GRANT SELECT, INSERT, DELETE ON phased.assertion, phased.kin TO phased_writer;
GRANT SELECT, DELETE ON phased.assertion, phased.kin TO phased_privacy;
GRANT EXECUTE ON FUNCTION phased.asserting(uuid[], uuid[], timestamptz[]),
	phased.kindred(uuid[], uuid[], uuid[], timestamptz[]),
	phased.kin_of(uuid[], uuid[], uuid[], uuid[], uuid[], timestamptz[]) TO phased_writer;

COMMENT ON TABLE phased.assertion IS 'What was said of two strong actors: that they are one person, or are not.';
COMMENT ON COLUMN phased.assertion.a IS 'pii:pseudonym';
COMMENT ON COLUMN phased.assertion.b IS 'pii:pseudonym';
COMMENT ON COLUMN phased.assertion.stamped IS 'pii:pseudonym';
COMMENT ON COLUMN phased.assertion.event_id IS 'pii:pseudonym';
COMMENT ON COLUMN phased.assertion.touch_actor IS 'pii:pseudonym';
COMMENT ON COLUMN phased.assertion.at IS 'pii:pseudonym';
COMMENT ON COLUMN phased.assertion.kind IS 'pii:none';
COMMENT ON COLUMN phased.assertion.address_of IS 'pii:none';
COMMENT ON COLUMN phased.assertion.refused IS 'pii:none';
COMMENT ON TABLE phased.kin IS 'Strong actors of persons who have several.';
COMMENT ON COLUMN phased.kin.actor_id IS 'pii:pseudonym';
COMMENT ON COLUMN phased.kin.contact_id IS 'pii:pseudonym';
COMMENT ON COLUMN phased.kin.via IS 'pii:pseudonym';
COMMENT ON COLUMN phased.kin.at IS 'pii:pseudonym';

-- A contact and each identifier of it, by keyed hashes: since when it is its, and how that is known.
CREATE VIEW report.identity AS
SELECT s.contact_id,
	s.actor_id,
	(ARRAY['cookie', 'visitor', 'recipient', 'email', 'user', 'crm'])[a.kind + 1] AS kind,
	CASE WHEN s.contact_id = s.actor_id THEN 'own'
		WHEN a.kind < 3 THEN (SELECT CASE max(c.strength) WHEN 1 THEN 'verified' ELSE 'claimed' END
			FROM phased.claim c
			WHERE c.weak = s.actor_id AND (c.strong = s.contact_id OR c.strong IN (SELECT n.actor_id FROM phased.kin n
				WHERE n.contact_id = s.contact_id)))
		ELSE 'verified' END AS strength,
	nullif(s.from_at, '-infinity') AS from_at,
	nullif(s.to_at, 'infinity') AS to_at,
	nullif(k.via, k.actor_id) AS via,
	nullif(k.at, '-infinity') AS joined_at
FROM phased.stretch s
LEFT JOIN phased.actor a ON a.actor_id = s.actor_id
LEFT JOIN phased.kin k ON k.actor_id = s.actor_id
UNION ALL
SELECT a.actor_id, a.actor_id, (ARRAY['cookie', 'visitor', 'recipient'])[a.kind + 1], 'own', NULL, NULL, NULL, NULL
FROM phased.actor a
WHERE a.kind < 3 AND NOT EXISTS (SELECT FROM phased.stretch s WHERE s.actor_id = a.actor_id);

-- What was said of who is one person with whom, and what joins nothing.
CREATE VIEW report.assertion AS
SELECT s.a, s.b, s.at,
	(ARRAY['event', 'joined', 'split'])[s.kind + 1] AS said,
	(ARRAY['addresses', 'actors', 'split'])[s.refused] AS refused
FROM phased.assertion s;

GRANT SELECT ON report.identity, report.assertion TO phased_reader, phased_seller, phased_privacy;

COMMENT ON VIEW report.identity IS
	'By whom contacts are known: persons who consent, and browsers and the like. Keyed hashes, no addresses.';
COMMENT ON COLUMN report.identity.contact_id IS 'The contact. pii:pseudonym';
COMMENT ON COLUMN report.identity.actor_id IS 'The identifier. pii:pseudonym';
COMMENT ON COLUMN report.identity.kind IS 'cookie, visitor, recipient, email, user or crm; NULL: only ever named by hand. pii:none';
COMMENT ON COLUMN report.identity.strength IS
	'own: the contact goes by it; verified, or claimed by a form that anybody can fill in. pii:none';
COMMENT ON COLUMN report.identity.from_at IS 'Whose touches these are from then on; NULL: from the start. pii:pseudonym';
COMMENT ON COLUMN report.identity.to_at IS 'And until then; NULL: to this day. pii:pseudonym';
COMMENT ON COLUMN report.identity.via IS 'Of a person of several identifiers: the one that it was joined to. pii:pseudonym';
COMMENT ON COLUMN report.identity.joined_at IS 'Since when. pii:pseudonym';
COMMENT ON VIEW report.assertion IS 'What was said of who is one person with whom. Keyed hashes, no addresses.';
COMMENT ON COLUMN report.assertion.a IS 'An identifier of a person. pii:pseudonym';
COMMENT ON COLUMN report.assertion.b IS 'Another. pii:pseudonym';
COMMENT ON COLUMN report.assertion.at IS 'When it was said. pii:pseudonym';
COMMENT ON COLUMN report.assertion.said IS 'event: a login, a record, an alias; by hand: joined, split. pii:none';
COMMENT ON COLUMN report.assertion.refused IS
	'Why it joins nothing: too many addresses of a login, too many actors of a person, split by hand; NULL: it is not refused. pii:none';
