#!/usr/bin/python3
"""Every step of docs/model-guide.md, run as it stands there: files written, commands run, what they print compared."""
import os
import re
import subprocess
import unittest

import phased_test
from daemon_test import DaemonTest

GUIDE = os.path.join(phased_test.ROOT, "docs", "model-guide.md")
BLOCK = re.compile(r"^```(\w+)(?: (add))?(?: (\S+))?\n(.*?)^```$", re.M | re.S)


def parts(text):
    """[(step's title, [(language, "add" or "", file, body)])]"""
    titles = [("", 0)] + [(match.group(1), match.start()) for match in re.finditer(r"^## (.*)$", text, re.M)]
    ends = [start for _, start in titles[1:]] + [len(text)]
    return [(title, [match.groups(default="") for match in BLOCK.finditer(text[start:end])])
            for (title, start), end in zip(titles, ends)]


def pattern(line):
    return ".*".join(re.escape(part) for part in line.split("…"))


class ModelGuide(DaemonTest):
    def setUp(self):
        super().setUp()
        self.fresh_database(model=False)
        self.new_topics()
        self.write_config()
        self.phasectl(["topics", "create", "--partitions", "4", "--replication", "1"])
        self.start_phased()
        self.home = self.path("home")
        os.mkdir(self.home)
        self.sent = 0

    def run_block(self, body):
        """The commands of a block, as somebody would type them: phasectl is ours, with this test's configuration."""
        script = f'set -e; phasectl() {{ "{phased_test.PHASECTL}" --config "{self.config}" "$@"; }}\n{body}'
        done = subprocess.run(["bash", "-c", script], cwd=self.home, capture_output=True, text=True, timeout=120, check=False)
        self.sent += sum(len(self.read(name).splitlines()) for name in re.findall(r"^phasectl produce < (\S+)$", body, re.M))
        if "produce" in body:
            self.applied(self.sent)
        return done

    def read(self, name):
        with open(os.path.join(self.home, name), encoding="utf-8") as text:
            return text.read()

    def test_each_step_does_what_stands_there(self):
        with open(GUIDE, encoding="utf-8") as text:
            steps = [part for part in parts(text.read()) if re.match(r"\d+\.", part[0])]
        self.assertEqual(10, len(steps))
        said = None
        for title, blocks in steps:
            self.assertTrue(blocks, title)
            for (language, add, name, body), (after, _, _, answer) in zip(blocks, [*blocks[1:], ("", "", "", "")]):
                with self.subTest(title):
                    if language in ("yaml", "json"):
                        with open(os.path.join(self.home, name), "a" if add else "w", encoding="utf-8") as out:
                            out.write(body)
                    elif language == "sh":
                        done = self.run_block(body)
                        said = done.stdout + done.stderr
                        is_wrong = after == "text" and ": error: " in answer
                        self.assertEqual(65 if is_wrong else 1 if "model diff" in body else 0, done.returncode, said)
                    else:
                        self.assertEqual("text", language)
                        wanted = ".*".join(rf"^{pattern(line)}$" for line in body.splitlines())
                        self.assertRegex(said, re.compile(wanted, re.M | re.S), title)
        self.assertEqual("late", phased_test.json_lines(self.phasectl(["report", "phases", "--json"]))[0]["phase"])


if __name__ == "__main__":
    unittest.main()
