#!/usr/bin/python3
# run: timeout=300
"""Whatever comes late, twice, out of order or of somebody else, and however many daemons take it: the same tables.

Histories of half a year. Every event comes twice; a tenth comes 150 days after it happened, behind all that followed it; cookies
are claimed by a second person in between, and some deals are won or lost. Three shuffles of that, by one daemon and by three.
"""
import copy
import random
import signal

import events
import phased_test
import tables
from campaign import LONG, CampaignTest, say
from campaign_ways_test import Run, any_partition, in_order
from daemon_test import NOW_US

EVENTS = 12000 if LONG else 3000
LATE_US = 150 * events.DAY_US
# Daemons, their way, sizes of batches (events_min, events_max, copy_min), and how many a batch refolds.
RUNS = ((1, {"batch__lanes": 1}, (500, 5000, 1000), 200), (3, {"batch__lanes": 2}, (20, 50, 5), 1),
        (1, {"batch__lanes": 3}, (100, 200, 50), 0))


def histories(seed):
    """Events and a second copy of each, in the order in which they come."""
    maker = events.Crowd(seed, NOW_US - LATE_US, people=6, days=180)
    made = maker.make(EVENTS)
    dice = random.Random(seed)
    taken = set()		# cookies that somebody else says are theirs, half a history later
    for event in list(made):
        who = event["identity"]
        if event["action"] == "FORM_SUBMIT" and event["source"] != events.LEAVERS and who.get("anonymous_id") and who["anonymous_id"] not in taken:
            taken.add(who["anonymous_id"])
            when = event["occurred_us"] + 40 * events.DAY_US
            second = maker.form(who["anonymous_id"], 100 + len(taken), min(when, NOW_US - LATE_US), "GRANTED")
            made.append(second)
    late, other = [], []
    for event in made:
        (late if dice.random() < 0.1 else other).append(event)
    for event in late:		# as a collector would pass on what a laptop kept for so long
        event["received_us"] = event["occurred_us"] + LATE_US
    again = copy.deepcopy(made)
    for event in again:
        event["received_us"] += 1_000_000
    dice.shuffle(other)
    return other + late + again, len(late), len(taken)


class Late(CampaignTest):
    def play(self, number, everything):
        daemons, way, size, refolds = RUNS[number]
        run = Run(self, f"{self.name}_{number}", any_partition if number > 0 else in_order, way, daemons, size,
                  refolds)
        run.prepare()
        if daemons > 1:		# before there is anything to do, lest the first one does it all
            run.start()
            self.wait_until(run.is_shared, 60, "the daemons to share the partitions")
        run.produce(everything, number)
        if daemons == 1:
            run.start()
        self.wait_until(lambda: self.ended(run.database) >= run.count, 120, "all to be applied")
        self.nobody_waits(run.database)
        run.check()
        for program in run.programs:
            program.signal(signal.SIGTERM)
        for program in run.programs:
            self.assertEqual(0, program.wait())
        return run, run.dump(), sum(metrics["phased_refolded_contacts_total"] for metrics in run.metrics)

    def test_late_doubled_reclaimed_and_shuffled_events_give_byte_equal_tables(self):
        everything, late, taken = histories(17)
        self.assertGreater(late, EVENTS // 20)
        self.assertGreater(taken, 4, "cookies with two persons")
        first = None
        for number in range(len(RUNS)):
            run, found, refolds = self.play(number, everything)
            say(f"{len(everything)} messages, {late} of them late, {taken} cookies claimed again: {run.what}, {refolds:.0f} contacts refolded")
            if first is None:
                first = found
                for table in ("claim", "stretch", "phase_change", "checkpoint"):
                    self.assertGreater(found[table].count("\n"), 10, f"table {table} has rows to compare")
            else:
                tables.assert_same(self, first, found, run.what)


if __name__ == "__main__":
    phased_test.main()
