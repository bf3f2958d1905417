#!/usr/bin/python3
# run: timeout=300
"""Where an account is, and its committee: the chore of the daemons, and what the views make of its rows."""
import random
import signal

import phased_test
from daemon_test import DAY_US, NOW_US, DaemonTest

NOON_US = NOW_US // DAY_US * DAY_US + DAY_US // 2


class Views(phased_test.PhasedTest):
    """Over rows as the chore leaves them."""

    def setUp(self):
        super().setUp()
        self.fresh_database(model=False)
        for name, account, role in (("ida", "havn.test", "CFO"), ("bo", "havn.test", "IT"), ("kim", "havn.test", None), ("eve", "else.test", "CEO")):
            self.psql(f"INSERT INTO phased.contact (contact_id, role, account, may_write) VALUES (md5('{name}')::uuid, "
                      f"{repr(role) if role else 'NULL'}, '{account}', true)")
        self.psql("INSERT INTO phased.phase (contact_id, process, version, model_version, fold, counted, confirmed, activity, early, mid, late, "
                  "reported, shown, fine, band, last_at) VALUES (md5('ida')::uuid, 'standard', 1, 1, '', 3, 0, 2, .1, .2, .7, 2, 4, 0, 2, now())")
        self.psql("INSERT INTO phased.account_phase VALUES ('havn.test', 'standard', 1, now(), 3, 0, 2, .1, .2, .7, 4, 0, 2, false, now(), now(), "
                  "3, 1, 2, 0, NULL, 1 / 7.0, '{CEO}'), ('else.test', 'standard', 1, now(), 90000, 0, 0, 0, 0, 0, NULL, 0, 0, false, NULL, now(), "
                  "1, 0, 1, 0, NULL, 0, '{CEO}')")
        self.psql("INSERT INTO phased.account_member VALUES ('havn.test', 'standard', md5('ida')::uuid, 1, false)")
        self.psql("INSERT INTO phased.account_change VALUES ('havn.test', 'standard', '2026-01-01', 0, 3, false), "
                  "('havn.test', 'standard', '2026-01-02', 3, 4, true)")
        self.psql("INSERT INTO phased.account_state SELECT account, 1, 1, 1, NULL FROM phased.account_phase")

    def test_the_views_say_it_in_words(self):
        self.assertEqual([["else.test", None, "90000", None], ["havn.test", "late", "3", "medium"]], self.psql(
            "SET ROLE phased_seller; SELECT account, phase, touches, confidence FROM report.account_phase ORDER BY 1"))
        self.assertEqual([["unknown", "mid", "touch"], ["mid", "late", "time"]], self.psql(
            "SET ROLE phased_seller; SELECT from_phase, to_phase, cause FROM report.account_change ORDER BY at"))
        names = {self.value(f"SELECT md5('{name}')::uuid"): name for name in ("ida", "bo", "kim")}
        rows = self.psql("SET ROLE phased_seller; SELECT contact_id, role, phase, weight, missing FROM report.committee "
                         "WHERE account = 'havn.test' ORDER BY missing, weight DESC, role COLLATE \"C\"")
        self.assertEqual([["ida", "CFO", "late", "1", "f"], ["bo", "IT", "unknown", "0", "f"], ["kim", None, "unknown", "0", "f"]] + [
            [None, role, None, None, "t"] for role in ("CEO", "CMO", "procurement", "production", "sales")],
            [[names.get(row[0]), *row[1:]] for row in rows])

    def test_an_account_goes_with_its_last_contact(self):
        tables = ("account_phase", "account_change", "account_member", "account_state")
        count = lambda: [int(self.value(f"SELECT count(*) FROM phased.{table} WHERE account = 'havn.test'")) for table in tables]
        self.psql("SET ROLE phased_writer; DELETE FROM phased.contact WHERE contact_id IN (md5('bo')::uuid, md5('kim')::uuid)")
        self.assertEqual([1, 2, 1, 1], count())
        self.psql("SET ROLE phased_privacy; DELETE FROM phased.contact WHERE contact_id = md5('ida')::uuid")
        self.assertEqual([0, 0, 0, 0], count())
        self.assertEqual("1", self.value("SELECT count(*) FROM phased.account_phase"))


PATHS = {"early": "/articles/lost-position-at-the-quay/", "mid": "/compare/", "late": "/prices/", "calculator": "/calculator/", "guide": "/guides/choosing-a-workboat-radar/"}
# The accounts whose rows are not of what their contacts are now.
BEHIND = """SELECT count(*) FROM phased.account_state s FULL JOIN (SELECT c.account,
    bit_xor(uuid_hash_extended(c.contact_id, hashtextextended(coalesce(c.role, ''), coalesce(p.version, -1)))) AS signature
    FROM phased.contact c LEFT JOIN phased.phase p ON p.contact_id = c.contact_id AND p.process = 'standard' WHERE c.account IS NOT NULL
    GROUP BY 1) k ON k.account = s.account WHERE s.signature IS DISTINCT FROM k.signature OR s.settings <>
    (SELECT bit_xor(hash_record_extended(c, 0)) FROM phased.committee c)"""
COLUMNS = "account, process, as_of, counted, confirmed, activity, early, mid, late, shown, fine, band, quiet, since, last_at, members, active, silent, laggards, consensus, coverage, missing"
UNTIL = "2026-09-21T12:00:00Z"
# What the view says of an account to which nothing happens; its activity is as of this minute.
STILL = COLUMNS.replace("counted, confirmed, activity, ", "").replace("shown, fine, band", "fine").replace("last_at", "last_touch")


class Chore(DaemonTest):
    """Through Kafka and the daemon. Time passes up to UNTIL and no further, so that rows are the same whenever they are written."""

    def setUp(self):
        super().setUp()
        self.prepare(review__until=UNTIL, accounts__share_percent=100)
        self.accept("")
        self.sent = 0

    def begin_again(self, prefix):
        """Another database and other topics; ids are the same."""
        self.given = 0
        self.fresh_database()
        self.new_topics(prefix)
        self.write_config(review__until=UNTIL, accounts__share_percent=100)
        self.phasectl(["topics", "create", "--partitions", "4", "--replication", "1"])
        self.accept("")

    def accept(self, text):
        self.phasectl(["accounts", "accept", self.write("accounts.yaml", "lists: []\n" + text)])

    def event(self, name, days_ago, path, account="havn", role=None, **more):
        self.sent += 1
        us = NOON_US - int(days_ago * DAY_US)
        return {"id": f"e{self.sent}", "source": "test", "channel": "WEB", "action": "PAGE_VIEW", "occurred_us": us, "received_us": us,
                "identity": {"email": f"{name}@{account}.test", **({"role": role} if role else {})},
                "consent": {"analytics": "GRANTED", "profile": "GRANTED"}, "content": {"url": f"https://www.nordlys.test{PATHS[path]}"}, **more}

    def committee_of_five(self):
        events = []
        for name, role, paths, days in (("ida", "CFO", ("late", "calculator") * 3, 12), ("bo", "IT", ("late", "calculator") * 2, 9),
                                        ("kim", "CMO", ("early",) * 4, 8), ("per", "procurement", ("mid", "guide") * 2, 90),
                                        ("liv", "HR", ("early",) * 6, 5)):
            events += [self.event(name, days - n / 2, path, role=role if n == 0 else None) for n, path in enumerate(paths)]
        return events

    def caught_up(self):
        self.wait_until(lambda: self.value(BEHIND) == "0", 60, "accounts to be written")

    def rows(self, columns=COLUMNS):
        return self.psql(f"SELECT {columns} FROM phased.account_phase ORDER BY account, process")

    def tables(self):
        """All that is written of accounts, as bytes."""
        return [self.psql(sql) for sql in (
            f"SELECT {COLUMNS} FROM phased.account_phase ORDER BY 1, 2", "SELECT * FROM phased.account_change ORDER BY 1, 2, 3",
            "SELECT * FROM phased.account_member ORDER BY 1, 2, 3", "SELECT account, review_at FROM phased.account_state ORDER BY 1")]

    def roles(self, where, account="havn.test"):
        return sorted(row[0] for row in self.psql(f"SELECT role FROM report.committee WHERE account = '{account}' AND {where}"))

    def account(self, columns, account="havn.test"):
        return self.psql(f"SELECT {columns} FROM report.account_phase WHERE account = '{account}' AND process = 'standard'")[0]

    def test_a_committee_of_five(self):
        self.start_phased()
        self.give(self.committee_of_five())
        self.caught_up()
        phase, members, active, silent, laggards, missing, coverage = self.account(
            "phase, members, active, silent, laggards, missing, round(coverage::numeric, 6)")
        # Of five all decide, as long as nobody says otherwise; whoever came in June is silent.
        self.assertEqual(["5", "4", "1"], [members, active, silent])
        self.assertEqual(("{CEO,sales,production,procurement}", "0.428571"), (missing, coverage))
        self.assertEqual(["CEO", "production", "sales"], self.roles("missing"))
        self.assertEqual(["procurement"], self.roles("weight = 0 AND NOT missing"))
        self.assertEqual("1.000000", self.value("SELECT round(sum(weight)::numeric, 6) FROM report.committee"))
        # HR decides nothing: what Liv has read is not counted.
        touches = int(self.account("touches")[0])
        self.accept("committee: {multipliers: {HR: 0, CMO: .5}}\n")
        self.caught_up()
        counted = int(self.value("SELECT counted FROM report.committee c JOIN phased.phase p USING (contact_id, process) WHERE role = 'HR'"))
        self.assertEqual([str(touches - counted), "3", "1", "late"], self.account("touches, active, silent, phase"))
        self.assertEqual(["CMO"], self.roles("laggard"))
        self.assertEqual("1", self.account("laggards")[0])
        consensus = float(self.account("consensus")[0])
        self.assertTrue(0 < consensus < 1, consensus)
        self.assertEqual(["unknown", "late"], [self.value(f"SELECT {column} FROM report.account_change WHERE account = 'havn.test' ORDER BY at {order} LIMIT 1")
                                               for column, order in (("from_phase", ""), ("to_phase", "DESC"))])
        # With nobody expected there is nothing to cover.
        self.accept("committee: {expected: []}\n")
        self.caught_up()
        self.assertEqual([None, "{}"], self.account("coverage, missing"))
        self.assertEqual([], self.roles("missing"))

    def test_one_member_is_the_contacts_own_answer(self):
        self.start_phased()
        self.give([self.event("ida", 40 - n * 3, ("late", "mid", "early")[n % 3]) for n in range(10)])
        self.caught_up()
        same = "process, counted, confirmed, activity, early, mid, late, shown, fine, band, quiet, since, last_at"
        self.assertEqual(self.psql(f"SELECT {same} FROM phased.phase WHERE counted > 0 ORDER BY 1"), self.rows(same))
        self.assertEqual(self.psql("SELECT process, at, from_shown, to_shown, cause IS NULL FROM phased.phase_change ORDER BY 1, 2"),
                         self.psql("SELECT process, at, from_shown, to_shown, by_time FROM phased.account_change ORDER BY 1, 2"))

    def test_what_comes_late_what_changes_and_who_goes(self):
        self.start_phased()
        self.give(self.committee_of_five() + [self.event("eva", 3, "late", "kaj", "CEO")])
        self.caught_up()
        touches, other = int(self.account("touches")[0]), self.account(STILL, "kaj.test")
        self.give([self.event("kim", 60, "late")])		# before all that she has done so far
        self.caught_up()
        self.assertEqual(touches + 1, int(self.account("touches")[0]))
        self.give([self.event("kim", 1, "early", role="CEO")])
        self.caught_up()
        self.assertEqual(["CMO", "production", "sales"], self.roles("missing"))
        self.assertEqual(other, self.account(STILL, "kaj.test"))
        who = self.value("SELECT contact_id FROM report.committee WHERE role = 'IT'")
        self.phasectl(["erase"], input="bo@havn.test\n")
        self.assertEqual("0", self.value(f"SELECT count(*) FROM phased.account_member WHERE contact_id = '{who}'"))
        self.caught_up()
        self.assertEqual(["4", "{CEO,CFO}"], [self.account("members")[0], self.value(
            "SELECT array_agg(role ORDER BY role) FROM report.committee WHERE account = 'havn.test' AND weight > 0 AND role <> 'HR'")])
        # Who goes over to somebody else takes along what he has done.
        self.give([self.event("kim", .5, "early", action="GROUP", identity={"email": "kim@havn.test", "company_domain": "kaj.test"})])
        self.caught_up()
        self.assertEqual([["3"], ["2"]], [self.account("members"), self.account("members", "kaj.test")])
        # And with the last one goes the account, at once.
        self.phasectl(["erase"], input="eva@kaj.test\n")
        self.phasectl(["erase"], input="kim@havn.test\n")
        self.assertEqual(["havn.test"], sorted({row[0] for table in ("phase", "change", "member", "state") for row in self.psql(
            f"SELECT account FROM phased.account_{table}")}))

    def test_any_order_gives_the_same_bytes(self):
        events = self.committee_of_five() + [self.event("eva", 3 * n, "late" if n % 2 else "mid", "kaj") for n in range(7)]
        seen = []
        for seed in range(3):
            if seed > 0:
                self.begin_again(f"{self.name}.{seed}")
            random.Random(seed).shuffle(events)
            daemon = self.start_phased()
            for part in range(3):
                self.give(events[part::3])
            self.caught_up()
            seen.append(self.tables())
            self.assertEqual(0, daemon.stop())
        self.assertEqual(seen[0], seen[1])
        self.assertEqual(seen[0], seen[2])
        self.assertGreater(min(len(table) for table in seen[0]), 1)

    def test_a_daemon_killed_in_the_middle_leaves_nothing_else(self):
        daemon = self.start_phased()
        self.give([self.event(f"p{n % 3}", 1 + n % 40, ("late", "mid", "early")[n % 7 % 3], f"firm{n // 9}") for n in range(900)])
        self.wait_until(lambda: int(self.value("SELECT count(*) FROM phased.account_state")) > 5, 60, "some of it")
        daemon.kill()
        self.start_phased()
        self.caught_up()
        self.assertEqual("100", self.value("SELECT count(DISTINCT account) FROM phased.account_phase"))
        before = self.tables()
        self.psql("DELETE FROM phased.account_state; DELETE FROM phased.account_phase; DELETE FROM phased.account_change; DELETE FROM phased.account_member; "
                  "UPDATE phased.account_walk SET seen = -1")
        self.caught_up()
        self.assertEqual(before, self.tables())

    def test_who_has_more_touches_than_an_account_is_left_without(self):
        daemon = self.start_phased()
        self.give([self.event(f"p{n % 2}", 100 - n / 100, ("late", "mid")[n // 2 % 2]) for n in range(10_050)] + [self.event("eva", 3, "late", "kaj")])
        self.caught_up()
        self.assertEqual([["havn.test", None, "2", "0"], ["kaj.test", "unknown", "1", "1"]],
                         self.psql("SELECT account, phase, members, active FROM report.account_phase ORDER BY 1"))
        self.assertGreaterEqual(self.metrics(daemon)["phased_account_too_long_total"], 1)

    def test_a_share_of_nothing_is_nothing_and_a_reload_ends_that(self):
        self.write_config(review__until=UNTIL, accounts__share_percent=0)
        daemon = self.start_phased()
        self.give(self.committee_of_five())
        self.write_config(review__until=UNTIL, accounts__share_percent=100)
        self.assertEqual([], self.rows())
        daemon.signal(signal.SIGHUP)
        self.caught_up()
        values = self.metrics(daemon)
        self.assertGreaterEqual(values["phased_accounts_total"], 1)
        self.assertGreater(values["phased_account_seconds_total"], 0)
        # Nothing has changed: nothing is done.
        self.wait_until(lambda: self.value("SELECT after_account IS NULL FROM phased.account_walk") == "t", 60, "the way to end")


if __name__ == "__main__":
    phased_test.main()
