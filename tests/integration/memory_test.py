#!/usr/bin/python3
# run: timeout=300
"""Memory while PostgreSQL is away and Kafka has more than the daemon may hold: within kafka.buffer_mb, and flat."""
import re

import events
import phased_test
from commit_proxy import CommitProxy
from daemon_test import NOW_US, DaemonTest

BUFFER_MB = 12
BACKLOG = 60_000		# 27 MB of messages, and 20 of what librdkafka adds
OTHER_MB = 8		# answers of brokers that are over, a batch in hand, the connection's buffers


class Memory(DaemonTest):
    def test_a_backlog_behind_an_outage_stays_within_the_buffer(self):
        self.prepare(partitions=4)
        tcp = dict(re.findall(r"(\w+)=(\S+)", phased_test.server("PHASED_PG_TCP")))
        proxy = CommitProxy([], tcp["host"], int(tcp["port"]))
        self.addCleanup(proxy.stop)
        proxy.start()
        through = re.sub(r"host=\S+", "host=127.0.0.1", re.sub(r"port=\d+", f"port={proxy.port}", self.database))
        self.write_config(postgres__conninfo=f"{through} sslmode=disable gssencmode=disable", kafka__buffer_mb=BUFFER_MB,
                          batch__events_max=500)
        maker = events.Maker(99, NOW_US)
        warm = maker.make(5000)
        self.send(events.lines(warm))
        phased = self.start_phased()
        self.applied(5000, 120)
        proxy.refuse(True)
        self.wait_log(phased, "trying again")
        before_mb = phased.rss_kib() / 1024
        self.send(events.lines(maker.make(2000)) * (BACKLOG // 2000))
        seen = []
        self.wait_until(lambda: seen.append(phased.rss_kib() / 1024) or len(seen) > 30 and max(seen[-20:]) - min(seen[-20:]) < 1, 60,
                        "memory that stands still")
        self.assertGreater(max(seen) - before_mb, BUFFER_MB / 3, "it fetched ahead")
        self.assertLess(max(seen) - before_mb, BUFFER_MB + OTHER_MB)
        proxy.refuse(False)
        self.applied(5000 + BACKLOG, 200)
        self.assertEqual({"applied": 7000, "duplicate": BACKLOG - 2000}, self.outcomes())
        self.assert_conserved(phased)
        self.assertEqual(0, phased.stop())


if __name__ == "__main__":
    phased_test.main()
