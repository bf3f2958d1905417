#!/usr/bin/python3
# run: timeout=300
"""SIGTERM ends the daemon with 0 within stop.seconds, whatever it is waiting for."""
import os
import signal
import time

import events
import phased_test
from daemon_faults_test import FaultTest, OwnServers
from daemon_test import NOW_US

STOP_S = 10
LOCK = "BEGIN; LOCK TABLE phased.{} IN EXCLUSIVE MODE;"


class StopTest(FaultTest):
    def stops(self, program, less_than_s=STOP_S):
        begun = time.monotonic()
        self.assertEqual(0, program.stop())
        self.assertLess(time.monotonic() - begun, less_than_s, program.tail())

    def waits_for_lock(self):
        self.wait_until(lambda: self.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                                           "AND application_name = 'phased' AND wait_event_type = 'Lock'") != "0", 20, "a lock")


class Stops(StopTest):
    def test_rows_that_somebody_else_holds_locked(self):
        self.prepare()
        sent = events.Maker(51, NOW_US).make(200)
        holder = self.session(LOCK.format("phase"))
        self.send(events.lines(sent))
        phased = self.start_phased()
        self.waits_for_lock()
        self.stops(phased)		# its transaction is cut off
        holder.kill()
        phased = self.start_phased()
        self.expect_once(sent)
        self.stops(phased, 5)

    def test_backing_off_after_a_refusal(self):
        self.prepare(postgres__reply_ms_max=400)		# a lock is waited for for half of it
        sent = events.Maker(52, NOW_US).make(200)
        holder = self.session(LOCK.format("phase"))
        self.send(events.lines(sent))
        phased = self.start_phased()
        self.wait_log(phased, "SQLSTATE 55P03 in (LOAD|SAVE), trying again")
        self.wait_until(lambda: self.metrics(phased)["phased_batches_redone_total"] > 6, 30, "the pauses to grow")
        self.assertEqual("0", self.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                                         "AND application_name = 'phased' AND state LIKE 'idle in transaction%'"))
        self.stops(phased, 5)
        holder.kill()
        self.start_phased()
        self.expect_once(sent)

    def test_a_claim_that_waits(self):
        self.prepare()
        self.session(LOCK.format("position"))
        phased = self.start_phased()
        self.waits_for_lock()
        self.stops(phased, 5)

    def test_no_model_yet(self):
        self.new_database()
        self.new_topics()
        self.write_config()
        self.phasectl(["migrate"])
        phased = self.start_phased()
        self.wait_log(phased, "no model is in force yet")
        self.stops(phased, 5)


class StopsOfOneLane(Stops):
    lanes = 1


class Frozen(OwnServers, StopTest):
    def freeze(self, number):
        with open(os.path.join(self.path("postgres"), "postgres.pid")) as text:
            first = int(text.read().split()[0])
        with open(f"/proc/{first}/task/{first}/children") as children:
            every = [first, *map(int, children.read().split())]
        for pid in every:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def test_a_postgresql_that_hangs(self):
        self.prepare(postgres__connect_ms_max=30_000)
        phased = self.start_phased()
        self.wait_log(phased, "partitions claimed")
        self.addCleanup(self.freeze, signal.SIGCONT)
        self.freeze(signal.SIGSTOP)
        self.send(events.lines(events.Maker(53, NOW_US).make(200)))
        self.wait_until(lambda: self.metrics(phased)["phased_events_in_flight"] > 0, 20, "a batch")
        self.stops(phased)
        phased = self.start_phased()
        self.wait_log(phased, "http: listening")
        time.sleep(1)		# it connects to what never answers
        self.stops(phased, 5)


if __name__ == "__main__":
    phased_test.main()
