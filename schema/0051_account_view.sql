-- One account is looked up, not looked for among all of them.

SET LOCAL ROLE phased_owner;

CREATE OR REPLACE VIEW report.account AS
SELECT c.account,
	a.name,
	a.parent,
	coalesce(a.top, c.account) AS top,
	count(*) AS contacts
FROM phased.contact c
LEFT JOIN phased.account a ON a.account = c.account
WHERE c.account IS NOT NULL
GROUP BY c.account, a.name, a.parent, a.top
UNION ALL
SELECT a.account, a.name, a.parent, a.top, 0
FROM phased.account a
WHERE NOT EXISTS (SELECT FROM phased.contact c WHERE c.account = a.account);
