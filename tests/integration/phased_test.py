"""What whole-program tests share: databases, topics and configurations of their own, programs started and ended.

    class Produce(phased_test.PhasedTest):
        def test_counts_what_was_sent(self):
            self.prepare()                       # database, topics, configuration, schema, model
            self.start_phased()
            done = self.run_phasectl(["produce"], input=lines)
            self.wait_until(lambda: self.psql("SELECT count(*) FROM phased.touch") == [["3"]], 20, "three touches")

    if __name__ == "__main__":
        phased_test.main()

The servers are those of PHASED_KAFKA (host:port) and PHASED_PG (conninfo); the programs are those of PHASED_BUILD (default:
build). tests/run.py sets all three; by hand: `dev/kafka start DIR; dev/postgres start DIR; . DIR/*.env`. Everything a test
makes has a name of its own and is gone when the test ends, save the database that the others are copied from. Nothing here sleeps for luck: it waits for a condition, with a
deadline, and says what it saw when the deadline passed.
"""
import collections
import csv
import glob
import hashlib
import io
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
BUILD = os.path.abspath(os.environ.get("PHASED_BUILD", os.path.join(ROOT, "build")))
PHASED = os.path.join(BUILD, "daemon", "phased")
COLLECT = os.path.join(BUILD, "collector", "phased-collect")
PHASECTL = os.path.join(BUILD, "ctl", "phasectl")
CHANNELS = ("web", "email", "chat", "crm")
STOP_S = 20		# a clean stop takes at most 10 s; more under sanitizers on a busy machine
RUN_S = 60

Done = collections.namedtuple("Done", "status out err")


def server(name):
    """The address of a server the test needs. A missing one fails loudly: tests/run.py decides what may be skipped."""
    if not os.environ.get(name):
        raise RuntimeError(f"{name} is not set: run this through dev/test, or see {os.path.basename(__file__)}")
    return os.environ[name]


def yaml_text(value, depth=0):
    """Nested dictionaries, lists and scalars as YAML; scalars quoted as JSON, which YAML understands."""
    indent = "  " * depth
    if isinstance(value, dict):
        return "".join(f"{indent}{key}:" + (f"\n{yaml_text(item, depth + 1)}" if isinstance(item, dict) and item
                                            else f" {json.dumps(item)}\n") for key, item in value.items())
    raise TypeError(value)


class Program:
    """One process of ours, its stderr and stdout in a file."""

    def __init__(self, argv, log, env=None):
        self.argv, self.log_path = argv, log
        with open(log, "ab") as out:
            self.child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=ROOT,
                                          env={**os.environ, **(env or {})})
        self.pid = self.child.pid

    def log(self):
        with open(self.log_path, errors="replace") as text:
            return text.read()

    def running(self):
        return self.child.poll() is None

    def signal(self, number):
        self.child.send_signal(number)

    def wait(self, deadline_s=STOP_S):
        """The exit status (negative: the signal that ended it)."""
        try:
            return self.child.wait(deadline_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self} did not end within {deadline_s} s; its log:\n{self.tail()}") from None

    def stop(self, deadline_s=STOP_S):
        """SIGTERM, as systemd would. Returns the exit status."""
        if self.running():
            self.signal(signal.SIGTERM)
        return self.wait(deadline_s)

    def kill(self):
        """kill -9."""
        if self.running():
            self.signal(signal.SIGKILL)
        return self.wait()

    def tail(self, lines=30):
        return "".join(f"    {line}\n" for line in self.log().splitlines()[-lines:]) or "    (empty)\n"

    def rss_kib(self, which="VmRSS"):
        with open(f"/proc/{self.pid}/status") as status:
            return int(re.search(rf"^{which}:\s+(\d+)", status.read(), re.M).group(1))

    def rss_peak_kib(self):
        return self.rss_kib("VmHWM")

    def __str__(self):
        return f"{os.path.basename(self.argv[0])}[{self.pid}]"


BEFORE_ALL = "2000-01-01T00:00:00Z"


class PhasedTest(unittest.TestCase):
    maxDiff = None
    lanes = os.environ.get("PHASED_LANES")		# batch.lanes of daemons; None: as by default

    def setUp(self):
        self.name = f"t{secrets.token_hex(4)}"	# names everything this test makes
        self.directory = tempfile.mkdtemp(prefix="phased-it-")
        os.chmod(self.directory, 0o711)
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.programs = []
        self.database = None	# conninfo of the last new_database()
        self.topics = None	# channel -> name, of the last new_topics()
        self.config = None	# path of the last write_config()
        self.addCleanup(self.end_programs)

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        with open(path, "w") as out:
            out.write(text)
        os.chmod(path, mode)
        return path

    # --- databases ---

    def new_database(self, template=None):
        """An empty database, or a copy of this one to which nobody is connected, dropped when the test ends. Returns its
        conninfo, which psql() then uses."""
        base = server("PHASED_PG")
        name = f"{self.name}_{len(self.programs)}_{secrets.token_hex(2)}"
        self.psql(f"CREATE DATABASE {name}" + (f" TEMPLATE {template} STRATEGY file_copy" if template else ""), database=base)
        self.addCleanup(self.psql, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", database=base)
        self.database = f"{base} dbname={name}"
        return self.database

    def fresh_database(self, model=True):
        """The same with schema and, if it shall be, the usual model, as `phasectl migrate` and `phasectl model accept` make it:
        a copy of one that is made once a server, for these programs, schema files and model."""
        made_of = hashlib.sha256(f"{model} {PHASECTL} {os.stat(PHASECTL).st_mtime_ns}".encode())
        for path in sorted(glob.glob(f"{ROOT}/schema/*.sql") + glob.glob(f"{ROOT}/conf/model/*.yaml")):
            with open(path, "rb") as file:
                made_of.update(file.read())
        template = f"fresh_{made_of.hexdigest()[:24]}"
        base = server("PHASED_PG")
        is_there = f"SELECT count(*) FROM pg_database WHERE datname = '{template}'"
        if self.value(is_there, base) == "0":
            holder = self.session("SELECT pg_advisory_lock(hashtext('fresh'));", base)	# files that run at once make one
            if self.value(is_there, base) == "0":
                config = self.config
                name = self.new_database().rsplit("=", 1)[1]
                self.config = self.write("fresh.yaml", yaml_text(PhasedTest.settings(self)))
                self.phasectl(["migrate"])
                if model:
                    self.phasectl(["model", "accept"])
                self.config = config
                self.psql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false; ALTER DATABASE {name} RENAME TO {template}", base)
            holder.kill()
        return self.new_database(template)

    def psql(self, sql, database=None, check=True, user=None):
        """Runs SQL by psql. Returns the rows of all results, texts, None for NULL; with check=False a Done instead."""
        conninfo = (database or self.database) + (f" user={user}" if user else "")
        done = subprocess.run(["psql", "-X", "-q", "--csv", "-t", "-P", "null=\\N", "-v", "ON_ERROR_STOP=1",
                               "-v", "VERBOSITY=sqlstate", "-d", conninfo], input=sql, capture_output=True, text=True,
                              timeout=RUN_S, env={**os.environ, "PGCLIENTENCODING": "UTF8",
                                                       "PGOPTIONS": "-c client_min_messages=warning"})
        if not check:
            return Done(done.returncode, done.stdout, done.stderr)
        self.assertEqual(0, done.returncode, f"psql: {done.stderr.strip()}\n{sql[:2000]}")
        return [[None if value == "\\N" else value for value in row] for row in csv.reader(io.StringIO(done.stdout))]

    def value(self, sql, database=None, user=None):
        """The one value of a query, as text."""
        return self.psql(sql, database, user=user)[0][0]

    def session(self, sql, database=None):
        """A psql that has run this SQL and keeps its session, with whatever it locked, until it is killed."""
        child = subprocess.Popen(["psql", "-X", "-q", "-d", database or self.database], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 text=True)
        self.addCleanup(lambda: (child.kill(), child.communicate()))
        child.stdin.write(f"\\o /dev/null\n{sql}\n\\echo held\n")
        child.stdin.flush()
        self.assertEqual("held\n", child.stdout.readline())
        return child

    # --- topics ---

    def new_topics(self, prefix=None):
        """Names for the topics of the four channels, phased.rejected and phased.erasure. `phasectl topics create` makes
        them (see prepare())."""
        server("PHASED_KAFKA")
        prefix = prefix or self.name
        self.topics = {channel: f"{prefix}.{channel}" for channel in CHANNELS + ("rejected", "erasure")}
        return self.topics

    # --- configuration ---

    def settings(self):
        """What a test's phased.yaml says: everything of its own, no fixed port."""
        if not os.path.exists(self.path("identity.key")):
            self.write("identity.key", secrets.token_hex(32) + "\n", 0o600)
        settings = {"identity": {"key_file": self.path("identity.key")}, "http": {"listen": "127.0.0.1:0"},
                    "model": {"path": os.path.join(ROOT, "conf", "model")},
                    "review": {"until": BEFORE_ALL}, "retention": {"touch_months": 0}}	# or tables would depend on the hour that it is
        if self.lanes:
            settings["batch"] = {"lanes": int(self.lanes)}
        if self.database:
            settings["postgres"] = {"conninfo": self.database}
        if os.environ.get("PHASED_KAFKA"):
            settings["kafka"] = {"brokers": os.environ["PHASED_KAFKA"], "group": self.name}
            if self.topics:
                settings["kafka"]["topics"] = dict(self.topics)
        return settings

    def write_config(self, name="phased.yaml", **overrides):
        """Writes a configuration and returns its path. Overrides name sections by two underscores, None takes a key out:
        write_config(postgres__lock_timeout_ms=100, kafka__group=None)."""
        settings = self.settings()
        for key, value in overrides.items():
            *sections, last = key.split("__")
            place = settings
            for section in sections:
                place = place.setdefault(section, {})
            if value is None:
                place.pop(last, None)
            else:
                place[last] = value
        self.config = self.write(name, yaml_text(settings))
        return self.config

    def user(self, *roles, **overrides):
        """A configuration that logs in as a user of these roles only."""
        user = f"{self.name}_{'_'.join(role.removeprefix('phased_') for role in roles)}"
        base = server("PHASED_PG")
        self.psql(f"CREATE ROLE {user} LOGIN; " + "".join(f"GRANT {role} TO {user};" for role in roles), database=base)
        self.addCleanup(self.psql, f"DROP ROLE {user}", database=base)
        path = self.config
        config = self.write_config(f"{user}.yaml", postgres__conninfo=f"{self.database} user={user}", **overrides)
        self.config = path
        return config

    def prepare(self, partitions=4, **overrides):
        """Database, topics and configuration of its own; schema, topics and the usual model in place."""
        self.fresh_database()
        self.new_topics()
        self.write_config(**overrides)
        self.phasectl(["topics", "create", "--partitions", str(partitions), "--replication", "1"])
        return self.config

    # --- programs ---

    def run_phasectl(self, args, input=None, config=None, deadline_s=RUN_S, env=None):
        """Runs phasectl to its end. Returns status, out and err as text."""
        argv = [PHASECTL]
        if config or self.config:
            argv += ["--config", config or self.config]
        done = subprocess.run(argv + list(args), input=input if isinstance(input, (bytes, type(None))) else input.encode(),
                              stdin=subprocess.DEVNULL if input is None else None,
                              capture_output=True, timeout=deadline_s, cwd=ROOT, env={**os.environ, **(env or {})})
        return Done(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    def phasectl(self, args, input=None, status=0, **more):
        """The same, and it must end with this status. Returns what it printed."""
        done = self.run_phasectl(args, input, **more)
        self.assertEqual(status, done.status, f"phasectl {' '.join(args)}: {done.err}{done.out}")
        return done.out

    def run_measured(self, args, input_path=os.devnull, deadline_s=RUN_S):
        """Runs phasectl with its stdin from a file. Returns exit status, stdout and its largest resident size in KiB."""
        # A process counts what its parent had when it forked: a parent of its own, small and the same each time.
        parent = ("import os, subprocess, sys; child = subprocess.Popen(sys.argv[1:]); _, status, usage = os.wait4(child.pid, 0); "
                  "print(os.waitstatus_to_exitcode(status), usage.ru_maxrss, file=sys.stderr)")
        with open(input_path) as given:
            done = subprocess.run([sys.executable, "-SE", "-c", parent, PHASECTL, "--config", self.config, *args], stdin=given,
                                  capture_output=True, text=True, timeout=deadline_s, cwd=ROOT)
        status, peak = done.stderr.splitlines()[-1].split()
        return int(status), done.stdout, int(peak)

    def start(self, argv, name, env=None):
        program = Program(argv, self.path(f"{name}.{len(self.programs)}.log"), env)
        self.programs.append(program)
        return program

    def start_phased(self, *args, config=None, env=None):
        return self.start([PHASED, "--config", config or self.config, *args], "phased", env)

    def start_collect(self, *args, config, env=None):
        return self.start([COLLECT, "--config", config, *args], "phased-collect", env)

    def end_programs(self):
        for program in self.programs:
            if program.running():
                program.kill()

    # --- waiting ---

    def wait_until(self, condition, deadline_s, what="the condition"):
        """Calls condition() until it gives something true, and returns that. A program that ended meanwhile, or the
        deadline, fails the test and shows the logs."""
        end = time.monotonic() + deadline_s
        pause = 0.02
        watched = [program for program in self.programs if program.running()]
        while True:
            value = condition()
            if value:
                return value
            dead = [program for program in watched if not program.running()]
            if time.monotonic() > end or dead:
                why = f"{dead[0]} ended with {dead[0].child.returncode}" if dead else f"not within {deadline_s} s"
                logs = "".join(f"  {program}:\n{program.tail()}" for program in self.programs)
                self.fail(f"waited for {what}: {why}; last seen: {value!r}\n{logs}")
            time.sleep(pause)
            pause = min(pause * 1.5, 0.5)

    def wait_log(self, program, pattern, deadline_s=20):
        """Waits until the program has logged a line that the pattern matches somewhere; returns the match."""
        return self.wait_until(lambda: re.search(pattern, program.log(), re.M), deadline_s, f"/{pattern}/ in the log")


def json_lines(text):
    return [json.loads(line) for line in text.splitlines()]


class Itself(PhasedTest):
    """This file run alone: the tools keep what they promise."""

    def test_psql_tells_null_from_empty(self):
        self.new_database()
        self.assertEqual([["1", None, ""], ["2", "a,\"b\"\nc", "t"]], self.psql(
            "SELECT 1, NULL::text, ''; SELECT 2, E'a,\"b\"\\nc', true"))
        self.assertIn("22012", self.psql("SELECT 1 / 0", check=False).err)
        with self.assertRaises(AssertionError):
            self.psql("SELECT 1 / 0")

    def test_databases_are_empty_and_end_with_the_test(self):
        first, second = self.new_database(), self.new_database()
        self.psql("CREATE TABLE t (n int)", first)
        self.assertEqual("0", self.value("SELECT count(*) FROM pg_tables WHERE tablename = 't'", second))
        self.doCleanups()
        self.assertEqual("0", self.value(f"SELECT count(*) FROM pg_database WHERE datname LIKE '{self.name}%'",
                                         server("PHASED_PG")))

    def test_a_fresh_database_is_what_migrate_and_accept_make(self):
        fresh = self.fresh_database()
        made = self.new_database()
        self.write_config()
        self.phasectl(["migrate"])
        self.phasectl(["model", "accept"])
        shown = [subprocess.run(["pg_dump", "-d", conninfo], capture_output=True, text=True, check=True, timeout=RUN_S).stdout
                 for conninfo in (fresh, made)]
        # Save when it was made, what hangs on that (the audit log's chain), and a word of pg_dump's own.
        ours, theirs = (re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\S*|\\\\x[0-9a-f]{64}|restrict \w+", "…", text).splitlines() for text in shown)
        self.assertEqual(len(theirs), len(ours))
        self.assertEqual([], [pair for pair in zip(theirs, ours) if pair[0] != pair[1]])

    def test_overrides_reach_their_section(self):
        self.write_config(postgres__conninfo="host=/nowhere", a__b__c=3, identity__key_file=None)
        with open(self.config) as text:
            self.assertRegex(text.read(), '(?s)identity: {}\n.*postgres:\n  conninfo: "host=/nowhere"\na:\n  b:\n    c: 3\n')

    def test_wait_until_says_what_it_saw_and_who_died(self):
        with self.assertRaisesRegex(AssertionError, "waited for a cow: not within 0.1 s; last seen: 0"):
            self.wait_until(lambda: 0, 0.1, "a cow")
        program = self.start(["/bin/sh", "-c", "echo moo; sleep 0.2; exit 3"], "cow")
        with self.assertRaisesRegex(AssertionError, "(?s)ended with 3.*moo"):
            self.wait_until(lambda: None, 20, "milk")
        self.assertEqual(3, program.stop())

    def test_programs_are_ended(self):
        program = self.start(["/bin/sleep", "60"], "sleep")
        self.assertTrue(program.running())
        self.assertEqual(-signal.SIGTERM, program.stop())
        other = self.start(["/bin/sh", "-c", "trap '' TERM; echo ready; exec sleep 60"], "stubborn")
        self.wait_log(other, "^ready$")
        other.signal(signal.SIGTERM)
        self.assertEqual(-signal.SIGKILL, other.kill())


def main():
    unittest.main(verbosity=2)


if __name__ == "__main__":
    main()
