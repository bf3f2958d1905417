#!/usr/bin/python3
# run: timeout=600
"""The whole path with a real tracker: headless Chromium on the demo's site → phased-collect → Kafka → phased → PostgreSQL.

Snowplow's trackers v4 and v3, each by POST and by GET. What a visitor did not consent to must be nowhere: the test looks
through a dump of the whole database, every message on every topic, and the programs' logs.
"""
import base64
import copy
import json
import os
import secrets
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "integration"))
import phased_test
from phased_test import ROOT

PLAY_S = 120
ROWS_S = 60


def visitors(*keys):
    with open(f"{ROOT}/dev/player/visitors.json", encoding="utf-8") as text:
        known = {one["key"]: one for one in json.load(text)}
    return [copy.deepcopy(known[key]) for key in keys]


def visitor(key, like, email, name, **changes):
    """Somebody who walks like one of the known visitors, but is somebody else."""
    return {**visitors(like)[0], "key": key, "email": email, "name": name, **changes}


def base64_forms(text):
    """What the text looks like inside base64, wherever it begins; without the ends, which depend on its neighbours."""
    return [base64.b64encode(b"." * before + text.encode())[2 * before:-4] for before in range(3)]


class Browser(phased_test.PhasedTest):
    def setUp(self):
        super().setUp()
        self.prepare()
        self.start_phased()
        self.collector = self.start_collector()

    def start_collector(self):
        """phased-collect on a free port, with the form map that is shipped. Returns its URL."""
        with open(f"{ROOT}/conf/collect.yaml", encoding="utf-8") as text:
            forms = text.read().split("\nforms:\n")[1]
        config = self.write("collect.yaml", phased_test.yaml_text({
            "http": {"listen": "127.0.0.1:0", "admin_listen": ""},
            "kafka": {"brokers": os.environ["PHASED_KAFKA"],
                      "topics": {channel: name for channel, name in self.topics.items() if channel != "erasure"}},
            "identity": {"key_file": self.path("identity.key")},
        }) + f"forms:\n{forms}")
        return "http://" + self.wait_log(self.start_collect(config=config), r"listening on (127\.0\.0\.1:\d+)$").group(1)

    def play(self, people, tracker="4", method="post"):
        """Plays them on a site of their own, and returns once the collector has acknowledged all they did."""
        site = subprocess.Popen([f"{ROOT}/dev/site/serve", "--collector", self.collector, "--tracker", tracker, "--method", method],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        try:
            url = site.stdout.readline().strip()
            done = subprocess.run(["node", f"{ROOT}/dev/player/play.mjs", "--site", url, "--collector", self.collector, "-"],
                                  input=json.dumps(people), capture_output=True, text=True, timeout=PLAY_S)
            self.assertEqual(0, done.returncode, done.stderr + done.stdout)
        finally:
            site.terminate()
            site.wait(10)
            site.stdout.close()

    def messages(self):
        """All that stands on the topics, as one bytes; and how many messages that is."""
        said, count = b"", 0
        mark = secrets.token_hex(8)	# a message may hold any byte
        for topic in self.topics.values():
            done = subprocess.run(["kcat", "-C", "-q", "-e", "-b", os.environ["PHASED_KAFKA"], "-t", topic, "-o", "beginning",
                                   "-f", f"{mark}%k %h %s"], capture_output=True, timeout=60)
            self.assertEqual(0, done.returncode, done.stderr)
            said += done.stdout
            count += done.stdout.count(mark.encode())
        return said, count

    def wait_taken(self):
        """Until phased has read every message that the topics hold now."""
        _, count = self.messages()
        self.assertGreater(count, 0)
        self.wait_until(lambda: int(self.value("SELECT coalesce(sum(greatest(next_offset, 0)), 0) FROM phased.position")) >= count,
                        ROWS_S, f"{count} messages taken")

    def rows(self):
        return phased_test.json_lines(self.phasectl(["report", "phases", "--json"]))

    def phases(self):
        """email -> process -> phase, of those who have an email."""
        found = {}
        for row in self.rows():
            if row["email"]:
                found.setdefault(row["email"], {})[row["process"]] = row["phase"]
        return found

    def wait_phases(self, expected):
        self.wait_until(lambda: self.phases() == expected or None, ROWS_S, "the visitors' phases")

    def places(self):
        """All that stands in a dump of the database, on the topics, and in our logs."""
        dump = subprocess.run(["pg_dump", "--inserts", "-d", self.database], capture_output=True, timeout=60)
        self.assertEqual(0, dump.returncode, dump.stderr)
        return {"database": dump.stdout, "topic": self.messages()[0],
                "log": b"".join(program.log().encode() for program in self.programs)}

    def places_of(self, text, places):
        """In which of them the text stands, also inside base64."""
        return {place for place, content in places.items() if text.lower().encode() in content.lower()
                or any(form in content for form in base64_forms(text))}

    def test_visitors_stand_in_the_phases_they_played(self):
        people = visitors("early", "mid", "late", "both")
        self.play(people)
        self.wait_phases({one["email"]: one["stands"] for one in people})
        for row in self.rows():
            one = next(one for one in people if one["email"] == row["email"])
            self.assertEqual(one["name"], row["name"])
            # What they read before they said who they are is theirs: more than the form and its page could give.
            self.assertGreaterEqual(row["touches"], 4 if row["process"] == "standard" else 3)
        self.wait_taken()
        self.assertEqual(5, len(self.rows()), "one of them in two processes, and nobody else")

    def test_trackers_of_both_generations_by_both_methods(self):
        expected = {}
        for tracker, method, like in (("3", "post", "early"), ("3", "get", "mid"), ("4", "get", "late")):
            email = f"v{tracker}.{method}@sundbaad.test"
            self.play([visitor(f"v{tracker}-{method}", like, email, f"Visitor of v{tracker} by {method}")], tracker, method)
            expected[email] = {"standard": like}
        self.wait_phases(expected)

    def test_without_analytics_nothing_is_sent_and_nobody_appears(self):
        self.play([visitor("declines", "mid", "declines@sundbaad.test", "Nobody Here", analytics=False)])
        _, count = self.messages()
        self.assertEqual(0, count)
        self.assertEqual([], self.rows())

    def test_without_profile_consent_the_address_is_nowhere(self):
        secret = visitor("private", "mid", "karl.ohnespur@sundbaad.test", "Karl Ohnespur", profile=False, company="Spurlos und Söhne")
        self.play([secret, visitor("other", "late", "katrin.vogel@elbschlepper.test", "Katrin Vogel")])
        self.wait_phases({"katrin.vogel@elbschlepper.test": {"standard": "late"}})
        self.wait_taken()
        places = self.places()
        for text in ("karl.ohnespur", "ohnespur@", "Karl Ohnespur", "Spurlos"):
            self.assertEqual(set(), self.places_of(text, places), text)
        # The same search does find somebody who consented, and not in a log even then.
        for text in ("katrin.vogel@elbschlepper", "Katrin Vogel"):
            self.assertEqual({"database", "topic"}, self.places_of(text, places), text)
        # What was read stays, without a person: an anonymous contact in the phase it played.
        self.assertEqual(["mid"], [row["phase"] for row in self.rows() if row["email"] is None])


if __name__ == "__main__":
    unittest.main(verbosity=2)
