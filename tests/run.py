#!/usr/bin/python3
"""Runs test suites and counts their cases; dev/test and dev/check are its callers.

  tests/run.py [--build DIR] [--jobs N] [--sanitized] [SUITE[/PART] | SUITE PART]...

  unit          Check programs that meson knows (tests/**/meson.build)
  floors        the rules of the tree (tests/floors.py), this runner's own and those of what calls it (tests/run_self.py,
                tests/check_self.py), and that the operations guide and the alert rules keep up with the programs
                (tests/operations_test.py)
  integration   tests/integration/*_test.py: our programs against a real Kafka and a real PostgreSQL
  whole         tests/whole/*_test.py: the real tracker in a headless browser, and all behind it
  systemd       tests/systemd/*_test.py: our units under a real systemd in namespaces of its own (root only)
  model         of unit what is about the phase model, and its table of accuracy (tests/accuracy); only where it is asked for

SUITE/PART, or SUITE PART, runs the files of a suite whose name holds PART; a PART without a suite (why versions) those of unit,
integration and whole, and `identity` whatever is about who did it. The servers are started once, on free ports, and ended with
everything else that a test left running, also on Ctrl-C. Test files find them in PHASED_KAFKA (host:port), PHASED_PG and
PHASED_PG_TCP (conninfo), and our programs under PHASED_BUILD; each makes databases, topics and groups of its own. So as many
run at once as --jobs says, and half as many test files again, as they mostly wait; what they print is shown when they end.

A Python test file ends with unittest.main(). It may say, in a comment line of its own:
  # run: timeout=900     seconds the whole file may take (default 300); those that may take longest begin first
  # run: alone           measures what others would disturb: nothing else runs meanwhile
  # run: sanitized       is short enough to run in dev/check too, with sanitizers

Without Kafka's jars the files that need Kafka are skipped with the reason; with PHASED_REQUIRE_KAFKA=1 they fail.
The closing line is `N passed, N failed`, with `, N skipped` when there were any. Exit 0: none failed and some passed.
"""
import argparse
import concurrent.futures
import glob
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field

sys.dont_write_bytecode = True
import run_file

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
FILES = ("integration", "whole", "systemd")	# suites of files that run at once, whichever they are of
SUITES = ("floors", "unit", *FILES)
MODEL = re.compile("model_|flow_(alerts|beginnings|calibrate|explain|fold|lint|match|model|processes|review|smooth|why)|edge_model|ctl_model|accuracy")	# programs of suite unit
TIMEOUT_S = 300
NAMED = SUITES + ("model",)
JUDGED = ":judged"	# a suite of meson's: averages over so much that it is nothing for sanitizers; what it runs is run in other programs, too
SANITIZED_WORLDS = 400	# of unit/daemon_order's, which takes eight times as long then
SHOWN = "shown: "	# how a line of a test begins that is there to be read when all is well, too
ANY = ""	# in place of a suite: whichever has such a part
# Words that stand for tests of other names. One that is no more has been renamed, and fails.
ABOUT = {"identity": """unit/base_domain unit/collector_screen unit/collector_user_agents unit/collector_visitor unit/daemon_browsers unit/edge_account_file
    unit/edge_key_file unit/flow_account unit/flow_attribute unit/flow_cast unit/flow_erasure unit/flow_facts unit/flow_facts_person unit/flow_identify unit/flow_kin
    unit/flow_machine unit/flow_role unit/flow_screen unit/model_consent integration/accounts_test.py integration/canary_test.py
    integration/confirm_test.py integration/consent_test.py integration/daemon_claims_test.py integration/erase_test.py
    integration/export_test.py integration/identity_kiosk_test.py integration/identity_test.py integration/join_test.py
    integration/key_test.py integration/machine_test.py integration/privacy_test.py"""}


@dataclass
class Result:
    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    output: str = ""
    notes: list = field(default_factory=list)	# why it failed or was skipped, a line each


# --- processes ---

class Processes:
    """Children of ours that run now, and whatever they leave behind: orphans become our children, so none can hide."""

    def __init__(self):
        run_file.adopt_orphans()
        self.lock = threading.Lock()
        self.running = {}
        self.kept = set()	# roots of what shall live on: the shared servers
        threading.Thread(target=self.bury, daemon=True).start()

    def run(self, argv, timeout, env, cwd=ROOT, err=None):
        """Returns (exit status or None after a timeout, output, seconds). err: where errors go, in place of the output."""
        begun = time.monotonic()
        with tempfile.TemporaryFile() as out:
            try:
                with self.lock:
                    child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err or out, env=env, cwd=cwd,
                                             start_new_session=True)
                    self.running[child.pid] = child
            except OSError as error:
                return 127, f"cannot be started: {error}\n", 0.0
            try:
                status = child.wait(timeout)
            except subprocess.TimeoutExpired:
                status = None
                self.end(child)
            finally:
                with self.lock:
                    del self.running[child.pid]
            out.seek(0)
            return status, out.read().decode(errors="replace"), time.monotonic() - begun

    def bury(self):
        """Waits for adopted children, as init would: a killed server must not linger as a zombie that looks alive."""
        while True:
            time.sleep(0.1)
            with self.lock:
                for path in glob.glob("/proc/self/task/*/children"):
                    try:
                        with open(path) as children:
                            adopted = {int(pid) for pid in children.read().split()} - set(self.running)
                    except FileNotFoundError:	# a thread that just ended
                        continue
                    for pid in adopted:
                        os.waitpid(pid, os.WNOHANG)

    @staticmethod
    def end(child):
        """As Ctrl-C would, so that the test can end its own children; then for good."""
        for number in (signal.SIGINT, signal.SIGKILL):
            try:
                os.killpg(child.pid, number)
                child.wait(10)
                return
            except ProcessLookupError:
                return
            except subprocess.TimeoutExpired:
                continue

    def end_orphans(self):
        """Whatever runs below us and is neither a test nor kept."""
        with self.lock:
            stay = self.kept | set(self.running)
        run_file.end_orphans(0, stay)

    def end_running(self):
        with self.lock:
            running = list(self.running.values())
        for child in running:
            self.end(child)


# --- the shared servers ---

class Servers:
    def __init__(self, processes):
        self.processes = processes
        self.dir = tempfile.mkdtemp(prefix="phased-test-")
        os.chmod(self.dir, 0o711)	# user postgres walks through it
        self.env = {}
        self.missing = {}	# server -> why it is not there

    def start(self):
        begun = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            for server, (status, output, _) in zip(("kafka", "postgres"), pool.map(
                    lambda name: self.processes.run([f"{ROOT}/dev/{name}", "start", self.dir], 180, dict(os.environ)),
                    ("kafka", "postgres"))):
                if status:
                    self.missing[server] = output.strip()
                else:
                    self.env.update(self.read(server))
                    with open(os.path.join(self.dir, f"{server}.pid")) as text:
                        self.processes.kept.add(int(text.read().split()[0]))
        said = ", ".join(f"{server}: {self.missing.get(server, 'running')}" for server in ("kafka", "postgres"))
        print(f"servers: {said} ({time.monotonic() - begun:.1f} s)", flush=True)

    def read(self, server):
        from shlex import split
        with open(os.path.join(self.dir, f"{server}.env")) as lines:
            return dict(word.split("=", 1) for word in split(lines.read()))

    def remove(self):
        for server in ("kafka", "postgres"):
            self.processes.run([f"{ROOT}/dev/{server}", "remove", self.dir], 60, dict(os.environ))
        shutil.rmtree(self.dir, ignore_errors=True)


# --- counting ---

CHECK_LINE = re.compile(r"^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)", re.M)
UNITTEST_LINE = re.compile(r"^Ran (\d+) tests? in [\d.]+s\n\n?(?:OK|FAILED|NO TESTS RAN)(?: \((.*)\))?$", re.M)
PLAIN_LINE = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.M)
SKIP_LINE = re.compile(r"^.* skipped (['\"].*)$", re.M)
LEFT_LINE = re.compile(f"^{re.escape(run_file.LEFT)}.*$", re.M)


def count(result, status, timeout, may_be_silent):
    """Fills the counts from what the program printed and how it ended. A program that counted nothing has failed."""
    for ran, failures, errors in CHECK_LINE.findall(result.output):
        bad = int(failures) + int(errors)
        result.failed += bad
        result.passed += int(ran) - bad
    for ran, words in UNITTEST_LINE.findall(result.output):
        said = dict(re.findall(r"([a-z ]+)=(\d+)", words.replace(", ", ",")))
        bad = sum(int(said.get(word, 0)) for word in ("failures", "errors", "unexpected successes"))
        skipped = int(said.get("skipped", 0))
        result.failed += bad
        result.skipped += skipped
        result.passed += max(0, int(ran) - bad - skipped)
    for passed, failed, skipped in PLAIN_LINE.findall(result.output):
        result.passed += int(passed)
        result.failed += int(failed)
        result.skipped += int(skipped or 0)
    result.notes += [f"skipped: {reason}" for reason in SKIP_LINE.findall(result.output)]
    counted = result.passed + result.failed + result.skipped
    if status is None:
        result.failed += 1
        result.notes.append(f"did not end within {timeout} s")
    elif status and not result.failed:
        result.failed += 1
        result.notes.append(f"ended with status {status}")
    elif not counted and may_be_silent:
        result.passed += 1
    elif not counted:
        result.failed += 1
        result.notes.append("ran no test case")
    for line in LEFT_LINE.findall(result.output):
        result.failed += 1
        result.notes.append(line)


# --- the suites ---

class Runner:
    def __init__(self, given):
        self.build = os.path.abspath(given.build)
        self.jobs = given.jobs
        self.files_at_once = given.jobs + given.jobs // 2
        self.sanitized = given.sanitized
        self.processes = Processes()
        self.servers = None
        self.interrupted = False
        self.screen = threading.Lock()
        self.env = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        self.env.update(PHASED_BUILD=self.build, PYTHONDONTWRITEBYTECODE="1", PYTHONPATH=f"{ROOT}/tests",
                        # Debian's psql is a wrapper in Perl that costs more than what tests ask of it.
                        PATH=f"/usr/lib/postgresql/15/bin:{os.environ['PATH']}")
        self.reports = None
        if self.sanitized:
            self.reports = tempfile.mkdtemp(prefix="phased-sanitizer-")
            os.chmod(self.reports, 0o777)

    def report(self, name):
        """Where sanitizers write what they have to say about a test: this, a dot, and the number of a process."""
        return f"{self.reports}/{name.replace('/', '-')}"

    def environment(self, name, more):
        env = {**self.env, **more}
        if self.sanitized:
            common = f"log_path={self.report(name)}:print_stacktrace=1"
            env.update(PHASED_WORLDS=str(SANITIZED_WORLDS),
                       ASAN_OPTIONS=f"{common}:detect_stack_use_after_return=1:strict_string_checks=1",
                       UBSAN_OPTIONS=f"{common}:halt_on_error=1",
                       TSAN_OPTIONS=f"{common}:suppressions={ROOT}/tests/seen_threads.supp")
        return env

    def finish(self, result, status, timeout, may_be_silent=False):
        """Counts, and shows."""
        count(result, status, timeout, may_be_silent)
        for report in glob.glob(f"{glob.escape(self.report(result.name))}.*") if self.reports else ():
            with open(report, errors="replace") as text:
                result.output += f"\n{text.read()}"
            if not result.failed:
                result.failed += 1
            result.notes.append("a sanitizer complained")
        return self.show(result)

    def show(self, result):
        word = "FAILED" if result.failed else "ok" if result.passed else "skipped"
        lines = [f"  {word:8}{result.name:48} {result.passed + result.failed:5} cases {result.seconds:7.1f} s"]
        lines += [f"          {note}" for note in result.notes]
        if result.failed:
            lines += [f"    | {line}" for line in result.output.splitlines()]
        with self.screen:
            if not self.interrupted:
                print("\n".join(lines), flush=True)
        return result

    def each(self, do, things, at_once=None):
        """do(thing) for each, so many at once. An interrupt ends what runs, and nothing more begins."""
        with concurrent.futures.ThreadPoolExecutor(at_once or self.jobs) as pool:
            todo = [pool.submit(do, thing) for thing in things]
            try:
                return [one.result() for one in todo]
            except KeyboardInterrupt:
                self.interrupted = True
                for one in todo:
                    one.cancel()
                while not all(one.done() for one in todo):
                    self.processes.end_running()
                    time.sleep(0.05)
                raise

    def unit(self, part, about=re.compile("")):
        status, listed, _ = self.processes.run(["meson", "introspect", "--tests", self.build], 60, self.env)
        if status:
            return [self.show(Result("unit/meson", failed=1, output=listed))]

        def one(test):
            name = f"unit/{test['name']}"
            timeout = max(int(test["timeout"]), 1) * (5 if self.sanitized else 1)
            status, output, seconds = self.processes.run(test["cmd"], timeout, self.environment(name, test["env"]),
                                                         test["workdir"] or self.build)
            return self.finish(Result(name, seconds=seconds, output=output), status, timeout, may_be_silent=True)

        chosen = [test for test in json.loads(listed) if part in test["name"] and about.match(test["name"])
                  and not (self.sanitized and any(suite.endswith(JUDGED) for suite in test["suite"]))]
        return self.each(one, sorted(chosen, key=lambda test: -test["priority"]))

    def any(self, part):
        if part in ABOUT:
            names = ABOUT[part].split()
            about = re.compile("|".join(f"{re.escape(name.split('/')[1])}$" for name in names))
            found = self.unit("", about) + self.files(("integration", ""), about=about)[0]
            return found + [self.show(Result(name, failed=1, notes=["no such test"])) for name in names
                            if name not in {result.name for result in found}]
        found = self.unit(part) + sum(self.files(("integration", part), ("whole", part)), [])
        return found or [self.show(Result(part, failed=1, output=f"no suite, and none has such a part: {', '.join(NAMED)}\n"))]

    def model(self, part):
        results = self.unit(part, MODEL)
        if part in "accuracy":
            name = "model/table"
            status, output, seconds = self.processes.run([f"{self.build}/tests/accuracy/accuracy"], TIMEOUT_S,
                                                         self.environment(name, {}), err=sys.stderr)
            results.append(self.finish(Result(name, seconds=seconds, output=output), status, TIMEOUT_S, may_be_silent=True))
            if not results[-1].failed:
                print(output, end="", flush=True)
        return results

    def floors(self, part):
        return self.each(lambda name: self.python(f"floors/{name}", f"{ROOT}/tests/{name}", TIMEOUT_S, {}),
                         [name for name in ("run_self.py", "check_self.py", "floors.py", "operations_test.py") if part in name])

    def files(self, *chosen, about=re.compile("")):
        """Test files of these (suite, part), all in one go. Returns the results of each."""
        files = []
        for suite, part in chosen:
            for path in sorted(glob.glob(f"{ROOT}/tests/{suite}/*_test.py")):
                with open(path) as lines:
                    text = lines.read()
                words = " ".join(re.findall(r"^# run: (.*)$", text, re.M)).split()
                name = os.path.basename(path)
                if part in name and about.match(name) and (not self.sanitized or "sanitized" in words):
                    files.append(((suite, part), path, text, words))
        if files and self.servers is None:
            self.servers = Servers(self.processes)
            self.servers.start()

        def timeout(words):
            return int(dict(word.split("=") for word in words if "=" in word).get("timeout", TIMEOUT_S))

        def one(file):
            (suite, part), path, text, words = file
            name = f"{suite}/{os.path.basename(path)}"
            result = self.refuse(name, suite, text) or self.python(name, path, timeout(words), self.servers.env)
            return (suite, part), result

        beside = sorted((file for file in files if "alone" not in file[3]), key=lambda file: -timeout(file[3]))
        done = [one(file) for file in files if "alone" in file[3]] + self.each(one, beside, self.files_at_once)
        return [[result for of, result in done if of == one_chosen] for one_chosen in chosen]

    def refuse(self, name, suite, text):
        """Skips, or fails, a file that needs what is not there."""
        missing = dict(self.servers.missing)
        if "kafka" not in text.lower():
            missing.pop("kafka", None)
        if suite == "whole":
            if not os.path.exists(f"{ROOT}/.cache/npm/node_modules/playwright-core"):
                missing["trackers"] = "no npm packages in .cache/npm: run dev/setup"
            if not shutil.which("chromium-headless-shell"):
                missing["browser"] = "no chromium-headless-shell: run dev/setup"
        if not missing:
            return None
        result = Result(name, notes=list(missing.values()))
        # PostgreSQL comes with Debian; only what is fetched from elsewhere may be missing.
        if os.environ.get("PHASED_REQUIRE_KAFKA") == "1" or "postgres" in missing:
            result.failed = 1
        else:
            result.skipped = 1
        return self.show(result)

    def python(self, name, path, timeout, env):
        status, output, seconds = self.processes.run(
            ["/usr/bin/python3", f"{ROOT}/tests/run_file.py", "/usr/bin/python3", path, "-v"], timeout, self.environment(name, env))
        shown = [line.removeprefix(SHOWN) for line in output.splitlines() if line.startswith(SHOWN)]
        return self.finish(Result(name, seconds=seconds, output=output, notes=shown), status, timeout)

    def end(self):
        self.processes.end_running()
        if self.servers:
            self.servers.remove()
        self.processes.kept = set()
        self.processes.end_orphans()
        if self.reports:
            shutil.rmtree(self.reports, ignore_errors=True)


def interrupted(number, frame):
    raise KeyboardInterrupt


def summary(table):
    print(f"\n{'suite':14}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>10}")
    for suite, results, seconds in table:
        print(f"{suite:14}{sum(r.passed for r in results):8}{sum(r.failed for r in results):8}"
              f"{sum(r.skipped for r in results):9}{seconds:10.1f}")
    every = [result for _, results, _ in table for result in results]
    for result in every:
        if result.failed:
            print(f"failed: {result.name}")
    passed, failed, skipped = (sum(getattr(r, key) for r in every) for key in ("passed", "failed", "skipped"))
    print(f"\n{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""), flush=True)
    return 0 if passed and not failed else 1


def choose(texts):
    """A word that is no suite is the part of the suite before it; where there is none, of all suites that have parts."""
    chosen = []
    for text in texts:
        if text not in NAMED and "/" not in text and (not chosen or chosen[-1][0] == ANY):
            chosen.append((ANY, text))
        elif chosen and text not in NAMED and "/" not in text and not chosen[-1][1]:
            chosen[-1] = (chosen[-1][0], text)
        else:
            chosen.append(tuple((text.split("/", 1) + [""])[:2]))
    return chosen


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--build", default=f"{ROOT}/build", metavar="DIR")
    words.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N", help="programs and test files at once")
    words.add_argument("--sanitized", action="store_true", help="DIR was built with sanitizers: collect what they say")
    words.add_argument("suites", nargs="*", metavar="SUITE[/PART]", help="or SUITE PART")
    given = words.parse_args()
    chosen = choose(given.suites) or [(suite, "") for suite in SUITES]
    for suite, _ in chosen:
        if suite not in (*NAMED, ANY):
            words.error(f"no suite {suite}; there are {', '.join(NAMED)}")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):	# also where they came in ignored
        signal.signal(number, interrupted)
    runner = Runner(given)
    table = []
    try:
        for of_files, group in itertools.groupby(dict.fromkeys(chosen), lambda one: one[0] in FILES):
            for at_once in [list(group)] if of_files else ([one] for one in group):
                begun = time.monotonic()
                print(f"{', '.join(dict.fromkeys(suite or part for suite, part in at_once))}:", flush=True)
                found = runner.files(*at_once) if of_files else [getattr(runner, at_once[0][0] or "any")(at_once[0][1])]
                for (suite, part), results in zip(at_once, found):
                    # A test that was renamed must not fall out of a list that names it.
                    results = results or [runner.show(Result("/".join(word for word in (suite, part) if word), failed=1,
                                                             notes=["no such test" if part else "no tests"]))]
                    table.append((suite or part, results, time.monotonic() - begun))
        return summary(table)
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        runner.end()


if __name__ == "__main__":
    sys.exit(main())
