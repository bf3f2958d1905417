#include "ctl/report_ask.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "ctl/ctl.h"

struct asking {
	struct arena *arena;
	struct report_page page;
};

static const struct postgres_statement fetch = {
	.name = "report_fetch", .sql = "FETCH 500 FROM report", .simple = true};
_Static_assert(REPORT_PAGE == 500, "report_fetch names it");
static const struct postgres_statement close_cursor = {
	.name = "report_close", .sql = "CLOSE report", .simple = true};

static bool no_room(struct fail *fail)
{
	return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "a page of rows does not fit into memory");
}

const struct report *report_find(const char *name)
{
	for (size_t i = 0; i < report_count; i++) {
		if (strcmp(reports[i].name, name) == 0) {
			return &reports[i];
		}
	}
	return NULL;
}

unsigned report_column(const struct report *report, const char *name)
{
	unsigned i = 0;
	while (i < report->column_count && strcmp(report->columns[i].name, name) != 0) {
		i++;
	}
	CHECK(i < report->column_count);
	return i;
}

/* ---- Rows ---- */

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

static bool read_value(struct arena *arena, const struct postgres_rows *rows, size_t row, unsigned column,
		       enum report_kind kind, struct report_value *ret)
{
	*ret = (struct report_value){.is_null = postgres_is_null(rows, row, column)};
	if (ret->is_null) {
		return true;
	}
	switch (kind) {
	case REPORT_TEXT:
	case REPORT_PHASE:
	case REPORT_WORDS:
		return copy(arena, rows, row, column, &ret->text);
	case REPORT_CONTACT:
		ret->id = postgres_uuid(rows, row, column);
		return true;
	case REPORT_MOMENT:
	case REPORT_AGO:
		ret->whole = postgres_moment(rows, row, column);
		return true;
	case REPORT_SHARE:
	case REPORT_BAR:
	case REPORT_NUMBER:
		ret->number = postgres_float(rows, row, column);
		return true;
	case REPORT_DAY:
	case REPORT_COUNT:
	case REPORT_FLAG:
		ret->whole = postgres_int(rows, row, column);
		return true;
	}
	return true;
}

static bool on_fetched(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct asking *asking = context;
	const struct report *report = asking->page.report;
	size_t count = postgres_count(rows);
	struct report_value *values =
		arena_array(asking->arena, count * report->column_count + 1, sizeof(*values));
	if (values == NULL) {
		return no_room(fail);
	}
	for (size_t i = 0; i < count; i++) {
		for (unsigned k = 0; k < report->column_count; k++) {
			if (!read_value(asking->arena, rows, i, k, report->columns[k].kind,
					&values[i * report->column_count + k])) {
				return no_room(fail);
			}
		}
	}
	asking->page.count = count;
	asking->page.values = values;
	return true;
}

/* ---- Asking ---- */

static bool put_moment(struct arena *arena, int64_t us, struct postgres_value *ret)
{
	*ret = (struct postgres_value){.size = -1};
	return us == INT64_MIN || postgres_value_moment(arena, us, ret);
}

static bool put_filter(struct arena *arena, const struct report_filter *filter, struct postgres_value values[7])
{
	values[1] = values[6] = (struct postgres_value){.size = -1};
	return postgres_value_text(filter->account, &values[0]) &&
	       (!filter->has_contact || postgres_value_uuid(&filter->contact, &values[1])) &&
	       postgres_value_text(filter->role, &values[2]) && postgres_value_text(filter->process, &values[3]) &&
	       put_moment(arena, filter->since_us, &values[4]) &&
	       put_moment(arena, filter->until_us, &values[5]) &&
	       (filter->limit == 0 || postgres_value_int(arena, POSTGRES_INT8, filter->limit, &values[6]));
}

bool report_ask(struct arena *arena, struct postgres *postgres, const struct report *report,
		const struct report_filter *filter, report_on_page *on_page, void *context, struct fail *fail)
{
	size_t start = arena->used;
	struct postgres_value values[7];
	struct asking asking = {.arena = arena, .page = {.report = report}};
	bool by_people = (filter->account != NULL || filter->role != NULL) && report->by_people.name != NULL;
	if (!put_filter(arena, filter, values)) {
		return no_room(fail);
	}
	if (!postgres_add(postgres, by_people ? &report->by_people : &report->statement, values, NULL, NULL,
			  fail)) {
		return false;
	}
	size_t mark = arena->used;
	do {
		arena_back(arena, mark);
		if (!postgres_add(postgres, &fetch, NULL, on_fetched, &asking, fail) ||
		    !ctl_turn(postgres, fail) || !on_page(context, &asking.page, fail)) {
			return false;
		}
	} while (asking.page.count == REPORT_PAGE && !asking.page.enough);
	arena_back(arena, start);
	return postgres_add(postgres, &close_cursor, NULL, NULL, NULL, fail) && ctl_turn(postgres, fail);
}

/* ---- People ---- */

static const struct postgres_statement find_people = {
	.name = "report_people",
	.sql = "SELECT contact_id, address, name, role, account FROM report.person WHERE contact_id = ANY ($1) "
	       "ORDER BY contact_id",
	.parameter_count = 1,
	.parameters = {{POSTGRES_UUID, true}},
};

struct finding {
	struct arena *arena;
	struct report_people *people;
};

static bool on_people(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct finding *finding = context;
	struct report_people *people = finding->people;
	people->count = postgres_count(rows);
	people->list = arena_array(finding->arena, people->count + 1, sizeof(*people->list));
	if (people->list == NULL) {
		return no_room(fail);
	}
	for (size_t i = 0; i < people->count; i++) {
		struct report_person *person = &people->list[i];
		person->contact = postgres_uuid(rows, i, 0);
		if (!copy(finding->arena, rows, i, 1, &person->address) ||
		    !copy(finding->arena, rows, i, 2, &person->name) ||
		    !copy(finding->arena, rows, i, 3, &person->role) ||
		    !copy(finding->arena, rows, i, 4, &person->account)) {
			return no_room(fail);
		}
	}
	return true;
}

bool report_people_ask(struct arena *arena, struct postgres *postgres, const struct uuid *contacts, size_t count,
		       struct report_people *ret_people, struct fail *fail)
{
	struct postgres_array array;
	struct postgres_value value;
	struct finding finding = {arena, ret_people};
	postgres_array_init(&array, arena, POSTGRES_UUID, count);
	for (size_t i = 0; i < count; i++) {
		postgres_array_uuid(&array, &contacts[i]);
	}
	return (postgres_array_value(&array, &value) || no_room(fail)) &&
	       postgres_add(postgres, &find_people, &value, on_people, &finding, fail) && ctl_turn(postgres, fail);
}

static int by_contact(const void *key, const void *person)
{
	return uuid_compare(key, &((const struct report_person *)person)->contact);
}

const struct report_person *report_people_find(const struct report_people *people, const struct uuid *contact)
{
	return people->count == 0
		       ? NULL
		       : bsearch(contact, people->list, people->count, sizeof(*people->list), by_contact);
}
