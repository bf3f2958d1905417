"""Invented behaviour events for the tests of the daemon: few people, shared devices, retries, all seeded.

Each event is a dictionary in protobuf's JSON mapping. copies() gives what a tracker sends again: the same id and stamp,
another time of receipt and so, after clock correction, another time of occurrence.
"""
import copy
import json
import random

DAY_US = 86_400_000_000
PAGES = ("/blog/one", "/blog/two", "/articles/lost-at-the-quay", "/papers/white-paper", "/guides/buyers-guide",
         "/products/plotter", "/compare", "/cases/harbour", "/pricing", "/terms", "/about")
OTHER_PAGES = ("/tenders/specification/", "/agreements/prices/", "/innovation/limits/", "/parts/77/")	# of other processes than standard
TOPICS = ("problem", "fit", "technical", "references", "price", "delivery", "price,tender", "delivery,parts")
PROCESSES = ("tender", "call-off", "innovation", "parts", "standard", "no-such")
LEAVERS = "leavers"	# the source of their events: whether one was written and erased or refused when it came is a matter of order
ROLES = ("CFO", "CEO", "IT", "procurement", "")


def at(base_us, minutes):
    return base_us + round(minutes * 60_000_000)


class Maker:
    def __init__(self, seed, now_us, people=60, days=60, others=0.1):
        self.random = random.Random(seed)
        self.now_us, self.people, self.days = now_us, people, days
        self.others = others		# the share of pages that are of another process than standard
        self.count = 0

    def event(self, channel, action, when_us, identity, **more):
        self.count += 1
        return {"id": f"e{self.count}", "source": "test", "site": "acme", "channel": channel, "action": action,
                "occurred_us": when_us, "stamped_us": when_us - 1500, "received_us": when_us + self.random.randrange(5_000_000),
                "identity": identity, "consent": {"analytics": "GRANTED"}, **more}

    def said(self, share):
        """The process, of some events."""
        return {"process": self.random.choice(PROCESSES)} if self.random.random() < share else {}

    def session(self, cookie):
        """A walk over the site from one browser, sometimes ended by a form."""
        start = self.now_us - self.random.randrange(1, self.days * 24) * 3_600_000_000
        events, minute = [], 0.0
        for _ in range(self.random.randrange(1, 9)):
            minute += self.random.choice((0.2, 1, 3, 12, 29.9, 31))
            pages = OTHER_PAGES if self.random.random() < self.others else PAGES
            events.append(self.event("WEB", "PAGE_VIEW", at(start, minute), {"anonymous_id": cookie},
                                     content={"url": f"https://acme.test{self.random.choice(pages)}", "title": "A page"},
                                     **self.said(self.others / 2)))
        return start, minute, events

    def form(self, cookie, person, when_us, profile):
        event = self.event("WEB", "FORM_SUBMIT", when_us, {"anonymous_id": cookie, "email": f"person{person}@acme.test",
                           "name": f"Person {person}", "role": self.random.choice(ROLES)},
                           content={"url": "https://acme.test/demo", "form_id": "demo-request"})
        event["consent"]["profile"] = profile
        return event

    def mail(self, person):
        when = self.now_us - self.random.randrange(1, self.days * 24) * 3_600_000_000
        who = {"email": f"person{person}@acme.test"}
        events = [self.event("EMAIL", "EMAIL_OPEN", at(when, 1), who)]
        burst = self.random.random() < 0.2
        for i in range(5 if burst else self.random.randrange(0, 3)):
            events.append(self.event("EMAIL", "EMAIL_CLICK", at(when, 2 + i * (0.05 if burst else 5)), who,
                                     content={"target_url": f"https://acme.test{PAGES[(person + i) % len(PAGES)]}"}))
        return events

    def chat(self, person):
        when = self.now_us - self.random.randrange(1, self.days * 24) * 3_600_000_000
        return [self.event("CHAT", "CHAT_MESSAGE", at(when, i), {"visitor_id": f"v{person}"}, party="PERSON",
                           content={"topic": self.random.choice(TOPICS)}) for i in range(self.random.randrange(1, 4))]

    def ordinary(self, person):
        """What this person does next."""
        kind = self.random.random()
        if kind < 0.7:
            cookie = f"c{self.random.choice((person, person // 3))}"	# some devices are shared
            start, minute, walk = self.session(cookie)
            if self.random.random() < 0.3:
                profile = self.random.choice(("GRANTED",) * 8 + ("UNSAID", "DENIED"))
                walk.append(self.form(cookie, person, at(start, minute + 1), profile))
            return walk
        return self.mail(person) if kind < 0.9 else self.chat(person)

    def make(self, count):
        """About `count` events of all kinds, in the order in which they happened to be made."""
        events = []
        while len(events) < count:
            events += self.ordinary(self.random.randrange(self.people))
        return events[:count]

    def copies(self, events, share):
        """Retries of a share of the events, some twice."""
        found = []
        for event in events:
            while self.random.random() < share:
                again = copy.deepcopy(event)
                shift = self.random.randrange(1, 40_000_000)
                again["received_us"] += shift
                again["occurred_us"] += self.random.randrange(0, shift)
                found.append(again)
        return found


class Crowd(Maker):
    """The same people, and all else that may come: decisions on consent taken back, logins, addresses that were verified
    (which joins), recipients without an address, what machines did, who must not be stored, copies that contradict each other;
    and some who withdraw."""
    PAGES = ("/blog/winter-quay/", "/articles/lost-position-at-the-quay/", "/guides/choosing-a-workboat-radar/", "/compare/",
             "/customers/kystlos-pilot-boats/", "/calculator/", "/prices/", "/terms/", "/about/", "/tenders/award/", "/tenders/2026/",
             "/agreements/order/", "/innovation/pilot/", "/parts/finder/")
    # Not WITHDRAWN: what that erases goes by the claims that are known then, and campaigns compare orders. leaver() has it.
    STATES = ("GRANTED",) * 4 + ("DENIED",) * 2

    def moment(self):
        return self.now_us - self.random.randrange(1, self.days * 24 * 60) * 60_000_000

    def address(self, person):
        return f"person{person}@acme.test"

    def page(self):
        return {"url": "https://acme.test" + self.random.choice(self.PAGES), "title": "A page"}

    def decision(self, person):
        """Consent given or denied, with or without a browser at hand."""
        who = {"email": self.address(person), "name": f"Person {person}", "role": self.random.choice(ROLES)}
        if self.random.random() < 0.5:
            who["anonymous_id"] = f"c{person // 3}"
        event = self.event("WEB", "CONSENT", self.moment(), who)
        event["consent"][self.random.choice(("profile", "profile", "contact"))] = self.random.choice(self.STATES)
        return [event]

    def login(self, person):
        who = {"anonymous_id": f"c{person}", "user_id": f"user{person}", "verified": self.random.random() < 0.5}
        if self.random.random() < 0.4:	# its own address, or that of somebody with whom it then is one person
            who["email"] = self.address(person if self.random.random() < 0.9 else person ^ 1)
        event = self.event("WEB", "IDENTIFY", self.moment(), who, content=self.page())
        event["consent"]["profile"] = self.random.choice(self.STATES)
        return [event]

    def letter(self, person):
        """Mail to somebody of whom the provider tells a number, an address, or both."""
        action = self.random.choice(("EMAIL_SENT", "EMAIL_OPEN", "EMAIL_CLICK", "EMAIL_UNSUBSCRIBE"))
        who = {"recipient_id": f"r{person // 2}"}
        if self.random.random() < 0.6:
            who |= {"email": self.address(person), "verified": self.random.random() < 0.7}
        return [self.event("EMAIL", action, self.moment(), who, content={"target_url": self.page()["url"]})]

    def offline(self, person):
        if self.random.random() < 0.2:
            state = self.random.choice(("OPEN", "WON", "LOST", "DELETED"))
            return [self.event("CRM", "OPP_CHANGED", self.moment(), {"email": self.address(person)},
                               opportunity={"id": f"o{person}", "state": state}, **self.said(0.5))]
        if self.random.random() < 0.5:
            return [self.event("OFFLINE", "TOUCH", self.moment(), {"crm_id": f"crm{person}"}, label="fair", value=person * 12.5,
                               properties=[{"key": "currency", "text": "EUR"}])]
        return [self.event("CRM", "CONFIRM", self.moment(), {"email": self.address(person)},
                           label=self.random.choice(("late", "mid", "funds", "award", "nonsense")), **self.said(0.4))]

    def conversation(self, person):
        """Somebody, an agent and a bot; some in a conversation that another person has joined."""
        when, thread = self.moment(), f"talk {self.random.randrange(2 * self.people)}"
        acts = [("CHAT_STARTED", "PERSON"), ("CHAT_MESSAGE", "BOT")] + self.random.choices(
            [("CHAT_MESSAGE", "PERSON"), ("CHAT_MESSAGE", "AGENT"), ("CHAT_MESSAGE", "BOT"), ("CHAT_CLOSED", "SYSTEM"), ("CHAT_RATED", "PERSON"),
             ("CUSTOM", "AGENT")], k=self.random.randrange(1, 6))
        return [self.event("CHAT", action, at(when, i / 2), {"visitor_id": f"v{person}"}, party=party, thread_id=thread,
                           **({"rating": self.random.randrange(101)} if action == "CHAT_RATED" else {}),
                           **({"label": "reopened"} if action == "CUSTOM" else {})) for i, (action, party) in enumerate(acts)]

    def machine(self, person):
        kind = self.random.randrange(4)
        event = self.event("WEB", "PAGE_VIEW", self.moment(), {"anonymous_id": f"c{person}"}, content=self.page())
        if kind == 0:
            event["party"] = "BOT"
        elif kind == 1:
            event["machine"] = {"reasons": 1 << self.random.randrange(3)}
        elif kind == 2:
            event["consent"] = {"analytics": self.random.choice(("DENIED", "UNSAID"))}
        else:
            event["identity"] = {"anonymous_id": "undefined"}
        return [event]

    def regular(self, person, count, process):
        """Somebody who comes again and again, and says half-way who it is: more touches of a process than are between checkpoints."""
        cookie, start = f"often{person}", self.moment() - count * 40 * 60_000_000
        events = [self.event("WEB", "PAGE_VIEW", at(start, 40 * i), {"anonymous_id": cookie}, content=self.page(), process=process)
                  for i in range(count)]
        return [*events, self.form(cookie, person, at(start, 20 * count), "GRANTED")]

    def leaver(self, number):
        """Somebody who withdraws and comes back. Whose everything is, is beyond doubt, so in any order the same is erased. What is
        on disk of it besides the touch, a browser and pages, is there once more after it."""
        withdrawn, who = self.moment(), {"anonymous_id": f"leaving{number}", "email": f"leaver{number}@acme.test", "name": f"Leaver {number}"}
        pages, events = [self.page() for _ in range(3)], []
        for days, profile in ((-3, "GRANTED"), (2, self.random.choice(("GRANTED", "UNSAID")))):
            events += [self.event("WEB", "PAGE_VIEW", at(withdrawn, days * 1440 + i), {"anonymous_id": who["anonymous_id"]}, content=page)
                       for i, page in enumerate(pages)]
            events.append(self.event("WEB", "FORM_SUBMIT", at(withdrawn, days * 1440 + 5), who, content=pages[0]))
            events[-1]["consent"]["profile"] = profile
        for days in (-4, -1, 3):		# one conversation that goes whole, and of one a part
            events.append(self.event("CHAT", "CHAT_MESSAGE", at(withdrawn, days * 1440), {"anonymous_id": who["anonymous_id"]},
                                     thread_id=f"leaving {number} {days // 3}"))
        events.append(self.event("WEB", "CONSENT", withdrawn, who))
        events[-1]["consent"]["profile"] = "WITHDRAWN"
        self.random.shuffle(events)
        return [{**event, "source": LEAVERS} for event in events]

    def unreadable(self):
        event = self.event("WEB", "PAGE_VIEW", self.moment(), {"anonymous_id": "c1"})
        return [{**event, **self.random.choice(({"action": 4711}, {"pages": 1}, {"source": "No Such"}))}]

    def make(self, count):
        kinds = (self.decision, self.login, self.letter, self.offline, self.machine) * 3 + (self.conversation,)
        events = []
        while len(events) < count:
            person = self.random.randrange(self.people)
            if self.random.random() < 0.3:
                events += self.ordinary(person)
            elif self.random.random() < 0.03:
                events += self.unreadable()
            else:
                events += self.random.choice(kinds)(person)
        leavers = [event for number in range(count // 200) for event in self.leaver(number)]
        return events[:count - len(leavers)] + leavers

    def copies(self, events, share):
        """What retries, bugs and mischief send again: as it was, received at another time, or saying something else."""
        found = []
        for event in events:
            while self.random.random() < share:
                again = copy.deepcopy(event)
                kind = self.random.random()
                # What a touch does not hold may differ only between copies that were received at different times.
                again["received_us"] += 0 if kind < 0.3 else self.random.choice((-1, 1)) * self.random.randrange(1, 1_000_000)
                # A refusal deletes values for good, so what its copies say must be the same.
                refusal = event["consent"].get("profile") == "DENIED"
                if kind > 0.6 and not refusal and event["source"] != LEAVERS:
                    again["occurred_us"] += self.random.randrange(-20, 2) * 60_000_000
                    if kind > 0.75 and "email" in again["identity"]:
                        again["identity"]["email"] = self.address(self.random.randrange(self.people))
                    if kind > 0.8:
                        again |= self.said(0.5)
                    if kind > 0.85:
                        again["consent"]["profile"] = self.random.choice(("GRANTED", "UNSAID"))
                    if kind > 0.7 and "thread_id" in again:
                        again["thread_id"] += " again"
                    if kind > 0.7 and "value" in again:
                        again["value"] += 1
                    if kind > 0.95:
                        again["machine"] = {"reasons": 4}
                found.append(again)
        return found


def lines(events):
    return "".join(json.dumps(event) + "\n" for event in events)
