#!/usr/bin/python3
# run: timeout=300 sanitized
"""`phasectl export`: all that is held of somebody, by the list that erasing goes by, and nothing of anybody else."""
import json
import os

import phased_test
from erase_test import ANN, BO, EraseTest

# Where a chore has come in the order of ids: one row, of nobody.
OF_CHORES = {"explain", "retention", "takeover"}
# A value of each type, for a row under Ann's id where a table has none.
VALUES = {"uuid": "'{ann}'", "text": "'x'", "boolean": "false", "bytea": "'\\x00'", "jsonb": "'{{}}'", "date": "'2026-01-01'",
          "timestamp with time zone": "'2026-01-01'"}
TAGGED = ("SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'phased'::regnamespace "
          "AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND col_description(c.oid, a.attnum) ~ 'pii:(pseudonym|direct)$'")


class Export(EraseTest):
    def export(self, address, status=0, **more):
        return self.phasectl(["export", "--json"], input=address + "\n", status=status, **more)

    def held(self, address, **more):
        """Rows by table."""
        found = {}
        for line in phased_test.json_lines(self.export(address, **more)):
            found.setdefault(line["table"], []).append(line["row"])
        return found

    def missed(self, address):
        """Columns about people that have no place in what is given out."""
        given = {(table, column) for table, rows in self.held(address).items() for row in rows for column in row}
        return {(table, column) for table, column in self.psql(TAGGED) if table not in OF_CHORES} - given

    def fill(self, table, ann):
        columns = self.psql(f"SELECT a.attname, format_type(a.atttypid, NULL) FROM pg_attribute a WHERE a.attrelid = 'phased.{table}'::regclass "
                            "AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = ''")
        values = [VALUES.get(kind, "'{{}}'" if kind.endswith("[]") else "1").format(ann=ann) for _, kind in columns]
        self.psql(f"INSERT INTO phased.{table} ({', '.join(name for name, _ in columns)}) VALUES ({', '.join(values)})")

    def id_of(self, address):
        return self.value(f"SELECT actor_id FROM phased.actor WHERE value = '{address}'")

    def test_every_column_about_people_is_given_out_and_nothing_of_others(self):
        self.prepare(partitions=1, rejects__keep_raw=True)
        phased = self.start_phased()
        self.play(self.story())
        self.send(json.dumps({"id": "bad", "nothing": f"of {ANN.upper()}"}) + "\n" + json.dumps({"id": "bad", "nothing": f"of {BO}"}) + "\n")
        self.wait_until(lambda: self.value("SELECT count(*) FROM phased.rejected_raw") == "2", 20, "two messages that are kept")
        ann, bo = self.id_of(ANN), self.id_of(BO)
        held = self.held(f"  {ANN.title()}", config=self.user("phased_privacy"))
        text = json.dumps(held)
        self.assertNotIn(BO, text)
        self.assertNotIn(bo, text)
        self.assertEqual([ANN], [row["value"] for row in held["actor"] if row["actor_id"] == ann])
        self.assertEqual([(ANN, "Somebody")], [(row["address"], row["name"]) for row in held["contact"]])
        self.assertEqual(8, len(held["touch"]))		# as many as erasing takes
        self.assertEqual({"/blog/one", "/demo", "/pricing", "/compare", "/terms"}, {row["path"] for row in held["subject"]})
        self.assertEqual({row["subject_id"] for row in held["touch"]}, {row["subject_id"] for row in held["subject"]})
        self.assertEqual(3, len(held["claim"]))
        self.assertEqual({ann}, {row["strong"] for row in held["claim"]})
        self.assertEqual(1, len(held["rejected_raw"]))
        self.assertIn(ANN.upper(), held["rejected_raw"][0]["value"])
        self.assertEqual(held["touch"], sorted(held["touch"], key=lambda row: row["at"]))
        self.assertEqual(0, phased.stop())
        for table in sorted({table for table, _ in self.missed(ANN)}):	# what this story has not
            self.fill(table, ann)
        self.assertEqual(set(), self.missed(ANN))
        # The same as one object.
        document = json.loads(self.phasectl(["export"], input=ANN + "\n"))
        self.assertEqual(self.held(ANN), document)
        # And erasing knows all of it: what it leaves is no row but the ledger's, and an empty arbiter.
        self.erase(ANN)
        self.assertIn("nothing is left", self.erase(ANN, "--verify"))
        left = self.held(ANN)
        self.assertEqual({"erasure", "phase"}, set(left))
        self.assertEqual([("standard", 0)] * len(left["phase"]), [(row["process"], row["counted"]) for row in left["phase"]])

    def test_a_table_about_people_that_nobody_thought_of_is_noticed(self):
        self.prepare(partitions=1)
        self.start_phased()
        self.play(self.story())
        before = self.missed(ANN)
        self.psql("CREATE TABLE phased.newcomer (actor_id uuid, note text); INSERT INTO phased.newcomer "
                  f"SELECT actor_id, 'likes boats' FROM phased.actor WHERE value = '{ANN}'; "
                  "COMMENT ON COLUMN phased.newcomer.actor_id IS 'pii:pseudonym'; COMMENT ON COLUMN phased.newcomer.note IS 'pii:direct'; ")
        self.assertEqual({("newcomer", "actor_id"), ("newcomer", "note")}, self.missed(ANN) - before)

    def test_who_has_not_agreed_is_told_what_is_held_all_the_same(self):
        self.prepare(partitions=1)
        self.start_phased()
        self.play([self.event(0, cookie="browser-a"), {**self.event(5, cookie="browser-a", email=ANN), "consent": {"analytics": "GRANTED"}},
                   self.event(9, cookie="browser-b")])
        held = self.held(ANN)
        self.assertEqual((2, 1), (len(held["touch"]), len(held["claim"])))
        self.assertNotIn(ANN, json.dumps(held))
        self.assertNotIn("contact", held)

    def test_it_is_noted_and_for_those_who_look_after_privacy_alone(self):
        self.prepare(partitions=1)
        done = self.run_phasectl(["export"], input=ANN + "\n")
        self.assertEqual((1, "", "phasectl: export: nothing is held of whoever goes by this address\n"), (done.status, done.out, done.err))
        for role in ("phased_reader", "phased_seller", "phased_monitor"):
            done = self.run_phasectl(["export"], input=ANN + "\n", config=self.user(role))
            self.assertEqual((77, ""), (done.status, done.out), role)
            self.assertNotIn(ANN, done.err)
        self.assertEqual(64, self.run_phasectl(["export"], input="nobody\n").status)
        rows = [row for row in phased_test.json_lines(self.phasectl(["audit", "--json"])) if row["what"] == "export"]
        self.assertEqual([("", {"persons": 1})], [(row["about"], row["counts"]) for row in rows])

    def test_a_long_history_needs_no_more_memory_than_a_short_one(self):
        self.prepare(partitions=1)
        self.start_phased()
        self.play(self.story())
        asked = self.write("ann", ANN + "\n")
        status, _, small = self.run_measured(["export", "--json"], asked)
        self.assertEqual(0, status)
        self.psql(f"INSERT INTO phased.touch SELECT '{self.id_of(ANN)}', t.stamped + n * interval '1 s', n, t.received, t.at + n * interval '1 s', "
                  "t.subject_id, 0, 1 FROM (SELECT * FROM phased.touch LIMIT 1) t, generate_series(1, 60000) n")
        status, out, large = self.run_measured(["export", "--json"], asked)
        self.assertEqual(0, status)
        self.assertGreater(out.count('"table":"touch"'), 60000)
        room = 300 * 1024 if "ASAN_OPTIONS" in os.environ else 4 * 1024
        self.assertLess(large - small, room, f"{small} KiB, then {large} KiB")


del EraseTest


if __name__ == "__main__":
    phased_test.main()
