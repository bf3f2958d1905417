#!/usr/bin/python3
# run: timeout=300
"""Plausible's tracker, unmodified, in headless Chromium, and a server that speaks Google's Measurement Protocol → phased-collect → Kafka →
phased → PostgreSQL: each event that says whose it is is one touch; of the others it is counted that they were nobody's."""
import http.client
import json
import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "integration"))
import phased_test
import segment_test
from segment_test import CUSTOM, FIREFOX, MODULES, PAGE_VIEW, ROWS_S

PAGE_ENGAGED, CONTENT_DOWNLOAD, LINK_OUT, FORM_SUBMIT = 101, 103, 104, 107
TRACKER = "@plausible-analytics/tracker/plausible.js"
# Nothing is left by a click, so that all is done on one page; the tracker has it before this does.
HTML = """<!doctype html><title>Prices</title><a id="file" href="/guide.pdf">Guide</a><a id="out" href="https://other.test/a">Other</a>
<form id="form"><input name="email" value="ann@acme.test"><button>Send</button></form>
<script type="module">
import { init, track } from '/plausible.js';
const start = (more) => (key) => {
	init({domain: key, endpoint: %s + '/api/event', captureOnLocalhost: true, fileDownloads: true, outboundLinks: true,
		formSubmissions: true, ...more(key)});
	for (const kind of ['click', 'submit']) {
		window.addEventListener(kind, (event) => event.preventDefault());
	}
	return (method, ...args) => method === 'ready' ? undefined : method === 'track' ? track(...args) : document.querySelector(args[0])[method]();
};
window.clients = {
	'known': start((key) => ({customProperties: {browser: `browser ${key}`, user: `user ${key}`}})),
	'nobody': start(() => ({})),
};
</script>"""


class Site(segment_test.Handler):
    gate = ""

    def do_GET(self):
        if self.path.startswith("/page?"):
            self.answer(200, (HTML % json.dumps(self.gate)).encode(), [("Content-Type", "text/html")])
        elif self.path == "/plausible.js":
            with open(os.path.join(MODULES, TRACKER), "rb") as script:
                self.answer(200, script.read(), [("Content-Type", "text/javascript")])
        else:
            self.answer(404, b"")


class Web(segment_test.Clients):
    site = Site
    collect_settings = {"plausible": {"anonymous_id": "browser", "user_id": "user"}}

    def step(self, client, key):
        calls = [["track", f"seen {client}", {"props": {"plan": "pro"}}], ["click", "#file"], ["click", "#out"], ["requestSubmit", "#form"]]
        waits = ["pageview", f"seen {client}", "File Download", "Outbound Link: Click", "Form: Submission", "engagement"]
        return {"client": client, "key": key, "calls": calls, "wait": [f'"n":"{name}"' for name in waits], "leave": True, "agent": FIREFOX}

    def send_lead(self, name, **more):
        """As a server would that got no answer: the same twice."""
        body = json.dumps({"client_id": "123.456", "user_id": "u-42", **more, "events": [{"name": name}, {"name": "page_view"}, {"name": name}]})
        for _ in range(2):
            connection = http.client.HTTPConnection(self.gate.collector, timeout=30)
            connection.request("POST", "/mp/collect?measurement_id=G-ACME&api_secret=s", body)
            self.assertEqual(204, connection.getresponse().status)
            connection.close()

    def test_whatever_is_somebodys_is_one_touch(self):
        self.run_clients(self.step("known", "acme.test"), self.step("nobody", "nobody.test"))
        self.send_lead("generate_lead", timestamp_micros=int(time.time() * 1e6))
        sent = [json.loads(text) for text in self.gate.taken]
        wanted = {("plausible", "acme.test", action, label): 1 for action, label in (
            (PAGE_VIEW, ""), (CUSTOM, "seen known"), (CONTENT_DOWNLOAD, ""), (LINK_OUT, ""), (FORM_SUBMIT, ""))}
        # As often as the tracker finds that the page was looked at.
        wanted[("plausible", "acme.test", PAGE_ENGAGED, "")] = sum(one["n"] == "engagement" and one["d"] == "acme.test" for one in sent)
        wanted[("ga4", "G-ACME", CUSTOM, "generate_lead")] = 2
        wanted[("ga4", "G-ACME", PAGE_VIEW, "")] = 1
        nobody = sum(one["d"] == "nobody.test" for one in sent)
        self.wait_until(lambda: not set(wanted) - set(self.touches()) or None, ROWS_S, "the touches")
        count = "SELECT coalesce(sum(n), 0) FROM phased.outcome_day WHERE outcome = '%s'"
        self.wait_until(lambda: int(self.value(count % "unidentified")) == nobody or None, ROWS_S, "what is nobody's")
        self.wait_until(lambda: int(self.value(count % "duplicate")) == 3 or None, ROWS_S, "what came again")
        self.assertEqual(wanted, self.touches())
        self.assertEqual("0", self.value("SELECT count(*) FROM phased.rejected"))
        targets = self.psql("""SELECT action, path, target_host, target_path FROM phased.touch JOIN phased.subject USING (subject_id)
                               WHERE action IN (103, 104) ORDER BY action""")
        host = self.site_url.removeprefix("http://")
        self.assertEqual([["103", "/page", host, "/guide.pdf"], ["104", "/page", "other.test", "/a"]], targets)


if __name__ == "__main__":
    phased_test.main()
