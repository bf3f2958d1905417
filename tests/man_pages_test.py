#!/usr/bin/python3
"""The man pages say what the programs say: every command, option and exit code of --help, and no other; and they are clean.

  man_pages_test.py PHASED PHASED-COLLECT PHASECTL

An option in a page is a line `.It Fl -name Ar VALUE`; a command of phasectl has a subsection `.Ss command` with its options.
"""
import os
import re
import shutil
import subprocess
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
PAGES = os.path.join(ROOT, "docs", "man")
PROGRAMS = dict(zip(("phased", "phased-collect", "phasectl"), sys.argv[1:4]))
OPTION_HELP = re.compile(r"^  --([a-z-]+)(?: ([A-Z]+))? ", re.M)
OPTION_PAGE = re.compile(r"^\.It Fl -([a-z-]+)(?: Ar ([A-Z]+))?$", re.M)


def says(*words):
    done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    assert done.returncode == 0 and not done.stderr, (words, done.stderr)
    return done.stdout


def page(name):
    with open(os.path.join(PAGES, name), encoding="utf-8") as text:
        return text.read()


def sections(text, mark):
    """Name of a section -> its text. `mark`: Sh or Ss."""
    parts = re.split(rf"^\.{mark} (.+)$", text, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def options(pattern, text):
    found = pattern.findall(text)
    names = [name for name, _ in found]
    assert len(names) == len(set(names)), names
    return {name: value for name, value in found}


def exit_codes():
    """Of core/base/fail.h, which the programs end with."""
    with open(os.path.join(ROOT, "core", "base", "fail.h"), encoding="utf-8") as text:
        return set(re.findall(r"\bEXIT_[A-Z_]+ = (\d+)", text.read()))


class Pages(unittest.TestCase):
    maxDiff = None

    def test_a_daemons_page_has_the_options_of_its_help(self):
        for program in ("phased", "phased-collect"):
            with self.subTest(program):
                text = sections(page(f"{program}.8"), "Sh")
                self.assertEqual(options(OPTION_HELP, says(PROGRAMS[program], "--help")), options(OPTION_PAGE, text["OPTIONS"]))

    def test_a_daemons_page_has_the_options_in_its_synopsis(self):
        for program in ("phased", "phased-collect"):
            with self.subTest(program):
                text = sections(page(f"{program}.8"), "Sh")
                shown = set(re.findall(r"-([a-z]+(?:-[a-z]+)*)(?= |$)", re.sub(r"^\.Nm .*$", "", text["SYNOPSIS"], flags=re.M), re.M))
                self.assertEqual(set(options(OPTION_PAGE, text["OPTIONS"])), shown)

    def test_a_daemons_page_has_the_signals_of_its_help(self):
        for program in ("phased", "phased-collect"):
            with self.subTest(program):
                told = set(re.findall(r"\bSIG[A-Z]+\b", says(PROGRAMS[program], "--help")))
                self.assertTrue(told)
                self.assertLessEqual(told, set(re.findall(r"\bSIG[A-Z]+\b", sections(page(f"{program}.8"), "Sh")["SIGNALS"])))

    def test_phasectls_page_has_the_commands_of_its_help(self):
        self.assertEqual(self.commands(), list(self.command_pages()))

    def test_phasectls_page_has_the_options_of_each_command(self):
        top = options(OPTION_HELP, says(PROGRAMS["phasectl"], "--help"))
        self.assertEqual(top, options(OPTION_PAGE, sections(page("phasectl.1"), "Sh")["OPTIONS"]))
        for command, text in self.command_pages().items():
            with self.subTest(command):
                told = options(OPTION_HELP, says(PROGRAMS["phasectl"], *command.split(), "--help"))
                self.assertLessEqual(top.items(), told.items())
                self.assertEqual({name: told[name] for name in told if name not in top}, options(OPTION_PAGE, text))

    def test_phasectls_page_has_the_operands_of_each_command(self):
        seen = 0
        for command, text in self.command_pages().items():
            with self.subTest(command):
                usage = says(PROGRAMS["phasectl"], *command.split(), "--help").splitlines()[0]
                operands = re.sub(rf"^usage: phasectl {command}|\[OPTION\]…$", "", usage).split()
                seen += len(operands)
                self.assertEqual([operand.strip("[]") for operand in operands], re.findall(r"^\.(?:Op|Ic .*?) ?Ar (\S+)$", text, re.M))
        self.assertGreater(seen, 0)

    def test_exit_codes_are_those_of_the_programs(self):
        told = says(PROGRAMS["phasectl"], "--help")
        known = exit_codes()
        self.assertIn("78", known)
        for name in ("phasectl.1", "phased.8", "phased-collect.8"):
            with self.subTest(name):
                codes = set(re.findall(r"^\.It (\d+)$", sections(page(name), "Sh")["EXIT STATUS"], re.M))
                self.assertLessEqual(codes, known)
                if name == "phasectl.1":
                    self.assertEqual(codes, known)
                    self.assertEqual(codes, set(re.findall(r"\b(\d+) [a-z]", told[told.index("Exit codes:"):])))

    def test_pages_are_clean(self):
        self.assertIsNotNone(shutil.which("mandoc"), "no mandoc: run dev/setup")
        for name in self.pages():
            with self.subTest(name):
                said = subprocess.run(["mandoc", "-Tlint", os.path.join(PAGES, name)], capture_output=True, text=True, timeout=60).stdout
                # They refer to each other, and are not installed here.
                wrong = [line for line in said.splitlines() if "referenced manual not found" not in line]
                self.assertEqual([], wrong)

    def test_pages_refer_to_pages_that_are_there(self):
        for name in self.pages():
            for other, section in re.findall(r"^\.Xr (\S+) (\d)", page(name), re.M):
                with self.subTest(name, other=other):
                    self.assertTrue(os.path.exists(os.path.join(PAGES, f"{other}.{section}")))

    def test_pages_render(self):
        self.assertIsNotNone(shutil.which("man"), "no man: run dev/setup")
        for name in self.pages():
            with self.subTest(name):
                done = subprocess.run(["man", "--warnings", "-l", os.path.join(PAGES, name)], capture_output=True, text=True, timeout=60,
                                      env={**os.environ, "MANWIDTH": "100", "LC_ALL": "C.UTF-8", "MANPAGER": "cat"})
                self.assertEqual((0, ""), (done.returncode, done.stderr))
                for option in OPTION_PAGE.findall(page(name)):
                    self.assertIn("--" + option[0], done.stdout)

    @staticmethod
    def pages():
        names = sorted(name for name in os.listdir(PAGES) if re.search(r"\.\d$", name))
        assert len(names) >= 5, names
        return names

    @staticmethod
    def commands():
        told = says(PROGRAMS["phasectl"], "--help")
        listed = told[told.index("\ncommands:\n"):].split("\n\n")[0]
        return [line.rstrip() for line in re.findall(r"^  (\S+(?: \S+)?) ", listed, re.M)]

    @staticmethod
    def command_pages():
        return sections(sections(page("phasectl.1"), "Sh")["COMMANDS"], "Ss")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[4:])
