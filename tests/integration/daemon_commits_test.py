#!/usr/bin/python3
# run: timeout=300
"""COMMITs whose answer is lost: whether they arrived, did not, or arrive late, each event counts once."""
import os
import re

import events
import phased_test
import tables
from commit_proxy import CommitProxy
from daemon_faults_test import FaultTest
from daemon_test import NOW_US

# One lane: where two meet, one is refused before its COMMIT, and the proxy would hold what is no longer to be committed.
BATCH = {"batch__events_min": 20, "batch__events_max": 20, "batch__lanes": 1}


class Commits(FaultTest):
    def play(self, fates, count=400, **overrides):
        self.prepare(**BATCH, **overrides)
        maker = events.Maker(91, NOW_US, people=12)
        sent = maker.make(count)
        sent += maker.copies(sent, 0.05)
        self.send(events.lines(sent))
        tcp = dict(re.findall(r"(\w+)=(\S+)", phased_test.server("PHASED_PG_TCP")))
        self.proxy = CommitProxy(fates, tcp["host"], int(tcp["port"]))
        self.addCleanup(self.proxy.stop)
        self.proxy.start()
        through = re.sub(r"host=\S+", "host=127.0.0.1", re.sub(r"port=\d+", f"port={self.proxy.port}", self.database))
        self.write_config(postgres__conninfo=f"{through} sslmode=disable gssencmode=disable", **BATCH, **overrides)
        return sent, self.start_phased()

    def ends_well(self, sent, phased, fates):
        self.expect_once(sent, 60)
        self.assertEqual([fate for fate in fates if fate != "passes"], self.proxy.done)
        self.nobody_waits()
        values = self.settled(phased)
        ids = len({event["id"] for event in sent})
        self.assertEqual(ids, values['phased_events_total{outcome="applied"}'])		# counted here, too, as they were written
        self.assertEqual(len(sent) - ids, values['phased_events_total{outcome="duplicate"}'])
        self.assertEqual(0, phased.stop())
        self.write_config(**BATCH)
        tables.assert_same(self, self.reference(sent), tables.dump(self, self.database), "after lost answers")

    def test_one_that_arrived_is_not_done_again(self):
        fates = ["arrives", "passes", "arrives", "arrives"]
        sent, phased = self.play(fates)
        self.ends_well(sent, phased, fates)

    def test_one_that_did_not_arrive_is_done_again(self):
        fates = ["never", "passes", "never", "never"]
        sent, phased = self.play(fates)
        self.ends_well(sent, phased, fates)

    def test_one_that_arrives_late_is_waited_for_and_not_done_again(self):
        fates = ["passes", "late", "passes", "late", "arrives", "late"]
        sent, phased = self.play(fates)
        waiting = ("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'phased' AND "
                   "wait_event_type = 'Lock'")
        for _ in range(fates.count("late")):
            self.wait_until(lambda: self.proxy.held, 30, "a COMMIT to be late")
            # The next try meets the transaction that still holds the positions; only then does the COMMIT land.
            self.wait_until(lambda: self.value(waiting) != "0", 20, "the batch to be tried again")
            self.proxy.release()
        self.ends_well(sent, phased, fates)

    def test_all_kinds_in_turn_of_batches_that_go_by_copy(self):
        fates = ["passes", "never", "arrives"] * 5
        sent, phased = self.play(fates, batch__copy_min=1)
        self.ends_well(sent, phased, fates)

    def test_all_kinds_in_turn_on_the_careful_way(self):
        fates = ["passes", "never", "arrives"] * 5
        sent, phased = self.play(fates, batch__quick=False)
        self.ends_well(sent, phased, fates)


if __name__ == "__main__":
    phased_test.main()
