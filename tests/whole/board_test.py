#!/usr/bin/python3
# run: timeout=300
"""phasectl board in headless Chromium: pictures of what the daemon made of events, clicked, walked through and measured.

Screenshots are kept in board-shots/ of the build directory.
"""
import concurrent.futures
import http.client
import json
import os
import signal
import subprocess
import sys
import time
import uuid

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "integration"))
import phased_test
from daemon_test import DAY_US, DaemonTest
from phased_test import BUILD, PHASECTL, ROOT
from why_rows_test import BEHIND

MODULES = os.environ.get("PHASED_NODE_MODULES") or os.path.join(ROOT, ".cache", "npm", "node_modules")
SHOTS = os.path.join(BUILD, "board-shots")
CSP = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
       "form-action 'self'; frame-ancestors 'none'")
STAGES = {"early": ("/guides/choosing-a-workboat-radar/", "/articles/lost-position-at-the-quay/"), "mid": ("/compare/", "/products/radar/"),
          "late": ("/prices/", "/calculator/")}
PEOPLE = {"ann": "CFO", "bo": "CEO", "清水": "IT", "dagny": "user", "<b>&\"'": "HR"}


class BoardTest(DaemonTest):
    def start_board(self, *args, config=None):
        board = self.start([PHASECTL, "--config", config or self.config, "board", "--listen", "127.0.0.1:0", *args], "board")
        self.address = self.wait_log(board, r"^http://(127\.0\.0\.1:\d+)/$").group(1)
        return board

    def ask(self, path, method="GET", host=None, headers=()):
        """Status, headers and text of one request."""
        connection = http.client.HTTPConnection(self.address, timeout=30)
        self.addCleanup(connection.close)
        connection.putrequest(method, path, skip_host=host is not None)
        for name, value in ([("Host", host)] if host else []) + list(headers):
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()

    def look(self, *steps):
        os.makedirs(SHOTS, exist_ok=True)
        done = subprocess.run(["node", os.path.join(ROOT, "tests", "whole", "board.mjs")], capture_output=True, text=True, timeout=200,
                              input=json.dumps({"board": f"http://{self.address}", "shots": SHOTS, "steps": steps}),
                              env={**os.environ, "PHASED_NODE_MODULES": MODULES})
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        found = [json.loads(line) for line in done.stdout.splitlines()]
        for step, one in zip(steps, found):
            self.assertEqual([], one["errors"], step)
            if step.get("scripts") is not False:
                self.assertEqual([], one["contrast"], step)
                self.assertGreater(one["measured"], 5, step)
                self.assertFalse(one["nan"], step)
        return found


class Real(BoardTest):
    """What the daemon makes of events."""

    def person(self, name, role, stages, from_day, now_us):
        """Five touches a week, through the stages; web, mail and chat."""
        events = []
        for n, stage in enumerate(stages):
            for i in range(5):
                us = now_us - (from_day - n * 7 - i) * DAY_US
                channel = {2: {"channel": "EMAIL", "action": "EMAIL_CLICK"}, 4: {"channel": "CHAT", "action": "CHAT_MESSAGE"}}.get(
                    i, {"channel": "WEB", "action": "PAGE_VIEW"})
                content = {"target_url": f"https://www.nordlys.test{STAGES[stage][i % 2]}"} if i == 2 else \
                    {"topic": "price"} if i == 4 else {"url": f"https://www.nordlys.test{STAGES[stage][i % 2]}", "title": f"{stage} {i}"}
                events.append({"id": f"{name}-{n}-{i}", "source": "test", "occurred_us": us, "received_us": us, **channel, "content": content,
                               "identity": {"email": f"p{list(PEOPLE).index(name)}@acme.test", "name": name, "role": role},
                               "consent": {"analytics": "GRANTED", "profile": "GRANTED", "contact": "GRANTED"}})
        return events

    def setUp(self):
        super().setUp()
        self.prepare()
        self.start_phased()
        now_us = int(time.time() * 1e6) // DAY_US * DAY_US
        events = []
        for n, (name, role) in enumerate(PEOPLE.items()):
            events += self.person(name, role, (["early", "mid", "late", "mid"], ["early", "early", "mid"], ["late", "early"], ["early"], ["mid"])[n],
                                  40, now_us)
        self.give(events)
        self.wait_until(lambda: self.value(BEHIND) == "0", 60, "all to be explained")

    def test_a_person_is_seen_clicked_and_walked_to(self):
        self.start_board(config=self.user("phased_seller"))	# sees names; what a role is granted would hold for other tests too
        ann = self.value("SELECT contact_id FROM report.person WHERE name = 'ann'")
        journey = f"/journey?contact={ann}&process=standard"
        start, journey_page, dark, clicked, walked, plain, alone, narrow = self.look(
            {"path": "/", "shot": "start"}, {"path": journey, "shot": "journey"}, {"path": journey, "shot": "journey-dark", "dark": True},
            {"path": journey, "click": "a.point", "until": "#detail table, #detail ol", "shot": "why"},
            {"path": journey, "tabs": 40, "stop": "/why", "press": "Enter", "until": "#detail table, #detail ol"},
            {"path": journey, "scripts": False, "click": "a.point", "until": "ol.touches"}, {"path": f"/why?contact={ann}", "shot": "why-page"},
            {"path": journey, "width": 400, "shot": "journey-narrow"})
        self.assertEqual([200] * 8, [one["status"] for one in (start, journey_page, dark, clicked, walked, plain, alone, narrow)])
        self.assertIn("清水", start["text"])
        self.assertIn("<b>&\"'", start["text"])
        self.assertIn("What was done", clicked["detail"])
        self.assertTrue(clicked["url"].endswith(journey), "the page is the same")
        self.assertIn("What was done", walked["detail"])
        self.assertEqual([], [stop for stop in walked["focus"] if not stop["ringed"]], "each stop is seen")
        self.assertIn("/why?contact=", plain["url"])
        self.assertIn("sum", alone["text"])
        self.assertLessEqual(narrow["wide"], 0)
        print(f"shown: screenshots of the board are in {SHOTS}")


HOSTILE = "<img src=x onerror=alert(1)>\"'&</script><svg onload=alert(2)>\u202e"


class Served(BoardTest):
    """What is answered to whom, with rows written straight into the tables."""

    def setUp(self):
        super().setUp()
        self.fresh_database()
        self.write_config()

    def add(self, name=HOSTILE, about=HOSTILE, process="standard", shown=4):
        contact = str(uuid.uuid4())
        model = "(SELECT version FROM phased.model WHERE in_force)"
        self.psql(f"""INSERT INTO phased.phase VALUES ('{contact}', '{process}', 1, {model}, '', 5, 0, 2.5, .125, .25, .625, 1, {shown}, 0, 3,
            now() - interval '3 days', now() - interval '1 hour', NULL, false);
            INSERT INTO phased.contact VALUES ('{contact}', NULL, $q${name}$q$, 'CFO', NULL, NULL, NULL, true);
            INSERT INTO phased.history VALUES ('{contact}', '{process}', {model}, now(), current_date - 2, '{{800,100,100}}', '{{100,800,100}}',
                '{{100,100,800}}');
            INSERT INTO phased.explanation VALUES ('{contact}', '{process}', 1, {model}, now(), 2, -1, 1.5, 0, ARRAY[current_date - 1],
                ARRAY[$q${about}$q$], ARRAY[$q${about}$q$], '{{2}}', '{{2.5}}')""")
        return contact

    def test_an_empty_database_says_what_to_do(self):
        self.start_board()
        for path in ("/", "/people"):
            status, _, text = self.ask(path)
            self.assertEqual(200, status)
            self.assertIn("phasectl", text)
        self.assertEqual(404, self.ask(f"/journey?contact={uuid.uuid4()}")[0])

    def test_who_asks_and_how(self):
        self.start_board("--host", "board.acme.test,other.acme.test")
        port = self.address.rpartition(":")[2]
        for host, status in ((self.address, 200), ("localhost", 200), (f"LocalHost:{port}", 200), (f"[::1]:{port}", 200), ("Board.acme.test", 200),
                             ("other.acme.test:443", 200), ("evil.test", 421), (f"127.0.0.1.evil.test:{port}", 421), ("localhost.evil.test", 421),
                             ("localhost:80@evil.test", 421), ("acme.test", 421)):
            for path in ("/", "/board.css"):
                self.assertEqual(status, self.ask(path, host=host)[0], host)
        for method, status in (("HEAD", 200), ("POST", 405), ("PUT", 405), ("DELETE", 405), ("OPTIONS", 405)):
            got, headers, text = self.ask("/", method, headers=[("Content-Length", "0")])
            self.assertEqual(status, got, method)
            self.assertEqual("GET, HEAD" if status == 405 else None, headers["Allow"])
        self.assertEqual("", self.ask("/", "HEAD")[2])

    def test_what_each_answer_says_to_a_browser(self):
        self.start_board()
        for path, status, kind in (("/", 200, "text/html"), ("/board.css", 200, "text/css"), ("/board.js", 200, "text/javascript"),
                                   ("/icon.svg", 200, "image/svg+xml"), ("/none", 404, "text/html"), ("/journey", 400, "text/html")):
            got, headers, _ = self.ask(path)
            self.assertEqual((status, kind), (got, headers["Content-Type"].partition(";")[0]), path)
            self.assertEqual([CSP, "nosniff", "no-referrer", "no-store"], [headers[name] for name in (
                "Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cache-Control")])
            self.assertIsNone(headers["Access-Control-Allow-Origin"])

    def test_what_is_no_question_is_refused(self):
        self.start_board()
        for path in ("/journey?contact=1", "/journey?contact=%27%20OR%20true--", "/people?process=%ff", "/people?process=a%00b", "/people?process=%0a",
                     "/people?process=" + "p" * 65, f"/why?contact={uuid.uuid4()}&day=2026-02-30", f"/why?contact={uuid.uuid4()}&day=2026-11-25T"):
            self.assertEqual(400, self.ask(path)[0], path)
        status, _, text = self.ask("/people?process='%20OR%20true%20--%20%3Cb%3E")
        self.assertEqual(200, status)
        self.assertNotIn("<b>", text)

    def test_names_are_texts_wherever_they_stand(self):
        contact = self.add()
        self.start_board(config=self.user("phased_seller"))
        for path in ("/", "/people", f"/journey?contact={contact}", f"/why?contact={contact}", f"/why?contact={contact}&part=1"):
            status, _, text = self.ask(path)
            self.assertEqual(200, status, path)
            self.assertIn("&lt;img src=x onerror=alert(1)&gt;", text, path)
            for tag in ("<img", "<svg onload", "\u202e"):
                self.assertNotIn(tag, text, path)
            self.assertEqual(0 if "part" in path else 1, text.count("</script>"), path)

    def test_names_are_seen_by_who_may(self):
        contact = self.add(name="Anna Holm")
        for role, named in (("phased_board", False), ("phased_reader", False), ("phased_seller", True)):
            board = self.start_board(config=self.user(role))
            for path in ("/", f"/journey?contact={contact}"):
                text = self.ask(path)[2]
                self.assertEqual(named, "Anna Holm" in text, (role, path))
                self.assertTrue(named or contact[:8] in text)
            board.stop()
        self.start_board(config=self.user("phased_monitor"))
        status, _, text = self.ask("/")
        self.assertEqual(500, status)
        self.assertIn("may not read", text)

    def test_a_database_that_is_away_is_said_and_comes_back(self):
        contact = self.add(name="Anna Holm")
        name = self.database.rpartition("=")[2]
        base = phased_test.server("PHASED_PG")
        self.psql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false", base)
        board = self.start_board()
        status, headers, text = self.ask("/")
        self.assertEqual((503, "5"), (status, headers["Refresh"]))
        self.assertIn("The database is away", text)
        self.assertNotIn(name, text)
        self.assertEqual(200, self.ask("/board.css")[0])
        self.psql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true", base)
        self.assertEqual(200, self.ask("/")[0])
        # A connection that died while nobody asked is no reason to answer with an error.
        for _ in range(3):
            self.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'phasectl board' AND datname = current_database()")
            self.assertEqual(200, self.ask(f"/journey?contact={contact}")[0])
        self.assertEqual(0, board.stop())
        self.assertEqual(1, board.log().count("asking again"))
        self.assertEqual(1, board.log().count("is back"))

    def test_who_waits_for_a_lock_holds_nobody_up(self):
        contact = self.add()
        self.start_board()
        self.assertEqual(200, self.ask("/")[0])
        holder = self.session("BEGIN; LOCK TABLE phased.phase IN ACCESS EXCLUSIVE MODE;")
        with concurrent.futures.ThreadPoolExecutor() as pool:
            waiting = [pool.submit(self.ask, path) for path in ("/", "/people", f"/journey?contact={contact}") * 3]
            self.wait_until(lambda: self.value("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'phasectl board' AND "
                                               "wait_event_type = 'Lock' AND datname = current_database()") != "0", 20, "one to wait")
            self.assertEqual(200, self.ask("/board.css")[0])
            self.assertEqual([503] * 9, [one.result()[0] for one in waiting])
        holder.kill()
        holder.wait()
        self.wait_until(lambda: self.ask("/")[0] == 200, 20, "the lock to be gone")

    def test_it_stops_at_once_and_says_no_to_the_world(self):
        for listen in ("0.0.0.0:0", "[::]:0", "192.0.2.1:80", "nonsense", "", "127.0.0.1.evil.test:80"):
            done = self.run_phasectl(["board", "--listen", listen])
            self.assertEqual(64, done.status, listen)
            self.assertIn("--beyond-loopback", done.err)
        board = self.start([PHASECTL, "--config", self.config, "board", "--listen", "0.0.0.0:0", "--beyond-loopback"], "board")
        self.wait_log(board, r"^http://0\.0\.0\.0:\d+/$")
        self.assertEqual(0, board.stop())
        board = self.start([PHASECTL, "--config", self.config, "board", "--listen", f"unix:{self.path('board.socket')}"], "board")
        self.wait_log(board, r"^unix:/\S+$")
        said = subprocess.run(["curl", "-sS", "--unix-socket", self.path("board.socket"), "http://localhost/"], capture_output=True, text=True)
        self.assertIn("<h1>", said.stdout)
        board.signal(signal.SIGINT)
        self.assertEqual(0, board.wait())


if __name__ == "__main__":
    phased_test.main()
