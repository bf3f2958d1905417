"""Invented lives for the rounds: people with browsers of their own and shared ones, chats, mail and logins; and whose touch each event is.

Whose it is, is worked out here a second time, by the words of rules 1 to 4 and in the simplest way: what an erasure must leave of shared
browsers is what this file says, not what the programs do.
"""
import random
import secrets

MINUTE_US = 60_000_000
SESSION_US = 30 * MINUTE_US
PAGES = ("/blog/one", "/papers/white-paper", "/guides/buyers-guide", "/compare", "/cases/harbour", "/pricing", "/terms")


class Person:
    def __init__(self, number, mark):
        self.number = number
        self.address = f"person{number}.{mark}@rederi{number}.test"
        self.name = f"Person{number} Of{mark}"
        self.cookie, self.visitor, self.recipient = (f"{kind}{number}" for kind in ("own", "chat", "letters"))
        self.profile = "DENIED" if number % 5 == 4 else "GRANTED"
        # Whose address may not be stored, of them nobody knows that a login is theirs.
        self.login = f"login{number}" if number % 3 == 0 and self.profile == "GRANTED" else None

    def texts(self):
        """What is in no place once the person is erased."""
        return [self.address, self.name]


class Lives:
    """people: all of them, of whom `erased` are to be erased. events: in the order in which they happened to be made. later: what others do
    only after that, on no device that anybody else uses. unreadable: lines that name somebody and cannot be taken."""

    def __init__(self, seed, until_us, people=10, erased=3):
        self.random, self.until_us, self.mark = random.Random(seed), until_us, secrets.token_hex(5)
        self.people = [Person(number, self.mark) for number in range(people)]
        self.erased = self.random.sample(self.people, erased)
        self.taken = set()	# times: two at once would be told apart by ids
        self.count = 0
        self.events = []
        for person in self.people:
            self.alone(person)
        for number in range(4):
            self.shared(f"shared{number}", self.random.sample(self.people, self.random.randrange(2, 5)))
        self.walk("nobody's", self.moment())
        self.later = [self.mail(person, self.moment()) for person in self.people if person not in self.erased]
        self.unreadable = [{"id": f"bad{person.number}", "nothing": f"of {person.address}"} for person in self.people]
        self.random.shuffle(self.events)

    def moment(self):
        return self.until_us - self.random.randrange(1, 40 * 24 * 60) * MINUTE_US

    def event(self, channel, action, at_us, who, page=None, **consent):
        while at_us in self.taken:
            at_us += 1_000_000
        self.taken.add(at_us)
        self.count += 1
        return {"id": f"e{self.count}", "source": "rounds", "site": "acme", "channel": channel, "action": action, "occurred_us": at_us,
                "stamped_us": at_us, "received_us": at_us, "identity": who, "consent": {"analytics": "GRANTED", **consent},
                "content": {"url": f"https://acme.test{page or self.random.choice(PAGES)}"}}

    def walk(self, cookie, at_us):
        """Pages, in one session or more. Returns when it ended."""
        for _ in range(self.random.randrange(1, 5)):
            self.events.append(self.event("WEB", "PAGE_VIEW", at_us, {"anonymous_id": cookie}))
            at_us += round(self.random.choice((2, 7, 22, 47, 600)) * MINUTE_US)
        return at_us

    def form(self, cookie, person, at_us):
        who = {"anonymous_id": cookie, "email": person.address, "name": person.name}
        self.events.append(self.event("WEB", "FORM_SUBMIT", at_us, who, "/demo", profile=person.profile))

    def mail(self, person, at_us):
        return self.event("EMAIL", "EMAIL_CLICK", at_us, {"email": person.address})

    def alone(self, person):
        at_us = self.walk(person.cookie, self.moment())
        self.form(person.cookie, person, at_us)
        self.walk(person.cookie, at_us + self.random.choice((3, 500)) * MINUTE_US)
        self.events.append(self.mail(person, self.moment()))
        if self.random.random() < 0.5:
            at_us = self.moment()
            self.events += [self.event("CHAT", "CHAT_MESSAGE", at_us, {"visitor_id": person.visitor}),
                            self.event("CHAT", "CHAT_MESSAGE", at_us + MINUTE_US, {"visitor_id": person.visitor, "email": person.address})]
        if self.random.random() < 0.5:
            who = {"recipient_id": person.recipient}
            self.events += [self.event("EMAIL", "EMAIL_OPEN", self.moment(), who),
                            self.event("EMAIL", "EMAIL_CLICK", self.moment(), {**who, "email": person.address, "verified": True})]
        if person.login:
            who = {"anonymous_id": person.cookie, "user_id": person.login, "email": person.address, "name": person.name, "verified": True}
            self.events.append(self.event("WEB", "IDENTIFY", self.moment(), who, profile=person.profile))

    def shared(self, cookie, people):
        """By turns, each with or without a walk before they say who they are."""
        at_us = self.moment()
        for person in people + self.random.sample(people, 1):
            at_us = self.walk(cookie, at_us) + self.random.choice((1, 12, 29, 31, 900)) * MINUTE_US
            self.form(cookie, person, at_us)
            at_us = self.walk(cookie, at_us + MINUTE_US) + self.random.choice((1, 29, 31, 2000)) * MINUTE_US

    # --- whose it is ---

    @staticmethod
    def weak(event):
        return next((f"{kind} {event['identity'][kind]}" for kind in ("anonymous_id", "visitor_id", "recipient_id") if kind in event["identity"]), None)

    @staticmethod
    def strong(event):
        return next((event["identity"][kind] for kind in ("user_id", "email") if kind in event["identity"]), None)

    def theirs(self, events, person):
        """Of these events those that are the person's, consent not looked at, and all of devices on which nobody else was named."""
        ids = {person.address, person.login} - {None}
        found, devices = {event["id"] for event in events if not self.weak(event) and self.strong(event) in ids}, {}
        for event in sorted(events, key=lambda event: event["occurred_us"]):
            if self.weak(event):
                devices.setdefault(self.weak(event), []).append(event)
        for touches in devices.values():
            named = [self.strong(event) for event in touches]
            claims = [i for i, strong in enumerate(named) if strong]
            if not claims:
                continue
            begins, whose = claims[0], named[claims[0]]
            if set(named) - {None} <= ids or len(set(named) - {None}) == 1:
                begins = 0
            while begins > 0 and touches[begins]["occurred_us"] - touches[begins - 1]["occurred_us"] <= SESSION_US:
                begins -= 1
            for event, strong in zip(touches[begins:], named[begins:]):
                whose = strong or whose
                if whose in ids:
                    found.add(event["id"])
        return found

    def others(self):
        """What is left when those who are to be erased are, one after the other."""
        left = self.events + self.later
        for person in self.erased:
            gone = self.theirs(left, person)
            left = [event for event in left if event["id"] not in gone]
        return left

    def canaries(self):
        return [text for person in self.erased for text in person.texts()]
