#!/usr/bin/python3
# run: timeout=300
"""What the collector makes of a real tracker in a real browser, beyond what the demo's site uses: page pings, link clicks, consent,
anonymous tracking, automation, the collector's own cookie, a page without scripts. Pages of a site of another origin."""
import http.server
import json
import os
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "integration"))
import collector_test
import phased_test
from collector_test import proto, schema
from phased_test import ROOT

MODULES = os.environ.get("PHASED_NODE_MODULES") or os.path.join(ROOT, ".cache", "npm", "node_modules")
FILES = {"/4/tracker.js": "@snowplow/browser-tracker/dist/index.umd.min.js",
         "/4/links.js": "@snowplow/browser-plugin-link-click-tracking/dist/index.umd.min.js",
         "/3/tracker.js": "tracker-v3/dist/index.umd.min.js",
         "/3/links.js": "tracker-v3-link-click-tracking/dist/index.umd.min.js"}
CONSENT = json.dumps(collector_test.consent())
START = "snowplowBrowserTracking.newTracker('sp', COLLECTOR, {appId: 'acme-web', cookieSecure: false, cookieSameSite: 'Lax', %s});"
GRANT = f"snowplowBrowserTracking.addGlobalContexts([{CONSENT}]);"
VIEW = "snowplowBrowserTracking.trackPageView();"


def event(name, **data):
    return f"snowplowBrowserTracking.trackSelfDescribingEvent({{event: {json.dumps({'schema': schema(name), 'data': data})}}});"


# What each page does, with either generation of the tracker.
PAGES = {
    "engaged": START % "contexts: {webPage: true, browser: true, session: true}" + GRANT
               + "snowplowBrowserTracking.enableActivityTracking({minimumVisitLength: 1, heartbeatDelay: 1});" + VIEW,
    "links": START % "plugins: [snowplowLinkClickTracking.LinkClickTrackingPlugin()]" + GRANT + VIEW
             + "snowplowLinkClickTracking.enableLinkClickTracking({pseudoClicks: true});",
    "struct": START % "eventMethod: 'get'" + GRANT
              + "snowplowBrowserTracking.trackStructEvent({category: 'video', action: 'play', label: 'film-1', value: 2.5});",
    "consent": START % "" + event("consent_preferences", basisForProcessing="consent", consentVersion="7", eventType="allow_selected",
                                  consentScopes=["marketing", "analytics"])
               + event("consent_granted", expiry="2027-01-01") + event("consent_withdrawn", all=True),
    "anonymous": START % "anonymousTracking: {withServerAnonymisation: true}" + GRANT + VIEW,
    "unnamed": START % "anonymousTracking: true" + GRANT + VIEW,
}
HTML = """<!doctype html><title>Prices</title><script src="/%s/tracker.js"></script><script src="/%s/links.js"></script>
<body style="height: 4000px"><a id="file" href="/guide.pdf" onclick="event.preventDefault()">The guide</a>
<a id="out" href="https://other.test/x?q=1" onclick="event.preventDefault()">Elsewhere</a>
<script>const COLLECTOR = %s; %s</script>"""


class Site(http.server.BaseHTTPRequestHandler):
    collector = ""

    def do_GET(self):
        path, _, _ = self.path.partition("?")
        if path in FILES:
            with open(os.path.join(MODULES, FILES[path]), "rb") as script:
                kind, body = "text/javascript", script.read()
        elif path == "/no-scripts":
            kind, body = "text/html", (f'<!doctype html><img src="{self.collector}/i?e=pv&p=web&aid=acme-web&tv=no-js-0.1.0&page=Prices">').encode()
        else:
            tracker, name = path.strip("/").split("/")
            kind, body = "text/html", (HTML % (tracker, tracker, json.dumps(self.collector), PAGES[name])).encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Trackers(collector_test.CollectTest):
    def start_site(self, **sections):
        self.collect(snowplow={"cookie": {"secure": False, "same_site": "lax"}, "page_ping_s": 1}, **sections)
        handler = type("OurSite", (Site,), {"collector": f"http://{self.address}"})
        site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=site.serve_forever, daemon=True).start()
        self.addCleanup(site.server_close)
        self.addCleanup(site.shutdown)
        self.site = f"http://127.0.0.1:{site.server_port}"

    def visit(self, *visits):
        """Each (path, kinds to wait for, more). Returns what each told."""
        asked = {"collector": f"http://{self.address}/", "visits": [
            {"browser": str(i), "url": self.site + path, "wait": wait, **more} for i, (path, wait, more) in enumerate(visits)]}
        done = subprocess.run(["node", os.path.join(ROOT, "tests", "whole", "tracker.mjs")], input=json.dumps(asked), capture_output=True,
                              text=True, timeout=200, env={**os.environ, "PHASED_NODE_MODULES": MODULES})
        self.assertEqual(0, done.returncode, done.stderr + self.program.tail())
        told = phased_test.json_lines(done.stdout)
        if os.environ.get("PHASED_CAPTURE"):	# to look at, or to make a case of tests/collector/snowplow_cases.txt of
            with open(os.environ["PHASED_CAPTURE"], "a") as out:
                out.write(done.stdout)
        return told

    def taken(self, told):
        """kind -> what the collector made of it, of what the browser told."""
        found = {event.id: event for event in self.events()}
        return {event["kind"]: found[event["eid"]] for event in told["events"] if event["eid"] in found}

    def test_what_trackers_say_is_understood(self):
        """One browser for all of it: starting one takes longer than what it does."""
        self.start_site()
        again, consents = {"browser": "again"}, ["consent_preferences", "consent_granted", "consent_withdrawn"]
        told = self.visit(
            ("/4/engaged", ["pv", "pp"], {"move": True}), ("/4/links", ["pv", "link_click"], {"click": "#out"}),
            ("/4/links", ["pv", "link_click"], {"click": "#file"}), ("/4/struct", ["se"], {}),
            ("/3/engaged", ["pv", "pp"], {"move": True}), ("/4/consent", consents, {}), ("/3/consent", consents, {}),
            ("/4/anonymous", ["pv"], {}), ("/3/anonymous", ["pv"], {}), ("/4/unnamed", ["pv"], again), ("/3/unnamed", ["pv"], again),
            ("/no-scripts", ["pv"], {"scripts": False}))
        self.what_a_page_does(*told[:5])
        self.what_a_visitor_says_of_consent(*told[5:7])
        self.who_is_known_by_what(*told[7:])
        self.assertEqual([], self.rejected())

    def what_a_page_does(self, engaged, out, file, film, old):
        for told in (engaged, old):
            ping = self.taken(told)["pp"]
            self.assertEqual((proto.Event.PAGE_ENGAGED, 1000), (ping.action, ping.engaged_ms))
            self.assertTrue(1 <= ping.scroll_percent <= 100, ping.scroll_percent)
            self.assertEqual(self.taken(told)["pv"].identity, ping.identity)
            self.assertEqual(2 | 8, ping.machine.reasons, "HeadlessChrome, and the browser says that it is driven")
        click = self.taken(out)["link_click"]
        self.assertEqual((proto.Event.LINK_OUT, "https://other.test/x"), (click.action, click.content.target_url))
        download = self.taken(file)["link_click"]
        self.assertEqual((proto.Event.CONTENT_DOWNLOAD, f"{self.site}/guide.pdf"), (download.action, download.content.target_url))
        played = self.taken(film)["se"]
        self.assertEqual((proto.Event.VIDEO_PLAY, "film-1", 2.5), (played.action, played.label, played.value))

    def what_a_visitor_says_of_consent(self, *visits):
        for told in visits:
            taken = self.taken(told)
            self.assertEqual({"consent_preferences", "consent_granted"}, set(taken), "what was withdrawn is not sent on")
            chosen = taken["consent_preferences"]
            self.assertEqual((proto.Event.CONSENT, "allow_selected", proto.Consent.GRANTED, "7"),
                             (chosen.action, chosen.label, chosen.consent.analytics, chosen.consent.policy))
            self.assertEqual(proto.Consent.GRANTED, taken["consent_granted"].consent.analytics)

    def who_is_known_by_what(self, anonymous, old, first, second, image):
        for told in (anonymous, old):
            self.assertEqual("*", told["headers"][0]["sp-anonymous"])
            self.assertEqual([], told["cookies"])
            event = self.taken(told)["pv"]
            self.assertEqual(("", "", True), (event.identity.anonymous_id, event.session_id, event.consent.anonymous))
        for told in (first, second):
            ours = [cookie for cookie in told["cookies"] if cookie["name"] == "sp"]
            self.assertEqual([(True, "Lax", "127.0.0.1")], [(cookie["httpOnly"], cookie["sameSite"], cookie["domain"]) for cookie in ours])
            self.assertEqual(ours[0]["value"], self.taken(told)["pv"].identity.anonymous_id, "the collector's id stands for the tracker's")
        self.assertEqual(self.taken(first)["pv"].identity, self.taken(second)["pv"].identity)
        self.assertEqual([], image["cookies"], "a page without scripts cannot say that it may be counted")

    def test_a_page_without_scripts_where_consent_is_not_asked_for(self):
        self.start_site(consent={"web": "allow"})
        image, = self.visit(("/no-scripts", ["pv"], {"scripts": False}))
        event, = self.events()
        self.assertEqual((proto.Event.PAGE_VIEW, "Prices", f"{self.site}/"), (event.action, event.content.title, event.content.url))
        self.assertTrue(event.id.startswith("made-"))
        self.assertEqual([event.identity.anonymous_id], [cookie["value"] for cookie in image["cookies"]])


if __name__ == "__main__":
    phased_test.main()
