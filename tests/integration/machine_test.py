#!/usr/bin/python3
# run: timeout=420
"""Machine traffic: kept, shown with its reasons, cleared of a contact and set again, with tables as if it had never been flagged."""
import json
import random

import events
import phased_test
import tables
from daemon_faults_test import FaultTest
from daemon_test import DAY_US, NOW_US

ADDRESS = "kirsten.vestergaard@havnelods.test"
OTHER = "morten.dahl@havnelods.test"
SECOND_US = 1_000_000
EVER = ("--days", "100000")
# What the flags alone change: the touches themselves and how they are counted.
FLAGGED = ("touch", "outcome_day")
PATHS = ("/guides/choosing-a-workboat-radar/", "/compare/", "/prices/", "/calculator/", "/articles/lost-position-at-the-quay/",
         "/blog/winter-quay/", "/products/", "/terms/")
LINKS = ("/prices/", "/guides/choosing-a-workboat-radar/", "/articles/radar-blind-in-rain/", "/terms/", "/compare/")


def walk(address, days=40, reasons=0):
    """A page every few hours over the days; some of them flagged."""
    for number in range(days * 2):
        at = NOW_US - (days - number // 2) * DAY_US + number % 2 * 5000 * SECOND_US
        event = {"id": f"{address}/{number}", "source": "snowplow", "site": "skarv", "channel": "WEB", "action": "PAGE_VIEW",
                 "occurred_us": at, "received_us": at, "identity": {"anonymous_id": f"cookie of {address}"},
                 "consent": {"analytics": "GRANTED"}, "content": {"url": f"https://www.nordlys.test{PATHS[number % len(PATHS)]}"}}
        if number % 3 == 0 and reasons:
            event["machine"] = {"reasons": reasons}
        yield event


def introduce(address):
    """Whose cookie that is, and that they agree."""
    return {"id": f"{address}/form", "source": "snowplow", "site": "skarv", "channel": "WEB", "action": "FORM_SUBMIT",
            "occurred_us": NOW_US - 41 * DAY_US, "received_us": NOW_US - 41 * DAY_US,
            "identity": {"anonymous_id": f"cookie of {address}", "email": address},
            "consent": {"analytics": "GRANTED", "profile": "GRANTED"}}


def clicks(address, at):
    """All links of a mail, more slowly than what is told by two seconds."""
    for number, link in enumerate(LINKS):
        moment = at + number * 5 * SECOND_US
        yield {"id": f"{address}/{at}/click{number}", "source": "mailgun", "site": "nordlys-mail", "channel": "EMAIL",
               "action": "EMAIL_CLICK", "occurred_us": moment, "received_us": moment, "identity": {"email": address},
               "content": {"target_url": f"https://www.nordlys.test{link}"}}


def mails(address, name, action, at):
    """What became of a mail."""
    return {"id": f"{address}/{name}", "source": "mailgun", "site": "nordlys-mail", "channel": "EMAIL", "action": action,
            "occurred_us": at, "received_us": at, "identity": {"email": address},
            "content": {"target_url": "https://www.nordlys.test/prices/"}}


def unflagged(sent):
    return [{name: value for name, value in event.items() if name != "machine"} for event in sent]


class Machine(FaultTest):
    honeypots = ""

    def fresh_database(self, model=True):
        made = super().fresh_database(model)
        if self.honeypots:
            self.psql(f"UPDATE phased.setting SET value = '{self.honeypots}' WHERE key = 'machine.honeypots'", made)
        return made

    def contact(self, address):
        rows = phased_test.json_lines(self.phasectl(["report", "phases", "--json"]))
        return next(row["contact"] for row in rows if row["email"] == address)

    def dump(self):
        self.nobody_waits()
        return tables.dump(self, self.database)

    def calm(self, sent):
        """The reference, more than once in a test: each with topics and a group of its own."""
        ours = self.name
        self.count = getattr(self, "count", 0) + 1
        self.name = f"{ours}_{self.count}"
        try:
            return self.reference(sent)
        finally:
            self.name = ours

    def same_but_flags(self, first, second, what):
        without = [{name: text for name, text in dump.items() if name not in FLAGGED} for dump in (first, second)]
        tables.assert_same(self, *[{**dump, **dict.fromkeys(FLAGGED, "")} for dump in without], what)

    def show(self, *more, **how):
        return phased_test.json_lines(self.phasectl(["machine", "show", *more, "--json"], **how))

    def test_what_is_cleared_counts_as_if_it_had_never_been_flagged_until_that_is_taken_back(self):
        self.prepare()
        sent = [introduce(ADDRESS), introduce(OTHER), *walk(ADDRESS, reasons=2), *walk(OTHER, reasons=2)]
        self.send(events.lines(sent))
        phased = self.start_phased()
        self.applied(len(sent))
        flagged = self.dump()
        contact = self.contact(ADDRESS)
        self.assertIn("1 reason cleared", self.phasectl(["machine", "clear", contact, "--comment", "an old browser of theirs"]))
        self.assertIn("nothing to change", self.phasectl(["machine", "clear", contact]))
        more = sent[10:50]		# once more: nothing may change
        self.send(events.lines(more))
        self.applied(len(sent) + len(more))
        cleared = self.dump()
        self.same_but_flags(self.calm([event for event in sent if OTHER in event["id"]] + unflagged(
            [event for event in sent if ADDRESS in event["id"]])), cleared, "what was cleared, never flagged")
        self.assertNotEqual(flagged["phase"], cleared["phase"])
        late = [{**event, "id": "late/" + event["id"], "occurred_us": event["occurred_us"] + 3600 * SECOND_US,
                 "received_us": event["occurred_us"] + 3600 * SECOND_US}
                for event in walk(ADDRESS, days=9, reasons=2)]		# the same kind follows the decision
        self.send(events.lines(late))
        self.applied(len(sent) + len(more) + len(late))
        self.same_but_flags(self.calm([event for event in sent if OTHER in event["id"]] + unflagged(
            [event for event in sent + late if ADDRESS in event["id"]])), self.dump(), "more of it")
        self.assertIn("no longer cleared", self.phasectl(["machine", "clear", contact, "--undo"]))
        again = self.dump()
        tables.assert_same(self, self.calm(sent + more + late), again, "taken back")
        self.assertEqual(0, phased.stop())

    def test_reasons_are_cleared_one_by_one_and_bursts_are_one_of_them(self):
        self.prepare()
        at = NOW_US - 3 * DAY_US
        sent = [introduce(ADDRESS), *walk(ADDRESS, days=10), *clicks(ADDRESS, at), *clicks(ADDRESS, at + 100 * SECOND_US)]
        sent += [{**event, "id": f"bot/{event['id']}", "machine": {"reasons": 2 | 512}} for event in clicks(ADDRESS, at - DAY_US)]
        self.send(events.lines(sent))
        phased = self.start_phased()
        self.applied(len(sent))
        before = self.dump()
        contact = self.contact(ADDRESS)
        shown = self.show(contact, *EVER)
        self.assertEqual({("burst", "rule"): 10, ("user_agent", "flag"): 5, ("open_proxy", "flag"): 5}, {
            pair: sum((row["reason"], row["mechanism"]) == pair for row in shown)
            for pair in {(row["reason"], row["mechanism"]) for row in shown}})
        self.assertEqual({False}, {row["cleared"] for row in shown})
        self.phasectl(["machine", "clear", contact, "--reason", "Burst,user_agent"])
        shown = self.show(contact, *EVER)
        self.assertEqual({"burst"}, {row["reason"] for row in shown if row.get("mechanism") and row["cleared"]})	# open_proxy is left
        bursts = self.dump()
        self.phasectl(["machine", "clear", contact, "--reason", "open_proxy"])
        self.assertEqual({True}, {row["cleared"] for row in self.show(contact, *EVER)})
        every = self.dump()
        self.assertEqual(3, len({before["phase"], bursts["phase"], every["phase"]}))
        counted = int(self.value(f"SELECT sum(touches) FROM report.contact_phase WHERE contact_id = '{contact}'"))
        lines = phased_test.json_lines(self.phasectl(["why", contact, "--json"]))		# reads the same evidence
        row = next(row for row in phased_test.json_lines(self.phasectl(["report", "phases", "--json"])) if row["contact"] == contact)
        self.assertEqual(counted, row["touches"])
        self.assertIn("email.click_late", [line["rule"] for line in lines])
        self.phasectl(["machine", "clear", contact, "--undo", "--reason", "open_proxy"])
        tables.assert_same(self, bursts, self.dump(), "one taken back")
        self.phasectl(["machine", "clear", contact, "--undo"])
        tables.assert_same(self, before, self.dump(), "all taken back")
        self.assertEqual(0, phased.stop())

    def test_it_is_counted_by_day_and_reason_and_who_may_see_or_do_what(self):
        self.prepare()
        at = NOW_US - 3 * DAY_US
        sent = [introduce(ADDRESS), *walk(ADDRESS, days=5, reasons=2 | 16), *clicks(ADDRESS, at)]
        self.send(events.lines(sent))
        self.start_phased()
        self.applied(len(sent))
        contact = self.contact(ADDRESS)
        reader, seller, monitor = self.user("phased_reader"), self.user("phased_seller"), self.user("phased_monitor")
        counts = self.show(*EVER, config=reader)
        self.assertEqual({"user_agent": 4, "prefetch": 4, "burst": 5}, {
            reason: sum(row["touches"] for row in counts if row["reason"] == reason)
            for reason in {row["reason"] for row in counts}})
        self.assertEqual({"skarv", "nordlys-mail"}, {row["site"] for row in counts})
        for args, config in ((["show", contact], reader), (["clear", contact], reader), (["show"], monitor), (["clear", contact], monitor)):
            done = self.run_phasectl(["machine", *args], config=config)
            self.assertEqual((77, ""), (done.status, done.out), done.err)
        self.phasectl(["machine", "clear", "-", "--comment", "asked on the phone"], input=ADDRESS + "\n", config=seller)
        rows = self.show(contact, *EVER, config=seller)
        self.assertEqual([("any", True, "asked on the phone")],
                         [(row["reason"], row["cleared"], row["comment"]) for row in rows if "comment" in row])
        self.assertTrue(rows[0]["decided_by"].endswith("_seller"))
        text = self.phasectl(["machine", "show", contact, *EVER], config=seller)
        self.assertIn("cleared: counts", text)
        self.assertIn("any cleared by", text)
        self.assertNotIn(ADDRESS, text)
        self.assertIn("in 30 days", self.phasectl(["machine", "show"]))
        # A comment that came another way forges no line and reaches no terminal raw.
        self.psql("UPDATE phased.machine_decision SET comment = E'is \\x1b[2J\\nforged\\u009b2J ' || repeat('x', 300)")
        text = self.phasectl(["machine", "show", contact, *EVER], config=seller)
        self.assertRegex(text, r"(?m)any cleared by \S+_seller: is \ufffd\[2J\ufffdforged\ufffd2J x{100,199}…$")
        self.assertNotRegex(text, r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")

    def test_clicks_too_soon_after_their_mail_move_nothing_whichever_comes_first(self):
        self.prepare(2)
        sent = [introduce(ADDRESS), *walk(ADDRESS, days=10)]
        soon = 0
        for number, seconds in enumerate((0, 3, 10, 11, 3600, -2)):
            at = NOW_US - (9 - number) * DAY_US
            mail = mails(ADDRESS, f"mail{number}", "EMAIL_SENT" if number == 1 else "EMAIL_DELIVERED", at)
            sent += [mail, mails(ADDRESS, f"click{number}", "EMAIL_CLICK", at + seconds * SECOND_US)]
            sent.append(mails(ADDRESS, f"open{number}", "EMAIL_OPEN", at + seconds * SECOND_US))
            soon += 0 <= seconds <= 10
        # of another sender, or to somebody else: says nothing of this click
        at = NOW_US - 12 * DAY_US
        sent += [introduce(OTHER), mails(ADDRESS, "lone", "EMAIL_CLICK", at + 2 * SECOND_US), mails(OTHER, "his", "EMAIL_DELIVERED", at),
                 {**mails(ADDRESS, "theirs", "EMAIL_DELIVERED", at), "source": "sendgrid"}]
        self.send(events.lines(sent))
        self.start_phased()
        self.applied(len(sent))
        contact = self.contact(ADDRESS)
        before = self.dump()
        shown = [row for row in self.show(contact, *EVER) if row["reason"] == "too_soon"]
        self.assertEqual([("rule", "EMAIL_CLICK")] * soon, [(row["mechanism"], row["action"]) for row in shown])
        self.assertEqual({"applied": len(sent)}, self.outcomes())
        backwards = sent[::-1]
        for order in (backwards, sorted(sent, key=lambda event: (event["action"] != "EMAIL_CLICK", event["id"]))):
            tables.assert_same(self, self.calm(order), before, "in another order")
        without = [event for event in sent if event["action"] not in ("EMAIL_SENT", "EMAIL_DELIVERED")]
        self.phasectl(["machine", "clear", contact, "--reason", "too_soon"])
        cleared, never = self.dump(), self.calm(without)
        self.assertNotEqual(before["phase"], cleared["phase"])
        for table in ("phase", "phase_change", "checkpoint"):
            self.assertEqual(never[table], cleared[table], table)
        self.phasectl(["machine", "clear", contact, "--undo"])
        tables.assert_same(self, before, self.dump(), "taken back")

    def test_clicks_around_a_link_that_nobody_can_see_move_nothing_whichever_comes_first(self):
        self.honeypots = "www.nordlys.test/other www.nordlys.test/nothing-here"
        self.prepare(2)
        at, said_at = NOW_US - 3 * DAY_US, NOW_US - 2 * DAY_US
        hidden = {"content": {"target_url": "https://www.nordlys.test/nothing-here"}}
        sent = [introduce(ADDRESS), introduce(OTHER), *walk(ADDRESS, days=10),
                {**mails(ADDRESS, "trap", "EMAIL_CLICK", at), **hidden},
                {**mails(ADDRESS, "said", "EMAIL_CLICK", said_at), "machine": {"reasons": 128}},
                *[mails(ADDRESS, f"click{seconds}", "EMAIL_CLICK", at + seconds * SECOND_US)
                  for seconds in (-3600, -31, -30, -1, 0, 30, 31, 3600)],
                *[mails(ADDRESS, f"near{seconds}", "EMAIL_CLICK", said_at + seconds * SECOND_US) for seconds in (-5, 5)],
                mails(ADDRESS, "open", "EMAIL_OPEN", at + SECOND_US),
                # of another sender, or by somebody else
                mails(OTHER, "his", "EMAIL_CLICK", at), {**mails(ADDRESS, "theirs", "EMAIL_CLICK", at), "source": "sendgrid"}]
        self.send(events.lines(sent))
        self.start_phased()
        self.applied(len(sent))
        contact = self.contact(ADDRESS)
        before = self.dump()
        shown = [(row["mechanism"], row["action"]) for row in self.show(contact, *EVER) if row["reason"] == "honeypot"]
        self.assertEqual([("flag", "EMAIL_CLICK")] + [("rule", "EMAIL_CLICK")] * 7, sorted(shown))
        self.assertEqual({"applied": len(sent) - 1, "machine": 1}, self.outcomes())
        for order in (sent[::-1], sorted(sent, key=lambda event: (event["id"].endswith(("trap", "said")), event["id"]))):
            tables.assert_same(self, self.calm(order), before, "in another order")
        self.phasectl(["machine", "clear", contact, "--reason", "honeypot"])
        cleared, self.honeypots = self.dump(), ""
        never = self.calm(unflagged(sent))
        self.assertNotEqual(before["phase"], cleared["phase"])
        for table in ("phase", "phase_change", "checkpoint"):
            self.assertEqual(never[table], cleared[table], table)
        self.phasectl(["machine", "clear", contact, "--undo"])
        tables.assert_same(self, before, self.dump(), "taken back")

    def test_three_links_within_two_seconds_move_nothing_whichever_comes_first(self):
        self.prepare(2)
        # seconds and link of each click of a case, and how many of them are a machine's
        cases = [("a within the time", ((0, "a"), (0.9, "b"), (2, "c")), 3), ("two links", ((0, "a"), (1, "b"), (1.5, "a"), (2, "b")), 0),
                 ("more slowly", ((0, "a"), (1, "b"), (2.001, "c")), 0), ("opened one by one", ((0, "a"), (3, "b"), (9, "c")), 0),
                 ("at one moment", ((0, "a"), (0, "b"), (0, "c"), (0, "d")), 4), ("one again, and one by itself", ((0, "a"), (1, "b"), (1, "a"), (1.5, "c"), (9, "d")), 4),
                 ("three of five", ((-1.9, "x"), (0, "a"), (1, "b"), (1.9, "a"), (2, "b"), (3.9, "c")), 3), ("it is not known which", ((0, ""), (1, "a"), (2, "b")), 0),
                 ("not known, beside three", ((0, "a"), (1, ""), (1, "c"), (2, "b")), 4)]
        sent = [introduce(ADDRESS), introduce(OTHER), *walk(ADDRESS, days=10)]
        for number, (name, made, _) in enumerate(cases):
            at = NOW_US - (9 - number % 9) * DAY_US + number // 9 * 3600 * SECOND_US
            for place, (seconds, link) in enumerate(made):
                sent.append({**mails(ADDRESS, f"{name}/{place}", "EMAIL_CLICK", at + round(seconds * SECOND_US)),
                             "content": {"target_url": f"https://www.nordlys.test/{link}"} if link else {}})
        at = NOW_US - 12 * DAY_US	# by two, of two senders; opens are no clicks
        for address, link, more in ((ADDRESS, "a", {}), (ADDRESS, "b", {}), (OTHER, "c", {}), (ADDRESS, "d", {"source": "sendgrid"}), (ADDRESS, "e", {"action": "EMAIL_OPEN"})):
            sent.append({**mails(address, f"mixed {link}", "EMAIL_CLICK", at), "content": {"target_url": f"https://www.nordlys.test/{link}"}, **more})
        self.send(events.lines(sent))
        self.start_phased()
        self.applied(len(sent))
        contact, before = self.contact(ADDRESS), self.dump()
        found = [(row["mechanism"], row["action"]) for row in self.show(contact, *EVER) if row["reason"] == "all_links"]
        self.assertEqual([("rule", "EMAIL_CLICK")] * sum(count for *_, count in cases), found)
        self.assertEqual({"applied": len(sent)}, self.outcomes())
        for number, (name, made, count) in enumerate(cases):
            at = NOW_US - (9 - number % 9) * DAY_US + number // 9 * 3600 * SECOND_US
            with self.subTest(name):
                self.assertEqual(str(count), self.value(f"""SELECT count(*) FROM phased.touch t JOIN phased.subject s USING (subject_id) WHERE (t.reasons & 262144) <> 0
                    AND s.source = 'mailgun' AND t.stamped BETWEEN to_timestamp({at / SECOND_US}) - interval '60 s' AND to_timestamp({at / SECOND_US}) + interval '60 s'"""))
        for order in (sent[::-1], sorted(sent, key=lambda event: (event["id"][-1], event["id"]))):
            tables.assert_same(self, self.calm(order), before, "in another order")
        self.phasectl(["machine", "clear", contact, "--reason", "all_links"])
        self.assertNotEqual(before["phase"], self.dump()["phase"])
        self.phasectl(["machine", "clear", contact, "--undo"])
        tables.assert_same(self, before, self.dump(), "taken back")

    def test_which_clicks_of_thousands_are_of_three_links_is_told_in_one_pass(self):
        """Against what the rule says, word by word; and slow would be what compares each with each."""
        self.prepare(1, batch__events_min=5000, batch__events_max=5000)
        chance, at, count = random.Random(7), NOW_US - 3 * DAY_US, 1500
        sent = [introduce(ADDRESS)]
        for number in range(count):	# a few links, in sparse and dense times, by stamps that are often the same
            moment = at + chance.randrange(900 if number % 3 else 120) * SECOND_US * (1 if number % 2 else 2) // 2
            sent.append({**mails(ADDRESS, f"click{number}", "EMAIL_CLICK", moment), "site": f"site{number % 3}",
                         "content": {"target_url": f"https://www.nordlys.test/{chance.choice('aaaabbbc')}"}})
        self.send(events.lines(sent))
        phased = self.start_phased()
        self.applied(len(sent))
        self.assertEqual(0, phased.stop())
        right = self.psql("""WITH c AS MATERIALIZED (SELECT t.stamped, t.event_id, (t.reasons & 262144) <> 0 AS is, s.site, s.target_path AS link
                FROM phased.touch t JOIN phased.subject s USING (subject_id) WHERE s.action = 203),
            begins AS MATERIALIZED (SELECT a.site, a.stamped FROM c a WHERE 3 <= (SELECT count(DISTINCT b.link) FROM c b WHERE b.site = a.site
                AND b.stamped BETWEEN a.stamped AND a.stamped + interval '2 s'))
            SELECT c.is, c.is = EXISTS (SELECT FROM begins b WHERE b.site = c.site AND c.stamped BETWEEN b.stamped AND b.stamped + interval '2 s'), count(*)
            FROM c GROUP BY 1, 2 ORDER BY 1""")
        self.assertEqual([["f", "t"], ["t", "t"]], [row[:2] for row in right])
        self.assertTrue(all(int(row[2]) > 100 for row in right), right)

    def test_thousands_of_clicks_within_seconds_are_read_once_each(self):
        self.prepare(1, batch__events_min=3000, batch__events_max=3000)
        at, count = NOW_US - 3 * DAY_US, 2000
        sites = ("nordlys-mail", "skarv-mail")
        sent = [introduce(ADDRESS)]
        sent += [{**mails(ADDRESS, f"click{number}", "EMAIL_CLICK", at + number * 17 * SECOND_US // 2000), "site": sites[number % 2]}
                 for number in range(count)]
        spread = [{**mails(ADDRESS, f"later{number}", "EMAIL_CLICK", at + number * 3 * SECOND_US), "site": sites[number % 2]}
                  for number in range(7, 107)]
        self.send(events.lines(sent + spread))
        phased = self.start_phased()
        self.applied(len(sent + spread))
        self.assertEqual("0", self.value("SELECT count(*) FROM phased.touch WHERE reasons <> 0"))
        found = [{**mails(ADDRESS, f"mail{number}", "EMAIL_SENT", at + number * SECOND_US), "site": sites[number % 3 == 0]}
                 for number in (1, 5, 14, 40, 48, 100, 111, 300)]
        self.send(events.lines(found))
        self.applied(len(sent + spread + found))
        soon = self.psql("""SELECT (t.reasons & 65536) <> 0, count(*) FROM phased.touch t JOIN phased.subject s USING (subject_id)
            WHERE s.action = 203 GROUP BY 1 ORDER BY 1""")
        wrong = """SELECT count(*) FROM phased.touch t JOIN phased.subject s USING (subject_id)
            WHERE s.action = 203 AND ((t.reasons & 65536) <> 0) <> EXISTS (SELECT FROM phased.touch d JOIN phased.subject e USING (subject_id)
                WHERE d.actor_id = t.actor_id AND e.action IN (200, 201) AND e.source = s.source AND e.site = s.site
                AND d.stamped BETWEEN t.stamped - interval '10 s' AND t.stamped)"""
        self.assertEqual("0", self.value(wrong))
        self.assertTrue(all(int(n) > 50 for _, n in soon) and len(soon) == 2, soon)
        self.assertEqual(0, phased.stop())
        # All of them at once, which nothing is known of: touches are fetched so many times.
        fetched = self.psql("""BEGIN; UPDATE phased.touch SET reasons = 0;
            CREATE TEMP TABLE before AS SELECT sum(idx_tup_fetch) AS n FROM pg_stat_xact_user_tables WHERE relname LIKE 'touch%';
            SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;
            SET LOCAL enable_bitmapscan = off;
            SELECT phased.machine_time(array_agg(actor_id), array_agg(stamped)) FROM phased.touch;
            SELECT sum(idx_tup_fetch) - (SELECT n FROM before) FROM pg_stat_xact_user_tables WHERE relname LIKE 'touch%'""")
        self.assertEqual(soon[1][1], fetched[0][0])
        self.assertIn(int(fetched[1][0]), range(count, 5 * len(sent + spread + found)))

    def test_opens_by_proxies_are_flagged_by_what_providers_say(self):
        self.prepare(2)
        at = NOW_US - 3 * DAY_US
        said = ([("user_agent", "Mozilla/5.0")], [("sg_machine_open", "true")], [("client-info.bot", "apple")], [("proxy_open", "true")],
                [("user_agent", "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)")],
                [("sg_machine_open", "false")], [("client-info.bot", "")], [])
        sent = [introduce(ADDRESS)]
        sent += [{**mails(ADDRESS, f"open{number}", "EMAIL_OPEN", at + number * SECOND_US),
                  "properties": [{"key": key, "text": value} for key, value in properties]} for number, properties in enumerate(said)]
        sent.append({**mails(ADDRESS, "label", "EMAIL_OPEN", at), "label": "unique_proxy_open"})
        sent.append({**mails(ADDRESS, "click", "EMAIL_CLICK", at), "properties": [{"key": "user_agent", "text": "Mozilla/5.0"}]})
        self.send(events.lines(sent))
        self.start_phased()
        self.applied(len(sent))
        self.assertEqual([["512", "5"]], self.psql("SELECT reasons, count(*) FROM phased.touch WHERE reasons <> 0 GROUP BY 1"))
        self.assertEqual({"applied": len(sent) - 5, "machine": 5}, self.outcomes())

    def test_mistakes_are_named(self):
        self.prepare()
        contact = "00000000-0000-4000-8000-000000000001"
        for args, status, says in ((["clear"], 64, "expected CONTACT"), (["clear", contact, "--reason", "busrt"], 64, "burst"),
                                   (["clear", contact], 1, "nothing is known of this contact"), (["clear", "xyz"], 64, "expected an id"),
                                   (["show", "--days", "0"], 64, "--days"), (["clear", contact, "--comment", "from a@b.test"], 64, "--comment"),
                                   (["clear", contact, "--comment", "one\nand two"], 64, "one line"), (["clear", contact, "--comment", "\x1b[2J"], 64, "one line"),
                                   (["clear", contact, "--comment", "x" * 201], 64, "201 bytes, at most 200")):
            done = self.run_phasectl(["machine", *args])
            self.assertEqual((status, ""), (done.status, done.out), (args, done.err))
            self.assertIn(says, done.err)


if __name__ == "__main__":
    phased_test.main()
