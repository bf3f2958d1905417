"""Who may do what: every role, table and verb tried, against the table below. And every column says what it tells of people.

A table, view or function that is not in the expectations fails the test: rights are decided, not left over.
"""
import os
import re
import unittest

import phased_test

VERBS = {"S": "SELECT FROM {table}", "I": "INSERT INTO {table} DEFAULT VALUES", "U": "UPDATE {table} SET {column} = NULL",
         "D": "DELETE FROM {table}", "T": "TRUNCATE {table}"}
WRITER, READER, SELLER, PRIVACY, MONITOR, BOARD = (f"phased_{role}" for role in ("writer", "reader", "seller", "privacy", "monitor", "board"))
ROLES = (WRITER, READER, SELLER, PRIVACY, MONITOR, BOARD, "nobody")
AS = {BOARD: READER}	# who may what another one may, and no more

READS = {PRIVACY: "S"}
# What is not named may not be done. The writer deletes where facts are replaced or rows are derived anew, and only there.
TABLES = {
    "phased.schema_version": {WRITER: "S", PRIVACY: "S", MONITOR: "S"},
    "phased.setting": {WRITER: "SI", **READS},
    "phased.actor": {WRITER: "SIUD", PRIVACY: "SUD"},
    "phased.claim": {WRITER: "SIUD", PRIVACY: "SD"},
    "phased.consent": {WRITER: "SIUD", PRIVACY: "SD"},
    "phased.declared": {WRITER: "SIUD", PRIVACY: "SD"},
    "phased.assertion": {WRITER: "SID", PRIVACY: "SID"},
    "phased.kin": {WRITER: "SID", PRIVACY: "SID"},
    "phased.contact": {WRITER: "SIUD", PRIVACY: "SIUD"},
    "phased.stretch": {WRITER: "SIUD", PRIVACY: "SID"},
    "phased.subject": {WRITER: "SI", **READS},
    "phased.subject_rule": {WRITER: "SID", **READS},
    "phased.touch": {WRITER: "SIUD", PRIVACY: "SD"},
    "phased.touch_default": READS,
    "phased.thread_touch": {WRITER: "SIUD", PRIVACY: "SIUD"},
    "phased.thread": {WRITER: "SIUD", PRIVACY: "SIUD"},
    "phased.cost": {WRITER: "SIUD", PRIVACY: "SIUD"},
    "phased.opportunity": {WRITER: "S", **READS},
    "phased.opportunity_stage": {WRITER: "SIU", **READS},
    "phased.opportunity_contact": {WRITER: "SIUD", PRIVACY: "SD"},
    "phased.opportunity_due": {WRITER: "SID", PRIVACY: "SD"},
    "phased.phase": {WRITER: "SIUD", PRIVACY: "SIUD"},
    "phased.phase_change": {WRITER: "SIUD", PRIVACY: "SD"},
    "phased.checkpoint": {WRITER: "SIUD", PRIVACY: "SD"},
    "phased.refold": {WRITER: "SIUD", PRIVACY: "SIUD"},
    "phased.outcome_day": {WRITER: "SIUD", PRIVACY: "S", MONITOR: "S"},
    "phased.rejected": {WRITER: "SID", PRIVACY: "S", MONITOR: "S"},
    "phased.rejected_raw": {WRITER: "SID", PRIVACY: "SD"},
    "phased.position": {WRITER: "SIU", PRIVACY: "S", MONITOR: "S"},
    "phased.model": {WRITER: "S", **READS},
    "phased.model_state": {WRITER: "S", **READS},
    "phased.model_acceptance": {WRITER: "S", **READS},
    "phased.takeover": {WRITER: "SU", PRIVACY: "S", MONITOR: "S"},
    "phased.erasure": {WRITER: "SIU", PRIVACY: "SIU"},
    "phased.account": {WRITER: "S", **READS},
    "phased.account_domain": {WRITER: "S", **READS},
    "phased.committee": {WRITER: "S", **READS},
    "phased.account_phase": {WRITER: "SIUD", PRIVACY: "S"},
    "phased.account_change": {WRITER: "SIUD", PRIVACY: "S"},
    "phased.account_member": {WRITER: "SIUD", PRIVACY: "SD"},
    "phased.account_walk": {WRITER: "SU", PRIVACY: "S", MONITOR: "S"},
    "phased.account_state": {WRITER: "SIUD", PRIVACY: "S"},
    "phased.machine_decision": {WRITER: "SD", PRIVACY: "SD"},
    "phased.audit": {PRIVACY: "S", MONITOR: "S"},
    "phased.retention": {WRITER: "S", PRIVACY: "S", MONITOR: "S"},
    "phased.review": {WRITER: "SU", PRIVACY: "S", MONITOR: "S"},
    "phased.explanation": {WRITER: "SIUD", PRIVACY: "SD"},
    "phased.history": {WRITER: "SIUD", PRIVACY: "SD"},
    "phased.standing": {WRITER: "SIUD", PRIVACY: "SD"},
    "phased.change_added": READS,
    "phased.change_day": READS,
    "phased.change_stay": READS,
    "phased.change_sum": READS,
    "phased.explain": {WRITER: "SU", PRIVACY: "S", MONITOR: "S"},
    "report.contact_phase": {READER: "S", SELLER: "S", PRIVACY: "S"},
    "report.evidence": {READER: "S", SELLER: "S", PRIVACY: "S"},
    "report.thread": {READER: "S", SELLER: "S", PRIVACY: "S"},
    "report.cost": {READER: "S", SELLER: "S", PRIVACY: "S"},
    "report.why": {READER: "S", SELLER: "S", PRIVACY: "S"},
    "report.history": {READER: "S", SELLER: "S", PRIVACY: "S"},
    "report.standing": {READER: "S", SELLER: "S", PRIVACY: "S"},
    "report.journey": {READER: "S", SELLER: "S", PRIVACY: "S"},
    "report.transition": {READER: "S", SELLER: "S", PRIVACY: "S"},
    "report.time_in_phase": {READER: "S", SELLER: "S", PRIVACY: "S"},
    "report.phase_duration": {READER: "S", SELLER: "S", PRIVACY: "S"},
    "report.movement": {READER: "S", SELLER: "S", PRIVACY: "S"},
    "report.movement_week": {READER: "S", SELLER: "S", PRIVACY: "S"},
    "report.funnel": {READER: "S", SELLER: "S", PRIVACY: "S"},
    "report.action": {READER: "S", SELLER: "S", PRIVACY: "S", MONITOR: "S"},
    "report.trust": {READER: "S", SELLER: "S", PRIVACY: "S", MONITOR: "S"},
    "report.reject_reason": {READER: "S", SELLER: "S", PRIVACY: "S", MONITOR: "S"},
    "report.lag": {READER: "S", SELLER: "S", PRIVACY: "S", MONITOR: "S"},
    "report.machine_cleared": {READER: "S", SELLER: "S", PRIVACY: "S"},
    "report.subject_rule": {READER: "S", SELLER: "S", PRIVACY: "S"},
    "report.recorded": {READER: "S", SELLER: "S", PRIVACY: "S"},
    "report.claim": {READER: "S", SELLER: "S", PRIVACY: "S"},
    "report.assertion": {READER: "S", SELLER: "S", PRIVACY: "S"},
    "report.identity": {READER: "S", SELLER: "S", PRIVACY: "S"},
    "report.consent": {READER: "S", SELLER: "S", PRIVACY: "S"},
    "report.measured": {READER: "S", SELLER: "S", PRIVACY: "S"},
    "report.subject": {READER: "S", SELLER: "S", PRIVACY: "S"},
    "report.consent_coverage": {READER: "S", SELLER: "S", PRIVACY: "S", MONITOR: "S"},
    "report.opportunity": {READER: "S", SELLER: "S", PRIVACY: "S"},
    "report.opportunity_contact": {READER: "S", SELLER: "S", PRIVACY: "S"},
    "report.unsubscribe_review": {SELLER: "S", PRIVACY: "S"},
    "report.identity_key": {READER: "S", SELLER: "S", PRIVACY: "S", MONITOR: "S"},
    "report.outcome_day": {READER: "S", SELLER: "S", PRIVACY: "S", MONITOR: "S"},
    "report.process_phase": {READER: "S", SELLER: "S", PRIVACY: "S", MONITOR: "S"},
    "report.model": {READER: "S", SELLER: "S", PRIVACY: "S", MONITOR: "S"},
    "report.model_acceptance": {READER: "S", SELLER: "S", PRIVACY: "S", MONITOR: "S"},
    "report.takeover": {READER: "S", SELLER: "S", PRIVACY: "S", MONITOR: "S"},
    "report.phase_change": {READER: "S", SELLER: "S", PRIVACY: "S"},
    "report.machine_reason": {READER: "S", SELLER: "S", PRIVACY: "S", MONITOR: "S"},
    "report.machine_flag": {READER: "S", SELLER: "S", PRIVACY: "S"},
    "report.machine_touch": {READER: "S", SELLER: "S", PRIVACY: "S"},
    "report.machine_burst": {READER: "S", SELLER: "S", PRIVACY: "S"},
    "report.machine_decision": {SELLER: "S", PRIVACY: "S"},
    "report.account": {SELLER: "S", PRIVACY: "S"},
    "report.account_phase": {SELLER: "S", PRIVACY: "S"},
    "report.account_change": {SELLER: "S", PRIVACY: "S"},
    "report.committee": {SELLER: "S", PRIVACY: "S"},
    "report.person": {SELLER: "S", PRIVACY: "S"},
    "report.person_phase": {SELLER: "S", PRIVACY: "S"},
}
FUNCTIONS = {
    "phased.find_text": (PRIVACY,),
    "phased.asserting": (WRITER, PRIVACY),
    "phased.kindred": (WRITER, PRIVACY),
    "phased.in_play": (WRITER,),
    "phased.position_claim": (WRITER,),
    "phased.position_advance": (WRITER,),
    "phased.position_advance_under": (WRITER,),
    "phased.position_holds": (WRITER,),
    "phased.written_all": (WRITER,),
    "phased.touch_month": (WRITER,),
    "phased.review_due": (WRITER,),
    "phased.machine_time": (WRITER,),
    "phased.link_see": (WRITER,),
    "phased.link_recent": (WRITER,),
    "phased.thread_fold": (WRITER, PRIVACY),
    "phased.thread_write": (WRITER, PRIVACY),
    "phased.cost_write": (WRITER, PRIVACY),
    "phased.beside_erase": (WRITER, PRIVACY),
    "phased.touch_erase": (WRITER, PRIVACY),
    "phased.touch_drop": (WRITER, PRIVACY),
    "phased.touch_erase_said": (WRITER, PRIVACY),
    "phased.account_contact_gone": (),
    "phased.account_due": (WRITER,),
    "phased.account_lock": (WRITER,),
    "phased.account_put_phases": (WRITER,),
    "phased.account_put_changes": (WRITER,),
    "phased.account_put_members": (WRITER,),
    "phased.account_done": (WRITER,),
    "phased.opportunity_contact_gone": (),
    "phased.opportunity_expire": (),
    "phased.opportunity_known": (),
    "phased.opportunity_refused": (WRITER,),
    "phased.opportunity_step": (WRITER,),
    "phased.opportunity_wrong": (),
    "report.machine_decide": (SELLER, PRIVACY),
    "report.unsubscribe_dismiss": (SELLER, PRIVACY),
    "phased.account_of": (WRITER, PRIVACY),
    "phased.takeover_step": (WRITER,),
    "phased.explain_due": (WRITER,),
    "phased.explain_done": (WRITER,),
    "phased.change_hours": (),
    "phased.change_compact": (),
    "phased.change_note": (),
    "phased.audit_note": (WRITER, PRIVACY),
    "phased.retention_step": (WRITER,),
    "phased.retention_due": (WRITER,),
}

# Tells whether a statement is allowed, and takes back what it did. A row that its table refuses (class 23) was allowed to
# come so far; what cannot be done to a view at all is not allowed either.
TRY = """
CREATE FUNCTION public.attempt(sql text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE sql;
    RAISE EXCEPTION 'taken back' USING ERRCODE = 'TB000';
EXCEPTION WHEN OTHERS THEN
    RETURN CASE WHEN SQLSTATE = 'TB000' OR SQLSTATE LIKE '23%' THEN 'allowed' ELSE SQLSTATE END;
END $$;
"""


class Roles(phased_test.PhasedTest):
    def setUp(self):
        super().setUp()
        self.fresh_database(model=False)
        self.write_config()
        self.psql(TRY)
        self.nobody = f"{self.name}_nobody"
        self.psql(f"CREATE ROLE {self.nobody} NOLOGIN")
        self.addCleanup(self.psql, f"DROP ROLE {self.nobody}", database=phased_test.server("PHASED_PG"))

    def role(self, role):
        return self.nobody if role == "nobody" else role

    def attempts(self, role, statements):
        """Which of the statements the role may run."""
        calls = "".join(f"SELECT public.attempt($q${sql}$q$);\n" for sql in statements)
        return [row[0] == "allowed" for row in self.psql(f"SET ROLE {self.role(role)};\n{calls}")]

    def test_every_role_table_and_verb(self):
        columns = dict(self.psql(
            "SELECT relnamespace::regnamespace || '.' || relname, (SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = c.oid AND attnum = 1) "
            "FROM pg_class c WHERE relnamespace IN ('phased'::regnamespace, 'report'::regnamespace) AND relkind IN ('r', 'p', 'v', 'm')"))
        self.assertEqual(sorted(TABLES), sorted(columns), "a table without expectations, or one that is gone")
        cases = [(table, verb) for table in TABLES for verb in VERBS]
        # Tried, and looked up: a view refuses much for reasons of its own, and would hide a right too many.
        self.granted = {(role, table, verb): may == "t" for role, table, verb, may in self.psql(
            "SELECT r, t, v, has_table_privilege(r, t, v) FROM unnest(ARRAY['" + "','".join(map(self.role, ROLES)) + "']) r, "
            "unnest(ARRAY['" + "','".join(TABLES) + "']) t, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) v")}
        wrong = []
        for role in ROLES:
            statements = [VERBS[verb].format(table=table, column=columns[table]) for table, verb in cases]
            for (table, verb), allowed in zip(cases, self.attempts(role, statements), strict=True):
                granted = self.granted[self.role(role), table, VERBS[verb].split()[0]]
                if not allowed == granted == (verb in TABLES[table].get(AS.get(role, role), "")):
                    wrong.append(f"{role} {'may' if allowed else 'may not'} {VERBS[verb].split()[0]} {table}")
        self.assertEqual([], wrong)

    def test_every_role_and_function(self):
        found = [row[0] for row in self.psql("SELECT DISTINCT p.oid::regproc::text FROM pg_proc p "
                                             "WHERE pronamespace IN ('phased'::regnamespace, 'report'::regnamespace) ORDER BY 1")]
        self.assertEqual(sorted(FUNCTIONS), found)
        for role in ROLES:
            for function, roles in FUNCTIONS.items():
                may = self.value(f"SELECT bool_or(has_function_privilege('{self.role(role)}', oid, 'EXECUTE')) FROM pg_proc "
                                 f"WHERE oid::regproc::text = '{function}'")
                self.assertEqual("t" if AS.get(role, role) in roles else "f", may, f"{role} {function}")

    def test_nobody_may_make_anything(self):
        for role in ROLES:
            self.assertEqual([False] * 3, self.attempts(role, [
                "CREATE TABLE phased.mine (n int)", "CREATE VIEW report.mine AS SELECT 1",
                "ALTER TABLE phased.touch ADD COLUMN mine int"]), role)

    def test_everything_is_owned_by_an_owner_who_cannot_log_in(self):
        self.assertEqual([["phased_owner", "f", "f"]], self.psql(
            "SELECT DISTINCT r.rolname, r.rolcanlogin, r.rolsuper FROM ("
            " SELECT relowner AS owner FROM pg_class WHERE relnamespace IN ('phased'::regnamespace, 'report'::regnamespace)"
            " UNION SELECT proowner FROM pg_proc WHERE pronamespace IN ('phased'::regnamespace, 'report'::regnamespace)"
            " UNION SELECT nspowner FROM pg_namespace WHERE nspname IN ('phased', 'report')) o JOIN pg_roles r ON r.oid = o.owner"))

    def test_the_writer_makes_months_that_are_the_owners(self):
        month = self.value("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')")
        insert = ("INSERT INTO phased.touch SELECT gen_random_uuid(), now(), 1, now(), now(), 1, 0, 1;\n")
        self.psql(f"SET ROLE phased_writer; {insert} SELECT phased.touch_month((now() AT TIME ZONE 'UTC')::date); {insert}")
        self.assertEqual([[f"phased.touch_{month}", "phased_owner", "2"]], self.psql(
            "SELECT t.tableoid::regclass, c.relowner::regrole, count(*) FROM phased.touch t JOIN pg_class c ON c.oid = t.tableoid "
            "GROUP BY 1, 2"))

    def test_functions_with_the_owners_rights_look_nowhere_else(self):
        self.assertEqual([[name, "search_path=pg_catalog, pg_temp"] for name in (
            "phased.account_contact_gone", "phased.audit_note", "phased.change_note", "phased.opportunity_contact_gone", "phased.opportunity_step", "phased.retention_due", "phased.retention_step", "phased.touch_month", "report.machine_decide", "report.unsubscribe_dismiss")], self.psql(
            "SELECT oid::regproc, proconfig[1] FROM pg_proc WHERE prosecdef AND pronamespace IN ('phased'::regnamespace, "
            "'report'::regnamespace) ORDER BY oid::regproc::text"))

    def untagged(self):
        return self.psql(
            "SELECT c.oid::regclass || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
            "WHERE c.relnamespace IN ('phased'::regnamespace, 'report'::regnamespace) AND c.relkind IN ('r', 'p', 'v', 'm') "
            "AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped "
            "AND coalesce(col_description(c.oid, a.attnum), '') !~ '(^| )pii:(none|pseudonym|direct)$'")

    def test_every_column_says_what_it_tells_of_people(self):
        self.assertEqual([], self.untagged())
        self.assertEqual([], self.psql(
            "SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace IN ('phased'::regnamespace, 'report'::regnamespace) "
            "AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition AND obj_description(c.oid) IS NULL"))

    def test_every_table_about_people_is_in_the_list_of_what_is_held(self):
        with open(os.path.join(phased_test.ROOT, "core/model/held.def"), encoding="utf-8") as file:
            held = re.findall(r"^HELD\((\w+), (\w+), (?:DELETED|EMPTIED|KEPT)\)$", file.read(), re.M)
        tagged = {row[0] for row in self.psql(
            "SELECT DISTINCT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = "
            "'phased'::regnamespace AND NOT c.relispartition AND col_description(c.oid, a.attnum) ~ 'pii:(pseudonym|direct)$'")}
        self.assertEqual(tagged, {table for table, _ in held} | {"rejected_raw", "explain", "retention", "takeover"})
        for table, column in held:
            self.assertEqual("uuid", self.value(f"SELECT atttypid::regtype FROM pg_attribute WHERE attrelid = "
                                                f"'phased.{table}'::regclass AND attname = '{column}'"), f"{table}.{column}")

    def test_a_column_without_its_tag_is_noticed(self):
        self.psql("ALTER TABLE phased.contact ADD COLUMN shoe_size text, ADD COLUMN hat_size text; "
                  "COMMENT ON COLUMN phased.contact.hat_size IS 'As declared. pii:personal'")
        self.assertEqual([["phased.contact.shoe_size"], ["phased.contact.hat_size"]], self.untagged())

    def test_nothing_that_reads_as_a_person_is_open_to_readers(self):
        self.assertEqual([], self.psql(
            "SELECT c.oid::regclass || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
            "WHERE col_description(c.oid, a.attnum) LIKE '%pii:direct' "
            "AND (has_column_privilege('phased_reader', c.oid, a.attnum, 'SELECT') "
            "OR has_column_privilege('phased_monitor', c.oid, a.attnum, 'SELECT'))"))

    def test_analysts_read_the_same_phases_by_pseudonym_that_sellers_read_by_name(self):
        contacts = {name: self.value(f"SELECT md5('{name}')::uuid") for name in ("ida", "a browser")}
        for number, contact in enumerate(contacts.values()):
            self.psql("INSERT INTO phased.phase (contact_id, process, version, model_version, fold, counted, confirmed, activity, early, mid, late, "
                      f"reported, shown, fine, band, last_at) VALUES ('{contact}', 'standard', 1, 1, '', {number + 1}, 0, 1, .1, .2, .7, 2, 4, 0, 2, now())")
        self.psql(f"INSERT INTO phased.contact (contact_id, address, name, may_write) VALUES ('{contacts['ida']}', 'ida@havnelods.test', 'Ida', true)")
        analyst = self.psql("SET ROLE phased_reader; SELECT contact_id, phase, touches FROM report.contact_phase ORDER BY touches")
        self.assertEqual([[contacts["ida"], "late", "1"], [contacts["a browser"], "late", "2"]], analyst)
        seller = self.psql("SET ROLE phased_seller; SELECT contact_id, name, address, phase, touches FROM report.person_phase")
        self.assertEqual([[contacts["ida"], "Ida", "ida@havnelods.test", "late", "1"]], seller)
        # An analyst learns no name anywhere: of no view that they may read, in no column.
        views = [table for table, roles in TABLES.items() if table.startswith("report.") and READER in roles]
        self.assertGreater(len(views), 10)
        for view in views:
            rows = self.psql(f"SET ROLE phased_reader; SELECT to_jsonb(v)::text FROM {view} v")
            self.assertNotRegex("\n".join(row[0] for row in rows), "Ida|havnelods", view)


if __name__ == "__main__":
    phased_test.main()
