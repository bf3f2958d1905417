#!/usr/bin/python3
# run: timeout=900 alone
"""Two daemons in a group under load: stopped, killed, frozen past their session, joined and left by a third, in an order
that dice decide; each start in another way, while touches of long ago are deleted. What was sent is counted once, and the tables
are those of a daemon that nothing happens to, and that was sent nothing old."""
import random
import signal
import time

import events
import phased_test
import tables
from campaign import FIRST, LONG, CampaignTest, Load, say
from daemon_test import NOW_US

PARTITIONS = 6
MUCH = 3 if LONG else 1
A_SECOND = 400 // MUCH		# events come out of order: each batch folds whole histories anew, which must not grow with the campaign
FAULTS = {"term": 10 * MUCH, "kill": 20 * MUCH, "guest": 10 * MUCH, "zombie": 5 * MUCH}
SIZES = ((20, 120), (100, 1000), (500, 5000))		# batch.events_min, events_max
STOP_S = 10
OLD_US, OLD, KEPT_MONTHS = 1_060_000_000_000_000, 6000 * MUCH, 240		# of 2003, by the browsers that are there now, too


class Faults(CampaignTest):
    def start_member(self, name):
        """A daemon of the group, which works in a way of its own. The first has a lasting name in it, the others have none."""
        small, large = self.dice.choice(SIZES)
        config = self.write_config(
            f"{name}.{len(self.programs)}.yaml", postgres__conninfo=self.writer, kafka__session_ms=2000, kafka__instance_id="a" if name == "a" else None,
            postgres__reply_ms_max=4000, batch__events_min=small, batch__events_max=large, **self.dice.choice(self.every_way))
        return self.start_phased(config=config)

    def progress(self):
        before = self.ended()
        self.wait_until(lambda: self.ended() > before, 60, "something to be applied")

    def assigned(self, program):
        return int(self.metrics(program)["phased_assigned_partitions"])

    def at_work(self, seat):
        """Waits until the daemon has partitions and has written something. Returns it."""
        program = self.members[seat]
        self.wait_until(lambda: self.batches(program) > 0, 60, f"{program} to be at work")
        return program

    def batches(self, program):
        return sum(value for name, value in self.metrics(program).items() if name.startswith("phased_batches_total{"))

    def has_all(self, program):
        self.wait_until(lambda: self.assigned(program) == PARTITIONS, 60, f"{program} to have all partitions")

    def has_some(self, program):
        self.wait_until(lambda: self.assigned(program) > 0, 60, f"{program} to have partitions")

    def moment(self):
        time.sleep(self.dice.random() * 0.2)		# so that it hits any moment of a batch

    def are_old(self):
        return int(self.value("SELECT count(*) FROM phased.touch WHERE at < '2004-01-01'"))

    def give_what_is_old(self):
        """By another topic and group, and not counted, so that once it is deleted it is as if it had never come."""
        maker = events.Maker(FIRST, NOW_US)
        old = [{**maker.event("WEB", "PAGE_VIEW", OLD_US - i * 1_800_000_000, {"anonymous_id": f"c{i % 200}"},
                              content={"url": f"https://acme.test{events.PAGES[i % len(events.PAGES)]}", "title": "A page"}), "id": f"old{i}"}
               for i in range(OLD)]
        config = self.write_config("old.yaml", kafka__group=f"{self.name}_old", kafka__topics={
            channel: name if channel == "chat" else "" for channel, name in self.topics.items()})
        self.phasectl(["produce", "--topic", self.topics["chat"]], input=events.lines(old))
        phased = self.start_phased(config=config)
        self.wait_until(lambda: self.are_old() == OLD, 120, "what is old to be written")
        self.nobody_waits()
        self.settled(phased)
        self.assertEqual(0, phased.stop())
        self.psql("DELETE FROM phased.outcome_day; DELETE FROM phased.position")

    # --- what happens ---

    def term(self, seat):
        program, begun = self.at_work(seat), time.monotonic()
        self.moment()
        self.assertEqual(0, program.stop())
        self.assertLess(time.monotonic() - begun, STOP_S)
        self.members[seat] = self.start_member(seat)

    def kill(self, seat):
        program = self.at_work(seat)
        self.moment()
        program.kill()
        self.members[seat] = self.start_member(seat)

    def guest(self, seat):
        guest = self.start_member("guest")
        self.has_some(guest)
        self.progress()
        self.moment()
        self.assertEqual(0, guest.stop())

    def zombie(self, seat):
        zombie, other = self.at_work(seat), self.members["b" if seat == "a" else "a"]
        self.has_some(zombie)
        self.moment()
        zombie.signal(signal.SIGSTOP)
        self.has_all(other)
        self.progress()
        zombie.signal(signal.SIGCONT)		# it has messages, perhaps a transaction, and an epoch of the past
        self.wait_until(lambda: self.assigned(other) < PARTITIONS, 60, "the zombie to be a member again")
        self.has_some(zombie)

    def test_what_is_sent_is_counted_once_whatever_happens_to_two_daemons(self):
        self.prepare(PARTITIONS)
        self.give_what_is_old()
        settings = self.settings
        self.settings = lambda: settings() | {"retention": {"touch_months": KEPT_MONTHS}, "kafka": settings()["kafka"] | {"topics": {
            channel: name if channel == "web" else "" for channel, name in self.topics.items()}}}
        self.every_way, self.writer = self.ways(), self.login()
        self.dice = random.Random(FIRST)
        maker = events.Maker(FIRST, NOW_US, people=200)
        todo = maker.make(100_000 * MUCH)
        todo += maker.copies(todo, 0.05)
        self.dice.shuffle(todo)
        load = Load(todo, A_SECOND, self.topics["web"], PARTITIONS)
        load.start()
        self.members = {seat: self.start_member(seat) for seat in ("a", "b")}
        order = [what for what, count in FAULTS.items() for _ in range(count)]
        self.dice.shuffle(order)
        seconds, beside = {}, 0
        for number, what in enumerate(order):
            if self.are_old():
                beside = number + 1
            begun = time.monotonic()
            getattr(self, what)(self.dice.choice("ab"))
            seconds.setdefault(what, []).append(time.monotonic() - begun)
        say("; ".join(f"{len(times)} × {what}: {sum(times):.1f} s" for what, times in seconds.items()))
        say(f"{OLD} old touches were deleted during {beside} of {len(order)}")
        self.assertGreater(beside, 0, "nothing was deleted beside")
        sent = load.finish(self)
        self.wait_until(lambda: self.are_old() == 0, 60, "what is old to go")
        self.expect_once(sent)
        self.nobody_waits()
        self.assert_at_end(load.producer.ends, self.name)
        for program in self.members.values():
            self.settled(program)
            self.assertEqual(0, program.stop())
        self.assertEqual("0", self.value("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"),
                         "locks were taken out of order")
        say(f"{len(sent)} messages")
        tables.assert_same(self, self.reference(sent), tables.dump(self, self.database), "after all that")
        say("tables are the same")


if __name__ == "__main__":
    phased_test.main()
