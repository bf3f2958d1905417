#!/usr/bin/python3
"""bench/ingest, bench/collect, bench/refold, bench/reports, bench/match and bench/fold go on working: a few thousand events, without bars."""
import json
import os
import subprocess
import unittest

import phased_test


class Ingest(unittest.TestCase):
    def test_a_small_backlog_is_measured_and_nothing_is_lost(self):
        for name in ("PHASED_KAFKA", "PHASED_PG"):
            phased_test.server(name)
        events = 5000
        done = subprocess.run([os.path.join(phased_test.ROOT, "bench", "ingest"), "--build", phased_test.BUILD, "--servers",
                               "--events", str(events), "--contacts", "1000", "--runs", "1", "--no-bars", "--json"],
                              capture_output=True, text=True, timeout=240)
        self.assertEqual(0, done.returncode, done.stderr)
        found = json.loads(done.stdout)
        self.assertEqual(events, found["sent"]["sent"])
        self.assertEqual(events - events // 101, found["sent"]["distinct"])	# one in 101 repeats another
        self.assertEqual(1, len(found["runs"]))
        for run in found["runs"]:
            self.assertEqual(found["sent"]["distinct"], run["ceiling"]["rows"])
            self.assertGreater(run["phased"]["persons"], 30)	# one contact in twenty says who it is
            self.assertGreater(run["phased"]["contacts_counted"], 500)
            self.assertIn("SAVE", run["phased"]["steps_s"])
        for row in found["bars"]:
            self.assertGreater(row["limit"], 0)
            self.assertEqual(row["value"] >= row["limit"] if row["side"] == ">=" else row["value"] <= row["limit"], row["holds"])
        self.assertEqual(4, len(found["bars"]))


class Collect(unittest.TestCase):
    def test_a_short_load_is_measured_and_nothing_is_lost(self):
        phased_test.server("PHASED_KAFKA")
        done = subprocess.run([os.path.join(phased_test.ROOT, "bench", "collect"), "--build", phased_test.BUILD, "--servers",
                               "--connections", "200", "--seconds", "1", "--warm", "3", "--runs", "1", "--no-bars", "--json"],
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(0, done.returncode, done.stderr)
        found = json.loads(done.stdout)
        for server in ("bare", "collect"):
            self.assertGreater(found[server][0]["requests"], 200)
            self.assertEqual(0, found[server][0]["failed"])
            self.assertGreaterEqual(found[server][0]["p99_ms"], found[server][0]["p50_ms"])
        ratio = found["collect"][0]["requests_a_second"] / found["bare"][0]["requests_a_second"]
        self.assertAlmostEqual(ratio, found["share"])
        by_cpu = found["bare"][0]["cpu_us"] / found["collect"][0]["cpu_us"]
        self.assertAlmostEqual(by_cpu, found["cpu_share"])
        self.assertEqual([by_cpu >= .6], [row["holds"] for row in found["bars"]])


class Parts(unittest.TestCase):
    def run_part(self, *words):
        done = subprocess.run([os.path.join(phased_test.ROOT, "bench", words[0]), "--build", phased_test.BUILD, "--no-bars", "--json",
                               *words[1:]], capture_output=True, text=True, timeout=120)
        self.assertEqual(0, done.returncode, done.stderr)
        return json.loads(done.stdout)

    def test_many_rules_are_compared_with_few(self):
        found = self.run_part("match", "--events", "30000", "--contacts", "5000")
        self.assertEqual([10, 2000], [found[book]["rules"] for book in ("few", "many")])
        self.assertEqual([3, 100], [found[book]["regexes"] for book in ("few", "many")])
        self.assertEqual(30000, found["events"])
        self.assertLess(found["many"]["other"], .5)	# most touches are taken by a rule
        self.assertAlmostEqual(found["many"]["ns"] / found["few"]["ns"], found["ratio"], 2)
        self.assertEqual([found["ratio"] <= 1.1], [row["holds"] for row in found["bars"]])

    def test_contacts_that_wait_are_refolded_beside_a_copy(self):
        phased_test.server("PHASED_KAFKA")		# starts its own; where there are none it cannot
        found = self.run_part("refold", "--contacts", "120", "--touches", "20", "--long", "50")
        self.assertEqual([2400, 500_000], [found[what]["touches"] for what in ("many", "long")])
        for what in ("many", "long"):
            self.assertGreater(found[what]["share"], 0)
        self.assertEqual([found["many"]["share"] >= .3, found["long"]["ms_a_contact"] <= 20], [row["holds"] for row in found["bars"]])

    def test_views_are_asked_over_what_a_daemon_made_of_generated_buyers(self):
        phased_test.server("PHASED_KAFKA")		# the same
        found = self.run_part("reports", "--small")
        sizes = found["sizes"]
        self.assertGreater(sizes["accounts"], 90)	# of 100: somebody's second browser is nobody of another one
        self.assertEqual(5000 - 5000 // 101, sizes["touches"])
        self.assertEqual(9, sizes["rejects"])		# two of a thousand that are no retries
        self.assertGreater(sizes["persons"], 350)	# four in five of 500 say who they are, some of them twice
        self.assertGreater(sizes["changes"], 100)
        self.assertEqual([0, 0], list(found["filled"]["chores"]["left"].values())[:2])
        for kind, limit in (("one", 20), ("overview", 500)):
            self.assertGreater(len(found[kind]), 5)
            for row in found[kind]:
                self.assertLessEqual(row["median_ms"], row["worst_ms"])
            self.assertEqual([row["worst_ms" if kind == "one" else "median_ms"] <= limit for row in found[kind]],
                             [row["holds"] for row in found["bars"] if row["limit"] == limit])
        self.assertGreater(sum(row["rows"] for row in found["one"] if row["view"] == "contact_phase"), 1)

    def test_fresh_events_are_timed_while_contacts_wait(self):
        phased_test.server("PHASED_KAFKA")		# the same
        found = self.run_part("latency", "--waiting", "20000", "--contacts", "20000", "--rate", "200", "--warm", "1", "--seconds", "2")
        self.assertGreater(found["events"], 300)
        self.assertGreater(found["waiting_least"], 0)
        self.assertGreater(found["refolded_a_second"], 0)
        self.assertEqual([found["ms"]["p99"] <= 100], [row["holds"] for row in found["bars"]])

    def test_touches_are_folded_with_few_rules_and_many(self):
        found = self.run_part("fold")
        self.assertEqual([33, 2046], [found["rules"], found["rules_many"]])
        self.assertGreater(found["ns_counted"], 0)
        self.assertEqual(3, len(found["bars"]))


if __name__ == "__main__":
    phased_test.main()
