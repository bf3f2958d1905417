#!/usr/bin/python3
# run: timeout=300
"""The real clients of the Segment specification, unmodified, in headless Chromium and in Node → phased-collect → Kafka → phased →
PostgreSQL: each call is one touch, whatever was refused once, left early or said by a wrong clock."""
import gzip
import http.client
import http.server
import json
import os
import subprocess
import sys
import threading
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "integration"))
import phased_test
from phased_test import ROOT

MODULES = os.environ.get("PHASED_NODE_MODULES") or os.path.join(ROOT, ".cache", "npm", "node_modules")
FILES = {"/segment.js": "@segment/analytics-next/dist/umd/index.js",
         "/rudderstack.js": "@rudderstack/analytics-js/dist/npm/modern/bundled/umd/index.js",
         "/jitsu.js": "@jitsu/js/dist/jitsu.cjs.js"}
DAY_MS = 86400000
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
ROWS_S = 60
CUSTOM, IDENTIFY, GROUP, ALIAS, PAGE_VIEW = 6, 1, 2, 3, 100

# How each client is pointed at the collector: write key -> call(method, …); "ready" is what a page waits for.
CLIENTS = """
const segment = (strategy) => (key) => {
	const [analytics] = [AnalyticsNext.AnalyticsBrowser.load({writeKey: key, cdnSettings: {integrations: {'Segment.io':
		{apiKey: key, apiHost: HOST.replace('http://', '') + '/v1', protocol: 'http', deliveryStrategy: strategy}}}})];
	return (method, ...args) => method === 'ready' ? analytics.then(() => undefined) : analytics[method](...args);
};
const rudderstack = (more) => (key) => {
	const analytics = new rudderanalytics.RudderAnalytics();
	const source = {id: 'source', name: 'site', writeKey: key, enabled: true, workspaceId: 'w', destinations: [], dataplanes: {},
		config: {statsCollection: {errors: {enabled: false}, metrics: {enabled: false}}}};
	analytics.load(key, HOST, {getSourceConfig: () => ({source}), ...more});
	return (method, ...args) => method === 'ready' ? new Promise((next) => analytics.ready(next)) : analytics[method](...args);
};
window.clients = {
	'segment': segment(undefined),
	'segment-batch': segment({strategy: 'batching', config: {size: 10, timeout: 300}}),
	'segment-keeps': segment({strategy: 'batching', config: {size: 100, timeout: 600000}}),
	'rudderstack': rudderstack({}),
	'rudderstack-batch': rudderstack({queueOptions: {batch: {enabled: true, flushInterval: 300}}}),
	'rudderstack-beacon': rudderstack({useBeacon: true, beaconQueueOptions: {flushQueueInterval: 600000}}),
	'rudderstack-allows': rudderstack({consentManagement: {enabled: true, provider: 'custom',
		allowedConsentIds: ['Analytics', 'Profiling'], deniedConsentIds: ['Ads']}}),
	'rudderstack-denies': rudderstack({consentManagement: {enabled: true, provider: 'custom',
		allowedConsentIds: ['Ads'], deniedConsentIds: ['Analytics']}}),
	'jitsu': (key) => {
		const analytics = jitsu.jitsuAnalytics({host: HOST, writeKey: key});
		return (method, ...args) => method === 'ready' ? undefined : analytics[method](...args);
	},
};
"""
HTML = """<!doctype html><title>Prices</title><script src="/segment.js"></script><script src="/rudderstack.js"></script>
<script src="/jitsu.js"></script><script>const HOST = %s; %s</script>"""


NO_SCRIPTS = """<!doctype html><title>Prices</title><script>document.write('<img src="/never">')</script>
<noscript><img src="%s/pixel/v1/page?writeKey=K-pixel&amp;name=home+K-pixel&amp;properties.title=Prices"></noscript>"""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Site(Handler):
    gate = ""

    def do_GET(self):
        path, _, _ = self.path.partition("?")
        if path == "/page":
            self.answer(200, (HTML % (json.dumps(self.gate), CLIENTS)).encode(), [("Content-Type", "text/html")])
        elif path == "/no-scripts":
            self.answer(200, (NO_SCRIPTS % self.gate).encode(), [("Content-Type", "text/html")])
        elif path in FILES:
            with open(os.path.join(MODULES, FILES[path]), "rb") as script:
                body = script.read()
            if path == "/jitsu.js":	# it comes as a CommonJS module
                body = b"((module) => {" + body + b"\nwindow.jitsu = module.exports; })({exports: {}});"
            self.answer(200, body, [("Content-Type", "text/javascript")])
        else:
            self.answer(404, b"")


class Gate(Handler):
    """In front of the collector: refuses once what it is told to, and knows what was taken."""
    collector, refused, taken = "", None, None

    def text_of(self, body):
        return (gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body).decode()

    def do_GET(self):
        if self.path == "/_taken":
            self.answer(200, "\n".join(self.taken).encode())
        else:
            self.pass_on(b"", urllib.parse.unquote(self.path))

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        text = self.text_of(body)
        refused = {word for word in self.refused if word in text}
        if refused:
            self.refused -= refused
            self.taken += [f"refused {word}" for word in refused]
            origin = [("Access-Control-Allow-Origin", self.headers["Origin"]), ("Access-Control-Allow-Credentials", "true")]
            self.answer(503, b"", origin if self.headers["Origin"] else ())
            return
        self.pass_on(body, text)

    def do_OPTIONS(self):
        self.pass_on(b"", "")

    def pass_on(self, body, text):
        connection = http.client.HTTPConnection(self.collector, timeout=30)
        try:
            connection.request(self.command, self.path, body, dict(self.headers))
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status // 100 == 2 and text:
            self.taken.append(text)
        headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in ("content-length", "connection", "date")]
        self.answer(answer.status, content, headers)


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        if not isinstance(sys.exception(), ConnectionError):	# browsers that end
            super().handle_error(*_)


class Clients(phased_test.PhasedTest):
    site, gate_kind = Site, Gate
    collect_settings = {}	# of the collector's, besides

    def setUp(self):
        super().setUp()
        self.prepare(consent={"web": "allow"})	# what clients send by themselves says nothing of it
        self.start_phased()
        config = self.write("collect.yaml", phased_test.yaml_text({
            "http": {"listen": "127.0.0.1:0", "admin_listen": ""}, "consent": {"web": "allow"},
            "kafka": {"brokers": os.environ["PHASED_KAFKA"],
                      "topics": {channel: name for channel, name in self.topics.items() if channel != "erasure"}},
            "identity": {"key_file": self.path("identity.key")}, **self.collect_settings}))
        collector = self.wait_log(self.start_collect(config=config), r"^listening (127\.0\.0\.1:\d+)$").group(1)
        self.gate = type("OurGate", (self.gate_kind,), {"collector": collector, "refused": set(), "taken": []})
        self.gate_url = self.serve(self.gate)
        self.site_url = self.serve(type("OurSite", (self.site,), {"gate": self.gate_url}))

    def serve(self, handler):
        server = Server(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}"

    def run_clients(self, *steps):
        done = subprocess.run(["node", os.path.join(ROOT, "tests", "whole", "segment.mjs")],
                              input=json.dumps({"collector": self.gate_url, "site": self.site_url, "steps": steps}),
                              capture_output=True, text=True, timeout=200, env={**os.environ, "PHASED_NODE_MODULES": MODULES})
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def touches(self):
        """(source, site, action, label) -> how many, of what is stored."""
        rows = self.psql("""SELECT source, site, action, label, count(*) FROM phased.touch JOIN phased.subject USING (subject_id)
                            GROUP BY 1, 2, 3, 4""")
        return {(source, site, int(action), label): int(count) for source, site, action, label, count in rows}

    def each_once(self, *expected):
        """And nothing else: what would be doubled is on the topic already, as each client has its answers."""
        wanted = {one: 1 for one in expected}
        try:
            self.wait_until(lambda: not set(wanted) - set(self.touches()) or None, ROWS_S, "the touches")
        except AssertionError:
            self.assertEqual(wanted, self.touches())
            raise
        self.assertEqual(wanted, self.touches())
        self.assertEqual("0", self.value("SELECT count(*) FROM phased.rejected"))


SOURCES = {"segment": "segment", "segment-batch": "segment", "rudderstack": "rudderstack", "rudderstack-batch": "rudderstack",
           "jitsu": "jitsu", "segment-node": "segment", "rudderstack-node": "rudderstack", "jitsu-node": "jitsu"}
PERSON = {"email": "ann@acme.test", "company": {"name": "Acme"}}


def key_of(client, site):
    return f"{site}:secret" if SOURCES.get(client) == "jitsu" else site


def step(client, **more):
    """A step with all kinds of calls. Jitsu has no alias, and no page is seen by a server."""
    key = f"K-{client}"
    who = {"anonymousId": f"browser {key}", "userId": f"user {key}"}
    if SOURCES[client] != "jitsu" and client.endswith("-node"):
        calls = [["track", {**who, "event": f"seen {key}", "properties": {"plan": "pro"}}], ["identify", {**who, "traits": PERSON}],
                 ["group", {**who, "groupId": f"group {key}", "traits": {"name": "Acme"}}],
                 ["page", {**who, "name": f"home {key}"}], ["alias", {"userId": f"user {key}", "previousId": f"other {key}"}]]
        waits = [f"seen {key}", f"group {key}", f"home {key}", f"other {key}", '"type":"identify"']
    else:
        calls = [["page", f"home {key}"], ["track", f"seen {key}", {"plan": "pro"}], ["identify", f"user {key}", PERSON],
                 ["group", f"group {key}", {"name": "Acme"}], ["alias", f"other {key}"]]
        waits = [f"home {key}", f"seen {key}", ['"type":"identify"', f"user {key}"], f"group {key}", '"type":"alias"']
        if SOURCES[client] == "jitsu":
            calls, waits = calls[:4], waits[:4]
            calls[0] = ["page", {"name": f"home {key}"}]
    return {"client": client, "key": key_of(client, key), "calls": calls, "wait": waits, **more}


def touches_of(client):
    key, source = f"K-{client}", SOURCES[client]
    rows = [(PAGE_VIEW, f"home {key}"), (CUSTOM, f"seen {key}"), (IDENTIFY, ""), (GROUP, ""), (ALIAS, "")]
    return [(source, key, action, label) for action, label in rows[:4 if source == "jitsu" else 5]]


def seen(client, label, **more):
    """A step with one call."""
    call = ["track", {"event": label, "anonymousId": "browser"}] if client.endswith("-node") and not client.startswith("jitsu") \
        else ["track", label]
    return {"client": client, "key": key_of(client, client), "calls": [call], "wait": [f'"{label}"'], **more}


def tracked(client, *labels):
    return [(SOURCES[client], client, CUSTOM, label) for label in labels]


class Real(Clients):
    """Each method says what is done and what must be stored of it; all is done in one browser, as starting it takes longest."""

    def each_call(self):
        return [step(client) for client in SOURCES], [touch for client in SOURCES for touch in touches_of(client)]

    def refused_once(self):
        """Of Jitsu's nothing would come again: it does not keep what it sent."""
        again = [client for client in SOURCES if not client.startswith("jitsu")]
        self.gate.refused |= {f"again {client}!" for client in again}
        return ([seen(client, f"again {client}!") for client in again],
                [touch for client in again for touch in tracked(client, f"again {client}!")])

    def not_sent_when_the_page_is_left(self):
        return ([seen("segment-keeps", "left segment", leave=True), seen("rudderstack-beacon", "left rudderstack", leave=True)],
                [("segment", "segment-keeps", CUSTOM, "left segment"), ("rudderstack", "rudderstack-beacon", CUSTOM, "left rudderstack")])

    def refused_when_the_page_is_left(self):
        """It comes with the next visit: RudderStack's waits for ten seconds whether the page that it was on comes back."""
        steps, touches = [], []
        for client in ("segment", "rudderstack"):
            kept, back = f"kept {client}!", f"back {client}!"
            self.gate.refused.add(kept)
            steps += [{**seen(client, kept, browser=client), "wait": [f"refused {kept}"]},
                      {**seen(client, back, browser=client, ever=True, late=True), "wait": [f'"{kept}"', f'"{back}"']}]
            touches += tracked(client, kept, back)
        return steps, touches

    def several_trackers_on_a_page(self):
        sites = {"segment": "first", "rudderstack": "second", "jitsu": "third"}
        labels = {client: [f"{word} {client}" for word in ("begin", "end")] for client in sites}
        trackers = [[client, site + (":secret" if client == "jitsu" else ""), [["track", label] for label in labels[client]]]
                    for client, site in sites.items()]
        client, key, calls = trackers[0]
        wait = [f'"{label}"' for client in sites for label in labels[client]]
        return ([{"client": client, "key": key, "calls": calls, "more": trackers[1:], "wait": wait}],
                [(SOURCES[client], site, CUSTOM, label) for client, site in sites.items() for label in labels[client]])

    def a_clock_a_day_ahead(self):
        return ([seen(client, f"ahead {client}", clock_ms=DAY_MS) for client in SOURCES],
                [touch for client in SOURCES for touch in tracked(client, f"ahead {client}")])

    def a_page_without_scripts(self):
        return ([{"client": "pixel", "page": "no-scripts", "scripts": False, "wait": ["/pixel/v1/page?writeKey=K-pixel&name=home+K-pixel"]}],
                [("rudderstack", "K-pixel", PAGE_VIEW, "home K-pixel")])

    def consent_by_banners(self):
        """Which a client sends along as its site's banner, or the site itself, tells it."""
        said = {"context": {"consent": {"categoryPreferences": {"Analytics": True, "Profiling": True, "Ads": False}}}}
        denied = {"context": {"consent": {"categoryPreferences": {}}}}
        steps = []
        for client, more in (("segment", [said]), ("rudderstack-allows", [])):
            steps.append({**seen(client, "", agent=FIREFOX), "calls": [["identify", f"agrees {client}", {"email": f"{client}@acme.test"}, *more]],
                          "wait": [f'"agrees {client}"']})
        for client, more in (("segment", [{}, denied]), ("rudderstack-denies", [])):
            steps.append({**seen(client, ""), "calls": [["track", f"denied {client}", *more]], "wait": [f'"denied {client}"']})
        return steps, [("segment", "segment", IDENTIFY, ""), ("rudderstack", "rudderstack-allows", IDENTIFY, "")]

    def test_whatever_clients_do_is_one_touch_each(self):
        steps, touches = [], []
        for part in (self.refused_when_the_page_is_left, self.each_call, self.refused_once, self.not_sent_when_the_page_is_left,
                     self.several_trackers_on_a_page, self.a_clock_a_day_ahead, self.a_page_without_scripts,
                     self.consent_by_banners):
            more_steps, more_touches = part()
            steps += more_steps
            touches += more_touches
        self.run_clients(*steps)
        self.assertEqual(set(), self.gate.refused, "each of them was refused once")
        self.each_once(*touches)
        self.what_it_was_about()
        self.when_it_was()
        known = [address for address, in self.psql("SELECT address FROM phased.contact WHERE address IS NOT NULL ORDER BY 1")]
        self.assertEqual(["rudderstack-allows@acme.test", "segment@acme.test"], known, "whoever agreed to a profile, and nobody else")

    def what_it_was_about(self):
        """Who is driven by a program is seen by the browser's own header; a server's library says nothing of who acted."""
        rows = self.psql("""SELECT site, path, title, reasons <> 0 FROM phased.touch JOIN phased.subject USING (subject_id)
                            WHERE label LIKE 'home %' OR label LIKE 'seen %' AND site LIKE '%node'""")
        expected = [[f"K-{client}", *(["", "", "f"] if client.endswith("-node") else ["/page", "Prices", "t"])] for client in SOURCES]
        self.assertEqual([], [row for row in expected if row not in rows], rows)

    def when_it_was(self):
        """The clock that is wrong moves nothing, and what it said is kept."""
        ahead = "SELECT count(*) FROM phased.touch JOIN phased.subject USING (subject_id) WHERE label LIKE 'ahead %' AND "
        self.assertEqual(str(len(SOURCES)), self.value(ahead + "stamped > received + interval '23 hours'"))
        self.assertEqual("0", self.value(ahead + "at NOT BETWEEN received - interval '1 minute' AND received"))


if __name__ == "__main__":
    phased_test.main()
