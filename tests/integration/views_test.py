#!/usr/bin/python3
"""The views that people ask: a story with known answers for each, nobody, one contact, a contact with many touches, and what they rest on."""
import uuid

import phased_test
import tables
from daemon_test import DAY_US, NOW_US, DaemonTest

MODEL = 0x0123456789ABCDEF
STATES = ("none", "problem", "research", "suppliers", "doubt", "convince", "funds", "accept")
VIEWS = ("journey", "transition", "time_in_phase", "phase_duration", "movement", "movement_week", "funnel", "trust", "reject_reason", "lag",
         "contact_phase", "why", "history")
UNKNOWN, NONE, EARLY, MID, LATE = range(5)
ANNA, BENT, CLARA, DORTE = (str(uuid.UUID(int=n)) for n in (10, 11, 12, 13))
RULE = "prices"


class Reports(phased_test.PhasedTest):
    def setUp(self):
        super().setUp()
        self.fresh_database(model=False)
        self.psql(f"INSERT INTO phased.model (version, text, in_force) VALUES ({MODEL}, '', true); INSERT INTO phased.model_state VALUES "
                  + ", ".join(f"({MODEL}, 'standard', {n}, '{name}', {(-1, 0, 0, 1, 1, 2, 2, 2)[n]})" for n, name in enumerate(STATES)))

    def read(self, sql, role="phased_reader"):
        return [tuple(row) for row in self.psql(f"SET TimeZone = 'UTC'; SET ROLE {role}; {sql}")]

    def change(self, contact, at, before, after, since=None, process="standard", cause="1"):
        since = f"'{since}+00'" if since else "NULL"
        self.psql("INSERT INTO phased.phase_change (contact_id, process, at, from_shown, to_shown, cause, noticed_at, late, from_since) VALUES "
                  f"('{contact}', '{process}', '{at}+00', {before}, {after}, {cause}, now(), false, {since})")

    def phase(self, contact, shown, since, quiet=False, process="standard"):
        self.psql("INSERT INTO phased.phase (contact_id, process, version, model_version, fold, counted, confirmed, activity, early, mid, late, "
                  "reported, shown, fine, band, since, last_at, quiet) VALUES "
                  f"('{contact}', '{process}', 1, {MODEL}, '', 1, 0, 1, .2, .5, .3, 1, {shown}, 0, 2, '{since}+00', '{since}+00', {quiet})")

    def story(self):
        """Anna goes to mid and back; Bent skips to late and is forgotten; Clara begins in mid and stays; Dorte never came to anything."""
        self.change(ANNA, "2026-03-02 10:00", UNKNOWN, EARLY, since="2026-03-01 09:00")
        self.change(ANNA, "2026-03-12 10:00", EARLY, MID, since="2026-03-02 10:00")
        self.change(ANNA, "2026-03-20 11:30", MID, EARLY, since="2026-03-12 10:00")
        self.change(ANNA, "2026-03-02 10:00", UNKNOWN, EARLY, process="parts")
        self.change(BENT, "2026-03-03 09:00", UNKNOWN, EARLY)
        self.change(BENT, "2026-03-03 21:15", EARLY, LATE, since="2026-03-03 09:00")
        self.change(BENT, "2026-04-01 00:00", LATE, NONE, since="2026-03-03 21:15", cause="NULL")
        self.change(CLARA, "2026-03-12 23:59", UNKNOWN, MID)
        self.change(DORTE, "2026-03-05 12:00", UNKNOWN, NONE)
        self.phase(ANNA, EARLY, "2026-03-20 11:30", quiet=False)
        self.phase(ANNA, EARLY, "2026-03-02 10:00", quiet=True, process="parts")
        self.phase(BENT, NONE, "2026-04-01 00:00", quiet=True)
        self.phase(CLARA, MID, "2026-03-12 23:59")
        self.phase(DORTE, NONE, "2026-03-05 12:00", quiet=True)
        self.psql("INSERT INTO phased.standing SELECT p.contact_id, p.process, p.shown, p.quiet, p.since, p.last_at, CASE WHEN p.shown >= 2 AND NOT "
                  "p.quiet THEN p.since + interval '80 days' END, s.peak, s.fell_at, s.fell_rule, s.late_days FROM phased.phase p JOIN (VALUES "
                  f"('{ANNA}'::uuid, {MID}, timestamptz '2026-03-20 11:30+00', 'a blog', '{{}}'::date[]), "
                  f"('{BENT}', {LATE}, '2026-04-01 00:00+00', NULL, '{{2026-03-08, 2199-01-01}}'), ('{CLARA}', {MID}, NULL, NULL, '{{}}')) "
                  "AS s (id, peak, fell_at, fell_rule, late_days) ON s.id = p.contact_id AND p.process = 'standard'")

    def test_of_nobody_there_is_nothing_to_say(self):
        for view in VIEWS:
            self.assertEqual([], self.read(f"SELECT * FROM report.{view}"), view)

    def test_transitions_are_counted_by_day_and_direction(self):
        self.story()
        self.assertEqual([
            ("2026-03-02", "parts", "unknown", "early", "enter", "1"),
            ("2026-03-02", "standard", "unknown", "early", "enter", "1"),
            ("2026-03-03", "standard", "early", "late", "skip", "1"),
            ("2026-03-03", "standard", "unknown", "early", "enter", "1"),
            ("2026-03-12", "standard", "early", "mid", "forward", "1"),
            ("2026-03-12", "standard", "unknown", "mid", "enter", "1"),
            ("2026-03-20", "standard", "mid", "early", "back", "1"),
            ("2026-04-01", "standard", "late", "none", "leave", "1"),
        ], self.read("SELECT * FROM report.transition ORDER BY 1, 2, 3, 4"))

    def test_who_was_where_how_long(self):
        self.story()
        self.assertEqual([
            (ANNA, "early", "2026-03-02 10:00:00+00", "2026-03-12 10:00:00+00", "10"),
            (ANNA, "mid", "2026-03-12 10:00:00+00", "2026-03-20 11:30:00+00", "8.0625"),
            (ANNA, "early", "2026-03-20 11:30:00+00", None, None),
            (BENT, "early", "2026-03-03 09:00:00+00", "2026-03-03 21:15:00+00", "0.5104166666666666"),
            (BENT, "late", "2026-03-03 21:15:00+00", "2026-04-01 00:00:00+00", "28.114583333333332"),
            (CLARA, "mid", "2026-03-12 23:59:00+00", None, None),
        ], self.read("SELECT contact_id, phase, since, until, CASE WHEN until IS NOT NULL THEN days END FROM report.time_in_phase "
                     "WHERE process = 'standard' ORDER BY contact_id, since"))
        self.assertEqual([("t",)], self.read("SELECT bool_and(days > 100) FROM report.time_in_phase WHERE until IS NULL"))

    def test_durations_are_of_stays_that_have_ended(self):
        self.story()
        self.assertEqual([
            ("standard", "early", "2", "0.5", "0.5", "10"),
            ("standard", "late", "1", "28", "28", "28"),
            ("standard", "mid", "1", "8.041666666666666", "8.041666666666666", "8.041666666666666"),	# 193 hours
        ], self.read("SELECT * FROM report.phase_duration ORDER BY 1, 2"))

    def test_movements_say_who_when_and_why(self):
        self.story()
        found = self.read("SELECT week, contact_id, what, from_phase, to_phase, at, reason FROM report.movement WHERE process = 'standard' "
                          "AND what NOT IN ('stuck', 'below peak') ORDER BY at, contact_id, what")
        self.assertEqual([
            ("2026-03-02", ANNA, "enter", "unknown", "early", "2026-03-02 10:00:00+00", "touch"),
            ("2026-03-02", BENT, "enter", "unknown", "early", "2026-03-03 09:00:00+00", "touch"),
            ("2026-03-02", BENT, "skip", "early", "late", "2026-03-03 21:15:00+00", "touch"),
            ("2026-03-02", BENT, "entered late", None, "late", "2026-03-08 23:59:59.999999+00", "late at least .4 at the end of two days"),
            ("2026-03-09", ANNA, "forward", "early", "mid", "2026-03-12 10:00:00+00", "touch"),
            ("2026-03-09", CLARA, "enter", "unknown", "mid", "2026-03-12 23:59:00+00", "touch"),
            ("2026-03-16", ANNA, "back", "mid", "early", "2026-03-20 11:30:00+00", "touch"),
            ("2026-03-30", BENT, "leave", "late", "none", "2026-04-01 00:00:00+00", "time"),
        ], found)

    def test_who_is_below_a_peak_or_stuck_is_so_now(self):
        self.story()
        days = self.value("SELECT now()::date - date '2026-04-01'")
        self.assertEqual([
            ("2026-03-16", ANNA, "mid", "early", "2026-03-20 11:30:00+00", "moved back by a blog on 2026-03-20"),
            ("2026-03-30", BENT, "late", "none", "2026-04-01 00:00:00+00", f"quiet for {days} days"),
        ], self.read("SELECT week, contact_id, from_phase, to_phase, at, reason FROM report.movement WHERE what = 'below peak' ORDER BY at"))
        # Two fine phases of 20 days, twice: not parts, which is quiet, and of which the model knows no phases.
        self.assertEqual([
            (ANNA, "early", "2026-06-08 11:30:00+00"),
            (CLARA, "mid", "2026-05-31 23:59:00+00"),
        ], self.read("SELECT contact_id, to_phase, at FROM report.movement WHERE what = 'stuck' ORDER BY contact_id"))

    def test_weeks_count_what_movements_list(self):
        self.story()
        listed = self.read("SELECT week, process, what, count(*) FROM report.movement GROUP BY 1, 2, 3 ORDER BY 1, 2, 3")
        self.assertEqual(listed, self.read("SELECT * FROM report.movement_week ORDER BY 1, 2, 3"))
        self.assertIn(("2026-03-02", "standard", "enter", "2"), listed)

    def test_the_funnel_is_as_of_the_end_of_each_day(self):
        self.story()
        self.psql("INSERT INTO phased.account_change VALUES ('nordlys.test', 'standard', '2026-03-11 08:00+00', 0, 2, false), "
                  "('nordlys.test', 'standard', '2026-03-13 08:00+00', 2, 3, false)")
        funnel = {(day, phase): (contacts, accounts) for day, phase, contacts, accounts in self.read(
            "SELECT day, phase, contacts, accounts FROM report.funnel WHERE process = 'standard'")}
        for day, none, early, mid, late in (("2026-03-02", 0, 1, 0, 0), ("2026-03-03", 0, 1, 0, 1), ("2026-03-04", 0, 1, 0, 1),
                                            ("2026-03-05", 1, 1, 0, 1), ("2026-03-12", 1, 0, 2, 1), ("2026-03-31", 1, 1, 1, 1),
                                            ("2026-04-01", 2, 1, 1, 0)):
            self.assertEqual([str(n) for n in (none, early, mid, late)],
                             [funnel[day, phase][0] for phase in ("none", "early", "mid", "late")], day)
        self.assertEqual([("0", "0"), ("1", "0"), ("0", "1")],
                         [(funnel[day, "early"][1], funnel[day, "mid"][1]) for day in ("2026-03-10", "2026-03-12", "2026-03-13")])
        now = self.read("SELECT process, phase, count(*) FROM report.contact_phase GROUP BY 1, 2 ORDER BY 1, 2")
        self.assertEqual(now, self.read("SELECT process, phase, contacts FROM report.funnel WHERE day = (now() AT TIME ZONE 'UTC')::date "
                                        "AND contacts > 0 ORDER BY 1, 2"))

    def test_sums_are_exact_after_every_kind_of_statement(self):
        self.story()
        tables.assert_sums(self)
        for statement in (
                f"DELETE FROM phased.phase_change WHERE contact_id = '{BENT}'",
                "INSERT INTO phased.phase_change SELECT contact_id, process, at, from_shown, 1, NULL, now(), true, from_since FROM "
                "phased.phase_change ON CONFLICT (contact_id, process, at) DO UPDATE SET to_shown = excluded.to_shown, from_shown = 2",
                "SELECT phased.change_compact()",
                "UPDATE phased.phase_change SET from_shown = 3, from_since = NULL",
                "DELETE FROM phased.phase_change WHERE process = 'parts'; SELECT phased.change_compact()",
                "DELETE FROM phased.phase_change"):
            self.psql(statement)
            counted = self.psql("SELECT (at AT TIME ZONE 'UTC')::date, process, from_shown, to_shown, count(*) FROM phased.phase_change "
                                "GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4")
            self.assertEqual(counted, self.psql("SELECT * FROM phased.change_sum ORDER BY 1, 2, 3, 4"), statement)
        for view in ("transition", "phase_duration", "funnel"):
            self.assertEqual("0", self.value(f"SELECT coalesce(sum(x), 0) FROM (SELECT {'stays' if view == 'phase_duration' else 'contacts'} x "
                                             f"FROM report.{view}) v"), view)

    def test_trust_counts_what_became_of_events(self):
        self.psql("INSERT INTO phased.outcome_day (day, source, site, channel, outcome, n, granted, denied, unsaid) VALUES "
                  "('2026-03-02', 'test', 'acme', 1, 'applied', 90, 60, 0, 30), ('2026-03-02', 'test', 'acme', 1, 'machine', 10, 0, 0, 10), "
                  "('2026-03-02', 'test', 'acme', 1, 'duplicate', 5, 5, 0, 0), ('2026-03-02', 'test', 'acme', 1, 'no_consent', 7, 0, 7, 0), "
                  "('2026-03-02', 'test', 'acme', 1, 'bad_value', 2, 0, 0, 2), ('2026-03-02', '', '', 0, 'unreadable', 3, 0, 0, 0), "
                  "('2026-03-02', '', '', 0, 'reported', 1, 0, 0, 0)")
        self.psql("INSERT INTO phased.rejected (topic, partition, \"offset\", reason, field, size, hash, at, source) SELECT 't', 0, n, "
                  "CASE WHEN n < 3 THEN 'bad_value' ELSE 'unreadable' END, '', 1, 1, '2026-03-02 10:00+00'::timestamptz + n * interval '1 hour', '' "
                  "FROM generate_series(1, 5) AS n")
        self.psql("INSERT INTO phased.position (grp, topic, partition, next_offset, epoch, owner, end_offset, oldest, updated_at) VALUES "
                  "('g', 'phased.web', 0, 90, 1, 'o', 100, now() - interval '1 minute', now()), ('g', 'phased.web', 1, 50, 1, 'o', 50, now(), now()), "
                  "('g', 'phased.email', 0, -2, 1, 'o', -1, NULL, now()), ('g', 'phased.chat', 0, -2, 1, 'o', 4, NULL, now()), ('once', 'phased.web', 0, 3, 1, 'o', 90, now() - interval '1 year', now() - interval '1 year')")
        for role in ("phased_reader", "phased_monitor"):
            self.assertEqual([("test", "acme", "web", "114", "100", "5", "60", "10", "2"), ("", "", None, "3", "0", "0", "0", "0", "3")], self.read(
                "SELECT source, site, channel, events, applied, duplicates, consented, machine, rejected FROM report.trust "
                "ORDER BY events DESC", role))
            self.assertEqual([("bad_value", "2", "2026-03-02 12:00:00+00"), ("unreadable", "3", "2026-03-02 15:00:00+00")],
                             self.read("SELECT * FROM report.reject_reason ORDER BY reason", role))
            self.assertEqual([("phased.chat", "4", "t"), ("phased.email", "0", "t"), ("phased.web", "10", "t")], self.read(
                "SELECT topic, messages, CASE topic WHEN 'phased.email' THEN seconds = 0 WHEN 'phased.web' THEN seconds >= 60 ELSE seconds >= 0 END "
                "FROM report.lag ORDER BY topic", role))

    def touches(self, contact, count, others=0, newest="timestamptz '2026-11-20 12:00+00'"):
        """Touches over two years, each a day after the other while there are days; of which every fifth is a rule's."""
        self.psql(f"""SELECT phased.touch_month((now() - n * interval '1 month')::date) FROM generate_series(0, 24) AS n;
            INSERT INTO phased.subject SELECT n, 'test', 'acme', 1 + n % 3, '', CASE n % 3 WHEN 1 THEN 201 WHEN 2 THEN 301 ELSE 100 END, '', 'acme.test',
                '/' || n, '', '', '', '', '', '', 0, '' FROM generate_series(1, 5) AS n;
            INSERT INTO phased.subject_rule SELECT {MODEL}, subject_id, 'standard', CASE subject_id WHEN 5 THEN '{RULE}' END,
                CASE subject_id WHEN 5 THEN 1 END, CASE subject_id WHEN 5 THEN 'price list' ELSE '' END, false, 0, 0 FROM phased.subject;
            INSERT INTO phased.actor SELECT md5('a' || n)::uuid, 0, '', NULL FROM generate_series(0, {others}) AS n;
            INSERT INTO phased.stretch VALUES (md5('a0')::uuid, '-infinity', 'infinity', '{contact}');
            INSERT INTO phased.stretch SELECT md5('a' || n)::uuid, '-infinity', 'infinity', md5('c' || n)::uuid FROM generate_series(1, {others}) AS n;
            INSERT INTO phased.touch SELECT md5('a0')::uuid, m.at, n, m.at, m.at, 1 + n % 5, CASE WHEN n % 10 = 9 THEN 2 ELSE 0 END, 1
                FROM generate_series(1, {count}) AS n, LATERAL (SELECT {newest} - n % 700 * interval '1 day' + n * interval '1 ms' AS at) m;
            INSERT INTO phased.touch SELECT md5('a' || a)::uuid, m.at, n, m.at, m.at, 1 + n % 5, 0, 1 FROM generate_series(1, {others}) AS a,
                generate_series(1, 10) AS n, LATERAL (SELECT {newest} - (a * 10 + n) % 700 * interval '1 day' AS at) m""")

    def test_a_journey_has_every_touch_and_the_phase_it_fell_in(self):
        self.touches(ANNA, 10)
        self.assertEqual([(None, None)], self.read(f"SELECT DISTINCT phase, early FROM report.journey WHERE contact_id = '{ANNA}'"), "no history yet")
        self.psql(f"INSERT INTO phased.history VALUES ('{ANNA}', 'standard', {MODEL}, now(), '2026-11-14', '{{200, 700, NULL, 100}}', "
                  "'{500, 200, NULL, 300}', '{300, 100, NULL, 600}')")
        found = self.read(f"SELECT at::date, channel, action, rule, content, page, party, machine, phase, early, event FROM report.journey "
                          f"WHERE contact_id = '{ANNA}' ORDER BY at")
        self.assertEqual(10, len(found))
        by_day = {row[0]: row[1:] for row in found}
        self.assertEqual(("email", "EMAIL_DELIVERED", None, None, "acme.test/1", "person", "f", None, None, "000000000000000a"), by_day["2026-11-10"])
        self.assertEqual(("chat", "CHAT_MESSAGE", RULE, "price list", "acme.test/5", "person", "t", None, None, "0000000000000009"), by_day["2026-11-11"])
        self.assertEqual([("mid", "0.2"), ("early", "0.7"), ("none", None), ("late", "0.1"), (None, None)],
                         [by_day[f"2026-11-{day}"][7:9] for day in (14, 15, 16, 17, 18)])
        self.psql(f"INSERT INTO phased.phase (contact_id, process, version, model_version, fold, counted, confirmed, activity, early, mid, late, "
                  f"reported, shown, fine, band, cleared) VALUES ('{ANNA}', 'standard', 1, 1, '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2)")
        self.assertEqual([("0",)], self.read("SELECT count(*) FROM report.journey WHERE machine"), "somebody has said that they were people's")

    def test_what_is_asked_of_one_contact_goes_to_its_rows(self):
        self.touches(ANNA, 10000, others=2000, newest="now() - interval '1 day'")
        self.story()
        self.psql(f"""INSERT INTO phased.phase_change SELECT md5('c' || n)::uuid, 'standard', now(), 0, 2, 1, now(), false FROM generate_series(1, 20000) AS n;
            INSERT INTO phased.phase (contact_id, process, version, model_version, fold, counted, confirmed, activity, early, mid, late, reported, shown,
                fine, band, since) SELECT contact_id, process, 1, {MODEL}, '', 1, 0, 1, 1, 0, 0, 0, 2, 0, 1, at FROM phased.phase_change
                WHERE from_shown = 0 ON CONFLICT DO NOTHING;
            INSERT INTO phased.standing SELECT contact_id, process, 2, false, since, since, since, 2, NULL, NULL, '{{}}' FROM phased.phase
                ON CONFLICT DO NOTHING;
            INSERT INTO phased.history SELECT contact_id, process, 1, now(), '2026-11-20', '{{1}}', '{{1}}', '{{1}}' FROM phased.phase ON CONFLICT DO NOTHING;
            ANALYZE""")
        self.assertEqual([("10000",)], self.read(f"SELECT count(*) FROM report.journey WHERE contact_id = '{ANNA}'"))
        for view in ("journey", "time_in_phase", "movement", "contact_phase", "history", "why"):
            plan = "\n".join(row[0] for row in self.psql(f"EXPLAIN SELECT * FROM report.{view} WHERE contact_id = '{ANNA}'"))
            self.assertNotRegex(plan, r"Seq Scan on (touch_\d|stretch|phase|standing|history|explanation|actor)\w* \w+  \(cost=0\.00\.\.\d\d", f"{view}\n{plan}")

    def test_actions_are_called_as_in_the_messages(self):
        with open(f"{phased_test.ROOT}/proto/phased/v1/event.proto", encoding="utf-8") as file:
            body = file.read().split("enum Action {")[1].split("}")[0]
        said = [line.split(";")[0].split(" = ") for line in map(str.strip, body.split("\n")) if " = " in line and not line.startswith("//")]
        self.assertEqual([(number, name.replace("ACTION_", "")) for name, number in said],
                         self.read("SELECT number, action FROM report.action ORDER BY number"))


PATHS = ("/guides/choosing-a-workboat-radar/", "/compare/", "/prices/", "/articles/lost-position-at-the-quay/", "/calculator/")


class Kept(DaemonTest):
    """What the daemon keeps for the views."""

    def touch(self, number, us, path):
        return {"id": f"e{number}", "source": "test", "channel": "WEB", "action": "PAGE_VIEW", "occurred_us": us, "received_us": us,
                "identity": {"anonymous_id": "c1"}, "consent": {"analytics": "GRANTED"}, "content": {"url": f"https://www.nordlys.test{path}"}}

    def test_how_far_somebody_came_is_kept_with_the_explanation(self):
        self.prepare()
        self.start_phased()
        late = [self.touch(n, NOW_US - 200 * DAY_US + n * DAY_US // 2, "/prices/") for n in range(20)]
        back = [self.touch(100 + n, NOW_US - 10 * DAY_US + n * DAY_US // 4, "/articles/lost-position-at-the-quay/") for n in range(24)]
        self.give(late + back)
        self.wait_until(lambda: self.value("SELECT count(*) FROM phased.explanation e JOIN phased.phase p USING (contact_id, process) "
                                           "WHERE e.version = p.version AND process = 'standard'") == "1", 60, "an explanation")
        peak, days, fell = self.psql("SELECT peak, late_days, fell_at FROM phased.standing WHERE process = 'standard'")[0]
        self.assertEqual(self.value("SELECT max(to_shown) FROM phased.phase_change WHERE process = 'standard' AND to_shown >= 2"), peak)
        self.assertEqual(self.value("SELECT min(at) FROM phased.phase_change c WHERE process = 'standard' AND at > (SELECT max(at) FROM "
                                    f"phased.phase_change WHERE process = 'standard' AND to_shown = {peak})"), fell)
        self.assertNotEqual("{}", days)
        self.assertEqual("t", self.value("SELECT bool_and(s.shown = p.shown AND s.quiet = p.quiet AND s.since = p.since AND s.last_at = p.last_at) FROM "
                                         "phased.standing s JOIN phased.phase p USING (contact_id, process)"))
        contact = self.value("SELECT contact_id FROM report.movement WHERE what = 'entered late' LIMIT 1")
        self.assertEqual(contact, self.value("SELECT contact_id FROM report.movement WHERE what = 'below peak'"))
        tables.assert_sums(self)


if __name__ == "__main__":
    phased_test.main()
