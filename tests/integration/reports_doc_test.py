"""docs/reports.md says what the comments in the database say, view by view, and every example in it runs. PHASED_UPDATE=1 writes it anew."""
# run: sanitized
import os
import re

import phased_test

DOC = os.path.join(phased_test.ROOT, "docs", "reports.md")
CONTACT = "'0b6c2f0e-8a51-4c1d-9a6e-3f2f0d1c7b11'"
WEEK = "date_trunc('week', now())"

# What people ask, the views that answer it, and how each is asked; then what these rest on.
SECTIONS = (
    ("Who is where, since when, how sure, active or quiet?", (
        ("contact_phase", "SELECT contact_id, phase, fine, since, confidence FROM report.contact_phase WHERE process = 'standard' AND phase = 'late' "
                          "AND NOT quiet ORDER BY late DESC LIMIT 20"),
        ("person_phase", "SELECT name, address, role, phase, since, confidence FROM report.person_phase WHERE account = 'nordlys.test' ORDER BY role"),
        ("account_phase", "SELECT account, phase, since, confidence, members, active FROM report.account_phase WHERE process = 'standard' "
                          "AND phase IN ('mid', 'late') ORDER BY late DESC LIMIT 20"))),
    ("Why?", (
        ("why", f"SELECT day, rule, content, touches, effect FROM report.why WHERE contact_id = {CONTACT} AND process = 'standard' ORDER BY line"),)),
    ("Who belongs to the account's committee: who is where, who lags, who is silent, who is missing?", (
        ("committee", "SELECT role, contact_id, phase, quiet, laggard, missing FROM report.committee WHERE account = 'nordlys.test' "
                      "AND process = 'standard' ORDER BY weight DESC NULLS LAST"),
        ("account_change", "SELECT at, from_phase, to_phase, cause FROM report.account_change WHERE account = 'nordlys.test' ORDER BY at"))),
    ("What did somebody do, across channels, and which phase did it fall in?", (
        ("journey", f"SELECT at, channel, action, rule, content, page, phase FROM report.journey WHERE contact_id = {CONTACT} AND NOT machine ORDER BY at"),
        ("history", f"SELECT day, phase, early, mid, late FROM report.history WHERE contact_id = {CONTACT} AND process = 'standard' ORDER BY day"))),
    ("What moves: forward, back, skipped; how long does a phase take; who moved, who is stuck, this week?", (
        ("transition", "SELECT date_trunc('month', day) AS month, direction, sum(contacts) FROM report.transition WHERE process = 'standard' "
                       "GROUP BY 1, 2 ORDER BY 1, 2"),
        ("phase_change", f"SELECT at, from_phase, to_phase, cause FROM report.phase_change WHERE contact_id = {CONTACT} ORDER BY at"),
        ("time_in_phase", f"SELECT phase, since, until, days FROM report.time_in_phase WHERE contact_id = {CONTACT} ORDER BY since"),
        ("phase_duration", "SELECT phase, stays, days_median FROM report.phase_duration WHERE process = 'standard'"),
        ("movement", f"SELECT contact_id, what, from_phase, to_phase, at, reason FROM report.movement WHERE week >= {WEEK} ORDER BY at DESC"),
        ("movement_week", "SELECT week, what, contacts FROM report.movement_week WHERE process = 'standard' AND week >= now() - interval '8 weeks' "
                          "ORDER BY week, what"),
        ("funnel", "SELECT day, phase, contacts, accounts FROM report.funnel WHERE process = 'standard' AND day >= now() - interval '90 days' "
                   "ORDER BY day, phase"))),
    ("How far can the figures be trusted: who consents, who is known, what machines did, what was rejected, how late is it?", (
        ("trust", "SELECT channel, sum(machine)::float / nullif(sum(applied), 0) AS machine, sum(consented)::float / nullif(sum(events - duplicates), 0) "
                  "AS consented FROM report.trust WHERE day >= now() - interval '30 days' GROUP BY channel"),
        ("consent_coverage", "SELECT day, sum(granted) AS granted, sum(denied) AS denied, sum(unknown) AS unknown FROM report.consent_coverage GROUP BY day "
                             "ORDER BY day"),
        ("reject_reason", "SELECT reason, n, newest FROM report.reject_reason ORDER BY n DESC"),
        ("outcome_day", "SELECT day, outcome, sum(events) FROM report.outcome_day GROUP BY day, outcome ORDER BY day, outcome"),
        ("machine_flag", "SELECT day, reason, count(*) FROM report.machine_flag WHERE stamped >= now() - interval '7 days' GROUP BY 1, 2 ORDER BY 1, 2"),
        ("lag", "SELECT topic, messages, seconds FROM report.lag"))),
)
REST = "What these rest on"
HEAD = """# Reports: what PostgreSQL answers

Schema `report` is what people, `phasectl` and BI tools read: views with stable columns. All times are UTC; a week is named by its Monday. Phases are
words: early, mid, late; none: in no buying process; unknown: not enough evidence. `phased_reader` reads pseudonyms (`contact_id`) and never a name or an address; a
view with names is for `phased_seller` and `phased_privacy`. Views about one contact or account are meant to be asked for one: they find its rows by an index.
Views with the column `as_of` are written some time after the events by a chore of the daemons, all others are as of now.

This page is made from the comments in the database (`PHASED_UPDATE=1 tests/run.py --build build integration/reports_doc_test`); a test compares the two.
"""
GROUPS = {"phased_reader": "readers", "phased_seller": "sellers", "phased_privacy": "privacy", "phased_monitor": "monitor"}


def cell(text):
    return text.replace("|", "\\|")


class ReportsDoc(phased_test.PhasedTest):
    def setUp(self):
        super().setUp()
        self.fresh_database(model=False)

    def view(self, name, example):
        comment = self.value(f"SELECT obj_description('report.{name}'::regclass)")
        may = [word for role, word in GROUPS.items() if self.value(f"SELECT has_table_privilege('{role}', 'report.{name}', 'SELECT')") == "t"]
        lines = [f"### `report.{name}`", "", comment, "", f"Read by: {', '.join(may)}.", "", "| column | type | |", "|---|---|---|"]
        for column, kind, said in self.psql(
                "SELECT attname, format_type(atttypid, NULL), col_description(attrelid, attnum) FROM pg_attribute "
                f"WHERE attrelid = 'report.{name}'::regclass AND attnum > 0 ORDER BY attnum"):
            said = re.sub(r" ?pii:\w+$", "", said or "")
            lines.append(f"| `{column}` | {kind.replace('timestamp with time zone', 'timestamptz')} | {cell(said)} |")
        if example:
            lines += ["", "```sql", f"{example};", "```"]
        return lines + [""]

    def names(self):
        return [row[0] for row in self.psql("SELECT relname FROM pg_class WHERE relnamespace = 'report'::regnamespace AND relkind = 'v' ORDER BY relname")]

    def text(self):
        lines = HEAD.split("\n")
        named = []
        for question, views in SECTIONS:
            lines += [f"## {question}", ""]
            for name, example in views:
                named.append(name)
                lines += self.view(name, example)
        lines += [f"## {REST}", ""]
        for name in self.names():
            if name not in named:
                lines += self.view(name, None)
        return "\n".join(lines)

    def test_the_page_says_what_the_comments_say(self):
        text = self.text()
        if os.environ.get("PHASED_UPDATE"):
            with open(DOC, "w", encoding="utf-8") as file:
                file.write(text)
        with open(DOC, encoding="utf-8") as file:
            self.assertEqual(text, file.read(), "PHASED_UPDATE=1 writes it anew")

    def test_every_view_and_column_has_its_words(self):
        self.assertEqual([], self.psql(
            "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 WHERE c.relnamespace = "
            "'report'::regnamespace AND c.relkind = 'v' AND coalesce(regexp_replace(col_description(c.oid, a.attnum), ' ?pii:\\w+$', ''), '') = '' "
            "ORDER BY 1, 2"))

    def test_every_example_runs_for_whom_it_is_meant(self):
        for _, views in SECTIONS:
            for name, example in views:
                role = "phased_reader" if self.value(f"SELECT has_table_privilege('phased_reader', 'report.{name}', 'SELECT')") == "t" else "phased_seller"
                self.assertIn(f"report.{name}", example)
                self.psql(f"SET ROLE {role}; {example}")


if __name__ == "__main__":
    phased_test.main()
