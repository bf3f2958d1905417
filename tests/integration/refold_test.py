#!/usr/bin/python3
# run: timeout=600
"""Contacts that wait for their refold: worked off by whoever has time, once each, whatever is killed meanwhile."""
import os
import random
import re
import subprocess

import events
import phased_test
import tables
from daemon_faults_test import FaultTest
from daemon_test import NOW_US

PLANS = os.path.join(phased_test.BUILD, "tests", "integration", "store_plans")		# prints the daemon's statements
WEAK = (0, 1, 2)		# core/model/actor.h: cookie, visitor, recipient


class Refold(FaultTest):
    def waiting(self):
        return int(self.value("SELECT count(*) FROM phased.refold"))

    def test_what_waits_is_worked_off_by_three_daemons_of_which_two_are_killed(self):
        self.prepare(6, batch__refolds_max=0, batch__events_min=50, batch__events_max=200, kafka__session_ms=6000)
        maker = events.Maker(61, NOW_US, people=150)
        sent = maker.make(3000)
        sent += maker.copies(sent, 0.1)
        random.Random(62).shuffle(sent)
        self.send(events.lines(sent))
        programs = [self.start_phased() for _ in range(3)]
        self.wait_until(lambda: self.waiting() > 20, 60, "contacts to wait")
        programs[0].kill()
        self.wait_until(lambda: any(self.metrics(program).get("phased_refold_done_total", 0) > 5 for program in programs[1:]), 60,
                        "some to be worked off")
        programs[1].kill()
        programs.append(self.start_phased())
        self.applied(len(sent), 120)
        self.wait_until(lambda: self.waiting() == 0, 60, "nobody to wait")
        last = programs[2:]
        self.wait_until(lambda: all(self.metrics(program)["phased_refold_queue_contacts"] == 0 for program in last), 20,
                        "the metrics to say so")
        for program in last:
            metrics = self.metrics(program)
            self.assertEqual(0, metrics["phased_refold_queue_seconds"])
            self.assertEqual(0, program.stop())
        tables.assert_same(self, self.reference(sent), tables.dump(self, self.database), "after the queue")

    def test_what_waits_is_worked_off_while_a_backlog_is_drained(self):
        self.prepare(2, batch__refolds_max=0, batch__lanes=1, batch__events_min=10, batch__events_max=10)
        maker = events.Maker(65, NOW_US, people=100)
        sent = maker.make(12000)
        random.Random(66).shuffle(sent)
        self.send(events.lines(sent))
        phased = self.start_phased()

        def done_and_left():
            metrics = self.metrics(phased)
            return metrics["phased_refold_done_total"], len(sent) - metrics["phased_events_received_total"]
        done, left = self.wait_until(lambda: (found := done_and_left()) and found[0] > 0 and found, 60, "some to be worked off")
        self.assertGreater(left, 0, "the queue waited until there was nothing else to do")
        self.applied(len(sent), 120)
        self.nobody_waits()
        self.assertEqual(0, phased.stop())

    def test_who_cannot_be_refolded_now_keeps_nobody_waiting(self):
        self.prepare(2, batch__refolds_max=0)
        sent = events.Maker(67, NOW_US, people=20).make(200)
        self.send(events.lines(sent))
        phased = self.start_phased()
        self.applied(len(sent))
        self.nobody_waits()
        self.psql("INSERT INTO phased.refold SELECT contact_id, '-infinity', false, now() + interval '1 hour' FROM phased.phase "
                  "WHERE process = 'standard' ORDER BY contact_id LIMIT 3")
        self.psql("INSERT INTO phased.refold SELECT contact_id, '-infinity', false FROM phased.phase WHERE process = 'standard' "
                  "ON CONFLICT DO NOTHING")
        self.wait_until(lambda: self.waiting() == 3, 30, "all others to be worked off")
        turns = self.metrics(phased)["phased_store_turns_total"]
        self.wait_until(lambda: self.metrics(phased)["phased_refold_queue_contacts"] == 3, 20, "the metrics to say so")
        self.assertLess(self.metrics(phased)["phased_store_turns_total"] - turns, 60, "it goes on trying")
        self.assertEqual(3, self.waiting())
        self.assertEqual(0, phased.stop())

    def test_who_has_waited_longest_comes_first_and_nobody_else_is_locked(self):
        self.prepare(1)
        self.psql("""INSERT INTO phased.phase (contact_id, process, version, model_version, fold, counted, confirmed, activity, early, mid,
            late, reported, shown, fine, band) SELECT lpad(n::text, 32, '0')::uuid, 'standard', 1, 1, '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
            FROM generate_series(1, 99) AS n""")
        # the higher the id, the longer; but 97, who is postponed
        self.psql("""INSERT INTO phased.refold SELECT contact_id, '-infinity', false, now() - right(contact_id::text, 2)::integer *
            interval '1 s' FROM phased.phase""")
        self.psql("UPDATE phased.refold SET queued_at = now() + interval '1 hour' WHERE contact_id::text LIKE '%97'")
        script = subprocess.run([PLANS], capture_output=True, text=True, check=True).stdout
        pick = "".join(re.findall(r"^EXECUTE settle.*\n|^PREPARE (?:settle|pick) .*\n", script, re.M)) + "BEGIN; EXECUTE pick (4);"
        free = "SELECT right(contact_id::text, 2) FROM phased.phase FOR UPDATE SKIP LOCKED"

        def picked():
            rows = self.psql(f"{pick}")
            return [contact[-2:] for contact in rows[-1][0].strip("{}").split(",")]
        self.assertEqual(["99", "98", "96", "95"], picked())
        first = self.session(pick)
        self.assertEqual({"99", "98", "96", "95"}, {f"{n:02}" for n in range(1, 100)} - {row[0] for row in self.psql(free)})
        self.assertEqual(["94", "93", "92", "91"], picked())
        first.kill()
        self.wait_until(lambda: picked() == ["99", "98", "96", "95"], 20, "what it had to be free again")

    def test_where_all_of_a_history_is_too_much_nothing_that_may_count_is_left_out(self):
        self.prepare(1)
        self.psql("INSERT INTO phased.subject SELECT n, 'test', 'acme', 1, '', 1, '', 'acme.test', '/' || n, '', '', '', '', '', '', 0, '' "
                  "FROM generate_series(1, 4) AS n")
        # a rule's; nobody's; a hard fact; of another model alone
        self.psql("INSERT INTO phased.subject_rule VALUES (1, 1, 'standard', 'rule', 0, '', false, 0, 0), "
                  "(1, 2, 'standard', NULL, NULL, '', false, 0, 0), (1, 3, 'standard', NULL, NULL, '', false, 0, 2), "
                  "(2, 4, 'standard', NULL, NULL, '', false, 0, 0)")
        self.psql("SELECT phased.touch_month(now()::date)")
        actor = "lpad('7', 32, '0')::uuid"
        self.psql(f"INSERT INTO phased.stretch VALUES ({actor}, '-infinity', 'infinity', {actor})")
        self.psql(f"INSERT INTO phased.touch SELECT {actor}, now(), subject * 10 + party, now(), now(), subject, 0, party "
                  "FROM generate_series(1, 4) AS subject, generate_series(1, 2) AS party")
        script = subprocess.run([PLANS], capture_output=True, text=True, check=True).stdout
        prepared = "".join(re.findall(r"^EXECUTE settle.*\n|^PREPARE (?:settle|read_actors|read_contacts) .*\n", script, re.M))
        asks = f"1, ARRAY[{actor}], ARRAY[NULL::text], ARRAY['-infinity'::timestamptz], ARRAY['-infinity'::timestamptz], ARRAY[0], false"

        def read(statement, counted_only):
            rows = self.psql(f"{prepared}EXECUTE {statement.format(f'{asks}, {counted_only}')};")
            return sorted(int(row[1]) for row in rows if row[1].isdigit())
        for statement in "read_actors ({}, 99)", "read_contacts ({}, '{{}}', 99)":
            self.assertEqual([11, 12, 21, 22, 31, 32, 41, 42], read(statement, "false"))
            self.assertEqual([11, 31, 32, 41, 42], read(statement, "true"))

    def test_one_whom_somebody_is_at_does_not_keep_the_others_waiting(self):
        self.prepare(4, batch__refolds_max=0)
        late = events.Maker(63, NOW_US, people=40)
        sent = late.make(400)
        random.Random(64).shuffle(sent)
        self.send(events.lines(sent))
        phased = self.start_phased()
        self.applied(len(sent), 60)
        self.wait_until(lambda: self.waiting() == 0, 30, "nobody to wait")
        contact = self.value("SELECT contact_id FROM phased.phase WHERE process = 'standard' AND counted > 0 ORDER BY 1 LIMIT 1")
        before = tables.dump(self, self.database)
        holder = self.session(f"BEGIN; SELECT FROM phased.phase WHERE contact_id = '{contact}' FOR UPDATE;")
        self.psql(f"INSERT INTO phased.refold SELECT contact_id, '-infinity', kind IN {WEAK} FROM phased.phase JOIN phased.actor ON "
                  "actor_id = contact_id WHERE process = 'standard'")
        self.wait_until(lambda: self.waiting() == 1, 30, "all others to be worked off")
        holder.kill()
        self.wait_until(lambda: self.waiting() == 0, 30, "nobody to wait")
        tables.assert_same(self, before, tables.dump(self, self.database), "after refolds of everybody")
        self.assertEqual(0, phased.stop())


if __name__ == "__main__":
    phased_test.main()
