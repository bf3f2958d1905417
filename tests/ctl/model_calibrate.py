#!/usr/bin/python3
"""`phasectl model calibrate` learns from a file of touches, writes a model file that is read back, and refuses what says nothing.

  tests/ctl/model_calibrate.py PHASECTL ACCURACY
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
MODEL = os.path.join(ROOT, "conf", "model")
PHASECTL = ACCURACY = ""


class ModelCalibrate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        done = subprocess.run([ACCURACY, "--model", MODEL, "--process", "standard", "--site", "noisy", "--contacts", "110", "--touches"],
                              capture_output=True, text=True, check=True)
        cls.lines = done.stdout.splitlines()
        cls.touches = cls.write("touches", cls.lines)

    @classmethod
    def write(cls, name, lines):
        path = os.path.join(cls.folder.name, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write("".join(f"{line}\n" for line in lines))
        return path

    def calibrate(self, *more, model=MODEL, touches=None):
        done = subprocess.run([PHASECTL, "model", "calibrate", "--model", model, "--touches", touches or self.touches, *more],
                              capture_output=True, text=True, check=False)
        # How far it is, it says where that takes seconds, as on a crowded machine.
        done.stderr = re.sub(r"^phasectl: model calibrate: \d+ %, .*\n", "", done.stderr, flags=re.M)
        return done

    def learned(self, name, *more, **where):
        path = os.path.join(self.folder.name, name)
        done = self.calibrate("--output", path, *more, **where)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        return path, self.read(os.path.join(path, "standard.yaml") if os.path.isdir(path) else path), done.stdout

    def read(self, path):
        with open(path, encoding="utf-8") as text:
            return text.read()

    def test_a_file_with_a_section_comes_out_that_a_model_is_read_from(self):
        path, text, said = self.learned("one")
        self.assertTrue(text.startswith(self.read(os.path.join(MODEL, "standard.yaml"))))
        self.assertEqual(sorted(os.listdir(path)), sorted(os.listdir(MODEL)))
        self.assertEqual(self.read(os.path.join(path, "tender.yaml")), self.read(os.path.join(MODEL, "tender.yaml")))
        self.assertIn("\nlearned:\n  # By phasectl model calibrate, from ", text)
        self.assertIn(f"{path} has it", said)
        queries = self.write("queries", [json.dumps({"contact": "c000003", "ts_ms": 1730000000000})])
        answers = [subprocess.run([PHASECTL, "model", "try", "--model", model, "--touches", self.touches, "--queries", queries],
                                  capture_output=True, text=True, check=True).stdout for model in (MODEL, path)]
        self.assertNotEqual(*answers)
        # Of a model that has a section, it is replaced: the rule book alone decides.
        self.assertEqual(text, self.learned("again", model=path)[1])
        # The same input, in another order, gives the same bits.
        self.assertEqual(text, self.learned("shuffled", touches=self.write("other-order", sorted(self.lines)))[1])

    def test_of_a_folder_of_one_file_comes_a_folder(self):
        alone = os.path.join(self.folder.name, "alone")
        os.mkdir(alone)
        shutil.copy(os.path.join(MODEL, "standard.yaml"), alone)
        path, text, _ = self.learned("of-alone/", model=alone)
        self.assertEqual(["standard.yaml"], os.listdir(path))
        self.assertIn("\nlearned:\n", text)

    def test_of_one_file_comes_one_file_also_of_a_site_without_mail_and_chat(self):
        web = self.write("web", [line for line in self.lines if '"rule": "web.' in line])
        path, text, _ = self.learned("web.yaml", model=os.path.join(MODEL, "standard.yaml"), touches=web)
        self.assertTrue(os.path.isfile(path))
        self.assertIn("\n  web.pricing: {", text.split("\nlearned:\n")[1])
        self.assertNotIn("chat.", text.split("\nlearned:\n")[1])

    def test_the_text_of_a_whole_model_stays_one(self):
        # As phasectl model show prints it: all processes in one file.
        whole = self.write("whole.yaml", WHOLE.splitlines())
        touches = [json.dumps({"id": f"{c}.{i}", "contact": f"c{c:03}", "ts_ms": 1717200000000 + i * 86400000, "received_ms": 0,
                               "rule": "web.price" if (c + i) % 3 else "web.other"}) for c in range(100) for i in range(5)]
        _, text, _ = self.learned("whole-out.yaml", model=whole, touches=self.write("few", touches))
        self.assertTrue(text.startswith("processes:\n"))
        self.assertIn("\n  learned:\n    web.price: {", text)

    def test_json_says_of_each_rule_what_it_learned(self):
        done = self.calibrate("--json")
        self.assertEqual(done.returncode, 0)
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual({"process", "rule", "touches", "expected", "points", "learned", "words"}, set(rows[0]))
        self.assertEqual({"process", "contacts", "touches", "learned", "gain", "gain_deviation", "rounds", "log_likelihood_before", "log_likelihood"},
                         set(rows[-1]))
        self.assertIs(rows[-1]["learned"], True)
        self.assertGreater(rows[-1]["gain"], .1 + rows[-1]["gain_deviation"])
        self.assertGreater(rows[-1]["log_likelihood"], rows[-1]["log_likelihood_before"])
        self.assertEqual(rows[-1]["touches"], sum(row["touches"] for row in rows[:-1]))
        worth = [row for row in rows[:-1] if row["points"]["late"] >= .25]
        self.assertTrue(worth and all(row["words"].startswith("says more for") and "late" in row["words"] for row in worth))

    def test_points_that_are_right_stand_and_what_was_learned_before_goes(self):
        done = subprocess.run([ACCURACY, "--model", MODEL, "--process", "standard", "--site", "matched", "--contacts", "110", "--touches"],
                              capture_output=True, text=True, check=True)
        touches = self.write("matched", done.stdout.splitlines())
        before = os.path.join(self.folder.name, "before")
        shutil.copytree(MODEL, before)
        with open(os.path.join(before, "standard.yaml"), "a", encoding="utf-8") as out:
            out.write("\nlearned:\n  web.pricing: {none: 0.5}\n")
        path, text, said = self.learned("stands", model=before, touches=touches)
        self.assertEqual(text.rstrip("\n"), self.read(os.path.join(MODEL, "standard.yaml")).rstrip("\n"))
        self.assertRegex(said, r"makes a touch of the other -?\d\.\d % \(\+- \d\.\d\) more likely than the points alone\.\n"
                         r"That is less than 11 %, and may be for what else the model does not know: the points stand, nothing is learned\.\n")
        self.assertIn(f"{path} has it", said)
        rows = [json.loads(line) for line in self.calibrate("--json", touches=touches).stdout.splitlines()]
        self.assertEqual((rows[-1]["learned"], rows[-1]["rounds"]), (False, 0))
        self.assertEqual({1}, {number for row in rows[:-1] for number in row["learned"].values()})
        self.assertGreater(sum(row["touches"] for row in rows[:-1]), 0)

    def test_few_contacts_are_refused_some_are_advised_against(self):
        def of(contacts):
            return self.write("some", [line for line in self.lines if int(json.loads(line)["contact"][1:]) < contacts])
        done = self.calibrate(touches=of(20))
        self.assertEqual((done.returncode, done.stdout), (65, ""))
        self.assertRegex(done.stderr, r"^phasectl: model calibrate: \d\d contacts with touches that count in process standard: fewer than 30 say nothing "
                         r"about a rule book, 100 are advised\n$")
        done = self.calibrate(touches=of(60))
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r"^phasectl: \d\d contacts are few, 100 are advised: look at what is learned with care\n$")

    def test_what_is_wrong_is_said(self):
        there = self.write("there.yaml", ["kept"])
        done = self.calibrate("--output", there)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (78, "", f"phasectl: model calibrate: {there}: File exists\n"))
        with open(there, encoding="utf-8") as text:
            self.assertEqual(text.read(), "kept\n")
        done = self.calibrate("--process", "standrad")
        self.assertEqual(done.returncode, 64)
        self.assertIn("did you mean standard?", done.stderr)
        done = subprocess.run([PHASECTL, "model", "calibrate", "--touches", self.touches], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr),
                         (64, "phasectl: model calibrate: --touches names rules: --model says of which model\n"))


WHOLE = """# our model
processes:
- process: standard
  phases: [{name: none, prior: 0.4}, {name: a, main: early, prior: 0.3, entry: 0.5}, {name: b, main: late, prior: 0.3, entry: 0.5}]
  rules:
  - {name: web.price, points: {b: 2}, match: [{path: price}], example: {action: PAGE_VIEW, url: 'https://www.nordlys.test/price'}}
"""

if __name__ == "__main__":
    ACCURACY = os.path.abspath(sys.argv.pop(2))
    PHASECTL = os.path.abspath(sys.argv.pop(1))
    unittest.main()
