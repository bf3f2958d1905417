#!/usr/bin/python3
# run: timeout=900
"""Memory of the daemon: bounded while it drains a backlog at full speed, no growth over the second half of it, and small at a
steady load with many contacts known. bench/ measures the same with a million events and as many contacts."""
import time

import events
import phased_test
from campaign import LONG, CampaignTest, Load, Producer, say
from daemon_test import NOW_US

BACKLOG = 1_000_000 if LONG else 200_000
PARTITIONS = 8
DRAINING_KIB = 192 * 1024
STEADY_KIB = 64 * 1024
STEADY_S = 60 if LONG else 10
A_SECOND = 1000
GROWTH_KIB = 4 * 1024		# what malloc may shift; an event kept for good would be 200 times that


class Memory(CampaignTest):
    def peak_kib(self, program):
        """The largest resident size since the process began, or since forget_peak()."""
        with open(f"/proc/{program.pid}/status") as status:
            return int(status.read().split("VmHWM:")[1].split()[0])

    def forget_peak(self, program):
        with open(f"/proc/{program.pid}/clear_refs", "w") as clear:
            clear.write("5")

    def walks(self, count):
        """Walks over the site, each in a browser of its own: a walk's last page tells who it was in one of ten."""
        maker = events.Maker(71, NOW_US, others=0.02)		# most have a row in one process
        todo, cookie = [], 0
        while len(todo) < count:
            _, minute, walk = maker.session(f"c{cookie}")
            if cookie % 10 == 0:
                walk.append(maker.form(f"c{cookie}", cookie, walk[-1]["occurred_us"] + 1_000_000, "GRANTED"))
            todo += walk
            cookie += 1
        return todo[:count], cookie

    def test_a_backlog_is_drained_in_bounded_memory_and_a_steady_load_needs_little(self):
        self.prepare(PARTITIONS)
        todo, cookies = self.walks(BACKLOG + A_SECOND * (STEADY_S + 60))
        backlog, rest = todo[:BACKLOG], todo[BACKLOG:]
        producer = Producer()
        for event in backlog:
            producer.send(event, self.topics["web"], event["identity"]["anonymous_id"].encode())
        producer.flush(self)
        say(f"{BACKLOG} events of {cookies} browsers are in Kafka")
        phased, begun = self.start_phased(), time.monotonic()
        self.wait_until(lambda: self.ended() >= BACKLOG // 2, 300, "half the backlog")
        first = self.peak_kib(phased)
        self.forget_peak(phased)
        self.wait_until(lambda: self.ended() >= BACKLOG, 300, "the backlog to be drained")
        second = self.peak_kib(phased)
        say(f"drained at {BACKLOG / (time.monotonic() - begun):.0f} events/s; resident at most {first} KiB in the first half, "
            f"{second} KiB in the second")
        self.assertLessEqual(max(first, second), DRAINING_KIB)
        self.assertLessEqual(second, first + GROWTH_KIB, "memory grew over the second half")
        self.assert_at_end(producer.ends, self.name)
        self.assert_conserved(phased)
        self.assertEqual(0, phased.stop())

        phased, load = self.start_phased(), Load(rest, A_SECOND, self.topics["web"], PARTITIONS)
        load.start()
        self.wait_until(lambda: load.sent >= A_SECOND * STEADY_S, STEADY_S + 60, "the steady load")
        load.finish(self)
        self.wait_until(lambda: self.ended() == BACKLOG + load.sent, 60, "all to be applied")
        contacts, steady = self.value("SELECT count(*) FROM phased.phase"), self.peak_kib(phased)
        say(f"{A_SECOND} events/s with {contacts} contacts known: resident at most {steady} KiB")
        self.assertLessEqual(steady, STEADY_KIB)
        self.assertEqual(0, phased.stop())


if __name__ == "__main__":
    phased_test.main()
