-- What the quick way of writing needs (docs/decisions/2026-11-25-the-quick-way.md): a transaction that stops by itself
-- when something was not as its caller had read it before, without a lock.

SET LOCAL ROLE phased_owner;

-- position_advance, for a caller that has matched and folded by a model already: SQLSTATE PH003 when another one is in
-- force now.
CREATE OR REPLACE FUNCTION phased.position_advance_under(p_model bigint, p_grp text, p_topics text[], p_partitions integer[],
	p_from bigint[], p_to bigint[], p_epochs bigint[], p_ends bigint[], p_oldest timestamptz[])
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	version bigint := phased.position_advance(p_grp, p_topics, p_partitions, p_from, p_to, p_epochs, p_ends, p_oldest);
BEGIN
	IF version IS DISTINCT FROM p_model THEN
		RAISE EXCEPTION 'another model is in force' USING ERRCODE = 'PH003';
	END IF;
	RETURN version;
END
$$;

-- Stops the transaction with SQLSTATE PH002 when a statement has not written as many arbiters as it was given: somebody
-- else has written one of them since it was read.
CREATE OR REPLACE FUNCTION phased.written_all(p_written bigint, p_wanted bigint)
RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
	IF p_written <> p_wanted THEN
		RAISE EXCEPTION 'written by another' USING ERRCODE = 'PH002';
	END IF;
	RETURN true;
END
$$;

GRANT EXECUTE ON FUNCTION phased.position_advance_under(bigint, text, text[], integer[], bigint[], bigint[], bigint[],
	bigint[], timestamptz[]), phased.written_all(bigint, bigint) TO phased_writer;
