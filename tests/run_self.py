#!/usr/bin/python3
"""The runner on itself: what it counts from, and what it does with a file that hangs, leaves a process, or tests nothing.

A runner that counts wrong makes every other test worthless, so it is tried from outside on small trees of its own.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.realpath(__file__))
CLOSING = re.compile(r"^\d+ passed, \d+ failed(, \d+ skipped)?$")

FILES = {
    # name -> (body of tests/floors.py there, closing line, words that the output holds)
    "good": ("class T(unittest.TestCase):\n def test_a(self): pass\n def test_b(self): pass\nunittest.main()",
             "2 passed, 0 failed", ("ok ",)),
    "one fails": ("class T(unittest.TestCase):\n def test_a(self): pass\n def test_b(self): self.fail('here is why')\nunittest.main()",
                  "1 passed, 1 failed", ("FAILED", "here is why")),
    "one is skipped": ("class T(unittest.TestCase):\n def test_a(self): pass\n def test_b(self): self.skipTest('no moon')\nunittest.main()",
                       "1 passed, 0 failed, 1 skipped", ("skipped: 'no moon'",)),
    "none": ("unittest.main()", "0 passed, 1 failed", ("ran no test case",)),
    "silent": ("pass", "0 passed, 1 failed", ("ran no test case",)),
    "broken": ("import nothing_of_that_name", "0 passed, 1 failed", ("ended with status 1", "nothing_of_that_name")),
    "Check": ("print('66%: Checks: 3, Failures: 1, Errors: 0'); raise SystemExit(1)", "2 passed, 1 failed", ("FAILED",)),
    "Check that lies": ("print('100%: Checks: 3, Failures: 0, Errors: 0'); raise SystemExit(1)", "3 passed, 1 failed",
                        ("ended with status 1",)),
    "dies": ("print('Ran 1 test in 0.1s\\n\\nOK', flush=True); os.kill(os.getpid(), 9)", "1 passed, 1 failed", ("status -9",)),
    "leaves a process": ("subprocess.Popen(['sleep', '300'], start_new_session=True)\n"
                         "class T(unittest.TestCase):\n def test_a(self): pass\nunittest.main()",
                         "1 passed, 1 failed", ("left running (ended now): sleep",)),
}

SERVER = """#!/bin/sh
[ "$1" = start ] || exec kill "$(cat "$2/NAME.pid")"
sleep 300 >"$2/NAME.log" 2>&1 &
echo $! >"$2/NAME.pid"
touch "$2/NAME.env"
"""
# Of two that run at once one leaves a process, which is ended; what the other has left so far is none of that.
AT_ONCE = {
    "alone": "# run: alone\nclass T(unittest.TestCase):\n def test_a(self): self.assertEqual([], glob.glob(f'{ROOT}/pid*'))\n",
    "leaves": "class T(unittest.TestCase):\n def test_a(self):\n  leave('pid')\n  wait_until(lambda: os.path.exists(f'{ROOT}/pid2'))\n",
    "other": "class T(unittest.TestCase):\n def test_a(self):\n  pid = leave('pid2')\n"
             "  wait_until(lambda: os.path.exists(f'{ROOT}/pid') and not runs(int(open(f'{ROOT}/pid').read())))\n"
             "  self.assertTrue(runs(pid))\n  os.kill(pid, 9)\n",
}
HELP = """
def leave(name):
    subprocess.run(["sh", "-c", f"sleep 300 >&- 2>&- & echo $! >{ROOT}/{name}.new; mv {ROOT}/{name}.new {ROOT}/{name}"], check=True)
    return int(open(f"{ROOT}/{name}").read())
def runs(pid):
    try:
        return open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
def wait_until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
"""


class Runner(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="phased-run-")
        self.addCleanup(shutil.rmtree, self.root)
        os.makedirs(os.path.join(self.root, "tests"))
        for name in ("run.py", "run_file.py"):
            shutil.copy(os.path.join(HERE, name), os.path.join(self.root, "tests"))
        self.write("run_self.py", "print('0 passed, 0 failed')")

    def write(self, name, body, mode=0o644):
        path = os.path.join(self.root, "tests", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as out:
            out.write(body if body.startswith("#!") else f"import glob, os, subprocess, time, unittest\n{body}\n")
        os.chmod(path, mode)

    def at_once(self, files, *words):
        """Test files that share servers, which in truth are none."""
        for name in ("kafka", "postgres"):
            self.write(f"../dev/{name}", SERVER.replace("NAME", name), 0o755)
        for name, body in files.items():
            self.write(f"integration/{name}_test.py", f"ROOT = {self.root!r}\n{HELP}\n{body}unittest.main()")
        return self.start("--jobs", "2", *(words or ("integration",)))

    def start(self, *words):
        return subprocess.Popen([sys.executable, os.path.join(self.root, "tests", "run.py"), *words], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                env={**os.environ, "PATH": f"{self.root}/tests:{os.environ['PATH']}"})

    def test_what_it_counts(self):
        for name, (body, closing, words) in FILES.items():
            with self.subTest(name):
                self.write("floors.py", body)
                with self.start("floors/floors.py") as run:
                    output = run.stdout.read()
                self.assertEqual(output.splitlines()[-1], closing, output)
                self.assertEqual(run.returncode, 0 if ", 0 failed" in closing else 1)
                for word in words:
                    self.assertIn(word, output)

    def test_no_test_at_all_is_no_success(self):
        self.write("floors.py", "print('1 passed, 0 failed')")
        for words, name, passed in ((("floors/nothing",), "floors/nothing", 0), (("integration",), "integration", 0),
                                    (("floors/nothing", "floors/floors.py"), "floors/nothing", 1),
                                    (("whole/a", "floors/floors.py"), "whole/a", 1)):
            with self.subTest(words):
                with self.start(*words) as run:
                    output = run.stdout.read()
                self.assertRegex(output, fr"FAILED  {name} +1 cases.*\n +(no such test|no tests)\n")
                self.assertIn(f"\nfailed: {name}\n", output)
                self.assertEqual(f"{passed} passed, 1 failed", output.splitlines()[-1])
                self.assertEqual(run.returncode, 1)

    def test_a_word_behind_a_suite_is_its_part(self):
        self.write("floors.py", "print('1 passed, 0 failed')")
        for words, closing in ((("floors", "run_self"), "0 passed, 1 failed"), (("floors", "floors.py"), "1 passed, 0 failed"),
                               (("floors", "nothing"), "0 passed, 1 failed"),
                               (("floors/floors", "floors/run_self"), "1 passed, 1 failed")):
            with self.subTest(words), self.start(*words) as run:
                self.assertEqual(run.stdout.read().splitlines()[-1], closing)
        for words in (("floors", "run_self", "nothing"), ("floors/floors", "nothing")):
            with self.subTest(words), self.start(*words) as run:
                self.assertIn("no suite nothing", run.stdout.read())

    def test_a_part_without_a_suite_is_looked_for_in_all(self):
        self.write("meson", "#!/bin/sh\necho '[]'\n", 0o755)	# no unit tests here
        good = "class T(unittest.TestCase):\n def test_a(self): pass\n"
        with self.at_once({"why_a": good, "why_b": good, "versions": good, "other": good}, "why", "versions") as run:
            output = run.stdout.read()
        self.assertEqual("3 passed, 0 failed", output.splitlines()[-1], output)
        with self.at_once({}, "versions", "nothing") as run:
            output = run.stdout.read()
        self.assertIn("no suite, and none has such a part", output)
        self.assertEqual("1 passed, 1 failed", output.splitlines()[-1], output)

    def test_a_word_for_tests_of_other_names_runs_these_and_no_others(self):
        with open(os.path.join(HERE, "run.py")) as text:
            names = re.findall(r"\b(unit|integration)/(\w+)", re.search(r'ABOUT = .*?"""(.*?)"""', text.read(), re.S).group(1))
        units = [name for suite, name in names if suite == "unit"] + ["ctl_erasure", "flow_role_of"]
        # What meson would say of them.
        self.write("meson", "#!/bin/sh\ncat <<'E'\n" + json.dumps([
            {"name": name, "cmd": ["true"], "env": {}, "timeout": 30, "priority": 0, "workdir": "/"} for name in units]) + "\nE\n", 0o755)
        good = "class T(unittest.TestCase):\n def test_a(self): pass\n"
        files = {name.removesuffix("_test"): good for suite, name in names if suite == "integration"}
        with self.at_once({**files, "roles": good, "my_identity": good}, "identity") as run:
            output = run.stdout.read()
        self.assertEqual(f"{len(names)} passed, 0 failed", output.splitlines()[-1], output)
        os.unlink(f"{self.root}/tests/integration/erase_test.py")
        with self.start("--jobs", "2", "identity") as run:
            output = run.stdout.read()
        self.assertEqual(f"{len(names) - 1} passed, 1 failed", output.splitlines()[-1], output)
        self.assertIn("\nfailed: integration/erase_test.py\n", output)

    def test_it_ends_what_runs_when_it_is_interrupted(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            self.write("floors.py", "child = subprocess.Popen(['sleep', '300'], start_new_session=True)\n"
                       f"open({self.root + '/pid'!r}, 'w').write(f'{{child.pid}}\\n')\ntime.sleep(300)")
            with self.start("floors/floors.py") as run:
                pid = self.read_pid()
                run.send_signal(number)
                self.assertIn("interrupted", run.stdout.read())
            self.assertEqual(run.returncode, 130)
            self.wait_until_gone(pid)
            os.unlink(self.root + "/pid")

    def test_files_run_at_once_and_each_answers_for_its_own_processes(self):
        with self.at_once(AT_ONCE) as run:
            output = run.stdout.read()
        self.assertEqual("3 passed, 1 failed", output.splitlines()[-1], output)
        self.assertEqual(["ok alone_test.py", "ok other_test.py"],
                         sorted(re.sub(r".*(ok) +integration/(\S+).*", r"\1 \2", line) for line in output.splitlines() if "  ok" in line))
        self.assertRegex(output, r"FAILED +integration/leaves_test.py .*\n +left running \(ended now\): sleep\n")

    def test_suites_of_files_run_at_once_and_are_counted_each(self):
        meets = "class T(unittest.TestCase):\n def test_a(self):\n  open(f'{ROOT}/MINE', 'w').close()\n" \
                "  wait_until(lambda: os.path.exists(f'{ROOT}/OTHER'))\n"
        self.write("systemd/b_test.py", f"ROOT = {self.root!r}\n{HELP}\n{meets.replace('MINE', 'b').replace('OTHER', 'a')}unittest.main()")
        with self.at_once({"a": meets.replace("MINE", "a").replace("OTHER", "b")}, "integration", "systemd") as run:
            output = run.stdout.read()
        self.assertRegex(output, r"(?s)integration, systemd:.*\nintegration +1 +0 .*\nsystemd +1 +0 .*\n2 passed, 0 failed\n$")

    def test_an_interrupt_ends_all_that_run_at_once(self):
        sleeps = "leave(f'pid{os.path.basename(__file__)}')\ntime.sleep(300)\n"
        with self.at_once({name: sleeps for name in "abcd"}) as run:	# half as many again as there are jobs
            pids = [self.read_pid(f"pid{name}_test.py") for name in "abc"]
            run.send_signal(signal.SIGINT)
            output = run.stdout.read()
        self.assertEqual(run.returncode, 130, output)
        self.assertNotIn("FAILED", output)
        self.assertFalse(os.path.exists(f"{self.root}/pidd_test.py"))
        for pid in pids:
            self.wait_until_gone(pid)

    def wait_until_gone(self, pid):
        deadline = time.monotonic() + 5
        while True:
            try:
                with open(f"/proc/{pid}/stat") as stat:
                    if stat.read().rsplit(")", 1)[1].split()[0] == "Z":
                        return
            except (FileNotFoundError, ProcessLookupError):
                return
            self.assertLess(time.monotonic(), deadline, "a process was left running")
            time.sleep(0.02)

    def read_pid(self, name="pid"):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                with open(f"{self.root}/{name}") as text:
                    if (said := text.read()).endswith("\n"):
                        return int(said)
            except FileNotFoundError:
                pass
            time.sleep(0.02)
        self.fail("the test file did not start")


if __name__ == "__main__":
    unittest.main()
