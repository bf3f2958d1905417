"""What the campaigns share: every way the daemon has of doing its work, producers with odd habits.

A campaign proves that whatever happens, and whichever way the work is done, the tables are the same. The short one runs with
every test; `dev/campaign --long` does more of the same:

    PHASED_CAMPAIGN_LONG=1     full outages, more faults, more events
    PHASED_CAMPAIGN_SEEDS=N    so many seeds rather than 20
    PHASED_CAMPAIGN_FIRST=N    the first of them, to repeat one
"""
import collections
import itertools
import json
import logging
import os
import random
import subprocess
import sys
import threading
import time

import confluent_kafka
import confluent_kafka.admin
import psycopg2
import yaml

import phased_test
from daemon_faults_test import FaultTest

LONG = os.environ.get("PHASED_CAMPAIGN_LONG") == "1"
SEEDS = int(os.environ.get("PHASED_CAMPAIGN_SEEDS", 20))
FIRST = int(os.environ.get("PHASED_CAMPAIGN_FIRST", 1))
silent = logging.getLogger("kafka.silent")	# what librdkafka says while its broker is away on purpose
silent.addHandler(logging.NullHandler())
silent.propagate = False
begun = time.monotonic()


def say(text):
    print(f"{time.monotonic() - begun:7.1f} s  {text}", file=sys.stderr, flush=True)


class CampaignTest(FaultTest):
    def setUp(self):
        super().setUp()
        self.admin = None
        self.links = {}		# conninfo -> connection of our own, so that looking costs no process
        self.addCleanup(lambda: [link.close() for link in self.links.values()])

    # --- databases ---

    def ask(self, sql, database=None):
        """The rows of a query, as Python's own types; None while PostgreSQL is away."""
        database = database or self.database
        try:
            if database not in self.links:
                self.links[database] = psycopg2.connect(database)
                self.links[database].autocommit = True
            with self.links[database].cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall()
        except psycopg2.Error as error:
            if error.pgcode and not error.pgcode.startswith("57P"):		# answered by a server that is well
                raise
            self.links.pop(database, None)
            return None

    def forget(self, database):
        link = self.links.pop(database, None)
        if link:
            link.close()
        self.psql(f"DROP DATABASE {database.rsplit('=', 1)[1]} WITH (FORCE)", database=phased_test.server("PHASED_PG"))

    def ended(self, database=None):
        """How many messages have ended in some outcome; None while PostgreSQL is away."""
        rows = self.ask("SELECT coalesce(sum(n), 0)::bigint FROM phased.outcome_day", database)
        return rows and rows[0][0]

    def assert_at_end(self, ends, group, database=None):
        """Positions stand behind the last message of each partition, (topic, number) -> count."""
        found = {(topic, partition): max(next_offset, 0) for topic, partition, next_offset in self.ask(
            f"SELECT topic, partition, next_offset FROM phased.position WHERE grp = '{group}'", database)}
        self.assertEqual(ends, {key: found.get(key) for key in ends})
        self.assertEqual(sum(ends.values()), sum(found.values()))

    def login(self):
        """A role that is what the documentation tells to make: a login, member of phased_writer, nothing else."""
        role = f"{self.name}_writer"
        self.psql(f"CREATE ROLE {role} LOGIN IN ROLE phased_writer")
        self.addCleanup(self.psql, f"DROP ROLE IF EXISTS {role}", database=phased_test.server("PHASED_PG"))
        return f"{self.database} user={role}"

    # --- the ways of the daemon ---

    def ways(self):
        """All combinations of way and lanes that this build knows, as overrides; the plainest first."""
        config = self.write_config("ways.yaml")
        done = subprocess.run([phased_test.PHASED, "--check-config", "--config", config], capture_output=True, text=True,
                              check=True)
        known = yaml.safe_load(done.stdout)["batch"]
        quick = [{"batch__quick": word} for word in ("no", "yes")] if "quick" in known else [{}]
        lanes = [{"batch__lanes": count} for count in (1, 3)] if "lanes" in known else [{}]
        return [one | other for one, other in itertools.product(quick, lanes)]

    # --- producers ---

    def make_topics(self, names, partitions):
        if self.admin is None:
            self.admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": os.environ["PHASED_KAFKA"], "log_level": 3})
        topics = [confluent_kafka.admin.NewTopic(name, partitions, 1) for name in names]
        for future in self.admin.create_topics(topics, operation_timeout=30).values():
            future.result(60)

    def read_log(self, topic, partitions):
        """All events of a topic, as its log holds them."""
        reader = confluent_kafka.Consumer({"bootstrap.servers": os.environ["PHASED_KAFKA"], "group.id": f"{self.name}_reader",
                                           "enable.auto.commit": False}, logger=silent)
        self.addCleanup(reader.close)
        places = [confluent_kafka.TopicPartition(topic, number, 0) for number in range(partitions)]
        count = sum(reader.get_watermark_offsets(place, 30)[1] for place in places)
        reader.assign(places)
        found = []
        while len(found) < count:
            some = reader.consume(count - len(found), 30)
            self.assertTrue(some, f"{len(found)} of {count} messages could be read")
            found += [json.loads(message.value()) for message in some if message.error() is None]
        return found


class Producer:
    """Sends events to new topics, and knows how many messages went to which partition."""

    def __init__(self, **more):
        self.ends, self.refused = {}, 0
        self.producer = confluent_kafka.Producer({
            "bootstrap.servers": os.environ["PHASED_KAFKA"], "linger.ms": 5, "enable.idempotence": True,
            "message.timeout.ms": 300_000, "reconnect.backoff.max.ms": 1000, "queue.buffering.max.messages": 2_000_000,
            "topic.metadata.refresh.interval.ms": 5000, **more}, logger=silent)

    def on_delivered(self, error, message):
        if error is not None:
            self.refused += 1
            return
        key = message.topic(), message.partition()		# its offset is not known when it was sent twice
        self.ends[key] = self.ends.get(key, 0) + 1

    def delivered(self):
        return sum(self.ends.values())

    def send(self, event, topic, key=None, partition=-1):
        # The record's time is the event's, so that a message that cannot be read has the same day wherever it stands.
        self.producer.produce(topic, json.dumps(event).encode(), key, partition, timestamp=event["received_us"] // 1000,
                              headers={"content-type": "application/json"}, callback=self.on_delivered)
        self.producer.poll(0)

    def flush(self, test, deadline_s=180):
        test.assertEqual(0, self.producer.flush(deadline_s))
        test.assertEqual(0, self.refused)
        return self.ends


class Load(threading.Thread):
    """Sends events at a steady pace until told to stop, to partitions at random."""

    def __init__(self, todo, a_second, topic, partitions):
        super().__init__(daemon=True)
        self.todo, self.a_second, self.topic, self.partitions = todo, a_second, topic, partitions
        self.sent, self.going, self.producer, self.dice = 0, True, Producer(), random.Random(1)
        self.marks = collections.deque([(time.monotonic(), 0)], maxlen=10_000)	# when, how many were sent then

    def run(self):
        due = time.monotonic()
        for event in self.todo:
            if not self.going:
                break
            self.producer.send(event, self.topic, None, self.dice.randrange(self.partitions))
            self.sent += 1
            self.marks.append((time.monotonic(), self.sent))
            due += 1 / self.a_second
            time.sleep(max(0, due - time.monotonic()))

    def sent_until(self, seconds):
        """How many had been sent so many seconds ago."""
        end = time.monotonic() - seconds
        return max((count for when, count in list(self.marks) if when <= end), default=0)

    def finish(self, test):
        """Ends; the events sent, all of them acknowledged."""
        self.going = False
        self.join()
        test.assertLess(self.sent, len(self.todo), "events ran out before the end")
        self.producer.flush(test)
        return self.todo[:self.sent]
