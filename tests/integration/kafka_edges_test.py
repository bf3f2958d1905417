#!/usr/bin/python3
"""core/edge/kafka_*.c against a real broker, driven through build/tests/integration/kafka_edges."""
import collections
import json
import os
import re
import signal
import subprocess
import threading

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


class Member:
    """A running `kafka_edges consume`: what it says is gathered by a thread; what it is told goes to its stdin."""

    def __init__(self, test, *topics, group=None, instance="", session_ms=6000, buffer_mb=8, lanes=1):
        self.test = test
        self.lines, self.notices = [], []
        self.messages = collections.defaultdict(list)	# "topic/partition" -> [(offset, form, value)]
        self.child = subprocess.Popen([EDGES, "consume", test.brokers, group or test.name, instance, str(session_ms),
                                       f"{buffer_mb}/{lanes}", *topics], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.thread = threading.Thread(target=self.listen)
        self.thread.start()
        test.addCleanup(self.end)

    def listen(self):
        for line in self.child.stdout:
            word, _, rest = line.rstrip("\n").partition(" ")
            if word == "message":
                place, form, value = rest.split(" ", 2)
                partition, offset = place.split("@")
                self.messages[partition].append((int(offset), form, value))
            else:
                self.lines.append((word, rest))

    def tell(self, *words):
        self.child.stdin.write(" ".join(words) + "\n")
        self.child.stdin.flush()

    def said(self, word):
        return [rest for said, rest in self.lines if said == word]

    def wait(self, word, times=1, deadline_s=30):
        """What it said with this word, as soon as it has been said so many times."""
        try:
            return self.test.wait_until(lambda: self.said(word) if len(self.said(word)) >= times else None, deadline_s,
                                        f"{word} ({times})")
        except AssertionError as error:
            raise AssertionError(f"{error}it said {self.lines}") from None

    def assign(self, positions, times=1):
        """Waits for that many assignments and answers the last from `positions` ("topic/partition" -> offset)."""
        partitions = self.wait("assigned", times)[-1].split()
        self.tell("assign", *(f"{partition}@{positions.get(partition, -2)}" for partition in partitions))
        return partitions

    def count(self):
        return sum(map(len, self.messages.values()))

    def wait_count(self, count, deadline_s=60):
        self.test.wait_until(lambda: self.count() >= count, deadline_s, f"{count} messages")
        self.test.assertEqual(count, self.count())

    def counts(self):
        before = len(self.said("counts"))
        self.tell("counts")
        return [int(word) for word in self.wait("counts", before + 1)[-1].split()]

    def positions(self):
        return {partition: messages[-1][0] + 1 for partition, messages in self.messages.items()}

    def close(self):
        """Leaves the group as the daemon does."""
        revoked = len(self.said("revoked"))
        self.tell("close")
        self.test.wait_until(lambda: len(self.said("revoked")) > revoked or self.said("closed"), 20, "revoked or closed")
        if not self.said("closed"):
            self.tell("unassign")
        self.wait("closed", deadline_s=20)
        self.test.assertEqual(0, self.child.wait(20))

    def end(self):
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        self.thread.join()
        self.child.stdin.close()
        self.child.stdout.close()


class Source(KafkaTest):
    def fill(self, topic, count, first=0):
        self.assertEqual(f"delivered={count} lost=0\n", self.edges(
            "produce", topic, input="".join(f"key-{i} {i}\n" for i in range(first, first + count))))

    def values(self, *members):
        return sorted(int(value) for member in members for messages in member.messages.values() for _, _, value in messages)

    def check_order(self, member):
        for partition, messages in member.messages.items():
            offsets = [offset for offset, _, _ in messages]
            self.assertEqual(list(range(offsets[0], offsets[0] + len(offsets))), offsets, partition)

    def test_everything_comes_once_from_the_beginning(self):
        topic = self.new_topic(partitions=8)
        self.fill(topic, 20000)
        member = Member(self, topic)
        self.assertEqual([f"{topic}/{i}" for i in range(8)], sorted(member.assign({})))
        member.tell("flow", "500")
        member.wait_count(20000)
        self.assertEqual(list(range(20000)), self.values(member))
        self.check_order(member)
        self.assertEqual([20000, 0, 0], [member.counts()[0], *member.counts()[2:]])
        member.tell("end", f"{topic}/3")
        self.assertEqual([str(len(member.messages[f"{topic}/3"]))], member.wait("end"))
        member.close()

    def test_what_one_take_leaves_comes_with_the_next(self):
        topic = self.new_topic(partitions=2)
        self.fill(topic, 100)
        member = Member(self, topic)
        member.assign({})
        took = 0
        for times in range(1, 10000):
            member.tell("take", "7")
            took += int(member.wait("took", times)[-1])
            if took >= 100:
                break
        self.assertEqual(list(range(100)), self.values(member))
        # nothing woke it for what was left: now the queue is empty, the next message does
        member.tell("flow", "10")
        self.fill(topic, 5, first=100)
        member.wait_count(105)
        member.close()

    def test_the_beginning_is_the_oldest_message_there_is(self):
        topic = self.new_topic(partitions=2)
        self.fill(topic, 1000)
        self.edges("trim", topic, "0", "100")
        member = Member(self, topic)
        member.assign({})
        member.tell("flow", "100")
        self.wait_until(lambda: member.positions().get(f"{topic}/0", 0) > 100, 30, "messages")
        self.assertEqual(100, member.messages[f"{topic}/0"][0][0])
        self.assertEqual(0, member.messages[f"{topic}/1"][0][0])
        self.assertEqual([], member.said("out-of-range"))
        member.close()

    def test_a_position_outside_the_log_is_said_and_the_rest_goes_on(self):
        topic = self.new_topic(partitions=3)
        self.fill(topic, 1000)
        ends = collections.Counter(partition for partition, _, _, _ in self.kcat_read(topic))
        self.edges("trim", topic, "0", "100")
        member = Member(self, topic)
        member.assign({f"{topic}/0": 50, f"{topic}/1": 100000, f"{topic}/2": 0})
        member.tell("flow", "100")
        self.assertEqual({f"{topic}/{i} the position is not in the log" for i in (0, 1)},
                         set(member.wait("out-of-range", 2)))
        member.wait_count(ends[2])
        # as `position set` would have it
        member.assign({f"{topic}/0": 100, f"{topic}/1": 0, f"{topic}/2": ends[2]})
        member.wait_count(1000 - 100)
        self.assertEqual(2, len(member.said("out-of-range")))
        member.close()

    def test_a_missing_topic_is_waited_for(self):
        there, later = self.new_topic(partitions=2), f"{self.name}.later"
        self.fill(there, 10)
        member = Member(self, later, there)
        member.tell("flow", "10")
        member.assign({})
        member.wait_count(10)
        self.edges("create", f"{later}:2")
        member.wait("revoked")
        member.tell("unassign")
        self.assertEqual(4, len(member.assign(member.positions(), 2)))
        self.fill(later, 10, first=10)
        member.wait_count(20)
        self.assertEqual(list(range(20)), self.values(member))
        self.assertEqual([], member.said("fatal"))
        member.close()

    def test_members_hand_over_without_loss_or_repetition(self):
        topics = [self.new_topic(partitions=3, suffix=suffix) for suffix in ("a", "b")]
        for topic in topics:
            self.fill(topic, 2000)
        first = Member(self, *topics)
        first.assign({})
        first.tell("flow", "100")
        first.wait_count(4000)
        second = Member(self, *topics)
        first.wait("revoked")
        first.tell("unassign")
        mine, others = first.assign(first.positions(), 2), second.assign(first.positions())
        second.tell("flow", "100")
        # range: one member has the same numbers of each topic, so one key's events of all topics
        for partitions in (mine, others):
            numbers = [{place.split("/")[1] for place in partitions if place.startswith(topic)} for topic in topics]
            self.assertEqual(numbers[0], numbers[1])
            self.assertIn(len(numbers[0]), (1, 2))
        for topic in topics:
            self.fill(topic, 2000, first=2000)
        self.wait_until(lambda: first.count() + second.count() >= 8000, 60, "8000 messages")
        self.assertEqual(sorted(2 * list(range(4000))), self.values(first, second))
        second.close()
        first.wait("revoked", 2)
        first.tell("unassign")
        self.assertEqual(6, len(first.assign({**first.positions(), **second.positions()}, 3)))
        self.fill(topics[0], 1000, first=4000)
        self.wait_until(lambda: first.count() + second.count() >= 9000, 60, "9000 messages")
        self.assertEqual(sorted(2 * list(range(4000)) + list(range(4000, 5000))), self.values(first, second))
        first.close()

    def test_a_killed_member_is_noticed_when_its_session_ends(self):
        topic = self.new_topic(partitions=4)
        first, second = Member(self, topic, session_ms=1000), Member(self, topic, session_ms=1000)
        self.wait_until(lambda: first.said("assigned") or second.said("assigned"), 30, "an assignment")
        first.child.kill()
        times = len(second.said("assigned"))
        self.wait_until(lambda: [said for said in second.said("assigned")[times - 1:] if len(said.split()) == 4] or
                        (second.said("assigned")[times:] == [] and self.answer(second)), 30, "all four partitions")

    def answer(self, member):
        """Goes along with whatever the group wants; false, to be called again."""
        for word, answer in (("revoked", "unassign"), ("lost", "unassign")):
            answered = getattr(member, word, 0)
            if len(member.said(word)) > answered:
                setattr(member, word, answered + 1)
                member.tell(answer)
        answered = getattr(member, "assigned", 0)
        if len(member.said("assigned")) > answered:
            member.assigned = answered + 1
            member.assign({}, answered + 1)
        return False

    def test_a_frozen_member_loses_its_partitions_and_comes_back(self):
        topic = self.new_topic(partitions=2)
        self.fill(topic, 100)
        member = Member(self, topic, session_ms=1000)
        member.assign({})
        member.tell("flow", "10")
        member.wait_count(100)
        other = Member(self, topic, session_ms=1000)
        member.child.send_signal(signal.SIGSTOP)
        self.wait_until(lambda: any(len(said.split()) == 2 for said in other.said("assigned")) or self.answer(other), 30,
                        "the other has both")
        member.child.send_signal(signal.SIGCONT)
        member.wait("lost")
        member.tell("unassign")
        self.assertEqual([], member.said("fatal"))
        self.wait_until(lambda: len(member.said("assigned")) > 1 or self.answer(other), 30, "a new share")

    def test_a_static_member_comes_back_without_disturbing_others(self):
        topic = self.new_topic(partitions=4)
        first = Member(self, topic, instance="one", session_ms=30000)
        first.assign({})
        second = Member(self, topic, instance="two", session_ms=30000)
        first.wait("revoked")
        first.tell("unassign")
        first.assign({}, 2)
        mine = second.assign({})
        second.close()
        again = Member(self, topic, instance="two", session_ms=30000)
        self.assertEqual(mine, again.assign({}))
        self.assertEqual(1, len(first.said("revoked")))
        # a second one of the same name ends the first of it
        Member(self, topic, instance="two", session_ms=30000)
        again.tell("flow", "10")
        self.assertIn("fenced", again.wait("fatal")[0])

    def test_only_what_was_committed_is_read(self):
        topic = self.new_topic(partitions=1)
        self.edges("transact", topic, "commit", "3")
        self.edges("transact", topic, "abort", "3")
        self.edges("transact", topic, "commit", "2")
        member = Member(self, topic)
        member.assign({})
        member.tell("flow", "10")
        member.wait_count(5)
        self.assertEqual(["commit-0", "commit-1", "commit-2", "commit-0", "commit-1"],
                         [value for _, _, value in member.messages[f"{topic}/0"]])
        self.assertEqual(1, member.counts()[3])		# a marker, an aborted three and its marker: one hole
        member.close()

    def test_headers_say_what_a_message_is(self):
        topic = self.new_topic(partitions=1)
        for header, value in (("content-type=application/json", "{}"), ("content-type=text/html", "<p>"),
                              ("traceparent=00-x", "a"), (None, "b")):
            done = subprocess.run(["kcat", "-b", self.brokers, "-P", "-t", topic, *(["-H", header] if header else [])],
                                  input=value, text=True, timeout=60, capture_output=True)
            self.assertEqual(0, done.returncode, done.stderr)
        member = Member(self, topic)
        member.assign({})
        member.tell("flow", "10")
        member.wait_count(4)
        self.assertEqual([(0, "json", "{}"), (1, "unknown", "<p>"), (2, "protobuf", "a"), (3, "protobuf", "b")],
                         member.messages[f"{topic}/0"])
        member.close()

    def test_the_mirror_shows_in_the_group(self):
        topic = self.new_topic(partitions=1)
        self.fill(topic, 10)
        member = Member(self, topic)
        member.assign({})
        member.tell("flow", "10")
        member.wait_count(10)
        self.assertEqual("-1001\n", self.edges("committed", self.name, topic, "0"))
        member.tell("mirror", f"{topic}/0@7")
        self.wait_until(lambda: self.edges("committed", self.name, topic, "0") == "7\n", 20, "the offset in the group")
        # Within a second only the newest counts; it comes when the second is over, or with the end.
        member.tell("mirror", f"{topic}/0@8")
        member.tell("mirror", f"{topic}/0@9")
        self.wait_until(lambda: self.edges("committed", self.name, topic, "0") == "9\n", 20, "the newest offset in the group")
        member.tell("mirror", f"{topic}/0@8")
        member.tell("mirror", f"{topic}/0@10")
        member.close()
        self.assertEqual("10\n", self.edges("committed", self.name, topic, "0"))

    def test_memory_stays_within_the_buffer(self):
        # 100 MB, which the bytes stop; the same in parts: a whole buffer for each lane would hold half of it; and 15 MB that
        # would be 110 with librdkafka's own bytes, which the count stops
        for size, count, buffer_mb, lanes, most_mib in ((1000, 100_000, 4, 1, 40), (1000, 100_000, 32, 4, 50),
                                                        (40, 300_000, 16, 1, 48)):
            with self.subTest(size=size, lanes=lanes):
                self.stays_within(size, count, buffer_mb, lanes, most_mib)

    def stays_within(self, size, count, buffer_mb, lanes, most_mib):
        topic = self.new_topic(partitions=4)
        lines = "".join(f"key-{i} {i}{'x' * size}\n" for i in range(count))
        self.assertEqual(f"delivered={count} lost=0\n", self.edges("produce", topic, input=lines))
        member = Member(self, topic, group=f"{self.name}_{size}_{lanes}", buffer_mb=buffer_mb, lanes=lanes)
        member.assign({})

        def rss_mib():
            with open(f"/proc/{member.child.pid}/status") as status:
                return int(re.search(r"^VmRSS:\s+(\d+)", status.read(), re.M).group(1)) // 1024

        seen = []
        self.wait_until(lambda: seen.append(rss_mib()) or len(seen) > 12 and max(seen[-6:]) - min(seen[-6:]) <= 1, 30,
                        "memory that stands still")
        self.assertLess(max(seen), most_mib)
        member.tell("take", "10")	# and what waited is there
        self.assertEqual("10", member.wait("took")[0])
        member.close()


if __name__ == "__main__":
    phased_test.main()
