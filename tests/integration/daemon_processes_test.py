#!/usr/bin/python3
"""One person in several buying processes at once, each in its own phase: what belongs to which, through the daemon to the report."""
import datetime
import glob
import json
import os
import time

import phased_test
from daemon_test import DaemonTest

JOURNEYS = os.path.join(phased_test.ROOT, "tests", "journeys")
ENDS = {"tender": "late", "call-off": "late", "innovation": "early", "parts": "mid"}
WEB = "https://www.nordlys.test"


def journey(name, who, end_us):
    """Its events as those of one browser, its last one at this time."""
    with open(os.path.join(JOURNEYS, f"{name}.ndjson"), encoding="utf-8") as lines:
        events = [json.loads(line) for line in lines]
    times = [round(datetime.datetime.fromisoformat(event["occurred_us"]).timestamp()) * 1_000_000 for event in events]
    return [{**event, "id": f"{event['id']}-{who}", "site": "nordlys-web", "identity": {"anonymous_id": who},
             "consent": {"analytics": "GRANTED"}, "occurred_us": at_us - max(times) + end_us}
            for event, at_us in zip(events, times)]


class Processes(DaemonTest):
    def setUp(self):
        super().setUp()
        self.prepare()
        self.now_us = (int(time.time()) - 600) * 1_000_000

    def play(self, events):
        self.send("".join(json.dumps(event) + "\n" for event in events))
        phased = self.start_phased()
        self.applied(len(events))
        self.assertEqual({"applied": len(events)}, self.outcomes())
        self.assertEqual(0, phased.stop())

    def rows(self):
        return phased_test.json_lines(self.phasectl(["report", "phases", "--json"]))

    def event(self, number, path, minutes, **more):
        return {"id": f"own-{number}", "source": "snowplow", "site": "nordlys-web", "channel": "WEB", "action": "PAGE_VIEW",
                "occurred_us": self.now_us - minutes * 60_000_000, "identity": {"anonymous_id": "one"},
                "consent": {"analytics": "GRANTED"}, "content": {"url": WEB + path}, **more}

    def test_a_person_stands_in_five_processes_at_once_each_in_its_own_phase(self):
        self.assertEqual(sorted(ENDS), sorted(os.path.basename(path).removesuffix(".ndjson")
                                              for path in glob.glob(f"{JOURNEYS}/*.ndjson")))
        everything = [event for name in ENDS for event in journey(name, "one", self.now_us)]
        everything += [self.event(n, path, 40 * n) for n, path in enumerate(("/articles/lost-position-at-the-quay/",
                                                                             "/articles/radar-blind-in-rain/",
                                                                             "/library/position-integrity/"))]
        self.play(everything)
        rows = self.rows()
        self.assertEqual(1, len({row["contact"] for row in rows}))
        self.assertEqual({**ENDS, "standard": "early"}, {row["process"]: row["phase"] for row in rows})
        fine = {row["process"]: row["fine"] for row in rows}
        self.assertEqual(("find", "concept"), (fine["parts"], fine["innovation"]), "fine phases have the words of their process")
        call_off = next(row for row in rows if row["process"] == "call-off")
        self.assertEqual(0, call_off["p"]["early"], "a process without early phases")

    def test_a_touch_belongs_to_the_process_that_it_names_or_else_its_content_or_else_a_rule_or_else_standard(self):
        cases = [	# path, what it says, process, rule, content
            ("/prices/", {"process": "tender"}, "tender", "web.pricing", ""),
            ("/parts/finder/", {"process": "tender"}, "tender", "web.other", ""),
            ("/tenders/evaluation/", {}, "tender", "web.evaluation", "tender-evaluation"),
            ("/tenders/award/", {}, "tender", "web.award", "tender-award"),
            ("/tenders/2026/17/", {}, "tender", "web.tender_pages", ""),
            ("/udbud/tildeling/", {}, "tender", "web.award", ""),
            ("/guides/choosing-a-workboat-radar/", {}, "standard", "web.solution_guide", "guide-radar"),
            ("/prices/", {"process": "no such"}, "standard", "web.pricing", "price-list"),
        ]
        self.play([self.event(n, path, 40 * n, **more) for n, (path, more, *_) in enumerate(cases)])
        self.assertEqual(sorted([path, more.get("process", ""), *found] for path, more, *found in cases),
                         sorted(self.psql("SELECT s.path, s.process, r.process, r.rule, r.content FROM phased.subject s "
                                          "JOIN phased.subject_rule r USING (subject_id)")))
        self.assertEqual({("tender", 6), ("standard", 2)}, {(row["process"], row["touches"]) for row in self.rows()})

    def test_a_process_that_nobody_is_in_has_no_row(self):
        self.play([self.event(n, path, 40 * n) for n, path in enumerate(("/parts/finder/", "/parts/compatibility/", "/parts/77/"))])
        self.assertEqual([("parts", "mid", 3)], [(row["process"], row["phase"], row["touches"]) for row in self.rows()])


if __name__ == "__main__":
    phased_test.main()
