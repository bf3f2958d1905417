-- Contacts that wait to be folded anew: more than a batch does itself. Their touches are there; what is shown of them is of before.

SET LOCAL ROLE phased_owner;

-- Written and deleted by whoever writes the contact's arbiter in the same transaction.
CREATE TABLE phased.refold (
	contact_id uuid PRIMARY KEY,
	from_at timestamptz NOT NULL,		-- before this moment nothing has changed; '-infinity': something may have
	anonymous boolean NOT NULL,
	queued_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX refold_queued ON phased.refold (queued_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON phased.refold TO phased_writer;
GRANT SELECT ON phased.refold TO phased_privacy;

COMMENT ON TABLE phased.refold IS 'Contacts whose touches have changed and whose phase is not worked out anew yet.';
COMMENT ON COLUMN phased.refold.contact_id IS 'pii:pseudonym';
COMMENT ON COLUMN phased.refold.from_at IS 'pii:pseudonym';
COMMENT ON COLUMN phased.refold.anonymous IS 'pii:none';
COMMENT ON COLUMN phased.refold.queued_at IS 'pii:none';
