#!/usr/bin/python3
# run: timeout=900
"""Kills and outages: each accepted event is counted once, nothing is lost, memory stays flat, the log stays quiet."""
import json
import logging
import os
import random
import subprocess
import threading
import time

import confluent_kafka

import events
import phased_test
import tables
from daemon_test import NOW_US, DaemonTest

OUTAGE_S = 20
KILLS = 10
silent = logging.getLogger("kafka.silent")	# what librdkafka says while its broker is away on purpose
silent.addHandler(logging.NullHandler())
silent.propagate = False


class Sender(threading.Thread):
    """Sends events at a steady pace until told to stop; knows which were acknowledged: all of them, in the end."""

    def __init__(self, test, sent, a_second, partitions=4):
        super().__init__(daemon=True)
        self.test, self.events, self.pause, self.sent, self.going = test, sent, 1 / a_second, 0, True
        self.refused, self.partitions = 0, partitions
        self.producer = confluent_kafka.Producer({"bootstrap.servers": os.environ["PHASED_KAFKA"], "linger.ms": 5,
            "enable.idempotence": True, "message.timeout.ms": 180_000, "reconnect.backoff.max.ms": 1000}, logger=silent)
        self.dice = random.Random(1)

    def on_delivered(self, error, _message):
        self.refused += error is not None

    def run(self):
        for event in self.events:
            if not self.going:
                break
            self.producer.produce(self.test.topics["web"], json.dumps(event).encode(),
                                  partition=self.dice.randrange(self.partitions), headers={"content-type": "application/json"},
                                  callback=self.on_delivered)
            self.producer.poll(0)
            self.sent += 1
            time.sleep(self.pause)

    def finish(self):
        """Ends; the events sent, all of them acknowledged."""
        self.going = False
        self.join()
        self.test.assertEqual(0, self.producer.flush(180))
        self.test.assertEqual(0, self.refused)
        return self.events[:self.sent]


class FaultTest(DaemonTest):
    def expect_once(self, sent, deadline_s=60):
        """Every event sent has one touch and is counted applied once; copies are duplicates; and nothing else."""
        ids = len({event["id"] for event in sent})
        self.wait_until(lambda: int(self.value("SELECT coalesce(sum(n), 0) FROM phased.outcome_day")) >= len(sent),
                        deadline_s, "all to be applied")
        self.assertEqual({"applied": ids, **({"duplicate": len(sent) - ids} if len(sent) > ids else {})}, self.outcomes())
        self.assertEqual(str(ids), self.value("SELECT count(*) FROM phased.touch"))
        self.assertEqual(str(ids), self.value("SELECT count(DISTINCT event_id) FROM phased.touch"))

    def reference(self, sent):
        """The tables that the same events give to a daemon that nothing happens to."""
        ours, topics, config = self.database, self.topics, self.config
        calm = self.new_database()
        self.new_topics(f"{self.name}_calm")
        self.write_config("calm.yaml", kafka__group=f"{self.name}_calm")
        self.phasectl(["migrate"])
        self.phasectl(["topics", "create", "--partitions", "4", "--replication", "1"])
        self.phasectl(["model", "accept"])
        self.send(events.lines(sent))
        phased = self.start_phased()
        self.applied(len(sent), 120, calm)
        self.assertEqual(0, phased.stop())
        found = tables.dump(self, calm)
        self.database, self.topics, self.config = ours, topics, config
        return found

    def log_is_quiet(self, program, seconds):
        """At most about a line a second, whatever is away."""
        lines = program.log().splitlines()
        self.assertLess(len(lines), seconds + 20, "\n".join(lines[-40:]))


class Kills(FaultTest):
    def test_kill_9_ten_times_counts_each_event_once(self):
        self.prepare(kafka__instance_id="one", batch__events_min=50, batch__events_max=200)
        maker = events.Maker(11, NOW_US)
        sent = maker.make(20_000)		# more than can be sent before the last kill
        sent += maker.copies(sent, 0.03)
        dice = random.Random(12)
        dice.shuffle(sent)
        sender = Sender(self, sent, 200)
        sender.start()
        phased = self.start_phased()
        for _ in range(KILLS):
            before = int(self.value("SELECT coalesce(sum(n), 0) FROM phased.outcome_day"))
            self.wait_until(lambda: int(self.value("SELECT coalesce(sum(n), 0) FROM phased.outcome_day")) > before, 60,
                            "something to be applied")
            time.sleep(dice.random() * 0.2)		# a random moment of a batch
            phased.kill()
            phased = self.start_phased()
        self.assertLess(sender.sent, len(sent), "events ran out before the last kill")
        sent = sender.finish()
        self.expect_once(sent)
        self.assertEqual(0, phased.stop())
        tables.assert_same(self, self.reference(sent), tables.dump(self, self.database), "after ten kills")

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

    def outage(self, kind, stop_words):
        self.prepare(batch__events_min=50, batch__events_max=500)
        maker = events.Maker(22, NOW_US)
        warm = maker.make(2000)
        self.send(events.lines(warm))
        phased = self.start_phased()
        self.expect_once(warm)
        more = maker.make(200 * (OUTAGE_S + 20))
        sender = Sender(self, more, 200)
        sender.start()
        self.wait_until(lambda: sender.sent > 400, 60, "some events on their way")
        self.server(kind, "stop", *stop_words)
        self.wait_log(phased, f"{kind}: .*(away|trying again|waiting)", 30)
        resident, lines = phased.rss_kib(), len(phased.log().splitlines())
        end = time.monotonic() + OUTAGE_S
        while time.monotonic() < end:		# the outage itself, not a wait for luck
            time.sleep(1)
            self.assertTrue(phased.running(), phased.tail())
        self.assertLess(phased.rss_kib() - resident, 32 * 1024, "memory grew while a server was away")
        self.assertLessEqual(len(phased.log().splitlines()) - lines, OUTAGE_S + 5, phased.tail(40))
        self.server(kind, "start")
        sent = warm + sender.finish()
        self.expect_once(sent, 120)
        self.assert_conserved(phased)
        self.assertEqual(0, phased.stop())
        tables.assert_same(self, self.reference(sent), tables.dump(self, self.database), f"after {kind} was away")

    def test_postgresql_away_for_20_s_loses_nothing(self):
        self.outage("postgres", ("--mode", "immediate"))

    def test_kafka_away_for_20_s_loses_nothing(self):
        self.outage("kafka", ())


if __name__ == "__main__":
    phased_test.main()
