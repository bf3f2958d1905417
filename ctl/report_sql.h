/*
 * What the statements of reports are made of: literals, put together by the preprocessor.
 */
#pragma once

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
