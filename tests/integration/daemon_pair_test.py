#!/usr/bin/python3
# run: timeout=900
"""Several daemons in one group that meet on the same people: the tables are those of one daemon that nothing happens to, and
nobody stands in anybody's way for good. Members that join, leave, are killed and frozen stand in campaign_faults_test.py."""
import random
import signal

import events
import phased_test
import tables
from daemon_faults_test import FaultTest
from daemon_test import NOW_US

PARTITIONS = 6
SESSION_MS = 6000		# the least that brokers allow by default
SMALL = {"batch__events_min": 20, "batch__events_max": 120, "kafka__session_ms": SESSION_MS}


class PairTest(FaultTest):
    def deadlocks(self):
        return int(self.value("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"))

    def assigned(self, *programs):
        return [int(self.metrics(program)["phased_assigned_partitions"]) for program in programs]

    def shared(self, *programs):
        """Waits until these daemons have all partitions among them, each some."""
        count = PARTITIONS * 5		# four channels, and what the collector could not read
        self.wait_until(lambda: sum(self.assigned(*programs)) == count and min(self.assigned(*programs)) > 0, 60,
                        f"{len(programs)} daemons to share the partitions")


class Pair(PairTest):
    def test_four_daemons_work_off_a_backlog_about_twelve_people(self):
        self.prepare(PARTITIONS, **SMALL)
        maker = events.Maker(34, NOW_US, people=12)
        sent = maker.make(5000)
        sent += maker.copies(sent, 0.05)
        random.Random(35).shuffle(sent)
        self.send(events.lines(sent))
        programs = [self.start_phased() for _ in range(4)]
        self.expect_once(sent, 120)
        self.nobody_waits()
        for program in programs:
            self.settled(program)
            self.assertEqual(0, program.stop())
        self.assertEqual(0, self.deadlocks(), "locks were taken out of order")
        tables.assert_same(self, self.reference(sent), tables.dump(self, self.database), "after four daemons")


class Frozen(PairTest):
    def test_a_daemon_frozen_within_a_transaction_does_not_keep_its_successor_waiting(self):
        # The careful way, whose locks are in a turn of their own: its transaction stays open when nobody goes on with it.
        limits = {**SMALL, "postgres__reply_ms_max": 4000, "batch__quick": False}
        self.prepare(PARTITIONS, **limits)
        maker = events.Maker(33, NOW_US, people=12)
        sent = maker.make(500)
        self.send(events.lines(sent))
        frozen = self.start_phased()
        self.expect_once(sent)
        holder = self.session("BEGIN; LOCK TABLE phased.phase IN EXCLUSIVE MODE;")
        more = maker.make(500)
        self.send(events.lines(more))
        waiting = ("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'phased' "
                   "AND {}")
        self.wait_until(lambda: self.value(waiting.format("wait_event_type = 'Lock'")) != "0", 20, "a batch that waits")
        frozen.signal(signal.SIGSTOP)
        holder.kill()		# now its transaction is open, and idle
        self.wait_until(lambda: self.value(waiting.format("state = 'idle in transaction'")) != "0", 20, "an idle transaction")
        second = self.start_phased()
        self.expect_once(sent + more, 60)
        frozen.signal(signal.SIGCONT)
        self.shared(frozen, second)
        last = maker.make(300)
        self.send(events.lines(last))
        self.expect_once(sent + more + last)
        for program in (frozen, second):
            self.assert_conserved(program)
            self.assertEqual(0, program.stop())


if __name__ == "__main__":
    phased_test.main()
