#!/usr/bin/python3
# run: timeout=600
"""The daemon against a real Kafka and a real PostgreSQL: what becomes of events, in whatever order they come."""
import json
import os
import random
import re
import subprocess
import time
import urllib.request

import confluent_kafka

import events
import phased_test
import tables

DAY_US = 86_400_000_000
NOW_US = 1_790_000_000_000_000		# an invented present: all events lie before it


class DaemonTest(phased_test.PhasedTest):
    def send(self, lines, topic="web", form="application/json", partition=None):
        """A message a line, to one partition or to all at random."""
        argv = ["kcat", "-P", "-b", os.environ["PHASED_KAFKA"], "-t", self.topics[topic], "-X",
                "topic.partitioner=random", "-X", "sticky.partitioning.linger.ms=0"]
        if form:
            argv += ["-H", f"content-type={form}"]
        if partition is not None:
            argv += ["-p", str(partition)]
        data = lines if isinstance(lines, bytes) else lines.encode()
        subprocess.run(argv, input=data, check=True, timeout=60)

    given = 0	# events, by give()

    def give(self, events):
        """Sends events, and waits until they and all refolds that they make are done."""
        self.send("".join(json.dumps(event) + "\n" for event in events))
        self.given += len(events)
        self.applied(self.given)
        self.nobody_waits()

    def applied(self, count, deadline_s=60, database=None):
        """Waits until so many messages have ended in some outcome."""
        self.wait_until(lambda: self.value("SELECT coalesce(sum(n), 0) FROM phased.outcome_day", database) == str(count),
                        deadline_s, f"{count} outcomes")

    def outcomes(self):
        return {name: int(n) for name, n in self.psql("SELECT outcome, sum(n) FROM phased.outcome_day GROUP BY 1")}

    def metrics(self, program):
        address = self.wait_log(program, r"http: listening on (\S+)").group(1)
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        return {match[1]: float(match[2]) for match in re.finditer(r"^(phased_\S+) (\S+)$", text, re.M)}

    def assert_conserved(self, program):
        values = self.metrics(program)
        ended = sum(value for name, value in values.items() if name.startswith("phased_events_total{"))
        self.assertEqual(values["phased_events_received_total"], ended + values["phased_events_in_flight"])
        return values

    def nobody_waits(self, database=None, deadline_s=60):
        """Waits until all is worked out that batches left for later, of opportunities and refolds: only then are the tables those of
        the events."""
        # What is due of an opportunity goes in the transaction that leaves its contacts to be folded anew.
        self.wait_until(lambda: self.value("SELECT (SELECT count(*) FROM phased.refold) + (SELECT count(*) FROM phased.opportunity_due)",
                                           database) == "0", deadline_s, "nobody to wait for a refold")

    def settled(self, program, deadline_s=20):
        """Metrics once nothing is in flight: tables are complete before the daemon has the answer to its last COMMIT, and
        it counts an event when it knows."""
        self.wait_until(lambda: self.metrics(program)["phased_events_in_flight"] == 0, deadline_s, "nothing to be in flight")
        return self.assert_conserved(program)


class Outcomes(DaemonTest):
    def test_a_batch_of_500_with_one_unreadable_applies_499_and_rejects_1(self):
        self.prepare()
        lines = events.lines(events.Maker(1, NOW_US).make(499)).splitlines()
        lines.insert(250, '{"id": "e0", "source": "test", "acton": "PAGE_VIEW"}')
        self.send("\n".join(lines) + "\n")
        phased = self.start_phased()
        self.applied(500)
        self.assertEqual({"applied": 499, "unreadable": 1}, self.outcomes())
        self.assertEqual([["unreadable", "acton", str(len(lines[250]))]],
                         self.psql("SELECT reason, field, size FROM phased.rejected"))
        self.assertEqual("499", self.value("SELECT count(*) FROM phased.touch"))
        values = self.assert_conserved(phased)
        self.assertEqual(500, values["phased_events_received_total"])
        self.assertEqual(0, phased.stop())

    def test_bad_input_moves_nothing(self):
        self.prepare()
        good = {"id": "g", "source": "test", "channel": "WEB", "action": "PAGE_VIEW", "occurred_us": NOW_US,
                "received_us": NOW_US, "identity": {"anonymous_id": "c1"}, "consent": {"analytics": "GRANTED"}}

        def bad(**more):
            return json.dumps({**good, **more}).encode()
        cases = [	# form, message, reason, field
            ("application/json", bad()[:-9], "unreadable", ""),
            ("application/json", b"[]", "unreadable", ""),
            ("application/json", bad(pages=1), "unreadable", "pages"),
            ("application/json", bad(engaged_ms="soon"), "unreadable", "engaged_ms"),
            ("application/json", bad(label="x" * 129), "too_large", "label"),
            ("application/json", bad(label="x" * 70000), "too_large", ""),
            ("application/json", bad(label="a\0b"), "bad_text", "label"),
            ("application/json", bad(id=""), "bad_value", "id"),
            ("application/json", bad(source="No Such"), "bad_value", "source"),
            ("application/json", bad(action=4711), "unknown_action", "action"),
            ("application/json", bad(channel=77), "bad_value", "channel"),
            ("application/json", bad(occurred_us="0001-01-01T00:00:00Z"), "time_out_of_range", "occurred_us"),
            ("application/json", bad(occurred_us="9999-12-31T23:59:59Z"), "time_out_of_range", "occurred_us"),
            ("text/csv", bad(), "unreadable", "content-type"),
            ("application/x-protobuf", b"\x0a\x05ab", "unreadable", ""),
            ("application/x-protobuf", b"\x0a\x02\xff\xfe", "bad_text", "id"),
        ]
        for i, (form, message, _, _) in enumerate(cases):
            path = self.path(f"message{i}")
            with open(path, "wb") as out:
                out.write(message)
            subprocess.run(["kcat", "-P", "-b", os.environ["PHASED_KAFKA"], "-t", self.topics["web"], "-p", "0", "-H",
                            f"content-type={form}", path], check=True, timeout=60)
        phased = self.start_phased()
        self.applied(len(cases))
        got = self.psql('SELECT reason, field FROM phased.rejected ORDER BY "offset"')
        self.assertEqual([[reason, field] for _, _, reason, field in cases],
                         [[row[0], row[1] if case[3] else ""] for row, case in zip(got, cases)])
        for table in ("touch", "phase", "subject", "actor"):
            self.assertEqual("0", self.value(f"SELECT count(*) FROM phased.{table}"), table)
        self.assertTrue(phased.running())
        self.assert_conserved(phased)

    def test_what_the_collector_could_not_read_is_a_row_of_rejected(self):
        self.prepare()
        subprocess.run(["kcat", "-P", "-b", os.environ["PHASED_KAFKA"], "-t", self.topics["rejected"]],
                       input=b"not a message of ours\n", check=True, timeout=60)
        self.start_phased()
        self.applied(1)
        self.assertEqual([["unreadable", self.topics["rejected"]]],
                         self.psql("SELECT reason, topic FROM phased.rejected"))


    def test_holes_in_the_log_are_passed_over_and_counted(self):
        self.prepare()
        producer = confluent_kafka.Producer({"bootstrap.servers": os.environ["PHASED_KAFKA"], "transactional.id": self.name})
        producer.init_transactions(30)
        maker = events.Maker(6, NOW_US)
        for _ in range(3):		# each commit leaves a marker in the log, which takes an offset
            producer.begin_transaction()
            for event in maker.make(10):
                producer.produce(self.topics["web"], json.dumps(event).encode(), partition=0,
                                 headers={"content-type": "application/json"})
            producer.commit_transaction(30)
        phased = self.start_phased()
        self.applied(30)
        self.assertEqual({"applied": 30}, self.outcomes())
        self.assertEqual(2, self.assert_conserved(phased)["phased_offset_gaps_total"])
        self.assertEqual(0, phased.stop())


class Economy(DaemonTest):
    def test_a_touch_row_is_under_100_bytes(self):
        self.prepare()
        self.send(events.lines(events.Maker(2, NOW_US).make(300)))
        self.start_phased()
        self.applied(300)
        # A row on its page: the tuple with its header, and its line pointer of 4 bytes.
        self.assertLess(int(self.value("SELECT max(pg_column_size(t.*)) + 4 FROM phased.touch t")), 100)

    def test_a_batch_costs_at_most_eight_round_trips_whatever_its_size(self):
        # Lanes that meet try again; and explanations are told in turns of their own.
        self.prepare(batch__events_min=2000, batch__events_max=2000, batch__lanes=1, explain__share_percent=0)
        maker = events.Maker(3, NOW_US)
        first = maker.make(2000)
        self.send(events.lines(first))
        phased = self.start_phased()
        self.applied(2000)
        before = self.metrics(phased)
        self.send(events.lines(maker.make(2000) + maker.copies(first, 0.1)))
        self.wait_until(lambda: self.metrics(phased)["phased_events_received_total"] > 4000 and
                        self.metrics(phased)["phased_events_in_flight"] == 0, 60, "the second load")
        after = self.metrics(phased)
        batches = sum(after[f'phased_batches_total{{way="{way}"}}'] - before[f'phased_batches_total{{way="{way}"}}']
                      for way in ("quick", "careful"))
        turns = after["phased_store_turns_total"] - before["phased_store_turns_total"]
        self.assertGreater(after["phased_refolded_contacts_total"], before["phased_refolded_contacts_total"])
        self.assertLessEqual(turns, 8 * batches)
        for step, part in (("TAKE", "computes"), ("LOAD", "computes"), ("LOAD", "waits"), ("SAVE", "computes"), ("SAVE", "waits")):
            name = f'phased_batch_step_seconds_total{{step="{step}",part="{part}"}}'
            self.assertGreater(after[name], before[name], name)


class Order(DaemonTest):
    def play(self, batches, **overrides):
        """A database into which these messages went, in this order."""
        database = self.fresh_database()
        self.new_topics(f"{self.name}_{len(self.programs)}")
        self.write_config(kafka__group=f"{self.name}_{len(self.programs)}", **overrides)
        self.phasectl(["topics", "create", "--partitions", "4", "--replication", "1"])
        self.send(events.lines(batches))
        phased = self.start_phased()
        self.applied(len(batches), 120, database)
        self.nobody_waits(database)
        self.settled(phased)
        self.assertEqual(0, phased.stop())
        found = tables.dump(self, database)
        found["rejected"] = found["rejected"].replace(self.topics["web"], "web")
        return found

    def test_5000_events_shuffled_three_times_by_one_to_three_lanes_give_byte_equal_tables(self):
        maker = events.Maker(4, NOW_US)
        all_events = maker.make(5000)
        retries = maker.copies(all_events, 0.08)
        bad = [{**event, "id": f"bad{i}", "action": 4711} for i, event in enumerate(all_events[:5])]
        everything = all_events + retries + bad
        dice = random.Random(5)
        first = None
        for round_number, (size, lanes) in enumerate(((5000, 1), (137, 3), (700, 2))):	# batches are cut elsewhere, too
            dice.shuffle(everything)
            dump = self.play(everything, batch__events_min=min(size, 500), batch__events_max=size,
                             batch__lanes=lanes)
            if first is None:
                first = dump
                self.assertEqual(5000, first["touch"].count("\n") + 1)
                for table in ("claim", "consent", "declared", "contact", "stretch", "phase_change", "rejected"):
                    self.assertGreater(first[table].count("\n"), 3, f"table {table} has rows to compare")
                self.assertEqual(5, len({row.split(",")[1] for row in first["phase"].split("\n")}), "all processes are there")
            else:
                tables.assert_same(self, first, dump, f"shuffle {round_number}")


if __name__ == "__main__":
    phased_test.main()
