#!/usr/bin/python3
"""phasectl model check, and what becomes of bad models: nothing, the running one stays."""
import json
import os
import re

import phased_test
from daemon_test import NOW_US, DaemonTest

MODEL = os.path.join(phased_test.ROOT, "conf", "model")
HEAD = ("process: standard\n"
        "phases: [{name: none, prior: .5}, {name: look, main: early, prior: .25, entry: 1}, {name: buy, main: late, prior: .25}]\n")
GOOD = HEAD + "rules:\n- {name: web.a, match: [{path: {starts: /a/}}], example: {action: PAGE_VIEW, url: 'http://x.test/a/'}}\n"
BOMB = "a: &a [x, x, x, x]\n" + "".join(f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9))
BAD = {		# what the error must say, behind the file's name
    "points": (GOOD + "- {name: web.b, points: {look: 4}, match: [{path: b}], example: {action: PAGE_VIEW}}\n", r":5: .*\"points\.look\" must be 0, 1, 2 or 3"),
    "phase": (GOOD + "- {name: web.b, points: {lok: 1}, match: [{path: b}], example: {action: PAGE_VIEW}}\n", r":5: .*did you mean \"look\""),
    "channel": (GOOD + "- {name: .b, match: [{path: b}], example: {action: PAGE_VIEW}}\n", r":5: .*begins with its channel: web\. email\. or chat\."),
    "word": (GOOD + "- {name: web., match: [{path: b}], example: {action: PAGE_VIEW}}\n", r":5: .*a word is missing behind the channel"),
    "twice": (GOOD + GOOD.splitlines()[-1] + "\n", r":5: .*\"web\.a\" stands twice \(first on line 4\)"),
    "tabs": (GOOD + "\t- {name: web.b}\n", r":5: .*a tab: YAML wants spaces"),
    "large": (GOOD + ("#" * 1023 + "\n") * 10240, r":4100: .*over 4194304 bytes"),
    "bomb": (BOMB, r":1: .*anchors \(&name\) are not read here"),
    "expression": (GOOD + "- {name: web.b, match: [{path: '^/(a+)+$'}], example: {action: PAGE_VIEW, url: 'http://x.test/a'}}\n",
                   r":5: .*tries without end"),
    "shadow": (GOOD + "- {name: web.b, match: [{path: {is: /a/b}}], example: {action: PAGE_VIEW, url: 'http://x.test/a/b'}}\n",
               r":5: .*its example matches rule \"web\.a\""),
}


class ModelCheck(DaemonTest):
    def check(self, path, *options, status):
        return self.phasectl(["model", "check", "--model", path, *options], status=status)

    def findings(self, path, *options, status):
        return phased_test.json_lines(self.check(path, "--json", *options, status=status))

    def test_the_models_that_ship_are_clean(self):
        self.write_config()
        said = self.check(MODEL, "--topics", os.path.join(phased_test.ROOT, "conf", "topics.yaml"), status=0)
        self.assertRegex(said, r"^0 errors, 0 warnings, 0 pieces of advice: model [0-9a-f]{16} \(.*\)\n$")

    def test_all_that_is_wrong_is_named_at_once_in_words_and_as_json(self):
        self.write_config()
        path = self.write("bad.yaml", HEAD + "rules:\n- {name: web.a, frequency: raer}\n- {name: web.b, points: {byu: 1}}\n")
        self.assertEqual(f"{path}:4: error: \"frequency\": \"raer\" is not a word for it (did you mean \"rare\"?)\n"
                         f"{path}:5: error: \"points\": \"byu\" is no phase of this process (did you mean \"buy\"?)\n"
                         "2 errors, 0 warnings, 0 pieces of advice\n", self.check(path, status=65))
        found = self.findings(path, status=65)
        self.assertEqual([["severity", "file", "line", "what", "instead"]] * 2, [list(line) for line in found])
        self.assertEqual([("error", path, 4, None), ("error", path, 5, None)],
                         [(line["severity"], line["file"], line["line"], line["instead"]) for line in found])

    def test_foreign_words_are_shown_as_text_whatever_they_hold(self):
        self.write_config()
        cut = "y" * 79		# then two bytes, of which a message takes one
        path = self.write("odd.yaml", HEAD + f"rules:\n- {{name: web.a, points: {{{cut}\u00e5: 1}}}}\n" +
                          '- {name: web.b, points: {"\\e[2J\\x9b2J": 1}}\n')
        found = [line["what"] for line in self.findings(path, status=65)]
        self.assertEqual([f'"points": "{cut}?" is no phase', '"points": "?[2J??2J" is no phase'],
                         [what[:what.index(" of this process")] for what in found])
        self.assertEqual(set(), set("\x1b\x9b") & set(self.check(path, status=65)))

    def test_what_is_beyond_the_limit_is_said_to_be_there(self):
        self.write_config()
        rules = [f"- {{name: web.r{i}, frequency: raer}}\n" for i in range(501)]
        found = self.findings(self.write("most.yaml", HEAD + "rules:\n" + "".join(rules[:500])), status=65)
        self.assertEqual((500, {4, 503}), (len(found), {found[0]["line"], found[-1]["line"]}))
        path = self.write("more.yaml", HEAD + "rules:\n" + "".join(rules))
        found = self.findings(path, status=65)
        self.assertEqual((501, {"severity": "error", "file": None, "line": None, "instead": None,
                                "what": "and more, of which there is no room to tell"}), (len(found), found[-1]))
        self.assertTrue(self.check(path, status=65).endswith("\n… and more, of which there is no room to tell\n501 errors, 0 warnings, 0 pieces of advice\n"))

    def test_a_warning_is_1_and_says_what_to_write_instead(self):
        self.write_config()
        path = self.write("odd.yaml", GOOD + "- name: web.b\n  points: {}\n  match:\n  - {path: {is: /a/b}}\n  - {path: {is: /b}}\n"
                                             "  example: {action: PAGE_VIEW, url: 'http://x.test/b'}\n")
        found = self.findings(path, status=1)
        self.assertEqual([("advice", 6), ("warning", 8)], [(line["severity"], line["line"]) for line in found])
        self.assertIn("points from 1 to 3 for some of none, look, buy", found[0]["instead"])
        self.assertIn('put "web.b" before "web.a"', found[1]["instead"])
        self.assertIn("    instead: ", self.check(path, status=1))

    def test_topics_that_nobody_has_words_for(self):
        self.write_config()
        topics = os.path.join(phased_test.ROOT, "conf", "topics.yaml")
        path = self.write("chat.yaml", GOOD + "- {name: chat.a, match: [{topic: prise}], example: {action: CHAT_MESSAGE, topic: prise}}\n")
        self.findings(path, status=0)
        self.assertEqual('did you mean "price"?', self.findings(path, "--topics", topics, status=1)[0]["instead"])
        done = self.run_phasectl(["model", "check", "--model", path, "--topics", "/nowhere.yaml"])
        self.assertEqual((78, 1), (done.status, done.err.count("\n")), done)

    def test_bad_models_are_refused_with_their_line_and_the_running_one_stays(self):
        self.prepare()
        phased = self.start_phased()
        before = self.psql("SELECT * FROM phased.model ORDER BY version")
        for name, (text, wanted) in BAD.items():
            path = self.write(f"{name}.yaml", text)
            said = self.check(path, status=65)
            self.assertRegex(said, re.escape(path) + wanted.replace(": .*", ": error: .*"), name)
            done = self.run_phasectl(["model", "accept", "--model", path])
            self.assertEqual((78, "", 1), (done.status, done.out, done.err.count("\n")), name)
            self.assertRegex(done.err, re.escape(path) + wanted, name)
        os.mkdir(self.path("two"))
        first, second = (self.write(f"two/{name}.yaml", GOOD) for name in "ab")
        done = self.run_phasectl(["model", "accept", "--model", self.path("two")])
        self.assertEqual((78, f'phasectl: model accept: {second}:1: process "standard" stands in {first} already\n'),
                         (done.status, done.err))
        self.assertEqual(before, self.psql("SELECT * FROM phased.model ORDER BY version"))
        self.send(json.dumps({"id": "e", "source": "test", "channel": "WEB", "action": "PAGE_VIEW", "occurred_us": NOW_US,
                              "received_us": NOW_US, "identity": {"anonymous_id": "c1"}, "consent": {"analytics": "GRANTED"},
                              "content": {"url": "https://www.nordlys.test/prices/"}}) + "\n")
        self.applied(1)
        self.assertEqual([["web.pricing"]], self.psql("SELECT rule FROM phased.subject_rule"))
        self.assertEqual(0, phased.stop())


if __name__ == "__main__":
    phased_test.main()
