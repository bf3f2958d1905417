#!/usr/bin/python3
"""dev/check and .ci/run on themselves: in small trees, with tools that say what a case needs, neither calls success what is none."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
TOOLS = {	# as far as dev/check asks them
    "meson": '[ "$1" != setup ] || { mkdir -p "$2"; cp commands.json "$2/compile_commands.json"; }',
    "ninja": "", "pkg-config": "", "gcc": "", "cppcheck": "", "clang-tidy": 'echo "$@" >>tidied; ! grep -qs wrong "${@: -1}"',
}


class Tree(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="phased-check-")
        self.addCleanup(shutil.rmtree, self.root)
        for path in ("dev/check", "dev/idle", ".ci/run"):
            os.makedirs(os.path.dirname(self.path(path)), exist_ok=True)
            shutil.copy(os.path.join(ROOT, path), self.path(path))
        for name, body in TOOLS.items():
            self.script(f"tools/{name}", body)
        for name in ("dev/setup", "dev/format"):
            self.script(name, "")
        subprocess.run(["git", "init", "-q", self.root], check=True)
        self.write("tests/floors.py", "")
        self.write("tests/edge/meson.build", "")
        self.write(".clang-tidy", "")
        self.write("a.c", "")
        self.write("a.h", "")
        self.write(".gitignore", "/build*/\n/tools/\n/tests/\n/tidied\n")
        self.write("commands.json", json.dumps([{"file": "../a.c"}]))
        self.script("tests/run.py", "echo '5 passed, 0 failed'")

    def path(self, name):
        return os.path.join(self.root, name)

    def write(self, name, text, mode=0o644):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w") as out:
            out.write(text)
        os.chmod(self.path(name), mode)

    def script(self, name, body):
        self.write(name, f"#!/bin/bash\n{body}\n", 0o755)

    def start(self, *words):
        return subprocess.Popen(words, cwd=self.root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True, env={**os.environ, "PATH": f"{self.root}/tools:{os.environ['PATH']}", "TMPDIR": self.root})

    def expect(self, closing, *words):
        """Runs it; its last line is this, and its exit status goes with that. Returns the lines."""
        with self.start(*words) as run:
            lines = run.stdout.read().splitlines()
        self.assertEqual(closing, lines[-1], "\n".join(lines))
        self.assertEqual(0 if closing.endswith(" 0 failed") else 1, run.returncode)
        return lines

    def failed(self, closing):
        return [line.split("FAILED")[1].rsplit(maxsplit=2)[0].strip() for line in self.expect(closing, "dev/check") if "FAILED" in line]


class Check(Tree):
    def test_all_is_well(self):
        self.assertEqual([], self.failed("18 passed, 0 failed"))

    def test_a_list_of_nothing_is_a_list_gone_wrong(self):
        os.unlink(self.path("a.h"))
        self.assertEqual(["headers stand alone"], self.failed("17 passed, 1 failed"))
        self.write("a.h", "")
        self.write("commands.json", "[]")
        shutil.rmtree(self.path("build-asan"))
        self.assertEqual(["clang-tidy"], self.failed("17 passed, 1 failed"))

    def test_a_run_of_no_test_is_no_success(self):
        for said, closing in (("echo '0 passed, 0 failed, 3 skipped'; exit 1", "8 passed, 2 failed"), ("echo 'Killed'", "8 passed, 2 failed"),
                              ("echo '4 passed, 1 failed'; exit 1", "16 passed, 2 failed"),
                              ("echo '5 passed, 0 failed'; exit 130", "18 passed, 2 failed")):
            with self.subTest(said):
                self.script("tests/run.py", said)
                self.expect(closing, "dev/check")

    def test_what_was_looked_at_ahead_is_not_looked_at_again_until_something_changes(self):
        def tidied():
            with open(self.path("tidied")) as text:
                return text.read().count("a.c")
        with self.start("dev/check", "--ahead") as run:
            self.assertEqual("", run.stdout.read())
        self.assertEqual((0, 1), (run.returncode, tidied()))
        self.expect("18 passed, 0 failed", "dev/check")
        self.assertEqual(1, tidied())
        for _ in range(2):		# what is found is found again; once more where the look beside the tests came so far
            before = tidied()
            self.write("a.c", "wrong")
            self.assertEqual(["clang-tidy"], self.failed("17 passed, 1 failed"))
            self.assertGreater(tidied(), before)
        before = tidied()
        self.write("a.c", "")
        self.write("a.h", "// another\n")
        self.expect("18 passed, 0 failed", "dev/check")
        self.assertGreater(tidied(), before)

    def test_other_words_are_refused(self):
        for words in (("--built",), ("--ahead", "now"), ("",)):
            with self.start("dev/check", *words) as run:
                self.assertIn("usage", run.stdout.read())
            self.assertEqual(64, run.returncode)


class Ci(Tree):
    def test_it_sums_what_both_say_and_believes_no_other_ending(self):
        for test, check, closing in (("echo '3 passed, 0 failed'", "echo '2 passed, 0 failed'", "5 passed, 0 failed"),
                                     ("echo '3 passed, 1 failed'; exit 1", "echo '2 passed, 0 failed'", "5 passed, 1 failed"),
                                     ("echo '3 passed, 0 failed'; exit 1", "echo '2 passed, 0 failed'", "5 passed, 1 failed"),
                                     ("echo done", "echo '2 passed, 0 failed'", "2 passed, 1 failed"),
                                     ("kill -9 $$", "echo '2 passed, 0 failed, 1 skipped'", "2 passed, 1 failed"),
                                     ("echo '0 passed, 0 failed'", "exit 3", "0 passed, 1 failed")):
            with self.subTest(test):
                self.script("dev/test", test)
                self.script("dev/check", f'[ "$*" = --ahead ] || {{ {check}\n}}')
                self.expect(closing, ".ci/run")

    def test_what_it_does_beside_ends_before_the_check(self):
        self.script("dev/test", "until [ -f pid ]; do sleep .02; done; echo '1 passed, 0 failed'")
        self.script("dev/check", """if [ "$*" = --ahead ]; then sleep 300 & echo $! >pid.new; mv pid.new pid; wait; exit; fi
if ps -o stat= -p "$(cat pid)" | grep -v Z; then echo '0 passed, 1 failed'; exit 1; fi
echo '1 passed, 0 failed'""")
        self.expect("2 passed, 0 failed", ".ci/run")

    def test_a_signal_ends_all_and_the_last_line_is_told(self):
        self.script("dev/check", "sleep 300 & echo $! >pid.new; mv pid.new pid; wait")
        self.script("dev/test", "until [ -f pid ]; do sleep .02; done; echo $$ >pid2.new; mv pid2.new pid2; sleep 300")
        with self.start(".ci/run") as run:
            pids = [self.read_pid("pid"), self.read_pid("pid2")]
            run.send_signal(signal.SIGTERM)
            said = run.stdout.read()
        self.assertEqual(("0 passed, 1 failed", 130), (said.splitlines()[-1], run.returncode), said)
        for pid in pids:
            self.assertIn(subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout[:1], ("", "Z"))

    def read_pid(self, name):
        end = time.monotonic() + 20
        while not os.path.exists(self.path(name)):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)
        with open(self.path(name)) as text:
            return int(text.read())


if __name__ == "__main__":
    unittest.main()
