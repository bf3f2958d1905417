#!/usr/bin/python3
# run: timeout=600
"""Opportunities as CRMs send them: a change without its contacts, and who these are in other messages, before it, after it, or never."""
import json
import random

import events
import phased_test
import tables
from at_test import moment
from daemon_test import DAY_US, NOW_US, DaemonTest

SITE = "nordlys"
PATHS = ("/guides/choosing-a-workboat-radar/", "/compare/", "/prices/", "/calculator/")


def day(number):
    """So many days before the invented present, at another second each."""
    return NOW_US - number * DAY_US


def view(person, number, days_ago, **more):
    at = day(days_ago)
    return {"id": f"view/{person}/{number}", "source": "test", "site": SITE, "channel": "WEB", "action": "PAGE_VIEW", "occurred_us": at,
            "received_us": at, "identity": {"anonymous_id": f"browser of {person}", "crm_id": person},
            "consent": {"analytics": "GRANTED", "profile": "GRANTED"},
            "content": {"url": f"https://www.nordlys.test{PATHS[number % len(PATHS)]}"}, **more}


def visits(person, first=30, count=4):
    return [view(person, number, first - number) for number in range(count)]


def says(name, days_ago, deal="deal-1", received=None, **opportunity):
    """What a CRM says of a deal; nobody else is named."""
    at = day(days_ago)
    return {"id": name, "source": "crm", "site": SITE, "channel": "CRM", "action": "OPP_CHANGED", "occurred_us": at, "received_us": received or at,
            "consent": {"analytics": "GRANTED"}, "opportunity": {"id": deal, **opportunity}}


def joins(name, days_ago, *people, **more):
    return says(name, days_ago, contact_ids=list(people), **more)


def leaves(name, days_ago, *people, **more):
    return says(name, days_ago, left_contact_ids=list(people), **more)


class OpportunityTest(DaemonTest):
    def phases(self, config=None):
        """What is shown, by the CRM's id of whom it is."""
        shown = {row["contact"]: row["phase"] for row in phased_test.json_lines(self.phasectl(["report", "phases", "--json"], config=config))}
        return {person: shown.get(contact) for person, contact in self.contacts.items()}

    def know(self, *people):
        """Finds out which contact each of them is, by a page that nobody else has seen."""
        self.contacts = {}
        for person in people:
            self.give([view(person, 0, 40, content={"url": f"https://www.nordlys.test/only/{person}"})])
            self.contacts[person] = self.value(
                "SELECT s.contact_id FROM phased.touch t JOIN phased.subject b USING (subject_id) JOIN phased.stretch s ON s.actor_id = t.actor_id "
                f"AND s.from_at <= t.at AND t.at < s.to_at WHERE b.path = '/only/{person}'")


class Remembered(OpportunityTest):
    def test_a_change_is_about_whom_other_events_name_before_it_or_after_it(self):
        self.prepare()
        phased = self.start_phased()
        self.know("ann", "bo", "carl", "dora")
        self.give([event for person in ("ann", "bo", "carl", "dora") for event in visits(person)])
        self.assertEqual({"mid"}, set(self.phases().values()))
        self.give([joins("j1", 20, "ann", "carl"), says("c1", 15, stage="Proposal", state="OPEN"), leaves("l1", 12, "carl")])
        self.assertEqual({"mid"}, set(self.phases().values()), "an open deal is no evidence")
        self.give([says("c2", 10, stage="Signed", state="WON", amount=5.5, currency="DKK", owner="seller@nordlys.test")])
        self.assertEqual({"ann": "none", "bo": "mid", "carl": "mid", "dora": "mid"}, self.phases())
        self.give([joins("j2", 2, "bo")])		# long after, and of a day after
        self.assertEqual({"ann": "none", "bo": "none", "carl": "mid", "dora": "mid"}, self.phases())
        self.assertEqual(3, self.outcomes()["remembered"])
        self.assertNotIn("unidentified", self.outcomes())
        self.assert_conserved(phased)
        # The seller's stage beside what was measured, by somebody who may read no names.
        reader = self.psql("SET ROLE phased_reader; SELECT opportunity, stage, state, amount, currency, contacts, none, mid FROM report.opportunity")
        self.assertEqual([["deal-1", "Signed", "won", "5.5", "DKK", "2", "2", "0"]], reader)
        self.assertEqual(self.value(f"SELECT to_timestamp({day(10)} / 1000000.0)"), self.value("SELECT since FROM report.opportunity"))
        self.assertEqual("1", self.value("SELECT count(*) FROM phased.opportunity WHERE owner = ''"), "an address is no id")
        # By what was known when it was won nobody knew of Bo.
        bo = self.contacts["bo"]
        known = {us: json.loads(self.phasectl(["at", bo, "--time", moment(day(1)), "--known-by", moment(us), "--json"]))["phase"] for us in (day(5), day(1))}
        self.assertEqual({day(5): "mid", day(1): "none"}, known)
        self.assertEqual("none", json.loads(self.phasectl(["at", bo, "--time", moment(day(5)), "--json"]))["phase"])
        self.assertIn("the process was closed: won or lost", self.run_phasectl(["why", bo]).err)
        # A reopened deal closes nothing more; a touch opens the process again.
        self.give([says("c3", 1.5, stage="Proposal", state="OPEN"), view("bo", 2, 1), view("bo", 3, .9)])
        self.assertNotEqual("none", self.phases()["bo"])
        self.assertEqual([["Proposal", "open"]], self.psql("SELECT stage, state FROM report.opportunity"))
        self.give([says("c4", .5, state="LOST")])
        self.assertEqual("none", self.phases()["bo"])

    def test_a_deal_of_500_contacts_is_worked_out_in_slices(self):
        self.prepare()
        phased = self.start_phased()
        people = [f"p{n}" for n in range(500)]
        self.give([event for person in people for event in visits(person, 30, 3)])
        self.give([joins(f"j{n}", 20, *people[n:n + 50]) for n in range(0, 500, 50)])
        self.give([says("c1", 10, state="WON")])
        self.assertEqual("500", self.value("SELECT count(*) FROM report.contact_phase WHERE phase = 'none'"))
        self.assertEqual([["500", "500"]], self.psql("SELECT contacts, none FROM report.opportunity"))
        values = self.assert_conserved(phased)
        self.assertEqual(500, values["phased_opportunity_touches_total"])
        self.wait_until(lambda: self.metrics(phased)["phased_opportunity_waiting"] == 0, 30, "the metric to say that nothing waits")

    def test_who_is_erased_is_no_contact_and_does_not_become_one(self):
        self.prepare()
        self.start_phased()
        self.know("ann", "bo")
        # The CRM's id and the address are one person's, as a login vouches.
        ann = view("ann", 1, 39) | {"action": "IDENTIFY"}
        ann["identity"] |= {"email": "ann@havnelods.test", "verified": True}
        self.give([ann, *visits("ann"), *visits("bo"), joins("j1", 20, "ann", "bo"), says("c1", 15, state="WON"), leaves("l1", 14, "ann")])
        held = phased_test.json_lines(self.phasectl(["export", "--json"], input="ann@havnelods.test\n"))
        self.assertEqual([True, False], [row["row"]["present"] for row in held if row["table"] == "opportunity_contact"])
        self.phasectl(["erase"], input="ann@havnelods.test\n")
        self.nobody_waits()
        self.assertEqual("1", self.value("SELECT count(*) FROM phased.opportunity_contact"), "Bo's")
        self.assertIn("nothing is left", self.phasectl(["erase", "--verify"], input="ann@havnelods.test\n"))
        touches = self.value("SELECT count(*) FROM phased.touch")
        # What was said before comes again, and says more: of Bo.
        self.give([joins("j1", 20, "ann", "bo"), joins("j2", 19, "ann"), leaves("l1", 14, "ann"), says("c2", 16, stage="Proposal")])
        self.assertEqual("1", self.value("SELECT count(DISTINCT actor_id) FROM phased.opportunity_contact"))
        self.assertEqual(int(touches) + 1, int(self.value("SELECT count(*) FROM phased.touch")))
        self.assertIn("nothing is left", self.phasectl(["erase", "--verify"], input="ann@havnelods.test\n"))

    def test_one_deal_that_fails_holds_up_no_other(self):
        self.prepare()
        self.start_phased()
        self.know("ann", "bo")
        self.give([*visits("ann"), *visits("bo")])
        self.psql("CREATE FUNCTION phased.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '57014'; END $$; "
                  f"CREATE TRIGGER refuse BEFORE INSERT ON phased.touch FOR EACH ROW WHEN (NEW.at = to_timestamp({day(10)} / 1000000.0)) "
                  "EXECUTE FUNCTION phased.refuse()")
        self.send(events.lines([joins("j1", 20, "ann"), says("c1", 10, state="WON"), joins("j2", 20, "bo", deal="deal-2"), says("c2", 9, deal="deal-2", state="WON")]))
        self.wait_until(lambda: self.phases()["bo"] == "none", 60, "the other deal to go on")
        self.assertEqual("mid", self.phases()["ann"])
        self.psql("DROP TRIGGER refuse ON phased.touch")
        self.nobody_waits()
        self.assertEqual({"ann": "none", "bo": "none"}, self.phases())

    def test_what_a_change_is_about_is_kept_though_whom_it_names_is_erased(self):
        self.prepare()
        self.start_phased()
        self.know("ann", "bo")
        ann = view("ann", 1, 39) | {"action": "IDENTIFY"}
        ann["identity"] |= {"email": "ann@havnelods.test", "verified": True}
        self.give([ann, *visits("bo")])
        self.phasectl(["erase"], input="ann@havnelods.test\n")
        self.give([joins("c1", 10, "ann", state="WON", stage="Signed"), joins("j1", 9, "bo")])
        self.assertEqual("none", self.phases()["bo"])
        self.assertEqual("0", self.value("SELECT count(*) FROM phased.touch t WHERE NOT EXISTS (SELECT FROM phased.subject s WHERE s.subject_id = t.subject_id)"))

    def test_of_one_moment_the_closing_change_is_the_last_and_a_masked_id_is_no_deal(self):
        self.prepare()
        self.start_phased()
        for deal, names in (("deal-1", ("a", "b")), ("deal-2", ("b", "a")), ("deal-3", ("c", "d")), ("deal-4", ("d", "c"))):
            self.give([says(f"{deal}/{names[0]}", 5, deal=deal, stage="x17", state="OPEN"), says(f"{deal}/{names[1]}", 5, deal=deal, state="WON")])
        self.give([says("m", 5, deal="ann@havnelods.test", state="OPEN"), says("o", 4, deal="deal-4", amount=3, owner="Ann Example")])
        self.assertEqual([["won", "t"]], self.psql(f"SELECT DISTINCT state, since = to_timestamp({day(5)} / 1000000.0) FROM report.opportunity"))
        self.assertEqual("4", self.value("SELECT count(*) FROM report.opportunity"))

    def test_what_is_old_goes_as_touches_do_and_who_the_contacts_are_stays_known(self):
        self.prepare()
        phased = self.start_phased()
        self.know("ann", "bo")
        old = [joins("j1", 25, "ann", "bo"), leaves("l1", 24, "ann"), joins("j2", 23, "ann"), leaves("l2", 22, "bo"), says("c1", 20, state="OPEN"),
               joins("j3", 21, "bo", deal="deal-2"), says("c2", 20, deal="deal-2", state="OPEN"), joins("j4", 21, "bo", deal="deal-3")]
        self.give(old + [says("c3", 5, stage="Proposal"), *visits("ann", 10), *visits("bo", 10)])
        self.assertEqual(0, phased.stop())
        self.psql(f"UPDATE phased.retention SET kept_from = to_timestamp({day(12)} / 1000000.0)")
        self.write_config(retention__touch_months=1200)
        self.start_phased()
        self.wait_until(lambda: self.value("SELECT count(*) FROM phased.opportunity_stage") == "1", 60, "old changes to go")
        self.wait_until(lambda: self.value("SELECT count(*) FROM phased.opportunity_contact") == "2", 60, "old statements to go")
        self.nobody_waits()
        self.assertEqual([["deal-1", "Proposal"]], self.psql("SELECT id, stage FROM phased.opportunity"))
        self.assertEqual([["f"], ["t"]], self.psql("SELECT present FROM phased.opportunity_contact ORDER BY 1"))
        self.give([says("c4", 3, state="WON"), says("c5", 20, deal="deal-2", state="WON")])		# the other one is refused
        self.assertEqual({"ann": "none", "bo": "mid"}, self.phases())
        self.assertEqual(1, self.outcomes()["expired"])


def story():
    """Deals with all that may happen to them, and what is shown of whom in the end."""
    everything, shown = [], {}
    for number, (changes, phases) in enumerate([
            # who joins and leaves, before and after it is won; and who nobody speaks of
            ([("join", 20, "a"), ("won", 10), ("join", 5, "b"), ("leave", 12, "c"), ("join", 20, "c"), ("leave", 8, "d"), ("join", 18, "d")],
             {"a": "none", "b": "none", "c": "mid", "d": "none", "e": "mid"}),
            # who left and came again; who only left
            ([("join", 22, "a"), ("leave", 15, "a"), ("join", 12, "a"), ("lost", 10), ("leave", 20, "b"), ("join", 5, "c"), ("leave", 3, "c")],
             {"a": "none", "b": "mid", "c": "none"}),
            # reopened, and not closed again; a stage alone
            ([("won", 14), ("open", 12), ("stage", 11), ("join", 1, "a"), ("again", 9, "a")], {"a": "late"}),
            # withdraws, and is named before and after
            ([("join", 20, "a"), ("won", 10), ("withdraw", 15, "a"), ("join", 20, "b")], {"a": None, "b": "none"}),
            # names somebody itself, and others are named elsewhere
            ([("won by", 10, "a"), ("join", 9, "b"), ("leave", 11, "a")], {"a": "none", "b": "none"}),
    ]):
        deal = f"deal-{number}"
        name = lambda person, number=number: f"{person}{number}"
        for person, phase in phases.items():
            everything += visits(name(person))
            shown[name(person)] = phase
        for place, (what, days_ago, *people) in enumerate(changes):
            who, ident = [name(person) for person in people], f"{deal}/{place}"
            days_ago -= place / 100_000		# no two at once
            if what == "join":
                everything.append(joins(ident, days_ago, *who, deal=deal))
            elif what == "leave":
                everything.append(leaves(ident, days_ago, *who, deal=deal))
            elif what == "withdraw":
                gone = view(who[0], 99, days_ago)
                everything.append(gone | {"action": "CONSENT", "identity": {"crm_id": who[0]}, "consent": {"analytics": "GRANTED", "profile": "WITHDRAWN"}})
            elif what == "again":
                everything += [view(who[0], 50, days_ago), view(who[0], 54, days_ago - 1)]
            elif what == "stage":
                everything.append(says(ident, days_ago, deal=deal, stage="Proposal", amount=7, owner="o1"))
            elif what == "won by":
                everything.append(joins(ident, days_ago, *who, deal=deal, state="WON", stage="Signed"))
            else:
                everything.append(says(ident, days_ago, deal=deal, state=what.upper(), stage=what.title()))
        if number == 3:		# whether what was withdrawn was written before is not compared
            everything = [event | {"source": events.LEAVERS} if event["id"].startswith((f"{deal}/", "view/a3/")) else event for event in everything]
    return everything, shown


class Order(OpportunityTest):
    def play(self, everything, number, daemons, parts, **overrides):
        """The tables that these messages give in this order: so many daemons, and so many times that all of it is waited for."""
        database = self.fresh_database()
        self.new_topics(f"{self.name}_{number}")
        self.write_config(kafka__group=f"{self.name}_{number}", kafka__session_ms=6000, **overrides)
        self.phasectl(["topics", "create", "--partitions", "4", "--replication", "1"])
        programs = [self.start_phased() for _ in range(daemons)]
        for part in range(parts):
            self.send(events.lines(everything[part::parts]))
            self.applied(sum(len(everything[i::parts]) for i in range(part + 1)), 120, database)
            self.nobody_waits(database)
        for program in programs:
            self.settled(program)
            self.assertEqual(0, program.stop())
        return tables.dump(self, database)

    def test_any_order_copies_ways_and_daemons_give_byte_equal_tables(self):
        everything, shown = story()
        # Copies that were received later, by a sender whose clock had been put right meanwhile.
        copies = [event | {"received_us": event["received_us"] + 7_000_000, "occurred_us": event["occurred_us"] + 3_000_000,
                           "stamped_us": event["occurred_us"]} for event in everything if event["source"] == "crm"]
        everything = [event | {"stamped_us": event["occurred_us"]} for event in everything] + copies
        dice, first = random.Random(7), None
        plays = [(1, 1, {"batch__quick": "no", "batch__lanes": 1}), (1, 9, {"batch__lanes": 1}), (2, 3, {"batch__lanes": 2, "batch__events_max": 5, "batch__events_min": 5}),
                 (2, 1, {"batch__copy_min": 5, "batch__lanes": 2}), (1, 5, {"batch__quick": "no", "batch__events_max": 3, "batch__events_min": 3})]
        for number, (daemons, parts, overrides) in enumerate(plays):
            found = self.play(everything, number, daemons, parts, **overrides)
            if first is None:
                first = found
                phases = [row[0] for row in self.psql("SELECT coalesce(p.phase, 'nobody') FROM phased.contact c "
                                                      "LEFT JOIN report.contact_phase p USING (contact_id) ORDER BY 1")]
                self.assertEqual(sorted(phase for phase in shown.values() if phase), phases)
                for table in ("opportunity", "opportunity_stage", "opportunity_contact", "touch"):
                    self.assertGreater(len(first[table].splitlines()), 4, table)
            else:
                tables.assert_same(self, first, found, f"play {number}: {daemons} daemons, {parts} parts, {overrides}")
            dice.shuffle(everything)


if __name__ == "__main__":
    phased_test.main()
