#!/usr/bin/python3
# run: timeout=600
"""phasectl model diff: what it says of the model in force is what the database has, what it says of another one is what a daemon of that
one would have, and it changes nothing."""
import collections
import json
import math
import os
import shutil
import threading

import events
import phased_test
from daemon_test import NOW_US
from time_test import TimeTest, moment

MODEL = os.path.join(phased_test.ROOT, "conf", "model")
PRICING = "{suppliers: 1, doubt: 2, convince: 2, funds: 3, accept: 2}"
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
    def begin_with(self, sent, model):
        self.begin(sent, NOW_US, model__path=model)
        self.pass_time(UNTIL_US)
        return self.rows()

    def test_both_sides_are_what_daemons_of_each_model_have(self):
        maker = events.Maker(71, NOW_US, people=80, others=0.2)
        sent = maker.make(2500)
        other = self.model("other", without=["parts"], standard=[
            (f"  - name: web.pricing\n    points: {PRICING}", "  - name: web.pricing\n    points: {problem: 3, research: 2}"),
            ("/(about(-us)?|company", "/(about(-us)?|cases|company")])
        new = self.begin_with(sent, other)
        old = self.begin_with(sent, MODEL)
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

        # Touches that change rules: as the two databases' subjects have it.
        about = [line for line in found["rule"] if line["to"] == {"process": "standard", "rule": "web.careers_about"}
                 and line["from"] == {"process": "standard", "rule": "web.case_study"}]
        self.assertEqual(1, len(about), found["rule"])
        self.assertEqual(int(self.value("SELECT count(*) FROM report.measured m JOIN report.subject s USING (subject_id) WHERE "
                                        "s.path = '/cases/harbour' AND s.process IN ('', 'standard', 'no-such')")), about[0]["touches"])

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


if __name__ == "__main__":
    phased_test.main()
