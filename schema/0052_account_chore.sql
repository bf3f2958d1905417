-- The chore that writes where accounts are: which accounts are of before, and what is written of them.

SET LOCAL ROLE phased_owner;

-- Of an account of which nothing has come.
ALTER TABLE phased.account_phase ALTER COLUMN as_of DROP NOT NULL;

-- How far the chore has come; one row. Whoever has it locked works on a slice, and nobody else does meanwhile.
CREATE TABLE phased.account_walk (
	only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
	after_account text,			-- accounts up to this one are done; NULL: all are
	seen bigint NOT NULL,			-- writes of what accounts are worked out from when this way through them began; -1: not all could be done
	way bigint NOT NULL			-- which one it is
) WITH (fillfactor = 50);
INSERT INTO phased.account_walk (seen, way) VALUES (-1, 0);

-- The next slice of accounts whose rows are of before. First a row with the last account that this slice does, whether that is the end, and
-- which settings hold; then a row an account, with what its contacts are now and how many (0: it has none any more); then its contacts (of those with
-- more than p_contacts so many and one), with each state that says how much they have done. No row: nothing has changed, or somebody else is at it.
-- Accounts with contacts of another model are passed over: who folds these anew comes first.
--
-- What is read first is what is kept as what the rows were worked out from: whoever changes something meanwhile makes them be worked out again.
CREATE FUNCTION phased.account_due(p_model bigint, p_look bigint, p_accounts bigint, p_contacts bigint, p_until timestamptz)
RETURNS TABLE (account text, last boolean, way bigint, settings bigint, signature bigint, contacts bigint, contact_id uuid, version bigint,
	role text, fold bytea)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
	from_account text;
	to_account text;
	bound text;
	seen_before bigint;
	this_way bigint;
	-- As far as the statistics know: whoever commits is counted a moment later, and then there is one more way through.
	writes bigint := (SELECT sum(pg_stat_get_tuples_inserted(t) + pg_stat_get_tuples_updated(t) + pg_stat_get_tuples_deleted(t))
		FROM unnest(ARRAY['phased.phase', 'phased.contact', 'phased.committee']::regclass[]) AS t);
	setting bigint := coalesce((SELECT bit_xor(hash_record_extended(c, 0)) FROM phased.committee c), 0);
	found_accounts text[];
	found_signatures bigint[];
	found_contacts bigint[];
BEGIN
	SELECT w.after_account, w.seen, w.way INTO from_account, seen_before, this_way FROM phased.account_walk w FOR UPDATE SKIP LOCKED;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	IF from_account IS NULL THEN
		IF seen_before = writes AND current_setting('track_counts')::boolean
			AND NOT EXISTS (SELECT FROM phased.account_state s WHERE s.review_at <= p_until) THEN
			RETURN;
		END IF;
		from_account := '';
		this_way := this_way + 1;
		UPDATE phased.account_walk w SET after_account = '', seen = writes, way = this_way;
	END IF;
	-- All contacts of so many accounts as have p_look together, the last one whole.
	SELECT c.account INTO to_account FROM phased.contact c
	WHERE c.account > from_account ORDER BY c.account OFFSET p_look - 1 LIMIT 1;
	bound := coalesce(to_account, greatest(from_account, (SELECT max(c.account) FROM phased.contact c),
		(SELECT max(s.account) FROM phased.account_state s)));
	SELECT array_agg(d.account ORDER BY d.account), array_agg(d.signature ORDER BY d.account), array_agg(d.contacts ORDER BY d.account)
	INTO found_accounts, found_signatures, found_contacts
	FROM (
		SELECT coalesce(k.account, s.account) AS account, coalesce(k.signature, 0) AS signature, coalesce(k.contacts, 0) AS contacts
		FROM (
			SELECT c.account, count(*) AS contacts, bool_or(p.other) AS other,
				bit_xor(uuid_hash_extended(c.contact_id, hashtextextended(coalesce(c.role, ''), coalesce(p.version, -1)))) AS signature
			FROM phased.contact c
			LEFT JOIN LATERAL (SELECT p.version, p.model_version <> p_model AND (p.counted > 0 OR p.confirmed > 0 OR p.shown = 1) AS other
				FROM phased.phase p WHERE p.contact_id = c.contact_id AND p.process = 'standard' OFFSET 0) AS p ON true
			WHERE c.account > from_account AND c.account <= bound
			GROUP BY c.account
		) k
		FULL JOIN (SELECT * FROM phased.account_state s WHERE s.account > from_account AND s.account <= bound) s ON s.account = k.account
		WHERE (k.account IS NULL OR s.account IS NULL OR s.signature <> k.signature OR s.model_version <> p_model
				OR s.settings <> setting OR s.review_at <= p_until)
			AND k.other IS NOT TRUE
		ORDER BY 1 LIMIT p_accounts
	) d;
	IF cardinality(found_accounts) = p_accounts THEN	-- there may be more behind the last of them
		to_account := found_accounts[p_accounts];
	END IF;
	RETURN QUERY SELECT coalesce(to_account, from_account), to_account IS NULL, this_way, setting, NULL::bigint, NULL::bigint, NULL::uuid,
		NULL::bigint, NULL::text, NULL::bytea;
	RETURN QUERY SELECT k.account, false, NULL::bigint, NULL::bigint, k.signature, k.contacts, NULL::uuid, NULL::bigint, NULL::text, NULL::bytea
	FROM unnest(found_accounts, found_signatures, found_contacts) AS k (account, signature, contacts);
	RETURN QUERY SELECT k.account, false, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, c.contact_id, coalesce(a.version, -1), c.role,
		substring(p.fold FOR 128)	-- it begins with how much that is
	FROM unnest(found_accounts) WITH ORDINALITY AS k (account, n)
	CROSS JOIN LATERAL (SELECT c.contact_id, c.role FROM phased.contact c WHERE c.account = k.account LIMIT p_contacts + 1) AS c
	LEFT JOIN LATERAL (SELECT a.version FROM phased.phase a
		WHERE a.contact_id = c.contact_id AND a.process = 'standard' OFFSET 0) AS a ON true
	LEFT JOIN LATERAL (SELECT p.fold FROM phased.phase p
		WHERE p.contact_id = c.contact_id AND (p.counted > 0 OR p.confirmed > 0 OR p.shown = 1) OFFSET 0) AS p ON true
	ORDER BY k.n, c.contact_id;
END
$$;

-- Which of these accounts may be written: all whose contacts are still of the version that was read, and are ours until the end. As the review does
-- it: nobody is waited for, and whoever is in the way comes to his turn on another way through the accounts. Later statements of the transaction go by
-- the setting that this leaves. (Version -1: it has no arbiter.)
CREATE FUNCTION phased.account_lock(p_due text[], p_accounts text[], p_contacts uuid[], p_versions bigint[])
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	held text[];
	mine text[];
BEGIN
	-- First, as whoever deletes an account's last contact does: so neither has rows that the other waits for.
	held := ARRAY (SELECT s.account FROM phased.account_state s WHERE s.account = ANY (p_due) FOR UPDATE SKIP LOCKED);
	WITH locked AS MATERIALIZED (
		SELECT k.id FROM unnest(p_contacts, p_versions) AS k (id, version)
		CROSS JOIN LATERAL (SELECT FROM phased.phase a WHERE a.contact_id = k.id AND a.process = 'standard' AND a.version = k.version
			OFFSET 0 FOR UPDATE SKIP LOCKED) AS a
	)
	SELECT coalesce(array_agg(d.account), '{}') INTO mine FROM unnest(p_due) AS d (account)
	WHERE d.account NOT IN (SELECT k.account FROM unnest(p_accounts, p_contacts, p_versions) AS k (account, id, version)
		WHERE k.version >= 0 AND k.id NOT IN (SELECT l.id FROM locked l))
		AND (d.account = ANY (held) OR NOT EXISTS (SELECT FROM phased.account_state s WHERE s.account = d.account));
	PERFORM set_config('phased.accounts', mine::text, true);
	RETURN cardinality(mine);
END
$$;

CREATE FUNCTION phased.account_put_phases(p_model bigint, p_account text[], p_process text[], p_as_of timestamptz[], p_counted integer[],
	p_confirmed integer[], p_activity double precision[], p_early double precision[], p_mid double precision[], p_late double precision[],
	p_shown smallint[], p_fine smallint[], p_band smallint[], p_quiet boolean[], p_since timestamptz[], p_last_at timestamptz[],
	p_members integer[], p_active integer[], p_silent integer[], p_laggards integer[], p_consensus double precision[],
	p_coverage double precision[], p_missing text[])
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	mine text[] := current_setting('phased.accounts')::text[];
BEGIN
	DELETE FROM phased.account_phase a WHERE a.account = ANY (mine)
		AND (a.account, a.process) NOT IN (SELECT k.account, k.process FROM unnest(p_account, p_process) AS k (account, process));
	INSERT INTO phased.account_phase (account, process, model_version, as_of, counted, confirmed, activity, early, mid, late, shown, fine, band,
		quiet, since, last_at, members, active, silent, laggards, consensus, coverage, missing)
	SELECT k.account, k.process, p_model, k.as_of, k.counted, k.confirmed, k.activity, k.early, k.mid, k.late, k.shown, k.fine, k.band, k.quiet,
		k.since, k.last_at, k.members, k.active, k.silent, k.laggards, k.consensus, k.coverage, k.missing::text[]
	FROM unnest(p_account, p_process, p_as_of, p_counted, p_confirmed, p_activity, p_early, p_mid, p_late, p_shown, p_fine, p_band, p_quiet,
		p_since, p_last_at, p_members, p_active, p_silent, p_laggards, p_consensus, p_coverage, p_missing)
		AS k (account, process, as_of, counted, confirmed, activity, early, mid, late, shown, fine, band, quiet, since, last_at, members,
			active, silent, laggards, consensus, coverage, missing)
	WHERE k.account = ANY (mine)
	ON CONFLICT (account, process) DO UPDATE SET model_version = excluded.model_version, as_of = excluded.as_of, counted = excluded.counted,
		confirmed = excluded.confirmed, activity = excluded.activity, early = excluded.early, mid = excluded.mid, late = excluded.late,
		shown = excluded.shown, fine = excluded.fine, band = excluded.band, quiet = excluded.quiet, since = excluded.since,
		last_at = excluded.last_at, members = excluded.members, active = excluded.active, silent = excluded.silent,
		laggards = excluded.laggards, consensus = excluded.consensus, coverage = excluded.coverage, missing = excluded.missing;
END
$$;

-- What is there already stays as it is.
CREATE FUNCTION phased.account_put_changes(p_account text[], p_process text[], p_at timestamptz[], p_from smallint[], p_to smallint[],
	p_by_time boolean[])
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	mine text[] := current_setting('phased.accounts')::text[];
BEGIN
	DELETE FROM phased.account_change a WHERE a.account = ANY (mine)
		AND (a.account, a.process, a.at, a.from_shown, a.to_shown, a.by_time) NOT IN (
			SELECT k.account, k.process, k.at, k.from_shown, k.to_shown, k.by_time
			FROM unnest(p_account, p_process, p_at, p_from, p_to, p_by_time) AS k (account, process, at, from_shown, to_shown, by_time));
	INSERT INTO phased.account_change (account, process, at, from_shown, to_shown, by_time)
	SELECT k.account, k.process, k.at, k.from_shown, k.to_shown, k.by_time
	FROM unnest(p_account, p_process, p_at, p_from, p_to, p_by_time) AS k (account, process, at, from_shown, to_shown, by_time)
	WHERE k.account = ANY (mine)
	ON CONFLICT DO NOTHING;
END
$$;

CREATE FUNCTION phased.account_put_members(p_account text[], p_process text[], p_contact uuid[], p_weight double precision[],
	p_laggard boolean[])
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	mine text[] := current_setting('phased.accounts')::text[];
BEGIN
	DELETE FROM phased.account_member a WHERE a.account = ANY (mine)
		AND (a.account, a.process, a.contact_id, a.weight, a.laggard) NOT IN (
			SELECT k.account, k.process, k.contact_id, k.weight, k.laggard
			FROM unnest(p_account, p_process, p_contact, p_weight, p_laggard) AS k (account, process, contact_id, weight, laggard));
	INSERT INTO phased.account_member (account, process, contact_id, weight, laggard)
	SELECT k.account, k.process, k.contact_id, k.weight, k.laggard
	FROM unnest(p_account, p_process, p_contact, p_weight, p_laggard) AS k (account, process, contact_id, weight, laggard)
	WHERE k.account = ANY (mine)
	ON CONFLICT DO NOTHING;
END
$$;

-- What they were worked out from: of one that has no contact any more nothing is kept. The slice is written. Returns how many accounts were.
CREATE FUNCTION phased.account_done(p_model bigint, p_settings bigint, p_account text[], p_signature bigint[], p_review_at timestamptz[],
	p_gone boolean[], p_after text, p_last boolean)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	mine text[] := CASE WHEN cardinality(p_account) > 0 THEN current_setting('phased.accounts')::text[] ELSE '{}' END;
BEGIN
	DELETE FROM phased.account_state s WHERE s.account = ANY (mine)
		AND s.account IN (SELECT k.account FROM unnest(p_account, p_gone) AS k (account, gone) WHERE k.gone);
	INSERT INTO phased.account_state (account, signature, model_version, settings, review_at)
	SELECT k.account, k.signature, p_model, p_settings, k.review_at
	FROM unnest(p_account, p_signature, p_review_at, p_gone) AS k (account, signature, review_at, gone)
	WHERE k.account = ANY (mine) AND NOT k.gone
	ON CONFLICT (account) DO UPDATE SET signature = excluded.signature, model_version = excluded.model_version, settings = excluded.settings,
		review_at = excluded.review_at;
	UPDATE phased.account_walk w SET after_account = CASE WHEN NOT p_last THEN p_after END,
		seen = CASE WHEN cardinality(mine) < cardinality(p_account) THEN -1 ELSE w.seen END;
	RETURN cardinality(mine);
END
$$;

GRANT SELECT, UPDATE ON phased.account_walk TO phased_writer;
GRANT SELECT ON phased.account_walk TO phased_privacy, phased_monitor;
DO $$
DECLARE
	name text;
BEGIN
	FOR name IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'phased'::regnamespace AND p.proname IN ('account_due',
		'account_lock', 'account_put_phases', 'account_put_changes', 'account_put_members', 'account_done')
	LOOP
		EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', name);
		EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO phased_writer', name);
	END LOOP;
END
$$;

COMMENT ON TABLE phased.account_walk IS 'How far the daemons have come with tables account_phase, account_change and account_member.';
COMMENT ON COLUMN phased.account_walk.only_row IS 'pii:none';
COMMENT ON COLUMN phased.account_walk.after_account IS 'Accounts up to this one are done; NULL: all are. pii:none';
COMMENT ON COLUMN phased.account_walk.seen IS 'Writes of contacts, phases and committee when this way through the accounts began. pii:none';
COMMENT ON COLUMN phased.account_walk.way IS 'Which way through the accounts this is. pii:none';
COMMENT ON COLUMN report.account_phase.as_of IS
	'What the row says holds from then on: the last touch or change, of the account or one of its people; NULL: nothing has come. pii:none';
