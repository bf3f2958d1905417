#!/usr/bin/python3
# run: timeout=300
"""PostHog's real clients, unmodified, in headless Chromium and in Node → phased-collect → Kafka → phased → PostgreSQL: each thing
that is done is one touch, packed or not, whatever was refused once, left early or said by a wrong clock."""
import base64
import json
import os
import sys
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "integration"))
import phased_test
import segment_test
from segment_test import ALIAS, CUSTOM, DAY_MS, FIREFOX, GROUP, IDENTIFY, MODULES, PAGE_VIEW, ROWS_S

PAGE_ENGAGED, CONTENT_DOWNLOAD, LINK_OUT, BUTTON_CLICK, FORM_SUBMIT = 101, 103, 104, 105, 107
CLIENT = "posthog-js/dist/module.full.no-external.js"
# The client's own list of machines is left out, as the browser is one. "clicks": as a site has it that changes nothing; it begins to
# capture when it has its configuration, which "ready" waits for. What is clicked leads nowhere.
HTML = """<!doctype html><title>Prices</title><button id="ask" type="button">Ask us</button>
<a id="file" href="/guide.pdf">The guide</a> <a id="out" href="https://other.test/a?key=9">Elsewhere</a>
<form id="demo"><input name="email" value="ann@acme.test"><button id="send">Send</button></form>
<script type="module">
import posthog from '/posthog.js';
const quiet = {opt_out_useragent_filter: true, autocapture: false, capture_pageview: false, capture_pageleave: false};
const client = (more) => (key) => {
	const one = posthog.init(key, {...quiet, api_host: %s, ...more}, key);
	return async (method, ...args) => {
		if (method === 'ready') {
			while (more.autocapture && !one.autocapture.isEnabled) {
				await new Promise((next) => { setTimeout(next, 20); });
			}
			return;
		}
		one[method](...args);
	};
};
window.addEventListener('click', (event) => event.target.closest('a') && event.preventDefault());
window.addEventListener('submit', (event) => event.preventDefault());
window.clients = {
	'posthog': client({capture_pageview: true}),
	'posthog-json': client({capture_pageview: true, disable_compression: true}),
	'posthog-clicks': client({autocapture: true}),
	'posthog-leaves': client({capture_pageleave: true, request_queue_config: {flush_interval_ms: 5000}}),
	'posthog-second': client({disable_compression: true}),
};
</script>"""


class Site(segment_test.Handler):
    gate = ""

    def do_GET(self):
        if self.path.startswith("/page?"):
            self.answer(200, (HTML % json.dumps(self.gate)).encode(), [("Content-Type", "text/html")])
        elif self.path == "/posthog.js":
            with open(os.path.join(MODULES, CLIENT), "rb") as script:
                self.answer(200, script.read(), [("Content-Type", "text/javascript")])
        else:
            self.answer(404, b"")


class Gate(segment_test.Gate):
    """Beacons are base64 in a form. What is asked for flags repeats what was said in events, and is none of them."""

    def text_of(self, body):
        if self.path.startswith("/flags"):
            return "flags"
        text = super().text_of(body)
        return base64.b64decode(urllib.parse.unquote(text[5:])).decode() if text.startswith("data=") else text


def step(client, **more):
    """A step with all kinds of calls; no page is seen by a server."""
    key = f"K-{client}"
    person, company = {"email": "ann@acme.test", "name": "Ann"}, {"name": "Acme"}
    if client.endswith("-node"):
        who = {"distinctId": f"user {key}"}
        calls = [["capture", {**who, "event": f"seen {key}", "properties": {"plan": "pro"}}], ["identify", {**who, "properties": person}],
                 ["groupIdentify", {"groupType": "company", "groupKey": "acme", "properties": company}], ["alias", {**who, "alias": f"other {key}"}]]
    else:
        calls = [["capture", f"seen {key}", {"plan": "pro"}], ["identify", f"user {key}", person], ["group", "company", "acme", company],
                 ["alias", f"other {key}"]]
    wait = [f'"seen {key}"', '"$identify"', '"$groupidentify"', '"$create_alias"', *([] if client.endswith("-node") else ['"$pageview"'])]
    return {"client": client, "key": key, "calls": calls, "wait": wait, **more}


def touches_of(client):
    """A company that a server tells of is nobody's: there is no one in it."""
    rows = [(CUSTOM, f"seen K-{client}"), (IDENTIFY, ""), (ALIAS, ""), (GROUP, ""), (PAGE_VIEW, "")]
    return [("posthog", f"K-{client}", *row) for row in (rows[:3] if client.endswith("-node") else rows)]


def seen(client, label, **more):
    """A step with one call."""
    call = ["capture", {"distinctId": "u-1", "event": label}] if client.endswith("-node") else ["capture", label]
    return {"client": client, "key": f"L-{label}", "calls": [call], "wait": [f'"{label}"'], **more}


def tracked(*labels):
    return [("posthog", f"L-{label}", CUSTOM, label) for label in labels]


class Real(segment_test.Clients):
    """Each method says what is done and what must be stored of it; all is done in one browser, as starting it takes longest."""
    site, gate_kind = Site, Gate

    def each_call(self):
        clients = ("posthog", "posthog-json", "posthog-node")
        return [step(client) for client in clients], [touch for client in clients for touch in touches_of(client)]

    def refused_once(self):
        labels = {client: f"again {client}!" for client in ("posthog-clicks", "posthog-second", "posthog-node")}
        self.gate.refused |= set(labels.values())
        return [seen(client, label) for client, label in labels.items()], tracked(*labels.values())

    def the_page_is_left(self):
        one = seen("posthog-leaves", "left", leave=True)
        one["calls"].insert(0, ["capture", "$pageview"])	# by itself the client waits a moment with it
        return ([{**one, "wait": ['"left"', '"$pageview"', '"$pageleave"']}],
                [*tracked("left"), ("posthog", "L-left", PAGE_VIEW, ""), ("posthog", "L-left", PAGE_ENGAGED, "")])

    def several_trackers_on_a_page(self):
        calls = [["capture", "both"], ["capture", "end"]]
        wait = [[f'"{key}"', f'"{label}"'] for key in ("L-both", "second") for label in ("both", "end")]
        return ([{"client": "posthog-clicks", "key": "L-both", "calls": calls, "more": [["posthog-second", "second", calls]], "wait": wait}],
                [("posthog", key, CUSTOM, label) for key in ("L-both", "second") for label in ("both", "end")])

    def a_clock_a_day_ahead(self):
        labels = {client: f"ahead {client}" for client in ("posthog-clicks", "posthog-second", "posthog-node")}
        return [seen(client, label, clock_ms=DAY_MS) for client, label in labels.items()], tracked(*labels.values())

    def clicks_are_captured(self):
        one = {"client": "posthog-clicks", "key": "clicks", "calls": [], "click": ["#ask", "#file", "#out", "#send"]}
        rows = [(BUTTON_CLICK, "Ask us"), (CONTENT_DOWNLOAD, "The guide"), (LINK_OUT, "Elsewhere"), (BUTTON_CLICK, "Send"),
                (FORM_SUBMIT, "$autocapture")]
        return ([{**one, "wait": ['"Ask us"', '"The guide"', '"Elsewhere"', '"Send"', '"$event_type":"submit"']}],
                [("posthog", "clicks", *row) for row in rows])

    def consent_by_a_banner(self):
        """As the site has registered it with its client."""
        def said(**categories):
            return ["register", {"consent": {"categoryPreferences": categories}}]
        agrees = [said(analytics=True, profiling=True), ["identify", "agrees", {"email": "agrees@acme.test"}]]
        silent = [["identify", "silent", {"email": "silent@acme.test"}]]
        steps = [{"client": "posthog-second", "key": key, "calls": calls, "agent": FIREFOX, "wait": ['"$identify"' if key != "denies" else '"denied"']}
                 for key, calls in (("agrees", agrees), ("silent", silent), ("denies", [said(), ["capture", "denied"]]))]
        return steps, [("posthog", "agrees", IDENTIFY, ""), ("posthog", "silent", IDENTIFY, "")]

    def test_whatever_clients_do_is_one_touch_each(self):
        steps, touches = [], []
        for part in (self.each_call, self.refused_once, self.the_page_is_left, self.several_trackers_on_a_page, self.a_clock_a_day_ahead,
                     self.clicks_are_captured, self.consent_by_a_banner):
            more_steps, more_touches = part()
            steps += more_steps
            touches += more_touches
        self.run_clients(*steps)
        self.assertEqual(set(), self.gate.refused, "each of them was refused once")
        self.each_once(*touches)
        nobody = "SELECT coalesce(sum(n), 0) FROM phased.outcome_day WHERE outcome = 'unidentified'"
        self.wait_until(lambda: self.value(nobody) == "1" or None, ROWS_S, "what is nobody's is counted")
        known = [address for address, in self.psql("SELECT address FROM phased.contact WHERE address IS NOT NULL ORDER BY 1")]
        self.assertEqual(["agrees@acme.test"], known, "whoever agreed to a profile, and nobody else")
        ahead = "SELECT count(*) FROM phased.touch JOIN phased.subject USING (subject_id) WHERE label LIKE 'ahead %' AND "
        self.assertEqual("3", self.value(ahead + "stamped > received + interval '23 hours'"))
        self.assertEqual("0", self.value(ahead + "at NOT BETWEEN received - interval '1 minute' AND received"))
        rows = self.psql("SELECT path, title, target_host, target_path FROM phased.subject WHERE label IN ('Elsewhere', 'The guide') ORDER BY label")
        host = self.site_url.removeprefix("http://")
        self.assertEqual([["/page", "", "other.test", "/a"], ["/page", "", host, "/guide.pdf"]], rows)


if __name__ == "__main__":
    phased_test.main()
