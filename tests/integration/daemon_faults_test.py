#!/usr/bin/python3
# run: timeout=600
"""Clean stops, and servers that come late: each accepted event is counted once. What goes away or is killed under load stands in
campaign_outages_test.py and campaign_faults_test.py."""
import os
import subprocess
import time

import events
import phased_test
import tables
from daemon_test import NOW_US, DaemonTest


class FaultTest(DaemonTest):
    def expect_once(self, sent, deadline_s=60):
        """Every event sent has one touch and is counted applied once; copies are duplicates; and nothing else."""
        ids = len({event["id"] for event in sent})
        self.wait_until(lambda: int(self.value("SELECT coalesce(sum(n), 0) FROM phased.outcome_day")) >= len(sent),
                        deadline_s, "all to be applied")
        self.assertEqual({"applied": ids, **({"duplicate": len(sent) - ids} if len(sent) > ids else {})}, self.outcomes())
        self.assertEqual(str(ids), self.value("SELECT count(*) FROM phased.touch"))
        self.assertEqual(str(ids), self.value("SELECT count(DISTINCT event_id) FROM phased.touch"))

    def reference(self, sent, model=()):
        """The tables that the same events give to a daemon that nothing happens to. `model`: its path, if not the usual one."""
        ours, topics, config = self.database, self.topics, self.config
        calm = self.new_database() if model else self.fresh_database()
        self.new_topics(f"{self.name}_calm")
        self.write_config("calm.yaml", kafka__group=f"{self.name}_calm")
        if model:
            self.phasectl(["migrate"])
            self.phasectl(["model", "accept", *model])
        self.phasectl(["topics", "create", "--partitions", "4", "--replication", "1"])
        self.send(events.lines(sent))
        phased = self.start_phased()
        self.applied(len(sent), 120, calm)
        self.nobody_waits(calm)
        self.assertEqual(0, phased.stop())
        found = tables.dump(self, calm)
        self.database, self.topics, self.config = ours, topics, config
        return found

    def log_is_quiet(self, program, seconds):
        """At most about a line a second, whatever is away."""
        lines = program.log().splitlines()
        self.assertLess(len(lines), seconds + 20, "\n".join(lines[-40:]))


class Stops(FaultTest):
    def test_a_clean_stop_takes_less_than_10_s_and_loses_nothing(self):
        self.prepare(kafka__instance_id="one", batch__events_min=50, batch__events_max=200)
        sent = events.Maker(13, NOW_US).make(3000)
        self.send(events.lines(sent))
        for _ in range(4):
            phased = self.start_phased()
            before = int(self.value("SELECT coalesce(sum(n), 0) FROM phased.outcome_day"))
            self.wait_until(lambda: before == 3000 or
                            int(self.value("SELECT coalesce(sum(n), 0) FROM phased.outcome_day")) > before, 60, "progress")
            self.assert_conserved(phased)
            start = time.monotonic()
            self.assertEqual(0, phased.stop())
            self.assertLess(time.monotonic() - start, 10)
        self.start_phased()
        self.expect_once(sent)


class OwnServers(FaultTest):
    """With servers of this test's own, since they are taken away."""

    def setUp(self):
        super().setUp()
        self.old = {name: os.environ.get(name) for name in ("PHASED_KAFKA", "PHASED_PG")}
        self.addCleanup(lambda: os.environ.update({name: value for name, value in self.old.items() if value}))
        for kind in ("kafka", "postgres"):
            self.server(kind, "start")
            self.addCleanup(self.server, kind, "stop")

    def server(self, kind, verb, *more):
        directory = self.path(kind)
        done = subprocess.run([os.path.join(phased_test.ROOT, "dev", kind), verb, directory, *more], capture_output=True,
                              text=True, timeout=120)
        self.assertEqual(0, done.returncode, done.stderr + done.stdout)
        if verb == "start":
            with open(os.path.join(directory, f"{kind}.env")) as text:
                for line in text:
                    name, _, value = line.strip().partition("=")
                    os.environ[name] = value.strip("'\"")


class Outages(OwnServers):
    def test_either_server_missing_at_start_is_waited_for(self):
        self.prepare()
        sent = events.Maker(21, NOW_US).make(300)
        self.send(events.lines(sent))
        self.server("postgres", "stop")
        self.server("kafka", "stop")
        phased = self.start_phased()
        self.wait_log(phased, "postgres: .*trying again")
        time.sleep(5)		# long enough for a program that gives up, or shouts, to show it
        self.assertTrue(phased.running())
        self.log_is_quiet(phased, 10)
        self.server("postgres", "start")
        self.wait_log(phased, "postgres: connected", 30)
        self.server("kafka", "start")
        self.expect_once(sent, 90)
        self.assert_conserved(phased)


if __name__ == "__main__":
    phased_test.main()
