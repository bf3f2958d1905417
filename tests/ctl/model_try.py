#!/usr/bin/python3
"""`phasectl model try` answers the reference questions, whatever order they and the touches come in, and says what is wrong.

  tests/ctl/model_try.py PHASECTL
"""
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
VECTORS = os.path.join(ROOT, "tests", "vectors")
MODEL = os.path.join(ROOT, "conf", "model", "standard.yaml")
START = 1717200000000
DAY = 86400000
PHASECTL = ""


def read(name):
    with open(os.path.join(VECTORS, name), encoding="utf-8") as lines:
        return lines.read().splitlines()


class ModelTry(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def run_try(self, touches, queries, *more, model=MODEL):
        paths = []
        for name, lines in (("touches", touches), ("queries", queries)):
            paths.append(os.path.join(self.folder.name, name))
            with open(paths[-1], "w", encoding="utf-8") as out:
                out.write("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
        return subprocess.run([PHASECTL, "model", "try", "--model", model, "--touches", paths[0], "--queries", paths[1],
                               *more],
                              capture_output=True, text=True, check=False)

    def answers(self, touches, queries):
        done = self.run_try(touches, queries)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_won_or_lost_closes_and_a_later_touch_opens_again(self):
        touches = [{"id": f"t{day}", "contact": "c", "ts_ms": START + day * DAY, "received_ms": START, "rule": "web.pricing"}
                   for day in (0, 1, 4)]
        touches.append({"id": "w", "contact": "c", "ts_ms": START + 2 * DAY, "received_ms": START, "closed": "won"})
        queries = [{"contact": "c", "ts_ms": START + day * DAY} for day in (1, 2, 3, 4)]
        got = [(answer["shown"], answer["counted"], answer["reported"]) for answer in self.answers(touches, queries)]
        self.assertEqual(got[1:], [("none", 0, None), ("none", 0, None), ("unknown", 1, "early")])
        self.assertEqual(got[0][1], 2)
        touches[-1]["closed"] = "sold"
        done = self.run_try(touches, queries)
        self.assertEqual(done.returncode, 65)
        self.assertIn('touches:4: "closed" is neither "won" nor "lost"', done.stderr)

    def test_why_names_each_touch_and_adds_up(self):
        done = self.run_try(read("touches.ndjson"), read("expected.ndjson")[:40], "--why")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        explained = 0
        for line in done.stdout.splitlines():
            answer = json.loads(line)
            why = answer["why"]
            if answer["reported"] is None:
                self.assertIsNone(why)
                continue
            explained += 1
            self.assertEqual(why["phase"], answer["reported"])
            p = answer["main"][why["phase"]]
            self.assertAlmostEqual(why["logit"], math.log(p / (1 - p)), 9)
            self.assertAlmostEqual(why["logit"], why["start"] + sum(line["share"] for line in why["shares"]), 9)
            ids = [line["id"] for line in why["shares"]]
            self.assertEqual(len(ids), len(set(ids)))
            self.assertGreaterEqual(len(ids), answer["counted"])
        self.assertGreater(explained, 30)

    def test_answers_the_reference_questions(self):
        wanted = [json.loads(line) for line in read("expected.ndjson")]
        got = self.answers(read("touches.ndjson"), read("expected.ndjson"))
        self.assertEqual(len(got), 660)
        for one, other in zip(got, wanted):
            place = f"{other['contact']} at {other['ts_ms']}"
            self.assertEqual(list(one), list(other))
            for part in ("posterior", "main"):
                self.assertEqual(list(one[part]), list(other[part]))
                for name in other[part]:
                    self.assertLessEqual(abs(one[part][name] - other[part][name]), 1e-9, place)
            self.assertLessEqual(abs(one["activity"] - other["activity"]), 1e-9, place)
            for name in ("contact", "ts_ms", "reported", "counted", "band", "shown"):
                self.assertEqual(one[name], other[name], place)

    def test_order_does_not_matter(self):
        touches, queries = read("touches.ndjson"), read("expected.ndjson")
        wanted = self.run_try(touches, queries).stdout.splitlines()
        noise = random.Random(3)
        for _ in range(3):
            noise.shuffle(touches)
            places = list(range(len(queries)))
            noise.shuffle(places)
            got = self.run_try(touches, [queries[place] for place in places]).stdout.splitlines()
            self.assertEqual(got, [wanted[place] for place in places])

    def test_a_line_looks_like_the_reference(self):
        """As Python's json writes it: the same keys in order, the shortest numbers that read back to the same bits."""
        got = self.run_try(read("touches.ndjson"), read("expected.ndjson")).stdout.splitlines()
        got += self.run_try([], [{"contact": "bl\u00e5 \"\\\\\n", "ts_ms": START}]).stdout.splitlines()
        self.assertEqual(len(got), 661)
        for line in got:
            self.assertEqual(line, json.dumps(json.loads(line), ensure_ascii=False).replace("\\n", "\\u000a"))

    def counted(self, *touches):
        rows = [{"id": str(number), "contact": "ann", "ts_ms": START, "received_ms": START, "rule": "web.product", **touch}
                for number, touch in enumerate(touches)]
        rows = [{key: value for key, value in row.items() if value is not None} for row in rows]
        return self.answers(rows, [{"contact": "ann", "ts_ms": START + DAY}])[0]

    def test_what_does_not_count(self):
        clicks = [{"rule": "email.other", "ts_ms": START + n, "link": str(n)} for n in range(4)]
        replies = [{"rule": "email.reply_price", "ts_ms": START + n * DAY // 9, "link": str(n)} for n in range(4)]
        for touches, counted in (
                ([{}], 1),
                ([{"machine": False}], 1),
                ([{"machine": True}], 0),
                ([{"rule": "email.open"}], 0),
                ([{}, {"ts_ms": START + 1800000}], 1),
                ([{}, {"ts_ms": START + 1800001}], 2),
                ([{"action": "IDENTIFY"}], 0),
                ([{"action": "BUTTON_CLICK"}], 1),
                (clicks[:3], 1),
                (clicks, 0),
                ([{**click, "action": "EMAIL_REPLY"} for click in clicks], 1),
                (replies, 4),
                ([{"ts_ms": START + 2 * DAY}], 0)):
            self.assertEqual(self.counted(*touches)["counted"], counted, touches)

    def test_of_copies_the_one_received_first_stands(self):
        answer = self.counted({"id": "x", "received_ms": START + 5, "ts_ms": START}, {"id": "x", "rule": "web.pricing"},
                              {"id": "x", "received_ms": START + 9, "ts_ms": START + DAY // 2})
        self.assertEqual(answer, self.counted({"id": "x", "rule": "web.pricing"}))
        # a copy made by a machine stands too: the choice comes first
        self.assertEqual(self.counted({"id": "x", "machine": True}, {"id": "x", "received_ms": START + 1})["counted"], 0)

    def test_a_confirm_is_a_fact(self):
        answer = self.counted({"rule": None, "confirm": "late"})
        self.assertEqual((answer["counted"], answer["shown"]), (0, "unknown"))
        self.assertGreater(answer["main"]["late"], .8)

    def test_bad_lines_are_named(self):
        good = {"id": "1", "contact": "ann", "ts_ms": START, "received_ms": START, "rule": "web.product"}
        bad = [
            ("{", "not JSON"),
            ("[1]", "not an object"),
            ('{"id": "1", "id": "2"}', "not JSON, at id"),
            ({**good, "id": ""}, '"id" must be a text of 1 to 128 bytes'),
            ({**good, "id": "x" * 129}, '"id" must be a text of 1 to 128 bytes'),
            ({**good, "contact": 7}, '"contact" must be a text of 1 to 256 bytes'),
            ({**good, "ts_ms": 1.5}, '"ts_ms" must be whole milliseconds from 1970 to 9999'),
            ({**good, "ts_ms": 253402300800000}, '"ts_ms" must be whole milliseconds from 1970 to 9999'),
            ({key: good[key] for key in good if key != "received_ms"}, '"received_ms" is missing'),
            ({**good, "rule": "web.prodcut"}, '"rule": process standard has no "web.prodcut"; did you mean "web.product"?'),
            ({**good, "rule": "ann@acme.test"}, '"rule": process standard has no "*************"'),
            ({**good, "machine": 1}, '"machine" must be true or false'),
            ({**good, "confirm": "lat"}, '"confirm" is no main or fine phase of process standard'),
            ({**good, "action": "CLICK"}, '"action" is none of the actions of an event'),
            ({**good, "lnik": "x"}, 'unknown key "lnik"; did you mean "link"?'),
            ('"' + "x" * 70000 + '"', "over 65536 bytes"),
        ]
        query = [{"contact": "ann", "ts_ms": START}]
        for line, message in bad:
            done = self.run_try([good, "", line], query)
            name = os.path.join(self.folder.name, "touches")
            self.assertEqual((done.returncode, done.stdout, done.stderr),
                             (65, "", f"phasectl: {name}:3: {message}\nphasectl: {name}: nothing was tried\n"))
        done = self.run_try([good] + [line for line, _ in bad], query)
        self.assertEqual(done.returncode, 65)
        self.assertIn("touches: 16 bad lines in all\n", done.stderr)
        self.assertEqual(done.stderr.count("\n"), 12)

    def test_bad_questions_are_named_and_the_others_answered(self):
        done = self.run_try([], [{"contact": "ann"}, {"contact": "bo", "ts_ms": START}, "x"])
        name = os.path.join(self.folder.name, "queries")
        self.assertEqual(done.returncode, 65)
        self.assertEqual(done.stdout.count("\n"), 1)
        self.assertEqual(done.stderr, f'phasectl: {name}:1: a question needs "contact", a text, and "ts_ms", whole milliseconds\n'
                         f"phasectl: {name}:3: not JSON\nphasectl: {name}: the other questions were answered\n")

    def test_what_is_missing_is_said(self):
        done = subprocess.run([PHASECTL, "model", "try", "--model", MODEL], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (64, "phasectl: model try: --model, --touches and --queries are needed\n"))
        done = self.run_try([], [], model="tests/none.yaml")
        self.assertEqual((done.returncode, done.stderr), (78, "phasectl: tests/none.yaml: No such file or directory\n"))


if __name__ == "__main__":
    PHASECTL = os.path.abspath(sys.argv.pop(1))
    unittest.main()
