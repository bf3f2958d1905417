/*
 * The table of reports: a list of columns and a statement each.
 *
 * A list is written once: X(KIND, column, title, min, max, rank) gives the column, and its place in the SELECT
 * (report_sql.h). A test holds it against the view.
 */
#include "core/base/check.h"
#include "ctl/report_ask.h"
#include "ctl/report_sql.h"

#define REPORT(LIST) .columns = LIST##_columns, .column_count = COUNT_OF(LIST##_columns)

/* ---- accounts ---- */

#define LATE_FIRST "array_position(ARRAY['late', 'mid', 'early', 'none', 'unknown'], v.phase)"
#define BY_ACCOUNT "($1 IS NULL OR v.account = $1)"

#define ACCOUNTS(X) \
	X(TEXT, account, "ACCOUNT", 12, 32, 0) \
	X(TEXT, process, "PROCESS", 8, 12, 6) \
	X(PHASE, phase, "PHASE", 7, 7, 0) \
	X(TEXT, fine, "FINE", 4, 11, 5) \
	X(AGO, since, "SINCE", 6, 6, 4) \
	X(BAR, early, "EARLY▸MID▸LATE", 15, 15, 0) \
	X(SHARE, mid, HIDDEN) \
	X(SHARE, late, HIDDEN) \
	X(TEXT, confidence, "SURE", 6, 6, 2) \
	X(NUMBER, activity, "ACTIVITY", 8, 8, 3) \
	X(FLAG, quiet, HIDDEN) \
	X(COUNT, touches, "TOUCHES", 7, 7, 10) \
	X(AGO, last_touch, "LAST", 6, 6, 7) \
	X(TEXT, model, HIDDEN) \
	X(COUNT, members, "PEOPLE", 6, 6, 0) \
	X(COUNT, active, "ACTIVE", 6, 6, 0) \
	X(SHARE, consensus, "AGREE", 5, 5, 0) \
	X(SHARE, coverage, "COVER", 5, 5, 8) \
	X(WORDS, missing, "MISSING", 12, 30, 9) \
	X(COUNT, silent, "SILENT", 6, 6, 11) \
	X(COUNT, laggards, "BEHIND", 6, 6, 12) \
	X(MOMENT, as_of, HIDDEN)
static const struct report_column ACCOUNTS_columns[] = {ACCOUNTS(COLUMN)};

/* ---- committee ---- */

#define COMMITTEE(X) \
	X(TEXT, account, "ACCOUNT", 12, 32, 8) \
	X(TEXT, process, "PROCESS", 8, 12, 6) \
	X(CONTACT, contact_id, "CONTACT", 22, 44, 0) \
	X(TEXT, role, "ROLE", 11, 16, 0) \
	X(PHASE, phase, "PHASE", 7, 7, 0) \
	X(TEXT, fine, "FINE", 4, 11, 4) \
	X(AGO, since, "SINCE", 6, 6, 3) \
	X(BAR, early, "EARLY▸MID▸LATE", 15, 15, 0) \
	X(SHARE, mid, HIDDEN) \
	X(SHARE, late, HIDDEN) \
	X(TEXT, confidence, "SURE", 6, 6, 2) \
	X(NUMBER, activity, "ACTIVITY", 8, 8, 2) \
	X(FLAG, quiet, "QUIET", 5, 5, 1) \
	X(COUNT, touches, "TOUCHES", 7, 7, 10) \
	X(AGO, last_touch, "LAST", 6, 6, 7) \
	X(NUMBER, weight, "WEIGHT", 6, 6, 9) \
	X(FLAG, laggard, "BEHIND", 6, 6, 11) \
	X(FLAG, missing, "MISSING", 7, 7, 1)
static const struct report_column COMMITTEE_columns[] = {COMMITTEE(COLUMN)};

/* ---- why ---- */

#define WHY(X) \
	X(CONTACT, contact_id, "CONTACT", 22, 44, 0) \
	X(TEXT, process, "PROCESS", 8, 12, 6) \
	X(PHASE, phase, "PHASE", 7, 7, 0) \
	X(COUNT, line, HIDDEN) \
	X(DAY, day, "DAY", 10, 10, 0) \
	X(TEXT, rule, "RULE", 8, 28, 0) \
	X(TEXT, content, "CONTENT", 12, 40, 4) \
	X(COUNT, touches, "TOUCHES", 7, 7, 3) \
	X(NUMBER, effect, "EFFECT", 7, 7, 0) \
	X(MOMENT, as_of, HIDDEN) \
	X(TEXT, model, HIDDEN)
#define WHY_REST " AND " BY_PROCESS " ORDER BY v.contact_id, v.process, v.line" LIMIT
static const struct report_column WHY_columns[] = {WHY(COLUMN)};

/* ---- history ---- */

#define HISTORY(X) \
	X(CONTACT, contact_id, "CONTACT", 22, 44, 0) \
	X(TEXT, process, "PROCESS", 8, 12, 6) \
	X(DAY, day, "DAY", 10, 10, 0) \
	X(PHASE, phase, "PHASE", 7, 7, 0) \
	X(BAR, early, "EARLY▸MID▸LATE", 15, 15, 0) \
	X(SHARE, mid, HIDDEN) \
	X(SHARE, late, HIDDEN) \
	X(MOMENT, as_of, HIDDEN) \
	X(TEXT, model, HIDDEN)
#define HISTORY_REST " AND " BY_PROCESS " AND " BY_DAY("day") " ORDER BY v.contact_id, v.process, v.day" LIMIT
static const struct report_column HISTORY_columns[] = {HISTORY(COLUMN)};

/* ---- journey ---- */

#define JOURNEY(X) \
	X(CONTACT, contact_id, "CONTACT", 22, 44, 7) \
	X(MOMENT, at, "AT", 16, 16, 0) \
	X(TEXT, channel, "CHANNEL", 7, 7, 0) \
	X(TEXT, action, "ACTION", 8, 18, 0) \
	X(TEXT, source, HIDDEN) \
	X(TEXT, site, HIDDEN) \
	X(TEXT, process, "PROCESS", 8, 12, 8) \
	X(TEXT, rule, "RULE", 8, 24, 6) \
	X(TEXT, content, "CONTENT", 12, 28, 4) \
	X(TEXT, label, "LABEL", 8, 24, 10) \
	X(TEXT, title, "TITLE", 16, 40, 11) \
	X(TEXT, page, "PAGE", 16, 44, 5) \
	X(TEXT, target, "TARGET", 8, 36, 14) \
	X(TEXT, topic, "TOPIC", 6, 20, 13) \
	X(TEXT, party, "PARTY", 6, 6, 12) \
	X(FLAG, machine, "MACHINE", 7, 7, 9) \
	X(PHASE, phase, "PHASE", 7, 7, 0) \
	X(BAR, early, "EARLY▸MID▸LATE", 15, 15, 3) \
	X(SHARE, mid, HIDDEN) \
	X(SHARE, late, HIDDEN) \
	X(TEXT, event, HIDDEN) \
	X(MOMENT, received, HIDDEN)
#define JOURNEY_REST " AND " BY_PROCESS " AND " BY_MOMENT("at") " ORDER BY v.at, v.contact_id, v.event" LIMIT
static const struct report_column JOURNEY_columns[] = {JOURNEY(COLUMN)};

/* ---- transitions ---- */

#define TRANSITIONS(X) \
	X(DAY, day, "DAY", 10, 10, 0) \
	X(TEXT, process, "PROCESS", 8, 12, 1) \
	X(PHASE, from_phase, "FROM", 7, 7, 0) \
	X(PHASE, to_phase, "TO", 7, 7, 0) \
	X(TEXT, direction, "DIRECTION", 9, 9, 0) \
	X(COUNT, contacts, "CONTACTS", 8, 10, 0)
static const struct report_column TRANSITIONS_columns[] = {TRANSITIONS(COLUMN)};

/* ---- time, durations ---- */

#define TIME(X) \
	X(CONTACT, contact_id, "CONTACT", 22, 44, 0) \
	X(TEXT, process, "PROCESS", 8, 12, 1) \
	X(PHASE, phase, "PHASE", 7, 7, 0) \
	X(MOMENT, since, "SINCE", 16, 16, 0) \
	X(MOMENT, until, "UNTIL", 16, 16, 2) \
	X(NUMBER, days, "DAYS", 6, 8, 0)
/* What had not ended by then. */
#define TIME_REST \
	" AND " BY_PROCESS " AND ($5 IS NULL OR coalesce(v.until, 'infinity') >= $5) " \
	"ORDER BY v.contact_id, v.process, v.since" LIMIT
static const struct report_column TIME_columns[] = {TIME(COLUMN)};

#define DURATIONS(X) \
	X(TEXT, process, "PROCESS", 8, 12, 0) \
	X(PHASE, phase, "PHASE", 7, 7, 0) \
	X(COUNT, stays, "STAYS", 8, 10, 0) \
	X(NUMBER, days_p25, "25 %", 7, 8, 0) \
	X(NUMBER, days_median, "MEDIAN", 7, 8, 0) \
	X(NUMBER, days_p75, "75 %", 7, 8, 0)
static const struct report_column DURATIONS_columns[] = {DURATIONS(COLUMN)};

/* ---- movement, funnel ---- */

#define MOVEMENT(X) \
	X(DAY, week, "WEEK", 10, 10, 0) \
	X(CONTACT, contact_id, "CONTACT", 20, 44, 0) \
	X(TEXT, process, "PROCESS", 8, 12, 2) \
	X(TEXT, what, "WHAT", 12, 12, 0) \
	X(PHASE, from_phase, "FROM", 7, 7, 0) \
	X(PHASE, to_phase, "TO", 7, 7, 0) \
	X(MOMENT, at, "AT", 16, 16, 1) \
	X(TEXT, reason, "REASON", 20, 44, 3)
/* By whole weeks. */
#define BY_WEEK \
	"($5 IS NULL OR v.week >= date_trunc('week', $5 AT TIME ZONE 'UTC')::date) AND ($6 IS NULL OR v.week < " \
	"($6 AT TIME ZONE 'UTC')::date)"
#define MOVEMENT_REST " AND " BY_WEEK " ORDER BY v.at DESC, v.what, v.contact_id, v.process" LIMIT
static const struct report_column MOVEMENT_columns[] = {MOVEMENT(COLUMN)};

#define FUNNEL(X) \
	X(DAY, day, "DAY", 10, 10, 0) \
	X(TEXT, process, "PROCESS", 8, 12, 0) \
	X(PHASE, phase, "PHASE", 7, 7, 0) \
	X(COUNT, contacts, "CONTACTS", 8, 10, 0) \
	X(COUNT, accounts, "ACCOUNTS", 8, 10, 0)
static const struct report_column FUNNEL_columns[] = {FUNNEL(COLUMN)};

/* ---- trust, rejects, lag ---- */

#define TRUST(X) \
	X(DAY, day, "DAY", 10, 10, 0) \
	X(TEXT, source, "SOURCE", 6, 16, 0) \
	X(TEXT, site, "SITE", 4, 20, 2) \
	X(TEXT, channel, "CHANNEL", 7, 7, 1) \
	X(COUNT, events, "EVENTS", 8, 10, 0) \
	X(COUNT, applied, "APPLIED", 8, 10, 0) \
	X(COUNT, duplicates, "TWICE", 8, 10, 3) \
	X(COUNT, identified, "KNOWN", 8, 10, 5) \
	X(COUNT, consented, "CONSENT", 8, 10, 0) \
	X(COUNT, machine, "MACHINE", 8, 10, 0) \
	X(COUNT, rejected, "REJECTED", 8, 10, 4)
static const struct report_column TRUST_columns[] = {TRUST(COLUMN)};

#define REJECTS(X) \
	X(TEXT, reason, "REASON", 8, 24, 0) \
	X(COUNT, n, "EVENTS", 8, 10, 0) \
	X(MOMENT, newest, "NEWEST", 16, 16, 0)
static const struct report_column REJECTS_columns[] = {REJECTS(COLUMN)};

#define LAG(X) \
	X(TEXT, topic, "TOPIC", 8, 40, 0) \
	X(COUNT, messages, "MESSAGES", 8, 12, 0) \
	X(NUMBER, seconds, "SECONDS", 8, 12, 0) \
	X(MOMENT, as_of, "AS OF", 16, 16, 0)
static const struct report_column LAG_columns[] = {LAG(COLUMN)};

/* ---- All of them ---- */

#define OF_SOMEBODY (REPORT_OF_SOMEBODY | REPORT_BY_CONTACT | REPORT_BY_ACCOUNT | REPORT_BY_ROLE)

const struct report reports[] = {
	{
		.name = "accounts",
		.summary = "which account is in which phase, how far its people agree, who is missing",
		.empty = "no account in any buying process",
		.filters = REPORT_BY_ACCOUNT | REPORT_BY_PROCESS,
		.is_sellers = true,
		REPORT(ACCOUNTS),
		.statement = STATEMENT("report_accounts",
				       SELECT(ACCOUNTS, "report.account_phase v WHERE " BY_ACCOUNT
							" AND " BY_PROCESS " ORDER BY " LATE_FIRST
							", v.activity DESC, v.account, v.process" LIMIT)),
	},
	{
		.name = "committee",
		.summary = "who of an account stands where, and which expected roles nobody has",
		.empty = "nobody of any account in any buying process",
		.filters = REPORT_BY_ACCOUNT | REPORT_BY_CONTACT | REPORT_BY_ROLE | REPORT_BY_PROCESS,
		.is_sellers = true,
		REPORT(COMMITTEE),
		.statement = STATEMENT("report_committee",
				       SELECT(COMMITTEE,
					      "report.committee v WHERE " BY_ACCOUNT " AND " BY_CONTACT
					      " AND ($3 IS NULL OR lower(v.role) = lower($3)) AND " BY_PROCESS
					      " ORDER BY v.account, v.process, v.missing, " LATE_FIRST
					      ", v.activity DESC NULLS LAST, v.role, v.contact_id" LIMIT)),
	},
	{
		.name = "journey",
		.summary = "every touch of a contact or an account, with the phase it fell in",
		.empty = "nothing is known of anybody who was asked for",
		.filters = OF_SOMEBODY | REPORT_BY_PROCESS | REPORT_BY_SINCE,
		REPORT(JOURNEY),
		.statement =
			STATEMENT("report_journey", SELECT(JOURNEY, OF_CONTACT("report.journey") JOURNEY_REST)),
		.by_people = STATEMENT("report_journey_people",
				       SELECT(JOURNEY, OF_PEOPLE("report.journey") JOURNEY_REST)),
	},
	{
		.name = "why",
		.summary = "what carries the phase of a contact, for and against, adding up",
		.empty = "nothing has counted of anybody who was asked for",
		.filters = OF_SOMEBODY | REPORT_BY_PROCESS,
		REPORT(WHY),
		.statement = STATEMENT("report_why", SELECT(WHY, OF_CONTACT("report.why") WHY_REST)),
		.by_people = STATEMENT("report_why_people", SELECT(WHY, OF_PEOPLE("report.why") WHY_REST)),
	},
	{
		.name = "history",
		.summary = "the phase of a contact by day, looked back at from now",
		.empty = "nothing has counted of anybody who was asked for",
		.filters = OF_SOMEBODY | REPORT_BY_PROCESS | REPORT_BY_SINCE,
		REPORT(HISTORY),
		.statement =
			STATEMENT("report_history", SELECT(HISTORY, OF_CONTACT("report.history") HISTORY_REST)),
		.by_people = STATEMENT("report_history_people",
				       SELECT(HISTORY, OF_PEOPLE("report.history") HISTORY_REST)),
	},
	{
		.name = "transitions",
		.summary = "how many moved from which phase to which, by day",
		.empty = "nobody has moved",
		.filters = REPORT_BY_PROCESS | REPORT_BY_SINCE,
		REPORT(TRANSITIONS),
		.statement = STATEMENT(
			"report_transitions",
			SELECT(TRANSITIONS,
			       "report.transition v WHERE " BY_PROCESS " AND " BY_DAY(
				       "day") " ORDER BY v.day DESC, v.process, v.from_phase, v.to_phase" LIMIT)),
	},
	{
		.name = "time",
		.summary = "how long who was in which phase",
		.empty = "nobody was in any phase",
		.filters = REPORT_BY_CONTACT | REPORT_BY_ACCOUNT | REPORT_BY_ROLE | REPORT_BY_PROCESS |
			   REPORT_BY_SINCE,
		REPORT(TIME),
		.statement = STATEMENT("report_time",
				       SELECT(TIME, "report.time_in_phase v WHERE " BY_CONTACT TIME_REST)),
		.by_people =
			STATEMENT("report_time_people", SELECT(TIME, "report.time_in_phase v WHERE " BY_CONTACT
								     " AND " AMONG_PEOPLE TIME_REST)),
	},
	{
		.name = "durations",
		.summary = "how long people stay in a phase, of those who have left it",
		.empty = "nobody has left any phase yet",
		.filters = REPORT_BY_PROCESS,
		REPORT(DURATIONS),
		.statement =
			STATEMENT("report_durations", SELECT(DURATIONS, "report.phase_duration v WHERE " BY_PROCESS
									" ORDER BY v.process, " LATE_FIRST LIMIT)),
	},
	{
		.name = "movement",
		.summary = "who moved, is stuck, entered late or is below the peak, by week",
		.empty = "nobody has moved",
		.filters = REPORT_BY_CONTACT | REPORT_BY_ACCOUNT | REPORT_BY_ROLE | REPORT_BY_PROCESS |
			   REPORT_BY_SINCE,
		REPORT(MOVEMENT),
		.statement = STATEMENT("report_movement", SELECT(MOVEMENT, "report.movement v WHERE " BY_CONTACT
									   " AND " BY_PROCESS MOVEMENT_REST)),
		.by_people = STATEMENT("report_movement_people",
				       SELECT(MOVEMENT, "report.movement v WHERE " BY_CONTACT " AND " AMONG_PEOPLE
							" AND " BY_PROCESS MOVEMENT_REST)),
	},
	{
		.name = "funnel",
		.summary = "how many contacts and accounts are in which phase, by day",
		.empty = "nobody was in any phase",
		.filters = REPORT_BY_PROCESS | REPORT_BY_SINCE,
		REPORT(FUNNEL),
		.statement = STATEMENT(
			"report_funnel",
			SELECT(FUNNEL, "report.funnel v WHERE " BY_PROCESS " AND " BY_DAY(
					       "day") " ORDER BY v.day DESC, v.process, " LATE_FIRST LIMIT)),
	},
	{
		.name = "trust",
		.summary = "which part of what comes is applied, consented to, made by machines",
		.empty = "nothing has come",
		.filters = REPORT_BY_SINCE,
		REPORT(TRUST),
		.statement = STATEMENT(
			"report_trust",
			SELECT(TRUST, "report.trust v WHERE " BY_DAY(
					      "day") " ORDER BY v.day DESC, v.source, v.site, v.channel" LIMIT)),
	},
	{
		.name = "rejects",
		.summary = "what could not be taken, by reason",
		.empty = "nothing was rejected",
		.filters = 0,
		REPORT(REJECTS),
		.statement =
			STATEMENT("report_rejects",
				  SELECT(REJECTS, "report.reject_reason v ORDER BY v.n DESC, v.reason" LIMIT)),
	},
	{
		.name = "lag",
		.summary = "how much waits on which topic, and for how long",
		.empty = "no partition has been read yet",
		.filters = 0,
		REPORT(LAG),
		.statement = STATEMENT("report_lag", SELECT(LAG, "report.lag v ORDER BY v.topic" LIMIT)),
	},
};
const size_t report_count = COUNT_OF(reports);
