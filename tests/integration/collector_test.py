#!/usr/bin/python3
# run: sanitized
"""phased-collect as trackers and operators meet it: HTTP in, a real Kafka behind it."""
import base64
import gzip
import hashlib
import hmac
import http.client
import importlib.util
import json
import os
import re
import socket
import subprocess
import tempfile
import time
import urllib.parse
import uuid
import zlib

import phased_test

EDGES = os.path.join(phased_test.BUILD, "tests", "integration", "kafka_edges")
SNOWPLOW = "iglu:com.snowplowanalytics.snowplow"
TP2 = "/com.snowplowanalytics.snowplow/tp2"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
ADDRESS = "ann.aas@acme.test"
KEY = b"0123456789abcdef0123456789abcdef"


def load_proto():
    """The messages, compiled from the contract by protoc."""
    with tempfile.TemporaryDirectory(prefix="phased-proto-") as folder:
        proto = os.path.join(phased_test.ROOT, "proto")
        subprocess.run(["protoc", "-I", proto, f"--python_out={folder}", "phased/v1/event.proto"], check=True)
        spec = importlib.util.spec_from_file_location("event_pb2", os.path.join(folder, "phased", "v1", "event_pb2.py"))
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module


proto = load_proto()


def schema(name, version="1-0-0"):
    return f"{SNOWPLOW}/{name}/jsonschema/{version}"


def consent():
    return {"schema": schema("gdpr"), "data": {"basisForProcessing": "consent", "documentId": "privacy", "documentVersion": "3"}}


def payload(kind="pv", entities=(), what=None, **fields):
    """One event as tracker v4 sends it."""
    now = int(time.time() * 1000)
    event = {"e": kind, "eid": str(uuid.uuid4()), "tv": "js-4.10.1", "tna": "sp", "aid": "acme-web", "p": "web",
             "dtm": str(now - 40), "stm": str(now), "duid": "cookie-1", "sid": "session-1",
             "url": "https://acme.test/prices/", "page": "Prices"}
    if entities:
        event["co"] = json.dumps({"schema": schema("contexts"), "data": list(entities)})
    if what:
        event["ue_pr"] = json.dumps({"schema": schema("unstruct_event"), "data": what})
    return {**event, **fields}


def submit(profile, **fields):
    elements = [{"name": "email", "value": ADDRESS, "nodeName": "INPUT", "type": "email"},
                {"name": "name", "value": "Ann Aas", "nodeName": "INPUT", "type": "text"},
                {"name": "message", "value": f"write to {ADDRESS}", "nodeName": "TEXTAREA"},
                {"name": "consent_profile", "value": "yes" if profile else None, "nodeName": "INPUT", "type": "checkbox"}]
    return payload("ue", [consent()], {"schema": schema("submit_form"), "data": {"formId": "demo-request", "elements": elements}},
                   **fields)


def batch(*events):
    return json.dumps({"schema": schema("payload_data", "1-0-4"), "data": list(events)}).encode()


class Answer:
    def __init__(self, answer):
        self.status, self.headers, self.body = answer.status, answer.headers, answer.read()


class CollectTest(phased_test.PhasedTest):
    def brokers(self):
        return phased_test.server("PHASED_KAFKA")

    def setUp(self):
        super().setUp()
        self.make_topics()
        self.write("identity.key", KEY.decode() + "\n", 0o600)

    def make_topics(self):
        self.new_topics()
        done = subprocess.run([EDGES, "create", self.brokers()] + [f"{self.topics[name]}:4" for name in ("web", "rejected")],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(0, done.returncode, done.stderr)

    def write_collect(self, **sections):
        settings = {"http": {"listen": "127.0.0.1:0", "admin_listen": "127.0.0.1:0"},
                    "kafka": {"brokers": self.brokers(), "topics": {name: self.topics[name] for name in ("web", "rejected")}},
                    "identity": {"key_file": "identity.key"},
                    "forms": {"demo-request": {"email": "email", "name": "name", "profile": "consent_profile"}}}
        for section, values in sections.items():
            settings[section] = {**settings.get(section, {}), **values}
        return self.write("collect.yaml", phased_test.yaml_text(settings))

    def collect(self, ready=True, **sections):
        self.program = self.start_collect(config=self.write_collect(**sections))
        self.address = self.wait_log(self.program, r"^listening (127\.0\.0\.1:\d+)$").group(1)
        self.admin = self.wait_log(self.program, r"^admin (127\.0\.0\.1:\d+)$").group(1)
        if ready:
            self.wait_until(lambda: self.ask("GET", "/readyz").status == 200, 20, "a broker is there")
        return self.program

    def ask(self, method, path, body=None, headers=(), address=None, timeout=30):
        connection = http.client.HTTPConnection(address or self.address, timeout=timeout)
        try:
            connection.request(method, path, body, {"User-Agent": FIREFOX, **dict(headers)})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def post(self, *events, **more):
        return self.ask("POST", TP2, batch(*events), {"Content-Type": "application/json; charset=UTF-8", **more.pop("headers", {})},
                        **more)

    def read(self, name):
        """All messages of a topic: (key, value), bytes."""
        done = subprocess.run(["kcat", "-b", self.brokers(), "-C", "-t", self.topics[name], "-e", "-q", "-f", "%K %S\n%k%s"],
                              capture_output=True, timeout=60)
        self.assertEqual(0, done.returncode, done.stderr)
        found, rest = [], done.stdout
        while rest:
            sizes, rest = rest.split(b"\n", 1)
            key_size, size = (max(int(number), 0) for number in sizes.split())
            found.append((rest[:key_size], rest[key_size:key_size + size]))
            rest = rest[key_size + size:]
        return found

    def events(self):
        return [proto.Event.FromString(value) for _, value in self.read("web")]

    def rejected(self):
        return [proto.Rejected.FromString(value) for _, value in self.read("rejected")]

    def metrics(self):
        """name{labels} -> value; and they must add up."""
        text = self.ask("GET", "/metrics", address=self.admin).body.decode()
        found = {name: float(value) for name, value in re.findall(r"^([a-z_]+(?:\{[^}]*\})?) (\S+)$", text, re.M)}
        ended = sum(value for name, value in found.items() if name.startswith("phased_collect_events_total"))
        self.assertEqual(found["phased_collect_received_total"], ended + found["phased_produce_inflight"])
        return found

    def fate(self, name):
        return self.metrics()[f'phased_collect_events_total{{outcome="{name}"}}']

    def no_address_in(self, what, text):
        for form in (ADDRESS, ADDRESS.replace("@", "%40"), base64.b64encode(ADDRESS.encode()).decode()):
            self.assertNotIn(form.encode() if isinstance(text, bytes) else form, text, what)


def actor(kind, space, value):
    return hmac.new(KEY, b"\0".join(part.encode() for part in (kind, space, value)), hashlib.sha256).digest()[:16]


class Requests(CollectTest):
    def test_a_batch_is_on_the_topic_when_it_is_answered(self):
        self.collect()
        sent = [payload(entities=[consent()], refr="https://search.test/find?q=x"), payload("pp", [consent()]), submit(True)]
        answer = self.post(*sent)
        self.assertEqual((200, b"ok"), (answer.status, answer.body))
        self.assertEqual("text/plain; charset=utf-8", answer.headers["Content-Type"])
        found = self.events()
        self.assertEqual([event["eid"] for event in sent], [event.id for event in found])
        self.assertEqual([proto.Event.PAGE_VIEW, proto.Event.PAGE_ENGAGED, proto.Event.FORM_SUBMIT], [event.action for event in found])
        view = found[0]
        self.assertEqual(("snowplow", "acme-web", proto.Event.WEB, "https://acme.test/prices/", "https://search.test/find", "privacy/3"),
                         (view.source, view.site, view.channel, view.content.url, view.content.referrer, view.consent.policy))
        self.assertEqual(int(sent[0]["dtm"]) * 1000, view.stamped_us)
        self.assertAlmostEqual(view.received_us - 40000, view.occurred_us, delta=1)
        self.assertAlmostEqual(time.time() * 1e6, view.received_us, delta=60e6)
        self.assertEqual({actor("cookie", "acme-web", "cookie-1")}, {key for key, _ in self.read("web")})
        self.assertEqual(0, view.machine.reasons)
        self.assertEqual(3, self.fate("delivered"))

    def test_a_thousand_events_are_one_request_and_more_are_refused(self):
        self.collect()
        self.assertEqual(200, self.post(*[payload(entities=[consent()]) for _ in range(1000)]).status)
        self.assertEqual(1000, len(self.events()))
        self.assertEqual(200, self.post(*[{"e": "pv"}] * 1001).status)
        self.assertEqual(["too_large"], [reject.reason for reject in self.rejected()])

    def test_a_pixel_is_an_event(self):
        self.collect()
        packed = base64.urlsafe_b64encode(payload(entities=[consent()])["co"].encode()).decode().rstrip("=")
        query = "&".join(f"{name}={value}" for name, value in payload().items()) + f"&cx={packed}"
        answer = self.ask("GET", f"/i?stm=1&{query}")
        self.assertEqual((200, 43, b"GIF89a"), (answer.status, len(answer.body), answer.body[:6]))
        self.assertEqual(("image/gif", "no-cache, no-store, must-revalidate"),
                         (answer.headers["Content-Type"], answer.headers["Cache-Control"]))
        answer = self.ask("HEAD", f"/ice.png?{query}", headers={"User-Agent": "Googlebot/2.1"})
        self.assertEqual((200, b""), (answer.status, answer.body))
        reasons = [event.machine.reasons for event in self.events()]
        self.assertEqual(sorted([0, 2 | 16]), sorted(reasons))

    def test_the_batch_path_takes_pixels_too(self):
        self.collect(snowplow={"post_paths": ["/com.acme/track"]})
        packed = base64.urlsafe_b64encode(payload(entities=[consent()])["co"].encode()).decode().rstrip("=")
        query = "&".join(f"{name}={value}" for name, value in payload().items()) + f"&cx={packed}"
        answer = self.ask("GET", f"/com.acme/track?{query}")
        self.assertEqual((200, b"GIF89a"), (answer.status, answer.body[:6]))
        self.assertEqual(200, self.ask("HEAD", f"/com.acme/track?{query}&eid=again").status)
        self.assertEqual(200, self.ask("POST", "/com.acme/track", batch(payload(entities=[consent()]))).status)
        self.assertEqual([0, 0, 16], sorted(event.machine.reasons for event in self.events()))
        self.assertEqual(404, self.post(payload()).status)
        answer = self.ask("PUT", "/com.acme/track", b"{}")
        self.assertEqual((405, "GET, HEAD, POST, OPTIONS"), (answer.status, answer.headers["Allow"]))

    def test_segments_trackers_are_answered_as_theirs_expect(self):
        self.collect(consent={"web": "allow"}, segment={"keys": {"WK1": "shop", "k1:s1": "app"}})
        message = {"type": "track", "event": "Seen", "anonymousId": "a", "timestamp": "2026-11-22T02:49:44.208Z"}
        basic = {"Authorization": "Basic " + base64.b64encode(b"WK1:").decode(), "Content-Type": "text/plain"}
        packed = {**basic, "Content-Type": "application/x-www-form-urlencoded", "Content-Encoding": "gzip"}
        for path, body, headers, said in (
                ("/v1/t", json.dumps({**message, "messageId": "1"}), basic, {"success": True}),
                ("/v1/batch", gzip.compress(json.dumps({"batch": [{**message, "messageId": "2"}]}).encode()), packed, {"success": True}),
                ("/beacon/v1/batch?writeKey=WK1", json.dumps({"batch": [{**message, "messageId": "3"}]}), {}, {"success": True}),
                ("/api/s/track", json.dumps({**message, "messageId": "4"}), {"X-Write-Key": "k1:s1"}, {"ok": True}),
                ("/v1/t", json.dumps({**message, "messageId": "5", "writeKey": "WK2"}), {}, {"success": True})):
            answer = self.ask("POST", path, body, headers)
            self.assertEqual((200, "application/json", said), (answer.status, answer.headers["Content-Type"], json.loads(answer.body)))
        answer = self.ask("GET", "/pixel/v1/page?writeKey=WK1&name=Home&messageId=6")
        self.assertEqual((200, "image/gif", b"GIF89a"), (answer.status, answer.headers["Content-Type"], answer.body[:6]))
        self.assertIn("sp=", answer.headers["Set-Cookie"], "a page without scripts has no id but the collector's")
        self.assertEqual(405, self.ask("GET", "/v1/t").status)
        self.assertEqual([("1", "segment", "shop"), ("2", "segment", "shop"), ("3", "rudderstack", "shop"), ("4", "jitsu", "app"),
                          ("6", "rudderstack", "shop")], sorted((event.id, event.source, event.site) for event in self.events()))
        self.assertEqual(["writeKey"], [reject.field for reject in self.rejected()])

    def test_a_body_is_what_it_is_and_not_what_it_is_called(self):
        self.collect()
        sent = [payload(entities=[consent()]) for _ in range(5)]
        for body, headers in (
                (batch(sent[0]), {"Content-Type": "text/plain"}),
                (b"\xef\xbb\xbf\r\n" + batch(sent[1]), {"Content-Type": "application/x-www-form-urlencoded"}),
                (urllib.parse.urlencode(sent[2]).encode(), {"Content-Type": "application/json"}),
                (gzip.compress(urllib.parse.urlencode(sent[3]).encode()), {}),
                (batch(sent[4]), {"Content-Encoding": "gzip"})):	# a proxy unpacked it and kept the header
            self.assertEqual(200, self.ask("POST", TP2, body, headers).status)
        self.assertEqual([], [(reject.reason, reject.field) for reject in self.rejected()])
        self.assertEqual({event["eid"] for event in sent}, {event.id for event in self.events()})

    def cookie(self, answer):
        """name -> value of the answer's cookie's parts; None: it sets none."""
        said = answer.headers["Set-Cookie"]
        return said and dict((part.strip().split("=", 1) + [""])[:2] for part in said.split(";"))

    def test_the_collector_knows_a_browser_again(self):
        self.collect(snowplow={"cookie": {"domains": ["acme.test"], "days": 30}})
        nobody = {"duid": "", "entities": [consent()]}
        first = self.cookie(self.post(payload(**nobody), headers={"Host": "c.acme.test"}))
        self.assertRegex(first["sp"], r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
        self.assertEqual({"Path": "/", "Max-Age": str(30 * 86400), "Domain": "acme.test", "Secure": "", "HttpOnly": "", "SameSite": "None"},
                         {name: value for name, value in first.items() if name != "sp"})
        kept = {"Cookie": f"_sp_id.1fff=x; sp={first['sp']}; other={ADDRESS}"}
        self.assertEqual(first["sp"], self.cookie(self.post(payload(**nobody), headers=kept))["sp"])
        self.assertEqual(first["sp"], self.cookie(self.post(payload(entities=[consent()]), headers=kept))["sp"])
        other = self.cookie(self.post(payload(**nobody)))
        self.assertNotIn(other["sp"], ("", first["sp"]))
        self.assertNotIn("Domain", other)
        # By a pixel, without Origin, it goes where it was set.
        denied = {"schema": schema("consent_preferences"), "data": {"eventType": "deny_all"}}
        event = urllib.parse.urlencode(payload("ue", what=denied))
        gone = self.ask("GET", f"/i?{event}", headers={"Host": "c.acme.test", **kept}).headers.get_all("Set-Cookie")
        self.assertEqual([False, True], ["Domain=acme.test;" in said for said in gone])
        self.assertTrue(all(said.startswith("sp=; Path=/; Max-Age=0; ") for said in gone), gone)
        self.assertEqual(sorted([first["sp"], first["sp"], "cookie-1", other["sp"]]),
                         sorted(event.identity.anonymous_id for event in self.events()))

    def test_a_retry_without_its_cookie_is_the_same_visitor(self):
        self.collect()
        event = payload(entities=[consent()], duid="")
        for _ in range(2):
            self.post(event)
        (key, one), (again, other) = self.read("web")
        self.assertEqual(key, again)
        self.assertEqual(proto.Event.FromString(one).identity, proto.Event.FromString(other).identity)

    def test_who_asks_to_stay_unknown_gets_no_cookie(self):
        self.collect()
        known = {"Cookie": "sp=6f9619ff-8b86-4d01-b42d-00c04fc964ff"}
        nobody = {"duid": "", "entities": [consent()]}
        self.assertIsNone(self.cookie(self.post(payload(**nobody), headers={"SP-Anonymous": "*", **known})))
        self.assertIsNone(self.cookie(self.post(payload(duid=""))), "nothing was taken: no consent")
        self.assertIsNone(self.cookie(self.post({"e": "pv", "dtm": "no stamp"})), "nothing was read")
        self.assertIsNone(self.cookie(self.ask("OPTIONS", TP2, headers={"Origin": "https://acme.test"})))
        denied = {"schema": schema("consent_preferences"), "data": {"eventType": "deny_all"}}
        self.assertIsNone(self.cookie(self.post(payload("ue", what=denied))))
        forgotten = self.cookie(self.post(payload("ue", what=denied), headers=known))
        self.assertEqual(("", "0"), (forgotten["sp"], forgotten["Max-Age"]))
        (event,) = self.events()
        self.assertEqual(("", True), (event.identity.anonymous_id, event.consent.anonymous))

    def test_no_cookie_where_none_is_configured(self):
        self.collect(snowplow={"cookie": {"name": ""}})
        known = {"Cookie": "sp=6f9619ff-8b86-4d01-b42d-00c04fc964ff"}
        self.assertIsNone(self.cookie(self.post(payload(entities=[consent()], duid=""), headers=known)))
        self.assertEqual([""], [event.identity.anonymous_id for event in self.events()])

    def test_machines_are_flagged_and_kept(self):
        self.collect()
        context = {"schema": schema("browser_context", "2-0-0"), "data": {"webdriver": True}}
        bot = {"schema": schema("client_side_bot_detection"), "data": {"bot": True, "kind": "headlessChrome"}}
        person = payload(entities=[consent()], p="srv", ua=FIREFOX)
        cases = [({"User-Agent": "python-requests/2.32"}, payload(entities=[consent()]), 2),
                 ({"User-Agent": "python-requests/2.32"}, person, 0),	# a server's library speaks for a person
                 ({"User-Agent": ""}, payload(entities=[consent()]), 4),
                 ({"Sec-Purpose": "prefetch;prerender"}, payload(entities=[consent()]), 16),
                 ({}, payload(entities=[consent(), context]), 8),
                 ({}, payload(entities=[consent(), bot]), 1)]
        for headers, event, _ in cases:
            self.assertEqual(200, self.post(event, headers=headers).status)
        self.assertEqual({event["eid"]: reasons for _, event, reasons in cases},
                         {event.id: event.machine.reasons for event in self.events()})

    def test_what_cannot_be_read_is_reported_without_its_content(self):
        self.collect()
        good = payload(entities=[consent()])
        for answer in (self.post(good, payload("xx", page=ADDRESS), payload(dtm=ADDRESS)),
                       self.ask("POST", TP2, f"{ADDRESS} is no JSON".encode()),
                       self.ask("POST", TP2, json.dumps({"data": []}).encode()),
                       self.ask("POST", TP2)):
            self.assertEqual((200, b"ok"), (answer.status, answer.body))
        self.assertEqual([good["eid"]], [event.id for event in self.events()])
        found = self.rejected()
        self.assertEqual([("bad_value", "dtm"), ("bad_value", "e"), ("bad_value", "e"), ("unreadable", ""), ("unreadable", "schema")],
                         sorted((reject.reason, reject.field) for reject in found))
        for reject in found:
            self.assertEqual("snowplow", reject.source)
            self.assertGreater(reject.received_us, 0)
        body = f"{ADDRESS} is no JSON".encode()
        digest = int.from_bytes(hashlib.sha256(body).digest()[:8], "big")
        self.assertIn((len(body), digest), [(reject.size, reject.hash) for reject in found])
        self.no_address_in("rejects", b"".join(value for _, value in self.read("rejected")))
        self.assertEqual((1, 3, 2), (self.fate("delivered"), self.fate("bad_value"), self.fate("unreadable")))

    def test_packed_bodies_are_taken_said_or_not(self):
        self.collect()
        sent = [payload(entities=[consent()]) for _ in range(3)]
        for event, (body, headers) in zip(sent, (
                (gzip.compress(batch(sent[0])), {"Content-Encoding": "gzip"}),
                (gzip.compress(batch(sent[1])), {"Content-Type": "text/plain"}),
                (zlib.compress(batch(sent[2])), {"Content-Encoding": "deflate"}))):
            self.assertEqual(200, self.ask("POST", TP2, body, headers).status)
            self.assertIn(event["eid"], [found.id for found in self.events()])
        self.assertEqual(200, self.ask("POST", TP2, gzip.compress(b"{}")[:-3]).status)
        self.assertEqual(["unreadable"], [reject.reason for reject in self.rejected()])
        self.assertEqual(413, self.ask("POST", TP2, gzip.compress(b" " * (8 * 1024 * 1024 + 1))).status)	# 8 KiB

    def test_without_consent_to_analytics_nothing_is_sent(self):
        self.collect()
        withdrawn = {"schema": schema("consent_preferences"), "data": {"eventType": "deny_all"}}
        answer = self.post(payload(), payload("ue", [consent()], withdrawn))
        self.assertEqual((200, b"ok"), (answer.status, answer.body))
        self.assertEqual(200, self.post(payload(aid=f"of {ADDRESS}")).status)
        self.assertEqual(([], []), (self.events(), self.rejected()))
        self.assertEqual(3, self.fate("no_consent"))
        self.assertEqual(0, self.program.stop(20))	# what it counted goes once a minute, and at its end
        reports = {report.site: (report.reason, report.count, report.source, report.channel) for report in self.rejected()}
        self.assertEqual({"acme-web": ("no_consent", 2, "snowplow", proto.Event.WEB), f"of {'*' * len(ADDRESS)}": ("no_consent", 1, "snowplow", proto.Event.WEB)},
                         reports)

    def test_consent_that_is_not_asked_for_by_configuration(self):
        self.collect(consent={"web": "allow"})
        self.assertEqual(200, self.post(payload()).status)
        self.assertEqual([proto.Consent.UNSAID], [event.consent.analytics for event in self.events()])
        self.assertEqual(1, self.fate("delivered"))

    def test_no_address_leaves_without_consent_to_a_profile(self):
        self.collect()
        everywhere = {name: ADDRESS for name in ("page", "uid", "sid", "lang")}
        everywhere["url"] = f"https://acme.test/u/{ADDRESS.replace('@', '%40')}?utm_term={ADDRESS}"
        everywhere["refr"] = f"https://{ADDRESS}/{ADDRESS}"
        own = {"schema": "iglu:test.acme/own/jsonschema/1-0-0", "data": {"who": ADDRESS, "what": "radar"}}
        self.assertEqual(200, self.post(submit(False), submit(False, **everywhere), payload("ue", [consent()], own, **everywhere)).status)
        for key, value in self.read("web"):
            self.no_address_in("an event", value)
            self.assertNotIn(b"Ann Aas", value)
        found = self.events()
        self.assertEqual({actor("email", "", ADDRESS)}, {event.identity.email_actor for event in found})
        self.assertEqual([("what", "radar")], [(p.key, p.text) for p in found[2].properties])
        self.no_address_in("the log", self.program.log())

    def test_with_consent_to_a_profile_the_address_goes_in_its_field_alone(self):
        self.collect()
        self.assertEqual(200, self.post(submit(True, page=f"Thanks {ADDRESS}")).status)
        (event,) = self.events()
        self.assertEqual((ADDRESS, "Ann Aas"), (event.identity.email, event.identity.name))
        event.identity.email = ""
        self.no_address_in("the rest", event.SerializeToString())
        self.assertFalse(event.identity.verified)

    def test_browsers_may_send_from_other_origins(self):
        self.collect()
        answer = self.ask("OPTIONS", TP2, headers={"Origin": "https://acme.test", "Access-Control-Request-Method": "POST",
                                                   "Access-Control-Request-Headers": "content-type,sp-anonymous"})
        self.assertEqual(204, answer.status)
        self.assertEqual({"access-control-allow-origin": "https://acme.test", "access-control-allow-credentials": "true",
                          "access-control-allow-methods": "GET,POST,OPTIONS", "access-control-max-age": "3600",
                          "access-control-allow-headers": "content-type,sp-anonymous", "vary": "Origin"},
                         {name.lower(): value for name, value in answer.headers.items()
                          if name.lower().startswith("access-control-") or name.lower() == "vary"})
        answer = self.post(payload(), headers={"Origin": "https://acme.test"})
        self.assertEqual(("https://acme.test", "true", "Origin"), (
            answer.headers["Access-Control-Allow-Origin"], answer.headers["Access-Control-Allow-Credentials"], answer.headers["Vary"]))
        answer = self.post(payload(), headers={"Origin": "null"})
        self.assertEqual(("*", None), (answer.headers["Access-Control-Allow-Origin"],
                                       answer.headers["Access-Control-Allow-Credentials"]))

    def test_what_is_not_taken_is_refused(self):
        self.collect()
        for status, method, path, body, headers in (
                (404, "GET", "/", None, {}), (404, "POST", "/other", b"{}", {}), (404, "GET", "/metrics", None, {}),
                (405, "PATCH", TP2, None, {}), (405, "POST", "/i", b"", {}), (405, "DELETE", TP2, None, {}),
                (413, "POST", TP2, b"a" * (1024 * 1024 + 1), {}), (415, "POST", TP2, b"x", {"Content-Encoding": "br"})):
            answer = self.ask(method, path, body, headers)
            self.assertEqual(status, answer.status, f"{method} {path}")
        self.assertEqual("GET, HEAD, POST, OPTIONS", self.ask("DELETE", TP2).headers["Allow"])
        self.assertEqual(([], []), (self.events(), self.rejected()))
        seen = self.metrics()
        self.assertEqual(1, seen['phased_http_requests_total{route="snowplow_post",code="415"}'])
        self.assertEqual(3, seen['phased_http_requests_total{route="unknown",code="404"}'])
        self.assertEqual(1, seen["phased_http_refused_total"])

    def test_a_slow_drip_is_closed(self):
        self.collect(http={"request_s_max": 1})
        host, port = self.address.split(":")
        with socket.create_connection((host, int(port)), timeout=10) as drip:
            drip.settimeout(0.1)
            begun = time.monotonic()
            drip.sendall(f"POST {TP2} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n".encode())
            while True:
                self.assertLess(time.monotonic() - begun, 10)
                try:
                    drip.send(b"a")
                    if drip.recv(1) == b"":
                        break
                except TimeoutError:
                    continue
                except OSError:
                    break
            self.assertGreater(time.monotonic() - begun, 0.9)
        self.assertEqual(200, self.post(payload()).status)

    def test_ours_are_answered(self):
        self.collect()
        for address in (self.address, self.admin):
            self.assertEqual(b"alive\n", self.ask("GET", "/healthz", address=address).body)
            self.assertEqual(b"ready\n", self.ask("GET", "/readyz", address=address).body)
        self.assertEqual(404, self.ask("POST", TP2, b"{}", address=self.admin).status)
        answer = self.ask("GET", "/metrics", address=self.admin)
        self.assertTrue(answer.headers["Content-Type"].startswith("text/plain; version=0.0.4"))
        seen = self.metrics()
        self.assertEqual(1, seen["phased_kafka_up"])
        self.assertGreater(seen["process_resident_memory_bytes"], 1e6)


class CommandLine(CollectTest):
    def make_topics(self):
        self.topics = {name: f"{self.name}.{name}" for name in ("web", "rejected")}

    def brokers(self):
        return "127.0.0.1:1"

    def run_collect(self, *words):
        done = subprocess.run([phased_test.COLLECT, *words], capture_output=True, text=True, timeout=30)
        return done.returncode, done.stdout, done.stderr

    def test_words(self):
        self.assertRegex(self.run_collect("--version")[1], r"^phased-collect \d+\.\d+\.\d+\n$")
        self.assertIn("--check-config", self.run_collect("--help")[1])
        self.assertEqual(64, self.run_collect("--nonsense")[0])
        self.assertEqual(64, self.run_collect("stray")[0])

    def test_configuration_is_checked(self):
        config = self.write_collect()
        status, shown, said = self.run_collect("--config", config, "--check-config")
        self.assertEqual((0, ""), (status, said))
        self.assertIn("forms: {demo-request: {email: email,", shown)
        again = self.write("again.yaml", shown)
        self.assertEqual(shown.split("\n")[1:], self.run_collect("--config", again, "--check-config")[1].split("\n")[1:])
        for sections, complaint in (({"http": {"lisen": "x"}}, "listen"), ({"identity": {"key_file": "none"}}, "No such file")):
            status, _, said = self.run_collect("--config", self.write_collect(**sections), "--check-config")
            self.assertEqual(78, status)
            self.assertIn(complaint, said)
        self.write("identity.key", KEY.decode(), 0o644)
        self.assertEqual(78, self.run_collect("--config", self.write_collect())[0])
        self.assertEqual(78, self.run_collect("--config", self.path("none.yaml"))[0])

    def test_a_taken_port_ends_the_start(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            status, _, said = self.run_collect("--config", self.write_collect(http={"listen": address}))
            self.assertEqual(78, status)
            self.assertIn("Address already in use", said)


if __name__ == "__main__":
    phased_test.main()
