#!/usr/bin/python3
# run: timeout=420
"""What is kept for a time ends then: touches as if they had never come, month by month, and they come back no more."""
import datetime
import time

import events
import phased_test
import tables
from daemon_faults_test import FaultTest
from status_test import Terminal

SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
NOW_US = time.time_ns() // 1000 - 3600 * SECOND_US
MONTHS = 25
PATHS = ("/guides/choosing-a-workboat-radar/", "/compare/", "/prices/", "/calculator/", "/articles/lost-position-at-the-quay/",
         "/blog/winter-quay/", "/products/")
PEOPLE = 6
# What the tables hold of touches that came and went, too: events are counted, whoever they were of.
OF_THEN = ("outcome_day",)


def kept_from_us():
    """The beginning of the month that lies so many back."""
    now = datetime.datetime.fromtimestamp(NOW_US / SECOND_US, datetime.timezone.utc)
    month = now.year * 12 + now.month - 1 - MONTHS
    return int(datetime.datetime(month // 12, month % 12 + 1, 1, tzinfo=datetime.timezone.utc).timestamp()) * SECOND_US


FROM_US = kept_from_us()


def page(person, at, number, stamped=None, name="page"):
    return {"id": f"{name}/{person}/{number}", "source": "snowplow", "site": "skarv", "channel": "WEB", "action": "PAGE_VIEW",
            "occurred_us": at, "received_us": at + SECOND_US, "stamped_us": stamped or at, "identity": {"anonymous_id": f"browser of {person}"},
            "consent": {"analytics": "GRANTED"}, "content": {"url": f"https://www.nordlys.test{PATHS[number % len(PATHS)]}"}}


def chat(person, at, number):
    return {**page(person, at, number, name="chat"), "channel": "CHAT", "action": "CHAT_MESSAGE", "thread_id": f"talk of {person}"}


def call(person, at, number):
    return {**page(person, at, number, name="call"), "channel": "OFFLINE", "action": "TOUCH", "label": "call", "value": number}


def introduce(person):
    at = NOW_US - 20 * DAY_US
    return {**page(person, at, 0, name="form"), "action": "FORM_SUBMIT",
            "identity": {"anonymous_id": f"browser of {person}", "email": f"person{person}@havnelods.test"},
            "consent": {"analytics": "GRANTED", "profile": "GRANTED"}}


def new():
    """From the first moment that is kept on."""
    for person in range(PEOPLE):
        for number in range(80):
            yield page(person, max(FROM_US, FROM_US + number * 9 * DAY_US), number)
        if person % 2:
            yield introduce(person)
            yield chat(person, FROM_US + DAY_US, 1)
            yield call(person, FROM_US + DAY_US, 1)


def old():
    """Up to the last microsecond before, over four months; of a stranger, too, of whom nothing else is known."""
    for person in [*range(PEOPLE), "a stranger"]:
        for number in range(200, 240):
            yield page(person, FROM_US - 1 - (number - 200) * 3 * DAY_US, number)
        yield chat(person, FROM_US - DAY_US, 8)
        yield call(person, FROM_US - DAY_US, 8)


class Retention(FaultTest):
    def months(self):
        return {name for name, in self.psql("SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
                                            "WHERE i.inhparent = 'phased.touch'::regclass AND c.relname <> 'touch_default'")}

    def old_months(self):
        return {name for name in self.months() if name < self.month(FROM_US)}

    def month(self, us):
        return datetime.datetime.fromtimestamp(us / SECOND_US, datetime.timezone.utc).strftime("touch_%Y_%m")

    def old_touches(self):
        return int(self.value(f"SELECT count(*) FROM phased.touch WHERE at < to_timestamp({FROM_US // SECOND_US})"))

    def looked_through(self):
        self.wait_until(lambda: self.value("SELECT looked_at > '-infinity' AND part IS NULL FROM phased.retention") == "t", 90,
                        "all that is old to be looked through")
        self.nobody_waits()

    def old_months_go(self, but=()):
        """Whose table somebody reads just then, be it a chore of the daemon's on a crowded machine, goes by the next way through."""
        self.wait_until(lambda: self.old_months() == set(but) or (self.phasectl(["retention"]) and None), 60, "empty months to go")

    def same_but_counts(self, first, second, what):
        tables.assert_same(self, *[{**dump, **dict.fromkeys(OF_THEN, "")} for dump in (first, second)], what)

    def test_old_touches_go_as_if_they_had_never_come_and_stay_away(self):
        self.prepare()
        sent = list(new()) + list(old())
        self.send(events.lines(sent))
        phased = self.start_phased()
        self.applied(len(sent))
        self.nobody_waits()
        before = tables.dump(self, self.database)
        counted = self.old_touches()
        self.assertEqual(len(list(old())), counted)
        self.assertEqual(0, phased.stop())
        only_new = self.reference(list(new()))
        self.assertNotEqual(only_new["phase"], before["phase"])		# or this test would show nothing
        self.write_config(retention__touch_months=MONTHS)
        phased = self.start_phased()
        self.looked_through()
        self.assertEqual(0, self.old_touches())
        self.old_months_go()
        self.assertIn(self.month(FROM_US), self.months())
        after = tables.dump(self, self.database)
        self.psql("DELETE FROM phased.actor WHERE kind = 0 AND NOT EXISTS (SELECT FROM phased.touch t WHERE t.actor_id = actor.actor_id)")
        self.same_but_counts(only_new, tables.dump(self, self.database), "without what is old")
        self.assertEqual(1, len(set(after["actor"].split("\n")) - set(only_new["actor"].split("\n"))))	# that there is a stranger's browser
        self.assertEqual(counted, self.settled(phased)["phased_retention_touches_total"])
        audits = [line["counts"] for line in phased_test.json_lines(self.phasectl(["audit", "--json"])) if line["what"] == "retention"]
        self.assertEqual(counted, sum(counts["touches"] for counts in audits))
        self.assertGreaterEqual(sum(counts["months"] for counts in audits), 4)
        # Again, and more of it: refused, whoever sends it; no month is made anew. What happened at the first moment is taken.
        outcomes = self.outcomes()
        late = list(old()) + [page(1, FROM_US - 1, 0, name="late"), page(1, FROM_US, 0, name="just")]
        self.send(events.lines(late))
        self.applied(len(sent) + len(late))
        self.nobody_waits()
        self.assertEqual({**outcomes, "applied": outcomes["applied"] + 1, "expired": len(late) - 1}, self.outcomes())
        self.assertEqual(set(), self.old_months())
        self.assertEqual(0, self.old_touches())
        # Also by a daemon that would keep it: what is gone stays gone.
        self.assertEqual(0, phased.stop())
        self.write_config(retention__touch_months=0)
        self.start_phased()
        self.send(events.lines(late))
        self.applied(len(sent) + 2 * len(late))
        self.assertEqual(2 * (len(late) - 1), self.outcomes()["expired"])
        self.phasectl(["audit", "--verify"])

    def test_clocks_that_are_wrong_neither_keep_nor_lose_a_touch(self):
        self.prepare()
        year_us = 366 * DAY_US
        sent = [introduce(1), page(1, NOW_US - DAY_US, 1, FROM_US - 30 * DAY_US), page(1, NOW_US - DAY_US, 2, 5 * DAY_US),
                page(1, FROM_US - DAY_US, 3, 5 * DAY_US), page(1, FROM_US - DAY_US, 4, NOW_US + 3 * year_us),
                page(1, FROM_US - DAY_US, 5, FROM_US - DAY_US)]
        self.send(events.lines(sent))
        phased = self.start_phased()
        self.applied(len(sent))
        self.assertEqual("3", self.value("SELECT count(*) FROM phased.touch_default"))
        self.assertEqual(0, phased.stop())
        self.write_config(retention__touch_months=MONTHS)
        self.start_phased()
        self.looked_through()
        self.assertEqual(0, self.old_touches())
        self.assertEqual("3", self.value("SELECT count(*) FROM phased.touch"))		# what happened lately, whatever it was stamped
        self.assertEqual("1", self.value("SELECT count(*) FROM phased.touch_default"))
        self.old_months_go(but={self.month(FROM_US - 30 * DAY_US)})

    def test_who_reads_for_long_holds_nobody_up(self):
        self.prepare(retention__touch_months=0)
        sent = list(old()) + list(new())	# the months of what comes meanwhile are there
        self.send(events.lines(sent))
        phased = self.start_phased()
        self.applied(len(sent))
        self.assertEqual(0, phased.stop())
        reader = self.session("BEGIN; SELECT count(*) FROM phased.touch;")	# a backup
        self.write_config(retention__touch_months=MONTHS)
        phased = self.start_phased()
        self.looked_through()
        self.assertEqual(0, self.old_touches())		# the rows are gone, their tables are not
        self.assertIn(self.month(FROM_US - 1), self.months())
        more = [{**event, "id": f"more/{event['id']}"} for event in new()]
        self.send(events.lines(more))
        self.applied(len(sent) + len(more), 60)
        reader.kill()
        reader.wait()
        out = self.phasectl(["retention"])
        self.assertRegex(out, r"^touches before \S+T00:00:00Z: 0 deleted, [1-9]\d* months dropped\nrejected messages: 0 deleted\n$")
        self.old_months_go()
        self.assertTrue(phased.running())

    def test_who_is_in_somebodys_way_tries_again_in_a_second(self):
        """As a deadlock, too, which is nobody's doing: a minute's pause each would not do within the deadline."""
        self.prepare(retention__touch_months=0)
        self.send(events.lines(old()))
        phased = self.start_phased()
        self.applied(len(list(old())))
        self.assertEqual(0, phased.stop())
        self.psql("CREATE SEQUENCE refused; CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN "
                  "CASE nextval('public.refused') WHEN 1 THEN RAISE SQLSTATE '40P01'; WHEN 2 THEN RAISE SQLSTATE '40001'; "
                  "WHEN 3 THEN RAISE SQLSTATE '55P03'; ELSE RETURN NEW; END CASE; END $$; "
                  "CREATE TRIGGER refuse BEFORE UPDATE ON phased.retention FOR EACH ROW EXECUTE FUNCTION refuse()")
        self.write_config(retention__touch_months=MONTHS)
        phased = self.start_phased()
        self.wait_until(lambda: self.old_touches() == 0, 50, "all that is old to go")
        self.assertNotIn("retention:", phased.log())
        self.psql("ALTER SEQUENCE refused RESTART")
        self.phasectl(["retention", "--months", "24"])		# by hand as well

    def test_while_batches_write_the_same_people(self):
        """Slices of five touches between and against batches of the same contacts, which find their arbiters written by another."""
        self.prepare(batch__events_min=50, batch__events_max=50)
        first, later = list(old()) + list(new())[:PEOPLE], list(new())[PEOPLE:]
        self.send(events.lines(first))
        phased = self.start_phased()
        self.applied(len(first))
        again, steps, end = True, 0, time.monotonic() + 120
        while again:
            self.assertLess(time.monotonic(), end, f"not through after {steps} steps")
            self.send(events.lines(later[steps * 12:steps * 12 + 12]))
            done = self.psql(f"SELECT again FROM phased.retention_step({MONTHS}, 5, 0, true);" * 4, check=False)
            self.assertTrue(done.status == 0 or "55P03" in done.err or "40001" in done.err, done.err)	# in each other's way
            again, steps = not done.out.endswith("f\n"), steps + 1
        self.send(events.lines(later))		# those that were sent before are copies
        self.wait_until(lambda: self.value("SELECT count(*) FROM phased.touch") == str(len(list(new()))), 60, "all of them")
        self.nobody_waits()
        self.settled(phased)
        self.psql("DELETE FROM phased.actor WHERE kind = 0 AND NOT EXISTS (SELECT FROM phased.touch t WHERE t.actor_id = actor.actor_id)")
        ours = tables.dump(self, self.database)
        self.assertEqual(0, phased.stop())
        self.same_but_counts(self.reference(list(new())), ours, "slices and batches by turns")

    def test_by_hand_it_is_counted_first_and_done_at_once(self):
        self.prepare()
        self.send(events.lines(old()))
        self.send('{"id": "nothing"}\n')
        phased = self.start_phased()
        self.applied(len(list(old())) + 1)
        self.assertEqual(0, phased.stop())
        self.psql("UPDATE phased.rejected SET noted_at = now() - interval '8 days'")
        self.assertIn("all are kept", self.phasectl(["retention", "--dry-run"]))
        counted = phased_test.json_lines(self.phasectl(["retention", "--dry-run", "--months", str(MONTHS), "--json"]))[0]
        self.assertEqual((len(list(old())), 1, False), (counted["touches"], counted["rejects"], counted["done"]))
        self.assertEqual(len(list(old())), self.old_touches())
        self.assertEqual("-infinity", self.value("SELECT kept_from FROM phased.retention"))
        reader, monitor = self.user("phased_reader"), self.user("phased_monitor")
        for config in (reader, monitor):
            self.assertEqual(77, self.run_phasectl(["retention", "--months", str(MONTHS)], config=config).status)
        done = phased_test.json_lines(self.phasectl(["retention", "--months", str(MONTHS), "--json"], config=self.user("phased_writer")))[0]
        self.assertEqual({**counted, "done": True}, done)
        self.assertEqual((0, "0"), (self.old_touches(), self.value("SELECT count(*) FROM phased.rejected")))
        self.assertEqual(0, phased_test.json_lines(self.phasectl(["retention", "--months", "30", "--json"]))[0]["touches"])
        rows = phased_test.json_lines(self.phasectl(["audit", "--json"]))
        self.assertEqual([len(list(old()))], [row["counts"]["touches"] for row in rows if row["what"] == "retention"])

    def test_months_that_are_kept_no_longer_are_not_made(self):
        self.prepare()
        self.phasectl(["retention", "--months", "3"])
        month = "((now() AT TIME ZONE 'UTC') - interval '{} months')::date"
        self.assertEqual("f", self.value(f"SELECT phased.touch_month({month.format(4)})"))
        self.assertEqual("t", self.value(f"SELECT phased.touch_month({month.format(3)})"))
        self.assertIn("22023", self.psql("SELECT phased.retention_step(0, 1, 0, true)", check=False).err)

    def test_what_is_written_while_a_slice_has_found_nothing_old_is_not_deleted_behind_its_contacts_back(self):
        """A slice of what is new waits for table phase; meanwhile something old is written, and committed at once when it waits."""
        self.prepare()
        self.phasectl(["retention", "--months", str(MONTHS)])	# nothing yet
        row = ("INSERT INTO phased.touch (actor_id, stamped, event_id, received, at, subject_id, reasons, party) "
               "VALUES (md5('somebody')::uuid, '1990-01-{0}', {0}, now(), {1}, 1, 0, 1)")
        self.psql("; ".join([row.format(10, "now()"), row.format(30, "now()")]))
        step = f"SELECT touches FROM phased.retention_step({MONTHS}, 100, 0, true)"
        self.psql(step)
        self.psql("UPDATE phased.retention SET part = NULL, after_actor = NULL")
        writer = self.session("")

        def refused():
            """Whoever waits for phase waits 50 ms at most: again, until it was in time."""
            writer.stdin.write("BEGIN; LOCK TABLE phased.phase; " + row.format(20, "'2001-01-01'") + "; \\echo locked\n")
            writer.stdin.write("DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks l WHERE NOT l.granted AND l.relation = "
                               "'phased.phase'::regclass) AND clock_timestamp() < now() + interval '5 s' LOOP END LOOP; END $$; COMMIT; \\echo written\n")
            writer.stdin.flush()
            self.assertEqual("locked\n", writer.stdout.readline())
            done = self.psql(step, check=False)
            self.assertEqual("written\n", writer.stdout.readline())
            if "55P03" in done.err:
                self.psql("DELETE FROM phased.touch WHERE event_id = 20")
            return None if "55P03" in done.err else done

        done = self.wait_until(refused, 60, "it to be written in time")
        self.assertIn("40001", done.err)
        self.assertEqual("3", self.value("SELECT count(*) FROM phased.touch"))
        self.assertEqual("1", self.value(step))
        self.assertEqual(["2", "1"], [self.value(f"SELECT count(*) FROM phased.{table}") for table in ("touch", "refold")])

    def test_who_would_delete_more_than_the_configuration_does_is_asked_first(self):
        self.prepare(retention__touch_months=MONTHS)
        command = [phased_test.PHASECTL, "--config", self.config, "retention", "--months"]
        asked = "Touches of longer ago than 2 months are deleted, and refused from now on, for good; 25 months are kept by the configuration"
        self.assertEqual((asked, False), self.answer([*command, "2"], "n", asked))
        self.assertEqual((None, True), self.answer([*command, str(MONTHS)], "n", asked))
        self.assertEqual(str(MONTHS), self.months_kept())
        self.assertEqual((None, True), self.answer([*command, "24", "--yes"], "n", asked))
        self.assertEqual((asked, True), self.answer([*command, "2"], "y", asked))
        self.assertEqual("2", self.months_kept())
        self.write_config(retention__touch_months=0)
        self.assertEqual(("all are kept by the configuration", False), self.answer([*command, "1"], "n", "all are kept by the configuration"))
        self.phasectl(["retention", "--months", "1"])	# where nobody can be asked it shall be
        self.assertEqual("1", self.months_kept())

    def months_kept(self):
        return self.value("SELECT extract(year FROM g) * 12 + extract(month FROM g) FROM (SELECT age(date_trunc('month', now() AT TIME ZONE "
                          "'UTC'), kept_from AT TIME ZONE 'UTC') FROM phased.retention) AS a (g)")

    def answer(self, argv, letter, asked):
        """On a terminal. Returns what of `asked` was said, and whether anything was then looked through."""
        terminal = Terminal(argv)
        self.addCleanup(terminal.close)
        terminal.type(letter.encode() + b"\n")
        self.assertEqual(0, terminal.end(), terminal.said)
        self.assertEqual("[y/N]" in terminal.said, asked in terminal.said)
        self.assertEqual("nothing was deleted" in terminal.said, "touches before" not in terminal.said)
        return asked if asked in terminal.said else None, "touches before" in terminal.said


if __name__ == "__main__":
    phased_test.main()
