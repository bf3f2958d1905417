-- Accounts: the organisation a contact buys for; and what each role is known from, and since when.
--
-- An account is a registrable domain. Which one a contact belongs to follows from the host name that its facts give (of a group call or a CRM
-- record that names one, else of its address) and from two tables that `phasectl accounts accept` writes. It is kept with the contact, worked
-- out by whoever writes the contact, and for all contacts anew in the transaction that changes the tables.

SET LOCAL ROLE phased_owner;

-- Domains that are no accounts of their own: of other names of an account, and of mail providers and the like.
CREATE TABLE phased.account_domain (
	domain text PRIMARY KEY,		-- host name, A-labels, lower case: holds for it, and where it can be registered for all in it; '': lists
						-- were accepted
	account text,				-- NULL: addresses there tell of no account
	list text NOT NULL			-- why: the list that it stands on; '': said in accounts.yaml itself
);

-- What is said of accounts beside their domain.
CREATE TABLE phased.account (
	account text PRIMARY KEY,
	name text,
	parent text,				-- the account that it belongs to
	top text NOT NULL			-- the one that has no parent: itself, or what parents lead to
);

ALTER TABLE phased.contact
	ADD COLUMN role_source smallint NOT NULL DEFAULT 0,	-- 0 no role, 1 declared at a form, 2 CRM, 3 inferred from the title
	ADD COLUMN role_at timestamptz,		-- when that source last said so
	ADD COLUMN role_since timestamptz,	-- and since when it has said nothing else
	ADD COLUMN host text,			-- that the account follows from
	ADD COLUMN domain text,			-- what of it can be registered
	ADD COLUMN named boolean NOT NULL DEFAULT false,	-- by a group call or a CRM record; false: of the address
	ADD COLUMN account text;
CREATE INDEX contact_account ON phased.contact (account, role, role_since) WHERE account IS NOT NULL;

-- The account of a host name; of a NULL none. As long as no lists were accepted a mail provider cannot be told from a company: then none.
-- A plain SELECT, so that the server takes it into the statement that asks.
CREATE FUNCTION phased.account_of(p_host text, p_domain text)
RETURNS TABLE (account text)
LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN bool_or(a.domain = p_host) THEN max(a.account) FILTER (WHERE a.domain = p_host)
		WHEN bool_or(a.domain = p_domain) THEN max(a.account) FILTER (WHERE a.domain = p_domain)
		WHEN count(*) > 0 THEN p_domain END
	FROM phased.account_domain a
	WHERE a.domain = ANY (ARRAY['', p_host, p_domain])
$$;
REVOKE ALL ON FUNCTION phased.account_of(text, text) FROM PUBLIC;

CREATE OR REPLACE VIEW report.person AS
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
		AND o.role_since > c.role_at ORDER BY o.role_since, o.contact_id LIMIT 1) AS succeeded_by,
	(SELECT o.role_since FROM phased.contact o WHERE c.role IN ('CFO', 'CMO', 'CEO') AND o.account = c.account AND o.role = c.role
		AND o.role_since > c.role_at ORDER BY o.role_since, o.contact_id LIMIT 1) AS succeeded_at
FROM phased.contact c
LEFT JOIN phased.account_domain h ON h.domain = c.host
LEFT JOIN phased.account_domain d ON d.domain = c.domain;

CREATE VIEW report.account AS
SELECT coalesce(a.account, k.account) AS account,
	a.name,
	a.parent,
	coalesce(a.top, k.account) AS top,
	coalesce(k.contacts, 0) AS contacts
FROM phased.account a
FULL JOIN (SELECT c.account, count(*) AS contacts FROM phased.contact c WHERE c.account IS NOT NULL GROUP BY c.account) k
	ON k.account = a.account;

GRANT SELECT ON phased.account_domain, phased.account TO phased_writer, phased_privacy;
GRANT SELECT ON report.account TO phased_seller, phased_privacy;
GRANT EXECUTE ON FUNCTION phased.account_of(text, text) TO phased_writer;

COMMENT ON TABLE phased.account_domain IS 'Domains that are no accounts of their own, as `phasectl accounts accept` has read them.';
COMMENT ON COLUMN phased.account_domain.domain IS 'Empty: lists were accepted. pii:none';
COMMENT ON COLUMN phased.account_domain.account IS 'The account it belongs to; NULL: addresses there tell of none. pii:none';
COMMENT ON COLUMN phased.account_domain.list IS 'The list that it stands on; empty: accounts.yaml itself. pii:none';
COMMENT ON TABLE phased.account IS 'What is said of accounts beside their domain.';
COMMENT ON COLUMN phased.account.account IS 'pii:none';
COMMENT ON COLUMN phased.account.name IS 'pii:none';
COMMENT ON COLUMN phased.account.parent IS 'pii:none';
COMMENT ON COLUMN phased.account.top IS 'pii:none';
COMMENT ON COLUMN phased.contact.role_source IS '0 no role, 1 declared, 2 CRM, 3 inferred from the title. pii:direct';
COMMENT ON COLUMN phased.contact.role_at IS 'When that source last said so. pii:direct';
COMMENT ON COLUMN phased.contact.role_since IS 'Since when it has said nothing else. pii:direct';
COMMENT ON COLUMN phased.contact.host IS 'Host name that the account follows from. pii:direct';
COMMENT ON COLUMN phased.contact.domain IS 'What of it can be registered. pii:direct';
COMMENT ON COLUMN phased.contact.named IS 'By a group call or a CRM record, not by the address. pii:direct';
COMMENT ON COLUMN phased.contact.account IS 'The organisation it buys for: a domain. pii:direct';
COMMENT ON COLUMN report.person.role_source IS
	'What the role is known from: declared (by the person, at a form), CRM, title (inferred); the strongest there is. pii:direct';
COMMENT ON COLUMN report.person.role_at IS 'When that source last said so. pii:direct';
COMMENT ON COLUMN report.person.role_since IS 'Since when it has said nothing else. pii:direct';
COMMENT ON COLUMN report.person.account IS 'The organisation it buys for: a domain; NULL: not known. pii:direct';
COMMENT ON COLUMN report.person.account_source IS
	'What the account is known from: named (by a group call or the CRM), table (accounts.yaml), address; or the list of domains that tell of none. pii:direct';
COMMENT ON COLUMN report.person.succeeded_by IS 'The contact who has taken over the role at the account (CFO, CMO, CEO). pii:direct';
COMMENT ON COLUMN report.person.succeeded_at IS 'Since when that one has it. pii:direct';
COMMENT ON VIEW report.account IS 'Accounts: those that contacts belong to, and those that accounts.yaml names. For sellers.';
COMMENT ON COLUMN report.account.account IS 'Its domain. pii:direct';
COMMENT ON COLUMN report.account.name IS 'Its name, where accounts.yaml has one. pii:direct';
COMMENT ON COLUMN report.account.parent IS 'The account that it belongs to. pii:direct';
COMMENT ON COLUMN report.account.top IS 'The parent of all of them; itself where it has none. pii:direct';
COMMENT ON COLUMN report.account.contacts IS 'How many contacts are known there. pii:direct';
