#!/usr/bin/python3
# run: timeout=300
"""Whose touches are whose: the stories of tests/identity and tests/flow/attribution.txt, told to the daemon in several orders."""
import random
import subprocess

import events
import phased_test
import stories
from daemon_test import DaemonTest

PARTITIONS = 4
SHUFFLED = 6			# tellings of each story in a shuffled order, besides the given one and backwards
ORDERS = ("as given", "backwards") + ("shuffled",) * SHUFFLED


class Stories(DaemonTest):
    def tell(self, told, **overrides):
        """Each story in each order, from an empty database on. Returns the tellings."""
        self.prepare(PARTITIONS, **overrides)
        with open(self.path("identity.key"), "rb") as key:
            secret = key.read().strip()
        chance = random.Random(8)
        tellings = [stories.Telling(story, f"s{i}v{j}", secret, chance, order)
                    for i, story in enumerate(told) for j, order in enumerate(ORDERS)]
        # By turns, so that a batch has little of each; the order of one telling is that of its partition.
        for partition in range(PARTITIONS):
            share = tellings[partition::PARTITIONS]
            turns = max(len(telling.events) for telling in share)
            self.send(events.lines(telling.events[i] for i in range(turns) for telling in share if i < len(telling.events)),
                      partition=partition)
        phased = self.start_phased()
        self.applied(sum(len(telling.events) for telling in tellings), 120)
        self.nobody_waits()
        self.assertEqual(0, phased.stop())
        return tellings

    def contacts(self):
        """Whose each touch is, by its event's number: contact, or None where it is in no report."""
        # A weak actor of whom nobody claims anything is a contact of its own.
        return {int(event) % 2 ** 64: contact for event, contact in self.psql(
            "SELECT t.event_id, coalesce(s.contact_id, CASE WHEN a.kind < 3 THEN a.actor_id END) FROM phased.touch t JOIN phased.actor a "
            "USING (actor_id) LEFT JOIN phased.stretch s ON s.actor_id = t.actor_id AND t.at >= s.from_at AND t.at < s.to_at")}

    def phases(self):
        """What was worked out of each contact."""
        found = {}
        for contact, *row in self.psql("SELECT contact_id, process, counted, activity, early, mid, late, shown, since, last_at FROM phased.phase "
                                       "WHERE counted > 0 ORDER BY 1, 2"):
            found.setdefault(contact, []).append(row)
        return found

    def check(self, tellings):
        contacts, phases = self.contacts(), self.phases()
        known = {contact for contact, in self.psql("SELECT contact_id FROM phased.contact WHERE name IS NOT NULL OR address IS NOT NULL")}
        written_to = {contact for contact, in self.psql("SELECT contact_id FROM phased.contact WHERE may_write")}
        everything = subprocess.run(["pg_dump", "--data-only", self.database], capture_output=True, text=True, check=True).stdout
        wrong, checked, firsts = [], 0, {}
        for telling in tellings:
            for number, line, contact in telling.expected():
                checked += 1
                found = contacts.get(number, stories.GONE)
                if found != contact:
                    found = found if found == stories.GONE else telling.name_of(found) if found else stories.HIDDEN
                    wrong.append(f"{line.place}: {telling.tag}: is to be {line.whose}, and is {found}")
            for place, name, end in telling.story.ends:
                checked += 1
                if (telling.person(name) in (written_to if "written" in end else known)) != (end in ("is known", "may be written to")):
                    wrong.append(f"{place}: {telling.tag}: {name} {end}, and it is not so")
                for text in (telling.address(name), f"{name} of {telling.tag}") if end == "is unknown" else ():
                    if text and text in everything:
                        wrong.append(f"{place}: {telling.tag}: {name} is to be unknown, and is somewhere in the database")
            # The same in any order, down to what was worked out.
            ours = sorted((telling.name_of(contact), rows) for contact, rows in phases.items() if contact in self.contacts_of(telling, contacts))
            if firsts.setdefault(telling.story, ours) != ours:
                wrong.append(f"{telling.story.place}: {telling.tag}: {telling.story.title}: phases are {ours}, and were {firsts[telling.story]}")
        self.assertEqual([], wrong[:10], f"{len(wrong)} of {checked}")
        self.assertGreater(sum(bool(rows) for rows in firsts.values()), 40)		# or there was nothing to compare
        return checked

    def contacts_of(self, telling, contacts):
        return {contacts.get(telling.event_number(one)) for one in telling.ids.values()}

    def readable(self):
        """Those that a daemon can be told: two events of one number are copies of one, of which one must be said to be sent again."""
        told = []
        for story in stories.read(stories.files()):
            first = [line.number for line in story.lines if not line.again]
            if len(first) == len(set(first)):
                told.append(story)
        self.assertGreater(len(told), 40)
        return told

    def test_stories_are_the_same_in_any_order_by_batches_that_have_little_of_each(self):
        told = self.readable()
        checked = self.check(self.tell(told, batch__events_max=60, batch__events_min=1))
        self.assertGreater(checked, 200 * len(ORDERS))

    def test_stories_are_the_same_in_one_large_batch(self):
        self.check(self.tell(self.readable()))


if __name__ == "__main__":
    phased_test.main()
