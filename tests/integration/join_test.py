#!/usr/bin/python3
# run: sanitized
"""Two contacts become one because a login says so, or somebody who knows; and two again, as they were."""
import json
import time

import phased_test
import tables
from daemon_test import DAY_US, NOW_US, DaemonTest

ADDRESS = "karen.holm@acme.test"
# What a contact is known by and shown as; events themselves (touch, outcome_day, subject, actor, assertion) are more afterwards.
DERIVED = ("contact", "stretch", "phase", "phase_change", "checkpoint", "kin", "claim", "consent", "declared")
MANY = 10_000		# touches of each contact


class Join(DaemonTest):
    number = 0

    def event(self, minutes, identity, profile="GRANTED", **more):
        self.number += 1
        at = NOW_US - 20 * DAY_US + minutes * 60_000_000
        consent = {"analytics": "GRANTED", **({"profile": profile} if profile else {})}
        return {"id": f"e{self.number}", "source": "test", "site": "acme", "channel": "WEB", "action": "PAGE_VIEW", "occurred_us": at,
                "received_us": at, "identity": identity, "consent": consent,
                "content": {"url": "https://www.nordlys.test/guides/choosing-a-workboat-radar/", "title": "A page"}, **more}

    def login(self, minutes, user="u-42", address=ADDRESS, **more):
        return self.event(minutes, {"user_id": user, "email": address, "verified": True, **more}, action="IDENTIFY")

    def two(self):
        """A login on one browser, an address on another."""
        return [self.event(i, {"anonymous_id": "laptop", "user_id": "u-42"}) for i in range(3)] + \
            [self.event(1000 + i, {"anonymous_id": "phone", "email": ADDRESS}) for i in range(3)]

    def phases(self):
        return phased_test.json_lines(self.phasectl(["report", "phases", "--json"]))

    def counts(self):
        """How many page views each contact has that is in a phase."""
        return [int(n) for n, in self.psql(
            "SELECT count(*) FROM phased.phase p JOIN phased.stretch s USING (contact_id) JOIN phased.touch t ON t.actor_id = s.actor_id "
            "AND t.at >= s.from_at AND t.at < s.to_at JOIN phased.subject_rule r USING (subject_id) WHERE p.process = 'standard' "
            "AND p.counted > 0 AND r.rule_number IS NOT NULL GROUP BY p.contact_id ORDER BY 1")]

    def shown(self):
        return json.loads(self.phasectl(["identity", "show", "-", "--json"], input=ADDRESS))

    def derived(self):
        self.nobody_waits()
        return {table: rows if table in DERIVED else "" for table, rows in tables.dump(self, self.database).items()}

    def wait_for(self, count):
        self.given += count
        self.applied(self.given)
        self.nobody_waits()

    def test_a_login_with_an_address_joins_its_two_contacts(self):
        self.prepare()
        self.start_phased()
        self.give(self.two())
        before = self.phases()
        self.assertEqual([3, 3], self.counts())
        self.give([self.login(2000)])
        row, = self.phases()
        self.assertEqual([6], self.counts())
        self.assertEqual(min(row["contact"] for row in before), row["contact"])
        self.assertEqual(ADDRESS, row["email"])
        shown = self.shown()
        self.assertEqual(row["contact"], shown["contact"])
        self.assertEqual([], shown["refused"])
        self.assertEqual([("cookie", "claimed"), ("cookie", "claimed"), ("email", "verified"), ("user", "verified")],
                         sorted((actor["kind"], "verified" if actor["strength"] == "own" else actor["strength"])
                                for actor in shown["actors"]))
        own, other = [actor for actor in shown["actors"] if actor["kind"] in ("email", "user")]
        self.assertEqual((shown["contact"], None), (own["actor"], own["via"]))
        self.assertEqual(own["actor"], other["via"])
        # by any of its identifiers, and as words
        for actor in (own, other):
            self.assertIn(f"{shown['contact'][:8]} since", self.phasectl(["identity", "show", actor["actor"]]))
        self.give([self.login(3000), self.event(3001, {"anonymous_id": "laptop"})])		# as every day
        self.assertEqual([7], self.counts())

    def test_a_split_gives_the_tables_of_before_and_a_join_those_of_between(self):
        self.prepare()
        self.start_phased()
        self.give(self.two())
        apart = self.derived()
        actors = [row[0] for row in self.psql("SELECT actor_id FROM phased.actor WHERE kind >= 3 ORDER BY 1")]
        one, other = actors
        privacy = self.user("phased_privacy", "phased_reader")
        said = self.phasectl(["identity", "join", one, "--with", other, "--at", "2026-09-20T12:00:00Z"], config=privacy)
        self.assertEqual("sent: these two are one person, as of 2026-09-20T12:00:00Z\n", said)
        self.wait_for(1)
        joined = self.derived()
        self.assertEqual([6], self.counts())
        self.phasectl(["identity", "split", other[:13], "--from", one, "--at", "2026-09-20T13:00:00Z"], config=privacy)
        self.wait_for(1)
        tables.assert_same(self, apart, self.derived(), "split again")
        self.give([self.login(2500)])		# does not join them any more
        self.assertEqual([3, 3], self.counts())
        self.assertEqual(["split"], [row["why"] for row in self.shown()["refused"]])
        self.assertIn("somebody has split them", self.phasectl(["identity", "show", "-"], input=ADDRESS))
        self.phasectl(["identity", "join", "-", "--with", [actor for actor in actors if actor != self.shown()["contact"]][0],
                       "--at", "2026-09-20T14:00:00Z"], input=ADDRESS)
        self.wait_for(1)
        self.assertEqual([6], self.counts())
        self.assertEqual(joined["stretch"], self.derived()["stretch"])
        self.assertEqual([["join", "2"], ["split", "2"], ["join", "2"]],
                         self.psql("SELECT what, counts->>'actors' FROM phased.audit WHERE what IN ('join', 'split') ORDER BY id"))

    def test_who_refused_stays_unknown_until_something_newer_is_said(self):
        self.prepare()
        self.start_phased()
        self.give(self.two() + [self.event(1500, {"user_id": "u-42"}, "DENIED", action="CONSENT")])
        self.assertEqual([3], self.counts())
        self.give([self.event(2000, {"user_id": "u-42", "email": ADDRESS, "verified": True}, None, action="IDENTIFY")])
        self.assertEqual([], self.counts())		# the more restrictive of the two
        self.give([self.event(2100, {"email": ADDRESS}, action="CONSENT")])
        self.assertEqual([6], self.counts())

    def test_a_sixth_address_of_a_login_joins_nothing(self):
        self.prepare()
        self.start_phased()
        self.give([self.event(i, {"anonymous_id": f"c{i}", "email": f"p{i}@acme.test"}) for i in range(6)])
        self.give([self.login(100 + i, address=f"p{i}@acme.test") for i in range(6)])
        self.assertEqual([1, 5], self.counts())
        shown = json.loads(self.phasectl(["identity", "show", "-", "--json"], input="p5@acme.test"))
        self.assertEqual(["addresses"], [row["why"] for row in shown["refused"]])

    def rows_read(self, given):
        """Rows of table assertion that are read for these events. The daemon's connections tell of it when they end."""
        count = "SELECT idx_tup_fetch + seq_tup_read FROM pg_stat_user_tables WHERE relname = 'assertion'"
        before = int(self.value(count))
        phased = self.start_phased()
        self.give(given)
        self.assertEqual(0, phased.stop())
        self.wait_until(lambda: self.value("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'phased%' AND datname = "
                                           "current_database()") == "0", 20, "its connections to end")
        self.psql("SELECT pg_stat_force_next_flush()")
        return int(self.value(count)) - before

    def test_whom_assertions_link_is_worked_out_once(self):
        self.prepare(1)
        many = 200		# addresses of one login
        phased = self.start_phased()
        self.give([self.login(i, address=f"p{i}@acme.test") for i in range(many)])
        self.assertEqual(0, phased.stop())
        read = self.rows_read([self.login(many, address="last@acme.test")])
        self.assertEqual(str(many + 1), self.value("SELECT count(*) FROM phased.assertion"))
        self.assertGreaterEqual(read, 3 * many)		# by either end while it is looked who they are, and all of theirs
        self.assertLess(read, 4 * many)

    def test_what_cannot_be_joined_is_said(self):
        self.prepare()
        self.start_phased()
        self.give(self.two())
        actor = self.value("SELECT actor_id FROM phased.actor WHERE kind = 4")
        cookie = self.value("SELECT actor_id FROM phased.actor WHERE kind = 0 LIMIT 1")
        cases = [
            (["join", actor], "", 64, "expected --with"),
            (["split", actor], "", 64, "expected --from"),
            (["join", actor, "--with", actor], "", 64, "--with: this is the same identifier"),
            (["join", actor, "--with", cookie], "", 1, "--with: no person's identifier is known by this"),
            (["join", "deadbee", "--with", actor], "", 64, "identity join: expected an id"),
            (["join", "-", "--with", actor], "nobody@acme.test", 1, "identity join: no person's identifier is known by this"),
            (["split", "-", "--from", actor, "--at", "2999-01-01T00:00:00Z"], ADDRESS, 64, "--at: this is still to come"),
            (["show", "-"], "nobody@acme.test", 1, "nobody is known by this"),
            (["join", "-", "--with", actor, "--at", "1990-01-01T00:00:00Z"], ADDRESS, 64, "the daemon would not take this: time_out_of_range"),
        ]
        for words, stdin, status, said in cases:
            done = self.run_phasectl(["identity", *words], input=stdin)
            self.assertEqual((status, ""), (done.status, done.out), words)
            self.assertIn(said, done.err)
            self.assertNotIn("@", done.err)
        done = self.run_phasectl(["identity", "join", "-", "--with", actor], input=ADDRESS, config=self.user("phased_reader"))
        self.assertEqual(77, done.status, done.err)
        self.topics["crm"] += "-elsewhere"
        self.write_config()
        self.assertIn("no topic", self.run_phasectl(["identity", "join", "-", "--with", actor], input=ADDRESS).err)
        self.assertEqual("0", self.value("SELECT count(*) FROM phased.audit WHERE what IN ('join', 'split')"))

    def test_two_contacts_of_10000_touches_are_joined_in_one_transaction(self):
        self.prepare(2)
        self.start_phased()
        self.give([self.event(i / 10, {"user_id": "u-42"}) for i in range(MANY)] +
                  [self.event(i / 10 + 0.05, {"email": ADDRESS}) for i in range(MANY)])
        self.assertEqual([MANY, MANY], self.counts())
        begun = time.monotonic()
        self.give([self.login(2000)])
        took = time.monotonic() - begun
        self.assertEqual([2 * MANY], self.counts())
        written = self.psql("SELECT DISTINCT xmin FROM phased.kin UNION "
                            "SELECT xmin FROM phased.stretch WHERE actor_id <> contact_id UNION "
                            "SELECT xmin FROM phased.assertion UNION SELECT xmin FROM phased.phase")
        self.assertEqual(1, len(written), "one transaction wrote the persons, whose touches are whose, and the phases")
        print(f"\nshown: two contacts of {MANY} touches each were joined in one transaction, {took:.2f} s from Kafka to the tables")
        self.assertLess(took, 30)


if __name__ == "__main__":
    phased_test.main()
