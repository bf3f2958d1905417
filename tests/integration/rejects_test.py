#!/usr/bin/python3
# run: timeout=600
"""`phasectl rejects`: what could not be taken is listed, shown, sent again once it can be, and ends. And nothing of what is in a
message is ever shown."""
import hashlib
import json
import os
import signal
import subprocess

import confluent_kafka

import events
import phased_test
from daemon_test import NOW_US, DaemonTest

EDGES = os.path.join(phased_test.BUILD, "tests", "integration", "kafka_edges")
CANARY = "canary.bird@cage.test"
KEYS = ["topic", "partition", "offset", "reason", "field", "source", "size", "hash", "at", "noted_at", "retried_at"]


class RejectsTest(DaemonTest):
    def setUp(self):
        super().setUp()
        self.producer = confluent_kafka.Producer({"bootstrap.servers": phased_test.server("PHASED_KAFKA")})

    def view(self, number=1, **more):
        return json.dumps({"id": f"v{number}", "source": "test", "channel": "WEB", "action": "PAGE_VIEW", "occurred_us": NOW_US,
                           "received_us": NOW_US + number, "identity": {"anonymous_id": f"c{number}"},
                           "consent": {"analytics": "GRANTED"}, **more}).encode()

    def put(self, values, topic="web", partition=0, key=b"k", timestamp=NOW_US // 1000, headers=(("content-type", b"application/json"),)):
        for value in values:
            self.producer.produce(self.topics[topic], value, key, partition=partition, timestamp=timestamp, headers=list(headers))
        self.assertEqual(0, self.producer.flush(30))

    def end_of(self, topic="web", partition=0):
        consumer = confluent_kafka.Consumer({"bootstrap.servers": os.environ["PHASED_KAFKA"], "group.id": f"{self.name}.look"})
        try:
            return consumer.get_watermark_offsets(confluent_kafka.TopicPartition(self.topics[topic], partition), timeout=20)[1]
        finally:
            consumer.close()

    def read(self, offset, count, topic="web", partition=0):
        consumer = confluent_kafka.Consumer({"bootstrap.servers": os.environ["PHASED_KAFKA"], "group.id": f"{self.name}.read"})
        try:
            consumer.assign([confluent_kafka.TopicPartition(self.topics[topic], partition, offset)])
            return consumer.consume(count, 20)
        finally:
            consumer.close()

    def as_rejected(self, values, topic="web", partition=0, first=0, reason="unknown_action"):
        """As a daemon that could not take them yet would have left them: a row each, the position behind them."""
        rows = ",".join(f"('{self.topics[topic]}', {partition}, {first + i}, '{reason}', 'action', {len(value)}, "
                        f"{int.from_bytes(hashlib.sha256(value).digest()[:8], 'big', signed=True)}, to_timestamp({NOW_US // 1000 / 1000}), "
                        "'test')" for i, value in enumerate(values))
        self.psql(f"INSERT INTO phased.rejected VALUES {rows}")
        self.phasectl(["position", "set", "--topic", self.topics[topic], "--partition", str(partition), "--to", str(first + len(values))])

    def rows(self, *args):
        return phased_test.json_lines(self.phasectl(["rejects", "list", "--json", *args]))

    def place(self, offset, topic="web", partition=0):
        return f"{self.topics[topic]}/{partition}@{offset}"

    def login(self, role):
        login = f"{self.name}_{role}"
        self.psql(f"CREATE ROLE {login} LOGIN IN ROLE {role}")
        self.addCleanup(self.psql, f"DROP ROLE IF EXISTS {login}", database=phased_test.server("PHASED_PG"))
        return f"{self.database} user={login}"


class ListAndShow(RejectsTest):
    def test_says_why_and_where_and_nothing_of_what_is_in_it(self):
        self.prepare(partitions=2)
        self.assertEqual("0 rejected and not tried again\n", self.phasectl(["rejects", "list"]))
        self.put([self.view(1), self.view(2, action=4711), self.view(3, label=CANARY + "x" * 200), CANARY.encode(), b"x" * 70000])
        phased = self.start_phased()
        self.applied(5)
        self.assertEqual(0, phased.stop())
        rows = self.rows()
        self.assertEqual([KEYS] * 4, [list(row) for row in rows])
        self.assertEqual([(4, "too_large", "", 70000), (3, "unreadable", "", len(CANARY)), (2, "too_large", "label", len(self.view(3)) + 1 +
                         len(CANARY) + 200 + len('"label": ""') + 1), (1, "unknown_action", "action", len(self.view(2, action=4711)))],
                         [(row["offset"], row["reason"], row["field"], row["size"]) for row in rows])
        self.assertEqual({self.topics["web"]}, {row["topic"] for row in rows})
        self.assertEqual([None] * 4, [row["retried_at"] for row in rows])
        self.assertEqual(hashlib.sha256(self.view(2, action=4711)).hexdigest()[:16], rows[3]["hash"])
        table = self.phasectl(["rejects", "list"])
        self.assertRegex(table, r"(?m)^4 rejected and not tried again: 2 too_large, 1 unknown_action, 1 unreadable$")
        self.assertIn(self.place(1) + " ", table)
        self.assertEqual([1], [row["offset"] for row in self.rows("--reason", "unknown_action")])
        self.assertEqual([], self.rows("--topic", self.topics["chat"]))
        self.assertEqual(4, len(self.rows("--since", "1h", "--topic", self.topics["web"])))
        self.assertEqual([], self.rows("--since", "2100-01-01T00:00:00Z"))
        self.assertRegex(self.phasectl(["rejects", "list", "--limit", "1"]), r"; the newest 1 are shown, see --limit\n$")
        shown = self.phasectl(["rejects", "show", self.place(1)])
        self.assertRegex(shown, r"(?m)^reason +unknown_action: an action this version does not know")
        self.assertRegex(shown, r"(?m)^log +in the log\ntoday +would be rejected as unknown_action at action$")
        for offset, today in ((1, "unknown_action"), (2, "too_large"), (3, "unreadable"), (4, "too_large")):
            found = json.loads(self.phasectl(["rejects", "show", "--json", self.place(offset)]))
            self.assertEqual(("in the log", today), (found["log"], found["today"]), offset)
            self.assertEqual([*KEYS, "log", "today"], list(found))
        said = table + shown + json.dumps(rows) + "".join(self.phasectl(["rejects", "show", self.place(i)]) for i in (2, 3, 4))
        self.assertNotIn("canary", said)
        self.assertEqual(1, self.run_phasectl(["rejects", "show", self.place(0)]).status)
        for words in (["show"], ["show", "x"], ["show", "a b/1@2"], ["show", "t/x@2"], ["show", "t/1@"], ["show", self.place(1), "y"],
                      ["list", "--since", "yesterday"], ["list", "--reason", "unknown"], ["retry"], ["retry", "--all", self.place(1)],
                      ["retry", "--all", "--topic", "x"], ["list", "x"]):
            done = self.run_phasectl(["rejects", *words])
            self.assertEqual((64, 1), (done.status, done.err.count("\n")), (words, done))

    def test_what_the_collector_reported_is_listed_and_is_nothing_to_send_again(self):
        self.prepare(partitions=1)
        self.put([b"\x0a\x0aunreadable\x12\x02e8"], topic="rejected", headers=())
        self.start_phased()
        self.applied(1)
        self.assertEqual([("unreadable", "e8")], [(row["reason"], row["field"]) for row in self.rows()])
        self.assertRegex(self.phasectl(["rejects", "show", self.place(0, "rejected")]), "reported by the collector")
        self.assertEqual("0 sent again, 1 reported by the collector, which are no events\n", self.phasectl(["rejects", "retry", "--all"]))
        self.assertEqual(1, self.end_of("rejected"))

    def test_who_may(self):
        self.prepare(partitions=1)
        self.put([self.view()])
        self.as_rejected([self.view()])
        for role, see, change in (("phased_reader", 77, 77), ("phased_monitor", 0, 77), ("phased_writer", 0, 0)):
            with self.subTest(role=role):
                self.write_config(postgres__conninfo=self.login(role))
                self.assertEqual(see, self.run_phasectl(["rejects", "list"]).status)
                self.assertEqual(see, self.run_phasectl(["rejects", "show", self.place(0)]).status)
                self.assertEqual(change, self.run_phasectl(["rejects", "retry", "--all"]).status)
                self.assertEqual(change, self.run_phasectl(["rejects", "purge"]).status)
        self.assertEqual(2, self.end_of())

    def test_servers_away_and_no_schema(self):
        self.prepare(partitions=1)
        self.put([self.view()])
        self.as_rejected([self.view()])
        self.write_config(kafka__brokers="127.0.0.1:1")
        done = self.run_phasectl(["rejects", "show", "--json", self.place(0)])
        self.assertEqual((0, 1), (done.status, done.err.count("\n")), done)
        self.assertEqual(("unknown", None), tuple(json.loads(done.out)[key] for key in ("log", "today")))
        self.assertEqual(69, self.run_phasectl(["rejects", "retry", "--all"]).status)
        self.assertEqual(1, len(self.rows()), "not marked")
        self.write_config(postgres__conninfo="host=127.0.0.1 port=1 dbname=x")
        for words in (["list"], ["show", self.place(0)], ["retry", "--all"], ["purge"]):
            self.assertEqual(69, self.run_phasectl(["rejects", *words]).status, words)
        self.new_database()
        self.write_config()
        for words in (["list"], ["show", self.place(0)], ["retry", "--all"], ["purge"]):
            self.assertEqual(65, self.run_phasectl(["rejects", *words]).status, words)


class Retry(RejectsTest):
    def test_goes_the_ordinary_way_as_it_was_and_once(self):
        self.prepare(partitions=2)
        headers = (("content-type", b"application/json"), ("traceparent", b"00-1"), ("empty", None))
        self.put([self.view(1), self.view(2)], partition=1, key=b"a key", headers=headers)
        self.as_rejected([self.view(1), self.view(2)], partition=1)
        self.start_phased()
        self.assertRegex(self.phasectl(["rejects", "show", self.place(0, partition=1)]), r"(?m)^today +would be taken")
        self.assertRegex(self.phasectl(["rejects", "retry", "--dry-run", self.place(0, partition=1)]),
                         r"^\S+/1@0: would be sent again\n1 would be sent again \(not done\)\n$")
        self.assertEqual(2, self.end_of(partition=1))
        self.assertEqual("1 sent again\n", self.phasectl(["rejects", "retry", self.place(0, partition=1)]))
        self.applied(1)
        self.assertEqual([["1", "applied"]], self.psql("SELECT sum(n), outcome FROM phased.outcome_day GROUP BY 2"))
        old, new = self.read(0, 1, partition=1) + self.read(2, 1, partition=1)
        self.assertEqual((old.value(), old.key(), old.timestamp(), [*old.headers(), ("phased-retry-of", self.place(0, partition=1).encode())]),
                         (new.value(), new.key(), new.timestamp(), new.headers()))
        self.assertEqual([1], [row["offset"] for row in self.rows()])
        self.assertEqual({0: True, 1: False}, {row["offset"]: row["retried_at"] is not None for row in self.rows("--all")})
        self.assertRegex(self.phasectl(["rejects", "list", "--all"]), "tried again 20")
        done = self.run_phasectl(["rejects", "retry", self.place(0, partition=1)])
        self.assertEqual(1, done.status)
        self.assertIn("was tried again already", done.err)
        self.assertEqual(1, self.run_phasectl(["rejects", "retry", self.place(7)]).status)
        self.assertEqual("1 sent again\n", self.phasectl(["rejects", "retry", "--all"]))
        self.applied(2)
        self.assertEqual("0 sent again\n", self.phasectl(["rejects", "retry", "--all"]))
        self.assertEqual((4, "2"), (self.end_of(partition=1), self.value("SELECT count(*) FROM phased.touch")))

    def test_killed_between_sending_and_marking_it_counts_once_all_the_same(self):
        self.prepare(partitions=1)
        values = [self.view(i) for i in range(20)]
        self.put(values)
        self.as_rejected(values)
        phased = self.start_phased()
        self.psql("CREATE FUNCTION public.wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(7); "
                  "RETURN NEW; END $$; CREATE TRIGGER wait BEFORE UPDATE ON phased.rejected EXECUTE FUNCTION public.wait();")
        holder = self.session("SELECT pg_advisory_lock(7);")
        retry = self.start([phased_test.PHASECTL, "--config", self.config, "rejects", "retry", "--all"], "retry")
        self.wait_until(lambda: self.end_of() == 40, 30, "all to be sent")
        self.applied(20)
        self.assertTrue(retry.running())
        self.assertEqual(-signal.SIGKILL, retry.kill())
        self.psql("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND "
                  "application_name = 'phasectl'")
        holder.kill()
        holder.wait()
        self.assertEqual(20, len(self.rows()), "lost: they are marked, and nobody knows whether they were sent")
        self.assertEqual("20 sent again\n", self.phasectl(["rejects", "retry", "--all"]))
        self.applied(40)
        self.assertEqual({"applied": 20, "duplicate": 20}, self.outcomes())
        self.assertEqual("20", self.value("SELECT count(*) FROM phased.touch"))
        self.assertEqual([], self.rows())
        self.assert_conserved(phased)

    def test_what_would_be_rejected_again_stays_and_is_named(self):
        self.prepare(partitions=1)
        values = [self.view(1), self.view(2, action=4711), b"{" + CANARY.encode(), self.view(3)]
        self.put(values)
        self.start_phased()
        self.applied(4)
        self.psql(f"DELETE FROM phased.touch WHERE true")
        done = self.run_phasectl(["rejects", "retry", "--all"])
        self.assertEqual(1, done.status)
        self.assertEqual(f"{self.place(1)}: would be rejected again: unknown_action at action\n"
                         f"{self.place(2)}: would be rejected again: unreadable\n0 sent again, 2 would be rejected again\n", done.out)
        self.assertEqual((4, 2), (self.end_of(), len(self.rows())))

    def test_what_the_log_lost_comes_from_kept_bytes_or_is_said_to_be_gone(self):
        self.prepare(partitions=1)
        values = [self.view(i) for i in range(4)]
        self.put(values)
        self.as_rejected(values[:2])
        self.psql("UPDATE phased.rejected SET hash = 1 WHERE \"offset\" = 1")	# of a topic that was made anew
        subprocess.run([EDGES, "trim", os.environ["PHASED_KAFKA"], self.topics["web"], "0", "1"], check=True, timeout=60)
        done = self.run_phasectl(["rejects", "retry", "--all"])
        self.assertEqual((1, f"{self.place(0)}: not in the log any more\n{self.place(1)}: not in the log any more\n"
                             "0 sent again, 2 not in the log any more\n"), (done.status, done.out))
        for offset, log in ((0, "not in the log"), (1, "another message is there")):
            self.assertEqual(log, json.loads(self.phasectl(["rejects", "show", "--json", self.place(offset)]))["log"])
        self.psql(f"INSERT INTO phased.rejected_raw VALUES ('{self.topics['web']}', 0, 0, 1, '\\x{values[0].hex()}')")
        done = self.run_phasectl(["rejects", "retry", "--all"])
        self.assertEqual((1, f"{self.place(1)}: not in the log any more\n1 sent again, 1 not in the log any more\n"),
                         (done.status, done.out))
        self.start_phased()
        self.applied(3)
        self.assertEqual({"applied": 3}, self.outcomes())
        new = self.read(4, 1)[0]
        self.assertEqual((values[0], None, NOW_US // 1000), (new.value(), new.key(), new.timestamp()[1]))

    def test_bytes_are_kept_where_the_configuration_says_so_and_nowhere_else(self):
        self.prepare(partitions=1)
        bad = [self.view(1, action=4711), b"\x0a\x01x\x12\x01y\x28\x07", b"x" * 70000, b"{}"]
        self.put(bad[:1])
        phased = self.start_phased()
        self.applied(1)
        self.assertEqual(0, phased.stop())
        self.assertEqual("0", self.value("SELECT count(*) FROM phased.rejected_raw"))
        self.write_config(rejects__keep_raw="yes")
        self.put(bad[:1])
        self.put(bad[1:3], headers=())
        self.put(bad[3:], headers=(("content-type", b"text/csv"),))
        self.put([b"\x0a\x0aunreadable\x12\x02e8"], topic="rejected", headers=())
        self.start_phased()
        self.applied(6)
        self.assertEqual([["1", "1", bad[0].hex()], ["2", "0", bad[1].hex()], ["4", "2", bad[3].hex()]],
                         self.psql("SELECT \"offset\", form, encode(value, 'hex') FROM phased.rejected_raw ORDER BY 1"))
        self.assertEqual("6", self.value("SELECT count(*) FROM phased.rejected"))
        self.psql("DELETE FROM phased.rejected")
        self.assertEqual("0", self.value("SELECT count(*) FROM phased.rejected_raw"))

    def test_many_and_two_at_the_same_time(self):
        count = 1300		# slices of 500
        self.prepare(partitions=2)
        values = [self.view(i) for i in range(count)]
        for partition in (0, 1):
            part = values[partition::2]
            self.put(part, partition=partition)
            self.as_rejected(part, partition=partition)
        both = [self.start([phased_test.PHASECTL, "--config", self.config, "rejects", "retry", "--reason", "unknown_action"], "retry")
                for _ in range(2)]
        self.assertEqual([0, 0], [program.wait(60) for program in both])
        self.assertEqual(count, sum(int(program.log().split(" sent again")[0]) for program in both))
        self.assertEqual(2 * count, self.end_of() + self.end_of(partition=1))
        self.assertEqual([], self.rows())
        self.start_phased()
        self.applied(count)
        self.assertEqual({"applied": count}, self.outcomes())

    def test_what_was_not_sent_since_one_before_it_could_not_be_is_not_marked(self):
        self.prepare(partitions=1)
        values = [self.view(i) + b" " * (2000 if i == 7 else 0) for i in range(20)]		# one is larger than the producer may send
        self.put(values)
        self.as_rejected(values)
        self.write_config(kafka__properties={"message.max.bytes": "1000"})
        done = self.run_phasectl(["rejects", "retry", "--all"])
        self.assertEqual((65, 1, f"{self.place(7)}: could not be sent\n7 sent again, 1 not acknowledged, 12 of the same slice not tried\n"),
                         (done.status, done.err.count("\n"), done.out), done)
        self.assertIn("too large", done.err)
        self.assertEqual(27, self.end_of())
        self.assertEqual(list(range(7, 20)), sorted(row["offset"] for row in self.rows()))
        self.write_config(kafka__properties={})
        self.assertEqual("13 sent again\n", self.phasectl(["rejects", "retry", "--all"]))
        self.assertEqual((40, []), (self.end_of(), self.rows()))
        self.start_phased()
        self.applied(20)
        self.assertEqual({"applied": 20}, self.outcomes())

    def test_what_is_rejected_again_meanwhile_is_not_sent_again_by_the_same_run(self):
        count, enough = 600, 4000		# slices of 500
        self.prepare(partitions=1)
        values = [self.view(i) for i in range(count)]
        self.put(values)
        self.as_rejected(values)
        # As a daemon that still cannot take them: what was sent, in order to the end of the log, is at once in a row of its own.
        self.psql("CREATE FUNCTION public.again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO phased.rejected (topic, "
                  "partition, \"offset\", reason, field, size, hash, at, source) SELECT NEW.topic, NEW.partition, NEW.\"offset\" + "
                  f"{count}, NEW.reason, NEW.field, NEW.size, NEW.hash, NEW.at, NEW.source WHERE NEW.\"offset\" < {enough}; RETURN NULL; "
                  "END $$; CREATE TRIGGER again AFTER UPDATE ON phased.rejected FOR EACH ROW EXECUTE FUNCTION public.again();")
        self.assertEqual(f"{count} sent again\n", self.phasectl(["rejects", "retry", "--reason", "unknown_action"]))
        self.assertEqual((2 * count, list(range(count, 2 * count))), (self.end_of(), sorted(row["offset"] for row in self.rows())))
        self.assertEqual(f"{count} sent again\n", self.phasectl(["rejects", "retry", "--all"]), "the next run takes them")


class Retention(RejectsTest):
    def old_rows(self, count, days, topic="old"):
        self.psql("INSERT INTO phased.rejected SELECT '" + topic + "', 0, n, 'unreadable', '', 1, 1, now(), '', now() - "
                  f"interval '{days} days' FROM generate_series(1, {count}) AS n")

    def left(self):
        return dict(self.psql("SELECT topic, count(*) FROM phased.rejected GROUP BY 1"))

    def test_old_rows_end_by_themselves_while_events_go_on(self):
        self.prepare(rejects__days=3)
        self.old_rows(2500, 4)
        self.old_rows(10, 2, "young")
        self.psql("INSERT INTO phased.rejected_raw VALUES ('old', 0, 7, 0, 'x'), ('young', 0, 7, 0, 'x')")
        holder = self.session("BEGIN; SELECT 1 FROM phased.rejected WHERE topic = 'old' AND \"offset\" = 9 FOR UPDATE;")
        phased = self.start_phased()
        self.send(events.lines(events.Maker(95, NOW_US).make(500)))
        self.applied(500)
        self.wait_until(lambda: self.left() == {"old": "1", "young": "10"}, 30, "old rows to go, but the one that is locked")
        self.assertEqual(2499, self.metrics(phased)["phased_rejects_purged_total"])
        self.assertEqual([["young"]], self.psql("SELECT topic FROM phased.rejected_raw"))
        holder.kill()
        self.assertEqual(0, phased.stop())
        self.old_rows(5, 4000, "ancient")
        self.write_config(rejects__days=0)
        phased = self.start_phased()
        self.send(events.lines(events.Maker(96, NOW_US).make(100)))
        self.applied(600)
        self.assertEqual(0, phased.stop())
        self.assertEqual("5", self.left()["ancient"])
        self.assertEqual(64, self.run_phasectl(["rejects", "purge"]).status)

    def test_a_role_that_may_not_delete_costs_a_warning_only(self):
        self.prepare()
        self.psql("REVOKE DELETE ON phased.rejected FROM phased_writer")
        self.write_config(postgres__conninfo=self.login("phased_writer"))
        self.old_rows(3, 40)
        phased = self.start_phased()
        self.wait_log(phased, "warning: rejects: .*old rows are not deleted")
        self.send(events.lines(events.Maker(97, NOW_US).make(50)))
        self.applied(50)
        self.assertEqual((0, {"old": "3"}), (phased.stop(), self.left()))

    def test_many_old_rows_end_in_small_slices_soon_after_each_other(self):
        self.prepare(rejects__days=3)
        self.old_rows(3000, 4)
        self.psql("CREATE TABLE public.slices (at timestamptz, n bigint); CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql "
                  "AS $$ BEGIN INSERT INTO public.slices SELECT clock_timestamp(), count(*) FROM gone; RETURN NULL; END $$; CREATE TRIGGER "
                  "note AFTER DELETE ON phased.rejected REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION public.note();")
        self.start_phased()
        self.wait_until(lambda: self.left() == {}, 60, "old rows to go")
        most, median_s = self.psql("SELECT max(n), percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM gap)) FROM (SELECT n, "
                                   "at - lag(at) OVER (ORDER BY at) AS gap FROM public.slices) AS s")[0]
        self.assertLessEqual(int(most), 200)
        self.assertLess(float(median_s), 0.5, "the daemon has nothing else to do")

    def test_a_connection_that_goes_while_old_rows_are_deleted_does_not_hold_up_events(self):
        self.prepare(rejects__days=3, batch__lanes=1)
        self.old_rows(10, 4)
        self.psql("CREATE SEQUENCE public.tries; CREATE FUNCTION public.go() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM "
                  "nextval('public.tries'), pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$; CREATE TRIGGER go BEFORE DELETE "
                  "ON phased.rejected FOR EACH STATEMENT EXECUTE FUNCTION public.go();")
        self.start_phased()
        self.wait_until(lambda: self.value("SELECT is_called FROM public.tries") == "t", 30, "old rows to be tried")
        self.send(events.lines(events.Maker(98, NOW_US).make(50)))
        self.applied(50, 40)		# a minute passes before they are tried again
        self.assertEqual(("1", {"old": "10"}), (self.value("SELECT last_value FROM public.tries"), self.left()))

    def test_by_hand(self):
        self.prepare()
        self.old_rows(12000, 31)
        self.old_rows(10, 2, "young")
        self.assertEqual("12000 rows would be deleted (not done)\n", self.phasectl(["rejects", "purge", "--dry-run"]))
        self.assertEqual("12000 rows deleted\n", self.phasectl(["rejects", "purge"]))
        self.assertEqual({"young": "10"}, self.left())
        self.assertEqual("0 rows deleted\n", self.phasectl(["rejects", "purge", "--days", "3"]))
        self.assertEqual("10 rows deleted\n", self.phasectl(["rejects", "purge", "--days", "0"]))


if __name__ == "__main__":
    phased_test.main()
