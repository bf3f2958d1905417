#!/usr/bin/python3
# run: timeout=900
"""Several daemons in one group that meet on the same people, while members join, leave, are killed and frozen: the tables
are those of one daemon that nothing happens to, and nobody stands in anybody's way for good."""
import random
import signal
import time

import events
import phased_test
import tables
from daemon_faults_test import FaultTest, Sender
from daemon_test import NOW_US

PARTITIONS = 6
SESSION_MS = 6000		# the least that brokers allow by default
SMALL = {"batch__events_min": 20, "batch__events_max": 120, "kafka__session_ms": SESSION_MS}


class PairTest(FaultTest):
    def login(self):
        """A role that is what the documentation tells to make: a login, member of phased_writer, nothing else."""
        role = f"{self.name}_writer"
        self.psql(f"CREATE ROLE {role} LOGIN IN ROLE phased_writer")
        self.addCleanup(self.psql, f"DROP ROLE IF EXISTS {role}", database=phased_test.server("PHASED_PG"))
        return f"{self.database} user={role}"

    def deadlocks(self):
        return int(self.value("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"))

    def done(self):
        return int(self.value("SELECT coalesce(sum(n), 0) FROM phased.outcome_day"))

    def progress(self, deadline_s=60):
        """Waits until something more was applied."""
        before = self.done()
        self.wait_until(lambda: self.done() > before, deadline_s, "something to be applied")

    def assigned(self, *programs):
        return [int(self.metrics(program)["phased_assigned_partitions"]) for program in programs]

    def shared(self, *programs):
        """Waits until these daemons have all partitions among them, each some."""
        count = PARTITIONS * 5		# four channels, and what the collector could not read
        self.wait_until(lambda: sum(self.assigned(*programs)) == count and min(self.assigned(*programs)) > 0, 60,
                        f"{len(programs)} daemons to share the partitions")


class Pair(PairTest):
    def test_two_daemons_on_the_same_people_give_the_tables_of_one(self):
        self.prepare(PARTITIONS, **SMALL)
        self.write_config(postgres__conninfo=self.login(), **SMALL)
        maker = events.Maker(31, NOW_US, people=12)
        sent = maker.make(12_000)		# more than can be sent before the last change
        sent += maker.copies(sent, 0.05)
        dice = random.Random(32)
        dice.shuffle(sent)
        sender = Sender(self, sent, 150, PARTITIONS)
        sender.start()
        first = self.start_phased()
        self.progress()
        second = self.start_phased()		# joins
        self.shared(first, second)
        self.progress()
        self.assertEqual(0, first.stop())		# leaves
        self.shared(second)
        third = self.start_phased()
        self.shared(second, third)
        self.progress()
        third.kill()		# is missed only when its session has run out
        self.shared(second)
        fourth = self.start_phased()
        self.shared(second, fourth)
        self.progress()
        fourth.signal(signal.SIGSTOP)		# hangs, and finds itself thrown out when it goes on
        self.shared(second)
        self.progress()
        fourth.signal(signal.SIGCONT)
        self.shared(second, fourth)
        self.assertLess(sender.sent, len(sent), "events ran out before the last change")
        sent = sender.finish()
        self.expect_once(sent, 120)
        for program in (second, fourth):
            self.assert_conserved(program)
            self.assertEqual(0, program.stop())
        self.assertEqual(0, self.deadlocks(), "locks were taken out of order")
        tables.assert_same(self, self.reference(sent), tables.dump(self, self.database), "after two daemons")

    def test_four_daemons_work_off_a_backlog_about_twelve_people(self):
        self.prepare(PARTITIONS, **SMALL)
        maker = events.Maker(34, NOW_US, people=12)
        sent = maker.make(5000)
        sent += maker.copies(sent, 0.05)
        random.Random(35).shuffle(sent)
        self.send(events.lines(sent))
        programs = [self.start_phased() for _ in range(4)]
        self.expect_once(sent, 120)
        for program in programs:
            self.assert_conserved(program)
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
