-- The ledger of erasures says from when on touches are refused, too: of a browser that others use as well, only what belonged to
-- whoever was erased. And what erasing needs to be allowed to do: `phasectl erase` by phased_privacy, and a daemon that starts on a
-- database which does not know of an erasure yet.

SET LOCAL ROLE phased_owner;

ALTER TABLE phased.erasure
	ADD COLUMN from_at timestamptz NOT NULL DEFAULT '-infinity',
	ADD COLUMN erased_at timestamptz;
UPDATE phased.erasure SET erased_at = at;
ALTER TABLE phased.erasure
	ALTER COLUMN from_at DROP DEFAULT,
	ALTER COLUMN erased_at SET NOT NULL,
	DROP CONSTRAINT erasure_pkey,
	ADD PRIMARY KEY (actor_id, from_at);

-- Both roles delete what stands under the ids of whoever is erased, lock and empty arbiters, write what is left of a shared browser
-- anew and put whoever else is concerned into the queue.
GRANT INSERT, UPDATE ON phased.erasure TO phased_writer, phased_privacy;
GRANT DELETE ON phased.actor, phased.touch, phased.phase, phased.machine_decision, phased.rejected_raw TO phased_writer;
GRANT DELETE ON phased.actor, phased.claim, phased.consent, phased.declared, phased.contact, phased.stretch, phased.touch,
	phased.phase, phased.phase_change, phased.checkpoint, phased.refold, phased.machine_decision, phased.explanation,
	phased.history, phased.rejected_raw TO phased_privacy;
GRANT SELECT ON phased.machine_decision TO phased_writer;
GRANT INSERT, UPDATE ON phased.phase, phased.refold TO phased_privacy;
GRANT INSERT ON phased.stretch TO phased_privacy;

COMMENT ON TABLE phased.erasure IS 'Who was erased: which of their touches are refused for ever.';
COMMENT ON COLUMN phased.erasure.from_at IS
	'Touches from this moment on, -infinity: all; then also messages below the positions. pii:pseudonym';
COMMENT ON COLUMN phased.erasure.at IS 'Up to this moment, included. pii:pseudonym';
COMMENT ON COLUMN phased.erasure.erased_at IS 'When it was done. pii:none';
COMMENT ON COLUMN phased.erasure.positions IS
	'How far the logs reached then: an offset for each partition of each topic; {} where from_at is a moment. pii:none';
