-- Who the board (phasectl board) reads as: what a reader sees. A company that wants names on it grants it phased_seller.

DO $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'phased_board') THEN
		BEGIN
			CREATE ROLE phased_board NOLOGIN;
		EXCEPTION WHEN duplicate_object OR unique_violation THEN
			NULL;	-- another database's migration was faster
		END;
	END IF;
	IF NOT pg_has_role('phased_board', 'phased_reader', 'MEMBER') THEN
		BEGIN
			GRANT phased_reader TO phased_board;
		EXCEPTION WHEN unique_violation THEN
			NULL;
		END;
	END IF;
END
$$;
