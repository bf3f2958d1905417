-- Rejected messages are looked after: when each was noted and when it was tried again, its bytes where the configuration
-- keeps them, and its end. And what a monitor may read beside them.

SET LOCAL ROLE phased_owner;

ALTER TABLE phased.rejected
	ADD COLUMN IF NOT EXISTS noted_at timestamptz NOT NULL DEFAULT now(),	-- what its retention counts from; of older rows: when this file was applied
	ADD COLUMN IF NOT EXISTS retried_at timestamptz;			-- when phasectl rejects retry sent the message again
CREATE INDEX IF NOT EXISTS rejected_noted ON phased.rejected (noted_at);

-- A rejected message as it was: whoever it is about is in it. Empty unless rejects.keep_raw says otherwise; goes with its row.
CREATE TABLE IF NOT EXISTS phased.rejected_raw (
	topic text NOT NULL,
	partition integer NOT NULL,
	"offset" bigint NOT NULL,
	form smallint NOT NULL,			-- 0 protobuf, 1 JSON, 2 another content-type
	value bytea NOT NULL,
	PRIMARY KEY (topic, partition, "offset"),
	FOREIGN KEY (topic, partition, "offset") REFERENCES phased.rejected ON DELETE CASCADE
);

CREATE OR REPLACE VIEW report.outcome_day AS
SELECT o.day,
	o.source,
	o.site,
	CASE o.channel WHEN 1 THEN 'web' WHEN 2 THEN 'email' WHEN 3 THEN 'chat' WHEN 4 THEN 'crm' WHEN 5 THEN 'offline' END AS channel,
	o.outcome,
	o.n AS events
FROM phased.outcome_day o;

CREATE OR REPLACE VIEW report.model AS
SELECT lpad(to_hex(m.version), 16, '0') AS model, m.in_force, m.accepted_at
FROM phased.model m;

GRANT DELETE, UPDATE (retried_at) ON phased.rejected TO phased_writer;
GRANT SELECT, INSERT ON phased.rejected_raw TO phased_writer;
GRANT SELECT ON phased.rejected_raw TO phased_privacy;
GRANT USAGE ON SCHEMA report TO phased_monitor;
GRANT SELECT ON report.outcome_day, report.model TO phased_reader, phased_seller, phased_privacy, phased_monitor;

COMMENT ON COLUMN phased.rejected.noted_at IS 'When this row was written; it is deleted rejects.days later. pii:none';
COMMENT ON COLUMN phased.rejected.retried_at IS 'When its message was sent again; NULL: it was not. pii:none';
COMMENT ON TABLE phased.rejected_raw IS 'The bytes of rejected messages, where the configuration keeps them.';
COMMENT ON COLUMN phased.rejected_raw.topic IS 'pii:none';
COMMENT ON COLUMN phased.rejected_raw.partition IS 'pii:none';
COMMENT ON COLUMN phased.rejected_raw."offset" IS 'pii:none';
COMMENT ON COLUMN phased.rejected_raw.form IS 'pii:none';
COMMENT ON COLUMN phased.rejected_raw.value IS 'pii:direct';
COMMENT ON VIEW report.outcome_day IS 'How many events ended how: a row a day, source, site, channel and outcome.';
COMMENT ON COLUMN report.outcome_day.day IS 'UTC day of the event, by its sender''s stamp; of what could not be read, of its record. pii:none';
COMMENT ON COLUMN report.outcome_day.source IS 'Which kind of tracker or hook sent it; empty: it could not be read. pii:none';
COMMENT ON COLUMN report.outcome_day.site IS 'Site or tenant. pii:none';
COMMENT ON COLUMN report.outcome_day.channel IS 'web, email, chat, crm, offline; NULL: it could not be read. pii:none';
COMMENT ON COLUMN report.outcome_day.outcome IS 'What became of it: applied, duplicate, no_consent, unreadable, … pii:none';
COMMENT ON COLUMN report.outcome_day.events IS 'How many. pii:none';
COMMENT ON VIEW report.model IS 'The models that were accepted, and which of them is in force.';
COMMENT ON COLUMN report.model.model IS 'Version, 16 hexadecimal digits. pii:none';
COMMENT ON COLUMN report.model.in_force IS 'Phases are computed by this one. pii:none';
COMMENT ON COLUMN report.model.accepted_at IS 'When it was accepted. pii:none';
