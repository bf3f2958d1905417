-- Whose role somebody else has by now is said once; and whoever asks who is where, by name, sees for which account.

SET LOCAL ROLE phased_owner;

-- As before, but for that: who has succeeded somebody is worked out only where it is asked for.
CREATE OR REPLACE VIEW report.person AS
SELECT p.contact_id, p.address, p.name, p.role, p.title, p.company, p.may_write, p.role_source, p.role_at, p.role_since, p.account,
	p.account_source, p.succeeded_by,
	(SELECT o.role_since FROM phased.contact o WHERE o.contact_id = p.succeeded_by) AS succeeded_at
FROM (
	SELECT c.contact_id,
		c.address,
		c.name,
		c.role,
		c.title,
		c.company,
		c.may_write,
		CASE c.role_source WHEN 1 THEN 'declared' WHEN 2 THEN 'CRM' WHEN 3 THEN 'title' END AS role_source,
		c.role_at,
		c.role_since,
		c.account,
		CASE WHEN coalesce(h.list, d.list) <> '' THEN coalesce(h.list, d.list)
			WHEN c.account IS NULL AND h.domain IS NULL AND d.domain IS NULL THEN NULL
			WHEN h.domain IS NOT NULL OR d.domain IS NOT NULL THEN 'table'
			WHEN c.named THEN 'named'
			ELSE 'address' END AS account_source,
		-- One person at a time has such a role. Who has said so again since the other one has is not succeeded.
		(SELECT o.contact_id FROM phased.contact o WHERE c.role IN ('CFO', 'CMO', 'CEO') AND o.account = c.account AND o.role = c.role
			AND o.role_since > c.role_at ORDER BY o.role_since, o.contact_id LIMIT 1) AS succeeded_by
	FROM phased.contact c
	LEFT JOIN phased.account_domain h ON h.domain = c.host
	LEFT JOIN phased.account_domain d ON d.domain = c.domain) p;

CREATE OR REPLACE VIEW report.person_phase AS
SELECT c.contact_id, p.address, p.name, p.role, p.title, p.company, p.may_write, c.process, c.phase, c.fine, c.since, c.early, c.mid, c.late,
	c.confidence, c.activity, c.quiet, c.touches, c.last_touch, p.account, p.account_source, p.succeeded_by
FROM report.contact_phase c
JOIN report.person p ON p.contact_id = c.contact_id;

COMMENT ON COLUMN report.person_phase.account IS 'The organisation it buys for: a domain; NULL: not known. pii:direct';
COMMENT ON COLUMN report.person_phase.account_source IS 'What the account is known from, as report.person says. pii:direct';
COMMENT ON COLUMN report.person_phase.succeeded_by IS 'Who has this role at the account by now; NULL: still this contact. pii:direct';
