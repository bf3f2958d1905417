#!/usr/bin/python3
# run: timeout=400
"""A daemon with a lasting name whose Kafka was away: its own former membership, or one that looks like it, may fence it. It makes its
consumer anew and goes on, and ends when it happens again soon."""
import logging
import os

import confluent_kafka

import events
import phased_test
from daemon_faults_test import OwnServers
from daemon_test import NOW_US

EXIT_CONFIG = 78
SESSION_MS = 60_000		# an outage is over within, so that the membership outlives it
silent = logging.getLogger("kafka.silent")
silent.addHandler(logging.NullHandler())
silent.propagate = False


class Fenced(OwnServers):
    def setUp(self):
        super().setUp()
        self.maker, self.sent = events.Maker(98, NOW_US), []

    def more(self, count):
        made = self.maker.make(count)
        self.send(events.lines(made))
        self.sent += made

    def outage(self, *programs):
        """Short: the memberships are the same afterwards."""
        logs = [program.log() for program in programs]
        self.server("kafka", "stop", "--kill")
        for program, log in zip(programs, logs):
            self.wait_until(lambda: "kafka: away" in program.log()[len(log):], 20, "the outage to be noticed")
        self.server("kafka", "start")
        for program, log in zip(programs, logs):
            self.wait_until(lambda: "kafka: reached" in program.log()[len(log):], 20, "the outage to be over")

    def takes_the_name(self):
        """A member of the same name joins, as a former membership's late request would, and is never heard of again."""
        other = confluent_kafka.Consumer({
            "bootstrap.servers": os.environ["PHASED_KAFKA"], "group.id": self.name, "group.instance.id": "one",
            "session.timeout.ms": SESSION_MS, "partition.assignment.strategy": "range", "enable.auto.commit": False,
            "auto.offset.reset": "latest"}, logger=silent)
        given = []
        other.subscribe([self.topics[channel] for channel in (*phased_test.CHANNELS, "rejected")],
                        on_assign=lambda _, partitions: given.append(partitions))
        self.wait_until(lambda: (other.poll(0.1), given)[1], 60, "the name to be taken")
        self.addCleanup(other.close)

    def test_fenced_after_an_outage_it_joins_anew_and_nothing_is_lost_or_doubled(self):
        self.prepare(kafka__instance_id="one", kafka__session_ms=SESSION_MS)
        phased = self.start_phased()
        self.more(300)
        self.expect_once(self.sent)
        self.outage(phased)
        self.more(300)
        self.takes_the_name()
        self.wait_log(phased, "warning: kafka: fenced .*: joining the group anew")
        self.wait_until(lambda: phased.log().count("partitions claimed") == 2, 60, "the partitions to be claimed anew")
        self.more(300)
        self.expect_once(self.sent)
        self.assert_conserved(phased)
        # Soon after, without an outage, it is no accident any more.
        self.takes_the_name()
        self.assertEqual(EXIT_CONFIG, phased.wait(60), phased.tail())
        self.assertRegex(phased.log(), "error: kafka: fenced: .*instance_id")
        self.expect_once(self.sent)


if __name__ == "__main__":
    phased_test.main()
