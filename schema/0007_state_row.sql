-- A row of phased.phase on its way there, as one value: an array of these reaches the server's executor for a third of what an array for
-- each column costs.

SET LOCAL ROLE phased_owner;

CREATE TYPE phased.state_row AS (
	place tid,			-- ctid, as it was read; NULL: of a new one
	contact_id uuid,
	process text,
	version bigint,			-- as it was read; of a new one: 1
	fold bytea,			-- NULL: nothing but the version changes; from here on, columns of phased.phase
	counted integer,
	confirmed integer,
	activity double precision,
	early double precision,
	mid double precision,
	late double precision,
	reported smallint,
	shown smallint,
	fine smallint,
	band smallint,
	since timestamptz,
	last_at timestamptz,
	review_at timestamptz
);
REVOKE USAGE ON TYPE phased.state_row FROM PUBLIC;
GRANT USAGE ON TYPE phased.state_row TO phased_writer;
