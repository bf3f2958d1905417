#!/usr/bin/python3
"""proto/README.md: its two producers are run as they stand there, and their events arrive in report.contact_phase."""
# run: sanitized
import os
import re
import subprocess
import unittest

import phased_test

PROTO = os.path.join(phased_test.ROOT, "proto")
EXAMPLES = {"python": "produce.py", "sh": "produce.sh"}


def text(*path):
    with open(os.path.join(PROTO, *path)) as lines:
        return lines.read()


class Readme(unittest.TestCase):
    def test_it_shows_the_examples_as_they_are(self):
        shown = dict(re.findall(r"^```(\w+)\n(.*?)^```$", text("README.md"), re.M | re.S))
        self.assertEqual({word: text("examples", name) for word, name in EXAMPLES.items()}, shown)

    def test_python_stays_short(self):
        self.assertLessEqual(text("examples", EXAMPLES["python"]).count("\n"), 20)

    def test_it_names_what_the_proto_has(self):
        proto, readme = text("phased", "v1", "event.proto"), text("README.md")
        event = re.search(r"^message Event \{\n(.*?)^\}", proto, re.M | re.S).group(1)
        for field in re.findall(r"^  (?:\w+ |oneof \w+ \{ \w+ |repeated \w+ )(\w+) = \d+;", event, re.M):
            if field not in ("session_id", "thread_id", "process"):		# the proto is enough
                self.assertIn(f"`{field}`", readme)
        for action in re.findall(r"^    (\w+) = \d+;.*never evidence", event, re.M):
            self.assertIn(f"`{action}`", readme)


class Producers(phased_test.PhasedTest):
    def produce(self, name, topic):
        done = subprocess.run([os.path.join(PROTO, "examples", name), phased_test.server("PHASED_KAFKA"), topic],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(0, done.returncode, done.stderr)

    def rows(self):
        return self.psql("SELECT r.phase, r.touches, p.address, p.role FROM report.contact_phase r"
                         " LEFT JOIN report.person p USING (contact_id) ORDER BY p.address NULLS LAST")

    def test_both_examples_arrive_in_the_report(self):
        self.prepare()
        daemon = self.start_phased()
        for name in EXAMPLES.values():
            self.produce(name, self.topics["web"])
        expected = [["unknown", "1", "solveig.strand@rederi.test", "CFO"], ["unknown", "1", None, None]]
        self.wait_until(lambda: self.rows() == expected, 40, f"{expected}")
        self.produce("produce.py", self.topics["web"])		# run again, it says another thing, of the same person
        self.wait_until(lambda: self.value("SELECT count(*) FROM phased.touch") == "3", 20, "another touch")
        self.assertEqual("2", self.value("SELECT count(DISTINCT actor_id) FROM phased.touch"))
        self.assertEqual([], self.psql("SELECT * FROM phased.rejected"))
        self.assertEqual(0, daemon.stop())

    def test_a_producer_s_mistakes_are_named(self):
        """As the README says: what is wrong is a row with reason and field, and nothing else stops."""
        self.prepare()
        daemon = self.start_phased()
        good = ('{"id":"1","source":"s","channel":"WEB","action":"PAGE_VIEW","occurred_us":"2026-11-01T10:00:00Z",'
                '"identity":{"anonymous_id":"c-1"},"consent":{"analytics":"GRANTED"}}')
        mistakes = [
            (good.replace("anonymous_id", "anonymus_id"), "application/json", "unreadable", "identity.anonymus_id"),
            (good, "text/plain", "unreadable", "content-type"),
            (good, None, "unreadable", "content-type"),
            (good.replace("PAGE_VIEW", "PAGE_EATEN"), "application/json", "unknown_action", "action"),
            (good.replace('"id":"1",', ""), "application/json", "bad_value", "id"),
            (good.replace("2026", "9999"), "application/json", "time_out_of_range", "occurred_us"),
            (good.replace("c-1", "c" * 257), "application/json", "too_large", "identity.anonymous_id"),
            (good.replace("c-1", "\\u0000"), "application/json", "bad_text", "identity.anonymous_id"),
        ]
        for value, content_type, *_ in mistakes + [(good, "application/json; charset=utf-8")]:
            header = ["-H", f"content-type={content_type}"] if content_type else []
            subprocess.run(["kcat", "-P", "-b", phased_test.server("PHASED_KAFKA"), "-t", self.topics["web"], "-p", "0",
                            *header], input=value, text=True, check=True, timeout=60)
        self.wait_until(lambda: self.value("SELECT count(*) FROM phased.touch") == "1", 40, "the good one")
        self.assertEqual([[reason, field] for *_, reason, field in mistakes],
                         self.psql('SELECT reason, field FROM phased.rejected ORDER BY "offset"'))
        self.assertEqual(0, daemon.stop())


if __name__ == "__main__":
    phased_test.main()
