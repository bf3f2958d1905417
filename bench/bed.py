"""What bench/ingest and bench/latency stand on: a release build, a Kafka and a PostgreSQL of their own, what processes used.

    with bed.Bed(build) as here:
        here.start_servers()
        database = here.new_database()
        phased = here.start_phased(here.write_config(database, topic))

Processor time is that of the kernel's accounts (/proc/PID/stat, 10 ms): of phased and Kafka all threads, of PostgreSQL the
postmaster, the children that it has buried and those that live. Memory is VmHWM and VmRSS.
"""
import contextlib
import glob
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
import urllib.request

import psycopg2

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "dev"))
import server
from server import Trouble

PARTITIONS = 8
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
TARGETS = ("daemon/phased", "ctl/phasectl", "bench/bench_fill", "bench/bench_consume", "bench/bench_ceiling")
SILENCE_S = 120		# a daemon whose positions stand still for so long has failed


def say(*words):
    print(*words, file=sys.stderr, flush=True)


# --- the build ---

def build(directory, targets=TARGETS):
    """A release build (-O2, with symbols for perf) of what we run, in a directory of its own."""
    log = os.path.join(ROOT, ".cache", "bench.log")
    os.makedirs(os.path.dirname(log), exist_ok=True)
    with open(log, "w") as out:
        def must(*words):
            if subprocess.run(words, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=out).returncode:
                raise Trouble(f"{' '.join(words)} failed; the end of {log}:\n{server.tail(log)}")
        if not glob.glob(os.path.join(ROOT, ".cache", "kafka", "kafka_*.jar")):
            say("bench: installing what is missing (dev/setup)")
            must(os.path.join(ROOT, "dev", "setup"))
        say(f"bench: building {os.path.relpath(directory)}")
        if not os.path.exists(os.path.join(directory, "build.ninja")):
            must("meson", "setup", directory, "-Dbuildtype=custom", "-Doptimization=2", "-Ddebug=true")
        must("ninja", "-C", directory, *targets)
    return directory


# --- what processes used ---

def stat_fields(pid):
    """The fields of /proc/PID/stat from the third on; None when the process is gone."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()
    except OSError:
        return None


def cpu_s(pid):
    fields = stat_fields(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND if fields else 0.0


def cpu_tree_s(pid):
    """Of a process, its children, and those that it has buried."""
    fields = stat_fields(pid)
    if not fields:
        return 0.0
    ticks = sum(int(field) for field in fields[11:15])
    for path in glob.glob("/proc/[0-9]*/stat"):
        child = stat_fields(path.split("/")[2])
        if child and int(child[1]) == pid:
            ticks += int(child[11]) + int(child[12])
    return ticks / TICKS_A_SECOND


def machine_s():
    """All time that the machine's processors have worked, for whomever."""
    with open("/proc/stat") as stat:
        user, nice, system, _, _, irq, softirq, steal = (int(field) for field in stat.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS_A_SECOND


def memory_kib(pid):
    """What is resident now, and the most that ever was."""
    with open(f"/proc/{pid}/status") as status:
        text = status.read()
    return tuple(int(re.search(rf"^{name}:\s+(\d+)", text, re.M).group(1)) for name in ("VmRSS", "VmHWM"))


class Span:
    """What everybody used between begin() and end(), in seconds."""

    def __init__(self, here, **pids):
        self.here, self.pids = here, pids

    def read(self):
        used = {name: cpu_s(pid) for name, pid in self.pids.items()}
        if self.here.postgres_pid:
            used["postgres"] = cpu_tree_s(self.here.postgres_pid)
        if self.here.kafka_pid:
            used["kafka"] = cpu_s(self.here.kafka_pid)
        used["bench"] = time.process_time()
        return used, machine_s(), time.monotonic()

    def begin(self):
        self.used, self.machine, self.begun = self.read()
        return self

    def end(self):
        used, machine, ended = self.read()
        self.seconds = ended - self.begun
        self.used = {name: round(used[name] - self.used[name], 3) for name in used}
        return self.used

    def others(self, more_s=0.0):
        """How many processors somebody else kept busy meanwhile. `more_s`: ours, and not among the processes read."""
        return max(0.0, machine_s() - self.machine - sum(self.used.values()) - more_s) / self.seconds


def machine():
    with open("/proc/cpuinfo") as text:
        model = re.search(r"^model name\s*:\s*(.*)$", text.read(), re.M)
    with open("/proc/meminfo") as text:
        memory_kb = int(text.readline().split()[1])
    return {"processors": os.cpu_count(), "model": model.group(1) if model else "?", "memory_gib": round(memory_kb / 2**20, 1),
            "kernel": os.uname().release, "date": time.strftime("%Y-%m-%d %H:%M", time.gmtime())}


# --- the bed ---

class Bed(contextlib.ExitStack):
    """`keep`: a directory in which the servers and what they hold stay, for a bed of another day with the same `keep`."""

    def __init__(self, build_directory, keep=None):
        super().__init__()
        self.build, self.end_verb = build_directory, "stop" if keep else "remove"
        self.name = "benchkept" if keep else f"bench{secrets.token_hex(3)}"
        self.directory = os.path.abspath(keep) if keep else tempfile.mkdtemp(prefix="phased-bench-")
        os.makedirs(self.directory, exist_ok=True)
        os.chmod(self.directory, 0o711)		# user postgres walks through it
        if not keep:
            self.callback(shutil.rmtree, self.directory, ignore_errors=True)
        self.kafka_pid = self.postgres_pid = None
        self.key = self.path("identity.key")
        with open(self.key, "w") as out:		# fixed: actor ids, and so the order of keys, are the same in each run
            out.write("no secret, but the same in every benchmark\n")
        os.chmod(self.key, 0o600)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    def path(self, name):
        return os.path.join(self.directory, name)

    def program(self, name):
        return os.path.join(self.build, name)

    # --- servers ---

    def dev(self, name, *words):
        done = subprocess.run([os.path.join(ROOT, "dev", name), *words], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            raise Trouble(f"dev/{name} {words[0]}: {done.stdout}{done.stderr}")

    def start_servers(self, postgres_settings=""):
        """Private ones, ended when the bed is left."""
        say("bench: starting Kafka and PostgreSQL")
        for name in ("kafka", "postgres"):
            self.callback(self.dev, name, self.end_verb, self.directory)
            self.dev(name, "start", self.directory)
        if postgres_settings:
            with open(os.path.join(os.path.realpath(self.path("postgres.data")), "postgresql.conf"), "a") as conf:
                conf.write(postgres_settings)
            self.dev("postgres", "stop", self.directory)
            self.dev("postgres", "start", self.directory)
        self.know_kafka()
        self.postgres = server.env_read(self.path("postgres.env"))["PHASED_PG"]
        self.postgres_pid = server.pid_read(self.path("postgres.pid"))

    def start_kafka(self):
        """That alone."""
        say("bench: starting Kafka")
        self.callback(self.dev, "kafka", "remove", self.directory)
        self.dev("kafka", "start", self.directory)
        self.know_kafka()

    def know_kafka(self):
        self.brokers = server.env_read(self.path("kafka.env"))["PHASED_KAFKA"]
        self.kafka_pid = server.pid_read(self.path("kafka.pid"))

    def use_servers(self):
        """Those that PHASED_KAFKA and PHASED_PG name. What Kafka uses is not known then."""
        self.brokers, self.postgres = os.environ["PHASED_KAFKA"], os.environ["PHASED_PG"]
        with self.connect(self.postgres) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            self.postgres_pid = int(stat_fields(cursor.fetchone()[0])[1])
        connection.close()

    # --- databases ---

    def connect(self, conninfo):
        connection = psycopg2.connect(conninfo)
        connection.autocommit = True
        return connection

    def sql(self, conninfo, *statements):
        """Runs statements; returns the rows of the last, if it has any."""
        connection = self.connect(conninfo)
        try:
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
                return cursor.fetchall() if cursor.description else None
        finally:
            connection.close()

    @contextlib.contextmanager
    def database(self, what):
        """A database with the schema and a model in force, as after an installation; dropped afterwards."""
        name = f"{self.name}_{what}"
        self.sql(self.postgres, f"CREATE DATABASE {name}")
        conninfo = f"{self.postgres} dbname={name}"
        try:
            self.write_config(conninfo)
            self.phasectl("migrate")
            self.phasectl("model", "accept")
            self.sql(conninfo, "CHECKPOINT")	# what was written before is not written while we measure
            yield conninfo
        finally:
            self.sql(self.postgres, f"DROP DATABASE {name} WITH (FORCE)")

    # --- our programs ---

    def wait(self, holds, what, seconds=30):
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                raise Trouble(f"waited {seconds} s for {what}")
            time.sleep(0.05)

    def topic(self, channel="web"):
        return f"{self.name}.{channel}"

    def write_config(self, conninfo, settings=()):
        """Defaults wherever possible; `settings` are pairs of "section.key" and a value as YAML."""
        topics = {name: self.topic(name) for name in ("web", "email", "chat", "crm", "rejected", "erasure")}
        config = {"kafka": {"brokers": self.brokers, "group": self.name, "topics": topics},
                  "postgres": {"conninfo": conninfo}, "identity": {"key_file": self.key},
                  "http": {"listen": "127.0.0.1:0"}, "model": {"path": os.path.join(ROOT, "conf", "model")}}
        texts = {section: {key: json.dumps(value) for key, value in keys.items()} for section, keys in config.items()}
        for key, value in settings:
            section, name = key.split(".", 1)
            texts.setdefault(section, {})[name] = value
        self.config = self.path("phased.yaml")
        with open(self.config, "w") as out:
            for section, keys in texts.items():
                out.write(f"{section}:\n" + "".join(f"  {key}: {value}\n" for key, value in keys.items()))
        return self.config

    def knows(self, setting):
        """Does phased have this setting?"""
        section, name = setting.split(".")
        done = subprocess.run([self.program("daemon/phased"), "--config", self.config, "--check-config"], capture_output=True,
                              text=True, check=True)
        return re.search(rf"(?ms)^{section}:\n(?:[ \t]+.*\n)*?[ \t]+{name}:", done.stdout) is not None

    def phasectl(self, *words):
        done = subprocess.run([self.program("ctl/phasectl"), "--config", self.config, *words], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, cwd=ROOT)
        if done.returncode:
            raise Trouble(f"phasectl {' '.join(words)}: {done.stdout}{done.stderr}")

    def create_topics(self):
        self.phasectl("topics", "create", "--partitions", str(PARTITIONS), "--replication", "1")

    def start_helper(self, name, *words):
        """Starts one of our C programs; the caller ends it by helper_said()."""
        child = subprocess.Popen([self.program(f"bench/bench_{name}"), *map(str, words)], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, text=True)
        self.enter_context(ended(child))
        return child

    def helper_said(self, name, child):
        """Waits for its end; returns what its last line says."""
        out, _ = child.communicate()
        if child.returncode:
            raise Trouble(f"bench_{name} ended with {child.returncode}")
        return json.loads(out.splitlines()[-1])

    def helper(self, name, *words):
        """Runs one to its end."""
        return self.helper_said(name, self.start_helper(name, *words))

    @contextlib.contextmanager
    def phased(self):
        """A daemon on the configuration last written; must end well when told to."""
        log = self.path("phased.log")
        with open(log, "w") as out:
            child = subprocess.Popen([self.program("daemon/phased"), "--config", self.config], stdin=subprocess.DEVNULL,
                                     stdout=out, stderr=out, cwd=ROOT)
        with ended(child):
            yield child
            child.terminate()
            if child.wait(30):
                raise Trouble(f"phased ended with {child.returncode}:\n{server.tail(log)}")

    def metrics(self):
        with open(self.path("phased.log")) as log:
            address = re.search(r"http: listening on (\S+)", log.read()).group(1)
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        return {match[1]: float(match[2]) for match in re.finditer(r"^(\w+(?:\{.*\})?) (\S+)$", text, re.M)}

    def wait_applied(self, child, conninfo, count, on_look=None, pause_s=0.05):
        """Waits until the positions of the topic are `count` messages on. on_look(applied) is called at each look."""
        connection = self.connect(conninfo)
        moved, last = time.monotonic(), 0
        with connection.cursor() as cursor:
            while True:
                cursor.execute("SELECT coalesce(sum(greatest(next_offset, 0)), 0) FROM phased.position WHERE topic = %s",
                               (self.topic(),))
                applied, now = int(cursor.fetchone()[0]), time.monotonic()
                if on_look:
                    on_look(applied)
                moved = now if applied != last else moved
                if applied >= count:
                    break
                if child.poll() is not None or now - moved > SILENCE_S:
                    raise Trouble(f"phased stands at {applied} of {count} messages:\n{server.tail(self.path('phased.log'))}")
                last = applied
                time.sleep(pause_s if applied else 0.01)
        connection.close()


@contextlib.contextmanager
def ended(child):
    """Whatever happens, the child does not outlive us."""
    try:
        yield child
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()


# --- bars ---

class Bars:
    """What must hold: name, value, limit, and which side of it is good."""

    def __init__(self):
        self.rows = []

    def at_least(self, name, value, limit, unit=""):
        self.rows.append({"name": name, "value": value, "limit": limit, "unit": unit, "side": ">=", "holds": value >= limit})

    def at_most(self, name, value, limit, unit=""):
        self.rows.append({"name": name, "value": value, "limit": limit, "unit": unit, "side": "<=", "holds": value <= limit})

    def hold(self):
        return all(row["holds"] for row in self.rows)

    def print(self):
        for row in self.rows:
            word = "holds " if row["holds"] else "MISSED"
            print(f"  {word}  {row['name']}: {row['value']:.4g} {row['unit']} (must be {row['side']} {row['limit']:g})")


def main(body):
    """Runs body(); trouble goes to stderr in one piece, exit 1."""
    server.main(body)
