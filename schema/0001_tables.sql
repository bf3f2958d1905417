-- Tables of phased. Owned by phased_owner; the daemon writes them as a member of phased_writer, people read schema
-- report. Enumerations are small integers; their words stand in core/model.

CREATE SCHEMA phased;

-- Which files of schema/ this database was built from; written by `phasectl migrate` only.
CREATE TABLE phased.schema_version (
	version integer PRIMARY KEY,
	name text NOT NULL,
	sha256 text NOT NULL,			-- of the file, as it was when it was applied
	applied_at timestamptz NOT NULL DEFAULT now(),
	applied_by text NOT NULL DEFAULT session_user
);

-- The value of a setting that must never change once data rests on it (subject.property_keys, identity.kid).
CREATE TABLE phased.setting (
	key text PRIMARY KEY,
	value text NOT NULL
);

-- One identifier of somebody. A strong one's value stands only while its person consents.
CREATE TABLE phased.actor (
	actor_id uuid PRIMARY KEY,
	kind smallint NOT NULL,			-- 0 cookie, 1 visitor, 2 recipient, 3 email, 4 user, 5 crm
	space text NOT NULL,
	value text				-- the address, of a person with profile consent only
);

-- "At this time the person behind weak was strong."
CREATE TABLE phased.claim (
	weak uuid NOT NULL,
	strong uuid NOT NULL,
	stamped timestamptz NOT NULL,
	event_id bigint NOT NULL,
	at timestamptz NOT NULL,
	strength smallint NOT NULL,		-- 0 claimed, 1 verified
	PRIMARY KEY (weak, strong, stamped, event_id)
);
CREATE INDEX claim_strong ON phased.claim (strong, weak);

CREATE TABLE phased.consent (
	actor_id uuid NOT NULL,
	purpose smallint NOT NULL,		-- 0 profile, 1 contact
	stamped timestamptz NOT NULL,
	event_id bigint NOT NULL,
	touch_actor uuid NOT NULL,		-- on whom the touch of its event is recorded: goes when that copy no longer stands
	at timestamptz NOT NULL,
	state smallint NOT NULL,		-- 1 granted, 2 denied, 3 withdrawn
	source text NOT NULL,
	policy text NOT NULL,
	PRIMARY KEY (actor_id, purpose, stamped, event_id, touch_actor)
);
CREATE INDEX consent_touch ON phased.consent (touch_actor, stamped, event_id);

CREATE TABLE phased.declared (
	actor_id uuid NOT NULL,
	attribute smallint NOT NULL,		-- 0 address, 1 name, 2 role, 3 title, 4 company
	source text NOT NULL,
	stamped timestamptz NOT NULL,
	event_id bigint NOT NULL,
	touch_actor uuid NOT NULL,		-- as in consent; an event that declares something grants consent, too
	at timestamptz NOT NULL,
	value text NOT NULL,
	PRIMARY KEY (actor_id, attribute, source, stamped, event_id, touch_actor)
);

-- A person, as the facts above say. Derived; a row only while there is profile consent.
CREATE TABLE phased.contact (
	contact_id uuid PRIMARY KEY,
	address text,
	name text,
	role text,
	role_declared text,
	title text,
	company text,
	may_write boolean NOT NULL		-- consent for purpose contact
);

-- Whose touches of an actor these are, from_at <= at < to_at. Derived. A weak actor without a row is a contact of its
-- own; a strong one without a row belongs to nobody who consented.
CREATE TABLE phased.stretch (
	actor_id uuid NOT NULL,
	from_at timestamptz NOT NULL,
	to_at timestamptz NOT NULL,
	contact_id uuid NOT NULL,
	PRIMARY KEY (actor_id, from_at)
);
CREATE INDEX stretch_contact ON phased.stretch (contact_id);

-- What touches were about: the texts that rules look at, once.
CREATE TABLE phased.subject (
	subject_id bigint PRIMARY KEY,
	source text NOT NULL,
	site text NOT NULL,
	channel smallint NOT NULL,
	process text NOT NULL,
	action integer NOT NULL,
	label text NOT NULL,
	host text NOT NULL,
	path text NOT NULL,
	title text NOT NULL,
	content_id text NOT NULL,
	form_id text NOT NULL,
	target_host text NOT NULL,
	target_path text NOT NULL,
	topic text NOT NULL,
	engagement smallint NOT NULL,
	properties text NOT NULL		-- values of the configured property keys, a line each
);

-- Which rule of which process a subject matches under a model.
CREATE TABLE phased.subject_rule (
	model_version bigint NOT NULL,
	subject_id bigint NOT NULL,
	process text NOT NULL,
	rule text,				-- NULL: never evidence
	rule_number smallint,			-- its place among the process's rules
	content text NOT NULL,
	mail_click boolean NOT NULL,
	link bigint NOT NULL,			-- of a mail click: which link; 0: the rule stands for it
	confirm smallint NOT NULL,		-- of a CONFIRM: bitmask of the states it names
	PRIMARY KEY (model_version, subject_id)
);

-- The price of everything: fixed width, no NULL, no second index. Order of the columns = which of several copies
-- stands: the one received first, then the smaller at, subject_id, reasons, party.
CREATE TABLE phased.touch (
	actor_id uuid NOT NULL,
	stamped timestamptz NOT NULL,
	event_id bigint NOT NULL,
	received timestamptz NOT NULL,
	at timestamptz NOT NULL,
	subject_id bigint NOT NULL,
	reasons integer NOT NULL,		-- machine reasons, a bit each; not 0: moves nothing
	party smallint NOT NULL,		-- 1 person, 2 agent, 3 bot, 4 system
	PRIMARY KEY (actor_id, stamped, event_id)
) PARTITION BY RANGE (stamped);
CREATE TABLE phased.touch_default PARTITION OF phased.touch DEFAULT;

-- The phase of a contact in a process. The row of process 'standard' is the contact's arbiter: whoever adds, moves,
-- re-attributes or erases a touch of the contact, or decides on its consent or claims, locks it and writes it with
-- version + 1. Arbiters are never deleted; an empty one (counted 0, confirmed 0) is shown nowhere.
CREATE TABLE phased.phase (
	contact_id uuid NOT NULL,
	process text NOT NULL,
	version bigint NOT NULL,
	model_version bigint NOT NULL,
	fold bytea NOT NULL,			-- core/model/phase_pack.h; '' before the first touch
	counted integer NOT NULL,
	confirmed integer NOT NULL,
	activity double precision NOT NULL,	-- at last_at
	early double precision NOT NULL,
	mid double precision NOT NULL,
	late double precision NOT NULL,
	reported smallint NOT NULL,		-- -1 nothing yet, 0 early, 1 mid, 2 late
	shown smallint NOT NULL,		-- 0 unknown, 1 none, 2 early, 3 mid, 4 late
	fine smallint NOT NULL,			-- state of the process, 0: not sure enough
	band smallint NOT NULL,			-- 0 null, 1 low, 2 medium, 3 high
	since timestamptz,			-- of what is shown
	last_at timestamptz,			-- last counted touch
	review_at timestamptz,			-- when time alone may change what is shown
	PRIMARY KEY (contact_id, process)
) WITH (fillfactor = 70);

-- What was shown, from when on; net per millisecond.
CREATE TABLE phased.phase_change (
	contact_id uuid NOT NULL,
	process text NOT NULL,
	at timestamptz NOT NULL,
	from_shown smallint NOT NULL,
	to_shown smallint NOT NULL,
	cause bigint NOT NULL,			-- event_id of the touch
	noticed_at timestamptz NOT NULL,
	late boolean NOT NULL,			-- found by a refold, after later touches were known
	PRIMARY KEY (contact_id, process, at)
);

CREATE TABLE phased.outcome_day (
	day date NOT NULL,			-- UTC, of the sender's stamp: the same in every retry
	source text NOT NULL,
	site text NOT NULL,
	channel smallint NOT NULL,
	outcome text NOT NULL,
	n bigint NOT NULL,
	PRIMARY KEY (day, source, site, channel, outcome)
);

CREATE TABLE phased.rejected (
	topic text NOT NULL,
	partition integer NOT NULL,
	"offset" bigint NOT NULL,
	reason text NOT NULL,
	field text NOT NULL,
	size integer NOT NULL,
	hash bigint NOT NULL,
	at timestamptz NOT NULL,		-- of the record
	source text NOT NULL,
	PRIMARY KEY (topic, partition, "offset")
);

-- How far this group has come: the truth that Kafka's committed offsets only mirror.
CREATE TABLE phased.position (
	grp text NOT NULL,
	topic text NOT NULL,
	partition integer NOT NULL,
	next_offset bigint NOT NULL,		-- -2: from the beginning
	epoch bigint NOT NULL,
	owner text NOT NULL,
	end_offset bigint NOT NULL,		-- of the log, as last heard; -1: not yet
	oldest timestamptz,			-- record time of the last message applied
	updated_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (grp, topic, partition)
) WITH (fillfactor = 50);

CREATE TABLE phased.model (
	version bigint PRIMARY KEY,
	text text NOT NULL,
	accepted_at timestamptz NOT NULL DEFAULT now(),
	accepted_by text NOT NULL DEFAULT session_user,
	in_force boolean NOT NULL
);
CREATE UNIQUE INDEX model_in_force ON phased.model (in_force) WHERE in_force;

-- Who was erased: touches at or before `at` are refused for ever.
CREATE TABLE phased.erasure (
	actor_id uuid PRIMARY KEY,
	at timestamptz NOT NULL,
	positions jsonb NOT NULL
);

-- Takes partitions over: epoch + 1, so that whoever had them before can write nothing more. Waits for a transaction of
-- a predecessor that is under way. Keys in order, against deadlocks.
CREATE FUNCTION phased.position_claim(p_grp text, p_topics text[], p_partitions integer[], p_owner text)
RETURNS TABLE (topic text, partition integer, next_offset bigint, epoch bigint)
LANGUAGE sql AS $$
	INSERT INTO phased.position AS p (grp, topic, partition, next_offset, epoch, owner, end_offset)
	SELECT p_grp, k.topic, k.partition, -2, 1, p_owner, -1
	FROM unnest(p_topics, p_partitions) AS k (topic, partition)
	ORDER BY k.topic, k.partition
	ON CONFLICT (grp, topic, partition) DO UPDATE SET epoch = p.epoch + 1, owner = excluded.owner, updated_at = now()
	RETURNING p.topic, p.partition, p.next_offset, p.epoch
$$;

-- First statement of a batch: moves every touched partition on, or stops the transaction with SQLSTATE PH001 when one
-- of them is not where and whose the caller thinks. Returns the version of the model in force.
CREATE FUNCTION phased.position_advance(p_grp text, p_topics text[], p_partitions integer[], p_from bigint[],
	p_to bigint[], p_epochs bigint[], p_ends bigint[], p_oldest timestamptz[])
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	moved bigint;
BEGIN
	PERFORM 1
	FROM phased.position p
	JOIN unnest(p_topics, p_partitions) AS k (topic, partition)
		ON p.grp = p_grp AND p.topic = k.topic AND p.partition = k.partition
	ORDER BY p.topic, p.partition
	FOR UPDATE OF p;
	UPDATE phased.position p
	SET next_offset = k.to_offset, end_offset = k.end_offset, oldest = k.oldest, updated_at = now()
	FROM unnest(p_topics, p_partitions, p_from, p_to, p_epochs, p_ends, p_oldest)
		AS k (topic, partition, from_offset, to_offset, epoch, end_offset, oldest)
	WHERE p.grp = p_grp AND p.topic = k.topic AND p.partition = k.partition
		AND p.next_offset = k.from_offset AND p.epoch = k.epoch;
	GET DIAGNOSTICS moved = ROW_COUNT;
	IF moved <> cardinality(p_topics) THEN
		RAISE EXCEPTION 'position moved by another' USING ERRCODE = 'PH001';
	END IF;
	RETURN (SELECT version FROM phased.model WHERE in_force);
END
$$;

-- Makes the partition of a month (UTC) and moves what of it lies in the DEFAULT one; nothing where it is there already.
-- Only months from 2000 to two months from now: impossible stamps stay in DEFAULT.
CREATE FUNCTION phased.touch_month(p_month date)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
	first date := date_trunc('month', p_month)::date;
	next date := (date_trunc('month', p_month) + interval '1 month')::date;
	name text := 'touch_' || to_char(first, 'YYYY_MM');
BEGIN
	IF first < date '2000-01-01' OR first > date_trunc('month', now() AT TIME ZONE 'UTC') + interval '2 months' THEN
		RETURN false;
	END IF;
	PERFORM pg_advisory_xact_lock(hashtext('phased.touch_month'));
	IF to_regclass('phased.' || name) IS NOT NULL THEN
		RETURN true;
	END IF;
	-- What ATTACH takes anyway, but before any row: a batch that has read the DEFAULT partition may still write one of the
	-- rows that move, and each would wait for the other.
	LOCK TABLE phased.touch_default IN ACCESS EXCLUSIVE MODE;
	EXECUTE format('CREATE TABLE phased.%I (LIKE phased.touch INCLUDING ALL)', name);
	EXECUTE format('WITH moved AS (DELETE FROM phased.touch_default WHERE stamped >= %L AND stamped < %L RETURNING *) '
		|| 'INSERT INTO phased.%I SELECT * FROM moved', first::text || ' 00:00:00+00', next::text || ' 00:00:00+00', name);
	EXECUTE format('ALTER TABLE phased.touch ATTACH PARTITION phased.%I FOR VALUES FROM (%L) TO (%L)', name,
		first::text || ' 00:00:00+00', next::text || ' 00:00:00+00');
	RETURN true;
END
$$;
