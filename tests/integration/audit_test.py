"""Who did what to what is held: noted with it, in order, about nobody; and whoever changes that list afterwards is found out."""
import json
import os
import re
import subprocess

import phased_test

CONTACT = "0f5c1f2a-7d0e-5b5e-9c1d-3a7e2b9f4d10"
NOTE = "SELECT phased.audit_note('{what}', '{about}', '{counts}');"


class Audit(phased_test.PhasedTest):
    def setUp(self):
        super().setUp()
        self.fresh_database()
        self.new_topics()
        self.write_config()

    def note(self, what="erase", about="", counts='{"rows": 1}', **more):
        return self.psql(NOTE.format(what=what, about=about, counts=counts), **more)

    def rows(self):
        return phased_test.json_lines(self.phasectl(["audit", "--json"]))

    def verify(self, *args, status=0):
        return self.phasectl(["audit", "--verify", *args], status=status)

    def last(self):
        return re.search(r"the last one is (\d+:[0-9a-f]{64})$", self.verify().strip()).group(1)

    def test_what_is_changed_is_noted_with_who_and_how_many(self):
        self.phasectl(["topics", "create", "--partitions", "1", "--replication", "1"])
        place = ["position", "set", "--topic", self.topics["web"], "--partition", "0", "--to", "0"]
        self.wait_until(lambda: self.run_phasectl(place + ["--dry-run"]).status == 0, 20, "the new partition to have its leader")
        self.phasectl(place)
        self.psql("INSERT INTO phased.phase (contact_id, process, version, model_version, fold, counted, confirmed, activity, early, mid, "
                  f"late, reported, shown, fine, band) VALUES ('{CONTACT}', 'standard', 0, 0, '', 0, 0, 0, 0, 0, 0, -1, 0, 0, 0)")
        for undo in ([], [], ["--undo"], ["--undo"]):	# the second time changes nothing
            self.phasectl(["machine", "clear", CONTACT, "--reason", "burst,honeypot", "--comment", "reads every link", *undo])
        self.phasectl(["model", "accept", os.path.join(phased_test.ROOT, "conf", "model", "standard.yaml"), "--yes", "--no-wait"])
        self.phasectl(["model", "reject", "--yes", "--no-wait"])
        self.psql("SET ROLE phased_privacy; " + NOTE.format(what="export", about="", counts='{"persons": 1}'))
        rows = self.rows()
        self.assertEqual(list(range(1, len(rows) + 1)), [row["row"] for row in rows])
        user = self.value("SELECT session_user")
        self.assertEqual({user}, {row["who"] for row in rows})
        version = self.value("SELECT lpad(to_hex(version), 16, '0') FROM phased.model_acceptance ORDER BY n LIMIT 1")
        said = [(row["what"], row["about"], row["counts"]) for row in rows]
        self.assertEqual(("model accept", version, {"contacts": 0}), said[0])
        self.assertEqual([("position set", f"{self.topics['web']}/0", {"from": -2, "to": 0}),
                          ("machine clear", "burst, honeypot", {"contacts": 1, "reasons": 2}),
                          ("machine undo", "burst, honeypot", {"contacts": 1, "reasons": 2})], said[1:4])
        self.assertEqual(("export", "", {"persons": 1}), said[-1])
        self.assertEqual([("model accept", {"contacts": 1}), ("model reject", {"contacts": 1})],
                         [(what, counts) for what, _, counts in said[4:-1]])
        self.assertEqual(version, said[5][1])	# of the one that is in force again
        self.assertNotIn(CONTACT, json.dumps(rows))
        self.assertRegex(self.verify(), rf"^{len(rows)} rows, unbroken; the last one is {len(rows)}:{rows[-1]['hash']}\n$")
        table = self.phasectl(["audit", "--limit", "2"])
        self.assertEqual(3, len(table.splitlines()), table)
        self.assertRegex(table.splitlines()[-1], rf" {len(rows)} +\S+Z +\S+ +export +persons 1")
        self.note("unsubscribe dismiss")	# the longest word there is
        title, row = self.phasectl(["audit", "--limit", "1"]).splitlines()
        self.assertEqual(title.index("COUNTS"), row.index("rows 1"))

    def test_of_a_decision_about_machines_it_says_what_was_decided_not_what_was_asked(self):
        """Whoever may call the function can call it with anything, a name of somebody among it."""
        self.psql("INSERT INTO phased.phase (contact_id, process, version, model_version, fold, counted, confirmed, activity, early, mid, "
                  f"late, reported, shown, fine, band) VALUES ('{CONTACT}', 'standard', 0, 0, '', 0, 0, 0, 0, 0, 0, -1, 0, 0, 0)")
        decide = "SET ROLE phased_seller; SELECT report.machine_decide('{}', ARRAY[{}]::text[], {}, '')"
        for asked, cleared, changed in (("'Ida Lund', 'honeypot', 'burst'", "true", "2"), ("'burst', 'of Ida Lund', 'burst'", "false", "1"),
                                        ("'Ida Lund'", "true", "0"), ("", "false", "1"), ("", "true", "1")):
            self.assertEqual(changed, self.psql(decide.format(CONTACT, asked, cleared))[-1][0], asked)
        self.assertEqual([("machine clear", "burst, honeypot"), ("machine undo", "burst"), ("machine undo", "honeypot"), ("machine clear", "any")],
                         [(row["what"], row["about"]) for row in self.rows()[1:]])

    def test_nothing_in_it_can_be_about_anybody(self):
        for what, about, counts in (("erase", "ida.lund@havnelods.test", "{}"), ("erase", CONTACT, "{}"),
                                    ("erase", f"of {CONTACT.replace('-', '')}", "{}"), ("erase", "", '{"of": "ida"}'),
                                    ("erase", "", '{"of": {"ida": 1}}'), ("erase", "", "[1]"), ("erase", "a\nb", "{}"),
                                    ("Ida Lund", "", "{}"), ("", "", "{}")):
            done = self.note(what, about, counts, check=False)
            self.assertIn("23514", done.err, (what, about, counts))
        self.assertEqual(1, len(self.rows()))

    def test_what_is_rolled_back_was_not_done(self):
        self.psql("BEGIN; " + NOTE.format(what="erase", about="", counts="{}") + " ROLLBACK;")
        self.note()
        self.assertEqual([1, 2], [row["row"] for row in self.rows()])
        self.verify()

    def test_writers_at_the_same_time_take_turns(self):
        each, writers = 25, 6
        children = [subprocess.Popen(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.database], stdin=subprocess.PIPE,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) for _ in range(writers)]
        for child in children:
            child.stdin.write("SET ROLE phased_writer;\n" + NOTE.format(what="retention", about="", counts='{"touches": 3}') * each)
            child.stdin.close()
        for child in children:
            self.assertEqual((0, ""), (child.wait(60), child.stderr.read()))
            child.stderr.close()
        self.assertEqual(1 + each * writers, len(self.rows()))
        self.verify()

    def test_a_list_that_was_changed_is_found_out(self):
        self.psql("BEGIN; " + "".join(NOTE.format(what="export", about=str(number), counts='{"rows": %d}' % number)
                                      for number in range(1200)) + " COMMIT;")	# more than is read at once
        noted = self.last()
        self.assertTrue(noted.startswith("1201:"))
        self.assertEqual({"rows": 1201, "unbroken": True, "last": noted}, json.loads(self.verify("--json")))
        self.verify("--holds", noted)
        for damage, expected in (
                ("UPDATE phased.audit SET counts = '{\"rows\": 2}' WHERE id = 1100", ["row 1100: was changed after it was written"]),
                ("UPDATE phased.audit SET who = 'ida' WHERE id = 1100", ["row 1100: was changed after it was written"]),
                ("UPDATE phased.audit SET at = at + interval '1 us' WHERE id = 1201", ["row 1201: was changed after it was written"]),
                ("UPDATE phased.audit SET hash = sha256('') WHERE id = 12", ["row 12: was changed after it was written"]),
                ("DELETE FROM phased.audit WHERE id = 1100", ["row 1100: is not there", "row 1101: does not follow what stands before it"]),
                ("DELETE FROM phased.audit WHERE id = 1", ["row 1: is not there", "row 2: does not follow what stands before it"]),
                ("DELETE FROM phased.audit WHERE id = 1100; UPDATE phased.audit SET id = id - 1 WHERE id > 1100",
                 ["row 1100: does not follow what stands before it", "row 1100: was changed after it was written"]),
                ("INSERT INTO phased.audit SELECT 1203, at, what, about, counts, who, hash, hash FROM phased.audit WHERE id = 1201",
                 ["row 1202: is not there", "row 1203: was changed after it was written"]),
                ("CREATE TABLE public.kept AS SELECT * FROM phased.audit WHERE id = 9; DELETE FROM phased.audit WHERE id IN (9, 10); "
                 "UPDATE public.kept SET id = 10; INSERT INTO phased.audit SELECT * FROM public.kept",
                 ["row 9: is not there", "row 10: was changed after it was written", "row 11: does not follow what stands before it"])):
            self.psql("CREATE TABLE public.whole AS SELECT * FROM phased.audit; " + damage)
            out = self.verify(status=1).splitlines()
            self.assertEqual(expected, out[:len(expected)], damage)
            self.assertRegex(out[-1], r" rows, not as they were written; ")
            found = phased_test.json_lines(self.phasectl(["audit", "--verify", "--json"], status=1))
            self.assertEqual({"row": int(expected[0].split()[1][:-1]), "broken": expected[0].split(": ")[1]}, found[0])
            self.assertIs(False, found[-1]["unbroken"])
            self.psql("TRUNCATE phased.audit; INSERT INTO phased.audit SELECT * FROM public.whole; DROP TABLE public.whole; "
                      "DROP TABLE IF EXISTS public.kept;")
        self.verify("--holds", noted)

    def test_a_list_that_was_cut_short_is_found_out_by_a_row_noted_elsewhere(self):
        for _ in range(3):
            self.note()
        noted = self.last()
        self.psql("DELETE FROM phased.audit WHERE id > 2")
        self.verify()
        self.assertIn("row 4: is not there as it was noted\n", self.verify("--holds", noted, status=1))
        for _ in range(3):	# as many again: another row stands there now
            self.note()
        self.assertIn("row 4: is not there as it was noted\n", self.verify("--holds", noted, status=1))

    def test_what_is_asked_wrongly_is_said(self):
        for args in (["--holds", "4:ab"], ["--verify", "--holds", "4"], ["--verify", "--holds", f"x:{'0' * 64}"]):
            self.assertEqual(64, self.run_phasectl(["audit", *args]).status, args)
        self.psql("TRUNCATE phased.audit")
        for args in ([], ["--verify"]):
            self.assertEqual("nothing was noted yet\n", self.phasectl(["audit", *args]))
        self.assertEqual({"rows": 0, "unbroken": True, "last": None}, json.loads(self.verify("--json")))


if __name__ == "__main__":
    phased_test.main()
