#!/usr/bin/python3
# run: timeout=300
"""A topic of something else does not drain into table rejected: the daemon stops, and goes on where it stood when that is mended."""
import re

import events
import phased_test
from daemon_test import NOW_US, DaemonTest

BAD = '{"temperature": 21.5}\n'
SESSION = {"kafka__session_ms": 2000}		# of one that ended and is started again
SMALL = {"breaker__messages": 100, "batch__events_min": 20, "batch__events_max": 20, **SESSION}


class Breaker(DaemonTest):
    def position(self, channel, partition):
        return int(self.value("SELECT next_offset FROM phased.position WHERE topic = "
                              f"'{self.topics[channel]}' AND partition = {partition}"))

    def rejected(self):
        return int(self.value("SELECT count(*) FROM phased.rejected"))

    def test_a_wrong_topic_stops_the_daemon_and_nothing_is_lost(self):
        self.prepare(partitions=2, **SMALL)
        good = events.Maker(71, NOW_US).make(70)
        self.send(events.lines(good), partition=0)
        phased = self.start_phased()
        self.applied(70)
        self.assertEqual(0, phased.stop())
        self.send(BAD * 300, partition=1)
        for start in (1, 2):		# started again with nothing mended it stops again
            with self.subTest(start=start):
                phased = self.start_phased()
                self.assertEqual(65, phased.wait(60))
                said = re.search(rf"{self.topics['web']}/1@(\d+): breaker: more than 50 % of the last 100 messages were rejected, "
                                 rf"most of them from {self.topics['web']} as unreadable: stopping.*$", phased.log(), re.M)
                self.assertTrue(said, phased.tail())
                self.assertTrue(said.group().endswith("start again"), said.group())
                self.assertLessEqual(self.rejected(), 50 * start)		# and what stopped it is not among them
                self.assertGreaterEqual(self.rejected(), 30 * start)
                self.assertEqual(self.rejected(), self.position("web", 1))
                self.assertGreaterEqual(int(said.group(1)), self.position("web", 1))
        self.write_config(breaker__percent=100, breaker__messages=100, **SESSION)		# mended, or meant
        phased = self.start_phased()
        self.applied(370)
        self.assertEqual({"applied": 70, "unreadable": 300}, self.outcomes())
        self.assertEqual(300, self.rejected())
        self.assertEqual(300, self.position("web", 1))
        self.assertEqual(100, self.settled(phased)["phased_breaker_rejected"])
        self.assertEqual(0, phased.stop())

    def test_a_few_bad_messages_are_rejected_and_no_more(self):
        self.prepare(partitions=1, **SMALL)
        good = events.lines(events.Maker(72, NOW_US).make(400)).splitlines(keepends=True)
        self.send(BAD * 50)		# all that there was so far, and half of a hundred
        phased = self.start_phased()
        self.applied(50)
        mixed = "".join(line + (BAD if i % 2 else "") for i, line in enumerate(good))
        self.send("".join(good[:1]) * 100 + mixed)		# copies are no rejects
        self.applied(750)
        self.assertEqual({"applied": 400, "duplicate": 100, "unreadable": 250}, self.outcomes())
        self.assertLess(self.settled(phased)["phased_breaker_rejected"], 51)
        self.assertEqual(0, phased.stop())


if __name__ == "__main__":
    phased_test.main()
