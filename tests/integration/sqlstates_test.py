#!/usr/bin/python3
# run: timeout=300
"""What becomes of each class of PostgreSQL's errors: tried again for ever, the culprit rejected, or the end of the daemon."""
import os
import re
import secrets
import subprocess
import time

import events
import phased_test
from daemon_faults_test import FaultTest
from daemon_test import NOW_US

SQLSTATES = os.path.join(phased_test.BUILD, "tests", "integration", "sqlstates")
# What the server's condition is called, and what we make of it.
EXPECTED = {
    "08000": ("retry", 69),		# connection_exception
    "08006": ("retry", 69),		# connection_failure
    "08P01": ("retry", 69),		# protocol_violation: a pooler that goes away
    "57014": ("retry", 69),		# query_canceled
    "57P01": ("retry", 69),		# admin_shutdown
    "57P02": ("retry", 69),		# crash_shutdown
    "57P03": ("retry", 69),		# cannot_connect_now
    "57P05": ("retry", 69),		# idle_session_timeout
    "53000": ("retry", 69),		# insufficient_resources
    "53100": ("retry", 69),		# disk_full
    "53200": ("retry", 69),		# out_of_memory
    "53300": ("retry", 69),		# too_many_connections
    "40000": ("retry", 69),		# transaction_rollback
    "40001": ("retry", 69),		# serialization_failure
    "40003": ("retry", 69),		# statement_completion_unknown
    "40P01": ("retry", 69),		# deadlock_detected
    "55P03": ("retry", 69),		# lock_not_available
    "25006": ("retry", 69),		# read_only_sql_transaction: a standby, until it is promoted
    "25P03": ("retry", 69),		# idle_in_transaction_session_timeout
    "58030": ("retry", 69),		# io_error
    "PH001": ("retry", 69),		# ours: a position has moved
    "22001": ("data", 65),		# string_data_right_truncation
    "22003": ("data", 65),		# numeric_value_out_of_range
    "22021": ("data", 65),		# character_not_in_repertoire
    "22P02": ("data", 65),		# invalid_text_representation
    "22P05": ("data", 65),		# untranslatable_character
    "23502": ("data", 65),		# not_null_violation
    "23503": ("data", 65),		# foreign_key_violation
    "23505": ("data", 65),		# unique_violation
    "23514": ("data", 65),		# check_violation
    "54000": ("data", 65),		# program_limit_exceeded: a row too large for an index
    "28000": ("fatal", 77),		# invalid_authorization_specification
    "28P01": ("fatal", 77),		# invalid_password
    "42501": ("fatal", 77),		# insufficient_privilege
    "42703": ("fatal", 65),		# undefined_column
    "42883": ("fatal", 65),		# undefined_function
    "42P01": ("fatal", 65),		# undefined_table
    "3F000": ("fatal", 65),		# invalid_schema_name
    "25P02": ("fatal", 70),		# in_failed_sql_transaction
    "XX000": ("fatal", 70),		# internal_error
    "P0001": ("fatal", 70),		# raise_exception
}
SECRET = "karen.holm@nordlys.test"
RAISE = f"""CREATE FUNCTION public.raise(code text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'about {SECRET}' USING ERRCODE = code, DETAIL = '{SECRET}', HINT = '{SECRET}'; END $$;
"""


class Classes(phased_test.PhasedTest):
    def test_each_sqlstate_is_what_it_should_be(self):
        self.new_database()
        self.psql(RAISE)
        done = subprocess.run([SQLSTATES, self.database, *EXPECTED], capture_output=True, text=True, timeout=60)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual([f"{code} {kind} {status}" for code, (kind, status) in EXPECTED.items()], done.stdout.splitlines())
        for line, code in zip(done.stderr.splitlines(), EXPECTED):
            self.assertIn(f"SQLSTATE {code}", line)
            if not code.startswith("42"):		# those name tables and columns, and no row
                self.assertNotIn(SECRET, line)


class Daemon(FaultTest):
    def start_with(self, code, times, condition="true"):
        """Touches are refused with this SQLSTATE, so many times; a sequence counts, since no rollback takes it back."""
        self.end_programs()
        self.name = f"t{secrets.token_hex(4)}"		# topics and a group of its own
        self.prepare(batch__events_min=50, batch__events_max=50, batch__lanes=1,	# the pauses are a lane's
                     kafka__session_ms=2000)		# of one that ended and is started again
        self.psql(f"""CREATE SEQUENCE public.refused; GRANT USAGE ON SEQUENCE public.refused TO PUBLIC;
            CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF {condition} AND nextval('public.refused') <= {times} THEN
                    RAISE EXCEPTION 'about {SECRET}' USING ERRCODE = '{code}';
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER refuse BEFORE INSERT ON phased.touch FOR EACH ROW EXECUTE FUNCTION public.refuse();""")
        sent = events.Maker(98, NOW_US).make(200)
        self.send(events.lines(sent))
        return sent, self.start_phased()

    def test_what_is_refused_for_now_is_tried_again_with_growing_pauses(self):
        for code in ("40001", "53100", "57014"):
            with self.subTest(code=code):
                sent, phased = self.start_with(code, 5)
                began = time.monotonic()
                self.expect_once(sent)
                # five pauses, each at least half of 50, 100, 200, 400, 800 ms
                self.assertGreater(time.monotonic() - began, 0.7)
                self.assertRegex(phased.log(), f"SQLSTATE {code} in [A-Z]+, trying again")
                self.assertNotIn(SECRET, phased.log())
                self.assertGreaterEqual(self.assert_conserved(phased)["phased_batches_redone_total"], 5)
                self.assertEqual(0, phased.stop())

    def test_what_is_refused_for_good_ends_the_daemon_and_nothing_is_lost(self):
        for code, status in (("42501", 77), ("42P01", 65), ("XX000", 70)):
            with self.subTest(code=code):
                sent, phased = self.start_with(code, 1)
                self.assertEqual(status, phased.wait(60))
                self.assertRegex(phased.log(), f"error: .*SQLSTATE {code}")
                self.assertEqual("0", self.value("SELECT count(*) FROM phased.rejected"))
                self.start_phased()		# mended
                self.expect_once(sent)

    def test_a_row_that_is_refused_is_found_by_halving_and_rejected_alone(self):
        for code in ("22003", "23514", "54000"):
            with self.subTest(code=code):
                sent, phased = self.start_with(code, 10**9, "(NEW.event_id & 63) = 7")
                self.wait_until(lambda: sum(self.outcomes().values()) >= 200, 60, "all to be decided")
                found = self.outcomes()
                self.assertEqual({"applied", "refused"}, set(found))
                self.assertEqual(str(found["applied"]), self.value("SELECT count(*) FROM phased.touch"))
                self.assertEqual("0", self.value("SELECT count(*) FROM phased.touch WHERE (event_id & 63) = 7"))
                self.assertEqual(str(found["refused"]), self.value("SELECT count(*) FROM phased.rejected WHERE reason = 'refused'"))
                self.assertLess(found["refused"], 20)
                self.assertTrue(re.search(rf"@\d+: refused \(.*SQLSTATE {code}.*kept in rejected", phased.log()), phased.tail())
                self.assert_conserved(phased)
                self.assertEqual(0, phased.stop())


if __name__ == "__main__":
    phased_test.main()
