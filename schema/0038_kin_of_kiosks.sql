-- Of a browser with very many claims (a kiosk, a bot) the first ones are read, by kin_of() as by everybody else.

SET LOCAL ROLE phased_owner;

DROP FUNCTION phased.kin_of(uuid[], uuid[], uuid[], uuid[], uuid[], timestamptz[]);

-- Persons of several actors who are in play: named, claimed by one of the first `p_room` claims on a weak actor (as the daemon reads claims,
-- and in its order), decided on.
CREATE FUNCTION phased.kin_of(p_weak uuid[], p_strong uuid[], p_decided uuid[], p_a uuid[], p_b uuid[], p_at timestamptz[], p_room bigint)
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
		CROSS JOIN LATERAL (SELECT c.strong FROM phased.claim c WHERE c.weak = w.id ORDER BY c.at LIMIT p_room) AS c)
	SELECT m.*
	FROM (SELECT DISTINCT k.contact_id FROM persons p
		CROSS JOIN LATERAL (SELECT k.contact_id FROM phased.kin k WHERE k.actor_id = p.id OFFSET 0) AS k) AS c
	CROSS JOIN LATERAL (SELECT * FROM phased.kin k WHERE k.contact_id = c.contact_id OFFSET 0) AS m;
END
$$;

REVOKE ALL ON FUNCTION phased.kin_of(uuid[], uuid[], uuid[], uuid[], uuid[], timestamptz[], bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phased.kin_of(uuid[], uuid[], uuid[], uuid[], uuid[], timestamptz[], bigint) TO phased_writer;
