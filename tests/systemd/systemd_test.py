#!/usr/bin/python3
# run: timeout=420
"""Our units under a real systemd (machine.py), with a real Kafka and a real PostgreSQL: what the service manager sees of us, and
what it keeps us from."""
import http.client
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import unittest.mock

HERE = os.path.dirname(os.path.realpath(__file__))
for folder in ("../integration", "../../dev"):
    sys.path.insert(0, os.path.join(HERE, folder))
import collector_test
import events
import machine
import phased_test
from collector_test import consent, payload
from daemon_faults_test import FaultTest
from daemon_test import NOW_US
from machine import wait_until
from phased_test import BUILD
from server import env_read, port_pick

DEV_POSTGRES = os.path.join(phased_test.ROOT, "dev", "postgres")
START_S = 30
KEY = secrets.token_hex(32)


def setUpModule():
    why = machine.unavailable()
    if why:
        raise unittest.SkipTest(why)
    Units.programs = tempfile.mkdtemp(prefix="phased-destdir-")
    unittest.addModuleCleanup(shutil.rmtree, Units.programs, ignore_errors=True)
    os.chmod(Units.programs, 0o755)
    subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet"], check=True, capture_output=True,
                   env={**os.environ, "DESTDIR": Units.programs})
    Units.box = machine.Machine(Units.programs)
    unittest.addModuleCleanup(Units.box.end)
    Units.box.write("/etc/phased/identity.key", KEY + "\n", 0o600)
    Units.box.boot()


class Units(FaultTest):
    """One machine for all tests; each has a database, topics and configuration of its own."""
    programs = box = None

    def setUp(self):
        super().setUp()
        self.addCleanup(self.stop_all)

    def stop_all(self):
        # Also what is being started: no test leaves the next one a unit that waits.
        self.box.run(["systemctl", "kill", "--signal=KILL", "phased*"], check=False)
        self.box.run(["systemctl", "stop", "phased*"], check=False)
        self.box.run(["systemctl", "reset-failed"], check=False)
        self.box.run(["sh", "-c", "rm -rf /etc/systemd/system/phased*.d; systemctl daemon-reload"])

    def settings(self):
        settings = super().settings()
        settings["identity"] = {"key_file": "identity.key"}	# a bare name: among the service's credentials
        if self.database:
            settings["postgres"]["conninfo"] = self.database.replace(phased_test.server("PHASED_PG"),
                                                                     phased_test.server("PHASED_PG_TCP"))
        return settings

    def install_config(self, **overrides):
        with open(self.write_config(**overrides)) as text:
            self.box.write("/etc/phased/phased.yaml", text.read())

    def prepare(self, **overrides):
        """phasectl works from outside, so it has the identity key by its path."""
        super().prepare(identity__key_file=self.write("identity.key", KEY + "\n", 0o600))
        self.install_config(**overrides)

    def drop_in(self, unit, text):
        self.box.write(f"/etc/systemd/system/{unit}.d/test.conf", text)
        self.box.run(["systemctl", "daemon-reload"])

    def shown(self, unit):
        return f"{self.box.run(['systemctl', 'status', unit], check=False).stdout}\n{self.box.journal(unit)}"

    def wait_for(self, unit, condition, what, seconds=START_S):
        """Until condition() gives something true, which is returned; else the test fails with the unit's journal."""
        try:
            return wait_until(condition, seconds, what)
        except AssertionError as error:
            self.fail(f"{error}\n{self.shown(unit)}")

    def wait_state(self, unit, state, seconds=START_S):
        self.wait_for(unit, lambda: self.box.show(unit, "ActiveState") == state, f"{unit} to be {state}", seconds)

    def start_unit(self, unit):
        self.box.run(["systemctl", "start", "--no-block", unit])
        self.wait_state(unit, "active")


class Daemon(Units):
    def test_it_is_ready_only_when_it_works(self):
        self.new_database()
        self.new_topics()
        self.install_config()
        self.phasectl(["migrate"])
        self.phasectl(["topics", "create", "--partitions", "4", "--replication", "1"])
        self.drop_in("phased.service", "[Service]\nTimeoutStartSec=2s\n")
        self.box.run(["systemctl", "start", "--no-block", "phased"])
        self.wait_for("phased", lambda: "waiting for a model" in self.box.show("phased", "StatusText"), "the line of status")
        # Longer than it may start without asking for more time.
        begun = int(self.box.show("phased", "ExecMainStartTimestampMonotonic"))
        wait_until(lambda: time.clock_gettime(time.CLOCK_MONOTONIC) * 1e6 > begun + 4e6, 10, "4 s")
        self.assertEqual({"ActiveState": "activating", "NRestarts": "0"}, self.box.show("phased", "ActiveState", "NRestarts"))
        self.phasectl(["model", "accept"])
        self.wait_state("phased", "active")
        self.assertEqual("20", self.value("SELECT count(*) FROM phased.position WHERE owner IS NOT NULL"))
        self.wait_for("phased", lambda: re.search("^working, 20 partitions, lag 0 events 0 s", self.box.show("phased", "StatusText")),
                      "the line of status")

    def test_what_another_try_would_not_mend_is_not_tried_again(self):
        self.box.write("/etc/phased/phased.yaml", "kafka:\n  broker: 127.0.0.1:1\n")
        self.box.run(["systemctl", "start", "phased"], check=False)
        self.assertEqual({"ActiveState": "failed", "ExecMainStatus": "78", "NRestarts": "0"},
                         self.box.show("phased", "ActiveState", "ExecMainStatus", "NRestarts"))
        self.assertIn('phased.yaml:2: ', self.box.show("phased", "StatusText"))

    def test_a_reload_waits_and_says_when_it_fails(self):
        self.prepare()
        self.start_unit("phased")
        self.install_config(log__level="debug")
        self.box.run(["systemctl", "reload", "phased"])
        self.assertIn("configuration: ", self.box.journal("phased"))	# there already: it has waited
        pid = self.box.show("phased", "MainPID")
        self.box.write("/etc/phased/phased.yaml", "log:\n  level: loud\n")
        done = self.box.run(["systemctl", "reload", "phased"], check=False)
        self.assertNotEqual(0, done.returncode)
        self.assertRegex(self.box.journal("phased"), r"phasectl: reload: refused, the old configuration holds: .*phased.yaml:2: ")
        self.assertEqual({"ActiveState": "active", "MainPID": pid}, self.box.show("phased", "ActiveState", "MainPID"))
        self.install_config()
        self.box.run(["systemctl", "reload", "phased"])
        self.assertEqual({"ActiveState": "active", "MainPID": pid}, self.box.show("phased", "ActiveState", "MainPID"))

    def test_the_watchdog_ends_a_hang_and_no_slow_database(self):
        self.prepare()
        self.drop_in("phased.service", "[Service]\nWatchdogSec=2s\nRestartSec=100ms\n")
        self.start_unit("phased")
        pid = self.box.show("phased", "MainPID")
        held = self.session("BEGIN; LOCK TABLE phased.position IN ACCESS EXCLUSIVE MODE;")
        begun = time.monotonic()
        wait_until(lambda: time.monotonic() > begun + 5, 10, "more than twice the watchdog's time")
        self.assertEqual({"ActiveState": "active", "MainPID": pid, "NRestarts": "0"},
                         self.box.show("phased", "ActiveState", "MainPID", "NRestarts"))
        held.kill()
        os.kill(self.box.host_pid(pid), signal.SIGSTOP)
        self.wait_for("phased", lambda: self.box.show("phased", "NRestarts") == "1", "the watchdog")
        self.wait_state("phased", "active")
        self.assertRegex(self.box.journal("phased"), r"Watchdog timeout")
        self.assertNotEqual(pid, self.box.show("phased", "MainPID"))

    def test_killed_it_is_started_again_and_each_event_counts_once(self):
        self.prepare(kafka__session_ms=6000)
        self.drop_in("phased.service", "[Service]\nRestartSec=100ms\n")
        self.start_unit("phased")
        sent = events.Maker(91, NOW_US).make(400)
        self.send(events.lines(sent[:200]))
        self.wait_for("phased", lambda: self.value("SELECT count(*) FROM phased.touch") != "0", "the first events")
        os.kill(self.box.host_pid(self.box.show("phased", "MainPID")), signal.SIGKILL)
        self.send(events.lines(sent[200:]))
        self.wait_for("phased", lambda: self.box.show("phased", "NRestarts") == "1", "the restart")
        self.expect_once(sent)

    def test_password_and_kafka_settings_are_credentials(self):
        folder = tempfile.mkdtemp(prefix="phased-own-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        self.addCleanup(subprocess.run, [DEV_POSTGRES, "remove", folder], capture_output=True)
        subprocess.run([DEV_POSTGRES, "start", folder], check=True, capture_output=True)
        own = env_read(os.path.join(folder, "postgres.env"))
        password = secrets.token_hex(8)
        with unittest.mock.patch.dict(os.environ, PHASED_PG=own["PHASED_PG"], PHASED_PG_TCP=own["PHASED_PG_TCP"]):
            self.prepare()
            self.psql(f"CREATE ROLE asked LOGIN PASSWORD '{password}' IN ROLE phased_writer")
            access = self.value("SHOW hba_file")
            with open(access) as lines:
                text = lines.read()
            with open(access, "w") as out:
                out.write(f"host all asked 127.0.0.1/32 scram-sha-256\n{text}")
            self.psql("SELECT pg_reload_conf()")
            conninfo = self.settings()["postgres"]["conninfo"].replace("user=postgres", "user=asked")
            self.install_config(postgres__conninfo=conninfo, postgres__password_file="postgres.pass",
                                kafka__properties_file="kafka.properties")
            self.addCleanup(self.box.run, ["rm", "-f", "/etc/phased/postgres.pass", "/etc/phased/kafka.properties"])
            for name, text, why in (
                    (None, "", "postgres.password_file .*: empty"),
                    ("kafka.properties", "# none\nno.such.setting = secret\n", "kafka: setting no.such.setting: ")):
                if name:
                    self.box.write(f"/etc/phased/{name}", text, 0o600)
                    self.box.write("/etc/phased/postgres.pass", "any\n", 0o600)
                self.box.run(["systemctl", "start", "phased"], check=False)
                self.assertEqual({"ActiveState": "failed", "NRestarts": "0"}, self.box.show("phased", "ActiveState", "NRestarts"))
                self.assertRegex(self.box.show("phased", "StatusText"), why)
                self.assertNotIn("secret", self.box.journal("phased"))
            self.box.write("/etc/phased/postgres.pass", "wrong\n", 0o600)
            self.box.write("/etc/phased/kafka.properties", "# none\nsocket.keepalive.enable = true\n", 0o600)
            self.box.run(["systemctl", "start", "--no-block", "phased"])
            self.wait_for("phased", lambda: re.search("^waiting for PostgreSQL, .* last trouble postgres ",
                                                      self.box.show("phased", "StatusText")), "to be refused")
            self.box.run(["systemctl", "stop", "phased"])
            self.box.write("/etc/phased/postgres.pass", f"{password}\n", 0o600)
            self.start_unit("phased")
            self.assertNotIn(password, self.box.journal("phased"))
            self.doCleanups()

    def test_several_share_the_work(self):
        self.prepare(kafka__session_ms=6000)
        self.start_unit("phased@1")
        self.start_unit("phased@2")
        owners = "SELECT DISTINCT owner FROM phased.position ORDER BY 1"
        self.wait_for("phased@2", lambda: len(self.psql(owners)) == 2, "both to have partitions")
        self.assertEqual(["1", "2"], [owner.split()[-1] for (owner,) in self.psql(owners)])
        for name in "12":
            said = self.box.run(["curl", "-s", "--unix-socket", f"/run/phased@{name}/http", "http://x/readyz"], check=False)
            self.assertEqual("ready\n", said.stdout)


class Sandbox(Units):
    """A probe with the sandbox of our units, in place of our programs."""
    REFUSED = ("EROFS", "EACCES", "EPERM", "ENOENT")

    def probe(self, unit):
        with open(os.path.join(HERE, "probe.py")) as text:
            self.box.write("/usr/lib/phased-probe.py", text.read())
        self.box.run(["sh", "-c", "mkdir -p /srv/open && chmod 1777 /srv/open"])
        other = "phased-collect.service" if unit.startswith("phased@") else "phased@other.service"
        # Our own address that is not localhost; nothing is sent by connecting.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
            try:
                asked.connect(("192.0.2.1", 9))
                host = asked.getsockname()[0]
            except OSError:
                host = ""
        self.drop_in(unit, "[Service]\nType=oneshot\nRemainAfterExit=yes\nRestart=no\nExecStart=\n"
                     f'ExecStart=/usr/bin/python3 /usr/lib/phased-probe.py {other} "{host}"\n')
        self.box.run(["systemctl", "start", unit], check=False)
        said = [line for line in self.box.journal(unit, "-o", "cat").splitlines() if line.startswith("{")]
        self.assertTrue(said, self.shown(unit))
        return json.loads(said[-1])

    def check(self, unit):
        found = self.probe(unit)
        allowed = {"write runtime", "write tmp", "read credential", "AF_UNIX", "AF_INET", "AF_INET6", "to 127.0.0.1"}
        wrong = {name: result for name, result in found.items() if (result == "ok") != (name in allowed)}
        self.assertEqual("False", found["secret in environment"])
        if "does not support BPF" in self.box.run(["journalctl", "--no-pager"]).stdout:
            wrong.pop("to another address", None)	# as in a container without the right; systemd has said so
        wrong.pop("secret in environment", None)
        self.assertEqual({}, wrong)
        self.assertEqual("EROFS", found["write /srv/open/x"])		# which anybody else may write to
        self.assertEqual("EAFNOSUPPORT", found["AF_NETLINK"])
        self.assertEqual("EPERM", found["write and execute"])
        self.assertNotEqual(0, self.box.run(["test", "-e", "/tmp/phased-probe"], check=False).returncode)
        # Not even the folder's names are told to others.
        for user in ("nobody", "daemon"):
            for action in (["ls", f"/run/credentials/{unit}"], ["cat", f"/run/credentials/{unit}/identity.key"]):
                done = self.box.run(["setpriv", "--reuid", user, "--clear-groups", *action], check=False)
                self.assertIn("Permission denied", done.stderr)

    def test_phased_keeps_to_its_own(self):
        self.check("phased@probe.service")

    def test_the_collector_keeps_to_its_own(self):
        self.box.write("/etc/phased/collect.yaml", "{}\n")
        self.drop_in("phased-collect.socket", f"[Socket]\nListenStream=\nListenStream=127.0.0.1:{port_pick()}\n")
        self.check("phased-collect.service")


class Collector(Units):
    def start_collector(self):
        self.new_topics()
        self.write_config(identity__key_file=self.write("identity.key", KEY + "\n", 0o600))
        self.phasectl(["topics", "create", "--partitions", "4", "--replication", "1"])
        self.port = port_pick()
        self.drop_in("phased-collect.socket", f"[Socket]\nListenStream=\nListenStream=127.0.0.1:{self.port}\n")
        self.box.write("/etc/phased/collect.yaml", phased_test.yaml_text({
            "http": {"listen": "127.0.0.1:0", "admin_listen": ""}, "identity": {"key_file": "identity.key"},
            "kafka": {"brokers": os.environ["PHASED_KAFKA"],
                      "topics": {name: self.topics[name] for name in ("web", "rejected")}}}))
        self.box.run(["systemctl", "start", "phased-collect.socket"])

    def post(self, connection, event):
        connection.request("POST", collector_test.TP2, collector_test.batch(event),
                           {"User-Agent": collector_test.FIREFOX, "Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        return answer.status

    def post_once(self, event):
        connection = self.connect()
        try:
            return self.post(connection, event)
        finally:
            connection.close()

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def taken(self):
        """The ids of the events on the topic."""
        done = subprocess.run(["kcat", "-b", os.environ["PHASED_KAFKA"], "-C", "-t", self.topics["web"], "-e", "-q", "-f", "%S\n%s"],
                              capture_output=True, timeout=60, check=True)
        found, rest = [], done.stdout
        while rest:
            size, rest = rest.split(b"\n", 1)
            event = collector_test.proto.Event()
            event.ParseFromString(rest[:int(size)])
            found.append(event.id)
            rest = rest[int(size):]
        return found

    def test_its_socket_starts_it(self):
        self.start_collector()
        self.assertEqual("inactive", self.box.show("phased-collect", "ActiveState"))
        event = payload(entities=[consent()])
        self.assertEqual(200, self.post_once(event))
        self.wait_state("phased-collect", "active")
        self.assertEqual([event["eid"]], self.taken())
        self.wait_for("phased-collect", lambda: self.box.show("phased-collect", "StatusText").startswith("working, "), "its status")

    def test_no_request_is_lost_over_restarts(self):
        self.start_collector()
        self.box.run(["systemctl", "start", "phased-collect"])
        ended, lost, sent = threading.Event(), [], []

        def client(keeps):
            connection = None
            while not ended.is_set():
                event = payload(entities=[consent()])
                try:
                    fresh = connection is None
                    connection = connection or self.connect()
                    try:
                        status = self.post(connection, event)
                    except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                        # A kept connection may end while the client is about to use it: a client asks once more on a new one.
                        if fresh:
                            raise
                        connection.close()
                        connection = self.connect()
                        status = self.post(connection, event)
                    sent.append(event["eid"])
                    if status != 200:
                        lost.append(status)
                    if not keeps or connection.sock is None:
                        connection.close()
                        connection = None
                except Exception as error:
                    lost.append(repr(error))
            if connection is not None:
                connection.close()

        threads = [threading.Thread(target=client, args=(number % 2 == 1,)) for number in range(4)]
        for thread in threads:
            thread.start()
        try:
            for number in range(4):
                before = len(sent)
                self.box.run(["systemctl", "restart", "phased-collect"])
                self.wait_for("phased-collect", lambda: len(sent) > before + 20, "more to be answered")
        finally:
            ended.set()
            for thread in threads:
                thread.join()
        self.assertEqual([], lost)
        self.assertEqual(set(sent), set(self.taken()))
        self.assertEqual("0", self.box.show("phased-collect", "NRestarts"))

    def test_a_reload_waits(self):
        self.start_collector()
        self.box.run(["systemctl", "start", "phased-collect"])
        self.box.run(["systemctl", "reload", "phased-collect"])
        self.box.write("/etc/phased/collect.yaml", "http:\n  listen: 7\n  lisen: 7\n")
        self.assertNotEqual(0, self.box.run(["systemctl", "reload", "phased-collect"], check=False).returncode)
        self.assertIn("collect.yaml:", self.box.journal("phased-collect"))
        self.assertEqual("active", self.box.show("phased-collect", "ActiveState"))

    def test_the_watchdog_ends_a_hang(self):
        self.start_collector()
        self.drop_in("phased-collect.service", "[Service]\nWatchdogSec=2s\nRestartSec=100ms\n")
        self.box.run(["systemctl", "start", "phased-collect"])
        os.kill(self.box.host_pid(self.box.show("phased-collect", "MainPID")), signal.SIGSTOP)
        event = payload(entities=[consent()])
        self.assertEqual(200, self.post_once(event))		# it waits in the socket that systemd holds
        self.assertEqual("1", self.box.show("phased-collect", "NRestarts"))


if __name__ == "__main__":
    phased_test.main()
