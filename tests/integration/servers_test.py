#!/usr/bin/python3
"""dev/kafka and dev/postgres: what tests and the demo rely on. Starts servers of its own, beside the shared ones."""
# run: timeout=400
import os
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
JARS = os.path.join(ROOT, ".cache", "kafka")


class Server(unittest.TestCase):
    name = None

    def setUp(self):
        # A path too long for a socket's name, below a folder that only its owner may enter.
        self.top = tempfile.mkdtemp(prefix="phased-servers-")
        self.dir = os.path.join(self.top, "d" * 100)
        self.addCleanup(shutil.rmtree, self.top)
        self.addCleanup(self.run_dev, "remove", self.dir)

    def run_dev(self, *words, status=0):
        done = subprocess.run([f"{ROOT}/dev/{self.name}", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        self.assertEqual(done.returncode, status, done.stdout)
        return done.stdout

    def env(self):
        with open(os.path.join(self.dir, f"{self.name}.env")) as lines:
            return dict(word.split("=", 1) for word in shlex.split(lines.read()))

    def pid(self):
        with open(os.path.join(self.dir, f"{self.name}.pid")) as text:
            return int(text.read().split()[0])

    def listens(self, port):
        """The addresses on which anything listens at this port, as the kernel shows them."""
        found = set()
        for path in ("/proc/net/tcp", "/proc/net/tcp6"):
            with open(path) as lines:
                for line in lines:
                    fields = line.split()
                    if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port:
                        found.add(fields[1].rsplit(":", 1)[0][-8:])
        return found

    def check_only_local(self, port):
        self.assertEqual(self.listens(port), {"0100007F"})

    def check_taken_port(self, port):
        """A port that another one took meanwhile: said, not waited for, and not exchanged for another."""
        with socket.create_server(("127.0.0.1", port)):
            begun = time.monotonic()
            self.assertIn(f"port {port} is taken by another process", self.run_dev("start", self.dir, status=1))
            self.assertLess(time.monotonic() - begun, 10)

    def check_a_strangers_pid_is_left_alone(self):
        stranger = subprocess.Popen(["sleep", "60"])
        try:
            with open(os.path.join(self.dir, f"{self.name}.pid"), "w") as out:
                out.write(f"{stranger.pid} 1\n")
            self.assertIn("not running", self.run_dev("stop", self.dir))
            self.assertIsNone(stranger.poll())
        finally:
            stranger.kill()
            stranger.wait()

    def check_nothing_is_left(self, *more):
        self.run_dev("remove", self.dir)
        self.assertEqual(os.listdir(self.dir), [])
        for path in more:
            self.assertFalse(os.path.exists(path), path)


class Postgres(Server):
    name = "postgres"

    def psql(self, sql, where="PHASED_PG"):
        done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", self.env()[where], "-c", sql], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def test_it_keeps_data_and_port_over_stops_and_crashes(self):
        self.run_dev("start", self.dir)
        known, data = self.env(), os.path.realpath(os.path.join(self.dir, "postgres.data"))
        self.assertLess(len(known["PHASED_PG_SOCKET"]), 80)
        self.check_only_local(int(known["PHASED_PG_PORT"]))
        self.assertEqual(self.psql("SHOW server_encoding", "PHASED_PG_TCP"), "UTF8")
        self.assertEqual(self.psql("SELECT datcollate FROM pg_database WHERE datname = 'phased'"), "C.UTF-8")
        self.psql("CREATE TABLE kept (n int)")
        for mode in ("fast", "immediate", "kill"):
            with self.subTest(mode):
                self.psql("INSERT INTO kept VALUES (1)")
                if mode == "kill":
                    os.kill(self.pid(), signal.SIGKILL)
                else:
                    self.run_dev("stop", self.dir, "--mode", mode)
                self.wait_until_gone()
                self.run_dev("start", self.dir)
                self.assertEqual(self.env(), known)
        self.assertEqual(self.psql("SELECT count(*) FROM kept"), "3")
        self.assertIn("already running", self.run_dev("start", self.dir))
        self.run_dev("status", self.dir)
        self.run_dev("stop", self.dir)
        self.run_dev("status", self.dir, status=1)
        self.check_a_strangers_pid_is_left_alone()
        self.check_taken_port(int(known["PHASED_PG_PORT"]))
        self.check_nothing_is_left(known["PHASED_PG_SOCKET"], data)

    def wait_until_gone(self):
        """A killed PostgreSQL's own processes notice within a moment; until then the data are in use."""
        deadline = time.monotonic() + 20
        while subprocess.run(["pgrep", "-f", os.path.realpath(os.path.join(self.dir, "postgres.data"))], capture_output=True).returncode == 0 \
                or self.listens(int(self.env()["PHASED_PG_PORT"])):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)


@unittest.skipUnless(os.path.isdir(JARS), "no Kafka jars in .cache/kafka")
class Kafka(Server):
    name = "kafka"

    def kcat(self, *words, text=""):
        return subprocess.run(["kcat", "-b", self.env()["PHASED_KAFKA"], "-m", "10", *words], input=text, capture_output=True, text=True)

    def cluster(self):
        with open(os.path.join(self.dir, "kafka.data", "meta.properties")) as lines:
            return [line for line in lines if line.startswith("cluster.id")]

    def test_it_keeps_data_and_port_over_stops_and_kills(self):
        self.run_dev("start", self.dir)
        known, cluster = self.env(), self.cluster()
        port = int(known["PHASED_KAFKA"].split(":")[1])
        self.check_only_local(port)
        self.check_only_local(int(known["PHASED_KAFKA_CONTROLLER"]))
        for words in (["stop", self.dir], ["stop", self.dir, "--kill"]):
            with self.subTest(words):
                self.run_dev(*words)
                self.run_dev("start", self.dir)
                self.assertEqual((self.env(), self.cluster()), (known, cluster))
        # A topic comes into being because somebody makes it, not because somebody names it.
        self.assertNotEqual(self.kcat("-P", "-t", "misspelt", "-X", "message.timeout.ms=3000", text="x\n").returncode, 0)
        self.assertNotIn('"misspelt"', self.kcat("-L", "-J").stdout)
        self.assertIn("already running", self.run_dev("start", self.dir))
        self.run_dev("status", self.dir)
        self.run_dev("stop", self.dir)
        self.run_dev("status", self.dir, status=1)
        self.check_a_strangers_pid_is_left_alone()
        self.check_taken_port(port)
        self.check_nothing_is_left()

    def test_a_start_that_fails_says_why(self):
        os.makedirs(os.path.join(self.dir, "kafka.data", "not a partition"))
        said = self.run_dev("start", self.dir, status=1)
        self.assertIn("ended at start", said)
        self.assertIn("not a partition", said)


if __name__ == "__main__":
    unittest.main()
