-- Who is in play is asked for by one statement, which works out once whom the assertions of a batch link.

SET LOCAL ROLE phased_owner;

DROP FUNCTION phased.kin_of(uuid[], uuid[], uuid[], uuid[], uuid[], timestamptz[], bigint);

-- Of the weak actors, strong actors and persons that a batch names, decides on (p_decided), or says something new of (p_a, p_b, p_at as of
-- phased.asserting()):
--	0, claims: of each weak actor claimed for whom something is decided or asserted, the first `p_room`: (weak, strong, stamped, event_id,
--	   NULL, at, strength);
--	1, kin: persons of several actors, of whom one is named, claimed by one of the first `p_room` claims on a weak actor, decided on:
--	   (actor_id, contact_id, NULL, NULL, via, at);
--	2, assertions: all of those that may be joined by what is new, `p_most` at the most: as the table has them.
CREATE FUNCTION phased.in_play(p_weak uuid[], p_strong uuid[], p_decided uuid[], p_a uuid[], p_b uuid[], p_at timestamptz[], p_room bigint,
	p_most bigint)
RETURNS TABLE (ret_one uuid, ret_other uuid, ret_stamped timestamptz, ret_event_id bigint, ret_third uuid, ret_at timestamptz,
	ret_kind smallint, ret_address_of smallint, ret_refused smallint, ret_what smallint)
LANGUAGE plpgsql STABLE AS $$
DECLARE
	asserted uuid[] := '{}';
	decided uuid[] := '{}';
BEGIN
	IF cardinality(p_a) > 0 THEN
		asserted := ARRAY (SELECT r.id FROM phased.asserting(p_a, p_b, p_at) AS r (id));
	END IF;
	IF cardinality(p_decided || asserted) > 0 THEN
		decided := ARRAY (SELECT k.id FROM phased.kindred(p_decided || asserted, '{}', '{}', '{}') AS k (id));
		RETURN QUERY SELECT c.weak, c.strong, c.stamped, c.event_id, NULL::uuid, c.at, c.strength, NULL::smallint, NULL::smallint, 0::smallint
		FROM (SELECT DISTINCT d.weak FROM unnest(decided) AS k (strong)
			CROSS JOIN LATERAL (SELECT c.weak FROM phased.claim c WHERE c.strong = k.strong OFFSET 0) AS d) AS w
		CROSS JOIN LATERAL (SELECT * FROM phased.claim c WHERE c.weak = w.weak ORDER BY c.at LIMIT p_room) AS c;
	END IF;
	IF EXISTS (SELECT FROM phased.kin) THEN
		RETURN QUERY WITH claimed (id) AS (
			SELECT unnest(p_weak)
			UNION
			SELECT c.weak FROM unnest(decided) AS d (id)
			CROSS JOIN LATERAL (SELECT c.weak FROM phased.claim c WHERE c.strong = d.id OFFSET 0) AS c),
		persons (id) AS (
			SELECT unnest(p_strong)
			UNION SELECT unnest(decided)
			UNION SELECT c.strong FROM claimed w
			CROSS JOIN LATERAL (SELECT c.strong FROM phased.claim c WHERE c.weak = w.id ORDER BY c.at LIMIT p_room) AS c)
		SELECT m.actor_id, m.contact_id, NULL::timestamptz, NULL::bigint, m.via, m.at, NULL::smallint, NULL::smallint, NULL::smallint, 1::smallint
		FROM (SELECT DISTINCT k.contact_id FROM persons p
			CROSS JOIN LATERAL (SELECT k.contact_id FROM phased.kin k WHERE k.actor_id = p.id OFFSET 0) AS k) AS c
		CROSS JOIN LATERAL (SELECT * FROM phased.kin k WHERE k.contact_id = c.contact_id OFFSET 0) AS m;
	END IF;
	RETURN QUERY SELECT s.a, s.b, s.stamped, s.event_id, s.touch_actor, s.at, s.kind, s.address_of, s.refused, 2::smallint
	FROM unnest(asserted) AS r (id)
	CROSS JOIN LATERAL (SELECT * FROM phased.assertion s WHERE s.a = r.id OFFSET 0) AS s LIMIT p_most;
END
$$;

REVOKE ALL ON FUNCTION phased.in_play(uuid[], uuid[], uuid[], uuid[], uuid[], timestamptz[], bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phased.in_play(uuid[], uuid[], uuid[], uuid[], uuid[], timestamptz[], bigint, bigint) TO phased_writer;
