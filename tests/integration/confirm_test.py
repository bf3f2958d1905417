#!/usr/bin/python3
"""Hard facts through the whole: phasectl confirm, and what a CRM says of a purchase that was won or lost."""
import json

import phased_test
from daemon_test import DAY_US, NOW_US, DaemonTest

ADDRESS = "karen.holm@acme.test"


class Confirm(DaemonTest):
    def setUp(self):
        super().setUp()
        self.prepare()

    def touch(self, number, days_ago, path="/guides/choosing-a-workboat-radar/", **more):
        at = NOW_US - days_ago * DAY_US
        return {"id": f"e{number}", "source": "test", "channel": "WEB", "action": "PAGE_VIEW", "occurred_us": at, "received_us": at,
                "identity": {"anonymous_id": "c1", "email": ADDRESS}, "consent": {"analytics": "GRANTED", "profile": "GRANTED"},
                "content": {"url": f"https://www.nordlys.test{path}", "title": "A page"}, **more}

    def closed(self, number, days_ago, state):
        at = NOW_US - days_ago * DAY_US
        return {"id": f"o{number}", "source": "crm", "channel": "CRM", "action": "OPP_CHANGED", "occurred_us": at, "received_us": at,
                "identity": {"email": ADDRESS}, "opportunity": {"id": "deal-1", "state": state}}

    def send_events(self, *events):
        self.send("".join(json.dumps(event) + "\n" for event in events))

    def row(self):
        rows = phased_test.json_lines(self.phasectl(["report", "phases", "--json"]))
        self.assertEqual(1, len(rows))
        return rows[0]

    def test_a_confirmed_phase_moves_its_contact_once(self):
        self.send_events(*(self.touch(i, 30 - i) for i in range(3)))
        self.start_phased()
        self.applied(3)
        before = self.row()
        self.assertEqual(("mid", 3), (before["phase"], before["touches"]))
        words = ["confirm", "-", "--phase", "Late", "--at", "2026-09-10T10:00:00Z"]
        for _ in range(2):		# the same words at the same time
            self.assertEqual("sent: late in process standard, as of 2026-09-10T10:00:00Z\n", self.phasectl(words, input=ADDRESS))
        self.applied(5)
        after = self.row()
        self.assertEqual(("late", 3), (after["phase"], after["touches"]))
        self.assertGreater(after["p"]["late"], 3 * before["p"]["late"])
        self.assertEqual({"applied": 4, "duplicate": 1}, self.outcomes())
        self.assertEqual("1", self.value("SELECT confirmed FROM phased.phase WHERE confirmed > 0"))
        # by id, a fine phase, now, by somebody who may see persons and no more
        self.phasectl(["confirm", after["contact"], "--phase", "suppliers"], config=self.user("phased_seller"))
        self.applied(6)
        self.assertEqual("2", self.value("SELECT confirmed FROM phased.phase WHERE confirmed > 0"))

    def test_what_cannot_be_confirmed_is_said(self):
        cases = [
            (["confirm", "-", "--phase", "late"], "nobody@acme.test", 1, "no person with this id or address has consented"),
            (["confirm", "-", "--phase", "late"], "no address", 64, "confirm -: expected one mail address on stdin"),
            (["confirm", "-", "--phase", "lat"], ADDRESS, 64, '--phase: the model in force has no phase "lat"; did you mean late?'),
            (["confirm", "-", "--phase", "none"], ADDRESS, 64, '--phase: the model in force has no phase "none"'),
            (["confirm", "-", "--phase", "late", "--process", "standart"], ADDRESS, 64, "did you mean standard?"),
            (["confirm", "-", "--phase", "late", "--at", "2999-01-01T00:00:00Z"], ADDRESS, 64, "--at: this is still to come"),
            (["confirm", "-", "--phase", "late", "--at", "soon"], ADDRESS, 64, "--at: expected a time"),
            (["confirm", "-", "--phase", "late", "--at", "1990-01-01T00:00:00Z"], ADDRESS, 64, "time_out_of_range"),
            (["confirm", "deadbee", "--phase", "late"], "", 64, "expected an id of a contact"),
            (["confirm", "deadbeef", "--phase", "late"], "", 1, "no contact's id begins so"),
            (["confirm", "-"], ADDRESS, 64, "expected --phase"),
        ]
        self.send_events(self.touch(1, 1))
        self.start_phased()
        self.applied(1)
        for words, stdin, status, said in cases:
            done = self.run_phasectl(words, input=stdin)
            self.assertEqual((status, ""), (done.status, done.out), words)
            self.assertIn(said, done.err)
            self.assertNotIn("@", done.err)
        self.assertEqual("1", self.value("SELECT sum(n) FROM phased.outcome_day"))

    def test_an_opportunity_is_about_each_of_its_contacts(self):
        def view(person, number, days_ago):
            who = {"anonymous_id": f"c{person}", "crm_id": f"crm-{person}"}
            return self.touch(f"{person}-{number}", days_ago, identity=who, site="nordlys")
        deal = self.closed(1, 5, "LOST") | {"identity": {}, "site": "nordlys"}
        deal["opportunity"]["contact_ids"] = ["crm-1", "crm-2", "null", "crm-1"]
        self.send_events(*(view(person, number, 30 - number) for person in (1, 2, 3) for number in range(3)))
        phased = self.start_phased()
        self.applied(9)
        self.send_events(deal, deal | {"received_us": NOW_US})
        self.applied(11)
        rows = phased_test.json_lines(self.phasectl(["report", "phases", "--json"]))
        self.assertEqual(["mid", "none", "none"], sorted(row["phase"] for row in rows))
        self.assertEqual({"applied": 10, "duplicate": 1}, self.outcomes())
        self.assertEqual("2", self.value("SELECT count(*) FROM phased.touch t JOIN phased.subject s USING (subject_id) WHERE s.label = 'lost'"))
        self.assert_conserved(phased)

    def test_won_or_lost_closes_the_process_until_the_next_touch(self):
        self.send_events(*(self.touch(i, 30 - i) for i in range(3)))
        phased = self.start_phased()
        self.applied(3)
        self.send_events(self.closed(1, 20, "OPEN"))
        self.applied(4)
        self.assertEqual("mid", self.row()["phase"])
        self.send_events(self.closed(2, 10, "WON"))
        self.applied(5)
        row = self.row()
        self.assertEqual(("none", 0, None), (row["phase"], row["touches"], row["confidence"]))
        self.assertEqual("none", self.value("SELECT CASE to_shown WHEN 1 THEN 'none' END FROM phased.phase_change ORDER BY at DESC LIMIT 1"))
        # What became known late lies before the sale, and is as closed as the rest.
        self.send_events(self.touch(7, 11, "/prices/"))
        self.applied(6)
        self.assertEqual("none", self.row()["phase"])
        self.send_events(self.touch(8, 5), self.touch(9, 4))
        self.applied(8)
        row = self.row()
        self.assertEqual(("early", 2), (row["phase"], row["touches"]))		# two guides alone say less than three
        self.assert_conserved(phased)


if __name__ == "__main__":
    phased_test.main()
