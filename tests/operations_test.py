#!/usr/bin/python3
"""docs/operations.md and the alert rules keep up with the programs.

Each alert has its paragraph, and each paragraph its alert; rules, alerts and guide name metrics that a program has; the guide explains
every exit code and every line that the daemon or the collector logs as error or warning.
"""
import os
import re
import shutil
import subprocess
import sys
import unittest

import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
RULES = os.path.join(ROOT, "conf", "prometheus", "phased.rules.yaml")
LITERAL = re.compile(r'"((?:\\.|[^"\\])*)"')
# What Prometheus itself makes.
OF_PROMETHEUS = {"up"}


def read(*names):
    with open(os.path.join(ROOT, *names), encoding="utf-8") as text:
        return text.read()


def sources(*folders):
    for folder in folders:
        for at, _, files in os.walk(os.path.join(ROOT, folder)):
            for name in sorted(files):
                if name.endswith(".c"):
                    yield os.path.relpath(os.path.join(at, name), ROOT)


def rules():
    return [rule for group in yaml.safe_load(read(RULES))["groups"] for rule in group["rules"]]


def metrics():
    """Names of all that a program of ours shows, histograms with the names they are shown under."""
    names = set()
    for path in sources("core", "daemon", "collector"):
        names |= set(re.findall(r'"((?:phased|process)_[a-z_]+)"', read(path)))
    return names | {name + end for name in names for end in ("_bucket", "_sum", "_count")}


def logged():
    """(path, first literal) of each call that logs an error or a warning."""
    for path in sources("daemon", "collector"):
        for call in re.finditer(r'\blog_(?:error|warning)\(\s*((?:"(?:\\.|[^"\\])*"|PRI\w+|\s)+)', read(path)):
            yield path, "".join(LITERAL.findall(re.sub(r"PRI\w+", '"u"', call.group(1))))


class Rules(unittest.TestCase):
    def test_each_rule_is_whole(self):
        self.assertGreaterEqual(len(rules()), 8)
        names = [rule["alert"] for rule in rules()]
        self.assertEqual(len(names), len(set(names)))
        for rule in rules():
            with self.subTest(rule["alert"]):
                self.assertLessEqual(set(rule), {"alert", "expr", "for", "labels", "annotations"})
                self.assertIn(rule["labels"]["severity"], ("page", "ticket"))
                self.assertTrue(rule["annotations"]["summary"])
                self.assertEqual(rule["expr"].count("("), rule["expr"].count(")"))

    def test_rules_ask_for_metrics_that_there_are(self):
        known = metrics() | OF_PROMETHEUS
        for rule in rules():
            with self.subTest(rule["alert"]):
                asked = set(re.findall(r"\b(?:(?:phased|process)_[a-z_]+|up\b)", rule["expr"]))
                self.assertTrue(asked)
                self.assertLessEqual(asked, known)

    def test_rules_ask_for_outcomes_that_there_are(self):
        known = set(re.findall(r"^X\((\w+),", read("core", "model", "outcome.def") + read("collector", "fate.def"), re.M))
        for rule in rules():
            for asked in re.findall(r'outcome=~?"([^"]+)"', rule["expr"]):
                with self.subTest(rule["alert"]):
                    self.assertLessEqual(set(asked.split("|")), known)

    @unittest.skipUnless(shutil.which("promtool"), "no promtool")
    def test_promtool_agrees(self):
        for words in (["check", "rules", RULES], ["test", "rules", os.path.join(ROOT, "tests", "alerts_promtool.yaml")]):
            done = subprocess.run(["promtool", *words], capture_output=True, text=True, timeout=60)
            self.assertEqual(0, done.returncode, done.stdout + done.stderr)


class Guide(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.text = read("docs", "operations.md")

    def part(self, title):
        return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", self.text, re.M | re.S).group(1)

    def test_each_alert_has_its_paragraph(self):
        paragraphs = dict(re.findall(r"^### (\w+)\n\*(page|ticket)\.\*", self.part("Alerts"), re.M))
        self.assertEqual({rule["alert"]: rule["labels"]["severity"] for rule in rules()}, paragraphs)
        self.assertEqual(len(paragraphs), self.part("Alerts").count("\n### "))

    def test_links_lead_somewhere(self):
        targets = {title.lower().replace(" ", "-") for title in re.findall(r"^##+ (.+)$", self.text, re.M)}
        links = set(re.findall(r"\]\(#\s*([^)]+)\)", self.text))
        self.assertTrue(links)
        self.assertLessEqual(links, targets)

    def test_metrics_are_there(self):
        named = set(re.findall(r"`(?:rate\()?((?:phased|process)_[a-z_]+)[`{\[)]", self.text)) - {"phased_writer", "phased_reader", "phased_seller",
                                                                                           "phased_privacy", "phased_monitor"}
        self.assertGreater(len(named), 15)
        self.assertLessEqual(named, metrics())

    def test_every_exit_code_is_explained(self):
        codes = set(re.findall(r"\bEXIT_[A-Z_]+ = (\d+)", read("core", "base", "fail.h")))
        self.assertEqual(codes, set(re.findall(r"^\| (\d+) \|", self.part("Exit codes"), re.M)))

    def test_every_error_and_warning_is_explained(self):
        lines = [line for row in re.findall(r"^\| (`.+?) \|", self.part("Lines of the log"), re.M) for line in re.findall(r"`([^`]+)`", row)]
        self.assertGreater(len(lines), 15)
        count = 0
        for path, said in logged():
            if said in ("%s", ""):	# a fail, which was given its words elsewhere
                continue
            count += 1
            with self.subTest(path, line=said):
                as_shown = re.sub(r"%(?:[-0-9.*]*)(?:z|ll|l)?[a-zA-Z]", "…", said.replace("\\n", " "))
                self.assertTrue(any(as_shown.startswith(line) for line in lines),
                                f"{path} logs what docs/operations.md, “Lines of the log”, does not explain: {as_shown}")
        self.assertGreater(count, 15)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
