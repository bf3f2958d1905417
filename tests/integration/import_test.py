#!/usr/bin/python3
"""phasectl import through the whole: a table becomes touches, once, however often it is sent."""
# run: timeout=420
import json
import os
import re
import subprocess

import phased_test
from daemon_test import DaemonTest

PROGRESS = re.compile(r"^phasectl: import: \d+ %, .*\n", re.M)		# where it takes long
TITLES = "email;date;name;title;company;cost;currency;campaign;consent\n"
KAREN = "karen.holm@nordlys.test;24.12.2025;Karen Holm;CFO;Nordlys;1.234,50;DKK;Boat show;granted\n"
PER = "per.aase@fjordkraft.test;24.12.2025;Per Aase;CEO;Fjordkraft;80,00;EUR;Boat show;\n"
ANE = "ane.lie@fjordkraft.test;25.12.2025;Ane Lie;;;;;Boat show;nej\n"


class Import(DaemonTest):
    def setUp(self):
        super().setUp()
        self.prepare()

    def import_file(self, text, *more, status=0, kind="fair"):
        path = self.path("people.csv")
        with open(path, "wb") as out:
            out.write(text if isinstance(text, bytes) else text.encode())
        done = self.run_phasectl(["import", path, "--kind", kind, "--json", *more])
        self.assertEqual((status, ""), (done.status, PROGRESS.sub("", done.err)), done)
        return json.loads(done.out)

    def on_topic(self):
        return subprocess.run(["kcat", "-C", "-q", "-b", os.environ["PHASED_KAFKA"], "-t", self.topics["crm"], "-o", "beginning", "-e"],
                              capture_output=True, check=True, timeout=60).stdout

    def test_a_table_sent_twice_counts_once(self):
        said = self.import_file(TITLES + KAREN + PER + ANE)
        self.assertEqual((3, 3, 0, 0), tuple(said[key] for key in ("touches", "delivered", "not_delivered", "refused")))
        self.start_phased()
        self.applied(3)
        touches = "SELECT u.at, u.stamped, s.source, s.channel, s.action, s.label, s.title, u.party FROM phased.touch u JOIN phased.subject s USING (subject_id) ORDER BY 1"
        before = self.psql(touches)
        self.assertEqual({("import", "5", "fair", "Boat show")}, {(row[2], row[3], row[5], row[6]) for row in before})
        # again, saved by another program and with one line more
        again = self.import_file((TITLES + PER + KAREN + ANE + KAREN.replace("24.12.", "26.12.")).replace("\n", "\r\n").encode("utf-16"))
        self.assertEqual(4, again["delivered"])
        self.applied(7)
        self.assertEqual({"applied": 4, "duplicate": 3}, self.outcomes())
        self.assertEqual(before, self.psql(touches)[:3])
        self.assertEqual("4", self.value("SELECT count(*) FROM phased.touch"))

    def test_without_consent_nothing_but_a_keyed_id_leaves(self):
        self.import_file(TITLES + KAREN + PER + ANE)
        sent = self.on_topic()
        for word in (b"karen.holm@nordlys.test", b"Karen Holm", b"CFO", b"Nordlys"):
            self.assertIn(word, sent)
        for word in (b"aase", b"Per ", b"Fjordkraft", b"CEO", b"Ane", b"lie@"):
            self.assertNotIn(word, sent)
        self.start_phased()
        self.applied(3)
        self.assertEqual([["karen.holm@nordlys.test"]], self.psql("SELECT value FROM phased.actor WHERE value IS NOT NULL"))
        self.assertEqual([["karen.holm@nordlys.test", "Karen Holm"]], self.psql("SELECT address, name FROM report.person"))
        # consent that comes later finds the touch that was kept under the id
        self.import_file(TITLES + PER.replace("24.12.", "27.12.").replace("show;", "show;yes"))
        self.applied(4)
        self.assertEqual([["2"]], self.psql("SELECT count(*) FROM report.person"))
        self.assertEqual([["2"]], self.psql("SELECT count(*) FROM phased.touch t JOIN phased.actor a USING (actor_id) WHERE a.value LIKE 'per.%'"))

    def test_it_is_evidence_of_nothing(self):
        self.import_file(TITLES + "".join(KAREN.replace("24.12.", f"{day}.12.") for day in range(10, 20)))
        self.start_phased()
        self.applied(10)
        rows = phased_test.json_lines(self.phasectl(["report", "phases", "--json"]))
        self.assertEqual([], [row for row in rows if row["touches"] > 0])

    def test_refused_lines_are_named_and_the_others_go_on(self):
        bad = [KAREN.replace("@", "@@"), PER.replace("24.12.", "31.02."), ANE.replace("nej", "perhaps")]
        said = self.import_file(TITLES + bad[0] + KAREN + bad[1] + PER + bad[2] + ANE, status=1)
        self.assertEqual(([2, 4, 6], 3, 3), ([one["line"] for one in said["refusals"]], said["refused"], said["delivered"]))
        self.start_phased()
        self.applied(3)
        self.assertEqual({"applied": 3}, self.outcomes())

    def test_a_dry_run_sends_nothing_and_says_the_same(self):
        dry = self.import_file(TITLES + KAREN + PER, "--dry-run")
        self.assertEqual(b"", self.on_topic())
        wet = self.import_file(TITLES + KAREN + PER)
        self.assertEqual((True, 0, False, 2), (dry.pop("dry_run"), dry.pop("delivered"), wet.pop("dry_run"), wet.pop("delivered")))
        self.assertEqual(dry, wet)

    def test_ids_of_a_site_are_its_own(self):
        text = "crm_id,date\nc-7,2025-12-24\n"
        self.import_file(text)
        self.import_file(text, "--site", "hubspot")
        self.import_file(text, kind="dinner")
        self.start_phased()
        self.applied(3)
        self.assertEqual({"applied": 3}, self.outcomes())
        self.assertEqual("2", self.value("SELECT count(DISTINCT actor_id) FROM phased.touch"))

    def test_where_kafka_is_away_it_says_so(self):
        path = self.write("people.csv", TITLES + KAREN)
        self.write_config(kafka__brokers="127.0.0.1:1")
        done = self.run_phasectl(["import", path, "--kind", "fair"])
        self.assertEqual((69, 1), (done.status, PROGRESS.sub("", done.err).count("\n")), done)
        self.assertNotIn("karen", done.err + done.out)

    def test_many_lines_in_memory_that_does_not_grow(self):
        peaks = []
        for count in (1000, 60000):
            path = self.write("people.csv", "crm_id,date,campaign\n" + "".join(f"c{n},2025-12-24,{'x' * 100}\n" for n in range(count)))
            status, out, peak = self.run_measured(["import", path, "--kind", "fair"], "/dev/null")
            self.assertEqual((0, f"{count} delivered, 0 not delivered"), (status, out.splitlines()[-1]))
            peaks.append(peak)
        # 60,000 lines are 8 MB, of which 16 bytes each are kept; on their way are at most 4 MB and librdkafka's own.
        self.assertLess(peaks[1], 64 * 1024, f"KiB; with 1000 lines {peaks[0]}")


if __name__ == "__main__":
    phased_test.main()
