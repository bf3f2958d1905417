#!/usr/bin/python3
# run: timeout=300
"""Daemons with lasting names in their group: restarts move nothing, a name used twice ends one of them; offsets are mirrored."""
import os

import confluent_kafka

import events
import phased_test
from daemon_pair_test import PARTITIONS, PairTest
from daemon_test import NOW_US

SESSION_MS = 10_000


class Group(PairTest):
    def named(self, instance):
        return self.start_phased(config=self.write_config(f"{instance}.yaml", kafka__instance_id=instance,
                                                          kafka__session_ms=SESSION_MS))

    def test_a_restart_under_the_same_name_moves_no_partition(self):
        self.prepare(PARTITIONS)
        maker = events.Maker(95, NOW_US)
        one, two = self.named("one"), self.named("two")
        self.shared(one, two)
        before = self.metrics(one)["phased_rebalances_total"]
        sent = maker.make(500)
        self.assertEqual(0, two.stop())
        self.send(events.lines(sent))
        again = self.named("two")
        self.shared(one, again)
        self.expect_once(sent)
        self.assertEqual(before, self.metrics(one)["phased_rebalances_total"])
        for program in (one, again):
            self.assert_conserved(program)
            self.assertEqual(0, program.stop())

    def test_a_name_used_twice_ends_the_first_loudly_and_the_second_goes_on(self):
        self.prepare(PARTITIONS)
        maker = events.Maker(96, NOW_US)
        sent = maker.make(300)
        self.send(events.lines(sent))
        first = self.named("one")
        self.expect_once(sent)
        second = self.named("one")
        self.assertEqual(78, first.wait(60))
        self.assertRegex(first.log(), "error: kafka: fenced: .*instance_id")
        more = maker.make(300)
        self.send(events.lines(more))
        self.expect_once(sent + more)
        self.assert_conserved(second)
        self.assertEqual(0, second.stop())

    def test_offsets_are_mirrored_to_the_group_as_a_hint(self):
        self.prepare(2)
        maker = events.Maker(97, NOW_US)
        sent = maker.make(200)
        self.send(events.lines(sent), partition=1)
        phased = self.start_phased()
        self.expect_once(sent)
        web = confluent_kafka.TopicPartition(self.topics["web"], 1)

        def consumer():
            return confluent_kafka.Consumer({"bootstrap.servers": os.environ["PHASED_KAFKA"], "group.id": self.name})
        lag_tool = consumer()
        self.wait_until(lambda: lag_tool.committed([web], 10)[0].offset == 200, 20, "the group's offset to follow")
        self.assertEqual(0, phased.stop())
        # A hint and no more: whatever the group says, the database knows better.
        web.offset = 20
        self.wait_until(lambda: lag_tool.commit(offsets=[web], asynchronous=False), 20, "an offset that is wrong")
        lag_tool.close()
        more = maker.make(50)
        self.send(events.lines(more), partition=1)
        phased = self.start_phased()
        self.expect_once(sent + more)
        self.assertEqual(50, self.assert_conserved(phased)["phased_events_received_total"])
        self.assertEqual(0, phased.stop())


if __name__ == "__main__":
    phased_test.main()
