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
TOPICS = ("problem", "fit", "technical", "references", "price", "delivery")
ROLES = ("CFO", "CEO", "IT", "procurement", "")


def at(base_us, minutes):
    return base_us + round(minutes * 60_000_000)


class Maker:
    def __init__(self, seed, now_us, people=60, days=60):
        self.random = random.Random(seed)
        self.now_us, self.people, self.days = now_us, people, days
        self.count = 0

    def event(self, channel, action, when_us, identity, **more):
        self.count += 1
        return {"id": f"e{self.count}", "source": "test", "site": "acme", "channel": channel, "action": action,
                "occurred_us": when_us, "stamped_us": when_us - 1500, "received_us": when_us + self.random.randrange(5_000_000),
                "identity": identity, "consent": {"analytics": "GRANTED"}, **more}

    def session(self, cookie):
        """A walk over the site from one browser, sometimes ended by a form."""
        start = self.now_us - self.random.randrange(1, self.days * 24) * 3_600_000_000
        events, minute = [], 0.0
        for _ in range(self.random.randrange(1, 9)):
            minute += self.random.choice((0.2, 1, 3, 12, 29.9, 31))
            events.append(self.event("WEB", "PAGE_VIEW", at(start, minute), {"anonymous_id": cookie},
                                     content={"url": "https://acme.test" + self.random.choice(PAGES), "title": "A page"}))
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

    def make(self, count):
        """About `count` events of all kinds, in the order in which they happened to be made."""
        events = []
        while len(events) < count:
            person = self.random.randrange(self.people)
            kind = self.random.random()
            if kind < 0.7:
                cookie = f"c{self.random.choice((person, person // 3))}"	# some devices are shared
                start, minute, walk = self.session(cookie)
                events += walk
                if self.random.random() < 0.3:
                    profile = self.random.choice(("GRANTED",) * 8 + ("UNSAID", "DENIED"))
                    events.append(self.form(cookie, person, at(start, minute + 1), profile))
            elif kind < 0.9:
                events += self.mail(person)
            else:
                events += self.chat(person)
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


def lines(events):
    return "".join(json.dumps(event) + "\n" for event in events)
