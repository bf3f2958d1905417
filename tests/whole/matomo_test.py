#!/usr/bin/python3
# run: timeout=300
"""Matomo's trackers → phased-collect → Kafka → phased → PostgreSQL: each hit is one touch. The client for Node is real, unmodified.
matomo.js stands in no package registry: what a page sends in its place is an imitation of ours, with the same arguments by the same
ways (a beacon with nothing but a query, a form where that is too long, an image, a bulk); and a page without scripts has its image."""
import json
import os
import sys
import time
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "integration"))
import phased_test
import segment_test
from segment_test import CUSTOM, DAY_MS, FIREFOX, PAGE_VIEW

PAGE_ENGAGED, SITE_SEARCH, CONTENT_DOWNLOAD, LINK_OUT = 101, 102, 103, 104
HTML = """<!doctype html><title>Prices</title><script>
const TRACKER = %s + '/matomo.php';
const FORM = 'application/x-www-form-urlencoded; charset=utf-8';
const hex = () => [...crypto.getRandomValues(new Uint8Array(8))].map((one) => one.toString(16).padStart(2, '0')).join('');
const imitation = (send) => (key) => {
	const visitor = hex(), page = hex().slice(0, 6), queue = [];
	const hit = (more) => {
		const now = new Date();
		return new URLSearchParams({action_name: document.title, idsite: key, rec: 1, r: String(Math.random()).slice(2, 8), h: now.getHours(),
			m: now.getMinutes(), s: now.getSeconds(), url: location.href, urlref: document.referrer, _id: visitor, _idn: 1,
			send_image: 0, pv_id: page, res: '1280x720', ...more}).toString();
	};
	return async (method, ...args) => method === 'ready' ? undefined : method === 'flush' ? send.flush(queue) : send(hit(args[0] ?? {}), queue);
};
const beacon = (text) => {
	const is_long = text.length > 2000;
	navigator.sendBeacon(is_long ? TRACKER : `${TRACKER}?${text}`, new Blob([is_long ? text : ''], {type: FORM}));
};
const image = (text) => new Promise((next) => {
	const img = new Image(1, 1);
	img.onload = next;
	img.src = `${TRACKER}?${text.replace('send_image=0&', '')}`;
});
/* What did not go comes again as an image. */
const request = async (text) => {
	const answer = await fetch(TRACKER, {method: 'POST', credentials: 'include', headers: {'Content-Type': FORM}, body: text});
	return answer.ok ? undefined : image(text);
};
const bulk = (text, queue) => { queue.push(`?${text}`); };
bulk.flush = (queue) => navigator.sendBeacon(TRACKER, new Blob([JSON.stringify({requests: queue, send_image: 0})], {type: FORM}));
window.clients = {'beacon': imitation(beacon), 'image': imitation(image), 'request': imitation(request), 'bulk': imitation(bulk)};
</script>"""
NO_SCRIPTS = """<!doctype html><title>Prices</title><script>document.write('<img src="/never">')</script>
<noscript><img src="%s/matomo.php?idsite=K-none&amp;rec=1&amp;action_name=Prices"></noscript>"""


class Site(segment_test.Handler):
    gate = ""

    def do_GET(self):
        path, _, _ = self.path.partition("?")
        if path == "/page":
            self.answer(200, (HTML % json.dumps(self.gate)).encode(), [("Content-Type", "text/html")])
        elif path == "/no-scripts":
            self.answer(200, (NO_SCRIPTS % self.gate).encode(), [("Content-Type", "text/html")])
        else:
            self.answer(404, b"")


class Gate(segment_test.Gate):
    """Hits stand in the query as well as in the body."""

    def text_of(self, body):
        return urllib.parse.unquote_plus(self.path + " " + super().text_of(body))


KINDS = [({}, (PAGE_VIEW, "")), ({"ping": 1}, (PAGE_ENGAGED, "")), ({"search": "plotter"}, (SITE_SEARCH, "")),
         ({"download": "https://acme.test/guide.pdf"}, (CONTENT_DOWNLOAD, "")), ({"link": "https://other.test/a?key=9"}, (LINK_OUT, "")),
         ({"ca": 1, "e_c": "calculator", "e_a": "opened", "e_n": "ROI"}, (CUSTOM, "ROI")), ({"idgoal": 3, "revenue": 5}, (CUSTOM, "goal 3")),
         ({"idgoal": 0, "ec_id": "o-1", "revenue": 99.5}, (CUSTOM, "ecommerce order")), ({"c_n": "guide", "c_i": "click"}, (CUSTOM, "content interaction"))]


def name(arguments):
    """How such a hit is known in what was taken: by its last argument."""
    return "=".join(str(part) for part in list(arguments.items())[-1]) if arguments else "action_name"


class Real(segment_test.Clients):
    site, gate_kind = Site, Gate

    def each_kind(self):
        steps, touches = [], []
        for client in ("beacon", "image", "request", "bulk"):
            key = f"K-{client}"
            calls = [["hit", arguments] for arguments, _ in KINDS] + ([["flush"]] if client == "bulk" else [])
            steps.append({"client": client, "key": key, "calls": calls, "wait": [name(arguments) for arguments, _ in KINDS]})
            touches += [("matomo", key, *touch) for _, touch in KINDS]
        return steps, touches

    def by_a_server(self):
        """One at a time, and several at once; of its own requests nothing comes again."""
        url, visitor = "https://acme.test/prices", "2f6e906e4ac97908"
        one = [{"url": url, "_id": visitor, **arguments, "x": f"single {i}"} for i, (arguments, _) in enumerate(KINDS)]
        many = [{**hit, "x": hit["x"].replace("single", "bulk"), "ua": FIREFOX} for hit in one]
        return ([{"client": "matomo-node", "key": "K-single", "calls": [["track", hit] for hit in one], "wait": [hit["x"] for hit in one]},
                 {"client": "matomo-node", "key": "K-bulk-node", "calls": [["trackBulk", many]], "wait": ["bulk 8"]}],
                [("matomo", key, *touch) for key in ("K-single", "K-bulk-node") for _, touch in KINDS])

    def too_long_for_a_url(self):
        return ([{"client": "beacon", "key": "K-long", "calls": [["hit", {"dimension1": "x" * 2000}]], "wait": ["x" * 100]}],
                [("matomo", "K-long", PAGE_VIEW, "")])

    def refused_once(self):
        """And taken as an image."""
        self.gate.refused.add("again request!")
        return ([{"client": "request", "key": "K-again", "calls": [["hit", {"e_c": "a", "e_a": "again request!"}]],
                  "wait": ["refused again request!", "again+request!"]}], [("matomo", "K-again", CUSTOM, "again request!")])

    def sent_twice(self):
        """The same hit by both ways, as after an answer that was lost."""
        now = time.gmtime()
        hit = {"h": now.tm_hour, "m": now.tm_min, "s": now.tm_sec, "r": "123456", "_id": "2f6e906e4ac97908", "pv_id": "a5nnfz", "e_c": "a", "e_a": "twice"}
        return ([{"client": client, "key": "K-twice", "calls": [["hit", hit]], "wait": ["e_a=twice"]} for client in ("image", "request")],
                [("matomo", "K-twice", CUSTOM, "twice")])

    def the_page_is_left(self):
        return ([{"client": "beacon", "key": "K-left", "calls": [["hit", {"e_c": "a", "e_a": "left"}]], "leave": True, "wait": ["e_a=left"]}],
                [("matomo", "K-left", CUSTOM, "left")])

    def several_trackers_on_a_page(self):
        both = [["hit", {"e_c": "a", "e_a": "both"}], ["flush"]]
        return ([{"client": "beacon", "key": "K-one", "more": [["bulk", "K-two", both]], "calls": both,
                  "wait": ["idsite=K-one", "idsite=K-two"]}], [("matomo", key, CUSTOM, "both") for key in ("K-one", "K-two")])

    def a_clock_a_day_ahead(self):
        return ([{"client": "beacon", "key": "K-ahead", "calls": [["hit", {"e_c": "a", "e_a": "ahead"}]], "clock_ms": DAY_MS + 600, "wait": ["e_a=ahead"]}],
                [("matomo", "K-ahead", CUSTOM, "ahead")])

    def a_page_without_scripts(self):
        return ([{"client": "none", "page": "no-scripts", "scripts": False, "wait": ["idsite=K-none"]}], [("matomo", "K-none", PAGE_VIEW, "")])

    def consent(self):
        """An address goes on where the site says that its visitor agreed to a profile."""
        steps = [{"client": "beacon", "key": key, "agent": FIREFOX, "calls": [["hit", {"uid": f"{key}@acme.test", **more}]], "wait": [f"uid={key}@"]}
                 for key, more in (("agrees", {"consent": 1, "consent_profile": 1}), ("silent", {"consent": 1}))]
        return steps, [("matomo", key, PAGE_VIEW, "") for key in ("agrees", "silent")]

    def test_whatever_trackers_send_is_one_touch_each(self):
        steps, touches = [], []
        for part in (self.each_kind, self.by_a_server, self.too_long_for_a_url, self.refused_once, self.sent_twice, self.the_page_is_left,
                     self.several_trackers_on_a_page, self.a_clock_a_day_ahead, self.a_page_without_scripts, self.consent):
            more_steps, more_touches = part()
            steps += more_steps
            touches += more_touches
        self.run_clients(*steps)
        self.assertEqual(set(), self.gate.refused, "it was refused once")
        self.each_once(*touches)
        known = [address for address, in self.psql("SELECT address FROM phased.contact WHERE address IS NOT NULL ORDER BY 1")]
        self.assertEqual(["agrees@acme.test"], known, "whoever agreed to a profile, and nobody else")
        about = "SELECT path, title, reasons <> 0 FROM phased.touch JOIN phased.subject USING (subject_id) WHERE action = 100 AND site = "
        self.assertEqual([["/page", "Prices", "t"]], self.psql(about + "'K-beacon'"), "a browser that is driven by a program")
        self.assertEqual([["/", "Prices", "t"]], self.psql(about + "'K-none'"), "a browser tells another origin no more of the page")
        self.assertEqual([["/prices", "", "f"]], self.psql(about + "'K-single'"), "of a server's library nothing follows")
        self.assertEqual("0", self.value("SELECT count(*) FROM phased.touch WHERE at NOT BETWEEN received - interval '1 minute' AND received"))


if __name__ == "__main__":
    phased_test.main()
