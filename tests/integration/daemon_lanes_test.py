#!/usr/bin/python3
# run: timeout=300 sanitized
"""Two lanes: they work at the same time, and what befalls one does not hold up the other."""
import urllib.error
import urllib.request

import events
import phased_test
from daemon_faults_test import FaultTest
from daemon_test import NOW_US

SMALL = {"batch__events_min": 20, "batch__events_max": 40}


class Lanes(FaultTest):
    lanes = 2

    def begin(self, **overrides):
        """A daemon that has claimed its partitions: lane 0 has those of even numbers."""
        self.prepare(4, **overrides)
        self.maker = events.Maker(71, NOW_US)
        phased = self.start_phased()
        self.wait_log(phased, "partitions claimed")
        self.wait_log(phased, "postgres: connected, 2 lanes")
        return phased

    def give(self, count, partition):
        self.send(events.lines(self.maker.make(count)), partition=partition)

    def hold(self, *partitions):
        """Holds the positions of these partitions, so that no transaction of theirs gets on."""
        return self.session(f"BEGIN; SELECT FROM phased.position WHERE topic = '{self.topics['web']}' AND partition IN "
                            f"({', '.join(map(str, partitions))}) FOR UPDATE;")

    def waiting(self, lanes, deadline_s=20):
        """Waits until so many connections of the daemon wait for a lock at the same time. Their process ids."""
        waits = ("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'phased' AND "
                 "wait_event_type = 'Lock'")
        return self.wait_until(lambda: (lambda found: found if len(found) == lanes else None)(self.psql(waits)), deadline_s,
                               f"{lanes} lanes to wait for a lock")

    def expect(self, deadline_s=30, **outcomes):
        self.wait_until(lambda: self.outcomes() == outcomes, deadline_s, f"{outcomes}")

    def readiness(self, program):
        address = self.wait_log(program, r"http: listening on (\S+)").group(1)
        try:
            with urllib.request.urlopen(f"http://{address}/readyz", timeout=10) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.read().decode()

    def end(self, *programs):
        for program in programs:
            self.assert_conserved(program)
            self.assertEqual(0, program.stop())

    def test_both_work_at_the_same_time_and_one_that_waits_does_not_hold_up_the_other(self):
        phased = self.begin()
        holder = self.hold(0)
        self.give(100, 0)
        self.waiting(1)
        for _ in range(3):
            self.give(100, 1)
            self.give(100, 3)
        self.expect(applied=600)
        self.waiting(1)
        other = self.hold(1)
        self.give(100, 1)
        self.waiting(2)
        self.assertEqual(200, self.assert_conserved(phased)["phased_events_in_flight"])
        holder.kill()
        self.expect(applied=700)
        self.waiting(1)
        other.kill()
        self.expect(applied=800)
        self.end(phased)

    def test_one_that_waits_does_not_hold_up_the_other_also_about_the_same_people(self):
        phased = self.begin()
        _, _, walk = self.maker.session("shared")
        holder = self.hold(0)
        self.send(events.lines(walk), partition=0)
        self.waiting(1)
        more = self.maker.event("WEB", "PAGE_VIEW", NOW_US - 1000, {"anonymous_id": "shared"},
                                content={"url": "https://acme.test/pricing", "title": "A page"})
        self.send(events.lines([more]), partition=1)
        self.expect(8, applied=1)		# less than a lane waits for a lock
        holder.kill()
        self.expect(applied=1 + len(walk))
        self.end(phased)

    def test_a_dead_connection_of_one_leaves_the_other_going(self):
        role = f"{self.name}_lane"
        self.prepare(4)
        self.psql(f"CREATE ROLE {role} LOGIN IN ROLE phased_writer")
        self.addCleanup(self.psql, f"DROP ROLE IF EXISTS {role}", database=phased_test.server("PHASED_PG"))
        self.write_config(postgres__conninfo=f"{self.database} user={role}")
        self.maker = events.Maker(72, NOW_US)
        phased = self.start_phased()
        self.wait_log(phased, "partitions claimed")
        self.wait_until(lambda: self.readiness(phased) == "ready\n", 20, "both lanes")
        holder = self.hold(0)
        self.give(100, 0)
        (pid,), = self.waiting(1)
        self.psql(f"ALTER ROLE {role} CONNECTION LIMIT 1; SELECT pg_terminate_backend({pid})")		# and cannot come back
        self.wait_until(lambda: self.metrics(phased)["phased_lanes_up"] == 1, 20, "a lane to be missed")
        holder.kill()
        for partition in (0, 1, 2, 3):
            self.give(100, partition)
        self.expect(applied=200)
        values = self.assert_conserved(phased)
        self.assertEqual((2, 1), (values["phased_lanes"], values["phased_postgres_up"]))
        self.assertEqual("waiting for PostgreSQL (lane 0)\n", self.readiness(phased))
        self.psql(f"ALTER ROLE {role} CONNECTION LIMIT -1")
        self.expect(applied=500)
        self.wait_until(lambda: self.readiness(phased) == "ready\n", 20, "both lanes")
        self.assertEqual(0, self.metrics(phased)["phased_fenced_total"])
        self.end(phased)

    def test_partitions_are_claimed_by_whichever_lane_is_connected(self):
        role = f"{self.name}_lane"
        self.prepare(4)
        self.psql(f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 1 IN ROLE phased_writer")
        self.addCleanup(self.psql, f"DROP ROLE IF EXISTS {role}", database=phased_test.server("PHASED_PG"))
        self.write_config(postgres__conninfo=f"{self.database} user={role}")
        self.maker = events.Maker(73, NOW_US)
        for partition in (0, 1):
            self.give(100, partition)
        phased = self.start_phased()
        self.expect(applied=100)
        self.assertRegex(self.readiness(phased), r"waiting for PostgreSQL \(lane [01]\)\n")
        self.psql(f"ALTER ROLE {role} CONNECTION LIMIT -1")
        self.expect(applied=200)
        self.end(phased)

    def test_a_claim_that_one_wants_waits_for_the_transaction_of_the_other(self):
        phased = self.begin(**SMALL)
        self.give(200, 1)
        self.expect(applied=200)
        holder = self.session("BEGIN; LOCK TABLE phased.phase IN EXCLUSIVE MODE;")
        self.give(400, 0)
        self.waiting(1)		# its positions have moved on, in a transaction that is open
        self.psql(f"UPDATE phased.position SET next_offset = 100 WHERE topic = '{self.topics['web']}' AND partition = 1")
        self.give(1, 1)
        self.wait_log(phased, "position was set to 100 from outside, claiming anew")
        holder.kill()
        self.expect(applied=601, duplicate=100)
        self.assertEqual(2, phased.log().count("partitions claimed"))
        values = self.settled(phased)
        self.assertEqual(0, values["phased_fenced_total"], "a lane fenced the other")
        self.assertEqual(601, values['phased_events_total{outcome="applied"}'], "what was written was taken for handed back")
        self.end(phased)

    def test_partitions_are_handed_over_when_both_are_in_the_middle_of_something(self):
        first = self.begin(**SMALL)
        holder = self.hold(0, 1)
        for partition in range(4):
            self.give(200, partition)
        self.waiting(2)
        second = self.start_phased()
        self.wait_log(first, "partitions revoked", 30)
        holder.kill()
        self.expect(applied=800)
        self.wait_log(second, "partitions claimed")
        self.assertEqual(0, self.metrics(first)["phased_fenced_total"] + self.metrics(second)["phased_fenced_total"])
        self.assertEqual(0, self.metrics(first)["phased_postgres_failures_total"], "a transaction was cut off")
        self.end(first, second)


if __name__ == "__main__":
    phased_test.main()
