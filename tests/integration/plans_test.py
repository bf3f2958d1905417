#!/usr/bin/python3
"""Every statement of the daemon goes to its rows by an index on its keys, whatever PostgreSQL believes about the tables."""
import glob
import os
import re
import subprocess

import phased_test

PLANS = os.path.join(phased_test.BUILD, "tests", "integration", "store_plans")
SQL = glob.glob(os.path.join(phased_test.ROOT, "core", "edge", "store_sql*.h"))
MONTHS = 24
# Rows as a daemon would leave them, :n contacts with 5 touches each; ids are what md5 gives.
FILL = """
INSERT INTO phased.subject SELECT n, 'test', 'acme', 1, '', 1, '', 'acme.test', '/' || n, '', '', '', '', '', '', 0, ''
    FROM generate_series(1, {n} / 20 + 1) AS n;
INSERT INTO phased.subject_rule SELECT 1, subject_id, 'standard', 'rule', 1, '', false, 0, 0 FROM phased.subject;
INSERT INTO phased.phase (contact_id, process, version, model_version, fold, counted, confirmed, activity, early, mid, late,
    reported, shown, fine, band) SELECT md5('c' || n)::uuid, 'standard', 1, 1, 'x', 1, 0, 0, 0, 0, 0, 0, 0, 0, 0
    FROM generate_series(1, {n}) AS n;
INSERT INTO phased.model_state SELECT m, 'standard', n, 's' || n, (n - 1) / 2 FROM generate_series(1, 1 + {n} / 100) AS m, generate_series(1, 7) AS n;
INSERT INTO phased.actor SELECT contact_id, 0, '', NULL FROM phased.phase;
INSERT INTO phased.touch SELECT contact_id, moment, n, moment, moment, 1 + n % ({n} / 20 + 1), 0, 1
    FROM phased.phase, LATERAL (SELECT n, now() - random() * {months} * interval '29 days' AS moment
    FROM generate_series(1, 5) AS n) AS t;
INSERT INTO phased.claim SELECT contact_id, md5(contact_id::text)::uuid, now(), 1, now(), 0 FROM phased.phase;
INSERT INTO phased.stretch SELECT weak, '-infinity', 'infinity', strong FROM phased.claim;
INSERT INTO phased.consent SELECT strong, 0, stamped, 1, weak, at, 1, 'test', '' FROM phased.claim;
INSERT INTO phased.declared SELECT strong, 1, 'test', stamped, 1, weak, at, 'Somebody' FROM phased.claim;
INSERT INTO phased.assertion SELECT least(strong, weak), greatest(strong, weak), stamped, 1, strong, at, 0, 0, 0 FROM phased.claim;
INSERT INTO phased.kin SELECT a, a, a, '-infinity' FROM phased.assertion UNION ALL SELECT b, a, a, at FROM phased.assertion;
INSERT INTO phased.contact (contact_id, may_write) SELECT strong, false FROM phased.claim;
INSERT INTO phased.phase_change SELECT contact_id, 'standard', now(), 0, 1, 1, now(), false FROM phased.phase;
INSERT INTO phased.checkpoint SELECT contact_id, 'standard', n, 1, now() + n * interval '1 hour', '\\x02', 0, NULL
    FROM phased.phase, generate_series(1, 3) AS n;
INSERT INTO phased.explanation SELECT contact_id, 'standard', 1, 1, now(), NULL, NULL, NULL, 0, '{{}}', '{{}}', '{{}}', '{{}}', '{{}}'
    FROM phased.phase;
INSERT INTO phased.history SELECT contact_id, 'standard', 1, now(), now(), '{{1}}', '{{1}}', '{{1}}' FROM phased.phase;
INSERT INTO phased.standing SELECT contact_id, 'standard', 2, false, now(), now(), now(), 2, NULL, NULL, '{{}}' FROM phased.phase;
INSERT INTO phased.refold (contact_id, from_at, anonymous) SELECT contact_id, now(), true FROM phased.phase;
INSERT INTO phased.erasure (actor_id, from_at, at, erased_at, positions) SELECT contact_id, '-infinity', now(), now(), '{{}}' FROM phased.phase LIMIT 1 + {n} / 100;
INSERT INTO phased.position SELECT 'g', 't', n, 1, 1, 'o', 1 FROM generate_series(1, 1 + {n} / 1000) AS n;
ANALYZE;
"""


# One browser may have any number of claims: those read of it come in the order of an index.
CLAIMS = {"claims": "claim_at", "claims_others": "claim_pkey", "claims_stated": "claim_pkey"}


class Plans(phased_test.PhasedTest):
    def setUp(self):
        super().setUp()
        self.fresh_database(model=False)
        self.write_config()
        self.psql(f"SELECT phased.touch_month((now() - n * interval '1 month')::date) FROM generate_series(0, {MONTHS}) AS n")

    def plans(self):
        script = subprocess.run([PLANS], capture_output=True, text=True, check=True).stdout
        lines = [row[0] if row else "" for row in self.psql(script)]
        found, name = {}, None
        for line in lines:
            if line.startswith("== "):
                name = line[3:]
                found[name] = []
            elif name:
                found[name].append(line)
        return found

    def expect_keys(self, what):
        found = self.plans()
        names = set()
        for path in SQL:
            with open(path) as text:
                names |= set(re.findall(r'\.name = "(\w+)",', text.read()))
        self.assertEqual(names - {"settle"}, set(found), "store_plans.c lists every statement")
        for name, lines in found.items():
            plan = f"{what}, {name}:\n" + "\n".join(lines)
            self.assertNotRegex(plan, r"Seq Scan|Join Filter|Materialize|Hash Join|Merge Join|Bitmap|Memoize")
            for i, line in enumerate(lines):
                if re.search(r"Index Scan using (model_in_force|review_pkey)", line):	# of one row
                    continue
                if re.search(r"Index Scan Backward using erasure_newest", line):	# the last row
                    self.assertEqual("save_raws", name, plan)
                    continue
                if re.search(r"Index (Only )?Scan using refold_queued", line):	# those that have waited longest
                    self.assertRegex(name, "^(pick|queue)", plan)
                elif re.search(r"Index (Only )?Scan", line) and name in ("purge_rejects", "erase_raws") and "rejected_noted" in line:	# the oldest, by their own index
                    self.assertRegex(line + lines[i + 1], r"rejected_noted.*Index Cond: \((noted_at <=? |\(noted_at >= \$1\) AND \(noted_at <= )", plan)
                elif re.search(r"Index (Only )?Scan", line):
                    # By what an array gave: a column of another row, or one of several keys.
                    self.assertRegex(lines[i + 1], r"Index Cond: .* = (\w+\.\w+|\$\d+|\(unnest\(|ANY \()|ROW\(weak, strong(, stamped, event_id)?\) >=? ROW\(", plan)
                if re.search(r"on claim\b", line) and name in CLAIMS:
                    self.assertRegex(line, CLAIMS[name], plan)

    def test_a_fresh_database(self):
        self.expect_keys("nothing there, nothing known")

    def test_hardly_anything_there(self):
        self.psql(FILL.format(n=3, months=MONTHS))
        self.expect_keys("three contacts")

    def test_200_000_touches_of_40_000_contacts(self):
        self.psql(FILL.format(n=40_000, months=MONTHS))
        self.assertEqual("200000", self.value("SELECT count(*) FROM phased.touch"))
        self.expect_keys("40,000 contacts")


if __name__ == "__main__":
    phased_test.main()
