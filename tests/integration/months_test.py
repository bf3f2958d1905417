#!/usr/bin/python3
"""phased.touch_month(): partitions of table touch by month, made while batches read and write."""
import subprocess

import phased_test

ROW = "(actor_id, stamped, event_id, received, at, subject_id, reasons, party) SELECT md5('{}')::uuid, {}, 1, now(), now(), 1, 0, 1"
MONTH = "(now() AT TIME ZONE 'UTC')::date"


class Months(phased_test.PhasedTest):
    def setUp(self):
        super().setUp()
        self.fresh_database(model=False)
        self.write_config()

    def partitions(self):
        return self.psql("SELECT relname, pg_get_userbyid(relowner) FROM pg_class WHERE relname ~ '^touch_' AND relkind = 'r' "
                         "AND relispartition AND relname <> 'touch_default' ORDER BY 1")

    def in_background(self, sql):
        child = subprocess.Popen(["psql", "-X", "-q", "-t", "-A", "-d", self.database, "-c", sql], stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True)
        self.addCleanup(lambda: (child.kill(), child.communicate()))
        return child

    def waits(self):
        self.wait_until(lambda: self.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                                           "wait_event_type = 'Lock'") == "1", 20, "somebody to wait for a lock")

    def test_impossible_months_are_not_made(self):
        for month in ("1999-12-31", "0044-03-15 BC", "2100-01-01", "infinity"):
            self.assertEqual("f", self.value(f"SELECT phased.touch_month('{month}')"), month)
        self.assertEqual([], self.partitions())
        self.psql("INSERT INTO phased.touch " + ROW.format("a", "'1970-01-01'"))
        self.assertEqual("1", self.value("SELECT count(*) FROM phased.touch_default"))

    def test_months_from_2000_to_two_ahead_are_the_owners(self):
        for month in ("'2000-01-31'", MONTH, f"({MONTH} + interval '1 month')::date"):
            self.assertEqual("t", self.value(f"SELECT phased.touch_month({month})"), month)
            self.assertEqual("t", self.value(f"SELECT phased.touch_month({month})"), month)
        self.assertEqual(["touch_2000_01", "phased_owner"], self.partitions()[0])
        self.assertEqual(3, len(self.partitions()))

    def test_rows_of_the_month_move_out_of_the_default_partition(self):
        self.psql("INSERT INTO phased.touch " + ROW.format("a", "'2020-05-31 23:59:59.999999+00'") + ";"
                  "INSERT INTO phased.touch " + ROW.format("b", "'2020-06-01 00:00:00+00'") + ";"
                  "SET TimeZone = 'Pacific/Auckland'; SELECT phased.touch_month('2020-05-01')")
        self.assertEqual([["touch_2020_05"], ["touch_default"]],
                         self.psql("SELECT tableoid::regclass::text FROM phased.touch ORDER BY stamped".replace(
                             "tableoid::regclass::text", "replace(tableoid::regclass::text, 'phased.', '')")))

    def test_two_at_once_make_it_once(self):
        first = self.session("BEGIN; SELECT phased.touch_month('2020-05-01');")
        second = self.in_background("SELECT phased.touch_month('2020-05-01')")
        self.waits()
        first.stdin.write("COMMIT;\n")
        first.stdin.flush()
        self.assertEqual("t\n", second.communicate(timeout=20)[0])
        self.assertEqual(1, len(self.partitions()))

    def test_a_batch_that_has_read_may_still_write_a_row_that_is_to_move(self):
        self.psql("INSERT INTO phased.touch " + ROW.format("a", "'2020-05-05'"))
        batch = self.session("BEGIN; SELECT count(*) FROM phased.touch;")
        month = self.in_background("SELECT phased.touch_month('2020-05-01')")
        self.waits()
        batch.stdin.write("UPDATE phased.touch SET party = 2; COMMIT;\n\\echo written\n")
        batch.stdin.flush()
        self.assertEqual("t\n", month.communicate(timeout=20)[0])
        self.assertEqual([["2", "phased.touch_2020_05"]], self.psql("SELECT party, tableoid::regclass FROM phased.touch"))


if __name__ == "__main__":
    phased_test.main()
