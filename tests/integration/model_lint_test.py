#!/usr/bin/python3
"""phasectl model lint --from-db, and model check --from-db: the model against what a daemon has stored."""
import json
import os
import re

import phased_test
from daemon_test import NOW_US, DaemonTest

MODEL = os.path.join(phased_test.ROOT, "conf", "model")


def view(path, title="", **more):
    return {"channel": "WEB", "action": "PAGE_VIEW", "content": {"url": f"https://www.nordlys.test{path}", "title": title}, **more}


def web(action, **more):
    content = {key: value for key, value in more.items() if key not in ("label", "process")}
    return {"channel": "WEB", "action": action, "content": content, **{key: more[key] for key in ("label", "process") if key in more}}


# What no rule takes, how often, and what must be asked for; then what rules take.
UNTAKEN = [
    (view("/offers/spring/", 'Spring "offers" \\ 2026'), 9, 'path: {starts: "/offers/"}'),
    (view("/offers/winter/", "Winter offers"), 7, 'path: {starts: "/offers/"}'),
    (view("/Offers/Autumn/", "Autumn offers"), 6, 'path: {starts: "/offers/"}'),
    (view("/tilbehør/", "Tilbehør: måleudstyr"), 8, 'path: {is: "/tilbehør/"}'),
    (view("/da/ydelser/a/"), 3, 'path: {starts: "/da/ydelser/"}'),
    (view("/da/ydelser/b/"), 3, 'path: {starts: "/da/ydelser/"}'),
    (view("/da/ydelser/c/"), 3, 'path: {starts: "/da/ydelser/"}'),
    (view("/"), 11, 'path: {is: "/"}'),
    (web("FORM_SUBMIT", form_id="Spare-Parts-Enquiry", url="https://www.nordlys.test/x/", title="Ask"), 6, 'form: {is: "Spare-Parts-Enquiry"}'),
    (web("FORM_SUBMIT", url="https://www.nordlys.test/contact-us/"), 5, 'path: {is: "/contact-us/"}'),
    (web("CUSTOM", label="Configurator opened", url="https://www.nordlys.test/zz/"), 5, 'label: {is: "Configurator opened"}'),
    (web("LINK_OUT", url="https://www.nordlys.test/", target_url="https://map.other.test/here"), 5, 'target: {is: "/here"}'),
    (web("LINK_OUT", url="https://www.nordlys.test/", target_url="https://other.test/here"), 5, 'target: {is: "/here"}'),
    ({"channel": "EMAIL", "action": "EMAIL_CLICK", "content": {"target_url": "https://www.nordlys.test/fair-2026/"}}, 6,
     'target: {is: "/fair-2026/"}'),
    ({"channel": "CHAT", "action": "CHAT_MESSAGE", "content": {"topic": "boats,weather"}}, 5, 'topic: "boats"'),
    ({"channel": "CHAT", "action": "CHAT_MESSAGE", "content": {"topic": "weather"}}, 6, 'topic: "weather"'),
    (view("/lots/", process="tender"), 5, 'path: {is: "/lots/"}'),
]
RARE = [(view("/seldom/"), 4)]
NAMELESS = [({"channel": "CHAT", "action": "CHAT_MESSAGE", "content": {}}, 3)]
TAKEN = [(view("/prices/"), 30), (view("/guides/choosing-a-workboat-radar/"), 12), (view("/blog/winter-quay/"), 11), (view("/about/"), 9)]


class Seen(DaemonTest):
    def seen(self, rows):
        """Sends these events, each from somebody else, and waits until the daemon has stored them."""
        events = []
        for event, count in rows:
            for _ in range(count):
                number = len(events)
                events.append({"id": f"e{number}", "source": "test", "occurred_us": NOW_US + number, "received_us": NOW_US + number,
                               "identity": {"anonymous_id" if event["channel"] != "EMAIL" else "recipient_id": f"c{number}"},
                               "consent": {"analytics": "GRANTED"}, **event})
        self.send("".join(json.dumps(event) + "\n" for event in events))
        phased = self.start_phased()
        self.applied(len(events))
        self.assertEqual(0, phased.stop())
        return len(events)

    def lint(self, *options, model=MODEL, **more):
        return self.phasectl(["model", "lint", "--from-db", "--model", model, *options], **more)

    def paste(self, said):
        """A folder with the models, what lint printed pasted where it says."""
        folder = self.path("pasted")
        os.mkdir(folder)
        texts = {}
        for name in os.listdir(MODEL):
            with open(os.path.join(MODEL, name)) as text:
                texts[name] = text.read()
        blocks = re.split(r"(?m)^# \S*/(\S+\.yaml)(?::(\d+))?, (?:behind all rules|before rule (\S+), which .*):\n", said)[1:]
        for name, line, before, rules in zip(blocks[::4], blocks[1::4], blocks[2::4], blocks[3::4]):
            if before is None:
                texts[name] += rules
            else:
                lines = texts[name].splitlines(keepends=True)
                self.assertIn(f"- name: {before}", lines[int(line) - 1])
                texts[name] = "".join(lines[:int(line) - 1]) + rules + "".join(lines[int(line) - 1:])
        for name, text in texts.items():
            self.write(f"pasted/{name}", text)
        return folder

    def test_rules_are_printed_that_take_what_no_rule_took(self):
        self.prepare()
        total = self.seen([row[:2] for row in UNTAKEN] + RARE + NAMELESS + TAKEN)
        said = self.lint()
        untaken = sum(count for _, count, _ in UNTAKEN) + 7
        self.assertIn(f"# Of {total} touches {untaken} match only \"other\"", said)
        self.assertIn("# Of these, 3 say nothing of what they were about", said)
        self.assertIn("# Of these, 4 are left out", said)
        for _, _, wanted in UNTAKEN:
            self.assertIn(wanted, said)
        self.assertEqual(len({(json.dumps(event.get("content", {}).get("target_url")) if "target" in wanted else "", wanted, event.get("process"))
                              for event, _, wanted in UNTAKEN}), said.count("- name: "))
        self.assertIn('# 22 touches, the last on 2026-09-21; 3 different ones: "/offers/spring/" 9, "/offers/winter/" 7, "/Offers/Autumn/" 6\n', said)
        self.assertRegex(said, r"(?m)^# \S*/standard\.yaml:\d+, before rule web\.other, which takes these by line \d+:$")
        self.assertRegex(said, r"(?m)^# \S*/tender\.yaml, behind all rules:$")
        self.assertNotIn("seldom", said)
        self.assertNotIn("/prices/", said)
        # Pasted, it loads, its examples match, and nothing is left but what cannot be known or is rare.
        pasted = self.paste(said)
        checked = phased_test.json_lines(self.phasectl(["model", "check", "--model", pasted, "--json"]))
        self.assertEqual({"advice"}, {line["severity"] for line in checked})
        self.assertEqual(said.count("- name: "), len(checked))
        self.assertTrue(all("says nothing yet" in line["what"] for line in checked))
        again = self.lint("--min-touches", "1", model=pasted)
        self.assertEqual(1, again.count("- name: "), again)
        self.assertIn('path: {is: "/seldom/"}', again)
        self.assertIn("# Of these, 3 say nothing", again)
        self.before_other_nothing_is_taken_from_rules_behind_it()

    def before_other_nothing_is_taken_from_rules_behind_it(self):
        head = "process: standard\nphases: [{name: none, prior: .5}, {name: look, main: early, prior: .5, entry: 1}]\nrules:\n"
        other = ("- name: web.other\n  match:\n  - {source: test, path: {glob: '/off*'}, title: '^Spring \\\"'}\n  - {host: nordlys.test, engaged: 0s}\n"
                 "  example: {action: PAGE_VIEW, url: 'http://nordlys.test/else/'}\n")
        home = "- {name: web.home, match: [{path: {is: /}}], example: {action: PAGE_VIEW, url: 'http://x.test/'}}\n"
        said = self.lint("--min-touches", "9", model=self.write("strict.yaml", head + other + home))
        self.assertRegex(said, r"(?m)^# \S*/strict\.yaml:4, before rule web\.other, which takes these by lines 6, 7:$")
        self.assertIn('- {action: PAGE_VIEW, source: "test", path: {is: "/offers/spring/"}, title: {regex: "^Spring \\\\\\""}}\n', said)
        self.assertIn('- {action: PAGE_VIEW, host: "nordlys.test", path: {is: "/"}}\n', said)
        rules = re.search(r"(?s)lines 6, 7:\n(.*?)(?:\n# |\Z)", said)[1]
        pasted = self.write("strict.yaml", head + re.sub("(?m)^  (?=- name|  )", "", rules) + "\n" + other + home)
        self.assertIn("0 errors", self.phasectl(["model", "check", "--model", pasted]))

    def test_limits_choose_those_with_most_touches(self):
        self.prepare()
        self.seen([row[:2] for row in UNTAKEN])
        said = self.lint("--limit", "2")
        self.assertEqual(["offers", "home"], re.findall(r"- name: web\.(\w+)", said))
        self.assertEqual(1, self.lint("--min-touches", "12").count("- name: "))
        self.assertEqual(0, self.lint("--days", "1").count("- name: "))

    def test_who_may_ask_and_what_else_is_needed(self):
        self.prepare()
        self.seen([(view("/offers/"), 6)])
        said = self.lint()
        self.assertIn('path: {is: "/offers/"}', said)
        self.assertEqual(said, self.lint(config=self.user("phased_reader")))
        monitor = self.user("phased_monitor")
        for command in (["lint", "--from-db"], ["check", "--from-db"]):
            done = self.run_phasectl(["model", *command, "--model", MODEL], config=monitor)
            self.assertEqual((77, ""), (done.status, done.out), done.err)
        for options, wanted in ((["lint"], "expected --from-db"), (["check", "--days", "7"], "--days: only with --from-db")):
            done = self.run_phasectl(["model", *options])
            self.assertEqual((64, 1), (done.status, done.err.count("\n")), done)
            self.assertIn(wanted, done.err)

    def test_nothing_seen_is_no_error(self):
        self.prepare()
        self.assertRegex(self.lint(), r'^# Of 0 touches 0 match only "other" \(0 subjects looked at\)\.\n$')
        found = phased_test.json_lines(self.phasectl(["model", "check", "--from-db", "--json"]))
        self.assertEqual(["nothing was seen yet: there is nothing to hold the model against"], [line["what"] for line in found])

    def test_a_model_is_held_against_what_was_seen(self):
        head = ("process: standard\nphases: [{name: none, prior: .2}, {name: look, main: early, prior: .5, entry: 1}, "
                "{name: buy, main: late, prior: .3}]\nrules:\n")
        example = "example: {action: PAGE_VIEW, url: 'http://x.test"
        model = self.write("one.yaml", head +
                           f"- {{name: web.shop, match: [{{path: '^/shop/'}}], {example}/shop/'}}}}\n"
                           f"- {{name: web.basket, points: {{buy: 1}}, match: [{{path: '/basket'}}], {example}/basket'}}}}\n"
                           f"- {{name: web.guide, frequency: rare, match: [{{path: {{starts: /guide/}}}}], {example}/guide/'}}}}\n"
                           f"- {{name: web.map, match: [{{path: {{is: /map}}}}], {example}/map'}}}}\n"
                           f"- {{name: web.news, match: [{{path: {{is: /news}}}}], {example}/news'}}}}\n"
                           f"- {{name: web.old, match: [{{path: {{is: /old}}}}], {example}/old'}}}}\n"
                           "contents: [{name: gone, phase: late, path: '^/gone'}, {name: lost, phase: late, path: '^/lost$'}]\n")
        self.new_database()
        self.new_topics()
        self.write_config(model__path=model)
        self.phasectl(["migrate"])
        self.phasectl(["topics", "create", "--partitions", "1", "--replication", "1"])
        self.phasectl(["model", "accept"])
        # The guide is called rare and is the most common of all; the map is called normal and is nearly never seen.
        self.seen([(view("/shop/a"), 60), (view("/shop/basket"), 5), (view("/guide/x"), 200), (view("/map"), 2), (view("/news"), 60),
                   (view("/lost"), 5), (view("/what"), 235),
                   (view("/news", identity={"anonymous_id": "again"}), 600)])		# repeats, which do not count
        found = phased_test.json_lines(self.phasectl(["model", "check", "--from-db", "--json"], status=1))
        said = {(line["severity"], line["line"]): (line["what"], line["instead"]) for line in found}
        self.assertEqual({("warning", 5), ("advice", 6), ("advice", 7), ("advice", 9), ("warning", 10), ("advice", 10)}, set(said) - {("advice", None)})
        self.assertEqual(('rule "web.basket": none of the 7 subjects seen reached it: 5 touches fit it, and went to rules that stand before it, '
                          'most to "web.shop" (line 4)', 'put "web.basket" before "web.shop", if it should have them'), said["warning", 5])
        self.assertRegex(said["advice", 6][0], r'^rule "web\.guide" is called rare, but is seen more often: 35 of 100 touches of its channel, where about \d(\.\d)? would')
        self.assertEqual("frequency: common", said["advice", 6][1])
        self.assertRegex(said["advice", 7][0], r'^rule "web\.map" is called normal, but is seen less: 0\.4 of 100')
        self.assertEqual("frequency: rare", said["advice", 7][1])
        self.assertEqual('rule "web.old": none of the 7 subjects seen fits it', said["advice", 9][0])
        self.assertEqual('content "lost" serves late, but of its 5 touches no rule took one', said["warning", 10][0])
        self.assertEqual("1 of 2 contents were not among the 7 subjects seen: gone", said["advice", 10][0])
        self.assertIn(", 0 warnings", self.phasectl(["model", "check", "--from-db", "--days", "1"]))


if __name__ == "__main__":
    phased_test.main()
