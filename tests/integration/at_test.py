#!/usr/bin/python3
# run: timeout=300
"""phasectl at: what the report showed at a moment, whenever it became known; and what could have been shown by what was known then."""
import datetime
import json
import random

import phased_test
from daemon_test import DAY_US, NOW_US, DaemonTest
from why_rows_test import PATHS, touch

ADDRESSES = [f"p{n}@acme.test" for n in range(8)]
KEYS = ["contact", "email", "name", "role", "account", "process", "phase", "fine", "since", "p", "confidence", "activity", "quiet",
        "touches", "channels", "last_touch", "model"]


def moment(us):
    when = datetime.datetime.fromtimestamp(0, datetime.timezone.utc) + datetime.timedelta(microseconds=us)
    return when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class At(DaemonTest):
    def setUp(self):
        super().setUp()
        self.prepare()

    def rows(self):
        return phased_test.json_lines(self.phasectl(["report", "phases", "--json"]))

    def at(self, row, us, *more):
        return json.loads(self.phasectl(["at", row["contact"], "--process", row["process"], "--time", moment(us), "--json", *more]))

    def events(self, chance, first, count, received_us):
        """Browsers, some of them shared by several people who say who they are, some of whom consent."""
        events = []
        for number in range(first, first + count):
            browser = chance.randrange(10)
            event = touch(number, browser, NOW_US - chance.randrange(DAY_US, 60 * DAY_US), chance.choice(PATHS))
            event["received_us"] = received_us
            if chance.random() < .15:
                event["identity"]["email"] = ADDRESSES[(browser + chance.choice((0, 0, 0, 1))) % len(ADDRESSES)]
                if chance.random() < .7:
                    event["consent"]["profile"] = "GRANTED"
            elif chance.random() < .05:
                event["identity"] = {"email": chance.choice(ADDRESSES)}
            events.append(event)
        return events

    def test_it_says_what_the_report_said_and_by_what_was_known_then_still_does(self):
        chance = random.Random(11)
        known_us = NOW_US + DAY_US
        self.start_phased()
        self.give(self.events(chance, 0, 300, NOW_US))
        before = self.rows()
        self.assertGreater(len(before), 10)
        then = {}
        for row in before:
            self.assertEqual(KEYS, list(row))
            found = self.at(row, NOW_US)
            self.assertEqual(KEYS + ["posterior"], list(found))
            if not found["quiet"]:
                self.assertEqual(row["touches"], found["touches"])
                self.assertEqual(row["last_touch"], found["last_touch"])
            self.assertAlmostEqual(1, sum(found["posterior"].values()), 12)
            then[row["contact"], row["process"]] = found
        # At its last touch, to the last digit.
        for row in before:
            found = json.loads(self.phasectl(["at", row["contact"], "--process", row["process"], "--time", row["last_touch"], "--json"]))
            del found["posterior"]
            for name in ("activity", "quiet"):		# of the report: as of now
                del found[name], row[name]
            self.assertEqual(row, found)
        # Later it becomes known what people did before, and who they are.
        self.give(self.events(chance, 1000, 300, NOW_US + 2 * DAY_US))
        changed = 0
        for row in before:
            wanted = then[row["contact"], row["process"]]
            found = self.at(row, NOW_US, "--known-by", moment(known_us))
            for name in ("email", "name", "role"):		# as they are now
                found.pop(name), wanted.pop(name)
            self.assertEqual(wanted, found)
            later = self.run_phasectl(["at", row["contact"], "--process", row["process"], "--time", moment(NOW_US), "--json"])
            changed += later.status == 1 or json.loads(later.out)["touches"] != wanted["touches"]
        self.assertGreater(changed, len(before) // 2)
        # Nobody can have been shown who was not known.
        fresh = {(row["contact"], row["process"]) for row in self.rows()} - set(then)
        self.assertTrue(fresh)
        for contact, process in sorted(fresh):
            done = self.run_phasectl(["at", contact, "--process", process, "--time", moment(NOW_US), "--known-by", moment(known_us)])
            self.assertEqual((1, ""), (done.status, done.out))
            self.assertIn("nothing is known of this contact", done.err)

    def test_many_browsers_and_too_many_touches_of_them(self):
        self.start_phased()
        who = {"anonymous_id": "c1", "email": "karen.holm@acme.test"}
        self.give([touch(n, 1, NOW_US - (20 - n) * DAY_US, identity=who, consent={"analytics": "GRANTED", "profile": "GRANTED"})
                   for n in range(6)])
        row, = self.rows()
        ask = ["--known-by", moment(NOW_US + DAY_US)]
        once = self.at(row, NOW_US, *ask)
        # 1000 browsers more that she once was behind, of 20 touches each that came before she said so
        self.psql("CREATE TEMP TABLE browser AS SELECT gen_random_uuid() AS id FROM generate_series(1, 1000);"
                  "INSERT INTO phased.actor SELECT b.id, a.kind, a.space FROM browser b, "
                  "(SELECT a.* FROM phased.actor a WHERE kind < 3 LIMIT 1) AS a;"
                  "INSERT INTO phased.touch SELECT b.id, t.stamped, t.event_id + n, t.received, t.at - n * interval '1 day', t.subject_id, "
                  "t.reasons, t.party FROM browser b, generate_series(0, 19) AS n, (SELECT * FROM phased.touch ORDER BY at LIMIT 1) AS t;"
                  "INSERT INTO phased.claim SELECT b.id, c.strong, t.stamped, t.event_id, t.at, c.strength FROM browser b "
                  "JOIN LATERAL (SELECT * FROM phased.touch t WHERE t.actor_id = b.id ORDER BY event_id LIMIT 1) AS t ON true, "
                  "(SELECT * FROM phased.claim LIMIT 1) AS c")
        found = self.at(row, NOW_US, *ask)
        self.assertEqual((once["contact"], once["last_touch"]), (found["contact"], found["last_touch"]))
        self.assertGreater(found["touches"], once["touches"])
        self.psql("INSERT INTO phased.touch SELECT t.actor_id, t.stamped, t.event_id + 100 + n, t.received, t.at, t.subject_id, t.reasons, "
                  "t.party FROM generate_series(1, 180000) AS n, (SELECT t.* FROM phased.touch t JOIN phased.claim c ON c.weak = t.actor_id "
                  "LIMIT 1) AS t")
        done = self.run_phasectl(["at", row["contact"], "--time", moment(NOW_US), *ask])
        self.assertEqual((1, ""), (done.status, done.out), done.err)
        self.assertIn("more than 200000 touches of the browsers that somebody was claimed for", done.err)

    def test_words_a_reader_and_an_address(self):
        self.start_phased()
        who = {"anonymous_id": "c1", "email": "karen.holm@acme.test"}
        self.give([touch(n, 1, NOW_US - (20 - n) * DAY_US, identity=who, consent={"analytics": "GRANTED", "profile": "GRANTED"})
                   for n in range(6)])
        row, = self.rows()
        half = json.loads(self.phasectl(["at", "-", "--time", moment(NOW_US - 17 * DAY_US), "--json"], input="karen.holm@acme.test"))
        self.assertEqual((row["contact"], "karen.holm@acme.test", 4), (half["contact"], half["email"], half["touches"]))
        self.assertEqual("2026-09-02T14:13:20Z", half["since"])		# of the second touch: unknown before
        said = self.phasectl(["at", row["contact"], "--time", "2026-09-05T00:00:00Z"])
        self.assertRegex(said, r"karen\.holm@acme\.test +late ")
        self.assertIn("As of 2026-09-05T00:00:00Z, whenever it became known", said)
        reader = self.user("phased_reader")
        for more in ([], ["--known-by", moment(NOW_US)]):
            seen = json.loads(self.phasectl(["at", row["contact"], "--time", moment(NOW_US), "--json", *more], config=reader))
            self.assertEqual((None, 6), (seen["email"], seen["touches"]))
        cases = [
            (["at", row["contact"]], 64, "--time: needed"),
            (["at", row["contact"], "--time", "soon"], 64, "--time: expected a time"),
            (["at", row["contact"], "--time", moment(NOW_US), "--known-by", "then"], 64, "--known-by: expected a time"),
            (["at", row["contact"], "--time", "2020-01-01T00:00:00Z"], 1, "nothing is known of this contact in process standard"),
            (["at", row["contact"], "--time", moment(NOW_US), "--process", "tendr"], 64, "did you mean tender?"),
        ]
        for words, status, text in cases:
            done = self.run_phasectl(words)
            self.assertEqual((status, ""), (done.status, done.out), words)
            self.assertIn(text, done.err)
        done = self.run_phasectl(["at", row["contact"], "--time", moment(NOW_US)], config=self.user("phased_monitor"))
        self.assertEqual((77, ""), (done.status, done.out), done.err)


if __name__ == "__main__":
    phased_test.main()
