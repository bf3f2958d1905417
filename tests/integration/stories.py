"""Stories of who did what (tests/identity/README.md) as events, and whose each touch must be counted as.

Each story is told several times in one database, in other orders: a telling has a site of its own, so that its cookies and logins are
its own, and a label in the domain of its addresses.
"""
import base64
import datetime
import glob
import hashlib
import hmac
import os
import re
import uuid

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
LINE = re.compile(r"^(\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)(?: #(\d+)( sent again)?)?$")
WHAT = re.compile(r'^(?:(?P<visit>visit)|is (?:(?P<is>\w+)|"(?P<address>[^"]*)")|says "(?P<says>[^"]*)"|(?P<login>\w+) logs in(?: with "(?P<with>[^"]*)")?|'
                  r'(?P<one>\w+|"[^"]*") and (?P<other>\w+|"[^"]*") are (?P<are>one|two)|(?P<who>\w+))'
                  r"(?:,? (?P<consent>agrees|refuses|withdraws))?(?:,? (?P<letters>agrees to letters|refuses letters|unsubscribes))?"
                  r"(?:, (?P<counting>counting refused|counting not asked))?(?P<robot> by a robot)?$")
STATES = {"agrees": "GRANTED", "refuses": "DENIED", "withdraws": "WITHDRAWN"}
LETTERS = {"agrees to letters": "GRANTED", "refuses letters": "DENIED"}
COUNTING = {None: "GRANTED", "counting refused": "DENIED", "counting not asked": "UNSAID"}
CHANNELS = {"chat": "CHAT", "mail": "EMAIL", "crm": "CRM", "fair": "OFFLINE"}
WEAK = {"chat": ("visitor", "visitor_id"), "mail": ("recipient", "recipient_id"), "": ("cookie", "anonymous_id")}
NOBODY, HIDDEN, GONE = "nobody", "hidden", "gone"


class Line:
    """One thing that happened."""

    def __init__(self, place, text, number):
        columns = [column.strip() for column in text.split("|")]
        when = LINE.match(columns[0])
        if when is None or len(columns) not in (3, 4):
            raise ValueError(f"{place}: when | where | what | whose: {text!r}")
        moment = datetime.datetime.fromisoformat(when[1]).replace(tzinfo=datetime.timezone.utc)
        self.place, self.where = place, columns[1]
        self.at_us = (moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(microseconds=1)
        self.number = int(when[2]) if when[2] else number
        self.again = when[3] is not None
        self.whose = columns[3] if len(columns) == 4 else None
        said = WHAT.match(columns[2])
        if said is None or (said["who"] and not said["consent"] and not said["letters"]):
            raise ValueError(f"{place}: what is {columns[2]!r}?")
        self.what = said.groupdict()

    def weak(self):
        """Kind and field of the device's identifier; None without one."""
        return None if self.where == "-" else WEAK.get(self.where.split()[0], WEAK[""])


class Story:
    def __init__(self, place, title):
        self.place, self.title = place, title
        self.people, self.lines, self.ends = {}, [], []

    def numbers(self):
        return sorted({line.number for line in self.lines})


def read(paths):
    """The stories of these files."""
    stories = []
    for path in paths:
        with open(path) as text:
            for number, line in enumerate((line.rstrip("\n") for line in text), 1):
                place = f"{os.path.basename(path)}:{number}"
                word, _, rest = line.partition(" ")
                if word == "STORY":
                    stories.append(Story(place, rest))
                elif word == "PEOPLE":
                    name, _, ids = rest.partition(" = ")
                    stories[-1].people[name] = [one.strip() for one in ids.split(",")]
                elif word == "THEN":
                    end = re.fullmatch(r"(\w+) (is known|is unknown|may be written to|may not be written to)", rest)
                    if end is None:
                        raise ValueError(f"{place}: then what?")
                    stories[-1].ends.append((place, end[1], end[2]))
                elif line and word != "#" and not line.startswith("#\t"):
                    stories[-1].lines.append(Line(place, line, number))
    return stories


def files():
    return [*sorted(glob.glob(f"{ROOT}/tests/identity/*.txt")), f"{ROOT}/tests/flow/attribution.txt"]


class Telling:
    """A story told once: its lines in some order, some twice; with ids that no other telling has."""

    def __init__(self, story, tag, key, random, order):
        self.story, self.tag, self.key = story, tag, key
        lines = list(story.lines)
        if order == "backwards":
            lines.reverse()
        elif order == "shuffled":
            random.shuffle(lines)
            lines += random.sample(lines, len(lines) // 3)
        # What an event's number decides goes by the hash of its id: ids whose hashes are in the order of the numbers.
        ids = sorted((f"{tag}-{random.randrange(1 << 60)}" for _ in story.numbers()), key=self.event_number)
        self.ids = dict(zip(story.numbers(), ids))
        told = {}
        self.events = []
        for line in lines:
            told[line] = told.get(line, 0) + 1
            self.events.append(self.event(line, told[line]))

    def event_number(self, event_id):
        return int.from_bytes(hashlib.sha256(b"\0".join((b"stories", self.tag.encode(), event_id.encode()))).digest()[:8], "big")

    def own(self, address):
        """The address, in a domain of this telling."""
        return re.sub(r"(?i)\.test(\s*)$", rf".{self.tag}.test\1", address)

    def ids_of(self, name):
        return self.story.people.get(name, [f"{name.lower()}@acme.test"])

    def address(self, name):
        return next((self.own(one) for one in self.ids_of(name) if "@" in one), None)

    def login(self, name):
        return next((one.removeprefix("login ") for one in self.ids_of(name) if one.startswith("login ")), None)

    def event(self, line, copy):
        what, weak = line.what, line.weak()
        who = {weak[1]: line.where} if weak else {}
        action = "PAGE_VIEW"
        if what["is"] or what["address"] is not None:
            action = "FORM_SUBMIT"
            who |= {"email": self.own(what["address"])} if what["is"] is None else \
                {"email": self.address(what["is"]), "name": f"{what['is']} of {self.tag}"}
        elif what["says"] is not None:
            action, who = "IDENTIFY", who | {"user_id": what["says"]}
        elif what["login"]:
            action, who = "IDENTIFY", who | {"user_id": self.login(what["login"]), "verified": True}
            who |= {"email": self.own(what["with"])} if what["with"] else {}
        elif what["are"]:
            action = "ALIAS"
            who = {"email_actor": base64.b64encode(uuid.UUID(self.actor_of(what["one"])).bytes).decode(),
                   "previous_id": self.actor_of(what["other"]), "verified": True}
        elif what["who"]:
            action, who = "CONSENT", who | {"email": self.address(what["who"])}
        if what["letters"] == "unsubscribes":
            action, who = "EMAIL_UNSUBSCRIBE", who | {"verified": True}
        channel = CHANNELS.get(line.where.split()[0], "WEB")
        event = {"id": self.ids[line.number], "source": "stories", "site": self.tag, "channel": channel, "action": action,
                 "occurred_us": line.at_us, "stamped_us": line.at_us, "identity": who, "consent": {"analytics": COUNTING[what["counting"]]},
                 "received_us": line.at_us + 1_000_000 * (copy + 10 * line.again), "content": {"url": "https://acme.test/prices/"}}
        if what["consent"]:
            event["consent"]["profile"] = STATES[what["consent"]]
        if what["letters"] in LETTERS:
            event["consent"]["contact"] = LETTERS[what["letters"]]
        if what["are"]:		# as phasectl identity join and split say it
            event |= {"source": "phasectl", "label": "join" if what["are"] == "one" else "split"}
        if what["robot"]:
            event["machine"] = {"reasons": 2}
        return event

    # --- what is expected ---

    def actor(self, kind, space, value):
        text = "\0".join((kind, space, value)).encode()
        return str(uuid.UUID(bytes=hmac.new(self.key, text, hashlib.sha256).digest()[:16]))

    def actors_of(self, name):
        ids = [name.strip('"')] if name.startswith('"') else self.ids_of(name)
        return [self.actor("email", "", self.own(one)) if "@" in one else self.actor("user", self.tag, one.removeprefix("login "))
                for one in ids]

    def actor_of(self, name):
        return self.actors_of(name)[0]

    def person(self, name):
        """The contact's id: the smallest of the actors that the person is."""
        return min(self.actors_of(name))

    def name_of(self, contact):
        """In words, for comparing tellings and for complaints."""
        words = {line.whose for line in self.story.lines if line.whose not in (None, NOBODY, HIDDEN, GONE)} | set(self.story.people)
        names = {self.person(word): word for word in words}
        names |= {self.actor(line.weak()[0], self.tag, line.where): line.where for line in self.story.lines if line.weak()}
        return names.get(contact, "somebody else")

    def expected(self):
        """For each touch that a line says something of: its event's number, the line, the contact; None: hidden; GONE: there is none."""
        for line in self.story.lines:
            if line.whose is not None and not line.again:
                contact = None if line.whose == HIDDEN else GONE if line.whose == GONE else \
                    self.person(line.whose) if line.whose != NOBODY else self.actor(line.weak()[0], self.tag, line.where)
                yield self.event_number(self.ids[line.number]), line, contact
