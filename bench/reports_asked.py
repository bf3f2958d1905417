"""What bench/reports asks of schema report: of every view what is asked of one contact or account, and the overviews.

Rows are (view, name, statement). %(contact_id)s and %(account)s: of everybody in a sample; %(until)s: the end of the last day that the
generator knows. The overviews are those of `phasectl report`, of the board and of conf/grafana.
"""
# Beside these, every view that has a column contact_id or account is asked for one of them. A company's people are joined.
ONE = (
    ("contact_phase", "its people", "SELECT c.* FROM report.person p JOIN report.contact_phase c USING (contact_id) "
     "WHERE p.account = %(account)s"),
    ("journey", "its people", "SELECT j.* FROM report.person p CROSS JOIN LATERAL (SELECT * FROM report.journey j "
     "WHERE j.contact_id = p.contact_id) j WHERE p.account = %(account)s ORDER BY j.at"),
    ("time_in_phase", "its people", "SELECT t.* FROM report.person p JOIN report.time_in_phase t USING (contact_id) "
     "WHERE p.account = %(account)s"),
    ("movement", "its people", "SELECT m.* FROM report.person p JOIN report.movement m USING (contact_id) WHERE p.account = %(account)s"),
)
YEAR = "day > %(until)s::date - 365"
# By the moment, too: a week alone is no range of an index.
WEEK = ("week = date_trunc('week', %(until)s::timestamptz AT TIME ZONE 'UTC')::date AND "
        "at >= date_trunc('week', %(until)s::timestamptz AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'")
QUARTER = "day > %(until)s::date - 91"
OVERVIEW = (
    ("contact_phase", "by phase", "SELECT process, phase, count(*) FROM report.contact_phase GROUP BY 1, 2"),
    ("contact_phase", "the latest 50", "SELECT * FROM report.contact_phase WHERE process = 'standard' AND phase = 'late' "
     "ORDER BY late DESC LIMIT 50"),
    ("account_phase", "by phase", "SELECT process, phase, count(*) FROM report.account_phase GROUP BY 1, 2"),
    ("account_phase", "the latest 50", "SELECT * FROM report.account_phase WHERE process = 'standard' ORDER BY late DESC NULLS LAST "
     "LIMIT 50"),
    ("account_change", "this week", "SELECT * FROM report.account_change WHERE at >= date_trunc('week', %(until)s::timestamptz) "
     "ORDER BY at DESC LIMIT 50"),
    ("transition", "a quarter", f"SELECT * FROM report.transition WHERE {QUARTER} AND process = 'standard'"),
    ("transition", "a year by direction", f"SELECT date_trunc('week', day), direction, sum(contacts) FROM report.transition WHERE {YEAR} "
     "GROUP BY 1, 2"),
    ("phase_duration", "all", "SELECT * FROM report.phase_duration"),
    ("funnel", "now", "SELECT phase, contacts, accounts FROM report.funnel WHERE process = 'standard' AND "
     "day = (SELECT max(day) FROM report.funnel WHERE process = 'standard')"),
    ("funnel", "a quarter", f"SELECT * FROM report.funnel WHERE {QUARTER} AND process = 'standard'"),
    ("funnel", "a year", f"SELECT * FROM report.funnel WHERE {YEAR} AND process = 'standard'"),
    ("movement_week", "all", "SELECT * FROM report.movement_week"),
    ("movement", "this week by what", f"SELECT what, count(*) FROM report.movement WHERE {WEEK} GROUP BY 1"),
    ("movement", "this week, 50", f"SELECT * FROM report.movement WHERE {WEEK} ORDER BY at DESC LIMIT 50"),
    ("movement", "this week, 50, by week alone", "SELECT * FROM report.movement "
     "WHERE week = date_trunc('week', %(until)s::timestamptz AT TIME ZONE 'UTC')::date ORDER BY at DESC LIMIT 50"),
    ("trust", "a month", "SELECT * FROM report.trust WHERE day > %(until)s::date - 31"),
    ("trust", "a year by channel", f"SELECT date_trunc('week', day), channel, sum(events), sum(identified), sum(consented), sum(machine) "
     f"FROM report.trust WHERE {YEAR} GROUP BY 1, 2"),
    ("reject_reason", "all", "SELECT * FROM report.reject_reason"),
    ("lag", "all", "SELECT * FROM report.lag"),
    ("outcome_day", "a year", f"SELECT outcome, sum(events) FROM report.outcome_day WHERE {YEAR} GROUP BY 1"),
    ("consent_coverage", "a month", "SELECT * FROM report.consent_coverage WHERE day > %(until)s::date - 31"),
)
