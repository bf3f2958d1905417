/*
 * Reports: what is asked of the views of schema `report`, and the rows that come back. Only asks; who shows them is
 * another file's affair (report_show.h), so that a terminal and a page show the same numbers.
 *
 * A report is one row of a table: its view, its columns in the view's order, which filters apply. SQL is literal, and
 * what somebody typed is a parameter, always.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/uuid.h"
#include "core/edge/postgres.h"

#define REPORT_PAGE 500	      /* rows at a time */
#define REPORT_COLUMNS_MAX 28 /* of one report */

/* What a column holds, and how it is best shown. Times and days are UTC. */
enum report_kind {
	REPORT_TEXT,
	REPORT_PHASE,	/* text: early, mid, late, none, unknown */
	REPORT_WORDS,	/* list of texts */
	REPORT_CONTACT, /* uuid */
	REPORT_MOMENT,
	REPORT_AGO, /* a moment, of which it matters how long ago it was */
	REPORT_DAY,
	REPORT_SHARE,  /* 0 to 1 */
	REPORT_BAR,    /* the share of early; those of mid and late are the next two columns */
	REPORT_NUMBER, /* with a fraction */
	REPORT_COUNT,
	REPORT_FLAG
};

struct report_column {
	const char *name; /* of the view; also its key in JSON and CSV */
	enum report_kind kind;
	const char *title; /* NULL: not in the table for people */
	unsigned min, max; /* columns of a terminal that it takes, when shown */
	unsigned rank;	   /* the highest goes first where there is no room; 0: stays */
};

struct report_value {
	bool is_null;
	const char *text; /* TEXT, PHASE, and WORDS: those with REPORT_BETWEEN between them */
	struct uuid id;
	int64_t whole; /* MOMENT, AGO: µs since 1970; DAY: days since 1970; COUNT; FLAG: 0, 1 */
	double number; /* SHARE, BAR, NUMBER */
};
#define REPORT_BETWEEN '\x1f'

enum report_filters {
	REPORT_BY_ACCOUNT = 1,
	REPORT_BY_CONTACT = 2,
	REPORT_BY_ROLE = 4,
	REPORT_BY_PROCESS = 8,
	REPORT_BY_SINCE = 16,
	REPORT_OF_SOMEBODY = 32, /* the contact or the account is needed */
	REPORT_OF_ACCOUNTS =
		64 /* the view has columns account and role of its own: no contact is looked for by them */
};

struct report {
	const char *name;
	const char *summary;
	const char *empty; /* what is said where there are no rows */
	unsigned filters;
	bool is_sellers; /* of accounts: granted to phased_seller, as report.person is */
	const struct report_column *columns;
	unsigned column_count;
	/* They declare cursor `report`; the parameters are a report_filter's fields. `by_people` also looks into
	 * report.person, for filters that only it answers; where its name is NULL there is none. */
	struct postgres_statement statement, by_people;
};

extern const struct report reports[];
extern const size_t report_count;
const struct report *report_find(const char *name); /* NULL: there is none */
/* Number of a column. A report that has none of that name: a bug of ours. */
unsigned report_column(const struct report *report, const char *name);

/* What is asked for. NULL, false, INT64_MIN: whatever there is. */
struct report_filter {
	const char *account; /* as a domain is written in the DNS */
	bool has_contact;
	struct uuid contact;
	const char *role, *process;
	int64_t since_us, until_us; /* since ≤ … < until, by the view's own time or day */
	int64_t limit;		    /* rows; 0: all */
};

struct report_page {
	const struct report *report;
	size_t count;
	const struct report_value *values; /* count × report->column_count */
	bool enough;			   /* set by who is shown it: no more of them */
};
static inline const struct report_value *report_row_of(const struct report_page *page, size_t row)
{
	return page->values + row * page->report->column_count;
}

/* Of one page. Everything in it lives until it returns. False stops with *fail. */
typedef bool report_on_page(void *context, struct report_page *page, struct fail *fail);

struct arena;
/*
 * All rows, page by page, the last one short and perhaps empty. Inside a transaction of the caller's
 * (ctl_begin_reading). `arena`: where one page lives. EXIT_NOT_ALLOWED: the role may not see it, or not by this filter.
 */
bool report_ask(struct arena *arena, struct postgres *postgres, const struct report *report,
		const struct report_filter *filter, report_on_page *on_page, void *context, struct fail *fail);

/* Who a contact is, as far as report.person knows. */
struct report_person {
	struct uuid contact;
	const char *address, *name, *role, *account; /* NULL: not known */
};
struct report_people {
	size_t count;
	struct report_person *list;
};
/* The people among these contacts, in the arena. The role must be one that may see them (report_may_see_people()). */
bool report_people_ask(struct arena *arena, struct postgres *postgres, const struct uuid *contacts, size_t count,
		       struct report_people *ret_people, struct fail *fail);
/* NULL: nobody is known by that id. */
const struct report_person *report_people_find(const struct report_people *people, const struct uuid *contact);
