"""Dumps what phased has derived from events, for comparing two databases byte by byte.

Left out is what may differ between two runs over the same events: when something was noticed, when which of equal copies
was received, positions, versions of rows, review times, arbiters that nobody sees, and offsets of rejected messages; and whether
what somebody withdrew was written and erased or refused when it came.
"""
import events

QUERIES = {
    "actor": "SELECT * FROM phased.actor",
    "claim": "SELECT * FROM phased.claim",
    "consent": "SELECT * FROM phased.consent",
    "declared": "SELECT * FROM phased.declared",
    "assertion": "SELECT * FROM phased.assertion",
    "kin": "SELECT * FROM phased.kin",
    "contact": "SELECT * FROM phased.contact",
    "stretch": "SELECT * FROM phased.stretch",
    "subject": "SELECT * FROM phased.subject",
    "subject_rule": "SELECT * FROM phased.subject_rule",
    "touch": "SELECT actor_id, stamped, event_id, received, at, subject_id, reasons, party FROM phased.touch",
    "thread_touch": "SELECT * FROM phased.thread_touch",
    "thread": "SELECT * FROM phased.thread",
    "cost": "SELECT * FROM phased.cost",
    "opportunity": "SELECT * FROM phased.opportunity",
    "opportunity_stage": "SELECT * FROM phased.opportunity_stage",
    "opportunity_contact": "SELECT * FROM phased.opportunity_contact",
    "phase": "SELECT contact_id, process, model_version, encode(fold, 'hex'), counted, confirmed, activity::text, early::text, "
             "mid::text, late::text, reported, shown, fine, band, quiet, since, last_at FROM phased.phase "
             "WHERE counted > 0 OR confirmed > 0 OR shown = 1",
    "phase_change": "SELECT contact_id, process, at, from_shown, to_shown, cause, from_since FROM phased.phase_change",
    "checkpoint": "SELECT contact_id, process, n, model_version, at, encode(fold, 'hex'), shown, since FROM phased.checkpoint",
    "outcome_day": "SELECT * FROM phased.outcome_day WHERE source <> '" + events.LEAVERS + "'",
    "outcome_day of leavers": "SELECT day, channel, outcome IN ('applied', 'duplicate', 'erased'), sum(n) FROM phased.outcome_day "
                              "WHERE source = '" + events.LEAVERS + "' GROUP BY 1, 2, 3",
    "rejected": "SELECT topic, reason, field, size, hash, source FROM phased.rejected",
}


def dump(test, database):
    """One text a table, rows sorted; of a database in which nobody waits to be refolded."""
    test.assertEqual("0", test.value("SELECT (SELECT count(*) FROM phased.refold) + (SELECT count(*) FROM phased.opportunity_due)", database))
    assert_sums(test, database)
    script = ["SET extra_float_digits = 3; SET TimeZone = 'UTC';"]
    for table, query in QUERIES.items():
        script += [f"SELECT '-- {table}';", f"{query};"]
    found = {}
    for row in test.psql("\n".join(script), database):
        if row[0] is not None and row[0].startswith("-- "):
            rows = found[row[0][3:]] = []
        else:
            rows.append(",".join("\\N" if value is None else value for value in row))
    return {table: "\n".join(sorted(found[table])) for table in QUERIES}


# What is summed up of changes as they are written, and the same of all that stands there; stays by the change before, not by what a change says.
SUMS = {
    "changes of a day": (
        "SELECT day, process, from_shown, to_shown, n FROM phased.change_sum",
        "SELECT (at AT TIME ZONE 'UTC')::date, process, from_shown, to_shown, count(*) FROM phased.phase_change GROUP BY 1, 2, 3, 4"),
    "stays": (
        "SELECT process, shown, hours, sum(n) FROM (SELECT process, shown, hours, n FROM phased.change_stay UNION ALL SELECT process, from_shown, "
        "hours, n FROM phased.change_added WHERE hours IS NOT NULL) s GROUP BY 1, 2, 3 HAVING sum(n) <> 0",
        "SELECT process, from_shown, hours, count(*) FROM (SELECT process, from_shown, phased.change_hours(from_shown, lag(at) OVER "
        "(PARTITION BY contact_id, process ORDER BY at), at) AS hours FROM phased.phase_change) s WHERE hours IS NOT NULL GROUP BY 1, 2, 3"),
}


def assert_sums(test, database=None):
    for what, (kept, counted) in SUMS.items():
        test.assertEqual(*(sorted(map(tuple, test.psql(f"SET TimeZone = 'UTC'; {query}", database))) for query in (counted, kept)), what)


def assert_same(test, first, second, what):
    unlike = [table for table in QUERIES if first[table] != second[table]]
    for table in unlike:
        ours, theirs = set(first[table].split("\n")), set(second[table].split("\n"))
        test.fail(f"{what}: {', '.join(unlike)} differ; table {table} in {len(ours ^ theirs)} rows; only in the first: "
                  f"{sorted(ours - theirs)[:3]}; only in the second: {sorted(theirs - ours)[:3]}")
