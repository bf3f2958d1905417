#!/usr/bin/python3
# run: timeout=300
"""What the CloudEvents SDK makes of events, over HTTP through phased-collect and on the topics → phased → PostgreSQL: ours are taken as they
are, those of other types by the map that both programs have, or named and rejected by a daemon that has none."""
import base64
import json
import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "integration"))
import phased_test
from collector_test import proto
from google.protobuf import json_format
from phased_test import ROOT

MODULES = os.environ.get("PHASED_NODE_MODULES") or os.path.join(ROOT, ".cache", "npm", "node_modules")
SECRET, OURS = "phased-test-secret", "io.phased.behaviour.v1"
WAYS = ("http-binary", "http-structured", "kafka-binary", "kafka-structured")
MAP = {"map": {"site": "shop", "url": "page.url", "property.plan": "plan", "value": "total"}}
ROWS_S = 60
CUSTOM, PAGE_VIEW = 6, 100


class CloudEvents(phased_test.PhasedTest):
    def begin(self, cloudevents):
        self.prepare(consent={"web": "allow"}, cloudevents=cloudevents)
        self.start_phased()
        self.write("bridge.secret", SECRET + "\n", 0o600)
        config = self.write("collect.yaml", phased_test.yaml_text({
            "http": {"listen": "127.0.0.1:0", "admin_listen": ""}, "consent": {"web": "allow"}, "cloudevents": MAP,
            "kafka": {"brokers": os.environ["PHASED_KAFKA"],
                      "topics": {channel: name for channel, name in self.topics.items() if channel != "erasure"}},
            "hooks": {"bridge": {"source": "cloudevents", "secret_file": "bridge.secret"}},
            "chat": {"topics_file": ROOT + "/conf/topics.yaml"}, "identity": {"key_file": self.path("identity.key")}}))
        self.collector = self.wait_log(self.start_collect(config=config), r"^listening (127\.0\.0\.1:\d+)$").group(1)

    def say(self, *events):
        asked = {"http": f"http://{self.collector}/hooks/cloudevents/bridge", "headers": {"authorization": f"Bearer {SECRET}"}, "events": events}
        done = subprocess.run(["node", os.path.join(ROOT, "tests", "whole", "cloudevents.mjs")], input=json.dumps(asked), capture_output=True,
                              text=True, timeout=100, env={**os.environ, "PHASED_NODE_MODULES": MODULES})
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        for line in map(json.loads, done.stdout.splitlines()):
            if "status" in line:
                self.assertEqual(202, line["status"])
            else:
                self.produce(line)

    def produce(self, message):
        argv = ["kcat", "-P", "-b", os.environ["PHASED_KAFKA"], "-t", self.topics["web"], "-D", "\x1e\x1e\x1e"]
        for name, value in message["headers"].items():
            argv += ["-H", f"{name}={value}"]
        subprocess.run(argv, input=base64.b64decode(message["value"]), check=True, timeout=60)

    def foreign(self, way, **more):
        return {"way": way, "event": {"type": f"com.acme.{way}", "source": "/shop", "id": way, "time": self.when, "subject": "k-42",
                                      "datacontenttype": "application/json",
                                      "data": {"page": {"url": "https://acme.test/a?b=c"}, "plan": "pro", "total": 12.5, "shop": "shop"}, **more}}

    def ours(self, way):
        """One as JSON, one as protobuf."""
        events = [proto.Event(id=f"{way} {form}", source="app", site=form, channel="WEB", action="PAGE_VIEW", label=way,
                              occurred_us=self.now * 1000000, identity={"user_id": "u-1"}) for form in ("json", "protobuf")]
        envelope = {"type": OURS, "source": "/app", "time": self.when}
        return [{"way": way, "event": {**envelope, "id": "1", "datacontenttype": "application/json", "data": json_format.MessageToDict(events[0])}},
                {"way": way, "event": {**envelope, "id": "2", "datacontenttype": "application/protobuf"},
                 "protobuf": base64.b64encode(events[1].SerializeToString()).decode()}]

    def setUp(self):
        super().setUp()
        self.now = int(time.time())
        self.when = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(self.now))

    def outcome(self, name):
        return int(self.value(f"SELECT coalesce(sum(n), 0) FROM phased.outcome_day WHERE outcome = '{name}'"))

    def touches(self):
        return sorted(tuple(row) for row in self.psql("""SELECT source, site, action, label, path, count(*) FROM phased.touch
            JOIN phased.subject USING (subject_id) GROUP BY 1, 2, 3, 4, 5"""))

    def test_each_is_one_touch_by_whatever_way_it_comes(self):
        self.begin(MAP)
        events = [event for way in WAYS for event in (self.foreign(way), *self.ours(way))]
        self.say(*events, *events)
        wanted = sorted([("cloudevents", "shop", str(CUSTOM), f"com.acme.{way}", "/a", "1") for way in WAYS] +
                        [("app", form, str(PAGE_VIEW), way, "", "1") for way in WAYS for form in ("json", "protobuf")])
        ended = "SELECT coalesce(sum(n), 0) FROM phased.outcome_day"
        self.wait_until(lambda: int(self.value(ended)) == 2 * len(events) or None, ROWS_S, "what came, and came again")
        self.assertEqual(wanted, self.touches())
        self.assertEqual("0", self.value("SELECT count(*) FROM phased.rejected"))
        people = self.psql("SELECT source, count(DISTINCT actor_id) FROM phased.touch JOIN phased.subject USING (subject_id) GROUP BY 1 ORDER BY 1")
        self.assertEqual([["app", "2"], ["cloudevents", "1"]], people, "of one id at one site, by whatever way")

    def test_a_daemon_without_a_map_names_what_it_does_not_know(self):
        self.begin({})
        ways = [way for way in WAYS if way.startswith("kafka")]
        bad = [self.foreign("kafka-structured", type="com.acme.ann@acme.test")]
        self.say(*(self.foreign(way) for way in ways), *bad, *(event for way in ways for event in self.ours(way)))
        self.wait_until(lambda: self.outcome("applied") == 4 and self.outcome("unreadable") == 3 or None, ROWS_S, "all of them")
        fields = {field for field, in self.psql("SELECT field FROM phased.rejected")}
        named = {"type.com.acme.kafka-binary", "type.com.acme.kafka-structured"}
        self.assertEqual((3, named), (len(fields), fields & named))
        self.assertNotIn("ann@", "".join(fields))


if __name__ == "__main__":
    phased_test.main()
