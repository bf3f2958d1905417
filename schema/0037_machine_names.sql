-- What the audit says of a decision about machines are names of reasons, as the table has them: not what somebody calls the function with.

SET LOCAL ROLE phased_owner;

-- As before, but for that.
CREATE OR REPLACE FUNCTION report.machine_decide(p_contact uuid, p_reasons text[], p_cleared boolean, p_comment text)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	wanted text[] := p_reasons;
	changed bigint;
	names text;
BEGIN
	PERFORM FROM phased.phase p WHERE p.contact_id = p_contact AND p.process = 'standard' FOR UPDATE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'nothing is known of this contact' USING ERRCODE = 'PH004';
	END IF;
	IF cardinality(wanted) = 0 THEN
		wanted := CASE WHEN p_cleared THEN ARRAY['any']
			ELSE ARRAY(SELECT d.reason FROM phased.machine_decision d WHERE d.contact_id = p_contact AND d.cleared) END;
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
		RETURNING d.reason)
	SELECT count(*), string_agg(w.reason, ', ' ORDER BY w.reason COLLATE "C") INTO changed, names FROM written w;
	IF changed > 0 THEN
		UPDATE phased.phase p SET version = p.version + 1,
			cleared = (SELECT coalesce(bit_or(r.bits), 0) FROM phased.machine_decision d
				JOIN report.machine_reason r ON r.reason = d.reason WHERE d.contact_id = p_contact AND d.cleared)
		WHERE p.contact_id = p_contact AND p.process = 'standard';
		INSERT INTO phased.refold AS q (contact_id, from_at, anonymous)
		SELECT p_contact, '-infinity', EXISTS (SELECT FROM phased.actor a WHERE a.actor_id = p_contact AND a.kind < 3)
		ON CONFLICT (contact_id) DO UPDATE SET from_at = excluded.from_at;
		PERFORM phased.audit_note(CASE WHEN p_cleared THEN 'machine clear' ELSE 'machine undo' END, names,
			jsonb_build_object('contacts', 1, 'reasons', changed));
	END IF;
	RETURN changed;
END
$$;
