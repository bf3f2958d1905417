#!/usr/bin/python3
# run: timeout=300
"""Conversations as the daemon keeps them, and what touches cost: the same whatever order their events come in, by whatever way; theirs only as
long as the touches are."""
import itertools
import json
import random

import phased_test
import tables
from daemon_test import NOW_US, DaemonTest
from erase_test import ANN, BO, GRANTED

DAY_US = 86_400_000_000
MINUTE_US = 60_000_000
BEGIN_US = NOW_US - 20 * DAY_US
COLUMNS = ("started", "asked", "answered", "answered_by", "agent_answered", "closed", "rating", "rated", "person_messages", "agent_messages",
           "bot_messages")
MOMENTS = {"started", "asked", "answered", "agent_answered", "closed", "rated"}

# What is told of a conversation: minute, act, by whom. What becomes of it: minutes, by whom, a rating, how many messages of person, agent, bot.
STARTED, ASKS, AGENT, BOT = "CHAT_STARTED PERSON", "CHAT_MESSAGE PERSON", "CHAT_MESSAGE AGENT", "CHAT_MESSAGE BOT"
ASSIGNED, CLOSED, REOPENED = "CHAT_ASSIGNED SYSTEM", "CHAT_CLOSED SYSTEM", "CUSTOM AGENT reopened"


def rated(points):
    return f"CHAT_RATED PERSON {points}"


STORIES = {
    "asked, answered by an agent, closed, rated": ([(0, STARTED), (1, ASKS), (2, ASSIGNED), (3, AGENT), (4, ASKS), (9, CLOSED), (10, rated(75))],
                                                   (0, 1, 3, 2, 3, 9, 75, 10, 2, 1, 0)),
    "the bot answers before the agent": ([(0, ASKS), (1, BOT), (2, BOT), (7, AGENT)], (0, 0, 1, 3, 7, None, None, None, 1, 1, 2)),
    "a bot begins, and is no answer": ([(0, STARTED), (0, BOT), (1, BOT), (5, ASKS), (6, AGENT)], (0, 5, 6, 2, 6, None, None, None, 1, 1, 2)),
    "an agent begins, and nobody answers what is asked then": ([(0, AGENT), (5, ASKS)], (0, 5, None, None, None, None, None, None, 1, 1, 0)),
    "at the same moment is answered": ([(3, ASKS), (3, AGENT)], (3, 3, 3, 2, 3, None, None, None, 1, 1, 0)),
    "nobody asks": ([(0, STARTED), (1, BOT), (2, CLOSED)], (0, None, None, None, None, 2, None, None, 0, 0, 1)),
    "only its end is told": ([(4, CLOSED)], (4, None, None, None, None, 4, None, None, 0, 0, 0)),
    "opened again": ([(0, ASKS), (1, AGENT), (2, CLOSED), (8, REOPENED)], (0, 0, 1, 2, 1, None, None, None, 1, 1, 0)),
    "opened and closed again": ([(0, ASKS), (1, AGENT), (2, CLOSED), (8, REOPENED), (9, CLOSED)], (0, 0, 1, 2, 1, 9, None, None, 1, 1, 0)),
    "opened by another question": ([(0, ASKS), (1, AGENT), (2, CLOSED), (8, ASKS)], (0, 0, 1, 2, 1, None, None, None, 2, 1, 0)),
    "what an agent adds opens nothing": ([(0, ASKS), (2, CLOSED), (8, AGENT)], (0, 0, 8, 2, 8, 2, None, None, 1, 1, 0)),
    "the last rating holds": ([(0, ASKS), (5, rated(20)), (6, rated(90))], (0, 0, None, None, None, None, 90, 6, 1, 0, 0)),
    "no rating that there could not be": ([(0, ASKS), (5, rated(20)), (6, rated(101))], (0, 0, None, None, None, None, 20, 5, 1, 0, 0)),
    "other acts are none": ([(0, "CUSTOM PERSON looked around"), (1, ASKS)], (1, 1, None, None, None, None, None, None, 1, 0, 0)),
}


class ThreadTest(DaemonTest):
    count = runs = 0

    def prepare(self, **more):
        """A run of its own: nothing of the last one is in its topics."""
        self.runs += 1
        self.given = 0
        self.new_topics = lambda prefix=None: super(ThreadTest, self).new_topics(prefix or f"{self.name}_{self.runs}")
        return super().prepare(**more)

    def event(self, when, said, thread, who, **more):
        self.count += 1
        action, party, *rest = said.split(" ", 2)
        at = BEGIN_US + when * MINUTE_US
        event = {"id": f"e{self.count}", "source": "test", "site": "acme", "channel": "CHAT", "action": action, "party": party, "occurred_us": at,
                 "stamped_us": at, "received_us": at + MINUTE_US, "identity": who, "consent": {"analytics": "GRANTED"}, "thread_id": thread}
        if rest:
            event |= {"rating": float(rest[0])} if action == "CHAT_RATED" else {"label": rest[0]}
        return {**event, **more}

    def cost(self, when, who, kind, value, currency="EUR", **more):
        event = self.event(when, f"TOUCH PERSON {kind}", "", who, channel="OFFLINE", value=value,
                           properties=[{"key": "currency", "text": currency}])
        return {**event, **more}

    def stories(self):
        return [self.event(when, said, name, {"visitor_id": f"visitor of {name[:12]}"}) for name, (acts, _) in STORIES.items() for when, said in acts]

    def threads(self, where="true"):
        columns = ", ".join(f"round(extract(epoch FROM {name} - to_timestamp({BEGIN_US // 1_000_000})) / 60)" if name in MOMENTS else name
                            for name in COLUMNS)
        rows = self.psql(f"SELECT thread, {columns} FROM phased.thread WHERE {where}")
        return {row[0]: tuple(None if value is None else int(value) for value in row[1:]) for row in rows}

    def play(self, messages, daemons=1, **settings):
        """In this order, to daemons of these settings, until all is done; returns what the tables hold."""
        self.prepare(**settings)
        programs = [self.start_phased() for _ in range(daemons)]
        self.give(messages)
        for program in programs:
            self.settled(program)
            self.assertEqual(0, program.stop())
        return tables.dump(self, self.database)


class Threads(ThreadTest):
    def test_a_conversation_is_what_its_acts_make_of_it(self):
        self.play(self.stories())
        found = self.threads()
        for name, (_, expected) in STORIES.items():
            with self.subTest(name):
                self.assertEqual(dict(zip(COLUMNS, expected)), dict(zip(COLUMNS, found[name])))
        self.assertEqual(set(STORIES), set(found))
        self.assertEqual([["asked, answered by an agent, closed, rated", "120", "agent", "120", "t"], ["the bot answers before the agent", "60", "bot", "420", "f"]],
                         self.psql("SELECT thread, seconds, answered_by, agent_seconds, closed IS NOT NULL FROM report.thread "
                                   "WHERE contact_id IS NOT NULL AND thread IN ('asked, answered by an agent, closed, rated', "
                                   "'the bot answers before the agent') ORDER BY 1"))

    def everything(self):
        """Conversations, of two persons, too; costs; copies that say something else, received before and after."""
        made = self.stories()
        for name, visitors in (("two persons", ("v1", "v2")), ("the first of two", ("v3",)), ("the second of two", ("v3",))):
            made += [self.event(10 * i, ASKS, name, {"visitor_id": visitor}) for i, visitor in enumerate(visitors)]
        made += [self.cost(i, {"email": ANN if i % 2 else BO}, kind, 20.25 * i, consent=GRANTED) for i, kind in enumerate(("fair", "call", "dinner", "fair"))]
        copies = []
        for i, event in enumerate(made):
            if i % 3 == 0:	# which of the two stands depends on when they were received alone
                copies.append({**event, "received_us": event["received_us"] + (1 if i % 2 else -1) * 1000, "occurred_us": event["occurred_us"] + 7_000_000,
                               **({"value": event["value"] + 0.5} if "value" in event else {"thread_id": event["thread_id"] + " again"})})
        return made + copies

    def test_any_order_either_way_one_daemon_and_two_give_the_same(self):
        everything = self.everything()
        first = self.play(everything, batch__quick=False)
        self.assertGreater(len(first["thread"].splitlines()), len(STORIES) + 4)
        self.assertEqual(4, len(first["cost"].splitlines()))
        ways = [(1, {"batch__quick": True, "batch__copy_min": 5}), (1, {"batch__quick": False, "batch__events_min": 1, "batch__events_max": 3}),
                (2, {"batch__quick": True, "batch__events_min": 2, "batch__events_max": 4, "batch__lanes": 3})]
        for number, (daemons, settings) in enumerate(ways):
            messages = list(everything)
            random.Random(number).shuffle(messages)
            tables.assert_same(self, first, self.play(messages, daemons, **settings), f"{daemons} daemon(s), {settings}")
            self.assertEqual("0", self.value("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"))

    def test_of_copies_in_two_conversations_the_one_received_first_stands(self):
        there, here = self.event(0, ASKS, "there", {"visitor_id": "vone"}), self.event(0, ASKS, "here", {"visitor_id": "vone"})
        here |= {"id": there["id"], "received_us": there["received_us"] - 1}
        self.prepare()
        phased = self.start_phased()
        self.give([there])
        self.assertEqual({"there"}, set(self.threads()))
        self.give([here])
        self.assertEqual({"here"}, set(self.threads()))
        self.give([there, {**here, "received_us": here["received_us"] - 1, "thread_id": ""}])
        self.assertEqual({}, self.threads(), "the copy that stands is of no conversation")
        self.assertEqual(0, phased.stop())

    def ties(self):
        """Copies of six events, received at the same moment, that differ in nothing but what stands beside their touches: three each."""
        said, given = self.event(0, ASKS, "b", {"visitor_id": "vone"}), self.event(1, rated(75), "r", {"visitor_id": "vone"})
        spent, paid = self.cost(2, {"visitor_id": "vone"}, "fair", 30), self.cost(3, {"visitor_id": "vone"}, "call", 5, "USD")
        again, better = self.event(4, ASKS, "b", {"visitor_id": "vone"}), self.event(5, rated(75), "s", {"visitor_id": "vone"})
        return [[{**said, "thread_id": name} for name in ("b", "", "a")], [{**given, "rating": points} for points in (75.0, 12.5, 101.0)],
                [{**again, "thread_id": name} for name in ("b", "a", "c")], [{**better, "rating": points} for points in (75.0, 12.5, 50.0)],
                [{**spent, "value": value} for value in (30, 4.25, 120)],
                [{**paid, "properties": [{"key": "currency", "text": code}]} for code in ("USD", "eur", "DKK")]]

    def test_which_of_copies_stands_that_differ_in_what_is_beside_them_alone_does_not_depend_on_their_order(self):
        ties, first = self.ties(), None
        for quick in (True, False):
            for at_once in (True, False):
                self.prepare(batch__quick=quick)
                phased = self.start_phased()
                for number, order in enumerate(itertools.permutations(range(3))):	# each order of copies: of events of its own
                    messages = [{**copies[place], "id": f"{copies[place]['id']} {number}"} for place in order for copies in ties]
                    for part in ([messages] if at_once else [messages[i:i + len(ties)] for i in range(0, len(messages), len(ties))]):
                        self.give(part)
                self.settled(phased)
                self.assertEqual(0, phased.stop())
                found = tables.dump(self, self.database)
                if first is None:
                    first = found
                    self.assertEqual([["a", None, "6"], ["r", None, "6"], ["s", "12.5", "6"]],
                                     self.psql("SELECT thread, rating, count(*) FROM phased.thread_touch GROUP BY 1, 2 ORDER BY 1"))
                    self.assertEqual([["4.25", "EUR", "6"], ["5", "DKK", "6"]],
                                     self.psql("SELECT amount, currency, count(*) FROM phased.cost GROUP BY 1, 2 ORDER BY 1"))
                tables.assert_same(self, first, found, f"quick {quick}, at once {at_once}")

    def test_a_conversation_is_not_called_by_what_tells_who_somebody_is(self):
        self.prepare()
        phased = self.start_phased()
        self.give([self.event(0, ASKS, "session_77", {"visitor_id": "session_77"}), self.event(1, AGENT, "session_77", {"visitor_id": "session_77"}),
                   self.event(0, ASKS, ANN, {"visitor_id": "vone"}), self.event(0, ASKS, "12/7", {"visitor_id": "vtwo"})])
        self.assertEqual(0, phased.stop())
        found = self.threads()
        self.assertEqual(3, len(found))
        self.assertIn("12/7", found)
        visitor = self.value("SELECT actor_id FROM phased.thread WHERE answered IS NOT NULL")
        self.assertEqual((1, 1), found[visitor][8:10], "by the keyed id of its visitor")
        held = "".join(tables.dump(self, self.database).values())
        self.assertNotIn("session_77", held)
        self.assertNotIn(ANN, held)


class Lanes(ThreadTest):
    def written(self, actor, thread="shared"):
        """What a batch writes of one message."""
        return ("SELECT phased.thread_write('{}', '{}', '{}', " + f"'{{00000000-0000-0000-0000-00000000000{actor}}}', '{{2026-01-0{actor}}}', '{{{actor}}}', "
                f"'{{2026-01-0{actor}}}', '{{test}}', '{{acme}}', '{{{thread}}}', '{{2}}', '{{1}}', '{{NULL}}', " + "'{}', '{}', '{}');")

    def test_of_two_who_write_one_conversation_at_once_the_later_one_waits_and_sees_both(self):
        self.fresh_database()
        first = self.session(f"BEGIN; {self.written(1)}")
        second = self.session("BEGIN;")
        second.stdin.write(f"{self.written(2)} COMMIT;\n\\echo done\n")
        second.stdin.flush()
        self.wait_until(lambda: self.value("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()") == "1",
                        30, "the second to wait")
        self.assertEqual({}, self.threads())
        first.stdin.write("COMMIT;\n")
        first.stdin.flush()
        self.assertEqual("done\n", second.stdout.readline())
        self.assertEqual("2", self.value("SELECT person_messages FROM phased.thread"))


class Held(ThreadTest):
    def conversations(self):
        """Ann's and Bo's own, one of both, one of a stranger; and what each cost."""
        who = {"ann": {"visitor_id": "va", "email": ANN}, "bo": {"visitor_id": "vb", "email": BO}, "nobody": {"visitor_id": "vc"}}
        made = [self.event(0, ASKS, "ann's", who["ann"], consent=GRANTED), self.event(1, AGENT, "ann's", {"visitor_id": "va"}),
                self.event(2, ASKS, "both", who["ann"], consent=GRANTED), self.event(4, ASKS, "both", who["bo"], consent=GRANTED),
                self.event(5, BOT, "both", {"visitor_id": "vb"}), self.event(6, ASKS, "bo's", {"visitor_id": "vb"}),
                self.event(7, ASKS, "a stranger's", who["nobody"])]
        return made + [self.cost(8, {"email": address}, kind, amount, currency, consent=GRANTED) for address, kind, amount, currency in (
            (ANN, "fair", 200, "EUR"), (BO, "fair", 100.1, "eur"), (BO, "fair", 100.2, "EUR"), (BO, "call", 7, "none"))]

    def costs(self):
        return self.psql("SELECT kind, currency, touches, amount FROM report.cost ORDER BY 1, 2, 4")

    def test_erased_is_what_was_theirs_alone_and_their_part_of_the_rest(self):
        self.prepare(partitions=1)
        phased = self.start_phased()
        made = self.conversations()
        self.give(made)
        self.assertEqual([["call", "", "1", "7.00"], ["fair", "EUR", "1", "200.00"], ["fair", "EUR", "2", "200.30"]], self.costs())
        self.assertEqual((2, 2, 5, 3, None, None, None, None, 2, 0, 1), self.threads()["both"])
        rows = {}
        for line in self.phasectl(["export", "--json"], input=ANN + "\n").splitlines():
            row = json.loads(line)
            rows.setdefault(row["table"], []).append(row["row"])
        self.assertEqual(["ann's", "ann's", "both"], sorted(row["thread"] for row in rows["thread_touch"]))
        self.assertEqual(["ann's", "both"], sorted(row["thread"] for row in rows["thread"]))
        self.assertEqual([200], [row["amount"] for row in rows["cost"]])
        self.phasectl(["erase"], input=ANN + "\n")
        self.assertIn("nothing is left", self.phasectl(["erase", "--verify"], input=ANN + "\n"))
        self.nobody_waits()
        self.assertEqual({"both", "bo's", "a stranger's"}, set(self.threads()))
        self.assertEqual((4, 4, 5, 3, None, None, None, None, 1, 0, 1), self.threads()["both"])
        self.assertEqual([["call", "", "1", "7.00"], ["fair", "EUR", "2", "200.30"]], self.costs())
        self.give(made)		# and stays away
        self.assertEqual({"both", "bo's", "a stranger's"}, set(self.threads()))
        self.assertEqual(0, phased.stop())

    def test_of_a_browser_that_both_use_each_has_the_conversations_of_their_time(self):
        self.prepare(partitions=1)
        phased = self.start_phased()
        self.give([self.event(60 * hour, ASKS, f"of {address[:2]}", {"visitor_id": "vd", "email": address}, consent=GRANTED)
                   for hour, address in ((0, ANN), (5, BO))])
        self.assertEqual(0, phased.stop())
        for address in (ANN, BO):
            rows = [json.loads(line) for line in self.phasectl(["export", "--json"], input=address + "\n").splitlines()]
            for table in ("thread_touch", "thread"):
                self.assertEqual([f"of {address[:2]}"], [row["row"]["thread"] for row in rows if row["table"] == table], (address, table))

    def test_a_daemon_of_before_that_erases_touches_erases_what_stands_beside_them(self):
        self.prepare(partitions=1)
        phased = self.start_phased()
        self.give(self.conversations())
        self.assertEqual(0, phased.stop())
        self.psql("SELECT phased.touch_erase(array_agg(k.id), array_agg('-infinity'::timestamptz), array_agg('infinity'::timestamptz)) FROM "
                  "(SELECT actor_id FROM phased.thread_touch WHERE thread = 'ann''s' UNION SELECT actor_id FROM phased.cost WHERE amount = 200) k (id)")
        self.assertEqual({"both", "bo's", "a stranger's"}, set(self.threads()))
        self.assertEqual((4, 4, 5, 3, None, None, None, None, 1, 0, 1), self.threads()["both"])
        self.assertNotIn(["fair", "EUR", "1", "200.00"], self.costs())

    def test_numbers_at_their_ends_stop_nobody(self):
        self.prepare(partitions=1)
        phased = self.start_phased()
        self.give([self.event(0, "CHAT_RATED PERSON 1e-50", "tiny", {"visitor_id": "ve"}),
                   *(self.cost(1, {"visitor_id": "ve"}, "fair", value) for value in (1.7e308, 1.7e308, 1e12, .01))])
        self.assertEqual(0, phased.stop())
        self.assertEqual("0", self.value("SELECT count(*) FROM phased.rejected"))
        self.assertEqual("tiny", self.value("SELECT thread FROM phased.thread WHERE rating > 0"))
        self.assertEqual([["fair", "EUR", "2", "1000000000000.01"]], self.costs())

    def test_withdrawn_is_what_came_before(self):
        for ways in ({"batch__quick": True}, {"batch__quick": False}):
            self.prepare(partitions=1, **ways)
            phased = self.start_phased()
            made = self.conversations()
            gone = self.event(3, "CONSENT PERSON", "", {"visitor_id": "va", "email": ANN}, channel="WEB")
            gone["consent"] = {"analytics": "GRANTED", "profile": "WITHDRAWN"}
            self.give(made)
            self.give([gone])
            self.assertEqual({"both", "bo's", "a stranger's"}, set(self.threads()), ways)
            self.assertEqual((4, 4, 5, 3, None, None, None, None, 1, 0, 1), self.threads()["both"])
            self.give([self.event(30, ASKS, "ann's", {"visitor_id": "va"})])
            self.assertEqual(30, self.threads()["ann's"][0])
            self.assertEqual(0, phased.stop())

    def test_whose_it_is_reports_say_of_those_who_consent(self):
        self.prepare(partitions=1)
        phased = self.start_phased()
        self.give([*self.conversations(), self.event(9, ASKS, "unsaid", {"email": "cy@firma.test"}), self.cost(9, {"email": "cy@firma.test"}, "fair", 3)])
        self.assertEqual(0, phased.stop())
        self.user("phased_reader")
        reader = f"{self.name}_reader"
        self.assertEqual([["a stranger's", "t"], ["ann's", "t"], ["bo's", "t"], ["both", "t"], ["unsaid", "f"]],
                         self.psql("SELECT thread, contact_id IS NOT NULL FROM report.thread ORDER BY 1", user=reader))
        self.assertEqual([["3.00", "f"]], self.psql("SELECT amount, contact_id IS NOT NULL FROM report.cost WHERE amount < 5", user=reader))
        self.assertEqual("2", self.value(f"SELECT count(*) FROM report.thread t JOIN report.person p USING (contact_id) WHERE p.address = '{ANN}'"))


if __name__ == "__main__":
    phased_test.main()
