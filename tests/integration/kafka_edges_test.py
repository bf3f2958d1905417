#!/usr/bin/python3
"""core/edge/kafka_*.c against a real broker, driven through build/tests/integration/kafka_edges."""
import json
import os
import subprocess
import unittest

import phased_test

EDGES = os.path.join(phased_test.BUILD, "tests", "integration", "kafka_edges")
NOWHERE = "127.0.0.1:1"
EXIT_AWAY, EXIT_CONFIG = 69, 78


class KafkaTest(phased_test.PhasedTest):
    def setUp(self):
        super().setUp()
        self.brokers = phased_test.server("PHASED_KAFKA")

    def edges(self, verb, *words, input="", status=0, brokers=None):
        done = subprocess.run([EDGES, verb, brokers or self.brokers, *words], input=input, capture_output=True, text=True,
                              timeout=60, env={**os.environ, **({"KAFKA_EDGES_MS": "500"} if brokers else {})})
        self.assertEqual(status, done.returncode, done.stderr)
        return done.stdout if status == 0 else done.stderr

    def new_topic(self, partitions=4, suffix="web"):
        name = f"{self.name}.{suffix}"
        self.edges("create", f"{name}:{partitions}")
        return name

    def kcat_read(self, topic):
        """All messages: (partition, offset, key, value)."""
        done = subprocess.run(["kcat", "-b", self.brokers, "-C", "-t", topic, "-e", "-q", "-J"], capture_output=True,
                              text=True, timeout=60)
        self.assertEqual(0, done.returncode, done.stderr)
        return [(m["partition"], m["offset"], m["key"], m["payload"]) for m in map(json.loads, done.stdout.splitlines())]


class Admin(KafkaTest):
    def test_topics_are_made_once(self):
        first, second = f"{self.name}.a", f"{self.name}.b"
        self.assertEqual(f"{first} 0\n{second} 0\n", self.edges("look", first, second))
        self.assertEqual(f"{first} 3 new\n", self.edges("create", f"{first}:3"))
        self.assertEqual(f"{first} 3 existed\n{second} 8 new\n",
                         self.edges("create", f"{first}:5", f"{second}:8:compact"))
        self.assertEqual(f"{first} 3\n{second} 8\n", self.edges("look", first, second))

    def test_a_broker_away_and_a_bad_name_are_told_apart(self):
        self.assertIn("no broker answered", self.edges("create", "a:1", brokers=NOWHERE, status=EXIT_AWAY))
        self.assertIn("no broker answered", self.edges("look", "a", brokers=NOWHERE, status=EXIT_AWAY))
        self.assertIn("a b: ", self.edges("create", "a b:1", status=EXIT_CONFIG))


def murmur2(key):
    """As in Java's org.apache.kafka.common.utils.Utils."""
    mask = 0xFFFFFFFF
    h = (0x9747B28C ^ len(key)) & mask
    for i in range(0, len(key) - len(key) % 4, 4):
        k = int.from_bytes(key[i:i + 4], "little") * 0x5BD1E995 & mask
        k = (k ^ k >> 24) * 0x5BD1E995 & mask
        h = (h * 0x5BD1E995 & mask) ^ k
    tail = key[len(key) - len(key) % 4:]
    if tail:
        h = (h ^ int.from_bytes(tail, "little")) * 0x5BD1E995 & mask
    h = (h ^ h >> 13) * 0x5BD1E995 & mask
    return h ^ h >> 15


class Sink(KafkaTest):
    def test_murmur2_is_java_s(self):
        for key, hash in (("21", -973932308), ("foobar", -790332482), ("a-little-bit-long-string", -985981536)):
            self.assertEqual(hash & 0xFFFFFFFF, murmur2(key.encode()))

    def test_a_key_goes_where_a_java_producer_would_put_it(self):
        topic = self.new_topic(partitions=8)
        lines = "".join(f"key-{i} value-{i}\n" for i in range(1000))
        self.assertEqual("delivered=1000 lost=0\n", self.edges("produce", topic, input=lines))
        found = self.kcat_read(topic)
        self.assertEqual({f"value-{i}" for i in range(1000)}, {value for _, _, _, value in found})
        for partition, _, key, _ in found:
            self.assertEqual((murmur2(key.encode()) & 0x7FFFFFFF) % 8, partition, key)

    def test_order_holds_within_a_partition(self):
        topic = self.new_topic(partitions=2)
        self.edges("produce", topic, input="".join(f"key-{i % 7} {i}\n" for i in range(5000)))
        found = sorted(self.kcat_read(topic))
        self.assertEqual(5000, len(found))
        for key in range(7):
            numbers = [int(value) for _, _, k, value in found if k == f"key-{key}"]
            self.assertEqual(sorted(numbers), numbers)


if __name__ == "__main__":
    phased_test.main()
