#!/usr/bin/python3
# run: timeout=600
"""phasectl model diff: what it says of the model in force is what the database has, what it says of another one is what a daemon of that
one would have, and it changes nothing."""
import collections
import math
import os
import pty
import shutil
import subprocess

import events
import phased_test
from daemon_test import NOW_US
from time_test import TimeTest, moment

MODEL = os.path.join(phased_test.ROOT, "conf", "model")
PRICING = "{suppliers: 1, doubt: 2, convince: 2, funds: 3, accept: 2}"
PRO_RULE = """  - name: web.pro
    points: {funds: 3}
    match:
      - property: {key: plan, value: {is: pro}}
    example: {action: PAGE_VIEW, source: test, properties: {plan: pro}}
"""
UNTIL_US = NOW_US + 10 * 86_400_000_000


def edit(text, old, new):
    assert text.count(old) == 1, (old, text.count(old))
    return text.replace(old, new)


class DiffTest(TimeTest):
    def model(self, name, without=(), **edits):
        """A copy of the shipped model: without some files, with others' texts edited."""
        path = self.path(name)
        shutil.copytree(MODEL, path)
        for process in without:
            os.unlink(os.path.join(path, f"{process}.yaml"))
        for process, changes in edits.items():
            file = os.path.join(path, f"{process}.yaml")
            with open(file) as source:
                text = source.read()
            for old, new in changes:
                text = edit(text, old, new)
            with open(file, "w") as out:
                out.write(text)
        return path

    def diff(self, model, *more, status=1, **how):
        return self.phasectl(["model", "diff", model, "--time", moment(UNTIL_US), *more], status=status, **how)

    def rows(self):
        """What reports show: by contact and process."""
        return {(contact, process): (phase, band, quiet == "t", int(touches)) for contact, process, phase, band, quiet, touches in
                self.psql("SELECT contact_id, process, phase, confidence, quiet, touches FROM report.contact_phase")}

    def all_tables(self):
        """Every row of every table of ours, as text."""
        names = [row[0] for row in self.psql("SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace IN ('phased'::regnamespace, "
                                             "'report'::regnamespace) AND c.relkind = 'r' ORDER BY 1")]
        return {name: self.psql(f"SELECT t::text FROM {name} t ORDER BY 1") for name in names}


def shown(side):
    return side and (side["phase"], side["confidence"], side["quiet"], side["touches"])


class Diff(DiffTest):
    def begin_with(self, sent, model, **overrides):
        self.begin(sent, NOW_US, model__path=model, **overrides)
        self.pass_time(UNTIL_US)
        return self.rows()

    def test_both_sides_are_what_daemons_of_each_model_have(self):
        maker = events.Maker(71, NOW_US, people=80, others=0.2)
        sent = maker.make(2500)
        other = self.model("other", without=["parts"], standard=[
            (f"  - name: web.pricing\n    points: {PRICING}", "  - name: web.pricing\n    points: {problem: 3, research: 2}"),
            ("/(about(-us)?|company", "/(about(-us)?|cases|company"),
            ("rules:\n", "rules:\n" + PRO_RULE)])
        keys = {"subject__property_keys": ["plan", "seats"]}
        for number, event in enumerate(sent):		# known by the property, which the database has without its key
            if event["channel"] == "WEB" and number % 9 < 3:
                event["properties"] = [{"key": ("plan", "seats", "other")[number % 3], "text": "pro"}]
        new = self.begin_with(sent, other, **keys)
        old = self.begin_with(sent, MODEL, **keys)
        before = self.all_tables()
        lines = phased_test.json_lines(self.diff(other, "--json", "--top", "1000"))
        self.assertEqual(before, self.all_tables())

        found = collections.defaultdict(list)
        for line in lines:
            found[line["kind"]].append(line)
        self.assertEqual(["diff"], list({line["kind"]: 0 for line in lines})[:1])
        self.assertEqual("sum", lines[-1]["kind"])
        self.assertEqual({"parts": (True, False), "standard": (True, True)},
                         {line["process"]: (line["from"], line["to"]) for line in found["process"] if line["process"] in ("parts", "standard")})

        # Each row that differs, from and to.
        said = {(line["contact"], line["process"]): (shown(line["from"]), shown(line["to"])) for line in found["contact"]}
        self.assertEqual(len(said), len(found["contact"]))
        keys = set(old) | set(new)
        differs = {key: (old.get(key), new.get(key)) for key in keys if (old.get(key) or ())[:3] != (new.get(key) or ())[:3]}
        self.assertGreater(len(differs), 30)
        self.assertEqual(differs, said)

        # The counts of all of them.
        def phase(row):
            return row[0] if row else None
        counts = collections.Counter((key[1], phase(old.get(key)), phase(new.get(key))) for key in keys)
        self.assertEqual(counts, {(line["process"], line["from"], line["to"]): line["contacts"] for line in found["phases"]})
        moved = {key[0] for key, (one, other) in differs.items() if phase(one) != phase(other)}
        self.assertEqual(len(moved), lines[-1]["elsewhere"])

        # Touches that change rules.
        about = [line for line in found["rule"] if line["to"] == {"process": "standard", "rule": "web.careers_about"}
                 and line["from"] == {"process": "standard", "rule": "web.case_study"}]
        self.assertEqual(1, len(about), found["rule"])
        cases = [event for event in sent if event.get("content", {}).get("url", "").endswith("/cases/harbour") and
                 event.get("process", "standard") in ("standard", "no-such") and event.get("properties", [{}])[0].get("key") != "plan"]
        self.assertEqual(len(cases), about[0]["touches"])

        # Reasons add up, and the largest moves come first.
        self.assertEqual(len(said), len(found["why"]))
        for line in found["why"]:
            if line["phase"] is not None:
                total = (line["to"] or 0) - (line["from"] or 0)
                self.assertAlmostEqual(total, line["start"] + sum(part["effect"] for part in line["lines"]), 9)
        first = found["why"][0]
        sides = next(line for line in found["contact"] if (line["contact"], line["process"]) == (first["contact"], first["process"]))
        self.assertNotEqual(phase(shown(sides["from"])), phase(shown(sides["to"])))
        if first["to"] is not None:
            p = sides["to"]["p"][first["phase"]]
            self.assertAlmostEqual(math.log(p / (1 - p)), first["to"], 9)

        # The same again, and of some contacts only.
        self.assertEqual(lines, phased_test.json_lines(self.diff(other, "--json", "--top", "1000")))
        some = phased_test.json_lines(self.diff(other, "--json", "--sample", "40"))
        part = [line for line in some if line["kind"] == "contact"]
        self.assertTrue(0 < len(part) < len(said))
        self.assertEqual([line for line in found["contact"] if int(line["contact"][:8], 16) < 0.4 * 2**32], part)

    def test_nothing_differs_from_itself(self):
        self.begin_with(events.Maker(72, NOW_US, people=20).make(300), MODEL)
        before = self.all_tables()
        words = self.diff(MODEL, status=0)
        self.assertIn("Nothing differs: nobody would be shown elsewhere, or otherwise.", words)
        lines = phased_test.json_lines(self.diff(MODEL, "--json", status=0))
        self.assertEqual({"diff", "process", "phases", "sum"}, {line["kind"] for line in lines})
        self.assertEqual(0, lines[-1]["elsewhere"] + lines[-1]["confidence_only"] + lines[-1]["alerts_raised"] + lines[-1]["alerts_dropped"])
        self.assertEqual(before, self.all_tables())


class Words(DiffTest):
    """Of two people: one consented and came to be late, of the other nothing is known but a cookie."""
    NAME, ADDRESS = "Karen Holm", "karen.holm@acme.test"
    WALK = (("/guides/choosing-a-workboat-radar/", 30), ("/compare/", 21), ("/prices/", 14), ("/calculator/", 3), ("/prices/", 2))

    def setUp(self):
        super().setUp()
        sent = []
        for who, more in (("c1", {"email": self.ADDRESS, "name": self.NAME}), ("c2", {})):
            for number, (path, days) in enumerate(self.WALK[:5 if more else 2]):
                at_us = NOW_US - days * 86_400_000_000
                sent.append({"id": f"{who}-{number}", "source": "test", "channel": "WEB", "action": "PAGE_VIEW", "occurred_us": at_us,
                             "received_us": at_us, "identity": {"anonymous_id": who, **more},
                             "consent": {"analytics": "GRANTED", **({"profile": "GRANTED"} if more else {})},
                             "content": {"url": f"https://www.nordlys.test{path}", "title": "A page"}})
        self.begin(sent, NOW_US)
        self.pass_time(UNTIL_US)
        self.karen = self.value("SELECT contact_id FROM report.person")
        self.other = self.model("other", standard=[(f"  - name: web.pricing\n    points: {PRICING}", "  - name: web.pricing\n    points: {problem: 3}")])

    def test_who_moves_is_named_with_reasons_to_those_who_may_know(self):
        seller, reader = self.user("phased_seller"), self.user("phased_reader")
        words = self.diff(self.other, config=seller)
        self.assertIn("1 of 2 contacts (50.0 %)", words)
        self.assertRegex(words, rf"\n  {self.karen[:8]}  {self.NAME} +standard: late \(\w+\) → \w+.*; evidence for (early|mid) [-+.0-9]+ → [-+.0-9]+\n")
        self.assertRegex(words, r"\n +\+\d\.\d  [ 0-9]{2} \w{3} 2026  Prices  web\.pricing\n")		# the content's title
        self.assertRegex(words, rf"\n  0 under both, 0 more would be raised, 1 would not\n  {self.karen[:8]}  {self.NAME} +standard: "
                         r"would not be raised at the end of 2026-")
        unnamed = self.diff(self.other, config=reader)
        self.assertNotIn(self.NAME, unnamed)
        self.assertEqual(words.replace("  Karen Holm" + " " * 14, ""), unnamed)
        self.assertNotIn("@", words)
        lines = self.diff(self.other, "--json", config=seller)
        self.assertEqual(lines, self.diff(self.other, "--json", config=reader))
        alert = next(line for line in phased_test.json_lines(lines) if line["kind"] == "alert")
        self.assertEqual((self.karen, "standard", False), (alert["contact"], alert["process"], alert["raised"]))

        # Whose history is too long is named and counted.
        words = self.diff(self.other, "--touches-max", "4", status=0, config=seller)
        self.assertRegex(words, rf"\nLeft out\n  1 contact of more than 4 touches \(--touches-max\):\n  {self.karen[:8]}  {self.NAME} +5 touches\n")
        lines = phased_test.json_lines(self.diff(self.other, "--touches-max", "4", "--json", status=0))
        self.assertIn({"kind": "too long", "contact": self.karen, "touches": 5}, lines)
        self.assertEqual((1, 1), (lines[-1]["contacts"], lines[-1]["too_long"]))

        # Before the last of what was done nobody was late.
        early = self.phasectl(["model", "diff", self.other, "--time", moment(NOW_US - 20 * 86_400_000_000)], status=0)
        self.assertIn("4 touches of 2 contacts folded under both", early)

    def test_of_too_many_touches_no_reasons_are_told(self):
        line, = (line for line in phased_test.json_lines(self.diff(self.other, "--json")) if line["kind"] == "why")
        self.assertEqual((self.karen, False), (line["contact"], line["too_many"]))
        self.assertNotEqual([], line["lines"])
        # Repeats within a second: with her five, one more than 20,000.
        self.psql("INSERT INTO phased.touch SELECT actor_id, stamped, event_id + n, received, at, subject_id, reasons, party FROM "
                  "(SELECT t.* FROM phased.touch t ORDER BY (SELECT count(*) FROM phased.touch o WHERE o.actor_id = t.actor_id) DESC, at DESC "
                  "LIMIT 1) AS one, generate_series(1, 19996) AS n")
        line, = (line for line in phased_test.json_lines(self.diff(self.other, "--json")) if line["kind"] == "why")
        self.assertEqual((self.karen, True, None, []), (line["contact"], line["too_many"], line["phase"], line["lines"]))
        words = self.diff(self.other)
        self.assertIn("more than 20000 touches: too many to tell reasons of\n", words)
        self.assertNotIn("nothing has counted", words)

    def test_what_cannot_be_compared_is_said(self):
        bad = self.model("bad", standard=[("  - name: web.pricing\n    points: {suppliers: 1", "  - name: web.pricing\n    points: {supliers: 1")])
        cases = [
            (["model", "diff"], 64, "NEW"),
            (["model", "diff", self.path("none")], 78, "none"),
            (["model", "diff", bad], 78, r"standard\.yaml:\d+: .*supliers.*suppliers"),
            (["model", "diff", self.other, "--time", "soon"], 64, "--time: expected a time"),
            (["model", "diff", self.other, "--sample", "0"], 64, "--sample: expected a number from 1 to 100"),
        ]
        for words, status, text in cases:
            done = self.run_phasectl(words)
            self.assertEqual((status, ""), (done.status, done.out), (words, done.err))
            self.assertRegex(done.err, text)
        done = self.run_phasectl(["model", "diff", self.other], config=self.user("phased_monitor"))
        self.assertEqual((77, ""), (done.status, done.out), done.err)
        self.psql("UPDATE phased.model SET in_force = false")
        done = self.run_phasectl(["model", "diff", self.other])
        self.assertEqual((78, ""), (done.status, done.out), done.err)
        self.assertIn("no model is in force yet", done.err)

    def test_progress_is_shown_while_the_database_works(self):
        holder = self.session("BEGIN; LOCK TABLE phased.subject IN ACCESS EXCLUSIVE MODE;")
        argv = [phased_test.PHASECTL, "--config", self.config, "model", "diff", self.other, "--time", moment(UNTIL_US)]
        program = self.start(argv, "lines")
        ours, theirs = pty.openpty()
        terminal = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=theirs, cwd=phased_test.ROOT)
        self.addCleanup(lambda: (terminal.kill(), terminal.communicate(), os.close(ours)))
        os.close(theirs)
        bar = b""
        while b"\xe2\x96\x91" * 30 not in bar:		# a bar of nothing yet
            bar += os.read(ours, 4096)
        self.wait_log(program, r"phasectl: model diff: .*, \d+ s\n")
        holder.stdin.write("ROLLBACK;\n")
        holder.stdin.flush()
        self.assertEqual(1, program.wait())
        out = terminal.communicate(timeout=60)[0].decode()
        self.assertEqual(1, terminal.returncode)
        self.assertTrue(out.startswith("From model "), out)		# the bar is on stderr alone


if __name__ == "__main__":
    phased_test.main()
