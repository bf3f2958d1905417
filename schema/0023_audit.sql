-- Who did what to what is held here, in a chain: each row carries the hash of the one before it, so that a row that is changed, taken out
-- or put in afterwards shows (`phasectl audit --verify`). Nothing of it says about whom: it outlives everybody who is erased.

SET LOCAL ROLE phased_owner;

CREATE TABLE phased.audit (
	id bigint PRIMARY KEY,			-- 1, 2, 3, … without a gap
	at timestamptz NOT NULL,
	what text NOT NULL CHECK (what ~ '^[a-z]+( [a-z]+)?$'),
	-- A model's version, a partition, a date, names of reasons. No room for an address, and an actor's id is refused.
	about text NOT NULL CHECK (about ~ '^[A-Za-z0-9._:/, -]*$' AND length(about) <= 300
		AND about !~* '[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}'),
	counts jsonb NOT NULL CHECK (jsonb_typeof(counts) = 'object' AND NOT jsonb_path_exists(counts, 'strict $.* ? (@.type() != "number")')),
	who text NOT NULL,
	previous bytea NOT NULL,		-- the row before's hash; of the first one: 32 zero bytes
	hash bytea NOT NULL			-- SHA-256 of previous, then of the lines id, microseconds of at, what, about, counts, who
);

-- Adds a row, as whoever is logged in, with the transaction that it speaks of. The last thing that a transaction does: until it ends,
-- nobody else can note anything. Returns the row's number.
CREATE FUNCTION phased.audit_note(p_what text, p_about text, p_counts jsonb)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	line phased.audit;
BEGIN
	LOCK TABLE phased.audit IN SHARE ROW EXCLUSIVE MODE;
	SELECT a.id + 1, a.hash INTO line.id, line.previous FROM phased.audit a ORDER BY a.id DESC LIMIT 1;
	IF NOT FOUND THEN
		line.id := 1;
		line.previous := decode(repeat('00', 32), 'hex');
	END IF;
	line.at := clock_timestamp();
	line.what := p_what;
	line.about := p_about;
	line.counts := p_counts;
	line.who := session_user;
	line.hash := sha256(line.previous || convert_to(concat_ws(E'\n', line.id, (extract(epoch FROM line.at) * 1000000)::bigint, line.what,
		line.about, line.counts, line.who), 'UTF8'));
	INSERT INTO phased.audit SELECT line.*;
	-- Also where nobody can change it with the table.
	RAISE LOG 'phased: audit % % by %: %', line.id, line.what, line.who, encode(line.hash, 'hex');
	RETURN line.id;
END
$$;

-- As before, with its line in the audit.
CREATE OR REPLACE FUNCTION report.machine_decide(p_contact uuid, p_reasons text[], p_cleared boolean, p_comment text)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	wanted text[] := p_reasons;
	changed bigint;
BEGIN
	PERFORM FROM phased.phase p WHERE p.contact_id = p_contact AND p.process = 'standard' FOR UPDATE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'nothing is known of this contact' USING ERRCODE = 'PH004';
	END IF;
	IF cardinality(wanted) = 0 THEN
		wanted := CASE WHEN p_cleared THEN ARRAY['any']
			ELSE ARRAY(SELECT d.reason FROM phased.machine_decision d WHERE d.contact_id = p_contact AND d.cleared ORDER BY 1) END;
	END IF;
	WITH written AS (
		INSERT INTO phased.machine_decision AS d (contact_id, reason, cleared, decided_by, comment)
		SELECT p_contact, r.reason, p_cleared, session_user, p_comment
		FROM report.machine_reason r
		WHERE r.reason = ANY (wanted) AND (p_cleared OR EXISTS (SELECT FROM phased.machine_decision e
			WHERE e.contact_id = p_contact AND e.reason = r.reason))
		ON CONFLICT (contact_id, reason) DO UPDATE SET cleared = excluded.cleared, decided_at = now(),
			decided_by = excluded.decided_by, comment = excluded.comment
		WHERE d.cleared <> excluded.cleared
		RETURNING 1)
	SELECT count(*) INTO changed FROM written;
	IF changed > 0 THEN
		UPDATE phased.phase p SET version = p.version + 1,
			cleared = (SELECT coalesce(bit_or(r.bits), 0) FROM phased.machine_decision d
				JOIN report.machine_reason r ON r.reason = d.reason WHERE d.contact_id = p_contact AND d.cleared)
		WHERE p.contact_id = p_contact AND p.process = 'standard';
		INSERT INTO phased.refold AS q (contact_id, from_at, anonymous)
		SELECT p_contact, '-infinity', EXISTS (SELECT FROM phased.actor a WHERE a.actor_id = p_contact AND a.kind < 3)
		ON CONFLICT (contact_id) DO UPDATE SET from_at = excluded.from_at;
		PERFORM phased.audit_note(CASE WHEN p_cleared THEN 'machine clear' ELSE 'machine undo' END, array_to_string(wanted, ', '),
			jsonb_build_object('contacts', 1, 'reasons', changed));
	END IF;
	RETURN changed;
END
$$;

GRANT SELECT ON phased.audit TO phased_privacy, phased_monitor;
REVOKE ALL ON FUNCTION phased.audit_note(text, text, jsonb) FROM PUBLIC;
-- The daemon (retention), position set; erase, export, join, split. Whoever may call nothing but a function of the owner's is noted by that.
GRANT EXECUTE ON FUNCTION phased.audit_note(text, text, jsonb) TO phased_writer, phased_privacy;

COMMENT ON TABLE phased.audit IS 'Who did what to what is held: a chain of hashes, with nothing in it about whom.';
COMMENT ON COLUMN phased.audit.id IS 'pii:none';
COMMENT ON COLUMN phased.audit.at IS 'pii:none';
COMMENT ON COLUMN phased.audit.what IS 'The command: erase, export, model accept, … pii:none';
COMMENT ON COLUMN phased.audit.about IS 'Of things, never of people: a model''s version, a partition, a date. pii:none';
COMMENT ON COLUMN phased.audit.counts IS 'How many of what. pii:none';
COMMENT ON COLUMN phased.audit.who IS 'Database user who did it. pii:none';
COMMENT ON COLUMN phased.audit.previous IS 'Hash of the row before. pii:none';
COMMENT ON COLUMN phased.audit.hash IS 'Of previous and this row. pii:none';
