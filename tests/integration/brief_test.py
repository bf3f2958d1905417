"""phasectl brief, journey and report weekly: what they tell of rows that stand in the tables."""
# run: timeout=900
import re
import unittest

import phased_test
from report_rows import HOSTILE, MODEL, NAMES, Rows, columns_of


class Brief(Rows):
    """phasectl brief ACCOUNT, under the model that ships."""

    def setUp(self):
        super().setUp()
        self.fresh_database()
        self.write_config()
        self.model = int(self.value("SELECT version FROM phased.model WHERE in_force"))

    def brief(self, *args, **more):
        return self.run_phasectl(["brief", *args], **more)

    def committee(self):
        people = {language: self.person(name) for language, name in NAMES.items()}
        self.account("nordlys.test", ("standard", "tender"), shown="3")
        for contact in people.values():
            self.why(contact, 2, content="'price-list'")
        self.change(people["da"])
        self.psql(f"UPDATE phased.phase_change SET at = now() - interval '2 days' WHERE contact_id = '{people['da']}' AND to_shown = 4")
        self.touches(people["no"], content="guide-radar")
        return people

    def test_all_of_it_stands_on_one_page(self):
        people = self.committee()
        done = self.brief("nordlys.test", env={"COLUMNS": "120"})
        self.assertEqual((0, ""), (done.status, done.err))
        self.assertLessEqual(done.out.count("\n"), 50)
        for line in done.out.splitlines():
            self.assertLessEqual(columns_of(line), 120)
        self.assertTrue(done.out.startswith("nordlys.test  process standard\nmid  "), done.out)
        for said in ("confidence high", "6 people, 5 active, 1 silent, 0 behind; they agree to 75%", "nobody active as: HR, other",
                     "also in process tender: mid", "Committee\n", *NAMES.values(), "Who moved, this week and the three before\n", "What to show next"):
            self.assertIn(said, done.out)
        moved = done.out.partition("Who moved")[2].partition("Why")[0]
        self.assertRegex(moved, r"Søren Ærø-Ågård +forward +mid +late ")
        self.assertNotIn("Jürgen", moved)

    def test_a_long_committee_is_cut_and_said_to_be_whoever_fills_it(self):
        """Roles that nobody has fill it, too."""
        self.account("nordlys.test", ("standard",))
        for number in range(9):
            self.person(f"Person {number}", role="sales")
        self.psql("UPDATE phased.committee SET expected = false")
        self.assertNotIn("perhaps more", self.brief("nordlys.test").out)
        self.psql("UPDATE phased.committee SET expected = true")
        done = self.brief("nordlys.test")
        self.assertIn("12 of them, and perhaps more: phasectl report committee --account nordlys.test\n", done.out)

    def test_what_to_show_next_is_of_this_phase_and_the_next_and_untouched(self):
        self.committee()
        for shown, phases in (("2", ["early", "mid"]), ("3", ["mid", "late"]), ("4", ["late"]), ("1", ["early"]), ("NULL", ["early"])):
            with self.subTest(shown):
                self.psql(f"UPDATE phased.account_phase SET shown = {shown}")
                shelf = self.brief("nordlys.test").out.partition("What to show next")[2]
                self.assertEqual(phases, sorted(set(re.findall(r"^  (early|mid|late) ", shelf, re.M)), key=["early", "mid", "late"].index))
                self.assertNotIn("guide-radar", shelf)
                self.assertEqual("mid" in phases, "guide-refit" in shelf)
                self.assertNotIn("blog-", shelf)
        self.psql("DELETE FROM phased.touch; UPDATE phased.account_phase SET shown = 3")
        self.assertRegex(self.brief("nordlys.test").out, r"mid +Buyer's guide: choosing a workboat radar +guide-radar")

    def test_why_is_of_those_in_the_accounts_phase(self):
        people = self.committee()
        why = lambda: self.brief("nordlys.test", env={"COLUMNS": "120"}).out.partition("Why")[2].partition("What to show")[0]
        self.assertNotIn("for", why())		# they are in late, by their explanations; the account is in mid
        self.psql("UPDATE phased.account_phase SET shown = 4")
        self.assertRegex(why(), r"for +\+2\.1  2026-01-03  [^ ].* ")
        self.psql(f"UPDATE phased.explanation SET effects = '{{-3,.5}}' WHERE contact_id = '{people['ja']}'")
        self.assertRegex(why(), r"against +-3\.0  2026-01-02  .* 山田 太郎")

    def test_an_account_that_is_not_there_is_said_to_be_none(self):
        for args in (["nordlys.test"], ["nordlys.test", "--process", "tender"]):
            done = self.brief(*args)
            self.assertEqual((1, "", 1), (done.status, done.out, done.err.count("\n")))
            self.assertIn("nothing is known of this account", done.err)
        self.committee()
        self.assertEqual(1, self.brief("nordlys.test", "--process", "parts").status)
        self.assertEqual(0, self.brief("nordlys.test", "--process", "tender").status)
        self.assertEqual(0, self.brief("-", input="Nordlys.test\n").status)

    def test_without_a_model_people_or_words_there_is_still_a_brief(self):
        self.account("empty.test", ("standard",))
        done = self.brief("empty.test")
        self.assertEqual((0, ""), (done.status, done.err))
        self.psql("UPDATE phased.model SET in_force = false")
        done = self.brief("empty.test")
        self.assertEqual((0, ""), (done.status, done.err))
        self.assertNotIn("What to show next", done.out)

    def test_readers_may_not(self):
        self.committee()
        done = self.brief("nordlys.test", config=self.user("phased_reader"))
        self.assertEqual((77, ""), (done.status, done.out))
        self.assertIn("phased_seller may", done.err)
        self.assertEqual(0, self.brief("nordlys.test", config=self.user("phased_seller")).status)

    def test_hostile_words(self):
        self.committee()
        before = self.psql("SELECT contact_id FROM phased.contact ORDER BY 1")
        for word in HOSTILE:
            for args in ([word], ["nordlys.test", "--process", word]):
                done = self.brief(*args)
                self.assertIn(done.status, (1, 64), args)
                self.assertEqual(("", 1), (done.out, done.err.count("\n")), args)
                self.assertNotRegex(done.err, "[\x1b\ufffd]|DROP")
        self.assertEqual(before, self.psql("SELECT contact_id FROM phased.contact ORDER BY 1"))


class Journey(Rows):
    """phasectl journey CONTACT."""

    def setUp(self):
        super().setUp()
        self.prepare_rows()
        self.psql(f"INSERT INTO phased.model (version, text, in_force, accepted_at) VALUES ({MODEL}, '', true, now())")

    def journey(self, *args, columns=120, **more):
        return self.run_phasectl(["journey", *args], env={"COLUMNS": str(columns)}, **more)

    def test_days_touches_and_phases(self):
        contact = self.person("Søren Ærø-Ågård")
        self.touches(contact, 3)
        self.touches(contact, 1, title="価格表")
        self.history(contact)
        done = self.journey(contact)
        self.assertEqual((0, ""), (done.status, done.err))
        self.assertEqual(["Søren Ærø-Ågård, CFO, nordlys.test", "2026-11-01",
                          "  13:00 web     page view       Prices", "  13:00 web     page view       価格表"], [line[:38].rstrip() for line in done.out.splitlines()[:4]])
        self.assertRegex(done.out, r"13:00 .* mid +░░▒▒▒▒▒███  50%\n")
        self.assertEqual(1, done.out.count("50%"))		# said where it is news
        self.assertRegex(done.out, r"14:00 web +page view +Prices +machine\n")
        self.assertTrue(done.out.endswith("4 touches\n"))

    def test_what_is_done_again_at_once_is_one_line(self):
        contact = self.person("A")
        self.touches(contact, 10000)
        done = self.journey(contact)
        self.assertEqual(0, done.status)
        self.assertRegex(done.out, r"13:00 web +page view +Prices .*\n +14:00 web +page view +Prices +machine\n +15:00 web +page view +Prices ×9\b")
        self.assertTrue(done.out.endswith("10000 touches\n"))
        self.assertEqual(10000, len(re.findall(r"^  \d\d:", done.out, re.M)) - done.out.count("×") + sum(map(int, re.findall(r"×(\d+)", done.out))))
        self.assertLess(len(done.out.splitlines()), 1300)

    def test_a_process_that_is_not_the_usual_one_is_said(self):
        """Or late in the one and early in the other read as a step back, and what is the same in both would be one line."""
        contact = self.person("A")
        self.touches(contact, 1)
        self.touches(contact, 1, process="tender")
        self.assertEqual(["Prices", "tender: Prices"], sorted(re.findall(r"page view +(\S.*?) *$", self.journey(contact).out, re.M)))
        self.assertEqual(["Prices"], re.findall(r"page view +(\S.*?) *$", self.journey(contact, "--process", "tender").out, re.M))

    def test_every_line_fits(self):
        for name in NAMES.values():
            contact = self.person(name)
            self.touches(contact, 3, title="見積もり " * 40)
            self.history(contact)
        for columns in (60, 80, 100, 160):
            for args in ([contact], ["--account", "nordlys.test"]):
                for line in self.journey(*args, columns=columns).out.splitlines():
                    self.assertLessEqual(columns_of(line), columns, line)

    def test_a_wide_terminal_shows_long_titles_whole(self):
        contact = self.person("A")
        for title in ("x" * 200, "ø" * 120):
            with self.subTest(title[0]):
                self.touches(contact, 1, title=title)
                self.assertIn(title, self.journey(contact, columns=400).out)

    def test_an_account_says_who(self):
        for name in NAMES.values():
            self.touches(self.person(name))
        self.touches(self.person("Else", account="else.test"))
        done = self.journey("--account", "nordlys.test")
        for name in NAMES.values():
            self.assertIn(name, done.out)
        self.assertNotIn("Else", done.out)
        self.assertTrue(done.out.startswith("nordlys.test\n"))
        self.assertTrue(done.out.endswith("12 touches\n"))

    def test_readers_see_an_id(self):
        contact = self.person("Kim Lie")
        self.touches(contact)
        reader = self.user("phased_reader")
        done = self.journey(contact, config=reader)
        self.assertEqual(0, done.status)
        self.assertTrue(done.out.startswith(f"{contact}\n"))
        self.assertNotIn("Kim", done.out)
        self.assertEqual(1, done.out.count("may not see who"))
        self.assertEqual(77, self.journey("--account", "nordlys.test", config=reader).status)

    def test_nothing_is_known(self):
        for args, who in ((["00000000-0000-0000-0000-000000000001"], "contact"), (["--account", "else.test"], "account")):
            done = self.journey(*args)
            self.assertEqual((1, "", f"phasectl: journey: nothing is known of this {who}\n"), (done.status, done.out, done.err))
        done = self.journey("00000000-0000-0000-0000-000000000001", "--since", "2026-01-01")
        self.assertEqual((0, True), (done.status, done.out.endswith("0 touches\n")))

    def test_words_are_checked(self):
        for args, said in (([], "one of them"), (["0" * 36, "--account", "nordlys.test"], "one of them"), (["k.holm@nordlys.test"], "expected an id of a contact")):
            done = self.journey(*args)
            self.assertEqual((64, "", 1), (done.status, done.out, done.err.count("\n")))
            self.assertIn(said, done.err)
            self.assertNotIn("holm", done.err)
        for word in HOSTILE:
            for args in ([word], ["--account", word], ["--account", "nordlys.test", "--process", word], ["--account", "nordlys.test", "--since", word]):
                done = self.journey(*args)
                self.assertIn(done.status, (0, 1, 64), args)
                self.assertNotRegex(done.err + done.out, "[\x1b\ufffd]|DROP")


class Weekly(Rows):
    """phasectl report weekly."""

    def setUp(self):
        super().setUp()
        self.prepare_rows()

    def weekly(self, *args, **more):
        return self.run_phasectl(["report", "weekly", *args], env={"COLUMNS": "120"}, **more)

    def figures(self, out, name):
        """This week's, and that of before."""
        line = next(line for line in out.splitlines() if line.startswith(f"  {name} "))
        return tuple(line.split()[-2:])

    def fill_weeks(self):
        """From mid to late on 2 November, a Monday; back on the 12th."""
        self.people = [self.person(name) for name in NAMES.values()]
        for contact in self.people:
            self.change(contact)
        self.overviews()
        self.psql("""INSERT INTO phased.account_change (account, process, at, from_shown, to_shown, by_time)
            VALUES ('nordlys.test', 'standard', '2026-11-03T10:00:00Z', 1, 2, false), ('nordlys.test', 'standard', '2026-11-04T10:00:00Z', 2, 3, false)""")

    def test_a_week_is_counted_beside_the_one_before(self):
        self.fill_weeks()
        for since in ("2026-11-02", "2026-11-08", "2026-11-05T12:00:00Z"):
            done = self.weekly("--since", since)
            self.assertEqual((0, ""), (done.status, done.err))
            self.assertTrue(done.out.startswith("The week from Monday 2026-11-02 to Sunday 2026-11-08, UTC\n"), done.out)
            self.assertEqual(("4", "0"), self.figures(done.out, "forward"))
            self.assertEqual(("0", "0"), self.figures(done.out, "back"))
            for name in NAMES.values():
                self.assertRegex(done.out, rf"{name} +forward +mid +late ")
        done = self.weekly("--since", "2026-11-09")
        self.assertEqual((("0", "4"), ("4", "0")), (self.figures(done.out, "forward"), self.figures(done.out, "back")))
        self.assertEqual(("0", "0"), self.figures(self.weekly("--since", "2026-11-01").out, "forward"))
        self.assertEqual(("0", "0"), self.figures(self.weekly("--since", "2026-11-02", "--process", "tender").out, "forward"))

    def test_the_figures_are_those_of_the_view(self):
        self.fill_weeks()
        theirs = self.psql("SELECT week, what, sum(contacts) FROM report.movement_week GROUP BY 1, 2")
        self.assertTrue(theirs)
        for week, what, contacts in theirs:
            self.assertEqual(contacts, self.figures(self.weekly("--since", week).out, what)[0])
            rows = phased_test.json_lines(self.phasectl(["report", "movement", "--json"]))
            self.assertEqual(int(contacts), sum((row["week"], row["what"]) == (week, what) for row in rows))

    def test_accounts_that_came_in_and_trust(self):
        self.fill_weeks()
        done = self.weekly("--since", "2026-11-02")
        self.assertRegex(done.out, r"Accounts new in a process\n  2026-11-03  nordlys\.test +standard +early\n\n")
        self.assertIn("Accounts new in a process\n  none\n", self.weekly("--since", "2026-11-16").out)
        done = self.weekly("--since", "2026-11-16")
        self.assertEqual(("9", "0"), self.figures(done.out, "events that came"))
        self.assertEqual(("77.8%", "-"), self.figures(done.out, "taken"))
        self.assertEqual(("22.2%", "-"), self.figures(done.out, "rejected"))
        self.assertEqual(("-", "22.2%"), self.figures(self.weekly("--since", "2026-11-23").out, "rejected"))

    def test_an_empty_week_is_this_one(self):
        done = self.weekly()
        self.assertEqual((0, ""), (done.status, done.err))
        monday = self.value("SELECT date_trunc('week', now() AT TIME ZONE 'UTC')::date")
        before = self.value("SELECT date_trunc('week', now() AT TIME ZONE 'UTC' - interval '1 minute')::date")
        self.assertIn(done.out.split()[4], (monday, before))		# it may just have begun
        self.assertIn("nobody", done.out)

    def test_readers_see_ids_and_no_accounts(self):
        self.fill_weeks()
        done = self.weekly("--since", "2026-11-02", config=self.user("phased_reader"))
        self.assertEqual((0, ""), (done.status, done.err))
        self.assertNotRegex(done.out, "nordlys|Jürgen|new in a process")
        self.assertIn(self.people[0][:20], done.out)
        self.assertEqual(1, done.out.count("may not see who they are"))

    def test_it_is_a_page(self):
        for option in (["--json"], ["--csv"], ["--limit", "3"], ["--account", "a.test"], ["--role", "CFO"]):
            self.assertEqual(64, self.weekly(*option).status)
        for word in HOSTILE:
            for option in ("--since", "--process"):
                done = self.weekly(option, word)
                self.assertIn(done.status, (0, 64) if option == "--process" else (64,))
                self.assertNotRegex(done.err + done.out, "[\x1b\ufffd]|DROP")


if __name__ == "__main__":
    phased_test.main()
