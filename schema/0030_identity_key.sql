-- Which key the ids here were made with: whoever makes one from an address has to have the same.

SET LOCAL ROLE phased_owner;

CREATE VIEW report.identity_key AS
SELECT s.value AS kid
FROM phased.setting s
WHERE s.key = 'identity.kid';

GRANT SELECT ON report.identity_key TO phased_reader, phased_seller, phased_privacy, phased_monitor;

COMMENT ON VIEW report.identity_key IS 'Which identity key this database was begun with; no row before its first daemon.';
COMMENT ON COLUMN report.identity_key.kid IS 'Tells keys apart, and says nothing else of them. pii:none';
