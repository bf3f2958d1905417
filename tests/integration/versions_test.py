#!/usr/bin/python3
# run: timeout=600
"""Another model is accepted, or the one before again, while events come in: what becomes of contacts, and what is said of it."""
import os
import random
import re
import subprocess
import threading
import time

import events
import phased_test
import tables
from daemon_faults_test import FaultTest
from daemon_test import NOW_US

FIVE = os.path.join(phased_test.ROOT, "conf", "model")
STANDARD = os.path.join(FIVE, "standard.yaml")
FAST_CLOCK = os.path.join(phased_test.BUILD, "tests", "integration", "fast_clock.so")
PROCESSES = [os.path.splitext(name)[0] for name in os.listdir(FIVE)]
# Contacts that are not wholly under one model.
MIXED = """SELECT count(*) FROM (
    SELECT contact_id FROM (
        SELECT contact_id, model_version FROM phased.phase WHERE fold <> '' OR process = 'standard'
        UNION ALL SELECT contact_id, model_version FROM phased.checkpoint) AS of
    GROUP BY contact_id HAVING count(DISTINCT model_version) > 1) AS mixed"""


class TakeoverTest(FaultTest):
    def taken_over(self, database=None, deadline_s=60):
        """Waits until all contacts are under the model in force and nothing is left of others."""
        self.wait_until(lambda: self.value("SELECT ended_at IS NOT NULL FROM phased.takeover", database) == "t", deadline_s,
                        "all contacts to be folded by the model in force")
        self.nobody_waits(database, deadline_s)

    def accept(self, path, *more):
        return self.phasectl(["model", "accept", path, "--no-wait", *more])

    def versions(self):
        return {row[0] for row in self.psql("SELECT DISTINCT model_version FROM phased.phase WHERE process = 'standard' OR fold <> ''")}

    def in_force(self):
        return self.value("SELECT version FROM phased.model WHERE in_force")

    def altered(self, name="other.yaml", old="dwell_days: 20", new="dwell_days: 35"):
        """The standard process alone, with this text in place of that."""
        with open(STANDARD, encoding="utf-8") as text:
            model = text.read()
        self.assertIn(old, model)
        return self.write(name, model.replace(old, new))


class Takeover(TakeoverTest):
    def test_there_and_back_gives_the_same_tables(self):
        self.prepare(4, batch__refolds_max=5)
        maker = events.Maker(71, NOW_US, people=80, others=0.4)
        sent = maker.make(1500)
        sent += maker.copies(sent, 0.1)
        self.send(events.lines(sent))
        phased = self.start_phased()
        self.applied(len(sent))
        self.nobody_waits()
        first, before = self.in_force(), tables.dump(self, self.database)
        self.assertGreater(int(self.value("SELECT count(DISTINCT process) FROM phased.phase WHERE counted > 0")), 3)
        self.accept(STANDARD)
        self.taken_over()
        self.assertNotEqual(first, self.in_force())
        self.assertEqual({self.in_force()}, self.versions())
        self.assertEqual([["standard"]], self.psql("SELECT DISTINCT process FROM phased.phase WHERE fold <> ''"))
        self.assertEqual([["standard"]], self.psql("SELECT DISTINCT process FROM phased.phase_change"))
        self.assertEqual("0", self.value("SELECT count(*) FROM phased.checkpoint WHERE process <> 'standard'"))
        # as a database has it that never knew another one
        tables.assert_same(self, self.reference(sent, [STANDARD]), tables.dump(self, self.database), "under another model")
        self.assertIn("all contacts are folded by it", self.phasectl(["model", "accept", FIVE]))
        self.assertEqual(first, self.in_force())
        self.taken_over()
        tables.assert_same(self, before, tables.dump(self, self.database), "there and back")
        self.assertEqual(0, self.metrics(phased)["phased_model_waiting_contacts"])
        self.assertEqual(0, phased.stop())


    def test_events_come_in_meanwhile_and_nothing_is_lost_or_mixed(self):
        self.prepare(4, batch__refolds_max=2, batch__events_min=20, batch__events_max=50)
        maker = events.Maker(72, NOW_US, people=400, others=0.4)
        sent = maker.make(3000)
        random.Random(73).shuffle(sent)
        self.send(events.lines(sent[:1500]))
        programs = [self.start_phased() for _ in range(2)]
        self.applied(1500, 120)
        other = self.altered()
        seen = []
        sender = threading.Thread(target=lambda: [self.send(events.lines(sent[at:at + 100])) for at in range(1500, 3000, 100)])
        sender.start()
        self.accept(other)
        while sender.is_alive() or self.value("SELECT ended_at IS NULL FROM phased.takeover") == "t":
            seen.append(self.value(MIXED))
            self.assertTrue(all(program.running() for program in programs))
        sender.join()
        self.assertEqual({"0"}, set(seen))
        self.applied(3000, 120)
        self.taken_over()
        self.assertEqual({self.in_force()}, self.versions())
        for program in programs:
            self.settled(program)
            self.assertEqual(0, program.stop())
        tables.assert_same(self, self.reference(sent, [other]), tables.dump(self, self.database), "accepted while events came in")

    def test_a_contact_is_under_the_old_model_until_its_turn_has_come_and_reports_say_so(self):
        self.prepare()
        sent = events.Maker(74, NOW_US, people=30).make(400)
        self.send(events.lines(sent))
        phased = self.start_phased()
        self.applied(len(sent))
        self.nobody_waits()
        first = self.value("SELECT model FROM report.model WHERE in_force")
        contact = self.value("SELECT contact_id FROM report.contact_phase WHERE process = 'standard' AND touches > 2 ORDER BY 1 LIMIT 1")
        before = self.phasectl(["why", contact, "--json", "--time", "2026-10-01T00:00:00Z"])
        holder = self.session(f"BEGIN; SELECT FROM phased.phase WHERE contact_id = '{contact}' FOR UPDATE;")
        self.accept(self.altered(old="  - {name: guide-radar, ", new="  - {name: radar-guide, "))
        second = self.value("SELECT model FROM report.model WHERE in_force")
        self.assertNotEqual(first, second)
        self.wait_until(lambda: self.value(f"SELECT count(*) FROM report.contact_phase WHERE model = '{first}' AND contact_id <> '{contact}'")
                        == "0", 30, "all others to be under the new one")
        rows = {row["contact"]: row["model"] for row in phased_test.json_lines(self.phasectl(["report", "phases", "--json"]))}
        self.assertEqual({contact: first}, {who: model for who, model in rows.items() if model != second})
        history = phased_test.json_lines(self.phasectl(["model", "history", "--json"]))
        self.assertEqual([(first, False, 1), (second, True, len(rows) - 1)], [(row["model"], row["in_force"], row["contacts"]) for row in history])
        self.assertRegex(self.phasectl(["model", "history"]), r"\n1 of \d+ contacts wait to be folded by the one in force\n")
        self.assertEqual(before, self.phasectl(["why", contact, "--json", "--time", "2026-10-01T00:00:00Z"]))
        self.wait_until(lambda: self.metrics(phased)["phased_model_waiting_contacts"] == 1, 20, "the metrics to say so")
        holder.kill()
        self.taken_over()
        self.assertEqual({self.in_force()}, self.versions())
        self.assertEqual(0, phased.stop())

    def test_contacts_that_cannot_be_refolded_now_do_not_stop_it(self):
        self.prepare()
        sent = events.Maker(76, NOW_US, people=30).make(300)
        self.send(events.lines(sent))
        phased = self.start_phased()
        self.applied(len(sent))
        self.nobody_waits()
        self.psql("INSERT INTO phased.refold SELECT md5(n::text)::uuid, '-infinity', false, now() + interval '1 hour' "
                  "FROM generate_series(1, 1000) AS n")
        self.accept(self.altered())
        self.wait_until(lambda: self.value("SELECT ended_at IS NOT NULL FROM phased.takeover") == "t", 60,
                        "all contacts to be folded by the model in force")
        self.assertEqual({self.in_force()}, self.versions())
        self.assertEqual("1000", self.value("SELECT count(*) FROM phased.refold"))
        self.assertEqual(0, phased.stop())

    def test_it_turns_round_in_the_middle(self):
        self.prepare()
        sent = events.Maker(75, NOW_US, people=120, others=0.4).make(1500)
        self.send(events.lines(sent))
        phased = self.start_phased()
        self.applied(len(sent))
        self.nobody_waits()
        before, first = tables.dump(self, self.database), self.in_force()
        holder = self.session("BEGIN; SELECT FROM phased.phase WHERE process = 'standard' ORDER BY contact_id DESC LIMIT 1 FOR UPDATE;")
        self.accept(STANDARD)		# which cannot end
        self.wait_until(lambda: len(self.versions()) == 2, 20, "some to be under the new one")
        self.assertIn(f"model {int(self.in_force()) % 2**64:016x} rejected; model {int(first) % 2**64:016x}",
                      self.phasectl(["model", "reject", "--no-wait"]).replace("; ", "; model "))
        self.assertEqual(first, self.in_force())
        holder.kill()
        self.taken_over()
        tables.assert_same(self, before, tables.dump(self, self.database), "turned round")
        self.assertEqual(0, phased.stop())

    def test_a_database_that_began_with_one_process_can_have_all_five(self):
        self.new_database()
        self.new_topics()
        self.write_config()
        self.phasectl(["migrate"])
        self.phasectl(["topics", "create", "--partitions", "4", "--replication", "1"])
        self.phasectl(["model", "accept", STANDARD])
        sent = events.Maker(76, NOW_US, people=60, others=0.5).make(800)
        self.send(events.lines(sent))
        phased = self.start_phased()
        self.applied(len(sent))
        self.phasectl(["model", "accept", "--yes"])
        self.taken_over()
        self.assertEqual(0, phased.stop())
        tables.assert_same(self, self.reference(sent), tables.dump(self, self.database), "from one process to five")

    def test_rejecting_goes_back_step_by_step_as_history_says(self):
        self.prepare()
        first = self.in_force()
        done = self.run_phasectl(["model", "accept", STANDARD, "--yes", "--no-wait"])
        self.assertEqual(0, done.status, done.err)
        self.assertIn("phasectl: model accept: processes of the model in force that this one has not: "
                      f"{', '.join(sorted(set(PROCESSES) - {'standard'}))}; their phases vanish from reports\n", done.err)
        second = self.in_force()
        done = self.run_phasectl(["model", "accept", FIVE, "--yes", "--no-wait"])
        self.assertNotIn("vanish", done.err)
        done = [self.run_phasectl(["model", "reject"]) for _ in range(3)]
        self.assertEqual([0, 0, 1], [each.status for each in done])
        self.assertEqual([True, False, False], ["vanish from reports" in each.err for each in done])
        self.assertRegex(done[2].err, r"^phasectl: model reject: [0-9a-f]{16} is the first model: there is none before it\n$")
        self.assertEqual(first, self.in_force())
        versions = [f"{int(version) % 2**64:016x}" for version in (first, second, first)]
        rows = phased_test.json_lines(self.phasectl(["model", "history", "--json"]))
        self.assertEqual(list(zip(versions, (False, True, True), (True, False, False))),
                         [(row["model"], row["rejected_at"] is not None, row["in_force"]) for row in rows])
        self.accept(STANDARD)
        self.assertEqual(second, self.in_force())
        self.phasectl(["model", "reject"])
        self.assertEqual(first, self.in_force(), "what was rejected before is not come back to")

    def test_what_is_shown_can_be_edited_and_accepted(self):
        self.prepare()
        version = self.value("SELECT model FROM report.model WHERE in_force")
        shown = self.phasectl(["model", "show"])
        self.assertEqual(shown, self.phasectl(["model", "show", version.upper()]))
        same = self.write("same.yaml", shown)
        self.assertRegex(self.accept(same), f"^model {version} .* is in force already\n$")
        edited = self.write("edited.yaml", re.sub("dwell_days: [^,]+", "dwell_days: 21", shown, count=1))
        self.assertRegex(self.accept(edited), r"^model [0-9a-f]{16} .* accepted\n$")
        reader = self.user("phased_reader")
        self.assertEqual(shown, self.phasectl(["model", "show", version[:6]], config=reader))
        self.assertIn(version, self.phasectl(["model", "history"], config=reader))
        for word, status, words in (("zz", 64, "VERSION: expected 16 hexadecimal digits"), ("0" * 17, 64, "VERSION"),
                                    ("0123456789abcdef", 1, "no model of this version was accepted")):
            done = self.run_phasectl(["model", "show", word])
            self.assertEqual((status, ""), (done.status, done.out))
            self.assertIn(words, done.err)

    def test_a_bad_model_leaves_the_running_one(self):
        self.prepare()
        maker = events.Maker(77, NOW_US)
        first = maker.make(200)
        self.send(events.lines(first))
        phased = self.start_phased()
        self.applied(200)
        before, version = tables.dump(self, self.database), self.in_force()
        with open(STANDARD, encoding="utf-8") as text:
            good = text.read()
        both = self.path("both")
        os.mkdir(both)
        for name in ("a.yaml", "b.yaml"):
            self.write(os.path.join("both", name), good)
        for path in (both, self.write("tabs.yaml", good.replace("\n  dwell_days", "\n\tdwell_days")),
                     self.write("no.yaml", "process: tender\n"), self.path("missing.yaml")):
            done = self.run_phasectl(["model", "accept", path])
            self.assertIn(done.status, (65, 78), (path, done))
            self.assertEqual(1, done.err.count("\n"), done.err)
        self.assertEqual(version, self.in_force())
        self.assertEqual("1", self.value("SELECT count(*) FROM phased.model_acceptance"))
        tables.assert_same(self, before, tables.dump(self, self.database), "after bad models")
        self.send(events.lines(maker.make(200)))
        self.applied(400)
        self.assertEqual(0, phased.stop())

    def test_an_acceptance_says_when_nobody_works(self):
        self.prepare()
        sent = events.Maker(79, NOW_US).make(20)
        self.send(events.lines(sent))
        phased = self.start_phased()
        self.applied(20)
        self.assertEqual(0, phased.stop())
        self.accept(STANDARD)
        begun = time.monotonic()
        self.assertTrue(os.path.exists(FAST_CLOCK), FAST_CLOCK)
        # What is in force already is watched all the same. By its clock a minute passes in three seconds.
        done = self.run_phasectl(["model", "accept", STANDARD], env={"LD_PRELOAD": FAST_CLOCK})
        self.assertEqual(1, done.status, done)
        self.assertIn("nothing has moved for a minute", done.err)
        self.assertGreater(time.monotonic() - begun, 3)
        self.start_phased()
        self.taken_over()

    def test_an_idle_daemon_hears_of_it_and_an_acceptance_that_is_interrupted_stops_nothing(self):
        self.prepare()
        sent = events.Maker(78, NOW_US).make(200)
        self.send(events.lines(sent))
        phased = self.start_phased()
        self.applied(200)
        self.accept(STANDARD)
        self.wait_log(phased, f"model: {int(self.in_force()) % 2**64:016x} is in force", 10)
        self.taken_over()
        self.assertEqual(0, phased.stop())
        self.accept(FIVE)
        self.assertRegex(self.phasectl(["model", "history"]), r"(?m)^\d+ of \d+ contacts wait to be folded by the one in force$")
        # interrupted, it has stopped nothing
        child = subprocess.Popen([phased_test.PHASECTL, "--config", self.config, "model", "accept", FIVE], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, text=True)
        self.assertRegex(child.stderr.readline(), r"^phasectl: model accept: .*contacts wait, \d+ s$")
        child.kill()
        child.communicate()
        # and where a colleague accepts another one meanwhile, it does not say of that that it was its own
        child = subprocess.Popen([phased_test.PHASECTL, "--config", self.config, "model", "accept", FIVE], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)
        self.assertRegex(child.stderr.readline(), r"contacts wait, \d+ s$")
        self.accept(STANDARD)
        out, err = child.communicate(timeout=30)
        self.assertEqual(1, child.returncode, err)
        self.assertRegex(err, r"(?m)^phasectl: model accept: another model was accepted meanwhile, or this one taken back: [0-9a-f]{16} is in")
        self.assertNotIn("all contacts", out)
        self.start_phased()
        self.taken_over()


if __name__ == "__main__":
    phased_test.main()
