#!/usr/bin/python3
# run: timeout=420
"""Our units under a real systemd (machine.py), with a real Kafka and a real PostgreSQL: what the service manager sees of us, and
what it keeps us from."""
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "integration"))
import machine
import phased_test
from machine import wait_until
from phased_test import BUILD, ROOT

START_S = 30


def setUpModule():
    why = machine.unavailable()
    if why:
        raise unittest.SkipTest(why)


class Units(phased_test.PhasedTest):
    """One machine for all tests of the class; each has a database, topics and configuration of its own."""

    @classmethod
    def setUpClass(cls):
        cls.programs = tempfile.mkdtemp(prefix="phased-destdir-")
        cls.addClassCleanup(shutil.rmtree, cls.programs, ignore_errors=True)
        os.chmod(cls.programs, 0o755)
        subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet"], check=True, capture_output=True,
                       env={**os.environ, "DESTDIR": cls.programs})
        cls.box = machine.Machine(cls.programs)
        cls.addClassCleanup(cls.box.end)
        cls.box.write("/etc/phased/credentials/identity.key", secrets.token_hex(32) + "\n", 0o600)
        cls.box.boot()

    def setUp(self):
        super().setUp()
        self.addCleanup(self.stop_all)

    def stop_all(self):
        self.box.run(["systemctl", "stop", "phased*"], check=False)
        self.box.run(["systemctl", "reset-failed"], check=False)
        self.box.run(["sh", "-c", "rm -rf /etc/systemd/system/phased*.d; systemctl daemon-reload"])

    def settings(self):
        settings = super().settings()
        settings["identity"] = {"key_file": "identity.key"}
        if self.database:
            settings["postgres"]["conninfo"] = self.database.replace(phased_test.server("PHASED_PG"),
                                                                     phased_test.server("PHASED_PG_TCP"))
        return settings

    def install_config(self, **overrides):
        with open(self.write_config(**overrides)) as text:
            self.box.write("/etc/phased/phased.yaml", text.read())

    def drop_in(self, unit, text):
        self.box.write(f"/etc/systemd/system/{unit}.d/test.conf", text)
        self.box.run(["systemctl", "daemon-reload"])

    def wait_state(self, unit, state, seconds=START_S):
        def reached():
            return self.box.show(unit, "ActiveState") == state
        try:
            wait_until(reached, seconds, f"{unit} to be {state}")
        except AssertionError as error:
            self.fail(f"{error}\n{self.box.run(['systemctl', 'status', unit], check=False).stdout}\n{self.box.journal(unit)}")

    def start_unit(self, unit):
        self.box.run(["systemctl", "start", "--no-block", unit])
        self.wait_state(unit, "active")


class Daemon(Units):
    def test_ready_only_when_working(self):
        self.new_database()
        self.new_topics()
        self.install_config()
        self.phasectl(["migrate"])
        self.phasectl(["topics", "create", "--partitions", "4", "--replication", "1"])
        self.drop_in("phased.service", "[Service]\nTimeoutStartSec=2s\n")
        self.box.run(["systemctl", "start", "--no-block", "phased"])
        wait_until(lambda: "waiting for a model" in self.box.show("phased", "StatusText"), START_S, "the line of status")
        # Longer than it may start without asking for more time.
        begun = int(self.box.show("phased", "ExecMainStartTimestampMonotonic"))
        wait_until(lambda: self.box.run(["cat", "/proc/uptime"]).stdout and self.uptime_us() > begun + 4_000_000, 10, "4 s")
        self.assertEqual({"ActiveState": "activating", "NRestarts": "0"}, self.box.show("phased", "ActiveState", "NRestarts"))
        self.phasectl(["model", "accept"])
        self.wait_state("phased", "active")
        self.assertEqual("20", self.value("SELECT count(*) FROM phased.position WHERE owner IS NOT NULL"))
        wait_until(lambda: re.search(r"^working, 20 partitions, lag 0 events 0 s", self.box.show("phased", "StatusText")), 10,
                   "the line of status")

    @staticmethod
    def uptime_us():
        with open("/proc/uptime") as text:
            return int(float(text.read().split()[0]) * 1e6)


if __name__ == "__main__":
    phased_test.main()
