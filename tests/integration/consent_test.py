#!/usr/bin/python3
"""What is taken of whom, as it is configured: consent to analytics by channel, the browser's signals, what reports say of it; and unsubscribes,
a scanner's among them."""
import json
import secrets
import subprocess
import time
import urllib.parse

from google.protobuf import json_format

import collector_test
import phased_test
from collector_test import FIREFOX, TP2, batch, consent, payload, proto
from daemon_test import NOW_US, DaemonTest

GPC, DNT = {"Sec-GPC": "1"}, {"DNT": "1"}
COOKIE = {"Cookie": "sp=6f9619ff-8b86-4d01-b42d-00c04fc964ff"}


class Signals(collector_test.CollectTest):
    """Sec-GPC and DNT at the collector, by each way that a request may come."""

    def send(self, way, event, headers):
        headers = {"User-Agent": FIREFOX, **headers}
        if way == "pixel":
            return self.ask("GET", f"/i?{urllib.parse.urlencode(event)}", headers=headers)
        if way == "chunked":	# what the quick way of the HTTP server leaves to libmicrohttpd
            return self.ask("POST", TP2, iter([batch(event)]), headers)
        return self.ask("POST", TP2, batch(event), headers)

    def test_a_signal_is_a_refusal_as_it_is_configured(self):
        # consent:, the signals that are sent, is it granted by the event itself? → is it taken?
        cases = [
            ({}, {}, True, True), ({}, {}, False, False),
            ({}, GPC, True, True), ({}, DNT, True, True), ({}, {**GPC, **DNT}, True, True),
            ({"web": "allow"}, {}, False, True),
            ({"web": "allow"}, GPC, False, False), ({"web": "allow"}, DNT, False, False), ({"web": "allow"}, GPC, True, True),
            ({"web": "allow"}, {"DNT": "0", "Sec-GPC": "?1"}, False, True),	# says nothing
            ({"web": "allow", "gpc": "ignore"}, GPC, False, True), ({"web": "allow", "gpc": "ignore"}, DNT, False, False),
            ({"web": "allow", "gpc": "ignore"}, {**GPC, **DNT}, False, False),
            ({"gpc": "deny"}, GPC, True, False), ({"gpc": "deny"}, DNT, True, True), ({"gpc": "deny"}, {}, True, True),
            ({"dnt": "deny", "gpc": "ignore"}, DNT, True, False), ({"dnt": "deny", "gpc": "ignore"}, GPC, True, True),
        ]
        for settings in {json.dumps(settings): settings for settings, *_ in cases}.values():
            self.collect(consent=settings)
            expected, before = {}, {event.id for event in self.events()}
            for _, headers, granted, taken in (case for case in cases if case[0] == settings):
                for way in ("post", "chunked", "pixel"):
                    event = payload(entities=[consent()] if granted else [])
                    answer = self.send(way, event, {**headers, **COOKIE})
                    self.assertEqual(200, answer.status)
                    expected[event["eid"]] = taken
                    refused = bool(headers) and not taken
                    said = answer.headers["Set-Cookie"] or ""
                    self.assertEqual((taken, refused), ("sp=6f96" in said, "sp=;" in said), f"{settings} {headers} {way}: cookie")
            found = {event.id: event for event in self.events() if event.id not in before}
            self.assertEqual({id for id, taken in expected.items() if taken}, set(found), settings)
            self.assertEqual(0, self.program.stop())
        self.assertIn((True, False), {(event.consent.gpc, event.consent.dnt) for event in self.events()}, "they are noted in the event")

    def test_what_is_refused_is_counted_as_refused(self):
        self.collect(consent={"gpc": "deny"})
        self.assertEqual(200, self.post(payload(), payload(entities=[consent()])).status)
        self.assertEqual(200, self.post(payload(entities=[consent()]), payload(), headers=GPC).status)
        self.assertEqual(200, self.post(payload(aid="other"), headers=GPC).status)
        self.assertEqual(4, self.fate("no_consent"))
        self.assertEqual(0, self.program.stop())
        self.assertEqual({("acme-web", 3, 2), ("other", 1, 1)}, {(report.site, report.count, report.denied) for report in self.rejected()})


class Channels(phased_test.PhasedTest):
    """The same at the daemon, for events that no collector has looked at."""
    STATEMENTS = ("UNSAID", "GRANTED", "DENIED", "WITHDRAWN")
    CHANNELS = ("WEB", "EMAIL", "CHAT", "CRM", "OFFLINE")

    def make(self, channel, statement, signal, form, **consents):
        now_us = int(time.time() * 1e6) - 1000000
        event = proto.Event(id=secrets.token_hex(8), source=f"{channel}-{statement}-{signal}-{form}".lower(),
                            channel=proto.Event.Channel.Value(channel), action=proto.Event.CUSTOM, occurred_us=now_us)
        event.identity.anonymous_id = secrets.token_hex(8)
        event.consent.analytics = proto.Consent.State.Value(statement)
        event.consent.gpc, event.consent.dnt = signal in ("gpc", "both"), signal in ("dnt", "both")
        for name, state in consents.items():
            setattr(event.consent, name, proto.Consent.State.Value(state))
        return event

    def produce(self, events):
        """Each in the form that its source says, on the topic of its channel."""
        wire, text = [], []
        for event in events:
            form = event.source.rsplit("-", 1)[1]
            (wire if form == "wire" else text).append(
                event.SerializeToString() if form == "wire" else json.dumps(json.loads(json_format.MessageToJson(
                    event, preserving_proto_field_name=form == "json")), separators=(",", ":")).encode())
        for messages, header in ((text, ["-H", "content-type=application/json"]), (wire, [])):
            done = subprocess.run(["kcat", "-b", phased_test.server("PHASED_KAFKA"), "-P", "-t", self.topics["crm"], *header, "-D", "\x1e"],
                                  input=b"\x1e".join(one for one in messages if b"\x1e" not in one), capture_output=True, timeout=60)
            self.assertEqual(0, done.returncode, done.stderr)
        return [event for event in events if not event.source.endswith("wire") or b"\x1e" not in event.SerializeToString()]

    def outcomes(self, count):
        self.wait_until(lambda: self.value("SELECT coalesce(sum(n), 0) FROM phased.outcome_day") == str(count), 30, f"{count} outcomes")
        return dict(self.psql("SELECT source, outcome FROM phased.outcome_day"))

    def under(self, **settings):
        """A daemon of this configuration, over a new database, reads what is on the topics."""
        self.fresh_database()
        self.write_config(**{f"consent__{name}": value for name, value in settings.items()})
        return self.start_phased()

    def test_each_channel_by_its_own_word_in_each_form(self):
        """As it is by default, and each word turned round."""
        self.prepare()
        sent = self.produce([self.make(channel, statement, "none", form) for channel in self.CHANNELS for statement in self.STATEMENTS
                             for form in ("json", "camel", "wire")])
        defaults = {"WEB": "require", "EMAIL": "allow", "CHAT": "allow", "CRM": "allow", "OFFLINE": "allow"}
        turned = {channel: "allow" if word == "require" else "require" for channel, word in defaults.items()}
        for settings, words in (({}, defaults), ({channel.lower(): word for channel, word in turned.items()}, turned)):
            daemon = self.under(**settings)
            expected = {}
            for event in sent:
                channel, statement, _, _ = event.source.upper().split("-")
                taken = statement == "GRANTED" or (statement == "UNSAID" and words[channel] == "allow")
                expected[event.source] = "applied" if taken else "no_consent"
            self.assertEqual(expected, self.outcomes(len(sent)))
            self.assertEqual(str(list(expected.values()).count("applied")), self.value("SELECT count(*) FROM phased.touch"))
            self.assertEqual(0, daemon.stop())

    def test_signals_of_other_producers(self):
        self.prepare()
        sent, expected = [], {}
        for form in ("json", "camel", "wire"):
            for statement, signal, taken in (("UNSAID", "none", True), ("UNSAID", "gpc", False), ("UNSAID", "dnt", False),
                                             ("GRANTED", "gpc", False), ("GRANTED", "dnt", True), ("GRANTED", "both", False)):
                sent.append(self.make("WEB", statement, signal, form))
                expected[sent[-1].source] = "applied" if taken else "no_consent"
            # Who takes something back is heard, whatever the browser signals.
            sent.append(self.make("CHAT", "GRANTED", "both", form, contact="WITHDRAWN"))
            expected[sent[-1].source] = "applied"
        sent = self.produce(sent)
        self.under(web="allow", chat="allow", gpc="deny", dnt="unless_granted")
        found = self.outcomes(len(sent))
        self.assertEqual({event.source: expected[event.source] for event in sent}, found)


class Coverage(DaemonTest):
    """report.consent_coverage: events by what they said, contacts by the statement that they consent by."""
    DAY_US = 86_400_000_000

    def event(self, day, site, channel="WEB", analytics="GRANTED", who=None, **more):
        self.count = getattr(self, "count", 0) + 1
        at_us = NOW_US // self.DAY_US * self.DAY_US + day * self.DAY_US + self.count * 1_000_000
        consent = {"analytics": analytics, **{name: more.pop(name) for name in ("profile", "contact", "gpc") if name in more}}
        return {"id": f"e{self.count}", "source": "test", "site": site, "channel": channel, "action": "CUSTOM", "occurred_us": at_us,
                "received_us": at_us, "identity": who or {"anonymous_id": f"c{self.count}"}, "consent": consent, **more}

    def coverage(self, user=None):
        return self.psql("SELECT * FROM report.consent_coverage ORDER BY day, site, channel", user=user)

    def test_how_much_consent_there_is(self):
        self.prepare()
        self.start_phased()
        ann, bo, cat, dan = ({"email": f"{name}@acme.test", "anonymous_id": f"c-{name}"} for name in ("ann", "bo", "cat", "dan"))
        yes, no = {"profile": "GRANTED"}, {"profile": "DENIED"}
        again = self.event(-3, "acme")
        given = [again, {**again, "received_us": again["received_us"] + 5_000_000},	# a retry: counted once
                 self.event(-3, "acme", analytics="DENIED"), self.event(-3, "acme", analytics="WITHDRAWN"),
                 self.event(-3, "acme", analytics="UNSAID"), self.event(-3, "acme", analytics="UNSAID", gpc=True),
                 self.event(-3, "shop", "EMAIL", analytics="UNSAID"), {"colour": "red"},
                 self.event(-3, "acme", who=ann, **yes, contact="GRANTED"),
                 self.event(-3, "acme", who=bo, **yes), self.event(-2, "shop", "CHAT", who=bo, **yes, contact="GRANTED"),
                 self.event(-3, "shop", who=cat, **yes, contact="GRANTED"), self.event(-2, "shop", who=cat, **no),
                 self.event(-2, "shop", who=dan, **yes, contact="GRANTED"), self.event(-1, "shop", who=dan, contact="WITHDRAWN")]
        self.give(given)
        self.send(json.dumps({"reason": "no_consent", "source": "snowplow", "site": "acme", "channel": "WEB", "count": 50, "denied": 20}) + "\n",
                  "rejected")
        self.wait_until(lambda: self.outcomes().get("no_consent") == 54, 30, "the collector's report")
        reported = self.value("SELECT max(day) FROM phased.outcome_day WHERE source = 'snowplow'")	# of its record
        days = [self.value(f"SELECT (to_timestamp({NOW_US // 1_000_000 + day * 86400}) AT TIME ZONE 'UTC')::date") for day in (-3, -2, -1)]
        expected = [[days[0], "acme", "web", "3", "3", "1", "1", "1"],
                    [days[0], "shop", "email", "0", "0", "1", "0", "0"],
                    [days[0], "shop", "web", "1", "0", "0", "0", "0"],
                    [days[1], "shop", "chat", "1", "0", "0", "1", "1"],
                    [days[1], "shop", "web", "2", "0", "0", "1", "0"],
                    [days[2], "shop", "web", "1", "0", "0", "0", "0"],
                    [reported, "acme", "web", "0", "20", "30", "0", "0"]]
        self.assertEqual(sorted(expected), sorted(self.coverage()))
        for role in ("phased_reader", "phased_monitor"):
            self.user(role)
            self.assertEqual(sorted(expected), sorted(self.coverage(f"{self.name}_{role.removeprefix('phased_')}")))
        self.assertEqual([["3", "2"]], self.psql("SELECT count(*), count(*) FILTER (WHERE may_write) FROM report.person"))
        # Whose event is no longer kept stands without a site; nobody is lost.
        self.psql("DELETE FROM phased.touch")
        self.assertEqual([["3", "2"]], self.psql("SELECT sum(profile_contacts), sum(contact_contacts) FROM report.consent_coverage"))


class Unsubscribes(DaemonTest):
    """Those of a signed hook, and what becomes of those that look like a scanner's."""

    def unsubscribe(self, name, machine=0, verified=True, minute=5):
        return self.event("EMAIL", "EMAIL_UNSUBSCRIBE", name, minute, verified=verified, **({"machine": {"reasons": machine}} if machine else {}))

    def event(self, channel, action, name, minute, verified=False, **more):
        self.count = getattr(self, "count", 0) + 1
        at_us = NOW_US + minute * 60_000_000
        return {"id": f"u{self.count}", "source": "mailgun", "site": "acme", "channel": channel, "action": action, "occurred_us": at_us,
                "received_us": at_us, "identity": {"email": f"{name}@acme.test", "verified": verified}, **more}

    def consents(self, *names):
        return [self.event("CRM", "CONSENT", name, 0, consent={"profile": "GRANTED", "contact": "GRANTED"}) for name in names]

    def may_write(self):
        return {address.split("@")[0]: may == "t" for address, may in self.psql("SELECT address, may_write FROM report.person")}

    def waiting(self):
        return [row[1:] for row in self.psql("SELECT person, site, reasons, may_write FROM report.unsubscribe_review ORDER BY at, person")]

    def test_a_scanners_is_treated_as_configured(self):
        for policy, written, waits in ((None, True, 1), ("withdraw", False, 0), ("ignore", True, 0)):
            self.given = 0
            self.name += "x"
            self.prepare(**({"consent__unsubscribe": policy} if policy else {}))
            daemon = self.start_phased()
            self.give(self.consents("ann", "bo", "cat"))
            self.give([self.unsubscribe("ann"), self.unsubscribe("bo", machine=3), self.unsubscribe("cat", verified=False, machine=3)])
            self.assertEqual({"ann": False, "bo": written, "cat": True}, self.may_write(), policy)
            self.assertEqual([["acme", "{provider_flag,user_agent}", "t"]] * waits, self.waiting(), policy)
            self.assertEqual("3", self.value("SELECT count(*) FROM report.person"), "profile is another matter")
            self.assertEqual(0, daemon.stop())

    def test_somebody_decides(self):
        self.prepare()
        self.start_phased()
        self.give(self.consents("ann", "bo", "cat", "dan"))
        sent = [self.unsubscribe(name, machine=1) for name in ("ann", "bo", "cat", "dan")]
        self.give(sent + [self.unsubscribe("ann", machine=1, minute=7)])
        # Who speaks of it since has decided.
        self.give([self.event("CRM", "CONSENT", "dan", 6, consent={"contact": "GRANTED"})])
        seller, reader = self.user("phased_seller"), self.user("phased_reader")
        listed = phased_test.json_lines(self.phasectl(["unsubscribe", "list", "--json"], config=seller))
        ids = dict(self.psql("SELECT split_part(address, '@', 1), contact_id FROM report.person"))
        self.assertEqual(sorted([ids["ann"], ids["ann"], ids["bo"], ids["cat"]]), sorted(row["person"] for row in listed))
        self.assertEqual({("mailgun", "acme", "provider_flag", True)}, {(row["source"], row["site"], row["reasons"], row["may_write"]) for row in listed})
        text = self.phasectl(["unsubscribe", "list"], config=seller)
        self.assertIn(ids["bo"], text)
        self.assertNotIn("acme.test", text)
        self.assertEqual(77, self.run_phasectl(["unsubscribe", "list"], config=reader).status)
        for words, status in (([], 64), (["--accept", "--dismiss"], 64), (["--accept"], 0)):
            self.phasectl(["unsubscribe", "settle", ids["ann"][:13], *words], config=seller, status=status)
        self.phasectl(["unsubscribe", "settle", "-", "--dismiss"], "Bo@acme.test\n", config=seller)
        self.phasectl(["unsubscribe", "settle", "-", "--dismiss"], "bo@acme.test\n", config=seller, status=1)
        self.phasectl(["unsubscribe", "settle", ids["dan"], "--accept"], config=seller, status=1)
        self.given += 1
        self.applied(self.given)
        self.nobody_waits()
        self.assertEqual({"ann": False, "bo": True, "cat": True, "dan": True}, self.may_write())
        self.assertEqual([["acme", "{provider_flag}", "t"]], self.waiting())	# cat's
        self.assertEqual([["unsubscribe dismiss", '{"unsubscribes": 1}']], self.psql("SELECT what, counts FROM phased.audit WHERE what LIKE 'unsub%'"))
        # A retry of what was dismissed is a duplicate, and what a person withdraws herself leaves the list.
        self.give([sent[1], self.unsubscribe("cat", minute=9)])
        self.assertEqual([], self.waiting())

    def login(self, name, user, minute):
        return self.event("WEB", "IDENTIFY", name, minute, identity={"user_id": user, "email": f"{name}@acme.test", "verified": True},
                          consent={"analytics": "GRANTED"})

    def test_somebody_decides_about_a_person_of_several_addresses(self):
        """Ann, Bo and Cat have two each, which a login makes one in minute 7."""
        self.prepare()
        self.start_phased()
        names = [name + place for name in ("ann", "bo", "cat") for place in ("", ".home")]
        self.give(self.consents(*names))
        self.give([self.unsubscribe(name, machine=1, minute=4 if "." in name else 3) for name in names])
        waits = dict(self.psql("SELECT person, count(*) FROM report.unsubscribe_review GROUP BY 1"))
        self.assertEqual(["1"] * 6, list(waits.values()))
        # What one address stated counts for the other since they are one: Ann's does not, Cat's does.
        self.give([self.event("CRM", "CONSENT", "ann.home", 6, consent={"contact": "GRANTED"})] +
                  [self.login(name, name.split(".")[0], 7) for name in names] +
                  [self.event("CRM", "CONSENT", "cat.home", 8, consent={"contact": "GRANTED"})])
        ids = {address.split("@")[0].split(".")[0]: contact for address, contact in self.psql("SELECT address, contact_id FROM report.person")}
        self.assertEqual(3, len(ids))
        self.assertEqual(sorted([ids["ann"], ids["bo"], ids["bo"]]), sorted(person for person, in self.psql("SELECT person FROM report.unsubscribe_review")))
        self.assertEqual({("acme", "{provider_flag}", "t")}, {tuple(row) for row in self.waiting()})
        seller = self.user("phased_seller")
        said = self.phasectl(["unsubscribe", "settle", "-", "--accept"], "ann.home@acme.test\n", config=seller)
        self.assertEqual(f"{ids['ann']}: sent: may not be written to\n", said)
        self.given += 1
        self.applied(self.given)
        self.nobody_waits()
        self.assertEqual([ids["bo"]] * 2, [person for person, in self.psql("SELECT person FROM report.unsubscribe_review")])
        self.assertEqual({"ann": False, "bo": True, "cat": True}, {name.split(".")[0]: may for name, may in self.may_write().items()})
        self.phasectl(["unsubscribe", "settle", ids["bo"][:13], "--dismiss"], config=seller)
        self.assertEqual([], self.waiting())
        self.assertEqual([["unsubscribe dismiss", '{"unsubscribes": 2}']], self.psql("SELECT what, counts FROM phased.audit WHERE what LIKE 'unsub%'"))

    def test_who_is_slower_to_dismiss_is_told(self):
        self.prepare()
        self.start_phased()
        self.give(self.consents("ann") + [self.unsubscribe("ann", machine=1)])
        person = self.value("SELECT person FROM report.unsubscribe_review")
        faster = self.session("BEGIN; DELETE FROM phased.consent WHERE purpose = 2;")
        slower = self.start([phased_test.PHASECTL, "--config", self.config, "unsubscribe", "settle", person, "--dismiss"], "settle")
        self.wait_until(lambda: self.value("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()") == "1",
                        20, "it to wait for who was faster")
        faster.stdin.write("COMMIT;\n")
        faster.stdin.flush()
        self.assertEqual((1, "phasectl: unsubscribe settle: of this person no unsubscribe waits for a decision\n"), (slower.wait(), slower.log()))
        self.assertEqual("0", self.value("SELECT count(*) FROM phased.audit WHERE what LIKE 'unsub%'"))


if __name__ == "__main__":
    phased_test.main()
