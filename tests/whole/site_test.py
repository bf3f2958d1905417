#!/usr/bin/python3
"""The demo's site and samples keep what dev/site/README.md promises to the model file, the collector and the players.

Needs no server of ours: it starts dev/site/serve and asks it.
"""
import html
import http.client
import json
import os
import re
import subprocess
import sys
import unittest
import urllib.parse

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
NOW = "2026-11-25T12:00:00Z"


def readme_pages():
    """path -> (title, content id) from the README's table."""
    with open(f"{ROOT}/dev/site/README.md", encoding="utf-8") as text:
        rows = [[cell.strip().strip("`") for cell in line.split("|")[1:-1]] for line in text if line.startswith("| `/")]
    return {row[0]: (row[1], row[2]) for row in rows if len(row) == 4}


def samples(*options):
    done = subprocess.run([f"{ROOT}/dev/samples", "--now", NOW, *options], capture_output=True, timeout=60, check=True)
    return done.stdout


class Site(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.serve = subprocess.Popen([f"{ROOT}/dev/site/serve", "--collector", "http://127.0.0.1:9/"],
                                     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        cls.address = urllib.parse.urlsplit(cls.serve.stdout.readline()).netloc

    @classmethod
    def tearDownClass(cls):
        cls.serve.terminate()
        cls.serve.wait(10)
        cls.serve.stdout.close()

    def ask(self, path, method="GET", body=None):
        connection = http.client.HTTPConnection(self.address, timeout=10)
        self.addCleanup(connection.close)
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer, answer.read()

    def test_each_page_of_the_readme_is_there_with_its_title(self):
        pages = readme_pages()
        self.assertGreater(len(pages), 25)
        for path, (title, _) in pages.items():
            with self.subTest(path):
                answer, body = self.ask(path)
                self.assertEqual(200, answer.status)
                if path.endswith(".pdf"):
                    self.assertEqual("application/pdf", answer.headers["Content-Type"])
                    self.assertTrue(body.startswith(b"%PDF-"))
                else:
                    said = html.unescape(re.search(r"<title>(.*?)</title>", body.decode()).group(1))
                    self.assertEqual(f"{title} | Nordlys Marine Navigation", said)

    def test_links_lead_somewhere_and_nothing_comes_from_outside(self):
        for path in readme_pages():
            if path.endswith("/"):
                body = self.ask(path)[1].decode()
                self.assertNotRegex(body, r"""(src|href)=["']?(https?:)?//""")
                for link in set(re.findall(r'(?:src|href)="(/[^"]*)"', body)):
                    self.assertEqual(200, self.ask(link)[0].status, f"{link} on {path}")

    def test_forms_have_the_fields_that_the_collector_maps(self):
        for path, form in (("/demo/", "demo-request"), ("/quote/", "quote-request"), ("/newsletter/", "newsletter")):
            body = self.ask(path)[1].decode()
            self.assertIn(f'<form id="{form}"', body)
            for field in ("email", "name", "role", "consent_profile", "consent_contact"):
                self.assertEqual(1, body.count(f' name="{field}"'), f"{field} on {path}")

    def test_tracker_comes_from_node_modules_and_config_names_the_collector(self):
        self.assertIn(b"http://127.0.0.1:9/", self.ask("/config.js")[1])
        for name in ("tracker", "form-tracking", "link-click-tracking", "button-click-tracking"):
            answer, body = self.ask(f"/tracker/{name}.js")
            self.assertEqual((200, "text/javascript; charset=utf-8"), (answer.status, answer.headers["Content-Type"]))
            self.assertIn(b"snowplow", body.lower())

    def test_only_what_is_listed_is_served(self):
        for path in ("/../serve", "/%2e%2e/serve", "/..%2f..%2fREADME.md", "/layout.html", "//etc/passwd", "/nothing/", "/not-found/"):
            self.assertEqual(404, self.ask(path)[0].status, path)
        answer, _ = self.ask("/prices")
        self.assertEqual((301, "/prices/"), (answer.status, answer.headers["Location"]))

    def test_a_form_without_scripts_is_thanked_for_and_others_are_refused(self):
        answer, _ = self.ask("/thanks/", "POST", "email=nobody%40sundbaad.test")
        self.assertEqual((303, "/thanks/"), (answer.status, answer.headers["Location"]))
        self.assertEqual(400, self.ask("/demo/", "POST", "a=b")[0].status)
        self.assertEqual(400, self.ask("/thanks/", "POST", "a" * 70000)[0].status)


class Samples(unittest.TestCase):
    def test_same_options_same_bytes_and_topics_are_the_parts_of_the_whole(self):
        whole = samples().splitlines()
        self.assertEqual(whole, samples().splitlines())
        parts = [samples("--topic", f"phased.{topic}").splitlines() for topic in ("web", "email", "chat", "crm")]
        self.assertTrue(all(parts))
        self.assertEqual(sorted(whole), sorted(line for part in parts for line in part))
        self.assertNotEqual(whole, samples("--seed", "2").splitlines())

    def test_events_are_unique_in_time_and_about_pages_of_the_site(self):
        pages = readme_pages()
        events = [json.loads(line) for line in samples().splitlines()]
        self.assertEqual(len(events), len({event["id"] for event in events}))
        now_us = 1795608000 * 1_000_000	# NOW
        for event in events:
            self.assertTrue(now_us - 91 * 86400 * 1_000_000 < int(event["occurred_us"]) < now_us)
            content = event.get("content", {})
            for key in ("url", "target_url"):
                if key in content:
                    path = urllib.parse.urlsplit(content[key]).path
                    self.assertIn(path, pages)
                    if key == "target_url" and "content_id" in content:
                        self.assertEqual(pages[path][1], content["content_id"])
            if "title" in content:
                self.assertEqual(f"{pages[urllib.parse.urlsplit(content['url']).path][0]} | Nordlys Marine Navigation", content["title"])

    def test_people_are_invented(self):
        addresses = {event["identity"]["email"] for event in map(json.loads, samples().splitlines()) if "email" in event.get("identity", {})}
        self.assertGreater(len(addresses), 100)
        for address in addresses:
            self.assertRegex(address, r"^[a-z0-9.-]+@[a-z0-9-]+\.test$")


if __name__ == "__main__":
    unittest.main(verbosity=2)
