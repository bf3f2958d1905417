#!/usr/bin/python3
"""phasectl model calibrate from the database learns what it learns from a file of the same touches; who may only read may ask."""
import json
import os
import random
import unittest

import phased_test
from daemon_test import DAY_US, NOW_US, DaemonTest

PAGES = {"/guides/choosing-a-workboat-radar/": "web.solution_guide", "/compare/": "web.compare", "/prices/": "web.pricing",
         "/articles/lost-position-at-the-quay/": "web.problem_article", "/blog/winter-quay/": "web.blog",
         "/nothing/of/ours/": "web.other"}
CONTACTS, TOUCHES = 40, 8


class Calibrate(DaemonTest):
    def setUp(self):
        super().setUp()
        self.prepare()

    def visit(self, contacts):
        chance = random.Random(7)
        events = []
        for contact in range(contacts):
            for number in range(TOUCHES):
                at = NOW_US - (60 - number * 3) * DAY_US - contact * 1000000
                events.append({"id": f"{contact}.{number}", "source": "test", "channel": "WEB", "action": "PAGE_VIEW", "occurred_us": at,
                               "received_us": at, "identity": {"anonymous_id": f"b{contact}"}, "consent": {"analytics": "GRANTED"},
                               "content": {"url": f"https://www.nordlys.test{chance.choice(list(PAGES))}"}})
        self.send("".join(json.dumps(event) + "\n" for event in events))
        self.start_phased()
        self.applied(len(events))

    def lines(self):
        """The same touches in lines of model try."""
        rows = self.psql("SELECT contact_id, event, extract(epoch FROM at) * 1000, path "
                         "FROM report.measured m JOIN phased.subject s USING (subject_id)")
        return "".join(json.dumps({"id": f"{contact}.{event}", "contact": contact, "ts_ms": int(float(at)), "received_ms": 0, "rule": PAGES[path]})
                       + "\n" for contact, event, at, path in rows)

    def test_the_database_says_what_a_file_of_the_same_touches_says(self):
        self.visit(CONTACTS)
        reader = self.user("phased_reader")
        from_db = self.phasectl(["model", "calibrate", "--json"], config=reader)
        model = os.path.join(phased_test.ROOT, "conf", "model")
        self.assertEqual(from_db, self.phasectl(["model", "calibrate", "--json", "--model", model], config=reader))
        from_file = self.phasectl(["model", "calibrate", "--json", "--model", model, "--touches", self.write("lines", self.lines())])
        self.assertEqual(from_db, from_file)
        self.assertEqual((CONTACTS, CONTACTS * TOUCHES), tuple(phased_test.json_lines(from_db)[-1][key] for key in ("contacts", "touches")))
        # What it writes can be compared and accepted: of the model in force, all of it.
        learned = self.path("learned.yaml")
        self.phasectl(["model", "calibrate", "--output", learned], config=reader)
        self.phasectl(["model", "check", "--model", learned])
        last = self.value("SELECT to_char(max(at) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM report.measured")
        self.phasectl(["model", "diff", learned, "--time", last], status=1, config=reader)
        self.phasectl(["model", "accept", learned, "--yes"])
        # Of the model that learned it is learned again: the rule book alone counts.
        self.assertEqual(from_db, self.phasectl(["model", "calibrate", "--json"], config=reader))

    def test_few_contacts_and_no_rights_are_said(self):
        self.visit(3)
        done = self.run_phasectl(["model", "calibrate"])
        self.assertEqual((65, ""), (done.status, done.out))
        self.assertIn("3 contacts with touches that count in process standard", done.err)
        done = self.run_phasectl(["model", "calibrate"], config=self.user("phased_monitor"))
        self.assertEqual((77, ""), (done.status, done.out), done.err)


if __name__ == "__main__":
    unittest.main()
