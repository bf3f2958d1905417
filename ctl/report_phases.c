/*
 * phasectl report phases: who is in which phase, since when, how sure, active or quiet.
 *
 * Reads report.contact_phase, and report.person where the role may. Pages through a cursor, so that its memory does
 * not grow with the number of contacts.
 */
#include "ctl/report_phases.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/base/text.h"
#include "core/edge/postgres.h"
#include "core/flow/identify.h"
#include "ctl/contact_word.h"
#include "ctl/ctl.h"
#include "ctl/pager.h"
#include "ctl/terminal.h"

#define PAGE 500

static struct {
	bool json, active, newest;
	const char *contact, *phase, *process, *role, *account;
	int64_t limit;
} asked;

static const struct option_about options[] = {
	{"json", NULL, OPTION_FLAG, &asked.json, 0, 0, "one JSON object a line"},
	{"contact", "ID", OPTION_TEXT, &asked.contact, 0, 0,
	 "one contact: its id, or the first 8 digits or more of it;\n- reads an address from stdin"},
	{"phase", "LIST", OPTION_TEXT, &asked.phase, 0, 0,
	 "in these phases, commas between: late, mid, early, none, unknown"},
	{"process", "NAME", OPTION_TEXT, &asked.process, 0, 0, "in this process"},
	{"role", "NAME", OPTION_TEXT, &asked.role, 0, 0, "in this role: CFO, CMO, CEO, IT, procurement, …"},
	{"account", "DOMAIN", OPTION_TEXT, &asked.account, 0, 0, "of this account, as its domain"},
	{"active", NULL, OPTION_FLAG, &asked.active, 0, 0, "leave out those who have gone quiet"},
	{"newest", NULL, OPTION_FLAG, &asked.newest, 0, 0, "who was last heard of first"},
	{"limit", "N", OPTION_NUMBER, &asked.limit, 1, INT64_C(1000000000), "at most so many rows"},
	{0},
};

static const char *const phases[] = {"late", "mid", "early", "none", "unknown"};

/* What rows are asked for. */
struct filter {
	struct postgres_value phases, process, from, to, address, role, active, limit, newest, account;
	struct uuid from_id, to_id;
	char address_text[IDENTITY_EMAIL_SIZE_MAX + 1];
};

struct page {
	struct arena *arena;
	struct report_row rows[PAGE];
	size_t count;
};

static const struct postgres_statement begin = {
	.name = "begin", .sql = "BEGIN TRANSACTION READ ONLY", .simple = true};
static const struct postgres_statement commit = {.name = "commit", .sql = "COMMIT", .simple = true};
static const struct postgres_statement may_see = {
	.name = "may_see",
	.sql = "SELECT coalesce(has_table_privilege(to_regclass('report.person'), 'SELECT'), false)",
	.simple = true};

#define PARAMETERS \
	.parameter_count = 10, \
	.parameters = { \
		{POSTGRES_TEXT, true},	{POSTGRES_TEXT, false}, {POSTGRES_UUID, false}, {POSTGRES_UUID, false}, \
		{POSTGRES_TEXT, false}, {POSTGRES_TEXT, false}, {POSTGRES_BOOL, false}, {POSTGRES_INT8, false}, \
		{POSTGRES_BOOL, false}, {POSTGRES_TEXT, false}, \
	}
#define CURSOR \
	"DECLARE report NO SCROLL CURSOR FOR SELECT c.contact_id, c.process, c.phase, c.fine, c.since, c.early, " \
	"c.mid, " \
	"c.late, c.confidence, c.activity, c.quiet, c.touches::bigint, c.last_touch, c.model, " \
	"array_to_string(c.channels, ' '), "
#define WHERE \
	"WHERE ($1 IS NULL OR c.phase = ANY ($1)) AND ($2 IS NULL OR c.process = $2) " \
	"AND ($3 IS NULL OR c.contact_id >= $3) AND ($4 IS NULL OR c.contact_id <= $4) AND (NOT $7 OR NOT " \
	"c.quiet) "
#define ORDER \
	"ORDER BY CASE WHEN $9 THEN c.last_touch END DESC NULLS LAST, " \
	"array_position(ARRAY['late', 'mid', 'early', 'none', 'unknown'], c.phase), c.activity DESC, " \
	"c.contact_id, c.process LIMIT $8"

static const struct postgres_statement with_people = {
	.name = "with_people",
	.sql = CURSOR REPORT_PERSON_COLUMNS
	" FROM report.contact_phase c LEFT JOIN report.person p USING (contact_id) " WHERE
	"AND ($5 IS NULL OR p.address = $5) AND ($6 IS NULL OR lower(p.role) = lower($6)) "
	"AND ($10 IS NULL OR p.account = $10) " ORDER,
	PARAMETERS,
};
static const struct postgres_statement without_people = {
	.name = "without_people",
	.sql = CURSOR
	"NULL::text, NULL::text, NULL::text, NULL::text, NULL::boolean FROM report.contact_phase c " WHERE
	"AND $5 IS NULL AND $6 IS NULL AND $10 IS NULL " ORDER,
	PARAMETERS,
};
static const struct postgres_statement fetch = {.name = "fetch", .sql = "FETCH 500 FROM report", .simple = true};
static_assert(PAGE == 500, "fetch names it");

static bool on_may_see(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	*(bool *)context = postgres_count(rows) == 1 && postgres_int(rows, 0, 0) != 0;
	return true;
}

bool report_may_see_people(struct postgres *postgres, bool *ret_may, struct fail *fail)
{
	return postgres_add(postgres, &may_see, NULL, on_may_see, ret_may, fail) && ctl_turn(postgres, fail);
}

/* A copy in the arena, or NULL for NULL. */
static bool copy(struct arena *arena, const struct postgres_rows *rows, size_t row, unsigned column,
		 const char **ret)
{
	*ret = NULL;
	if (postgres_is_null(rows, row, column)) {
		return true;
	}
	const char *text = postgres_text(rows, row, column);
	*ret = arena_text(arena, text, strlen(text));
	return *ret != NULL;
}

static int64_t moment_or_min(const struct postgres_rows *rows, size_t row, unsigned column)
{
	return postgres_is_null(rows, row, column) ? INT64_MIN : postgres_moment(rows, row, column);
}

static bool no_room(struct fail *fail)
{
	return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "report: a page of rows does not fit into memory");
}

bool report_person_read(struct arena *arena, const struct postgres_rows *rows, size_t at, unsigned column,
			struct report_row *row, struct fail *fail)
{
	row->succeeded = postgres_is_null(rows, at, column + 4) ? false : postgres_int(rows, at, column + 4) != 0;
	return (copy(arena, rows, at, column, &row->address) && copy(arena, rows, at, column + 1, &row->name) &&
		copy(arena, rows, at, column + 2, &row->role) &&
		copy(arena, rows, at, column + 3, &row->account)) ||
	       no_room(fail);
}

static bool on_page(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct page *page = context;
	page->count = postgres_count(rows) < PAGE ? postgres_count(rows) : PAGE;
	for (size_t i = 0; i < page->count; i++) {
		struct report_row *row = &page->rows[i];
		*row = (struct report_row){
			.contact = postgres_uuid(rows, i, 0),
			.since_us = moment_or_min(rows, i, 4),
			.early = postgres_float(rows, i, 5),
			.mid = postgres_float(rows, i, 6),
			.late = postgres_float(rows, i, 7),
			.activity = postgres_float(rows, i, 9),
			.quiet = postgres_int(rows, i, 10) != 0,
			.touches = postgres_int(rows, i, 11),
			.last_us = moment_or_min(rows, i, 12),
		};
		if (!copy(page->arena, rows, i, 1, &row->process) || !copy(page->arena, rows, i, 2, &row->phase) ||
		    !copy(page->arena, rows, i, 3, &row->fine) ||
		    !copy(page->arena, rows, i, 8, &row->confidence) ||
		    !copy(page->arena, rows, i, 13, &row->model) ||
		    !copy(page->arena, rows, i, 14, &row->channels)) {
			return no_room(fail);
		}
		if (!report_person_read(page->arena, rows, i, 15, row, fail)) {
			return false;
		}
	}
	return true;
}

static bool filter_phases(struct arena *arena, struct filter *filter, struct fail *fail)
{
	struct postgres_array array;
	postgres_array_init(&array, arena, POSTGRES_TEXT, COUNT_OF(phases));
	for (const char *at = asked.phase; *at != '\0';) {
		char word[24];
		size_t size = strcspn(at, ",");
		snprintf(word, sizeof(word), "%.*s", (int)size, at);
		size_t i = 0;
		while (i < COUNT_OF(phases) && strcmp(word, phases[i]) != 0) {
			i++;
		}
		if (i == COUNT_OF(phases)) {
			const char *nearest = text_nearest(word, phases, COUNT_OF(phases));
			return fail_set(fail, FAIL_FATAL, EXIT_USAGE,
					"--phase: expected late, mid, early, none or unknown, not \"%s\"%s%s%s",
					word, nearest != NULL ? "; did you mean " : "",
					nearest != NULL ? nearest : "", nearest != NULL ? "?" : "");
		}
		postgres_array_text(&array, phases[i]);
		at += size + (at[size] == ',' ? 1 : 0);
	}
	bool fits = postgres_array_value(&array, &filter->phases);
	CHECK(fits);
	return true;
}

static bool filter_id(struct filter *filter, struct fail *fail)
{
	return contact_word_range("--contact", asked.contact, &filter->from_id, &filter->to_id, fail) &&
	       postgres_value_uuid(&filter->from_id, &filter->from) &&
	       postgres_value_uuid(&filter->to_id, &filter->to);
}

/* A role that sees no addresses can still compute the id that an address has, where it may read the key. */
static bool filter_address(struct ctl *ctl, struct postgres *postgres, bool has_people, struct filter *filter,
			   struct fail *fail)
{
	if (has_people) {
		return postgres_value_text(filter->address_text, &filter->address);
	}
	if (!contact_word_address_id(ctl, filter->address_text, &filter->from_id, fail) ||
	    !contact_word_key_fits(ctl, postgres, fail)) {
		return false;
	}
	filter->to_id = filter->from_id;
	return postgres_value_uuid(&filter->from_id, &filter->from) &&
	       postgres_value_uuid(&filter->to_id, &filter->to);
}

static bool make_filter(struct arena *arena, struct filter *filter, struct fail *fail)
{
	static const struct postgres_value null = {.size = -1};
	*filter = (struct filter){.phases = null, .from = null, .to = null, .address = null, .limit = null};
	bool fits = postgres_value_text(asked.process, &filter->process) &&
		    postgres_value_text(asked.role, &filter->role) &&
		    postgres_value_text(asked.account, &filter->account) &&
		    postgres_value_int(arena, POSTGRES_BOOL, asked.active, &filter->active) &&
		    postgres_value_int(arena, POSTGRES_BOOL, asked.newest, &filter->newest) &&
		    (asked.limit == 0 || postgres_value_int(arena, POSTGRES_INT8, asked.limit, &filter->limit));
	CHECK(fits);
	if (asked.phase != NULL && !filter_phases(arena, filter, fail)) {
		return false;
	}
	if (asked.contact == NULL) {
		return true;
	}
	return strcmp(asked.contact, "-") == 0 ? contact_word_address("--contact", filter->address_text, fail)
					       : filter_id(filter, fail);
}

static void print_page(const struct page *page, struct report_table *table, bool has_people)
{
	if (!asked.json) {
		report_table_print(table, page->rows, page->count, has_people);
		return;
	}
	for (size_t i = 0; i < page->count; i++) {
		report_json_print(&page->rows[i]);
	}
}

static bool print_all(struct ctl *ctl, struct postgres *postgres, const struct filter *filter, bool has_people,
		      struct fail *fail)
{
	const struct postgres_value values[] = {filter->phases,	 filter->process, filter->from,	  filter->to,
						filter->address, filter->role,	  filter->active, filter->limit,
						filter->newest,	 filter->account};
	struct report_table table = {.now_us = moment_now_us()};
	struct page *page = arena_zero(&ctl->arena, 1, sizeof(*page));
	CHECK(page != NULL);
	page->arena = &ctl->arena;
	if (!postgres_add(postgres, &begin, NULL, NULL, NULL, fail) ||
	    !postgres_add(postgres, has_people ? &with_people : &without_people, values, NULL, NULL, fail)) {
		return false;
	}
	size_t mark = ctl->arena.used;
	do {
		arena_back(&ctl->arena, mark);
		if (!postgres_add(postgres, &fetch, NULL, on_page, page, fail) || !ctl_turn(postgres, fail)) {
			return false;
		}
		print_page(page, &table, has_people);
	} while (page->count == PAGE && !ferror(stdout));
	if (!asked.json) {
		report_table_end(&table);
	}
	return postgres_add(postgres, &commit, NULL, NULL, NULL, fail) && ctl_turn(postgres, fail);
}

static bool report(struct ctl *ctl, struct postgres *postgres, struct filter *filter, struct fail *fail)
{
	bool has_people = false;
	if (!report_may_see_people(postgres, &has_people, fail)) {
		return false;
	}
	if ((asked.role != NULL || asked.account != NULL) && !has_people) {
		return fail_set(fail, FAIL_FATAL, EXIT_NOT_ALLOWED,
				"%s: this database role may not read report.person; phased_seller may",
				asked.role != NULL ? "--role" : "--account");
	}
	if (filter->address_text[0] != '\0' && !filter_address(ctl, postgres, has_people, filter, fail)) {
		return false;
	}
	return print_all(ctl, postgres, filter, has_people, fail);
}

static int run(struct ctl *ctl)
{
	struct fail fail;
	struct filter filter;
	struct postgres *postgres = NULL;
	terminal_start();
	if (!make_filter(&ctl->arena, &filter, &fail) || !ctl_read_conf(ctl, &fail) ||
	    (postgres = ctl_connect(ctl, (unsigned)ctl->conf.postgres.reply_ms_max, &fail)) == NULL) {
		return ctl_complain(&fail);
	}
	pager_start();
	bool done = report(ctl, postgres, &filter, &fail);
	pager_end();
	postgres_destroy(postgres);
	if (!done) {
		return ctl_give_up(ctl, &fail);
	}
	return EXIT_DONE;
}

const struct command report_phases_command = {
	.words = "report phases",
	.summary = "who is in which phase, since when, how sure",
	.details = "Late phases first, then the most active. Addresses and names are shown where the database "
		   "role may read\n"
		   "report.person. The bar shows how the probability falls on early ░, mid ▒ and late █; ACTIVE "
		   "counts\n"
		   "touches, halved every 20 days. Works under watch.",
	.options = options,
	.run = run,
};
