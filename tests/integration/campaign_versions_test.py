#!/usr/bin/python3
# run: timeout=600
"""Models are accepted and rejected while events come in, and whoever works on it is killed again and again, daemons and phasectl alike: in
the end the tables are those of a database that never knew any other model, and no contact was ever under two of them.

A kill comes at a random moment of a takeover: before phasectl has the lock, between it and the first contact, in the middle of a step, a
slice, a batch. The short one kills 6 times, the long one 20.
"""
import random
import signal
import subprocess
import threading

import events
import phased_test
import tables
from campaign import LONG, CampaignTest, say
from daemon_test import NOW_US
from versions_test import FIVE, MIXED, STANDARD, TakeoverTest

KILLS = 20 if LONG else 6
EVENTS = 12000 if LONG else 4000
DAEMONS = 2


class Kills(CampaignTest, TakeoverTest):
    def watch(self):
        """Looks all the time whether a contact is under two models."""
        while not self.over.wait(0.05):
            self.looks += 1
            self.mixed += int(self.value(MIXED))

    def change(self, dice, number):
        """Another model; every other time phasectl is killed on its way, or while it looks on. Returns how it ended."""
        model = (STANDARD, self.altered(), FIVE, None)[number % 4]
        words = ["model", "accept", model] if model else ["model", "reject"]
        if number % 2 == 0:
            self.phasectl([*words, "--no-wait"])
            return 0
        child = subprocess.Popen([phased_test.PHASECTL, "--config", self.config, *words], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        try:
            return child.wait(dice.random() * dice.choice((0.3, 1.5)))
        except subprocess.TimeoutExpired:
            child.kill()
            return child.wait()

    def test_whoever_is_killed_the_tables_are_those_of_the_last_model(self):
        dice = random.Random(81)
        self.prepare(4, batch__refolds_max=5, batch__events_min=20, batch__events_max=100, kafka__session_ms=6000)
        sent = events.Maker(82, NOW_US, people=700, others=0.4).make(EVENTS)
        sent += events.Maker(83, NOW_US).copies(sent, 0.1)
        dice.shuffle(sent)
        half = len(sent) // 2
        self.send(events.lines(sent[:half]))
        programs = [self.start_phased() for _ in range(DAEMONS)]
        self.applied(half, 120)
        self.over, self.looks, self.mixed = threading.Event(), 0, 0
        watcher = threading.Thread(target=self.watch)
        watcher.start()
        self.addCleanup(self.over.set)
        dead, size = [], (len(sent) - half) // KILLS + 1
        for kill in range(KILLS):
            self.send(events.lines(sent[half + kill * size:half + (kill + 1) * size]))
            dead.append(self.change(dice, kill))
            victim = programs[kill % DAEMONS]
            try:
                victim.wait(dice.random() * 1.2)
            except AssertionError:		# as it should be: nobody ends by himself
                victim.signal(signal.SIGKILL)
            self.assertEqual(-signal.SIGKILL, victim.wait())
            programs[kill % DAEMONS] = self.start_phased()
        accepted = int(self.value("SELECT count(*) FROM phased.model_acceptance"))
        say(f"{KILLS} daemons killed, {dead.count(-signal.SIGKILL)} times phasectl; {accepted} acceptances; looked {self.looks} times")
        self.assertGreater(dead.count(-signal.SIGKILL), 0)
        self.assertGreater(accepted, KILLS // 4)
        last = self.altered()
        self.phasectl(["model", "accept", last, "--no-wait"])
        self.applied(len(sent), 120)
        self.taken_over(deadline_s=120)
        self.over.set()
        watcher.join()
        self.assertEqual((True, 0), (self.looks > 10, self.mixed), "contacts under two models at once")
        self.assertEqual({self.in_force()}, self.versions())
        for program in programs:
            self.settled(program)
            self.assertEqual(0, program.stop())
        tables.assert_same(self, self.reference(sent, [last]), tables.dump(self, self.database), "after all kills")


if __name__ == "__main__":
    phased_test.main()
