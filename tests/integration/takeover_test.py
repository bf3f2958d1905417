#!/usr/bin/python3
# run: timeout=600
"""Another model is accepted, or the one before again, while events come in: what becomes of contacts, and what is said of it."""
import os
import random

import events
import phased_test
import tables
from daemon_faults_test import FaultTest
from daemon_test import NOW_US

FIVE = os.path.join(phased_test.ROOT, "conf", "model")
STANDARD = os.path.join(FIVE, "standard.yaml")


class Takeover(FaultTest):
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

    def altered(self, name="other.yaml"):
        """The standard process alone, in which other pages and mails say other things."""
        with open(STANDARD, encoding="utf-8") as text:
            model = text.read()
        self.assertIn("dwell_days: 20", model)
        return self.write(name, model.replace("dwell_days: 20", "dwell_days: 35"))

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
        # as a daemon has it that never heard of another one
        tables.assert_same(self, self.reference(sent, [STANDARD]), tables.dump(self, self.database), "under another model")
        self.assertIn("all contacts are folded by it", self.phasectl(["model", "accept", FIVE]))
        self.assertEqual(first, self.in_force())
        self.taken_over()
        tables.assert_same(self, before, tables.dump(self, self.database), "there and back")
        self.assertEqual(0, self.metrics(phased)["phased_model_waiting_contacts"])
        self.assertEqual(0, phased.stop())


if __name__ == "__main__":
    phased_test.main()
