-- Who may do what. Roles belong to the cluster, not to the database: they are made where they are missing, also when
-- two databases are migrated at the same moment. They are groups without login; an administrator grants them to the
-- users that people and services log in with.
--
-- phased_owner    owns everything here; nobody logs in as it
-- phased_writer   the daemon
-- phased_reader   reports without identity
-- phased_seller   reports with names
-- phased_privacy  whatever is held about a person
-- phased_monitor  positions, outcomes, rejects: nothing about any person

DO $$
DECLARE
	role text;
BEGIN
	FOREACH role IN ARRAY ARRAY['phased_owner', 'phased_writer', 'phased_reader', 'phased_seller', 'phased_privacy',
		'phased_monitor']
	LOOP
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
			BEGIN
				EXECUTE format('CREATE ROLE %I NOLOGIN', role);
			EXCEPTION WHEN duplicate_object OR unique_violation THEN
				NULL;	-- another database's migration was faster
			END;
		END IF;
	END LOOP;
	-- Whoever migrates must be able to act as the owner; a superuser is anyway.
	IF NOT pg_has_role(current_user, 'phased_owner', 'MEMBER') THEN
		BEGIN
			EXECUTE format('GRANT phased_owner TO %I', current_user);
		EXCEPTION WHEN unique_violation THEN
			NULL;
		END;
	END IF;
	-- A seller reads all that a reader reads.
	IF NOT pg_has_role('phased_seller', 'phased_reader', 'MEMBER') THEN
		BEGIN
			GRANT phased_reader TO phased_seller;
		EXCEPTION WHEN unique_violation THEN
			NULL;
		END;
	END IF;
END
$$;

CREATE SCHEMA report AUTHORIZATION phased_owner;

ALTER SCHEMA phased OWNER TO phased_owner;
DO $$
DECLARE
	thing record;
BEGIN
	FOR thing IN
		SELECT c.oid::regclass AS name FROM pg_class c
		WHERE c.relnamespace = 'phased'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY c.oid
	LOOP
		EXECUTE format('ALTER TABLE %s OWNER TO phased_owner', thing.name);
	END LOOP;
	FOR thing IN
		SELECT p.oid::regprocedure AS name FROM pg_proc p WHERE p.pronamespace = 'phased'::regnamespace ORDER BY p.oid
	LOOP
		EXECUTE format('ALTER FUNCTION %s OWNER TO phased_owner', thing.name);
		EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', thing.name);
	END LOOP;
END
$$;

-- A function that runs with the owner's rights must find only what it means: temporary objects come last.
ALTER FUNCTION phased.touch_month(date) SET search_path = pg_catalog, pg_temp;

SET LOCAL ROLE phased_owner;

-- What later files add is nobody's until it is granted.
ALTER DEFAULT PRIVILEGES IN SCHEMA phased REVOKE ALL ON FUNCTIONS FROM PUBLIC;

GRANT USAGE ON SCHEMA phased TO phased_writer, phased_privacy, phased_monitor;
GRANT USAGE ON SCHEMA report TO phased_reader, phased_seller, phased_privacy;

-- The writer. It deletes where facts are replaced together with their event, or derived rows are made anew.
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA phased TO phased_writer;
GRANT SELECT ON phased.schema_version, phased.model, phased.erasure TO phased_writer;
GRANT SELECT, INSERT ON phased.setting, phased.subject, phased.subject_rule, phased.rejected TO phased_writer;
GRANT SELECT, INSERT, UPDATE ON phased.actor, phased.touch, phased.phase, phased.position TO phased_writer;
GRANT SELECT, INSERT, UPDATE, DELETE ON phased.claim, phased.consent, phased.declared, phased.contact, phased.stretch,
	phased.phase_change, phased.outcome_day TO phased_writer;

GRANT SELECT ON ALL TABLES IN SCHEMA phased TO phased_privacy;
GRANT SELECT ON phased.schema_version, phased.position, phased.outcome_day, phased.rejected TO phased_monitor;
