#!/usr/bin/python3
# run: timeout=1200 alone
"""PostgreSQL away, Kafka away, both at once, under load: nothing is lost or doubled, memory stays flat, the log stays quiet, and
the lag is gone within 10 s after. The long campaign takes them away for a minute each time, the short one only both at once."""
import random
import time

import events
import phased_test
import tables
from campaign import LONG, CampaignTest, Load, say
from daemon_faults_test import OwnServers
from daemon_test import NOW_US

OUTAGE_S = 60
A_SECOND = 300 if LONG else 75
BACKLOG = A_SECOND * (OUTAGE_S + 45)		# is drained first: from then on memory is what outages of such a length need
PARTITIONS = 4
CAUGHT_UP_S = 10
FLAT_KIB = 16 * 1024
# Each outlives the session, so that the daemon must find its way back into the group. The long one has the defaults and a lasting
# name, as the unit gives it, and so takes its former self's place at once; the other waits until that one is missed.
MEMBER = {"kafka__instance_id": "one"} if LONG else {"kafka__session_ms": 2000}
SINGLE_S = OUTAGE_S if LONG else 6
OUTAGES = {"PostgreSQL": (SINGLE_S, "postgres"), "Kafka": (SINGLE_S, "kafka"), "both": (OUTAGE_S, "kafka", "postgres")}
GO = {"postgres": ("--mode", "immediate"), "kafka": ("--kill",)}


class Outages(OwnServers, CampaignTest):
    def caught_up(self):
        """All that was sent up to a second ago is applied. None while PostgreSQL does not answer."""
        self.due, ended = BACKLOG + self.load.sent_until(1), self.ended()
        self.seen = self.seen if ended is None else ended
        return ended is not None and ended >= self.due

    def rss(self):
        self.assertTrue(self.phased.running(), f"it ended with {self.phased.child.returncode}:\n{self.phased.tail()}")
        kib = self.phased.rss_kib()
        self.peak = max(self.peak, kib)
        return kib

    def outage(self, what, seconds, *servers):
        for kind in servers:
            self.server(kind, "stop", *GO[kind])
        quiet, end = len(self.phased.log().splitlines()), time.monotonic() + seconds
        while time.monotonic() < end:		# the outage itself, not a wait for luck
            self.rss()
            time.sleep(0.5)
        lines = len(self.phased.log().splitlines()) - quiet
        self.assertLessEqual(lines, seconds + 5, self.phased.tail(40))
        for kind in servers:
            self.server(kind, "start")
        begun, behind = time.monotonic(), BACKLOG + self.load.sent_until(0) - self.seen
        try:
            self.wait_until(lambda: (self.rss(), self.caught_up())[1], CAUGHT_UP_S, f"the lag to be gone after {what} was away")
        finally:
            say(f"{what} away for {seconds} s: {behind} behind; after {time.monotonic() - begun:.1f} s {self.seen} applied, "
                f"{self.load.producer.delivered()} acknowledged, {self.due} due; {self.rss()} KiB, {lines} lines of log")

    def test_servers_that_go_away_under_load_cost_nothing_but_time(self):
        self.prepare(**MEMBER)
        maker = events.Maker(22, NOW_US, people=2000)
        warm = maker.make(BACKLOG)
        todo = maker.make(round(A_SECOND * (sum(how[0] for how in OUTAGES.values()) + 300)))
        todo += maker.copies(todo, 0.03)
        random.Random(23).shuffle(todo)
        self.load, self.peak = Load(todo, A_SECOND, self.topics["web"], PARTITIONS), 0
        self.seen = 0
        for i, event in enumerate(warm):
            self.load.producer.send(event, self.topics["web"], None, i % PARTITIONS)
        self.load.producer.flush(self)
        self.phased = self.start_phased()
        self.wait_until(lambda: self.ended() == BACKLOG, 60, "the backlog to be drained")
        self.load.start()
        self.wait_until(lambda: self.load.sent > A_SECOND and self.caught_up(), 60, "the load to be under way")
        before = self.rss()
        for what, how in OUTAGES.items():
            self.outage(what, *how)
        sent = warm + self.load.finish(self)
        # A producer whose broker is killed may send twice what it got no answer to: what counts is in the log.
        log = self.read_log(self.topics["web"], PARTITIONS)
        self.assertEqual({event["id"] for event in sent}, {event["id"] for event in log})
        self.expect_once(log, CAUGHT_UP_S)
        self.nobody_waits()
        self.settled(self.phased)
        say(f"{len(sent)} messages, {len(log)} in the log; resident: {before} KiB before, {self.peak} at most, {self.rss()} after")
        self.assertLess(self.peak - before, FLAT_KIB, "memory grew")
        self.assertEqual(0, self.phased.stop())
        tables.assert_same(self, self.reference(log), tables.dump(self, self.database), "after the outages")

    if LONG:
        def test_of_two_daemons_of_one_name_one_ends_also_when_both_went_through_an_outage(self):
            self.prepare(kafka__instance_id="one")
            maker = events.Maker(99, NOW_US)
            sent = maker.make(600)
            first = self.start_phased()
            self.send(events.lines(sent[:300]))
            self.expect_once(sent[:300])
            self.server("kafka", "stop", "--kill")
            self.wait_log(first, "kafka: away")
            second = self.start_phased()
            self.wait_log(second, "kafka: away")
            self.server("kafka", "start")
            both = (first, second)
            self.programs.clear()		# that one of them ends is what is waited for
            self.addCleanup(lambda: [program.kill() for program in both])
            ended = self.wait_until(lambda: [program for program in both if not program.running()], 90, "one of them to end")[0]
            stays = first if ended is second else second
            self.assertIn(ended.wait(), (78, 69))
            self.assertRegex(ended.log(), "error: kafka: fenced.*instance_id")
            self.send(events.lines(sent[300:]))
            self.expect_once(sent)
            self.assertTrue(stays.running(), stays.tail())
            self.assert_conserved(stays)
            self.assertEqual(0, stays.stop())


if __name__ == "__main__":
    phased_test.main()
