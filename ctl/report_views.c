/*
 * The table of reports: a list of columns and a statement each.
 *
 * A list is written once: X(KIND, column, title, min, max, rank) gives the column, and its place in the SELECT. A test
 * holds it against the view.
 */
#include "core/base/check.h"
#include "ctl/report_ask.h"

#define SQL_TEXT(name) "v." #name "::text, "
#define SQL_PHASE(name) SQL_TEXT(name)
#define SQL_WORDS(name) "array_to_string(v." #name ", chr(31)), "
#define SQL_CONTACT(name) "v." #name ", "
#define SQL_MOMENT(name) "v." #name ", "
#define SQL_AGO(name) "v." #name ", "
#define SQL_DAY(name) "v." #name " - date '1970-01-01', "
#define SQL_SHARE(name) "v." #name "::double precision, "
#define SQL_BAR(name) SQL_SHARE(name)
#define SQL_NUMBER(name) SQL_SHARE(name)
#define SQL_COUNT(name) "v." #name "::bigint, "
#define SQL_FLAG(name) "v." #name ", "

#define SQL(kind, name, ...) SQL_##kind(name)
#define COLUMN(kind, name, ...) {#name, REPORT_##kind, __VA_ARGS__},
#define HIDDEN NULL, 0, 0, 0

/* $1 account, $2 contact, $3 role, $4 process, $5 since, $6 until, $7 rows: report_filter's. */
#define STATEMENT(its_name, its_sql) \
	{ \
		.name = (its_name), .sql = (its_sql), .parameter_count = 7, \
		.parameters = {{POSTGRES_TEXT, false},	      {POSTGRES_UUID, false}, \
			       {POSTGRES_TEXT, false},	      {POSTGRES_TEXT, false}, \
			       {POSTGRES_TIMESTAMPTZ, false}, {POSTGRES_TIMESTAMPTZ, false}, \
			       {POSTGRES_INT8, false}}, \
	}
/* What the list ends with is never looked at. */
#define SELECT(LIST, from) "DECLARE report NO SCROLL CURSOR FOR SELECT " LIST(SQL) "NULL FROM " from
#define LIMIT " LIMIT $7"

#define BY_PROCESS "($4 IS NULL OR v.process = $4)"
#define BY_CONTACT "($2 IS NULL OR v.contact_id = $2)"
#define BY_MOMENT(name) "($5 IS NULL OR v." name " >= $5) AND ($6 IS NULL OR v." name " < $6)"
#define BY_DAY(name) \
	"($5 IS NULL OR v." name " >= ($5 AT TIME ZONE 'UTC')::date) AND ($6 IS NULL OR v." name \
	" < ($6 AT TIME ZONE 'UTC')::date)"
#define PEOPLE \
	"(SELECT p.contact_id FROM report.person p WHERE ($1 IS NULL OR p.account = $1) AND ($3 IS NULL OR " \
	"lower(p.role) = lower($3)))"
#define AMONG_PEOPLE "v.contact_id IN " PEOPLE
/* For views that are quick for one contact only. */
#define OF_CONTACT(view) view " v WHERE v.contact_id = $2"
#define OF_PEOPLE(view) \
	PEOPLE " k CROSS JOIN LATERAL (SELECT * FROM " view \
	       " j WHERE j.contact_id = k.contact_id OFFSET 0) v WHERE ($2 IS NULL OR v.contact_id = $2)"

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
	X(WORDS, missing, "MISSING", 8, 30, 9) \
	X(COUNT, silent, "SILENT", 6, 6, 11) \
	X(COUNT, laggards, "BEHIND", 6, 6, 12) \
	X(MOMENT, as_of, HIDDEN)
static const struct report_column ACCOUNTS_columns[] = {ACCOUNTS(COLUMN)};

/* ---- committee ---- */

#define COMMITTEE(X) \
	X(TEXT, account, "ACCOUNT", 12, 32, 8) \
	X(TEXT, process, "PROCESS", 8, 12, 6) \
	X(CONTACT, contact_id, "CONTACT", 22, 44, 0) \
	X(TEXT, role, "ROLE", 8, 16, 0) \
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
	X(TEXT, content, "CONTENT", 8, 40, 4) \
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
};
const size_t report_count = COUNT_OF(reports);
