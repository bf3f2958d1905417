"""phasectl report phases and the views it reads: rows written straight into the tables, read back in every form."""
# run: sanitized
import datetime
import json
import os
import pty
import re
import select
import subprocess
import unicodedata
import unittest
import uuid

import phased_test

MODEL = 0x0123456789ABCDEF
STATES = ("none", "problem", "research", "suppliers", "doubt", "convince", "funds", "accept")
SHOWN = {"unknown": 0, "none": 1, "early": 2, "mid": 3, "late": 4}
KEYS = ["contact", "email", "name", "role", "account", "process", "phase", "fine", "since", "p", "confidence", "activity",
        "quiet", "touches", "channels", "last_touch", "model"]


def columns_of(line):
    """Columns that a line takes on a terminal."""
    line = re.sub(r"\x1b\[[0-9;]*m", "", line)
    return sum(0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
               for letter in line)


class Report(phased_test.PhasedTest):
    def setUp(self):
        super().setUp()
        self.fresh_database(model=False)
        self.write_config()
        names = ", ".join(f"({MODEL}, 'standard', {n}, '{name}', {(-1, 0, 0, 1, 1, 2, 2, 2)[n]})" for n, name in enumerate(STATES))
        self.psql(f"INSERT INTO phased.model_state VALUES {names}")

    def add(self, phase="mid", p=(0.2, 0.5, 0.3), fine=0, band=2, activity=2.0, touches=5, confirmed=0, ago="1 hour",
            since="3 days", process="standard", contact=None, quiet=False, channels=None):
        contact = contact or str(uuid.uuid4())
        since = f"now() - interval '{since}'" if since else "NULL"
        last = f"now() - interval '{ago}'" if ago else "NULL"
        fold = "" if channels is None else f"\\x03000000{channels:02x}"
        self.psql(f"INSERT INTO phased.phase VALUES ('{contact}', '{process}', 1, {MODEL}, '{fold}', {touches}, {confirmed}, {activity}, "
                  f"{p[0]}, {p[1]}, {p[2]}, 1, {SHOWN[phase]}, {fine}, {band}, {since}, {last}, NULL, {quiet})")
        return contact

    def add_person(self, contact, address, name=None, role=None, may_write=True):
        text = lambda value: "NULL" if value is None else f"$q${value}$q$"
        self.psql(f"INSERT INTO phased.contact VALUES ('{contact}', {text(address)}, {text(name)}, {text(role)}, NULL, NULL, NULL, "
                  f"{may_write})")

    def rows(self, *args, **more):
        return phased_test.json_lines(self.phasectl(["report", "phases", "--json", *args], **more))

    # --- JSON ---

    def test_json_is_as_the_contract_says(self):
        contact = self.add("late", (0.1, 0.2, 0.7), fine=6, band=3, activity=4.0, touches=9, ago="0", since="2 days")
        self.add_person(contact, "karen.holm@nordlys.test", "Karen Holm", "CFO")
        line = self.phasectl(["report", "phases", "--json"])
        row = json.loads(line)
        self.assertEqual(KEYS, list(row))
        self.assertAlmostEqual(4.0, row.pop("activity"), 2)
        for key, days in (("since", 2), ("last_touch", 0)):
            moment = row.pop(key)
            self.assertRegex(moment, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
            age = datetime.datetime.now(datetime.timezone.utc) - datetime.datetime.fromisoformat(moment)
            self.assertLess(abs(age - datetime.timedelta(days=days)), datetime.timedelta(minutes=2))
        self.assertEqual({"contact": contact, "email": "karen.holm@nordlys.test", "name": "Karen Holm", "role": "CFO", "account": None,
                          "process": "standard", "phase": "late", "fine": "funds", "p": {"early": 0.1, "mid": 0.2, "late": 0.7},
                          "confidence": "high", "quiet": False, "touches": 9, "channels": None, "model": "0123456789abcdef"}, row)

    def test_each_phase_band_and_missing_value(self):
        for phase, band, word in (("early", 1, "low"), ("mid", 2, "medium"), ("late", 3, "high"), ("none", 1, "low"), ("unknown", 0, None)):
            with self.subTest(phase):
                contact = self.add(phase, band=band, since=None if phase == "unknown" else "1 day")
                row, = self.rows("--contact", contact)
                self.assertEqual((phase, word, None, None, None, None), tuple(row[key] for key in (
                    "phase", "confidence", "fine", "email", "name", "role")))
                self.assertEqual(phase == "unknown", row["since"] is None)

    def test_a_fine_phase_is_shown_inside_its_phase_only(self):
        for phase, fine in (("early", "research"), ("none", None), ("unknown", None)):
            row, = self.rows("--contact", self.add(phase, fine=2))
            self.assertEqual(fine, row["fine"])

    def test_channels_are_those_of_the_state_and_unknown_where_it_is_of_before(self):
        for bits, names in ((0, []), (2, ["web"]), (8, ["chat"]), (6, ["web", "email"]), (14, ["web", "email", "chat"]), (None, None)):
            with self.subTest(bits):
                contact = self.add(channels=bits)
                self.add_person(contact, f"p{bits}@nordlys.test")
                row, = self.rows("--contact", contact)
                self.assertEqual(names, row["channels"])
                self.assertEqual(names, json.loads(self.value(f"SELECT to_json(channels) FROM report.person_phase WHERE contact_id = '{contact}'") or "null"))
        self.assertRegex(self.phasectl(["report", "phases"], env={"COLUMNS": "160"}), r"CHANNELS(.*\n)*.* web email chat ")
        self.psql("UPDATE phased.phase SET fold = overlay(fold placing '\\x02' from 1) WHERE fold <> ''")
        self.assertEqual({None}, {row["channels"] for row in self.rows()})

    def test_empty_arbiters_are_not_shown_and_confirmed_ones_are(self):
        self.add(touches=0)
        confirmed = self.add("late", touches=0, confirmed=1, ago=None)
        self.assertEqual([confirmed], [row["contact"] for row in self.rows()])
        self.assertEqual((2.0, False, None), tuple(self.rows()[0][key] for key in ("activity", "quiet", "last_touch")))

    def test_activity_halves_every_20_days_of_whole_minutes(self):
        for stored, ago, expected in ((4.0, "20 days", 2.0), (4.0, "40 days", 1.0), (1.0, "-5 minutes", 1.0), (3.0, "700 years", 0.0),
                                      (1e-300, "1 day", 0.0)):
            with self.subTest(ago):
                row, = self.rows("--contact", self.add(activity=stored, ago=ago))
                self.assertAlmostEqual(expected, row["activity"], 3)

    def test_quiet_is_as_the_review_has_it(self):
        quiet, loud = self.add(activity=0.2501, ago="0", quiet=True), self.add(activity=0.2499)
        self.assertEqual([loud], [row["contact"] for row in self.rows("--active")])
        self.assertEqual({quiet: True, loud: False}, {row["contact"]: row["quiet"] for row in self.rows()})

    # --- order and filters ---

    def test_late_phases_come_first_then_the_active(self):
        added = [self.add(phase, activity=activity) for phase in ("unknown", "none", "early", "mid", "late") for activity in (1, 3, 2)]
        expected = [added[3 * phase + n] for phase in (4, 3, 2, 1, 0) for n in (1, 2, 0)]
        self.assertEqual(expected, [row["contact"] for row in self.rows()])
        self.assertEqual(expected[:4], [row["contact"] for row in self.rows("--limit", "4")])

    def test_newest_touch_first_when_asked(self):
        added = [self.add(phase, ago=ago) for phase, ago in (("late", "3 days"), ("unknown", "0"), ("mid", None), ("early", "1 hour"))]
        self.assertEqual([added[n] for n in (1, 3, 0, 2)], [row["contact"] for row in self.rows("--newest")])

    def test_newest_first(self):
        added = [self.add(phase, ago=ago) for phase, ago in (("late", "3 days"), ("none", "1 hour"), ("mid", "2 days"), ("unknown", None))]
        self.assertEqual([added[n] for n in (1, 2, 0, 3)], [row["contact"] for row in self.rows("--newest")])

    def test_filters(self):
        late, mid, parts = self.add("late"), self.add("mid"), self.add("early", process="parts")
        self.add_person(late, "a@nordlys.test", role="CFO")
        found = lambda *args: [row["contact"] for row in self.rows(*args)]
        self.assertEqual([late], found("--phase", "late"))
        self.assertEqual([mid, parts], found("--phase", "early,mid"))
        self.assertEqual([parts], found("--process", "parts"))
        self.assertEqual([late], found("--role", "cfo"))
        self.assertEqual([mid], found("--contact", mid))
        self.assertEqual([mid], found("--contact", mid[:8]))
        self.assertEqual([mid], found("--contact", mid[:20].upper()))
        self.assertEqual([], found("--contact", str(uuid.uuid4())))

    def test_a_contact_by_address_from_stdin(self):
        late = self.add("late")
        self.add("mid")
        self.add_person(late, "karen.holm@nordlys.test")
        for text in ("karen.holm@nordlys.test\n", " Karen.Holm@NORDLYS.test"):
            self.assertEqual([late], [row["contact"] for row in self.rows("--contact", "-", input=text)])
        self.assertEqual([], self.rows("--contact", "-", input="somebody@else.test\n"))
        for text in ("", "no address\n"):
            self.assertEqual(64, self.run_phasectl(["report", "phases", "--contact", "-"], input=text).status)

    def test_wrong_words_are_named_with_the_nearest(self):
        for args, said in ((["--phase", "layte"], "late, mid, early, none or unknown, not \"layte\"; did you mean late?"),
                           (["--contact", "12345"], "the first 8 digits"), (["--contact", "zzzzzzzzz"], "the first 8 digits"),
                           (["--limit", "0"], "a number from 1 to"), (["--limit"], "expected N after it"),
                           (["--jsn"], "did you mean --json?"), (["--json=yes"], "takes no value")):
            done = self.run_phasectl(["report", "phases", *args])
            self.assertEqual((64, 1, ""), (done.status, done.err.count("\n"), done.out))
            self.assertIn(said, done.err)

    def test_no_address_is_taken_from_the_command_line_nor_shown(self):
        for args in (["report", "phases", "--contact", "k.holm@nordlys.test"], ["report", "phases", "k.holm@nordlys.test"],
                     ["report", "k.holm@nordlys.test"], ["--k.holm@nordlys.test", "report"], ["report", "phases", "--x=k.holm@nordlys.test"]):
            done = self.run_phasectl(args)
            self.assertEqual(64, done.status)
            self.assertNotIn("holm", done.err + done.out)

    # --- who may see what ---

    def test_readers_see_no_identity_and_sellers_do(self):
        contact = self.add("late")
        self.add_person(contact, "karen.holm@nordlys.test", "Karen Holm", "CFO")
        seller, reader = self.user("phased_seller"), self.user("phased_reader")
        self.assertEqual("Karen Holm", self.rows(config=seller)[0]["name"])
        row, = self.rows(config=reader)
        self.assertEqual((contact, None, None, None), tuple(row[key] for key in ("contact", "email", "name", "role")))
        table = self.phasectl(["report", "phases"], config=reader)
        self.assertIn(contact, table)
        self.assertNotRegex(table, "holm|Holm|CFO|ROLE|NAME")
        self.assertEqual(77, self.run_phasectl(["report", "phases", "--role", "CFO"], config=reader).status)

    def test_a_reader_with_the_key_finds_a_contact_by_address(self):
        """The id is computed, so nothing that reads as a person leaves the database."""
        done = subprocess.run(["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"key:{self.key()}"],
                              input=b"email\0\0karen.holm@nordlys.test", capture_output=True, check=True)
        contact = str(uuid.UUID(done.stdout.decode().split()[-1][:32]))
        self.add("late", contact=contact)
        self.add("mid")
        rows = self.rows("--contact", "-", input="Karen.Holm@nordlys.test\n", config=self.user("phased_reader"))
        self.assertEqual([contact], [row["contact"] for row in rows])

    def key(self):
        with open(self.path("identity.key")) as key:
            return key.read().strip()

    def test_not_allowed_is_77(self):
        done = self.run_phasectl(["report", "phases"], config=self.user("phased_monitor"))
        self.assertEqual((77, 1), (done.status, done.err.count("\n")), done)

    def test_no_schema_is_65_and_says_what_to_do(self):
        self.new_database()
        self.write_config()
        done = self.run_phasectl(["report", "phases"])
        self.assertEqual((65, 1), (done.status, done.err.count("\n")), done)
        self.assertIn("run phasectl migrate", done.err)

    # --- the table ---

    def people(self):
        for n, (phase, p) in enumerate((("late", (0.05, 0.12, 0.83)), ("mid", (0.2, 0.6, 0.2)), ("early", (0.9, 0.05, 0.05)),
                                        ("none", (0.5, 0.3, 0.2)), ("unknown", (0.5, 0.3, 0.2)))):
            contact = self.add(phase, p, fine=n, activity=5 - n, band=3 if phase == "late" else 1)
            if n != 1:
                self.add_person(contact, f"anna-karin.lindström{n}@fjordkraft-marine.test", "山田太郎 Lindström-Øverby", "procurement")

    def table(self, columns=100):
        return self.phasectl(["report", "phases"], env={"COLUMNS": str(columns)}).splitlines()

    def test_every_line_fits_and_columns_stand_under_each_other(self):
        self.people()
        for columns in (60, 72, 80, 100, 120, 160, 250):
            with self.subTest(columns):
                lines = self.table(columns)
                self.assertEqual(7, len(lines))
                for line in lines:
                    self.assertLessEqual(columns_of(line), columns)
                self.assertEqual(1, len({columns_of(line) for line in lines[:-1]}))
                at = columns_of(lines[0][:lines[0].index("PHASE")])
                for line, phase in zip(lines[1:], ("late", "mid", "early", "none", "unknown")):
                    place = next(i for i in range(len(line)) if columns_of(line[:i]) == at)
                    self.assertTrue(line[place:].startswith(phase), line)

    def test_what_a_row_says(self):
        self.people()
        line = self.table(200)[1]
        for word in ("anna-karin.lindström0@fjordkraft-marine.test", "山田太郎 Lindström-Øverby", "procurement", "late", "3 d",
                     "░▒████████  83%", "high", "5.0", "1 h"):
            self.assertIn(word, line)
        self.assertEqual("5 rows: 1 late, 1 mid, 1 early, 1 none, 1 unknown", self.table()[-1])

    def test_an_empty_report_says_so(self):
        self.assertEqual("no contact in any buying process\n", self.phasectl(["report", "phases"]))
        self.assertEqual("", self.phasectl(["report", "phases", "--json"]))

    def test_another_process_gets_its_column(self):
        self.add("mid")
        self.assertNotIn("PROCESS", self.table()[0])
        self.add("mid", process="call-off")
        self.assertIn("PROCESS", self.table()[0])

    def test_names_cannot_write_to_the_terminal(self):
        contact = self.add("late")
        self.add_person(contact, "x@nordlys.test", "Eve\x1b[2J\x1b]0;mine\x07\u202eevil\x9b31m" + "\u0301" * 600, "CFO")
        line = self.table(200)[1]
        self.assertNotRegex(line, "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]")
        self.assertIn("Eve\ufffd[2J", line)
        self.assertEqual("Eve\x1b[2J", self.rows()[0]["name"][:7])

    def test_colours_on_a_terminal_only(self):
        self.people()
        self.assertNotIn("\x1b", "\n".join(self.table()))
        self.assertIn("\x1b[1;32mlate", self.on_terminal({"TERM": "xterm"}))
        self.assertNotIn("\x1b", self.on_terminal({"TERM": "xterm", "NO_COLOR": "1"}))
        self.assertNotIn("\x1b", self.on_terminal({"TERM": "dumb"}))

    def test_json_on_a_terminal_is_the_same_and_cannot_act_on_it(self):
        name = "Eve\x9b31m\x7f\u202eØ"
        self.add_person(self.add("late"), "x@nordlys.test", name)
        text = self.on_terminal({"TERM": "xterm"}, "--json")
        self.assertNotRegex(text.replace("\r\n", ""), "[\x00-\x1f\x80-\x9f\u202e]")
        self.assertEqual(name, json.loads(text)["name"])

    def on_terminal(self, env, *args):
        master, slave = pty.openpty()
        child = subprocess.Popen([phased_test.PHASECTL, "--config", self.config, "report", "phases", *args], stdin=subprocess.DEVNULL,
                                 stdout=slave, stderr=slave, env={**os.environ, **env})
        os.close(slave)
        seen = b""
        while select.select([master], [], [], 30)[0]:
            try:
                part = os.read(master, 65536)
            except OSError:		# the other side is closed
                break
            seen += part
        os.close(master)
        self.assertEqual(0, child.wait(30))
        return seen.decode()

    def test_memory_does_not_grow_with_the_rows(self):
        peaks = []
        for count in (1000, 60000):
            self.psql("TRUNCATE phased.phase, phased.contact")
            self.psql(f"INSERT INTO phased.phase SELECT md5(i::text)::uuid, 'standard', 1, {MODEL}, '', 3, 0, 1 + i % 7, .2, .3, .5, 1, "
                      f"i % 5, 0, 1, now(), now(), NULL FROM generate_series(1, {count}) i")
            status, out, peak = self.run_measured(["report", "phases"])
            lines = out.splitlines()
            self.assertEqual(0, status)
            self.assertEqual(count + 2, len(lines))
            self.assertEqual(count, len({line.split()[0] for line in lines[1:-1]}))
            peaks.append(peak)
        # A sanitizer keeps what was freed for a while.
        room = 300 * 1024 if "ASAN_OPTIONS" in os.environ else 4096
        self.assertLess(peaks[1] - peaks[0], room, "KiB more for 60 times the rows")

    def test_runs_under_head(self):
        self.psql(f"INSERT INTO phased.phase SELECT md5(i::text)::uuid, 'standard', 1, {MODEL}, '', 3, 0, 1, .2, .3, .5, 1, 2, 0, 1, "
                  "now(), now(), NULL FROM generate_series(1, 20000) i")
        child = subprocess.Popen([phased_test.PHASECTL, "--config", self.config, "report", "phases"], text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        child.stdout.readline()
        child.stdout.close()
        self.assertEqual("", child.stderr.read())
        child.stderr.close()
        child.wait(30)


if __name__ == "__main__":
    phased_test.main()
