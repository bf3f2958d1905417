"""phasectl report NAME: what its views say, in each form; who may see what; words that are meant to do harm.

Rows are written straight into the tables: what fills them is other tests' affair. Each report is one row of REPORTS.
"""
# run: timeout=900
import csv
import io
import json
import os
import re
import signal
import unittest
import uuid

import phased_test
from report_rows import HOSTILE, NAMES, Rows, Terminal, columns_of

SOMEBODY = {"account", "contact", "role"}
# Report -> its view, the options that apply, and what is needed of them.
REPORTS = {
    "accounts": ("account_phase", {"account", "process"}, None),
    "committee": ("committee", SOMEBODY | {"process"}, None),
    "why": ("why", SOMEBODY | {"process"}, "contact"),
    "journey": ("journey", SOMEBODY | {"process", "since"}, "contact"),
    "transitions": ("transition", {"process", "since"}, None),
    "time": ("time_in_phase", SOMEBODY | {"process", "since"}, None),
    "durations": ("phase_duration", {"process"}, None),
    "movement": ("movement", SOMEBODY | {"process", "since"}, None),
    "funnel": ("funnel", {"process", "since"}, None),
    "trust": ("trust", {"since"}, None),
    "rejects": ("reject_reason", set(), None),
    "lag": ("lag", set(), None),
    "history": ("history", SOMEBODY | {"process", "since"}, "contact"),
}
VALUES = {"account": "nordlys.test", "contact": str(uuid.UUID(int=1)), "role": "CFO", "process": "standard", "since": "2026-11-25"}
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def settled(row):
    """Without what goes on while it is asked for."""
    return {key: value for key, value in row.items()
            if key not in ("seconds", "activity") and not (key == "days" and row["until"] in (None, ""))}


class Reports(Rows):
    def setUp(self):
        super().setUp()
        self.prepare_rows()

    def ask(self, name, *args, **more):
        """The options that it needs are given unless they are."""
        needed = REPORTS[name][2]
        if needed and f"--{needed}" not in args and "--account" not in args:
            args += (f"--{needed}", self.people["ja"] if hasattr(self, "people") else VALUES[needed])
        return self.run_phasectl(["report", name, *args], **more)

    def rows(self, name, *args, **more):
        done = self.ask(name, "--json", *args, **more)
        self.assertEqual((0, ""), (done.status, done.err))
        return phased_test.json_lines(done.out)

    # --- every report ---

    def test_nothing_is_said_to_be_nothing(self):
        for name in REPORTS:
            with self.subTest(name):
                done = self.ask(name)
                self.assertEqual((0, 1, ""), (done.status, done.out.count("\n"), done.err))
                self.assertEqual("", self.ask(name, "--json").out)
                self.assertEqual(1, self.ask(name, "--csv").out.count("\r\n"))

    def test_keys_are_the_columns_of_the_view(self):
        self.fill()
        for name, (view, _, _) in REPORTS.items():
            with self.subTest(name):
                columns = [row[0] for row in self.psql("SELECT attname FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped "
                                                       f"AND attrelid = 'report.{view}'::regclass ORDER BY attnum")]
                rows = self.rows(name)
                self.assertTrue(rows)
                self.assertEqual({tuple(columns)}, {tuple(row) for row in rows})
                self.assertEqual(",".join(columns), self.ask(name, "--csv").out.split("\r\n")[0])

    def test_csv_and_json_say_the_same(self):
        self.fill()
        for name in REPORTS:
            with self.subTest(name):
                lines = self.ask(name, "--csv").out
                self.assertEqual(lines.count("\n"), lines.count("\r\n"))
                read = list(csv.DictReader(io.StringIO(lines, newline="")))
                self.assertEqual([settled({key: self.as_csv(value) for key, value in row.items()}) for row in self.rows(name)], list(map(settled, read)))

    @staticmethod
    def as_csv(value):
        if value is None:
            return ""
        if isinstance(value, str):
            return "'" + value if value[:1] in tuple("=+-@\t\r'") and value else value
        return ",".join(value) if isinstance(value, list) else json.dumps(value)

    def test_what_is_said_is_what_the_view_says(self):
        """To the last digit: the view's own row as JSON, beside ours."""
        self.fill()
        for name, (view, _, needed) in REPORTS.items():
            with self.subTest(name):
                where = f"WHERE contact_id = '{self.people['ja']}'" if needed else ""
                theirs = [json.loads(row[0]) for row in self.psql(f"SELECT to_jsonb(v)::text FROM report.{view} v {where}")]
                key = lambda row: json.dumps(row, sort_keys=True)
                plain = lambda row: {name: re.sub(r"(\.\d*?)0*(\+00:00|Z)$|\+00:00$|Z$", r"\1", value)
                                     if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value) else value for name, value in settled(row).items()}
                self.assertEqual(sorted(map(plain, theirs), key=key), sorted(map(plain, self.rows(name)), key=key))

    def test_an_option_that_does_not_apply_is_refused(self):
        for name, (_, applies, needed) in REPORTS.items():
            for option, value in VALUES.items():
                with self.subTest(f"{name} --{option}"):
                    done = self.ask(name, f"--{option}", value)
                    self.assertEqual(0 if option in applies else 64, done.status, done)
                    if option not in applies:
                        self.assertIn(f"--{option} says nothing about this report", done.err)
            if needed:
                done = self.run_phasectl(["report", name])
                self.assertEqual(64, done.status)
                self.assertIn("--contact or --account: needed", done.err)

    def test_filters_leave_what_they_say(self):
        self.fill()
        ids = lambda name, *args, **more: sorted({row["contact_id"] for row in self.rows(name, *args, **more)})
        for name, (_, applies, needed) in REPORTS.items():
            if needed != "contact":
                continue
            with self.subTest(name):
                nordlys = sorted(contact for who, contact in self.people.items() if who != "nobody")
                self.assertEqual(nordlys, ids(name, "--account", "nordlys.test"))
                self.assertEqual(nordlys, ids(name, "--account", "NORDLYS.test"))
                self.assertEqual(nordlys, ids(name, "--account", "-", input="nordlys.test\n"))
                self.assertEqual([self.people["unknown"]], ids(name, "--account", "nordlys.test", "--process", "call-off"))
                self.assertEqual([self.people["unknown"]], ids(name, "--account", "nordlys.test", "--role", "chief happiness officer"))
                self.assertEqual([self.people["da"]], ids(name, "--account", "nordlys.test", "--contact", self.people["da"]))
                self.assertEqual([], ids(name, "--account", "else.test"))
                self.assertEqual([], ids(name, "--account", "nordlys.test", "--role", "Pope"))

    def test_accounts_and_committees_are_filtered_by_their_own_columns(self):
        self.fill()
        ask = lambda name, key, *args: [row[key] for row in self.rows(name, *args)]
        self.assertEqual(["nordlys.test", "nordlys.test", "fjordkraft.test"], ask("accounts", "account"))
        self.assertEqual(["fjordkraft.test"], ask("accounts", "account", "--account", "Fjordkraft.test"))
        self.assertEqual(["call-off"], ask("accounts", "process", "--process", "call-off"))
        self.assertEqual({"HR", "other"}, set(self.rows("accounts", "--limit", "1")[0]["missing"]))
        self.assertEqual([], self.rows("accounts", "--account", "fjordkraft.test")[0]["missing"])
        self.assertEqual([None, None], ask("committee", "contact_id", "--account", "nordlys.test", "--role", "ceo"))
        self.assertEqual([True, True], ask("committee", "missing", "--account", "nordlys.test", "--role", "ceo"))
        self.assertEqual(["Chief Happiness Officer"], ask("committee", "role", "--contact", self.people["unknown"], "--process", "call-off"))
        self.assertEqual(["mid"], ask("committee", "phase", "--contact", self.people["ja"], "--process", "standard"))

    def test_since_is_a_day_or_a_time(self):
        self.fill()
        for since, days in (("2026-11-02", 2), ("2026-11-03", 1), ("2026-11-04", 0), ("2026-11-03T12:00:00Z", 1), ("2026-11-01T01:00:00+02:00", 3)):
            with self.subTest(since):
                self.assertEqual(days, len(self.rows("history", "--since", since)))

    def test_a_limit_is_one(self):
        self.fill()
        for name in REPORTS:
            self.assertEqual(1, len(self.rows(name, "--limit", "1")))

    # --- words that are meant to do harm ---

    def test_hostile_words_are_no_sql_and_do_not_show(self):
        self.fill()
        before = self.psql("SELECT contact_id FROM phased.contact ORDER BY 1")
        for name, (_, applies, _) in REPORTS.items():
            for option in applies:
                for word in HOSTILE if name == "movement" else HOSTILE[:6:5]:	# which takes all of them
                    with self.subTest(f"{name} --{option} {word[:40]!r}"):
                        # What phasectl waits for on stdin is not there.
                        done = self.ask(name, f"--{option}", word, "--json")
                        self.assertIn(done.status, (0, 64), done)
                        self.assertEqual((done.status != 0) * 1, done.err.count("\n"), done.err)
                        if option in ("account", "contact", "since") and word != "NULL":	# a domain could be called so
                            self.assertEqual(64, done.status, done)
                        self.assertEqual("", done.out)
                        self.assertNotRegex(done.err, r"\x1b|DROP|\ufffd")
        for word in HOSTILE:
            done = self.run_phasectl(["report", word])
            self.assertEqual((64, "", 1), (done.status, done.out, done.err.count("\n")), done)
            self.assertNotRegex(done.err, "[\x1b\ufffd]")
        self.assertEqual(before, self.psql("SELECT contact_id FROM phased.contact ORDER BY 1"))

    def test_words_that_are_no_report(self):
        for args, said in ((["whi"], "did you mean why?"), (["phase"], "did you mean phases?"), (["--json", "phases"], "options of its own"),
                           (["k.holm@nordlys.test"], "no report of that name"), ([], "expected NAME"), (["why", "why"], "NAME and options only"),
                           (["why", "--contact", VALUES["contact"], "--json", "--csv"], "one of them"),
                           (["why", "--contact", "-", "--account", "-"], "only one can be on stdin"),
                           (["why", "--account", "a b"], "the account's domain"), (["why", "--account", "k.holm@nordlys.test"], "an address does not belong")):
            done = self.run_phasectl(["report", *args])
            self.assertEqual((64, 1, ""), (done.status, done.err.count("\n"), done.out), args)
            self.assertIn(said, done.err)
            self.assertNotIn("holm", done.err)

    # --- who may see what ---

    def test_readers_see_ids_and_are_told_so_once(self):
        self.fill()
        reader, seller = self.user("phased_reader"), self.user("phased_seller")
        for name, (_, _, needed) in REPORTS.items():
            if name in ("accounts", "committee"):
                done = self.ask(name, config=reader)
                self.assertEqual((77, ""), (done.status, done.out))
                self.assertIn("may not read views of accounts; phased_seller may", done.err)
                self.assertTrue(self.rows(name, config=seller))
            if needed != "contact":
                continue
            with self.subTest(name):
                table = self.ask(name, config=reader).out
                self.assertIn(self.people["ja"][:21], table)
                self.assertNotRegex(table, "山田|nordlys|CFO")
                self.assertEqual(1, table.count("may not see who they are"))
                table = self.ask(name, config=seller).out
                self.assertIn("山田 太郎", table)
                self.assertNotIn("may not see", table)
                self.assertEqual(self.rows(name, config=seller), self.rows(name, config=reader))
                for option in ("account", "role"):
                    done = self.ask(name, "--contact", self.people["ja"], f"--{option}", VALUES[option], config=reader)
                    self.assertEqual((77, ""), (done.status, done.out))
                    self.assertIn(f"--{option}: this database role may not read report.person", done.err)

    # --- the table ---

    def test_every_line_fits_and_columns_stand_under_each_other(self):
        self.fill()
        for name in REPORTS:
            for columns in (60, 100, 250):
                with self.subTest(f"{name} at {columns}"):
                    args = ("--account", "nordlys.test") if REPORTS[name][2] else ()
                    lines = self.ask(name, *args, env={"COLUMNS": str(columns)}).out.splitlines()[:-1]
                    self.assertGreater(len(lines), 1)
                    self.assertEqual(1, len({columns_of(line) for line in lines}), lines)
                    self.assertLessEqual(columns_of(lines[0]), columns)
                    title = next((title for title in ("PHASE", "FROM") if title in lines[0]), None)
                    if title is None:
                        continue
                    at = columns_of(lines[0][:lines[0].index(title)])
                    for line in lines[1:]:
                        place = next(i for i in range(len(line)) if columns_of(line[:i]) == at)
                        self.assertRegex(line[place:], "^(early  |mid    |late   |none   |unknown|       )( |$)")

    def test_what_only_later_rows_tell_has_its_column(self):
        """Columns are laid out by the first 500 rows: what these leave out may be what tells others from them."""
        self.psql("""INSERT INTO phased.phase SELECT lpad(to_hex(n), 32, '0')::uuid, 'standard', 1, {0}, '', 5, 0, 2, .2, .5, .3, 1, 3, 0, 2,
            now() - interval '3 days', now() - interval '1 hour', NULL, false FROM generate_series(1, 500) n;
            INSERT INTO phased.phase SELECT 'ffffffff-ffff-4fff-bfff-ffffffffffff', 'tender', 1, {0}, '', 5, 0, 2, .2, .5, .3, 1, 3, 0, 2,
            now() - interval '3 days', now() - interval '1 hour', NULL, false;
            INSERT INTO phased.contact (contact_id, name, may_write) VALUES ('ffffffff-ffff-4fff-bfff-ffffffffffff', 'Kim Lie', true)""".format(self.model))
        lines = self.ask("time", env={"COLUMNS": "160"}).out.splitlines()
        self.assertRegex(lines[0], "CONTACT.*NAME.*PROCESS")
        self.assertRegex(lines[-2], "^ffffffff.*Kim Lie.*tender ")

    def test_names_of_all_alphabets_are_shown_whole(self):
        self.fill()
        table = self.ask("why", "--account", "nordlys.test", env={"COLUMNS": "200"}).out
        for name in NAMES.values():
            self.assertIn(name, table)

    def test_marks_without_end_do_not_widen_a_column(self):
        contact = self.person("A")
        self.why(contact, 1, "'" + "e" * 20 + "\u0301" * 1500 + "'")
        lines = self.ask("why", "--contact", contact).out.splitlines()[:-1]
        self.assertIn("e" * 20, lines[2])
        self.assertEqual(1, len({columns_of(line) for line in lines}))

    def test_what_people_typed_cannot_act_on_a_terminal(self):
        evil = "Eve\x1b[2J\x1b]0;mine\x07\x7f\u009b31m\u061c\u202eevil\u2066x"
        contact = self.person(evil)
        self.people = {"ja": contact}
        self.why(contact, 1, "U&'" + "".join(f"\\{ord(letter):04x}" for letter in evil) + "'")
        for form in ((), ("--json",), ("--csv",)):
            with self.subTest(form):
                status, text = Terminal([phased_test.PHASECTL, "--config", self.config, "report", "why", "--contact", contact, *form],
                                        env={"NO_COLOR": "1", "PAGER": "cat"}, columns=200).end()
                self.assertEqual(0, status)
                self.assertIn("Eve", text)
                self.assertNotRegex(re.sub("\r*\n", "\n", text), UNSAFE)
        self.assertEqual(evil, self.rows("why")[1]["content"])
        self.assertEqual(evil, list(csv.DictReader(io.StringIO(self.ask("why", "--csv").out, newline="")))[1]["content"])

    def test_a_text_that_a_spreadsheet_would_reckon_with_begins_with_an_apostrophe(self):
        for text in ("=1+1", "+1", "-1", "@x", "'=1", "''", "\t=1", "a=1"):
            with self.subTest(text):
                self.people = {"ja": self.person()}
                self.why(self.people["ja"], 1, f"$q${text}$q$")
                row = list(csv.DictReader(io.StringIO(self.ask("why", "--csv").out, newline="")))[1]
                self.assertEqual(text if text == "a=1" else "'" + text, row["content"])
                self.assertEqual(text, self.rows("why")[1]["content"])
                self.assertEqual(["-1.5", "1.1", "0.1"], [row["effect"] for row in csv.DictReader(io.StringIO(self.ask("why", "--csv").out, newline=""))])

    def test_colours_on_a_terminal_only(self):
        self.fill()
        argv = [phased_test.PHASECTL, "--config", self.config, "report", "why", "--contact", self.people["ja"]]
        self.assertIn("\x1b[1;32mlate", Terminal(argv).end()[1])
        for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            self.assertNotIn("\x1b", Terminal(argv, env=env).end()[1])
        self.assertNotIn("\x1b", self.ask("why").out)

    def test_memory_does_not_grow_with_the_rows(self):
        contact = self.person("A")
        peaks = []
        for count in (1000, 60000):
            self.psql("TRUNCATE phased.explanation")
            self.why(contact, count)
            for form, more in (([], 2), (["--csv"], 1), (["--json"], 0)):
                status, out, peak = self.run_measured(["report", "why", "--contact", contact, *form])
                self.assertEqual(0, status)
                self.assertEqual(count + 2 + more, out.count("\n"))
                peaks.append(peak)
        room = 300 * 1024 if "ASAN_OPTIONS" in os.environ else 4096		# a sanitizer keeps what was freed for a while
        for few, many in zip(peaks, peaks[3:]):
            self.assertLess(many - few, room, "KiB more for 60 times the rows")

    # --- the pager ---

    def long(self, count=200):
        contact = self.person("A")
        self.why(contact, count)
        return [phased_test.PHASECTL, "--config", self.config, "report", "why", "--contact", contact]

    def pager(self, text):
        """A program that stands in for one."""
        return self.write("pager.sh", f"#!/bin/sh\n{text}\n", 0o755)

    def test_what_does_not_fit_goes_to_the_pager_and_what_fits_does_not(self):
        argv = self.long()
        pager = self.pager("echo through $*; cat")
        status, text = Terminal(argv, env={"PAGER": f"{pager}  a b"}).end()
        self.assertEqual(0, status)
        self.assertTrue(text.startswith("through a b"), text[:80])
        self.assertIn("202 rows", text)
        self.assertIn("\x1b[1;32mlate", text)
        status, text = Terminal([*argv, "--limit", "5"], env={"PAGER": pager}).end()
        self.assertEqual(0, status)
        self.assertNotIn("through", text)
        self.assertIn("5 rows", text)
        self.assertNotIn("through", self.run_phasectl(argv[3:], env={"PAGER": pager}).out)

    def test_a_pager_that_is_missing_or_ends_early_is_no_trouble(self):
        argv = self.long(5000)
        for pager, shown in (("/nowhere/pager", True), (self.pager("exit 3"), False), ("true", False), ("", True), ("cat", True), ("head -1", False)):
            with self.subTest(pager):
                status, text = Terminal(argv, env={"PAGER": pager}).end()
                self.assertEqual(0, status, text[-200:])
                self.assertEqual(shown, "5002 rows" in text)
                self.assertNotIn("phasectl:", text)

    def test_less_is_the_pager_where_nobody_said_which(self):
        terminal = Terminal(self.long(5000))
        terminal.read("CONTACT")
        terminal.type("q")
        status, text = terminal.end()
        self.assertEqual(0, status)
        self.assertNotIn("phasectl:", text)
        self.assertLess(text.count("web.pricing"), 100)

    def test_ctrl_c_is_the_pagers(self):
        terminal = Terminal(self.long(5000), env={"PAGER": self.pager("trap 'echo stopped; exit 0' INT; echo begun; while :; do read line; done")})
        terminal.read("begun")
        os.killpg(terminal.child.pid, signal.SIGINT)
        status, text = terminal.end()
        self.assertEqual(0, status, text)
        self.assertIn("stopped", text)


if __name__ == "__main__":
    phased_test.main()
