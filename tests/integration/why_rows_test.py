#!/usr/bin/python3
# run: timeout=300
"""Why, and day by day, as rows: written by the daemon for whoever has changed since, adding up to what is shown, gone with the person."""
import json
import math
import random
import signal

import phased_test
from daemon_test import DAY_US, NOW_US, DaemonTest

PATHS = ("/guides/choosing-a-workboat-radar/", "/compare/", "/prices/", "/articles/lost-position-at-the-quay/", "/blog/winter-quay/",
         "/calculator/", "/products/radar/", "/tenders/notice/", "/tenders/scoring/")
# Whoever is in a process, and has no explanation of as he is now.
BEHIND = """SELECT count(*) FROM phased.phase p JOIN phased.phase a ON a.contact_id = p.contact_id AND a.process = 'standard'
    WHERE (p.counted > 0 OR p.confirmed > 0 OR p.shown = 1) AND NOT EXISTS (SELECT FROM phased.explanation e
    WHERE e.contact_id = p.contact_id AND e.process = p.process AND e.version = a.version AND e.model_version = p.model_version)"""


def touch(number, person, us, path="/prices/", **more):
    return {"id": f"e{number}", "source": "test", "channel": "WEB", "action": "PAGE_VIEW", "occurred_us": us, "received_us": us,
            "identity": {"anonymous_id": f"c{person}"}, "consent": {"analytics": "GRANTED"},
            "content": {"url": f"https://www.nordlys.test{path}"}, **more}


class WhyRows(DaemonTest):
    def setUp(self):
        super().setUp()
        self.prepare()

    def explained(self):
        self.wait_until(lambda: self.value(BEHIND) == "0", 60, "all to be explained")

    def people(self, count, seed=7):
        """Days and pages by chance; of some so many that checkpoints are made."""
        chance, events = random.Random(seed), []
        for person in range(count):
            for _ in range(chance.randint(1, 150 if person % 20 == 0 else 25)):
                events.append(touch(len(events), person, NOW_US - chance.randint(DAY_US, 90 * DAY_US), chance.choice(PATHS)))
        return events

    def test_rows_add_up_to_what_is_shown(self):
        self.start_phased()
        self.give(self.people(60))
        self.explained()
        rows = self.psql("""SELECT e.contact_id, e.process, e.phase, e.start_logit, e.logit, p.early, p.mid, p.late, p.reported, p.counted,
            (SELECT sum(x) FROM unnest(e.effects) x), (SELECT sum(x) FROM unnest(e.touches) x), e.as_of = p.last_at, cardinality(e.days)
            FROM phased.explanation e JOIN phased.phase p USING (contact_id, process) WHERE p.counted > 0""")
        self.assertGreater(len(rows), 60)
        self.assertIn("tender", {row[1] for row in rows})
        for contact, process, phase, start, logit, *main, reported, counted, effects, touches, last, lines in rows:
            self.assertEqual((reported, "t"), (phase, last), contact)
            shown = float(main[int(phase)])
            self.assertAlmostEqual(math.log(shown / (1 - shown)), float(logit), 9)
            self.assertAlmostEqual(float(logit), float(start) + float(effects), 9)
            self.assertEqual(counted, touches)
            self.assertLessEqual(int(lines), int(counted))
        # The view says the same as the command, line by line.
        for contact, process, when in self.psql("""SELECT contact_id, process, to_char(as_of AT TIME ZONE 'UTC',
                'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') FROM phased.explanation ORDER BY 1, 2 LIMIT 5"""):
            said = phased_test.json_lines(self.phasectl(["why", contact, "--process", process, "--json", "--time", when]))
            found = self.psql(f"""SELECT day, rule, content, effect FROM report.why WHERE contact_id = '{contact}' AND process = '{process}'
                ORDER BY line""")
            self.assertEqual([(line["day"], line["rule"], line["content"]) for line in said], [tuple(row[:3]) for row in found])
            for line, row in zip(said, found):
                self.assertAlmostEqual(line["effect"], float(row[3]), 9)
        reader = self.user("phased_reader")
        self.assertEqual(0, self.run_phasectl(["why", rows[0][0], "--process", rows[0][1]], config=reader).status)

    def test_who_has_changed_is_explained_anew(self):
        self.start_phased()
        self.give([touch(n, n % 3, NOW_US - (20 - n) * DAY_US) for n in range(12)])
        self.explained()
        before = dict(self.psql("SELECT contact_id, version FROM phased.explanation"))
        late = touch(100, 1, NOW_US - 30 * DAY_US, "/calculator/")
        self.give([late])
        self.explained()
        after = dict(self.psql("SELECT contact_id, version FROM phased.explanation"))
        changed = [contact for contact in before if before[contact] != after[contact]]
        self.assertEqual(1, len(changed))		# only whom it is of
        self.assertEqual([["web.roi_calculator", "t"]], [list(row) for row in self.psql(
            f"SELECT rule, day < (SELECT min(day) FROM report.why w WHERE w.contact_id = y.contact_id AND rule <> y.rule) FROM report.why y "
            f"WHERE contact_id = '{changed[0]}' AND rule = 'web.roi_calculator'")])
        first = dict(self.psql("SELECT contact_id, first_day FROM phased.history"))
        self.assertEqual(min(first.values()), first[changed[0]])

    def rows_of(self, who):
        return self.value(f"SELECT (SELECT count(*) FROM phased.explanation WHERE {who}) + (SELECT count(*) FROM phased.history WHERE {who})")

    def test_what_was_said_goes_with_whom_it_was_said_of(self):
        daemon = self.start_phased()
        self.give([touch(n, 0, NOW_US - (20 - n) * DAY_US) for n in range(5)])
        self.explained()
        self.assertEqual("2", self.rows_of("true"))
        daemon.stop()
        self.write_config(explain__share_percent=0)		# by the batch itself, then
        self.start_phased()
        who = {"anonymous_id": "c0", "email": "karen.holm@acme.test"}
        self.give([touch(10, 0, NOW_US - 5 * DAY_US, identity=who, consent={"analytics": "GRANTED", "profile": "GRANTED"})])
        self.assertEqual("0", self.rows_of("true"))		# it was the browser's, and is the person's now
        self.write_config()
        self.start_phased()
        self.explained()
        person = self.value("SELECT contact_id FROM phased.explanation")
        self.assertEqual("2", self.rows_of(f"contact_id = '{person}'"))
        self.give([touch(11, 0, NOW_US - 2 * DAY_US, identity=who, consent={"analytics": "GRANTED", "profile": "WITHDRAWN"})])
        self.assertEqual("0", self.value(f"SELECT count(*) FROM report.contact_phase WHERE contact_id = '{person}'"))
        self.assertEqual("0", self.rows_of(f"contact_id = '{person}'"))

    def test_days_are_told_to_the_last_that_has_ended(self):
        noon = NOW_US // DAY_US * DAY_US + DAY_US // 2
        self.write_config(review__until="2026-09-21T12:00:00Z")
        self.start_phased()
        self.give([touch(n, 0, noon - (20 - n) * DAY_US) for n in range(8)] +
                  [{"id": "o1", "source": "crm", "channel": "CRM", "action": "OPP_CHANGED", "occurred_us": noon - 2 * DAY_US,
                    "received_us": noon - 2 * DAY_US, "identity": {"email": "karen.holm@acme.test"},
                    "opportunity": {"id": "deal-1", "state": "WON"}}] +
                  [touch("c", 0, noon - 20 * DAY_US, identity={"anonymous_id": "c0", "email": "karen.holm@acme.test"},
                         consent={"analytics": "GRANTED", "profile": "GRANTED"})])
        self.explained()
        days = self.psql("SELECT day, phase, early, mid, late, early + mid + late FROM report.history ORDER BY day")
        self.assertEqual("2026-09-20", days[-1][0])
        self.assertEqual(20, len(days))
        self.assertEqual([None, None], [days[-1][2], days[-2][2]])		# won: the process is closed
        self.assertEqual(["none", "none"], [days[-1][1], days[-2][1]])
        self.assertEqual({"1"}, {day[5] for day in days[:-2]})
        self.assertEqual("0", self.value("SELECT count(*) FROM report.why"))		# nothing has counted since

    def test_several_daemons_one_of_them_killed_leave_nobody_out(self):
        daemons = [self.start_phased() for _ in range(2)]
        self.give(self.people(150, 3))
        daemons[0].kill()
        self.give([touch(f"x{person}", person, NOW_US) for person in range(150)])
        self.explained()
        self.assertEqual("150", self.value("SELECT count(DISTINCT contact_id) FROM phased.explanation"))
        self.wait_until(lambda: self.value("SELECT after_id IS NULL FROM phased.explain") == "t", 30, "the way through to end")

    def test_a_share_of_nothing_is_nothing_and_a_reload_ends_that(self):
        self.write_config(explain__share_percent=0)
        daemon = self.start_phased()
        self.give([touch(n, 0, NOW_US - n * DAY_US) for n in range(5)])
        self.write_config(explain__share_percent=100)
        self.assertEqual("0", self.rows_of("true"))
        daemon.signal(signal.SIGHUP)
        self.explained()
        values = self.metrics(daemon)
        self.assertEqual(1, values["phased_explained_contacts_total"])
        self.assertGreater(values["phased_explain_seconds_total"], 0)

    def test_who_has_more_touches_than_a_person_is_left_out_and_holds_up_nobody(self):
        daemon = self.start_phased()
        self.give([touch(n, 0, NOW_US - n * 1_860_000_000, PATHS[n % 2]) for n in range(10_050)] + [touch("z", 1, NOW_US)])
        self.explained()
        self.assertEqual([["0", "10050"], ["1", "1"]], [list(row) for row in self.psql(
            "SELECT count(e.phase), p.counted FROM phased.explanation e JOIN phased.phase p USING (contact_id, process) "
            "GROUP BY 2 ORDER BY 1")])
        self.assertGreaterEqual(self.metrics(daemon)["phased_explain_too_long_total"], 1)


if __name__ == "__main__":
    phased_test.main()
