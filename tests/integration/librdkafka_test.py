#!/usr/bin/python3
# run: timeout=300
"""The daemon with a newer librdkafka than Debian's, which is told to look again soon at a queue that was full
(fetch.queue.backoff.ms, 2.2 and newer). It comes out of the wheel of Confluent's Python client, which carries the library as one
file; PHASED_LIBRDKAFKA names another one. Skipped where neither is to be had."""
import ctypes
import os
import subprocess
import sys
import time
import unittest
import zipfile

import events
import phased_test
from daemon_faults_test import FaultTest
from daemon_test import NOW_US
from kafka_edges_test import KafkaTest, Member

WHEEL = "confluent-kafka==2.16.1"
KEPT = os.path.join(phased_test.ROOT, ".cache", "librdkafka", WHEEL.replace("==", "-"))
MESSAGES, SIZE = 30_000, 250
BUFFER_MB = 1		# of which 2.0.2 fetches one answer of a broker more a second


def fetch(directory):
    """The library out of the wheel, kept for the next time."""
    path = os.path.join(KEPT, "librdkafka.so.1")
    if os.path.exists(path):
        return path
    done = subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                           "--only-binary", ":all:", "--retries", "1", "--dest", directory, WHEEL],
                          capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise unittest.SkipTest(f"no newer librdkafka: pip could not get {WHEEL}: {(done.stderr.splitlines() or ['?'])[-1]}")
    wheel, = (name for name in os.listdir(directory) if name.endswith(".whl"))
    with zipfile.ZipFile(os.path.join(directory, wheel)) as files:
        inside, = (name for name in files.namelist() if "/librdkafka" in name and ".so" in name)
        os.makedirs(KEPT, exist_ok=True)
        with open(f"{path}.{os.getpid()}", "wb") as out:
            out.write(files.read(inside))
    os.replace(f"{path}.{os.getpid()}", path)
    return path


class Newer(FaultTest, KafkaTest):
    def library(self):
        """A directory with librdkafka.so.1 for the dynamic linker."""
        path = os.environ.get("PHASED_LIBRDKAFKA") or fetch(self.directory)
        try:
            version = ctypes.CDLL(path).rd_kafka_version()
        except OSError as error:
            raise unittest.SkipTest(f"{path} cannot be loaded: {error}") from None
        if version < 0x02020000:
            raise unittest.SkipTest(f"{path} is {version:08x}, older than 2.2")
        os.mkdir(self.path("lib"))
        os.symlink(os.path.realpath(path), self.path("lib/librdkafka.so.1"))
        return self.path("lib")

    def seconds(self, topic, directory=None):
        """How long the source takes to read a backlog that nobody works on."""
        before = os.environ.get("LD_LIBRARY_PATH")
        if directory:
            os.environ["LD_LIBRARY_PATH"] = directory
        try:
            member = Member(self, topic, group=f"{self.name}_{directory or 'debian'}", buffer_mb=BUFFER_MB)
        finally:
            os.environ.pop("LD_LIBRARY_PATH", None)
            if before:
                os.environ["LD_LIBRARY_PATH"] = before
        member.assign({})
        begun = time.monotonic()
        member.tell("flow", "500")
        member.wait_count(MESSAGES)
        found = time.monotonic() - begun
        member.close()
        return found

    def test_a_small_queue_is_no_limit_of_the_rate(self):
        directory, topic = self.library(), self.new_topic(partitions=4)
        lines = "".join(f"key-{i} {i:0{SIZE}}\n" for i in range(MESSAGES))
        self.assertEqual(f"delivered={MESSAGES} lost=0\n", self.edges("produce", topic, input=lines))
        newer, older = self.seconds(topic, directory), self.seconds(topic)
        said = f"{MESSAGES} messages of {SIZE} bytes through {BUFFER_MB} MiB: {older:.1f} s, with the newer one {newer:.1f} s"
        print(said, file=sys.stderr)
        self.assertLess(newer, older / 2, said)

    def test_the_daemon_works_with_it(self):
        directory = self.library()
        self.prepare(8)
        sent = events.Maker(31, NOW_US).make(2000)
        self.send(events.lines(sent))
        phased = self.start_phased(env={"LD_LIBRARY_PATH": directory})
        self.expect_once(sent)
        with open(f"/proc/{phased.pid}/maps") as maps:
            loaded = {line.split()[-1] for line in maps if "librdkafka" in line}
        self.assertEqual({os.path.realpath(f"{directory}/librdkafka.so.1")}, loaded)
        self.assert_conserved(phased)
        self.assertEqual(0, phased.stop())


if __name__ == "__main__":
    phased_test.main()
