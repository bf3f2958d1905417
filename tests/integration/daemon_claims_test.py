#!/usr/bin/python3
# run: timeout=300
"""Whose partitions are whose: claims that come late or cross each other, positions that somebody else moves."""
import os
import time

import psycopg2
import psycopg2.extras

import events
import phased_test
from daemon_faults_test import FaultTest
from daemon_test import NOW_US

SESSION_MS = 6000		# the least that brokers allow by default


class Claims(FaultTest):
    def seconds(self, program):
        """Processor time that it has used."""
        with open(f"/proc/{program.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_a_claim_that_waited_while_the_group_moved_on_is_not_taken_for_the_next_one(self):
        self.prepare(4, kafka__session_ms=SESSION_MS)
        maker = events.Maker(41, NOW_US)
        sent = maker.make(900)
        for partition, share in enumerate((sent[:400], sent[400:600], sent[600:890], sent[890:])):
            self.send(events.lines(share), partition=partition)		# so that a position of one is not in the log of another
        first = self.start_phased()
        self.expect_once(sent)
        web = f"FROM phased.position WHERE topic = '{self.topics['web']}' AND partition"
        holder = self.session(f"BEGIN; SELECT {web} = 3 FOR UPDATE;")
        self.psql(f"UPDATE phased.position SET next_offset = 399 WHERE topic = '{self.topics['web']}' AND partition = 0")
        self.send(events.lines(maker.make(1)), partition=0)
        self.wait_log(first, "position was set to 399 from outside, claiming anew")
        second = self.start_phased()
        self.wait_log(second, "partitions assigned, claiming", 30)
        self.wait_until(lambda: first.log().count("partitions assigned, claiming") == 2, 30, "a second assignment")
        holder.kill()
        for partition in range(4):
            self.send(events.lines(maker.make(100)), partition=partition)
        self.wait_until(lambda: self.outcomes() == {"applied": 1301, "duplicate": 1}, 60, "all to be applied")
        for program in (first, second):
            self.assertNotIn("not in the log", program.log())
            self.assert_conserved(program)
            self.assertEqual(0, program.stop())

    def test_a_late_claim_of_somebody_else_is_answered_by_a_new_one(self):
        self.prepare(4, kafka__session_ms=SESSION_MS)
        maker = events.Maker(42, NOW_US)
        sent = maker.make(200)
        self.send(events.lines(sent), partition=1)
        phased = self.start_phased()
        self.expect_once(sent)
        self.psql(f"SELECT * FROM phased.position_claim('{self.name}', ARRAY['{self.topics['web']}'], ARRAY[1], 'late')")
        more = maker.make(1500)		# more than a batch: the rest waits in the source
        self.send(events.lines(more), partition=1)
        self.wait_log(phased, "claimed by another daemon, dropped")
        before = self.seconds(phased)
        begun = time.monotonic()
        self.expect_once(sent + more, 60)
        self.assertLess(self.seconds(phased) - before, 0.5 + 0.2 * (time.monotonic() - begun), "it span while it waited")
        self.assertEqual(1, int(self.metrics(phased)["phased_fenced_total"]))
        self.assert_conserved(phased)
        self.assertEqual(0, phased.stop())

    def test_a_claim_ends_the_transaction_of_a_daemon_that_hangs_in_the_middle_of_an_answer(self):
        self.prepare(4, postgres__reply_ms_max=2000)
        maker = events.Maker(44, NOW_US)
        sent = maker.make(100)
        self.send(events.lines(sent))
        phased = self.start_phased()
        self.expect_once(sent)
        self.assertEqual(0, phased.stop())
        # It asked for more than fits between the two, and reads nothing: the server's timeouts do not run while it writes.
        frozen = psycopg2.connect(f"{self.database} application_name=phased", async_=True)
        self.addCleanup(frozen.close)
        psycopg2.extras.wait_select(frozen)
        frozen.cursor().execute("SET statement_timeout = 500; SET idle_in_transaction_session_timeout = 500; BEGIN; "
                                "SELECT * FROM phased.position FOR UPDATE; SELECT repeat('x', 1000) FROM generate_series(1, 10000)")
        self.wait_until(lambda: self.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                                           "AND wait_event = 'ClientWrite'") == "1", 20, "the server to wait for its reader")
        more = maker.make(100)
        self.send(events.lines(more))
        phased = self.start_phased()
        self.expect_once(sent + more, 20)
        self.assertEqual(0, phased.stop())

    def test_a_position_that_was_set_or_deleted_is_followed(self):
        self.prepare(4)
        maker = events.Maker(43, NOW_US)
        sent = maker.make(300)
        self.send(events.lines(sent), partition=2)
        phased = self.start_phased()
        self.expect_once(sent)
        self.psql(f"UPDATE phased.position SET next_offset = 100 WHERE topic = '{self.topics['web']}' AND partition = 2")
        last = maker.make(1)
        self.send(events.lines(last), partition=2)
        self.wait_until(lambda: self.outcomes() == {"applied": 301, "duplicate": 200}, 60, "the messages to be read again")
        self.psql(f"DELETE FROM phased.position WHERE topic = '{self.topics['web']}' AND partition = 2")
        self.send(events.lines(maker.make(1)), partition=2)
        self.wait_until(lambda: self.outcomes() == {"applied": 302, "duplicate": 501}, 60, "all to be read again")
        self.assert_conserved(phased)
        self.assertEqual(0, phased.stop())


class ClaimsOfOneLane(Claims):
    lanes = 1


if __name__ == "__main__":
    phased_test.main()
