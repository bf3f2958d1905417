-- A claim that waits in vain for a predecessor's transaction ends it. One that hangs in the middle of an answer (stopped, a
-- machine put to sleep) keeps its locks as long as the connection stands: a server that waits for its client to read
-- is subject to none of its timeouts. Whoever has lost its partitions may write nothing anyway.

SET LOCAL ROLE phased_owner;

CREATE OR REPLACE FUNCTION phased.position_claim(p_grp text, p_topics text[], p_partitions integer[], p_owner text)
RETURNS TABLE (topic text, partition integer, next_offset bigint, epoch bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
	FOR attempt IN 1..2 LOOP
		BEGIN
			RETURN QUERY
			INSERT INTO phased.position AS p (grp, topic, partition, next_offset, epoch, owner, end_offset)
			SELECT p_grp, k.topic, k.partition, -2, 1, p_owner, -1
			FROM unnest(p_topics, p_partitions) AS k (topic, partition)
			ORDER BY k.topic, k.partition
			ON CONFLICT (grp, topic, partition) DO UPDATE SET epoch = p.epoch + 1, owner = excluded.owner, updated_at = now()
			RETURNING p.topic, p.partition, p.next_offset, p.epoch;
			RETURN;
		EXCEPTION WHEN lock_not_available THEN
			IF attempt = 2 THEN
				RAISE;
			END IF;
		END;
		-- xmax of a locked row: the transaction that holds it.
		PERFORM pg_terminate_backend(a.pid, 1000)
		FROM (SELECT DISTINCT l.pid
			FROM phased.position p
			JOIN unnest(p_topics, p_partitions) AS k (topic, partition) ON p.topic = k.topic AND p.partition = k.partition
			JOIN pg_locks l ON l.locktype = 'transactionid' AND l.granted AND l.transactionid = p.xmax
			WHERE p.grp = p_grp AND l.pid <> pg_backend_pid()) AS holder
		JOIN pg_stat_activity a ON a.pid = holder.pid
		WHERE pg_has_role(a.usesysid, 'USAGE');
	END LOOP;
END
$$;

-- Stops with PH001 where a partition was taken over: whoever has lost it writes nothing, not even what goes before its
-- transaction because nothing rests on it (months, new subjects).
CREATE OR REPLACE FUNCTION phased.position_holds(p_grp text, p_topics text[], p_partitions integer[], p_epochs bigint[])
RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
	IF (SELECT count(*)
		FROM phased.position p
		JOIN unnest(p_topics, p_partitions, p_epochs) AS k (topic, partition, epoch)
			ON p.grp = p_grp AND p.topic = k.topic AND p.partition = k.partition AND p.epoch = k.epoch)
		<> cardinality(p_topics)
	THEN
		RAISE EXCEPTION 'position is another''s' USING ERRCODE = 'PH001';
	END IF;
	RETURN true;
END
$$;
GRANT EXECUTE ON FUNCTION phased.position_holds(text, text[], integer[], bigint[]) TO phased_writer;

-- As for every function (0002): nobody's but those who were given it.
REVOKE ALL ON FUNCTION phased.position_advance_under(bigint, text, text[], integer[], bigint[], bigint[], bigint[], bigint[],
	timestamptz[]), phased.written_all(bigint, bigint), phased.position_holds(text, text[], integer[], bigint[]) FROM PUBLIC;
