#!/usr/bin/python3
# run: timeout=200
"""phased-collect and those who send too much, too often, too slowly, or from elsewhere."""
import gzip
import json
import resource
import select
import socket
import time

import collector_test
import phased_test
from collector_test import TP2, batch, consent, payload

CROWD = 10_000
IDLE = 1000
RSS_MIB_MOST = 32
ANN, BOB = {"X-Forwarded-For": "203.0.113.9, 192.0.2.1"}, {"X-Forwarded-For": "192.0.2.2"}


class Limits(collector_test.CollectTest):
    def port(self):
        return int(self.address.rsplit(":", 1)[1])

    def dial(self, source=None):
        """A connection that need not have been accepted yet."""
        client = socket.socket()
        self.addCleanup(client.close)
        if source:
            client.bind((source, 0))
        client.connect(("127.0.0.1", self.port()))
        client.setblocking(False)
        return client

    def until_too_often(self, ask):
        """Asks, more than once a second, until that is too often; no more than ten seconds' worth is taken before. The answers."""
        begun, answers = time.monotonic(), []
        while not answers or answers[-1].status != 429:
            self.assertLess(len(answers), 10 + 1 + (time.monotonic() - begun), "more than that is taken")
            answers.append(ask(len(answers)))
        return answers

    def test_whoever_comes_too_often_is_told_when_to_come_again(self):
        self.collect(http={"address_requests_s_max": 1})
        event = payload(entities=[consent()])
        answers = self.until_too_often(lambda i: self.post(event, headers=ANN))
        self.assertGreater(len(answers), 10)
        self.assertEqual({200}, {answer.status for answer in answers[:-1]})
        self.assertIn(int(answers[-1].headers["Retry-After"]), (1, 2))
        self.assertEqual(200, self.post(event, headers=BOB).status)
        self.assertEqual(200, self.post(event).status)	# from the proxy itself: nobody is named
        self.wait_until(lambda: self.post(event, headers=ANN).status == 200, 10, "it is forgotten")
        self.assertGreater(self.metrics()['phased_http_requests_total{route="snowplow_post",code="429"}'], 0)

    def test_a_page_sees_that_it_came_too_often(self):
        self.collect(http={"address_requests_s_max": 1})
        origin = {"Origin": "https://acme.test", **ANN}
        answers = self.until_too_often(lambda i: self.ask("OPTIONS", TP2, headers=origin))
        self.assertEqual("https://acme.test", answers[-1].headers["Access-Control-Allow-Origin"])

    def test_what_a_stranger_says_about_others_is_not_believed(self):
        self.collect(http={"address_requests_s_max": 1, "trusted_proxies": ["10.0.0.0/8"]})
        self.until_too_often(lambda i: self.post(payload(), headers={"X-Forwarded-For": f"192.0.2.{i}"}))

    def test_the_header_that_is_not_configured_is_not_believed(self):
        self.collect(http={"address_requests_s_max": 1, "forwarded_by": "forwarded"})
        ann = {"Forwarded": 'for="192.0.2.1:4711";proto=https'}
        self.until_too_often(lambda i: self.post(payload(), headers={**ann, "X-Forwarded-For": f"192.0.2.{i}"}))

    def test_a_site_has_its_share(self):
        self.collect(http={"key_requests_s_max": 1})
        event = payload(entities=[consent()])
        answers = self.until_too_often(lambda i: self.post(event))
        self.assertIsNotNone(answers[-1].headers["Retry-After"])
        self.assertEqual(200, self.post(payload(entities=[consent()], aid="other-web")).status)
        taken = sum(answer.status == 200 for answer in answers) + 1
        self.assertEqual(taken, len(self.events()))	# 429 took nothing

    def test_only_pages_of_the_sites_that_are_named_may_send(self):
        self.collect(http={"origins": ["https://www.acme.test", "http://127.0.0.1:8081"]})
        event = payload(entities=[consent()])
        for origin, status in (("https://www.acme.test", 200), ("http://127.0.0.1:8081", 200), ("https://acme.test", 403),
                               ("http://www.acme.test", 403), ("https://www.acme.test:8443", 403), ("null", 403),
                               ("https://www.acme.test.evil.test", 403), ("", 200)):
            headers = {"Origin": origin} if origin else {}
            answer = self.post(event, headers=headers)
            preflight = self.ask("OPTIONS", TP2, headers=headers)
            self.assertEqual(status, answer.status, origin)
            self.assertEqual(204 if status == 200 else 403, preflight.status, origin)
            for seen in (answer, preflight):
                self.assertEqual(origin if origin and status == 200 else None, seen.headers["Access-Control-Allow-Origin"], origin)
        self.assertEqual(3, len(self.events()))

    def test_a_bomb_goes_off_in_its_box(self):
        self.collect()
        before = self.program.rss_kib()
        bomb = gzip.compress(b" " * (1 << 29), 9)
        nested = gzip.compress(gzip.compress(batch(payload(entities=[consent()]))))
        self.assertLess(len(bomb), 1 << 20)
        begun = time.monotonic()
        self.assertEqual(413, self.ask("POST", TP2, bomb, {"Content-Encoding": "gzip"}).status)
        self.assertEqual(413, self.ask("POST", TP2, bomb).status)
        self.assertLess(time.monotonic() - begun, 10)
        self.assertLess(self.program.rss_kib() - before, 20 * 1024)
        self.assertEqual(200, self.ask("POST", TP2, nested, {"Content-Encoding": "gzip"}).status)	# unpacked once
        self.assertEqual(["bad_text"], [reject.reason for reject in self.rejected()])
        self.assertEqual([], self.events())
        fits = batch(payload(entities=[consent()])) + b" " * (7 << 20)
        self.assertEqual(200, self.ask("POST", TP2, gzip.compress(fits), {"Content-Encoding": "gzip"}).status)
        self.assertEqual(1, len(self.events()))

    def test_a_body_that_is_small_only_as_long_as_it_is_packed_takes_no_more_memory_than_allowed(self):
        self.collect(http={"memory_mib_max": 32})
        before = self.program.rss_peak_kib()
        maps = b"[" + b"{}," * (8 * 1024 * 1024 // 3 - 20) + b"{}]"
        for body in (maps, b"[1234567890123456789," + maps[1:]):	# an odd number: read by jansson
            packed = gzip.compress(body, 9)
            self.assertLess(len(packed), 16 * 1024)
            self.assertEqual(200, self.ask("POST", TP2, packed).status)
        self.assertLess(self.program.rss_peak_kib() - before, 48 * 1024)
        self.assertEqual(["too_large"] * 2, [reject.reason for reject in self.rejected()])

    def test_a_large_body_counts_as_many_requests(self):
        self.collect(http={"address_requests_s_max": 1})
        event = payload(entities=[consent()])
        large = gzip.compress(batch(event) + b" " * (2 << 20))
        self.assertEqual(200, self.ask("POST", TP2, large, ANN).status)
        answer = self.post(event, headers=ANN)
        self.assertEqual(429, answer.status)
        self.assertIn(int(answer.headers["Retry-After"]), range(20, 26))	# 32 and two, less ten
        self.assertEqual(200, self.post(event, headers=BOB).status)
        for _ in range(2):	# what cannot be unpacked may have been work as well
            answer = self.ask("POST", TP2, large[:-1] + b"x", BOB)
        self.assertEqual(429, answer.status)

    def test_a_thousand_idle_connections_fit_into_32_mib(self):
        program = self.collect()
        body = batch(payload(entities=[consent()]))
        request = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (TP2.encode(), len(body))
        silent = [self.dial() for _ in range(IDLE // 4)]
        begun = [self.dial() for _ in range(IDLE // 4)]
        answered = [self.dial() for _ in range(IDLE // 2)]
        for client in begun:
            client.sendall(request[:-2])
        for client in answered:
            client.sendall(request + body)
        for client in answered:
            select.select([client], [], [], 20)
            self.assertTrue(client.recv(4096).startswith(b"HTTP/1.1 200 "))
        self.assertGreater(self.metrics()["phased_http_connections"], len(silent) + len(begun) + 200)
        self.assertLess(program.rss_kib() / 1024, RSS_MIB_MOST)

    def test_ten_thousand_slow_connections_stop_nobody(self):
        needed = CROWD + 1000
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.assertGreaterEqual(hard, needed, "raise the hard limit of descriptors (ulimit -Hn)")
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
        self.collect(http={"trusted_proxies": ["10.0.0.0/8"]})
        crowd = []
        for i in range(CROWD):
            crowd.append(self.dial(f"127.0.1.{1 + i % 100}"))
        for turn in range(5):
            for client in crowd[::2]:	# the others say nothing at all
                try:
                    client.send(b"POST "[turn:turn + 1])
                except OSError:
                    pass	# cut already, or full
            begun = time.monotonic()
            answer = self.post(payload(entities=[consent()]))
            self.assertEqual(200, answer.status)
            self.assertLess(time.monotonic() - begun, 3)
        seen = self.metrics()
        self.assertLess(seen["phased_http_connections"], 1200)
        self.assertGreater(seen['phased_http_cut_total{reason="evicted"}'], CROWD / 2)
        self.assertLess(self.program.rss_kib() / 1024, RSS_MIB_MOST)
        self.assertEqual(5, len(self.events()))


if __name__ == "__main__":
    phased_test.main()
