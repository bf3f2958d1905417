/*
 * phasectl rejects list: which messages could not be taken, and why. Only reads.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "ctl/json_line.h"
#include "ctl/rejects.h"
#include "ctl/terminal.h"

#define TABLE_ROWS_MAX 100 /* unless --limit says otherwise */
#define PAGE "1000"
#define REASONS_MAX 64

static struct {
	struct reject_filter filter;
	bool json;
	int64_t limit;
} asked;

static const struct option_about options[] = {
	REJECT_FILTER_OPTIONS(asked.filter),
	{"all", NULL, OPTION_FLAG, &asked.filter.all, 0, 0, "those that were tried again, too"},
	{"limit", "N", OPTION_NUMBER, &asked.limit, 1, INT64_C(1000000000),
	 "at most so many rows (default: 100; with --json all)"},
	{"json", NULL, OPTION_FLAG, &asked.json, 0, 0, "one JSON object a line"},
	{0},
};

static const struct postgres_statement commit = {.name = "commit", .sql = "COMMIT", .simple = true};
static const struct postgres_statement list = {
	.name = "list",
	.sql = "DECLARE list NO SCROLL CURSOR FOR " REJECT_COLUMNS REJECT_WHERE
	       "ORDER BY r.noted_at DESC, r.topic, r.partition, r.\"offset\" DESC LIMIT $5",
	.parameter_count = 5,
	.parameters = {REJECT_PARAMETERS, {POSTGRES_INT8, false}},
};
static const struct postgres_statement fetch = {
	.name = "fetch", .sql = "FETCH " PAGE " FROM list", .simple = true};
static const struct postgres_statement count_reasons = {
	.name = "count_reasons",
	.sql = "SELECT r.reason, count(*) FROM phased.rejected r " REJECT_WHERE
	       "GROUP BY r.reason ORDER BY count(*) DESC, r.reason LIMIT 64",
	.parameter_count = 4,
	.parameters = {REJECT_PARAMETERS},
};

struct sums {
	struct arena *arena;
	const char *reasons[REASONS_MAX];
	int64_t counts[REASONS_MAX], total;
	size_t count;
};

static bool on_sums(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct sums *sums = context;
	(void)fail;
	sums->count = postgres_count(rows) < REASONS_MAX ? postgres_count(rows) : REASONS_MAX;
	for (size_t i = 0; i < sums->count; i++) {
		const char *reason = postgres_text(rows, i, 0);
		sums->reasons[i] = arena_text(sums->arena, reason, strlen(reason));
		sums->counts[i] = postgres_int(rows, i, 1);
		sums->total += sums->counts[i];
		CHECK(sums->reasons[i] != NULL);
	}
	return true;
}

static const struct terminal_column columns[] = {
	{"NOTED", 20, false, false},  {"WHERE", 30, false, true}, /* what the other commands are given */
	{"REASON", 18, false, false}, {"FIELD", 22, false, false},
	{"SIZE", 7, true, false},     {"SOURCE", 12, false, false},
};

static void print_row(const struct reject_entry *entry)
{
	char noted[MOMENT_TEXT_SIZE], place[320], size[24], retried[64] = "";
	int64_t second = MOMENT_SECOND_US;
	moment_print(moment_floor(entry->noted_us, second) * second, noted);
	snprintf(place, sizeof(place), "%s/%" PRId64 "@%" PRId64, entry->topic, entry->partition, entry->offset);
	snprintf(size, sizeof(size), "%" PRId64, entry->size);
	if (entry->retried_us != INT64_MIN) {
		char when[MOMENT_TEXT_SIZE];
		moment_print(moment_floor(entry->retried_us, second) * second, when);
		snprintf(retried, sizeof(retried), "tried again %s", when);
	}
	const char *const cells[] = {noted, place, entry->reason, entry->field, size, entry->source};
	terminal_row(columns, COUNT_OF(columns), cells, retried[0] != '\0' ? TERMINAL_DIM : TERMINAL_PLAIN,
		     retried);
}

static void print_page(const struct reject_entries *page, bool is_first)
{
	if (is_first && !asked.json && page->count > 0) {
		terminal_titles(columns, COUNT_OF(columns));
	}
	for (size_t i = 0; i < page->count; i++) {
		if (asked.json) {
			json_line_print(rejects_json(&page->rows[i]), 0);
		} else {
			print_row(&page->rows[i]);
		}
	}
}

static void print_sums(const struct sums *sums, int64_t shown)
{
	printf("%" PRId64 " rejected%s", sums->total, asked.filter.all ? "" : " and not tried again");
	for (size_t i = 0; i < sums->count; i++) {
		printf("%s%" PRId64 " %s", i == 0 ? ": " : ", ", sums->counts[i], sums->reasons[i]);
	}
	if (shown < sums->total) {
		printf("; the newest %" PRId64 " are shown, see --limit", shown);
	}
	putchar('\n');
}

static bool print_all(struct ctl *ctl, struct postgres *postgres, const struct postgres_value *filter,
		      struct fail *fail)
{
	struct postgres_value values[REJECT_FILTER_VALUES + 1];
	struct reject_entries page = {.arena = &ctl->arena};
	struct sums sums = {.arena = &ctl->arena};
	memcpy(values, filter, REJECT_FILTER_VALUES * sizeof(*values));
	int64_t limit = asked.limit > 0 ? asked.limit : asked.json ? INT64_MAX : TABLE_ROWS_MAX, shown = 0;
	bool fits = postgres_value_int(&ctl->arena, POSTGRES_INT8, limit, &values[REJECT_FILTER_VALUES]);
	CHECK(fits);
	if (!ctl_begin_reading(postgres, fail) || !postgres_add(postgres, &list, values, NULL, NULL, fail) ||
	    !postgres_add(postgres, &count_reasons, values, on_sums, &sums, fail) || !ctl_turn(postgres, fail)) {
		return false;
	}
	size_t mark = ctl->arena.used;
	do {
		arena_back(&ctl->arena, mark);
		if (!postgres_add(postgres, &fetch, NULL, rejects_on_rows, &page, fail) ||
		    !ctl_turn(postgres, fail)) {
			return false;
		}
		print_page(&page, shown == 0);
		shown += (int64_t)page.count;
	} while (page.count > 0 && !ferror(stdout));
	if (!asked.json) {
		print_sums(&sums, shown);
	}
	return postgres_add(postgres, &commit, NULL, NULL, NULL, fail) && ctl_turn(postgres, fail);
}

static int run(struct ctl *ctl)
{
	struct fail fail;
	struct postgres_value filter[REJECT_FILTER_VALUES];
	struct postgres *postgres = NULL;
	terminal_start();
	bool done = ctl_read_conf(ctl, &fail) && rejects_filter(&asked.filter, &ctl->arena, filter, &fail) &&
		    (postgres = ctl_connect_to_schema(ctl, &fail)) != NULL &&
		    print_all(ctl, postgres, filter, &fail);
	postgres_destroy(postgres);
	if (!done) {
		return ctl_give_up(ctl, &fail);
	}
	return EXIT_DONE;
}

const struct command rejects_list_command = {
	.words = "rejects list",
	.summary = "which messages could not be taken, and why",
	.details = "The newest first: those that were not tried again, or all with --all. FIELD is where in the "
		   "message "
		   "it went\n"
		   "wrong; what stood there is not kept. Needs phased_monitor or phased_writer.",
	.options = options,
	.run = run,
};
