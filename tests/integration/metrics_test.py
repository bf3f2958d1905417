#!/usr/bin/python3
# run: timeout=300
"""What /metrics of phased and of phased-collect say: named as Prometheus wants it, true at every moment, about nobody."""
import http.client
import json
import os
import shutil
import subprocess
import threading
import time
import unittest
import urllib.request

import confluent_kafka

import events
import phased_test
import prometheus
from daemon_test import NOW_US, DaemonTest

CANARY = "canary.bird@cage.test"
# What may be told apart by, and nothing else: lists of ours, and names of the configuration.
LABELS = {"outcome", "step", "part", "way", "version", "topic", "partition", "route", "code", "le", "reason", "kind", "state", "result",
          "table", "source", "encoding", "limit", "what", "cause"}


class MetricsTest(DaemonTest):
    def address(self, program):
        return self.wait_log(program, r"(?:http: listening on|^admin) (\S+)").group(1)

    def page(self, program):
        with urllib.request.urlopen(f"http://{self.address(program)}/metrics", timeout=10) as answer:
            self.assertEqual("text/plain; version=0.0.4; charset=utf-8", answer.headers["Content-Type"])
            return prometheus.Page(answer.read().decode())

    def assert_fine(self, page):
        self.assertEqual([], prometheus.lint(page.text))
        labels = {label for series in page.values.values() for each in series for label, _ in each}
        self.assertLessEqual(labels, LABELS, "a label that nobody decided on")
        self.assertNotIn("@", page.text)
        self.assertNotIn("canary", page.text)
        if shutil.which("promtool"):	# of Debian's prometheus; what it checks stands in prometheus.py too
            done = subprocess.run(["promtool", "check", "metrics"], input=page.text, capture_output=True, text=True)
            self.assertEqual((0, ""), (done.returncode, done.stdout + done.stderr))

    def assert_conserved_on(self, page):
        self.assertEqual(page.value("phased_events_received_total"),
                         page.sum("phased_events_total") + page.value("phased_events_in_flight"), page.text)

    def watch(self, program):
        """Scrapes as fast as it is answered, until the returned function is called; that gives the pages."""
        pages, over = [], threading.Event()

        def scrape():
            while not over.is_set():
                pages.append(self.page(program))
        self.address(program)
        thread = threading.Thread(target=scrape)
        thread.start()

        def end():
            over.set()
            thread.join()
            return pages
        self.addCleanup(end)
        return end


class Page(MetricsTest):
    def test_named_as_prometheus_wants_it_and_nobody_is_in_it(self):
        self.prepare()
        lines = [json.dumps({"id": CANARY, "source": "test", "channel": "WEB", "action": "PAGE_VIEW", "occurred_us": NOW_US,
                             "received_us": NOW_US, "identity": {"anonymous_id": CANARY, "email": CANARY},
                             "consent": {"analytics": "GRANTED"}, "content": {"url": f"https://x.test/{CANARY}", "title": CANARY},
                             **more}) for more in ({}, {CANARY: 1}, {"label": "x" * 200}, {"source": CANARY}, {"action": 4711})]
        self.send("\n".join(lines) + "\n" + CANARY + "\n")
        phased = self.start_phased()
        self.applied(6)
        self.settled(phased)
        page = self.page(phased)
        self.assert_fine(page)
        self.assert_conserved_on(page)
        with open(os.path.join(phased_test.ROOT, "core", "model", "outcome.def")) as text:
            names = [line[2:line.index(",")] for line in text if line.startswith("X(")]
        self.assertEqual([(("outcome", name),) for name in names], list(page.values["phased_events_total"]))
        self.assertEqual({"applied": 1, "unreadable": 2, "too_large": 1, "bad_value": 1, "unknown_action": 1},
                         {dict(labels)["outcome"]: value for labels, value in page.values["phased_events_total"].items() if value})
        self.assertEqual(6, page.value("phased_event_delay_seconds_count"))
        self.assertEqual(page.sum("phased_batch_steps_total") - page.value("phased_batch_steps_total", step="TAKE"),
                         sum(value for labels, value in page.values["phased_batch_steps_total"].items()
                             if dict(labels)["step"] != "TAKE"))
        self.assertGreater(page.value("phased_batch_steps_total", step="SAVE"), 0)
        version = self.value("SELECT lpad(to_hex(version), 16, '0') FROM phased.model WHERE in_force")
        self.assertEqual({(("version", version),): 1.0}, page.values["phased_model_info"])
        self.assertEqual(page.value("phased_schema_version"), float(self.value("SELECT max(version) FROM phased.schema_version")))
        self.assertEqual(0, phased.stop())

    def test_a_producers_clock_that_is_ahead_makes_no_sum_fall(self):
        self.prepare()
        producer = confluent_kafka.Producer({"bootstrap.servers": os.environ["PHASED_KAFKA"]})
        for ahead_s in (600, 0):
            producer.produce(self.topics["web"], b"{}", timestamp=int((time.time() + ahead_s) * 1000), headers=[("content-type", b"text/csv")])
        self.assertEqual(0, producer.flush(30))
        phased = self.start_phased()
        self.applied(2)
        self.settled(phased)
        page = self.page(phased)
        self.assertEqual(2, page.value("phased_event_delay_seconds_count"))
        self.assertGreaterEqual(page.value("phased_event_delay_seconds_sum"), 0)
        self.assertEqual(0, phased.stop())

    def test_the_collectors_too(self):
        self.new_topics()
        self.write_config()
        self.phasectl(["topics", "create", "--partitions", "2", "--replication", "1"])
        config = self.write("collect.yaml", phased_test.yaml_text({
            "http": {"listen": "127.0.0.1:0", "admin_listen": "127.0.0.1:0"}, "identity": {"key_file": self.path("identity.key")},
            "kafka": {"brokers": os.environ["PHASED_KAFKA"], "topics": {channel: self.topics[channel] for channel in
                                                                        (*phased_test.CHANNELS, "rejected")}}}))
        collect = self.start_collect(config=config)
        public = self.wait_log(collect, r"^listening (\S+)").group(1)
        for target in (f"/i?e=pv&eid={CANARY}&url=http://{CANARY}/&uid={CANARY}", f"/i?e=xx&{CANARY}", f"/{CANARY}"):
            client = http.client.HTTPConnection(public, timeout=20)
            client.request("GET", target, headers={"User-Agent": CANARY})
            client.getresponse().read()
            client.close()
        self.assert_fine(self.page(collect))
        page = self.page(collect)
        self.assertEqual(page.value("phased_collect_received_total"),
                         page.sum("phased_collect_events_total") + page.value("phased_produce_inflight"))
        self.assertEqual(0, collect.stop())


class Lint(unittest.TestCase):
    def test_finds_what_is_planted(self):
        good = ("# HELP phased_a_total A.\n# TYPE phased_a_total counter\nphased_a_total{x=\"1\"} 2\n# HELP phased_h_seconds H.\n"
                "# TYPE phased_h_seconds histogram\nphased_h_seconds_bucket{le=\"1\"} 2\nphased_h_seconds_bucket{le=\"+Inf\"} 3\n"
                "phased_h_seconds_sum 4\nphased_h_seconds_count 3\n")
        self.assertEqual([], prometheus.lint(good))
        for old, new, complaint in (("# HELP phased_a_total A.\n", "", "no HELP"), ("phased_a_total", "phased_a", "_total is for"),
                                    ("phased_h_seconds", "phased_h_ms", "base units"), ("phased_a_", "other_a_", "not a name of ours"),
                                    ("count 3", "count 2", "not the last bucket"), ("le=\"1\"} 2", "le=\"1\"} 4", "do not rise"),
                                    ("# TYPE phased_a_total counter\n", "", "no TYPE")):
            with self.subTest(new=new):
                self.assertRegex("\n".join(prometheus.lint(good.replace(old, new))), complaint)
        before, after = prometheus.Page(good), prometheus.Page(good.replace("} 2\n# HELP", "} 1\n# HELP"))
        self.assertEqual(["phased_a_total{'x': '1'}: 2.0 -> 1.0"], prometheus.fallen(before, after))
        self.assertEqual([], prometheus.fallen(after, before))


class Lag(MetricsTest):
    def test_of_each_partition_in_messages_and_seconds_while_nothing_can_be_written(self):
        self.prepare(partitions=2, batch__events_min=1)
        self.send(events.lines(events.Maker(91, NOW_US).make(20)), partition=0)
        phased = self.start_phased()
        self.applied(20)
        web = {"topic": self.topics["web"]}
        page = self.wait_until(lambda: (lambda page: page if page.value("phased_partition_end_offset", **web, partition="0") == 20
                                        else None)(self.page(phased)), 20, "the end of the log to be known")
        self.assertEqual((0, 0), (page.value("phased_lag_offsets"), page.value("phased_lag_seconds")))
        self.assertEqual(20, page.value("phased_partition_next_offset", **web, partition="0"))
        self.assertEqual(2 * 5, len(page.values["phased_partition_lag_seconds"]), "four channels and phased.rejected")
        blocker = self.session("BEGIN; LOCK TABLE phased.position IN ACCESS EXCLUSIVE MODE;")
        sent_at = time.time()
        self.send(events.lines(events.Maker(92, NOW_US).make(7)), partition=0)
        self.send(events.lines(events.Maker(93, NOW_US).make(5)), partition=1)
        page = self.wait_until(lambda: (lambda page: page if page.value("phased_lag_seconds") > 2 and
                                        page.value("phased_lag_offsets") == 12 else None)(self.page(phased)), 30, "lag")
        self.assertLessEqual(page.value("phased_lag_seconds"), time.time() - sent_at + .01)
        for partition, count in (("0", 7), ("1", 5)):
            self.assertEqual(count, page.value("phased_partition_lag_offsets", **web, partition=partition))
            self.assertGreater(page.value("phased_partition_lag_seconds", **web, partition=partition), 1)
        self.assertEqual(page.value("phased_lag_seconds"), max(page.values["phased_partition_lag_seconds"].values()))
        self.assertEqual(page.value("phased_lag_offsets"), page.sum("phased_partition_lag_offsets"))
        blocker.kill()
        blocker.wait()
        self.applied(32)
        self.wait_until(lambda: self.page(phased).value("phased_lag_offsets") == 0, 20, "no lag")
        self.assertEqual(0, self.page(phased).value("phased_lag_seconds"))
        self.assertEqual(0, phased.stop())


class EveryMoment(MetricsTest):
    def test_received_is_outcomes_and_in_flight_and_no_counter_falls_whatever_happens(self):
        self.prepare(partitions=4, batch__events_min=100, batch__events_max=200)
        bad = '{"id": "x", "source": "test", "acton": "PAGE_VIEW"}\n'
        maker = events.Maker(94, NOW_US)
        self.send("".join(events.lines(maker.make(400)) + bad for _ in range(10)))
        phased = self.start_phased()
        end = self.watch(phased)
        for goal in (1000, 2000, 3000):
            self.wait_until(lambda: int(self.value("SELECT coalesce(sum(n), 0) FROM phased.outcome_day")) >= goal, 60, f"{goal} outcomes")
            self.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'phased' AND datname = "
                      "current_database()")
        self.applied(4010)
        other = self.start_phased()		# takes half of the partitions: what is in hand is handed back
        self.wait_log(other, "partitions claimed")
        self.send(events.lines(maker.make(400)))
        self.applied(4410)
        pages = end()
        self.assertGreater(len(pages), 20)
        flights = 0
        for before, after in zip(pages, pages[1:]):
            self.assertEqual([], prometheus.fallen(before, after))
            self.assert_conserved_on(after)
            flights += after.value("phased_events_in_flight") > 0
        self.assertGreater(flights, 0, "never seen while something was in flight")
        total = sum(self.page(program).value("phased_events_received_total") for program in (phased, other))
        self.assertGreaterEqual(total, 4410)
        self.assertEqual([0, 0], [program.stop() for program in (phased, other)])


if __name__ == "__main__":
    phased_test.main()
