#!/usr/bin/python3
# run: timeout=600
"""`phasectl position show` and `set`: what they say and refuse, and a running daemon that goes on where it is told."""
import json
import os
import subprocess

import confluent_kafka

import events
import phased_test
from daemon_test import NOW_US, DaemonTest

EDGES = os.path.join(phased_test.BUILD, "tests", "integration", "kafka_edges")
KEYS = ["group", "topic", "partition", "next_offset", "end_offset", "lag", "epoch", "owner", "oldest", "updated_at", "low", "high",
        "state"]
SESSION_MS = 6000


class PositionTest(DaemonTest):
    def make(self, count, seed=81):
        return events.Maker(seed, NOW_US).make(count)

    def show(self, channel="web", partition=0, **more):
        """The row of one partition."""
        rows = phased_test.json_lines(self.phasectl(["position", "show", "--json"], **more))
        found = [row for row in rows if (row["topic"], row["partition"]) == (self.topics[channel], partition)]
        self.assertEqual(1, len(found), rows)
        return found[0]

    def set(self, to, *more, channel="web", partition=0, status=0):
        done = self.run_phasectl(["position", "set", "--topic", self.topics[channel], "--partition", str(partition), "--to", str(to),
                                  *more])
        self.assertEqual(status, done.status, done)
        self.assertEqual(0 if status == 0 else 1, done.err.count("\n"), done)
        return done.out if status == 0 else done.err

    def trim(self, before, channel="web", partition=0):
        """The log of the partition begins here from now on, as after its retention."""
        subprocess.run([EDGES, "trim", os.environ["PHASED_KAFKA"], self.topics[channel], str(partition), str(before)], check=True,
                       timeout=60)

    def played(self, count, **overrides):
        """So many events of partition 0, applied; the daemon has ended."""
        self.prepare(partitions=2, kafka__session_ms=SESSION_MS, **overrides)
        self.send(events.lines(self.make(count)), partition=0)
        phased = self.start_phased()
        self.applied(count)
        self.assertEqual(0, phased.stop())


class Show(PositionTest):
    def test_says_where_each_partition_stands_and_what_its_log_holds(self):
        self.prepare(partitions=2)
        self.assertEqual(f"group {self.name}: 0 partitions, 0 waiting\n", self.phasectl(["position", "show"]))
        self.assertEqual("", self.phasectl(["position", "show", "--json"]))
        self.send(events.lines(self.make(30)), partition=0)
        phased = self.start_phased()
        self.applied(30)
        self.assertEqual(0, phased.stop())
        self.send(events.lines(self.make(5)), partition=0)
        self.trim(7)
        row = self.show()
        self.assertEqual(KEYS, list(row))
        self.assertEqual(row["owner"], self.value(f"SELECT owner FROM phased.position WHERE topic = '{self.topics['web']}' AND partition = 0"))
        self.assertEqual({"group": self.name, "topic": self.topics["web"], "partition": 0, "next_offset": 30, "end_offset": 30, "lag": 5,
                          "epoch": 1, "low": 7, "high": 35, "state": "in log"},
                         {key: value for key, value in row.items() if key not in ("owner", "oldest", "updated_at")})
        for key in ("oldest", "updated_at"):
            self.assertRegex(row[key], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
        untouched = self.show(partition=1)
        self.assertEqual((-2, None, 0, None, 0, 0), tuple(untouched[key] for key in ("next_offset", "end_offset", "lag", "oldest", "low",
                                                                                      "high")))
        table = self.phasectl(["position", "show"])
        self.assertIn("7…35", table)
        self.assertRegex(table, rf"(?m)^group {self.name}: 10 partitions, 5 waiting$")
        self.trim(33)
        self.assertEqual(("before log", 5), tuple(self.show()[key] for key in ("state", "lag")))
        self.assertRegex(self.phasectl(["position", "show"]), "before log\n(.*\n)*.*, 1 not in the log: ")

    def test_a_kafka_that_is_away_costs_its_columns_only(self):
        self.played(10)
        self.write_config(kafka__brokers="127.0.0.1:1")
        done = self.run_phasectl(["position", "show", "--json"])
        self.assertEqual((0, 1), (done.status, done.err.count("\n")), done)
        self.assertIn("kafka", done.err)
        rows = [json.loads(line) for line in done.out.splitlines()]
        self.assertEqual({(None, None, "unknown")}, {(row["low"], row["high"], row["state"]) for row in rows})
        self.assertIn(0, [row["lag"] for row in rows])		# by what the daemon last heard

    def test_who_may_look_and_who_may_set(self):
        self.played(5)
        for role, show, change in (("phased_monitor", 0, 77), ("phased_reader", 77, 77), ("phased_writer", 0, 0)):
            with self.subTest(role=role):
                login = f"{self.name}_{role}"
                self.psql(f"CREATE ROLE {login} LOGIN IN ROLE {role}")
                self.addCleanup(self.psql, f"DROP ROLE IF EXISTS {login}", database=phased_test.server("PHASED_PG"))
                self.write_config(postgres__conninfo=f"{self.database} user={login}")
                self.assertEqual(show, self.run_phasectl(["position", "show"]).status)
                self.set(2, status=change)
        self.assertEqual([["2", "2"]], self.psql(f"SELECT next_offset, epoch FROM phased.position WHERE topic = '{self.topics['web']}' "
                                                 "AND partition = 0"))
        self.assertEqual(f"phasectl:{self.name}_phased_writer", self.show()["owner"])

    def test_servers_away_and_no_schema(self):
        self.new_database()
        self.new_topics()
        self.write_config()
        for words in (["show"], ["set", "--topic", "x", "--partition", "0", "--to", "0", "--force"]):
            self.assertEqual(65, self.run_phasectl(["position", *words]).status)
        self.write_config(postgres__conninfo="host=127.0.0.1 port=1 dbname=x")
        for words in (["show"], ["set", "--topic", "x", "--partition", "0", "--to", "0", "--force"]):
            self.assertEqual(69, self.run_phasectl(["position", *words]).status)


class Set(PositionTest):
    def test_refuses_what_is_not_there(self):
        self.played(20)
        self.trim(5)
        before = self.show()
        for words in ([], ["--topic", "x", "--to", "3"], ["--partition", "0", "--to", "3"], ["--topic", "x", "--partition", "0"]):
            self.assertEqual(64, self.run_phasectl(["position", "set", *words]).status, words)
        for to in ("-1", "start", "3x", "", "2026-13-01T00:00:00Z", "99999999999999999999"):
            with self.subTest(to=to):
                self.assertIn("--to", self.set(to, status=64))
        for to in (4, 21):
            self.assertIn(f"{self.topics['web']}/0: {to} is not in the log, which holds 5 to 20", self.set(to, status=65))
        self.assertIn("no such partition", self.set("beginning", partition=7, status=65))
        self.assertIn("no such partition", self.set("end", "--force", partition=7, status=65))
        self.write_config(kafka__brokers="127.0.0.1:1")
        self.assertIn("no broker", self.set(7, status=69))
        self.assertIn("no broker", self.set("end", "--force", status=69))
        self.write_config()
        self.assertIn("not done", self.set(7, "--dry-run"))
        self.assertEqual(before, self.show())
        self.set(4, "--force")
        self.assertEqual((4, "before log", 2), tuple(self.show()[key] for key in ("next_offset", "state", "epoch")))

    def test_says_what_is_read_again_and_what_is_passed_over(self):
        self.played(20)
        web = f"{self.topics['web']}/0"
        self.assertRegex(self.set(12), rf"^{web}: 20 → 12 \(epoch 1 → 2\)\nRead again: the messages from 12 to 19\. .*duplicates")
        self.assertRegex(self.set("end"), rf"^{web}: 12 → 20 \(epoch 2 → 3\)\nPassed over: the messages from 12 to 19\. .*never applied")
        self.assertEqual(1, self.set(20).count("\n"))		# no more to say
        self.trim(8)
        self.assertRegex(self.set("beginning"), r"20 → beginning .*\nRead again: the messages from 8 to 19\. ")
        self.set(3, "--force")
        self.assertRegex(self.set(10), r"3 → 10 .*\n5 messages from 3 on are not in the log any more and were never applied\.\n"
                                       r"Passed over: the messages from 8 to 9\. ")
        self.write_config(kafka__brokers="127.0.0.1:1")
        self.assertRegex(self.set("beginning", "--force"), r"10 → beginning .*\nKafka was not asked")

    def test_a_time_is_the_first_message_of_it_or_later(self):
        self.prepare(partitions=1)
        base_ms = 1_790_000_000_000		# 2026-09-21T14:13:20Z
        producer = confluent_kafka.Producer({"bootstrap.servers": os.environ["PHASED_KAFKA"]})
        for i in range(10):
            producer.produce(self.topics["web"], b"x", partition=0, timestamp=base_ms + i * 1000)
        self.assertEqual(0, producer.flush(30))
        for moment, offset in (("2026-09-21T14:13:23Z", 3), ("2026-09-21T14:13:23.001Z", 4), ("2026-09-21T16:13:22.9+02:00", 3),
                               ("2000-01-01T00:00:00Z", 0), ("2027-01-01T00:00:00Z", 10)):
            with self.subTest(moment=moment):
                self.set(moment)
                self.assertEqual(offset, self.show()["next_offset"])

    def test_before_the_first_start_it_says_where_to_begin(self):
        self.prepare(partitions=2)
        sent = self.make(50)
        self.send(events.lines(sent), partition=0)
        self.assertRegex(self.set(20), r"none → 20 \(epoch 0 → 1\)\nPassed over: the messages from 0 to 19\.")
        self.start_phased()
        self.applied(30)


class Running(PositionTest):
    def test_a_running_daemon_goes_on_where_it_is_told(self):
        self.prepare(partitions=2, kafka__session_ms=SESSION_MS)
        sent = self.make(100)
        self.send(events.lines(sent), partition=0)
        phased = self.start_phased()
        self.applied(100)
        self.set(40)		# while nothing comes: it finds out by itself
        self.wait_until(lambda: self.outcomes() == {"applied": 100, "duplicate": 60}, 30, "60 to be read again")
        self.set(90)		# and while messages come
        self.send(events.lines(self.make(130)[100:]), partition=0)
        self.wait_until(lambda: self.outcomes() == {"applied": 130, "duplicate": 70}, 30, "10 to be read again, 30 to be applied")
        self.assertEqual("130", self.value("SELECT count(*) FROM phased.touch"))
        self.assertEqual((130, 0, "in log"), tuple(self.show()[key] for key in ("next_offset", "lag", "state")))
        self.assertIn("was set by phasectl", phased.log())
        self.assertEqual(0, self.assert_conserved(phased)["phased_fenced_total"])		# nobody took it from us
        self.assertEqual(0, phased.stop())

    def test_a_log_that_moved_on_stops_its_partition_until_the_position_is_set(self):
        self.prepare(partitions=2, kafka__session_ms=SESSION_MS)
        sent = self.make(400)
        self.send(events.lines(sent[:100]), partition=0)
        self.send(events.lines(sent[200:300]), partition=1)
        phased = self.start_phased()
        self.applied(200)
        self.assertEqual(0, phased.stop())
        self.send(events.lines(sent[100:200]), partition=0)
        self.trim(130)		# retention took 30 that were not applied yet
        phased = self.start_phased()
        self.wait_log(phased, rf"{self.topics['web']}/0: .*100.* not in the log.*position set")
        self.send(events.lines(sent[300:]), partition=1)
        self.applied(300)		# the others go on
        self.assertEqual((100, "before log", 100), tuple(self.show()[key] for key in ("next_offset", "state", "lag")))
        self.assertEqual(1, self.metrics(phased)["phased_offset_out_of_range_total"])
        self.assertRegex(self.set("beginning"), r"100 → beginning .*\n30 messages from 100 on are not in the log any more")
        self.applied(370)
        self.assertEqual({"applied": 370}, self.outcomes())
        self.assertEqual((200, "in log", 0), tuple(self.show()[key] for key in ("next_offset", "state", "lag")))
        self.assertEqual(1, self.metrics(phased)["phased_offset_out_of_range_total"])
        self.assert_conserved(phased)
        self.assertEqual(0, phased.stop())


if __name__ == "__main__":
    phased_test.main()
