#!/usr/bin/python3
# run: timeout=600
"""What time alone changes: written once an hour by one daemon of several, killed or not, and the same rows as if every hour had
been looked at when it came, or as a refold gives."""
import datetime
import random

import events
import phased_test
import tables
from daemon_test import NOW_US, DaemonTest

DAY_US = 86_400_000_000


def moment(us):
    return datetime.datetime.fromtimestamp(us / 1e6, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def page(number, cookie, path, at_us):
    return {"id": f"p{number}", "source": "test", "site": "acme", "channel": "WEB", "action": "PAGE_VIEW", "occurred_us": at_us,
            "received_us": at_us, "identity": {"anonymous_id": cookie}, "consent": {"analytics": "GRANTED"},
            "content": {"url": f"https://acme.test{path}", "title": path}}


class TimeTest(DaemonTest):
    def pass_time(self, until_us, *programs, deadline_s=60):
        """Time goes on to then: daemons of that clock, until the hour's review is complete. They end."""
        self.write_config(review__until=moment(until_us), **self.overrides)
        programs = programs or [self.start_phased()]
        hour = moment(until_us - until_us % 3_600_000_000)
        self.wait_until(lambda: self.value(f"SELECT hour = '{hour}' AND block IS NULL FROM phased.review") == "t", deadline_s,
                        f"the review of {hour}")
        self.nobody_waits()
        for program in programs:
            if program.running():
                self.settled(program)		# who answers hears signals, too
                self.assertEqual(0, program.stop())

    def begin(self, sent, until_us, **overrides):
        """A database with these events, of a clock that stands there; no daemon runs."""
        self.overrides = {"kafka__group": f"{self.name}_{len(self.programs)}", **overrides}
        another_model = "model__path" in overrides
        self.fresh_database(model=not another_model)
        self.new_topics(f"{self.name}_{len(self.programs)}")
        self.write_config(review__until=moment(until_us), **self.overrides)
        if another_model:
            self.phasectl(["model", "accept"])
        self.phasectl(["topics", "create", "--partitions", "2", "--replication", "1"])
        self.work_off(sent, len(sent))

    def work_off(self, sent, count):
        self.send(events.lines(sent))
        phased = self.start_phased()
        self.applied(count)
        self.assertEqual(0, phased.stop())

    def contact(self):
        return self.psql("SELECT phase, coalesce(confidence, ''), quiet, touches FROM report.contact_phase")[0]

    def changes(self):
        return self.psql("SELECT from_phase, to_phase, cause, date_part('minute', at), date_part('second', at) "
                         "FROM report.phase_change ORDER BY at")


class Silence(TimeTest):
    def test_a_visitor_who_stays_away_becomes_quiet_and_then_none(self):
        begin = NOW_US - 200 * DAY_US
        sent = [page(1, "c1", "/prices", begin), page(2, "c1", "/compare", begin + 3_600_000_000)]
        self.begin(sent, begin + DAY_US)
        phase, _, quiet, touches = self.contact()
        self.assertIn(phase, ("early", "mid", "late"))
        self.assertEqual(("f", "2"), (quiet, touches))
        self.assertEqual([["unknown", phase, "touch"]], [row[:3] for row in self.changes()])
        self.pass_time(begin + 30 * DAY_US)
        self.assertEqual("f", self.contact()[2])
        seen = [phase]
        for days in (62, 75, 90, 120, 200):
            self.pass_time(begin + days * DAY_US)
            seen.append(self.contact()[0])
        self.assertEqual("none", seen[-1], seen)
        self.assertEqual("t", self.contact()[2])
        changes = self.changes()
        self.assertEqual("none", changes[-1][1])
        self.assertEqual({"time"}, {row[2] for row in changes[1:]})
        self.assertEqual({("0", "0")}, {(row[3], row[4]) for row in changes[1:]}, "at full hours")
        # The next touch, in order, finds what was written and goes on from there.
        self.write_config(review__until=moment(NOW_US), **self.overrides)
        self.work_off([page(3, "c1", "/prices", begin + 199 * DAY_US)], 3)
        self.assertEqual(changes, self.changes()[:len(changes)])
        self.assertEqual(["none", "touch"], [self.changes()[-1][0], self.changes()[-1][2]])

    def test_a_touch_from_before_a_change_that_time_has_made_takes_it_back(self):
        begin = NOW_US - 200 * DAY_US
        sent = [page(1, "c1", "/prices", begin), page(2, "c1", "/compare", begin + 3_600_000_000)]
        self.begin(sent, begin + DAY_US)
        self.pass_time(begin + 150 * DAY_US)
        self.assertEqual("none", self.contact()[0])
        self.write_config(review__until=moment(begin + 150 * DAY_US), **self.overrides)
        late = page(3, "c1", "/prices", begin + 40 * DAY_US)		# it lay around for months
        self.work_off([late], 3)
        self.pass_time(begin + 152 * DAY_US)
        taken_back = tables.dump(self, self.database)
        self.begin([*sent, late], begin + 151 * DAY_US)
        self.pass_time(begin + 152 * DAY_US)
        tables.assert_same(self, tables.dump(self, self.database), taken_back, "a touch after the review")


class InUse(TimeTest):
    """Contacts that somebody else has locked when the review comes by; it waits for nobody."""
    BEGIN_US = NOW_US - 200 * DAY_US

    def setUp(self):
        super().setUp()
        self.begin([page(1, "c1", "/prices", self.BEGIN_US), page(2, "c1", "/compare", self.BEGIN_US + 3_600_000_000)],
                   self.BEGIN_US + DAY_US)
        self.until_us = NOW_US
        self.before = self.contact()
        self.assertNotEqual("none", self.before[0])

    def review(self):
        return self.psql(f"SELECT hour = '{moment(self.until_us - self.until_us % 3_600_000_000)}', block IS NULL, ways_back > 0 "
                         "FROM phased.review")[0]

    def passed_over(self):
        """A session that has all contacts locked, and a daemon that has come by and goes back."""
        self.write_config(review__until=moment(self.until_us), **self.overrides)
        holder = self.session("BEGIN; SELECT FROM phased.phase FOR UPDATE;")
        phased = self.start_phased()
        self.wait_until(lambda: self.review() == ["t", "f", "t"], 60, "the review to go back")
        self.assertEqual(self.before, self.contact())
        return holder, phased

    def test_who_was_locked_is_reviewed_once_they_are_not(self):
        holder, phased = self.passed_over()
        holder.kill()
        self.wait_until(lambda: self.review() == ["t", "t", "t"], 120, "the review to be complete")
        self.assertEqual(["none", "t"], [self.contact()[0], self.contact()[2]])
        self.assertLessEqual(1, self.metrics(phased)["phased_review_passed_rows_total"])
        self.assertEqual(0, self.metrics(phased)["phased_review_left_rows_total"])
        self.assertEqual(0, phased.stop())

    def test_who_is_locked_each_time_is_left_to_the_next_hour_and_counted(self):
        holder, phased = self.passed_over()
        self.psql("UPDATE phased.review SET ways_back = 10 WHERE block IS NOT NULL")		# without waiting for five minutes
        self.wait_log(phased, r"review: 1 of 1 rows are left to the next hour")
        self.assertEqual(["t", "t", "t"], self.review())
        self.assertEqual(self.before, self.contact())
        self.assertEqual(1, self.metrics(phased)["phased_review_left_rows_total"])
        self.assertEqual(0, phased.stop())
        holder.kill()
        self.pass_time(self.until_us + 3_600_000_000)
        self.assertEqual("none", self.contact()[0])


class Same(TimeTest):
    def test_hour_by_hour_at_once_shuffled_killed_or_by_two_daemons_the_rows_are_the_same(self):
        maker = events.Maker(81, NOW_US, people=80, days=60)
        sent = maker.make(1500)
        sent += maker.copies(sent, 0.05)
        late = sent[::10]
        dice = random.Random(82)
        end = NOW_US + 60 * DAY_US
        in_order = sorted(sent, key=lambda event: event["occurred_us"])

        # All at once, then sixty days of nothing.
        self.begin(in_order, NOW_US)
        self.pass_time(end)
        at_once = tables.dump(self, self.database)
        self.assertIn("\\N", at_once["phase_change"], "changes without a touch")

        # Part of it, time passes, then what comes late is folded anew, or back and on; a clock that goes on by weeks.
        self.begin([event for event in in_order if event not in late], NOW_US - 20 * DAY_US)
        for days in (-20, -9, 0):
            self.pass_time(NOW_US + days * DAY_US)
        dice.shuffle(late)
        self.write_config(review__until=moment(NOW_US), **self.overrides)
        self.work_off(late, len(sent))
        for days in (1, 30, 60):
            self.pass_time(NOW_US + days * DAY_US)
        tables.assert_same(self, at_once, tables.dump(self, self.database), "late touches after reviews")

        # One is killed in the middle of a slice, two go on together; the table has many blocks, so many slices.
        self.begin(sent, NOW_US)
        self.psql("ALTER TABLE phased.phase SET (fillfactor = 10); VACUUM FULL phased.phase")
        for days in (20, 40, 60):
            self.write_config(review__until=moment(NOW_US + days * DAY_US), **self.overrides)
            holder = self.session("BEGIN; LOCK TABLE phased.phase IN SHARE MODE;")
            killed = self.start_phased()
            self.wait_until(lambda: self.value(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'phased.phase'::regclass AND database = "
                "(SELECT oid FROM pg_database WHERE datname = current_database())") != "0", 30, "a slice to wait")
            killed.kill()
            holder.kill()
            self.pass_time(NOW_US + days * DAY_US, self.start_phased(), self.start_phased())
        tables.assert_same(self, at_once, tables.dump(self, self.database), "one killed, two that go on")


if __name__ == "__main__":
    phased_test.main()
