#!/usr/bin/python3
"""phasectl why over what a daemon has stored: it adds up to what the report shows, in words and as JSON."""
import json
import math

import phased_test
from daemon_test import DAY_US, NOW_US, DaemonTest

ADDRESS = "karen.holm@acme.test"
WALK = (("/guides/choosing-a-workboat-radar/", 30), ("/guides/choosing-a-workboat-radar/", 30.5), ("/compare/", 21), ("/prices/", 14),
        ("/articles/lost-position-at-the-quay/", 9), ("/blog/winter-quay/", 8), ("/calculator/", 3), ("/prices/", 2))


class Why(DaemonTest):
    def setUp(self):
        super().setUp()
        self.prepare()
        events = []
        for number, (path, days) in enumerate(WALK):
            at = NOW_US - int(days * DAY_US)
            events.append({"id": f"e{number}", "source": "test", "channel": "WEB", "action": "PAGE_VIEW", "occurred_us": at,
                           "received_us": at, "identity": {"anonymous_id": "c1", "email": ADDRESS},
                           "consent": {"analytics": "GRANTED", "profile": "GRANTED"},
                           "content": {"url": f"https://www.nordlys.test{path}", "title": "A page"}})
        events.append({**events[0], "id": "bot", "machine": {"reasons": 2}})
        events.append({**events[0], "id": "other", "identity": {"anonymous_id": "c2"}})
        self.send("".join(json.dumps(event) + "\n" for event in events))
        self.start_phased()
        self.applied(len(events))
        rows = phased_test.json_lines(self.phasectl(["report", "phases", "--json"]))
        self.row = next(row for row in rows if row["email"] == ADDRESS)

    def why(self, *more, **how):
        return self.phasectl(["why", self.row["contact"], *more], **how)

    def test_lines_add_up_to_what_is_shown(self):
        when = f"{self.row['last_touch']}"
        lines = phased_test.json_lines(self.why("--json", "--time", when))
        self.assertEqual(["start", "sum"], [lines[0]["rule"], lines[-1]["rule"]])
        for line in lines:
            self.assertEqual(["day", "rule", "content", "effect"], list(line))
        self.assertAlmostEqual(lines[-1]["effect"], sum(line["effect"] for line in lines[:-1]), 12)
        p = self.row["p"][self.row["phase"]]
        self.assertAlmostEqual(lines[-1]["effect"], math.log(p / (1 - p)), 9)
        told = lines[1:-1]
        self.assertEqual(len(told), len({(line["day"], line["rule"]) for line in told}))
        self.assertEqual(sorted(line["day"] for line in told), [line["day"] for line in told])
        self.assertIn("tool-calculator", [line["content"] for line in told])
        self.assertEqual(len(WALK), self.row["touches"])		# the machine's and the other browser's are not among them

    def test_a_reader_may_ask_and_sees_no_address(self):
        reader = self.user("phased_reader")
        self.assertEqual(self.why("--json", "--time", self.row["last_touch"]),
                         self.why("--json", "--time", self.row["last_touch"], config=reader))
        done = self.run_phasectl(["why", self.row["contact"]], config=self.user("phased_monitor"))
        self.assertEqual((77, ""), (done.status, done.out), done.err)

    def test_an_address_and_first_digits_name_a_contact_too(self):
        whole = self.why("--json", "--time", self.row["last_touch"])
        for word, stdin in (("-", ADDRESS), (self.row["contact"][:8], "")):
            self.assertEqual(whole, self.phasectl(["why", word, "--json", "--time", self.row["last_touch"]], input=stdin))

    def test_words_say_the_phase_and_the_strongest_of_both_sides(self):
        said = self.why("--time", self.row["last_touch"])
        phase = self.row["phase"].capitalize()
        self.assertRegex(said, rf"^{phase}, probability 0\.\d\d, (low|medium|high)\. Process standard, {len(WALK)} touches count\.\n")
        self.assertIn("Specification calculator", said)		# the content's title
        self.assertRegex(said, r"\nFor\n +\+\d\.\d  ")
        self.assertRegex(said, r"\nAgainst\n +-\d\.\d  ")
        self.assertRegex(said, r"and \d+ more \(--all\)")
        self.assertNotIn("--all", self.why("--all", "--time", self.row["last_touch"]))
        self.assertNotIn("@", said)

    def test_what_cannot_be_answered_is_said(self):
        cases = [
            (["why", "0badc0de"], 1, "why: no contact's id begins so"),
            (["why", "0badc0de-0000-4000-8000-000000000000"], 1, "nothing is known of this contact in process standard"),
            (["why", self.row["contact"], "--process", "tender"], 1, "nothing is known of this contact in process tender"),
            (["why", self.row["contact"], "--process", "standart"], 64, 'the model in force has no process "standart"; did you mean standard?'),
            (["why", self.row["contact"], "--time", "soon"], 64, "--time: expected a time"),
            (["why", self.row["contact"], "--time", "2020-01-01T00:00:00Z"], 1, "nothing is known of this contact"),
            (["why", "abc"], 64, "expected an id of a contact"),
        ]
        for words, status, text in cases:
            done = self.run_phasectl(words)
            self.assertEqual((status, ""), (done.status, done.out), words)
            self.assertIn(text, done.err)


if __name__ == "__main__":
    phased_test.main()
