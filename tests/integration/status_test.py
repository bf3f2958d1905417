#!/usr/bin/python3
# run: timeout=300
"""`phasectl status` and `phasectl top`: what they say of a service that is well, and of one that is not; and the terminal as it
was, however top ends."""
import fcntl
import http.server
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time

import events
import phased_test
from daemon_test import NOW_US, DaemonTest

EDGES = os.path.join(phased_test.BUILD, "tests", "integration", "kafka_edges")
KEYS = ["healthy", "wrong", "group", "schema", "model", "model_accepted_at", "rejected_hour", "rejected_day", "kafka", "lag",
        "lag_seconds", "endpoints", "partitions"]
PART_KEYS = ["topic", "partition", "next_offset", "end_offset", "lag", "lag_seconds", "epoch", "owner", "committed_at"]


class StatusTest(DaemonTest):
    def make(self, count, seed=101):
        return events.lines(events.Maker(seed, NOW_US).make(count))

    def running(self, count=30, **overrides):
        self.prepare(partitions=2, **overrides)
        self.send(self.make(count), partition=0)
        phased = self.start_phased()
        self.applied(count)
        self.address = self.wait_log(phased, r"http: listening on (\S+)").group(1)
        return phased

    def status(self, *args, endpoints=None, **more):
        done = self.run_phasectl(["status", "--json", "--endpoints", endpoints or self.address, *args], **more)
        self.assertIn(done.status, (0, 1), done)
        found = json.loads(done.out)
        self.assertEqual((done.status == 0, KEYS), (found["healthy"], list(found)))
        self.assertEqual(found["healthy"], not found["wrong"])
        return found

    def login(self, role):
        login = f"{self.name}_{role}"
        self.psql(f"CREATE ROLE {login} LOGIN IN ROLE {role}")
        self.addCleanup(self.psql, f"DROP ROLE IF EXISTS {login}", database=phased_test.server("PHASED_PG"))
        return f"{self.database} user={login}"


class Status(StatusTest):
    def test_of_a_service_that_is_well(self):
        phased = self.running()
        self.send('{"id": "x", "acton": 1}\n', partition=1)
        self.applied(31)
        self.wait_until(lambda: self.status()["lag"] == 0, 20, "no lag")
        found = self.status()
        self.assertEqual([], found["wrong"])
        self.assertEqual((self.name, True, 0, 0, 1, 1), tuple(found[key] for key in ("group", "kafka", "lag", "lag_seconds", "rejected_hour",
                                                                                      "rejected_day")))
        self.assertEqual(self.value("SELECT lpad(to_hex(version), 16, '0') FROM phased.model"), found["model"])
        self.assertEqual([{"address": self.address, "reached": True, "ready": True, "why": ""}], found["endpoints"])
        part = next(part for part in found["partitions"] if part["topic"] == self.topics["web"] and part["partition"] == 0)
        self.assertEqual(PART_KEYS, list(part))
        self.assertEqual((30, 30, 0), (part["next_offset"], part["end_offset"], part["lag"]))
        table = self.phasectl(["status", "--endpoints", self.address])
        self.assertRegex(table, rf"(?m)^group {self.name}: 10 partitions, 0 waiting, 0 s behind$")
        self.assertRegex(table, rf"(?m)^{self.address}: ready$")
        self.assertTrue(table.endswith("\nhealthy\n"), table)
        for role, status in (("phased_monitor", 0), ("phased_writer", 0), ("phased_reader", 77)):
            with self.subTest(role=role):
                self.write_config(postgres__conninfo=self.login(role))
                self.assertEqual(status, self.run_phasectl(["status", "--endpoints", self.address]).status)
        self.assertEqual(0, phased.stop())

    def test_says_what_is_wrong(self):
        self.prepare(partitions=2)
        self.assertEqual(["no daemon of this group has claimed a partition yet"], self.status(endpoints="none")["wrong"])
        self.send(self.make(30), partition=0)
        phased = self.start_phased()
        self.applied(30)
        self.address = self.wait_log(phased, r"http: listening on (\S+)").group(1)
        blocker = self.session("BEGIN; LOCK TABLE phased.outcome_day IN ACCESS EXCLUSIVE MODE;")
        self.send(self.make(5, 102), partition=0)
        behind = self.wait_until(lambda: (lambda found: found if found["lag_seconds"] > 2 and found["wrong"] else None)(
            self.status("--lag-max", "1")), 30, "it to be behind")
        self.assertEqual(5, behind["lag"])
        self.assertRegex(behind["wrong"][0], rf"^{self.topics['web']}/0: \d+ s behind$")
        self.assertTrue(self.status("--lag-max", "1000")["healthy"])
        blocker.kill()
        blocker.wait()
        self.applied(35)
        self.assertEqual(0, phased.stop())
        self.assertEqual([f"{self.address}: does not answer"], self.status()["wrong"])
        table = self.run_phasectl(["status", "--endpoints", self.address])
        self.assertEqual(1, table.status)
        self.assertTrue(table.out.endswith(f"wrong: {self.address}: does not answer\nnot healthy\n"), table.out)
        self.psql("UPDATE phased.position SET next_offset = 99 WHERE partition = 1; UPDATE phased.model SET in_force = false")
        wrong = self.status(endpoints="none")["wrong"]
        self.assertEqual("no model is in force (phasectl model accept)", wrong[0])
        self.assertEqual(6, len(wrong))
        self.assertRegex(wrong[1], "/1: its position is not in the log: it has stopped")
        self.write_config(kafka__brokers="127.0.0.1:1")
        self.assertRegex(self.status(endpoints="none")["wrong"][1], "^kafka: ")
        self.write_config(postgres__conninfo="host=127.0.0.1 port=1 dbname=x")
        for command in ("status", "top"):
            done = self.run_phasectl([command])
            self.assertEqual((69, "", 1), (done.status, done.out, done.err.count("\n")), done)
            self.assertRegex(done.err, f"^phasectl: {command}: postgres: ")

    def test_asks_endpoints_for_what_it_shows_and_no_more(self):
        asked = []

        class Endpoint(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                self.send_response(503)
                self.end_headers()
                self.wfile.write(b"kafka: away\nmore\n")

            def log_message(self, *words):
                pass
        self.prepare(partitions=1)
        with http.server.HTTPServer(("127.0.0.1", 0), Endpoint) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            address = f"127.0.0.1:{server.server_port}"
            self.assertIn(f"{address}: not ready: kafka: away", self.status(endpoints=address)["wrong"])
            self.assertEqual(["/readyz"], asked)
            self.phasectl(["top", "--endpoints", address, "--once"])
            self.assertEqual({"/readyz", "/metrics"}, set(asked))
            server.shutdown()

    def test_asks_kafka_with_the_settings_of_the_properties_file(self):
        phased = self.running()
        self.assertEqual(0, phased.stop())
        properties = self.path("kafka.properties")
        with open(properties, "w") as out:
            out.write("security.protocol=ssl\n")	# which this broker does not speak
        os.chmod(properties, 0o600)
        self.write_config(kafka__properties_file=properties)
        self.assertRegex(self.status(endpoints="none")["wrong"][0], "^kafka: ")
        os.chmod(properties, 0o644)
        found = self.status(endpoints="none")
        self.assertEqual((False, 1), (found["kafka"], len(found["wrong"])))
        self.assertRegex(found["wrong"][0], "^kafka.properties_file .*: others than its owner and group may use it")

    def test_what_waits_and_makes_no_progress(self):
        phased = self.running()
        self.assertEqual(0, phased.stop())
        self.send(self.make(5, 103), partition=0)
        self.psql("UPDATE phased.position SET updated_at = now() - interval '90 s', oldest = now() - interval '90 s'")
        self.assertEqual([], self.status(endpoints="none")["wrong"], "it waits for seconds only: their record says so")
        table = self.phasectl(["status", "--endpoints", "none"])
        self.assertRegex(table, rf"(?m)^{self.topics['web'][:20]}.* 1 min ", "committed 90 s ago, which is not yet two minutes")
        subprocess.run([EDGES, "trim", os.environ["PHASED_KAFKA"], self.topics["web"], "0", "30"], check=True, timeout=60)
        self.write_config(kafka__brokers="127.0.0.1:1")
        self.psql("UPDATE phased.position SET end_offset = next_offset + 5 WHERE next_offset = 30")
        self.assertRegex("\n".join(self.status(endpoints="none")["wrong"]), r"/0: 5 messages wait, and nothing was committed for 9\d s")


class Terminal:
    """A program in a pseudo terminal of its own."""

    def __init__(self, argv, rows=40, columns=120, kind="xterm"):
        self.master, self.slave = pty.openpty()
        self.resize(rows, columns)
        self.before = termios.tcgetattr(self.slave)
        self.child = subprocess.Popen(argv, stdin=self.slave, stdout=self.slave, stderr=self.slave, start_new_session=True,
                                      preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0), env={**os.environ, "TERM": kind})
        self.said = ""

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self):
        while select.select([self.master], [], [], 0)[0]:
            self.said += os.read(self.master, 65536).decode(errors="replace")
        return self.said

    def views(self):
        """What was drawn, a text a view."""
        return [re.sub(r"\033\[K", "", view) for view in re.findall(r"\033\[H(.*?)\033\[J", self.read(), re.S)]

    def type(self, keys):
        os.write(self.master, keys)

    def end(self, deadline_s=20):
        until = time.monotonic() + deadline_s
        while self.child.poll() is None and time.monotonic() < until:
            self.read()
            select.select([self.master], [], [], .05)
        self.read()
        return self.child.poll()

    def close(self):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        os.close(self.master)
        os.close(self.slave)


class Top(StatusTest):
    def terminal(self, *args, **more):
        terminal = Terminal([phased_test.PHASECTL, "--config", self.config, "top", "--endpoints", self.address, *args], **more)
        self.addCleanup(terminal.close)
        return terminal

    def assert_restored(self, terminal):
        self.assertEqual(terminal.before, termios.tcgetattr(terminal.slave))
        self.assertEqual(1, terminal.said.count("\033[?1049h"))
        self.assertTrue(terminal.said.endswith("\033[?7h\033[?25h\033[?1049l"), terminal.said[-200:])

    def test_a_view_that_is_redrawn_resized_and_ended(self):
        phased = self.running()
        terminal = self.terminal(rows=60)
        self.wait_until(lambda: len(terminal.views()) >= 2, 20, "two views")
        self.assertFalse(termios.tcgetattr(terminal.slave)[3] & (termios.ECHO | termios.ICANON))
        self.send(self.make(200, 104))
        self.applied(230)
        self.wait_until(lambda: re.search(r"applied +[\d,]+ +2\d\d\b", terminal.views()[-1]), 20, "what was applied")
        busy = self.wait_until(lambda: next((view for view in terminal.views() if re.search(r"received [1-9]", view)), None), 20, "a rate")
        self.assertRegex(busy, r"SAVE +\d+\.\d % +\d+\.\d ms")
        self.assertIn("  slowest", busy)
        view = terminal.views()[-1]
        self.assertIn(f"{self.address}: ready", view)
        self.assertRegex(view, rf"{self.topics['web']}/0 +\d+ +\d+ +0 ")
        self.assertEqual(10, len(re.findall(rf"(?m)^{self.name}\.\w+/\d ", view)))
        terminal.resize(7, 80)		# the kernel tells its foreground process
        self.wait_until(lambda: terminal.views()[-1].count("\r\n") == 6, 20, "a view of seven lines")
        self.psql("SELECT 1")
        self.assertEqual(0, phased.stop())
        terminal.resize(50, 100)
        self.wait_until(lambda: f"{self.address}: does not answer" in terminal.views()[-1], 20, "the daemon to be missed")
        terminal.type(b"x")
        terminal.type(b"q")
        self.assertEqual(0, terminal.end())
        self.assert_restored(terminal)

    def test_however_it_ends_the_terminal_is_as_it_was(self):
        self.running()
        for what, end in (("Ctrl-C", lambda terminal: terminal.type(b"\x03")), ("Ctrl-D", lambda terminal: terminal.type(b"\x04")),
                          ("SIGTERM", lambda terminal: terminal.child.send_signal(signal.SIGTERM)),
                          ("SIGINT", lambda terminal: terminal.child.send_signal(signal.SIGINT)),
                          ("--count", lambda terminal: None)):
            with self.subTest(what):
                terminal = self.terminal(*(["--count", "2"] if what == "--count" else []))
                self.wait_until(lambda: terminal.views(), 20, "a view")
                end(terminal)
                self.assertEqual(0, terminal.end())
                self.assert_restored(terminal)

    def test_lines_where_there_is_no_terminal_to_draw_on(self):
        phased = self.running()
        line = (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ received \d+/s applied \d+/s rejected \d+/s in_flight 0 lag 0 behind 0\.0 s"
                r"( slowest \w+ [\d.]+ %)?")
        self.assertRegex(self.phasectl(["top", "--count", "2", "--endpoints", self.address]), rf"^{line}\n{line}\n$")
        dumb = self.terminal("--count", "1", kind="dumb")
        self.assertEqual(0, dumb.end())
        self.assertRegex(dumb.said, rf"^{line}\r\n$")
        once = self.phasectl(["top", "--once", "--endpoints", self.address])
        self.assertNotIn("\033", once)
        self.assertRegex(once, r"(?m)^applied +0 +30$")
        self.assertRegex(self.phasectl(["top", "--once", "--endpoints", "none"]), r"(?m)^received 0/s ")
        reader = self.start(["/bin/sh", "-c", f"{phased_test.PHASECTL} --config {self.config} top --endpoints none | head -n 1"], "head")
        self.assertEqual(0, reader.wait(20))
        top = self.start([phased_test.PHASECTL, "--config", self.config, "top", "--endpoints", self.address], "top")
        self.wait_log(top, "received")
        name = re.search("dbname=(t.*)", self.database)[1]
        self.psql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false; SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                  f"WHERE application_name = 'phasectl' AND datname = '{name}'", database=phased_test.server("PHASED_PG"))
        self.wait_log(top, r"received.* postgres: ")
        self.assertEqual(0, top.stop())
        phased.kill()


if __name__ == "__main__":
    phased_test.main()
