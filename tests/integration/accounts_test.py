#!/usr/bin/python3
"""Which organisation a contact buys for, and what it is there: tests/accounts/*.txt through the daemon, and phasectl accounts accept."""
import json
import os
import re

import phased_test
from daemon_test import DaemonTest
from status_test import Terminal

CASES = os.path.join(phased_test.ROOT, "tests", "accounts")
LISTS = [os.path.join(phased_test.ROOT, "conf", "accounts", f"{name}.txt") for name in ("isp", "test", "disposable", "free-mail", "student")]
SAYS = """
domains: {nordlys-marine.test: nordlys.test, post.skibsgruppen.test: havn.test, telia.com: telia.com}
no_account: [konsulenthuset.test, frivillig.havn.test]
"""


def rows_of(name):
    with open(os.path.join(CASES, name), encoding="utf-8") as lines:
        return [[cell.strip() for cell in line.split("|")] for line in lines if line.strip() and not line.startswith("#")]


def stories_of(name):
    """Title -> what is stated, what must hold."""
    stories = {}
    for row in rows_of(name):
        if row[0].startswith("STORY "):
            stated, holds = stories.setdefault(row[0].removeprefix("STORY "), ([], []))
        elif row[0].startswith("THEN "):
            holds.append([row[0].removeprefix("THEN "), *row[1:]])
        else:
            stated.append(row)
    return stories


def moment(n):
    return f"2026-11-{1 + n // 24:02}T{n % 24:02}:00:00Z"


class Accounts(phased_test.PhasedTest):
    def accounts(self, text, lists=LISTS):
        return self.write("accounts.yaml", f"lists: {json.dumps(lists)}\n{text}")

    def accept(self, text, lists=LISTS):
        return self.phasectl(["accounts", "accept", self.accounts(text, lists)])

    def begin(self):
        self.prepare()
        self.sent = 0
        self.daemon = self.start_phased()

    def event(self, at, action="FORM_SUBMIT", channel="WEB", **identity):
        self.sent += 1
        return json.dumps({"id": f"e-{self.sent}", "source": "test", "site": "shop", "channel": channel, "action": action,
                           "party": "AGENT" if channel == "CRM" else "PERSON", "occurred_us": moment(at),
                           "identity": identity, "consent": {"analytics": "GRANTED", "profile": "GRANTED"}})

    def send(self, events):
        self.phasectl(["produce", "--topic", self.topics["web"]], input="\n".join(events) + "\n")
        self.wait_until(lambda: self.value("SELECT sum(greatest(next_offset, 0)) FROM phased.position") == str(self.sent), 60, "all of them")

    def belongs(self):
        return dict(self.psql("SELECT address, coalesce(account, '-') || ' ' || coalesce(account_source, '-') FROM report.person"))

    def test_the_table_of_accounts(self):
        self.begin()
        rows = rows_of("accounts.txt")
        events = []
        for address, group, crm, *_ in rows:
            events.append(self.event(1, email=address))
            if group:
                events.append(self.event(2, "GROUP", email=address, company_domain=group))
            if crm:
                events.append(self.event(3, "IDENTIFY", "CRM", email=address, company_domain=crm))
        self.send(events)
        normal = {address: address.lower().replace("blåbær", "xn--blbr-roah").replace("公司", "xn--55qx5d") for address, *_ in rows}
        # Without lists nobody can tell a mail provider from a company.
        self.assertEqual({"-"}, {said.split()[0] for said in self.belongs().values()})
        self.accept(SAYS)
        expected = {normal[address]: f"{account} {source}" for address, _, _, account, source in rows}
        self.assertEqual(expected, self.belongs())
        # Whoever is written afterwards gets the same as whom the command has found.
        self.send([self.event(4, email=address) for address, *_ in rows])
        self.assertEqual(expected, self.belongs())
        self.psql("DELETE FROM phased.contact")
        self.send([self.event(5, email=address) for address, *_ in rows])
        self.assertEqual(expected, self.belongs())
        self.assertEqual([], self.psql("SELECT * FROM phased.rejected"))
        self.assertEqual(0, self.daemon.stop())

    def test_the_stories_of_roles(self):
        """Each told as it stands, and backwards in batches of one or two by other people, whose accounts are others, too."""
        self.begin()
        self.accept("")
        events, expected = {1: [], -1: []}, []
        for number, (stated, holds) in enumerate(stories_of("roles.txt").values()):
            for order, words in ((1, ""), (-1, "other-")):
                other = lambda who: f"{who.lower()}@{words}company-{number}.test"
                for day, where, who, role, title in stated[::order]:
                    event = json.loads(self.event(0, channel="CRM" if where == "CRM" else "WEB", email=other(who), role=role, title=title))
                    if where == "no consent":
                        event["consent"].pop("profile")
                    if where == "withdraws":
                        event["consent"]["profile"] = "WITHDRAWN"
                    events[order].append(json.dumps({**event, "occurred_us": f"{day}T10:00:00Z"}))
                for who, role, source, since, successor in holds:
                    expected.append([other(who), *(None if cell == "-" else cell for cell in (role, source, since)),
                                     None if successor == "-" else other(successor)])
        self.sent = len(events[1])
        self.send(events[1])
        self.assertEqual(0, self.daemon.stop())
        self.sent += len(events[-1])
        self.write_config(batch__events_min=1, batch__events_max=2)
        self.daemon = self.start_phased()
        self.send(events[-1])
        batches = sum(value for name, value in DaemonTest.metrics(self, self.daemon).items() if name.startswith("phased_batches_total"))
        self.assertGreaterEqual(batches, len(events[-1]) / 2)
        people = [row[0] for row in expected]
        found = {row[0]: row for row in self.psql(
            "SELECT p.address, p.role, p.role_source, (p.role_since AT TIME ZONE 'UTC')::date, CASE WHEN s.role_since = p.succeeded_at THEN s.address END "
            "FROM report.person p LEFT JOIN report.person s ON s.contact_id = p.succeeded_by")}
        self.assertEqual(expected, [found.get(address, [address, None, None, None, None]) for address in people])

    def test_a_change_takes_effect_for_all_at_once(self):
        self.begin()
        self.assertIn("changed of 0 of 0 contacts", self.accept(""))
        self.send([self.event(1, email=address) for address in ("ann@acme.test", "bo@acme-nord.test", "eva@gmail.com")])
        self.assertEqual({"ann@acme.test": "acme.test address", "bo@acme-nord.test": "acme-nord.test address", "eva@gmail.com": "- free-mail"},
                         self.belongs())
        said = self.accept("domains: {acme-nord.test: acme.test}\n"
                           "accounts: {acme.test: {name: Acme, parent: holding.test}, holding.test: {name: Holding}}")
        self.assertRegex(said, r"^accounts accepted: \d{5} domains that tell of no account, 1 of other accounts, 2 accounts described; "
                               r"changed of 1 of 3 contacts\n$")
        self.assertEqual("acme.test table", self.belongs()["bo@acme-nord.test"])
        self.assertEqual([["acme.test", "Acme", "holding.test", "holding.test", "2"], ["holding.test", "Holding", None, "holding.test", "0"]],
                         self.psql("SELECT account, name, parent, top, contacts FROM report.account ORDER BY 1"))
        self.accept("", [])
        self.assertEqual("gmail.com address", self.belongs()["eva@gmail.com"])		# the lists are what says otherwise
        self.assertEqual([["acme-nord.test", "acme-nord.test", "1"], ["acme.test", "acme.test", "1"], ["gmail.com", "gmail.com", "1"]],
                         self.psql("SELECT account, top, contacts FROM report.account ORDER BY 1"))
        domains = int(re.search(r"(\d{5}) domains", said).group(1))
        noted = [json.loads(counts) for counts, in self.psql("SELECT counts FROM phased.audit WHERE what = 'accounts accept' AND about = '' ORDER BY id")]
        self.assertEqual([{"domains": domains, "accounts": 0, "contacts": 0}, {"domains": domains + 1, "accounts": 2, "contacts": 1},
                          {"domains": 0, "accounts": 0, "contacts": 2}], noted)

    def test_what_can_be_registered_is_worked_out_anew(self):
        """As after a newer public suffix list."""
        self.begin()
        self.accept("")
        self.send([self.event(1, email="ann@mail.acme.test"), self.event(1, email="bo@co.uk")])
        self.psql("UPDATE phased.contact SET domain = host, account = host")
        self.assertIn("changed of 2 of 2 contacts", self.accept(""))
        self.assertEqual({"ann@mail.acme.test": "acme.test address", "bo@co.uk": "- -"}, self.belongs())
        self.psql("INSERT INTO phased.contact (contact_id, host, domain, may_write) SELECT md5(n::text)::uuid, 'mail.a' || n || '.test', 'of before', false "
                  "FROM generate_series(1, 20005) AS n")		# more than two pages
        self.assertIn("changed of 20005 of 20007 contacts", self.accept(""))
        self.assertEqual("20005", self.value("SELECT count(*) FROM phased.contact WHERE host = 'mail.' || domain AND account = domain AND address IS NULL"))

    def test_batches_under_way_end_first(self):
        """Who is being written while lists are accepted gets the new ones; nobody waits for longer than that."""
        self.begin()
        self.accept("")
        self.send([self.event(1, email="ann@acme.test")])
        batch = self.session("BEGIN; UPDATE phased.contact SET name = 'Ann';")
        path = self.accounts("domains: {acme.test: nordlys.test}")
        terminal = Terminal([phased_test.PHASECTL, "--config", self.config, "accounts", "accept", path])
        self.addCleanup(terminal.close)
        self.wait_until(lambda: self.value("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'phased.contact'::regclass") == "1",
                        20, "it waits")
        self.wait_until(lambda: "waiting for the batches under way" in terminal.read(), 20, "it to say so")
        batch.stdin.write("COMMIT;\n")
        batch.stdin.flush()
        self.assertEqual(0, terminal.end(60), terminal.said)
        self.assertIn("changed of 1 of 1 contacts", terminal.said)
        self.assertEqual({"ann@acme.test": "nordlys.test table"}, self.belongs())

    def test_who_may_not_is_told(self):
        self.prepare()
        done = self.run_phasectl(["accounts", "accept", self.accounts("")], config=self.user("phased_writer"))
        self.assertEqual(77, done.status)
        self.assertEqual("", done.out)

    def test_the_report_shows_accounts(self):
        self.begin()
        self.accept("domains: {acme-nord.test: acme.test}")
        self.send([self.event(1, email=address, name=name) for address, name in
                   (("ann@acme.test", "Ann"), ("bo@acme-nord.test", "Bo"), ("eva@gmail.com", "Eva"))])
        for address in ("ann@acme.test", "bo@acme-nord.test", "eva@gmail.com"):
            self.phasectl(["confirm", "-", "--phase", "late"], input=address)
        self.wait_until(lambda: self.value("SELECT count(*) FROM report.contact_phase") == "3", 60, "three phases")
        shown = lambda *args: {row["email"]: row["account"] for row in phased_test.json_lines(self.phasectl(["report", "phases", "--json", *args]))}
        self.assertEqual({"ann@acme.test": "acme.test", "bo@acme-nord.test": "acme.test", "eva@gmail.com": None}, shown())
        self.assertEqual({"ann@acme.test": "acme.test", "bo@acme-nord.test": "acme.test"}, shown("--account", "acme.test"))
        self.assertEqual([["ann@acme.test", "acme.test", "address", None], ["bo@acme-nord.test", "acme.test", "table", None], ["eva@gmail.com", None, "free-mail", None]],
                         self.psql("SELECT address, account, account_source, succeeded_by FROM report.person_phase ORDER BY address"))
        at = json.loads(self.phasectl(["at", "-", "--time", "2030-01-01T00:00:00Z", "--json"], input="bo@acme-nord.test"))
        self.assertEqual("acme.test", at["account"])
        table = self.phasectl(["report", "phases"], env={"COLUMNS": "160"})
        self.assertIn("ACCOUNT", table)		# since one of them is not what the address says
        self.assertNotIn("ACCOUNT", self.phasectl(["report", "phases", "--contact", "-"], input="ann@acme.test", env={"COLUMNS": "160"}))
        reader = self.user("phased_reader")
        self.assertEqual({None}, {row["account"] for row in phased_test.json_lines(self.phasectl(["report", "phases", "--json"], config=reader))})
        done = self.run_phasectl(["report", "phases", "--account", "acme.test"], config=reader)
        self.assertEqual((77, "phasectl: report phases: --account: this database role may not read report.person; phased_seller may\n"),
                         (done.status, done.err))


if __name__ == "__main__":
    phased_test.main()
