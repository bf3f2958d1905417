#!/usr/bin/python3
# run: timeout=1200
"""Every way of doing the work gives the same tables, byte by byte: quick and careful, one lane and three, one daemon and two,
whatever the producers do with keys, order and retries.

A seed makes a crowd of events and plays it to a daemon that has an easy time (careful, one lane, in order), and to two that do
not; over the seeds every way meets every habit of producers.
"""
import itertools
import random
import signal

import events
import phased_test
import tables
from campaign import FIRST, LONG, SEEDS, CampaignTest, Producer, say
from daemon_test import NOW_US

PARTITIONS = 4
AT_ONCE = 2		# seeds
EVENTS = 1500 if LONG else 400
SIZES = ((500, 5000, 1000), (20, 50, 5), (3, 7, 1000), (100, 200, 50))		# batch.events_min, events_max, copy_min
CHANNELS = {"EMAIL": "email", "CHAT": "chat", "CRM": "crm", "OFFLINE": "crm"}


def in_order(event, dice):
    return "web", event["identity"].get("anonymous_id", "").encode(), -1


def any_partition(event, dice):
    return "web", None, dice.randrange(PARTITIONS)


def one_key(event, dice):
    return "web", b"all", -1


def odd_keys(event, dice):
    return "web", dice.choice((None, b"", b"\xff\x00\xfe", dice.randbytes(40), event["id"].encode())), -1


def by_channel(event, dice):
    """To the topic of its channel; what cannot be read to one and the same, since its row says which."""
    known = event["action"] != 4711 and "pages" not in event and event["source"] == "test"
    return CHANNELS.get(event["channel"], "web") if known else "web", event["id"].encode(), -1


HABITS = (any_partition, one_key, odd_keys, by_channel)


class Run:
    """One database, and the daemons that fill it from one layout of the messages."""

    def __init__(self, test, name, habit, way, daemons, size, refolds):
        self.test, self.name, self.habit, self.daemons = test, name, habit, daemons
        self.what = f"{habit.__name__}, {way or 'the one way'}, {daemons} daemon(s), batches of {size}, refolds {refolds}"
        self.topics = {channel: f"{name}.{channel}" for channel in ("web", "email", "chat", "crm")}
        if habit is not by_channel:
            self.topics = {"web": self.topics["web"]}
        self.way = {**way, "batch__refolds_max": refolds, "batch__events_min": size[0], "batch__events_max": size[1], "batch__copy_min": size[2]}
        self.programs, self.count, self.ends, self.metrics = [], 0, {}, []

    def prepare(self):
        self.database = self.test.fresh_database()
        named = {f"kafka__topics__{channel}": self.topics.get(channel, "")
                 for channel in ("web", "email", "chat", "crm", "rejected", "erasure")}
        self.config = self.test.write_config(f"{self.name}.yaml", kafka__group=self.name, kafka__session_ms=6000, **named,
                                             **self.way)
        self.test.make_topics(self.topics.values(), PARTITIONS)

    def start(self):
        self.programs = [self.test.start_phased(config=self.config) for _ in range(self.daemons)]

    def is_shared(self):
        """Each daemon has its share of the partitions."""
        shares = [int(self.test.metrics(program)["phased_assigned_partitions"]) for program in self.programs]
        return min(shares) > 0 and sum(shares) == PARTITIONS * len(self.topics)

    def produce(self, everything, seed):
        producer, dice = Producer(), random.Random(seed)
        everything, self.count = list(everything), len(everything)
        if self.habit is not in_order:
            dice.shuffle(everything)
        for event in everything:
            channel, key, partition = self.habit(event, dice)
            producer.send(event, self.topics[channel], key, partition)
        self.ends = producer.flush(self.test)

    def check(self):
        test = self.test
        test.assertEqual(self.count, test.ended(self.database), self.what)
        test.assert_at_end(self.ends, self.name, self.database)
        self.metrics = [test.settled(program) for program in self.programs]

    def batches(self, way):
        return sum(metrics.get(f'phased_batches_total{{way="{way}"}}', 0) for metrics in self.metrics)

    def copied(self):
        """How many of its daemons sent something by COPY."""
        return sum(metrics['phased_batch_step_seconds_total{step="COPY",part="waits"}'] > 0 for metrics in self.metrics)

    def dump(self):
        found = tables.dump(self.test, self.database)
        found["rejected"] = found["rejected"].replace(self.topics["web"], "web")
        self.test.forget(self.database)
        return found


class Ways(CampaignTest):
    def plan(self):
        """For each seed its runs: the easy one, and two of the product of all ways and habits, which 20 seeds exhaust."""
        ways = self.ways()
        product = list(itertools.product(HABITS, ways, (1, 2)))
        random.Random(1).shuffle(product)
        self.assertLessEqual(len(product), 40)
        for seed in range(FIRST, FIRST + SEEDS):
            hard = [product[(2 * seed + i) % len(product)] for i in range(2)]
            sizes = [SIZES[0], *random.Random(seed).sample(SIZES, 2)]
            yield seed, [Run(self, f"{self.name}_{seed}_{i}", habit, way, daemons, sizes[i], (200, 0, 1, 200)[(i + seed) % 4])
                         for i, (habit, way, daemons) in enumerate([(in_order, ways[0], 1), *hard])]

    def play(self, share):
        """Plays some seeds at once; returns their runs with the tables they gave."""
        every = [run for _, runs in share for run in runs]
        for run in every:
            run.prepare()
        pairs = [run for run in every if run.daemons == 2]
        for run in pairs:		# before there is anything to do, lest the first one does it all
            run.start()
        self.wait_until(lambda: all(run.is_shared() for run in pairs), 60, "pairs to share the partitions")
        for seed, runs in share:
            maker = events.Crowd(seed, NOW_US, people=10)
            everything = maker.make(EVENTS) + maker.regular(1, 70, "standard") + maker.regular(2, 70, "tender")
            everything += maker.copies(everything, 0.12)
            for run in runs:
                run.produce(everything, seed)
        for run in every:
            if run.daemons == 1:
                run.start()
        self.wait_until(lambda: all(self.ended(run.database) >= run.count for run in every), 120, "all to be applied")
        self.wait_until(lambda: all(self.ask("SELECT count(*) FROM phased.refold", run.database) == [(0,)] for run in every), 60,
                        "nobody to wait for a refold")
        for run in every:
            run.check()
        programs = [program for run in every for program in run.programs]
        for program in programs:
            program.signal(signal.SIGTERM)
        for program in programs:
            self.assertEqual(0, program.wait())
        return [(seed, runs, [run.dump() for run in runs]) for seed, runs in share]

    def test_quick_and_careful_one_lane_and_three_one_daemon_and_two_give_byte_equal_tables(self):
        plan = list(self.plan())
        rows, quick, copied, caught_up, processes, erased = {}, {"yes": 0, "no": 0}, 0, 0, {}, 0
        for start in range(0, len(plan), AT_ONCE):
            for seed, runs, dumps in self.play(plan[start:start + AT_ONCE]):
                for run, found in zip(runs[1:], dumps[1:]):
                    tables.assert_same(self, dumps[0], found, f"seed {seed}: {run.what}")
                for table, text in dumps[0].items():
                    rows[table] = rows.get(table, 0) + len(text.splitlines())
                for row in dumps[0]["phase"].splitlines():
                    process = row.split(",")[1]
                    processes[process] = processes.get(process, 0) + 1
                for run in runs:
                    quick[run.way.get("batch__quick", "no")] += run.batches("quick")
                    copied += run.copied()
                    erased += sum(metrics['phased_events_total{outcome="erased"}'] for metrics in run.metrics)
                    caught_up += sum(metrics["phased_refold_done_total"] for metrics in run.metrics)
                say(f"seed {seed}: {runs[0].count} messages, the same tables from: {'; '.join(run.what for run in runs[1:])}")
        self.assertEqual(5, len(processes), processes)
        self.assertGreater(min(processes.values()), 3 * len(plan), "each process has contacts to compare")
        say(f"rows compared: {rows}; contacts in {processes}; {erased:.0f} refused as erased; quick batches: {quick}; daemons that used COPY: {copied}")
        for table, count in rows.items():
            if table.startswith("opportunity"):		# opportunity_test.py plays these
                continue
            least = 1 if table == "checkpoint" else 3
            self.assertGreater(count, least * len(plan), f"table {table} has rows to compare")
        self.assertGreater(erased, len(plan), "what was withdrawn came after the withdrawal")
        self.assertGreater(caught_up, len(plan), "contacts waited for their refold")
        self.assertEqual(0, quick["no"])
        if any("batch__quick" in run.way for _, runs in plan for run in runs):
            self.assertGreater(quick["yes"], len(plan), "the quick way was hardly taken")
            self.assertGreater(copied, 0, "nothing went by COPY")


if __name__ == "__main__":
    phased_test.main()
