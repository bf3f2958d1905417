-- Proving that somebody is erased: where in all tables a text stands.

SET LOCAL ROLE phased_owner;

-- Columns of texts, lists of texts and JSON, in whatever case (p_text is in lower case); of bytes those that hold what reads as a person.
-- A row for each column with so many rows. With the rights of whoever asks: who may not read a table gets an error, and no proof.
CREATE FUNCTION phased.find_text(p_text text)
RETURNS TABLE (name text, field text, n bigint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	c record;
BEGIN
	FOR c IN
		SELECT k.oid::regclass AS place, k.relname, a.attname, a.atttypid = 'bytea'::regtype AS is_bytes
		FROM pg_class k
		JOIN pg_attribute a ON a.attrelid = k.oid AND a.attnum > 0 AND NOT a.attisdropped
		WHERE k.relnamespace = 'phased'::regnamespace AND k.relkind IN ('r', 'p') AND NOT k.relispartition
			AND (a.atttypid IN ('text'::regtype, 'text[]'::regtype, 'jsonb'::regtype)
				OR (a.atttypid = 'bytea'::regtype AND col_description(k.oid, a.attnum) ~ 'pii:direct$'))
		ORDER BY k.relname, a.attnum
	LOOP
		EXECUTE format(CASE WHEN c.is_bytes THEN 'SELECT count(*) FROM %s WHERE position(convert_to($1, ''UTF8'') IN %I) > 0'
			ELSE 'SELECT count(*) FROM %s WHERE position($1 IN lower(%I::text)) > 0' END, c.place, c.attname)
		INTO n USING p_text;
		IF n > 0 THEN
			name := c.relname;
			field := c.attname;
			RETURN NEXT;
		END IF;
	END LOOP;
END
$$;
REVOKE ALL ON FUNCTION phased.find_text(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phased.find_text(text) TO phased_privacy;
