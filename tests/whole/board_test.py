#!/usr/bin/python3
# run: timeout=600
"""phasectl board in headless Chromium: pictures of what the daemon made of events, clicked, walked through and measured.

Screenshots are kept in board-shots/ of the build directory.
"""
import concurrent.futures
import html
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.parse
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
        done = subprocess.run(["node", os.path.join(ROOT, "tests", "whole", "board.mjs")], capture_output=True, text=True, timeout=300,
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
        start, people, moved, journey_page, dark, clicked, walked, plain, alone, narrow = self.look(
            {"path": "/", "shot": "start"}, {"path": "/people", "shot": "people"}, {"path": "/movement", "shot": "movement"},
            {"path": journey, "shot": "journey"}, {"path": journey, "shot": "journey-dark", "dark": True},
            {"path": journey, "click": "a.point", "until": "#detail table, #detail ol", "shot": "why"},
            {"path": journey, "tabs": 40, "stop": "/why", "press": "Enter", "until": "#detail table, #detail ol"},
            {"path": journey, "scripts": False, "click": "a.point", "until": "ol.touches"}, {"path": f"/why?contact={ann}", "shot": "why-page"},
            {"path": journey, "width": 400, "shot": "journey-narrow"})
        self.assertEqual([200] * 10, [one["status"] for one in (start, people, moved, journey_page, dark, clicked, walked, plain, alone, narrow)])
        self.assertIn("清水", people["text"])
        self.assertIn("<b>&\"'", people["text"])
        self.assertIn("What was done", clicked["detail"])
        self.assertTrue(clicked["url"].endswith(journey), "the page is the same")
        self.assertIn("What was done", walked["detail"])
        self.assertEqual([], [stop for stop in walked["focus"] if not stop["ringed"]], "each stop is seen")
        self.assertIn("/why?contact=", plain["url"])
        self.assertIn("sum", alone["text"])
        self.assertLessEqual(narrow["wide"], 0)
        print(f"shown: screenshots of the board are in {SHOTS}")


def share(value):
    """As the board writes it: 99.6 % is not all of it, and 0.1 % not nothing."""
    if value is None:
        return "–"
    percent = value * 100
    return f"{99 if 99 < percent < 100 else 1 if 0 < percent < 1 else percent:.0f} %"


HOSTILE = "<img src=x onerror=alert(1)>\"'&</script><svg onload=alert(2)>\u202e"


class Served(BoardTest):
    """What is answered to whom, with rows written straight into the tables."""

    def setUp(self):
        super().setUp()
        self.fresh_database()
        self.write_config()

    def add(self, name=HOSTILE, about=HOSTILE, process="standard", shown=4, p=(.125, .25, .625)):
        contact = str(uuid.uuid4())
        model = "(SELECT version FROM phased.model WHERE in_force)"
        self.psql(f"""INSERT INTO phased.phase VALUES ('{contact}', '{process}', 1, {model}, '', 5, 0, 2.5, {p[0]}, {p[1]}, {p[2]}, 1, {shown}, 0, 3,
            now() - interval '3 days', now() - interval '1 hour', NULL, false);
            INSERT INTO phased.contact VALUES ('{contact}', NULL, $q${name}$q$, 'CFO', NULL, NULL, NULL, true);
            INSERT INTO phased.history VALUES ('{contact}', '{process}', {model}, now(), current_date - 2, '{{800,100,100}}', '{{100,800,100}}',
                '{{100,100,800}}');
            INSERT INTO phased.explanation VALUES ('{contact}', '{process}', 1, {model}, now(), 2, -1, 1.5, 0, ARRAY[current_date - 1],
                ARRAY[$q${about}$q$], ARRAY[$q${about}$q$], '{{2}}', '{{2.5}}');
            INSERT INTO phased.phase_change (contact_id, process, at, from_shown, to_shown, noticed_at, late)
                VALUES ('{contact}', '{process}', date_trunc('week', now()), 0, 4, now(), false)""")
        return contact

    def add_account(self, name, *contacts):
        model = "(SELECT version FROM phased.model WHERE in_force)"
        listed = ", ".join(f"('{contact}'::uuid)" for contact in contacts)
        self.psql(f"""UPDATE phased.contact SET account = $q${name}$q$ FROM (VALUES {listed}) AS v (id) WHERE contact_id = v.id;
            INSERT INTO phased.account_phase VALUES ($q${name}$q$, 'standard', {model}, now(), 3, 0, 2, .1, .2, .7, 4, 0, 2, false, now(), now(),
                {len(contacts)}, 1, 2, 0, .4321, 1 / 7.0, '{{CEO,IT}}');
            INSERT INTO phased.account_member VALUES ($q${name}$q$, 'standard', '{contacts[0]}', 1, false);
            INSERT INTO phased.account_change VALUES ($q${name}$q$, 'standard', now() - interval '5 days', 0, 4, false)""")

    def keys(self, path):
        """What the page says under each key."""
        status, _, text = self.ask(path)
        self.assertEqual(200, status, text)
        return {html.unescape(key): html.unescape(value) for key, value in re.findall(r'data-key="([^"]*)"[^>]*>([^<]*)<', text)}

    def report(self, *args, config):
        return phased_test.json_lines(self.phasectl(["report", *args, "--json"], config=config))

    def test_page_terminal_and_view_say_the_same_numbers(self):
        people = [self.add(name=f"N{n}", p=p) for n, p in enumerate(((.125, .25, .625), (.0004, .0496, .95), (1, 0, 0), (.333, .333, .334)))]
        quiet = str(uuid.uuid4())
        self.psql(f"INSERT INTO phased.contact (contact_id, role, may_write) VALUES ('{quiet}', 'IT', true)")
        self.add_account("havn.test", *people, quiet)
        config = self.user("phased_seller")
        self.start_board(config=config)
        shares = lambda row, prefix="": {f"{name}{prefix}": share(row[name]) for name in ("early", "mid", "late")}
        page, told = self.keys("/people"), self.report("phases", config=config)
        self.assertEqual({key: value for row in told for key, value in shares(row["p"], f" {row['contact']}").items()}, page)
        views = self.psql("SELECT contact_id, early, mid, late FROM report.contact_phase")
        self.assertEqual({f"{name} {row[0]}": share(float(value)) for row in views for name, value in zip(("early", "mid", "late"), row[1:])}, page)
        for row in told:
            self.assertEqual(shares(row["p"]), self.keys(f"/journey?contact={row['contact']}"))
        account, = self.report("accounts", config=config)
        view, = self.psql("SELECT early, mid, late, consensus, coverage FROM report.account_phase")
        names = ("early", "mid", "late", "consensus", "coverage")
        expected = {f"{name} havn.test": share(float(value)) for name, value in zip(names, view)}
        self.assertEqual(expected, self.keys("/accounts"))
        self.assertEqual(expected, {f"{name} havn.test": share(account[name]) for name in names})
        members = self.report("committee", "--account", "havn.test", config=config)
        page = self.keys("/account?account=havn.test")
        self.assertEqual(share(account["consensus"]), page.pop("consensus"))
        told = {key: value for row in members for key, value in shares(row, f" {row['contact_id'] or 'missing'}").items()}
        self.assertEqual(told, page)
        self.assertEqual(("–", "–"), (page[f"early {quiet}"], page["early missing"]))
        self.assertEqual(15 + 3, len(page))
        rows = self.psql("SELECT day, phase, contacts, accounts FROM report.funnel WHERE process = 'standard' ORDER BY day DESC LIMIT 40")
        page = self.keys("/?process=standard")
        told = {(row["day"], row["phase"]): row for row in self.report("funnel", "--process", "standard", config=config)}
        self.assertGreater(sum(int(row[2]) for row in rows), 0)
        for day, phase, contacts, accounts in rows:
            self.assertEqual(contacts, page[f"{phase} {day}"])
            self.assertEqual(int(contacts), told[day, phase]["contacts"])
            if phase != "none":
                self.assertEqual(accounts, page[f"{phase} accounts {day}"])

    def test_a_committee_is_seen_and_walked_through(self):
        contacts = [self.add(name=name, about="web.prices", p=p) for name, p in (
            ("Søren Ødegård", (.9, .07, .03)), ("清水 健太郎", (.05, .15, .8)), ("Jürgen Groß", (.25, .45, .3)), ("x" * 200, (.33, .33, .34)))]
        self.add_account("havn.test", *contacts)
        self.start_board(config=self.user("phased_seller"))
        page = "/account?account=havn.test&process=standard"
        light, dark, walked, accounts = self.look(
            {"path": page, "shot": "account"}, {"path": page, "shot": "account-dark", "dark": True},
            {"path": page, "tabs": 30, "stop": "/journey", "press": "Enter", "until": ".journey"}, {"path": "/accounts", "shot": "accounts", "width": 400})
        self.assertIn("Søren Ødegård", light["text"])
        self.assertIn("清水 健太郎", light["text"])
        self.assertIn("Jürgen Groß", dark["text"])
        self.assertIn("nobody", light["text"])
        self.assertIn("/journey?contact=", walked["url"])
        self.assertLessEqual(accounts["wide"], 0)

    def test_of_a_large_committee_the_first_are_shown_and_all_who_are_missing(self):
        contacts = [self.add(name="Anna Holm", about="web.prices")]
        self.psql("""INSERT INTO phased.contact (contact_id, name, role, account, may_write)
            SELECT gen_random_uuid(), 'Member ' || n, 'user', 'havn.test', true FROM generate_series(1, 130) n""")
        self.add_account("havn.test", *contacts)
        self.start_board(config=self.user("phased_seller"))
        text = self.ask("/account?account=havn.test")[2]
        self.assertIn("The first 100 people of more", text)
        self.assertIn("Anna Holm", text)
        self.assertEqual(99, len(set(re.findall(r"Member \d+", text))))
        self.assertEqual(6, text.count('class="member missing"'))

    def test_the_longest_journey_is_a_page_like_others(self):
        contact = self.add(name="Anna Holm")
        self.psql(f"""UPDATE phased.history SET first_day = current_date - 1200, early = array_fill(200::smallint, ARRAY[1200]),
                mid = array_fill(300::smallint, ARRAY[1200]), late = array_fill(500::smallint, ARRAY[1200]);
            INSERT INTO phased.subject SELECT n, 'test', 'site', 1 + n % 3, '', 100, '', 'www.acme.test', '/' || n, 'Page ' || n, '', '', '', '', '',
                0, '' FROM generate_series(1, 50) n;
            INSERT INTO phased.subject_rule SELECT version, n, 'standard', 'web.other', 1, '', false, 0, 0
                FROM generate_series(1, 50) n, phased.model WHERE in_force;
            INSERT INTO phased.actor VALUES ('{contact}', 1, '', NULL);
            INSERT INTO phased.touch SELECT '{contact}', d, n, d, d, 1 + n % 50, (n % 10 = 0)::integer, 1 FROM (SELECT n,
                date_trunc('day', now()) - (n % 1200) * interval '1 day' - interval '1 hour' AS d FROM generate_series(1, 10000) n) t""")
        self.start_board()
        page = f"/journey?contact={contact}"
        text = self.ask(page)[2]
        self.assertLess(len(text), 400_000)
        self.assertLess(text.count("<a class=\"point\""), 800)
        told = [(int(touches), int(machine or 0)) for touches, machine in
                re.findall(r"<title>[a-z]+: (\d+) touch(?:es)?, [^<,]*(?:, (\d+) by machines)?</title>", text)]
        self.assertEqual((10000, 1000), tuple(map(sum, zip(*told))))
        self.look({"path": page, "shot": "journey-long"}, {"path": page, "click": "a.point", "until": "#detail ol", "shot": "why-long"})

    def test_an_empty_database_says_what_to_do(self):
        self.start_board()
        for path in ("/", "/people"):
            status, _, text = self.ask(path)
            self.assertEqual(200, status)
            self.assertIn("phasectl", text)
        self.assertEqual(404, self.ask(f"/journey?contact={uuid.uuid4()}")[0])

    def test_who_asks_and_how(self):
        self.start_board("--host", "Board.acme.test, other.acme.test")
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
        account = "<img src=x onerror=alert(1)>.test"
        self.add_account(account, contact)
        self.start_board(config=self.user("phased_seller"))
        for path in ("/people", "/movement", "/accounts", f"/account?account={urllib.parse.quote(account)}", f"/journey?contact={contact}",
                     f"/why?contact={contact}", f"/why?contact={contact}&part=1", "/?process=%3Cimg%20src=x%20onerror=alert(1)%3E"):
            status, _, text = self.ask(path)
            self.assertEqual(200, status, path)
            self.assertIn("&lt;img src=x onerror=alert(1)&gt;", text, path)
            for tag in ("<img", "<svg onload", "\u202e"):
                self.assertNotIn(tag, text, path)
            self.assertEqual(0 if "part" in path else 1, text.count("</script>"), path)

    def test_names_are_seen_by_who_may(self):
        contact = self.add(name="Anna Holm")
        self.add_account("havn.test", contact)
        for role, named in (("phased_board", False), ("phased_reader", False), ("phased_seller", True)):
            board = self.start_board(config=self.user(role))
            for path in ("/people", "/movement", f"/journey?contact={contact}"):
                text = self.ask(path)[2]
                self.assertEqual(named, "Anna Holm" in text, (role, path))
                self.assertTrue(named or contact[:8] in text)
            for path in ("/accounts", "/account?account=havn.test"):
                text = self.ask(path)[2]
                self.assertEqual((named, not named), ("43 %" in text, "GRANT phased_seller" in text), (role, path))
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
        self.assertEqual(200, self.ask("/people")[0])
        holder = self.session("BEGIN; LOCK TABLE phased.phase IN ACCESS EXCLUSIVE MODE;")
        with concurrent.futures.ThreadPoolExecutor() as pool:
            waiting = [pool.submit(self.ask, path) for path in ("/people", "/people", f"/journey?contact={contact}") * 3]
            self.wait_until(lambda: self.value("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'phasectl board' AND "
                                               "wait_event_type = 'Lock' AND datname = current_database()") != "0", 20, "one to wait")
            self.assertEqual(200, self.ask("/board.css")[0])
            self.assertEqual([503] * 9, [one.result()[0] for one in waiting])
        holder.kill()
        holder.wait()
        self.wait_until(lambda: self.ask("/people")[0] == 200, 20, "the lock to be gone")

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
