-- States to go on from: a touch that comes late, or a copy that takes another's place, has touches folded anew from the last of
-- these before it, not from the start. Written by whoever writes the contact's arbiter, and a function of its touches, as its states are.

SET LOCAL ROLE phased_owner;

-- After every 64 touches that left a trace, and all others of the last one's millisecond.
CREATE TABLE phased.checkpoint (
	contact_id uuid NOT NULL,
	process text NOT NULL,
	n integer NOT NULL,			-- 1 after 64 touches, 2 after 128, …
	model_version bigint NOT NULL,
	at timestamptz NOT NULL,		-- the last of them
	fold bytea NOT NULL,			-- core/model/phase_pack.h
	shown smallint NOT NULL,		-- as in phased.phase, then
	since timestamptz,
	PRIMARY KEY (contact_id, process, n)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON phased.checkpoint TO phased_writer;
GRANT SELECT ON phased.checkpoint TO phased_privacy;

COMMENT ON TABLE phased.checkpoint IS 'The state of a contact in a process after every 64 touches: where a refold begins.';
COMMENT ON COLUMN phased.checkpoint.contact_id IS 'pii:pseudonym';
COMMENT ON COLUMN phased.checkpoint.process IS 'pii:none';
COMMENT ON COLUMN phased.checkpoint.n IS 'pii:pseudonym';
COMMENT ON COLUMN phased.checkpoint.model_version IS 'pii:none';
COMMENT ON COLUMN phased.checkpoint.at IS 'pii:pseudonym';
COMMENT ON COLUMN phased.checkpoint.fold IS 'pii:pseudonym';
COMMENT ON COLUMN phased.checkpoint.shown IS 'pii:pseudonym';
COMMENT ON COLUMN phased.checkpoint.since IS 'pii:pseudonym';
