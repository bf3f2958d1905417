/*
 * phasectl machine show: what was left out as a machine's, and why: how much of it, or all of one contact. Only reads.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/postgres.h"
#include "core/model/event.h"
#include "ctl/contact_word.h"
#include "ctl/json_line.h"
#include "ctl/terminal.h"

#define DAYS 30
#define LINES_MAX 200 /* of a contact, unless --limit says otherwise */
#define COMMENT_COLUMNS_MAX 200

static struct {
	const char *contact;
	int64_t days, limit;
	bool json;
} asked = {.days = DAYS};

static const struct option_about options[] = {
	{"days", "N", OPTION_NUMBER, &asked.days, 1, 100000, "of the last so many days (default: 30)"},
	{"limit", "N", OPTION_NUMBER, &asked.limit, 1, 100000,
	 "of a contact at most so many lines, the newest (default: 200; with --json 100000)"},
	{"json", NULL, OPTION_FLAG, &asked.json, 0, 0, "one JSON object a line"},
	{0},
};

/* Flags, and what the fold leaves out without one. */
static const struct postgres_statement count_all = {
	.name = "count_all",
	.sql = "SELECT to_char(day, 'YYYY-MM-DD'), source, site, channel, reason, mechanism, count(*) FROM "
	       "(SELECT day, "
	       "source, site, channel, reason, mechanism FROM report.machine_flag WHERE stamped >= $1 "
	       "UNION "
	       "ALL SELECT (at AT TIME ZONE 'UTC')::date, source, site, 'email', 'burst', 'rule' FROM "
	       "report.machine_burst WHERE at >= $1) AS t GROUP BY day, source, site, channel, reason, mechanism "
	       "ORDER "
	       "BY day, source, site, channel, reason, mechanism",
	.parameter_count = 1,
	.parameters = {{POSTGRES_TIMESTAMPTZ, false}},
};
static const struct postgres_statement list_touches = {
	.name = "list_touches",
	.sql = "SELECT at, source, site, channel, action, reason, mechanism, cleared FROM (SELECT at, source, "
	       "site, channel, "
	       "action, reason, mechanism, cleared, event FROM report.machine_touch WHERE contact_id = "
	       "$1 UNION "
	       "ALL SELECT at, source, site, 'email', 203, 'burst', 'rule', cleared, event FROM "
	       "report.machine_burst WHERE "
	       "contact_id = $1) AS t WHERE at >= $2 ORDER BY at DESC, event, reason, mechanism LIMIT $3",
	.parameter_count = 3,
	.parameters = {{POSTGRES_UUID, false}, {POSTGRES_TIMESTAMPTZ, false}, {POSTGRES_INT8, false}},
};
_Static_assert(ACTION_EMAIL_CLICK == 203, "list_touches says so");
static const struct postgres_statement list_decisions = {
	.name = "list_decisions",
	.sql = "SELECT decided_at, reason, cleared, decided_by, comment FROM report.machine_decision WHERE "
	       "contact_id = $1 "
	       "ORDER BY decided_at DESC, reason",
	.parameter_count = 1,
	.parameters = {{POSTGRES_UUID, false}},
};

/* ---- How much ---- */

static const struct terminal_column count_columns[] = {
	{"DAY", 10, false, false},    {"SOURCE", 12, false, true},  {"SITE", 14, false, true},
	{"CHANNEL", 7, false, false}, {"REASON", 14, false, false}, {"BY", 5, false, false},
	{"TOUCHES", 9, true, false},
};

static bool on_counts(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)context;
	(void)fail;
	int64_t sum = 0;
	if (!asked.json && postgres_count(rows) > 0) {
		terminal_titles(count_columns, COUNT_OF(count_columns));
	}
	for (size_t i = 0; i < postgres_count(rows); i++) {
		const char *cells[COUNT_OF(count_columns)];
		char number[24];
		int64_t count = postgres_int(rows, i, 6);
		for (unsigned j = 0; j < COUNT_OF(cells) - 1; j++) {
			cells[j] = postgres_text(rows, i, j);
		}
		sum += count;
		if (asked.json) {
			json_line_print(json_pack("{ss ss ss ss ss ss sI}", "day", cells[0], "source", cells[1],
						  "site", cells[2], "channel", cells[3], "reason", cells[4],
						  "mechanism", cells[5], "touches", (json_int_t)count),
					0);
			continue;
		}
		snprintf(number, sizeof(number), "%" PRId64, count);
		cells[COUNT_OF(cells) - 1] = number;
		terminal_row(count_columns, COUNT_OF(count_columns), cells, TERMINAL_PLAIN, "");
	}
	if (!asked.json) {
		printf("%" PRId64 " in %" PRId64 " days; a touch with several reasons is counted for each\n", sum,
		       asked.days);
	}
	return true;
}

/* ---- Of one contact ---- */

static const struct terminal_column touch_columns[] = {
	{"AT", 20, false, false},     {"SOURCE", 12, false, true},  {"SITE", 14, false, true},
	{"ACTION", 16, false, false}, {"REASON", 14, false, false}, {"BY", 5, false, false},
};

static bool on_touches(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)context;
	(void)fail;
	if (!asked.json && postgres_count(rows) > 0) {
		terminal_titles(touch_columns, COUNT_OF(touch_columns));
	}
	for (size_t i = 0; i < postgres_count(rows); i++) {
		char at[MOMENT_TEXT_SIZE];
		bool cleared = postgres_int(rows, i, 7) != 0;
		const char *source = postgres_text(rows, i, 1), *site = postgres_text(rows, i, 2);
		const char *action = action_name((int)postgres_int(rows, i, 4));
		const char *reason = postgres_text(rows, i, 5), *mechanism = postgres_text(rows, i, 6);
		if (asked.json) {
			json_line_print(json_pack("{so ss ss ss ss ss ss sb}", "at",
						  json_line_moment(postgres_moment(rows, i, 0)), "source", source,
						  "site", site, "channel", postgres_text(rows, i, 3), "action",
						  action, "reason", reason, "mechanism", mechanism, "cleared",
						  cleared),
					0);
			continue;
		}
		moment_print_second(postgres_moment(rows, i, 0), at);
		const char *const cells[] = {at, source, site, action, reason, mechanism};
		terminal_row(touch_columns, COUNT_OF(touch_columns), cells,
			     cleared ? TERMINAL_DIM : TERMINAL_PLAIN, cleared ? "cleared: counts" : "");
	}
	if (!asked.json && postgres_count(rows) == 0) {
		printf("nothing was left out in %" PRId64 " days\n", asked.days);
	}
	return true;
}

/* What somebody typed: no control character of it reaches the terminal, and it stays on its line. */
static void print_typed(const char *text)
{
	char cell[TERMINAL_CELL_SIZE];
	unsigned width = terminal_width(text);
	terminal_fit(text, width < COMMENT_COLUMNS_MAX ? width : COMMENT_COLUMNS_MAX, false, cell);
	fputs(cell, stdout);
}

static bool on_decisions(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)context;
	(void)fail;
	for (size_t i = 0; i < postgres_count(rows); i++) {
		char at[MOMENT_TEXT_SIZE];
		bool cleared = postgres_int(rows, i, 2) != 0;
		const char *reason = postgres_text(rows, i, 1), *by = postgres_text(rows, i, 3);
		const char *comment = postgres_text(rows, i, 4);
		if (asked.json) {
			json_line_print(json_pack("{so ss sb ss ss}", "decided_at",
						  json_line_moment(postgres_moment(rows, i, 0)), "reason", reason,
						  "cleared", cleared, "decided_by", by, "comment", comment),
					0);
			continue;
		}
		moment_print_second(postgres_moment(rows, i, 0), at);
		printf("%s  %s %s by ", at, reason, cleared ? "cleared" : "no longer cleared");
		print_typed(by);
		if (comment[0] != '\0') {
			printf(": ");
			print_typed(comment);
		}
		putchar('\n');
	}
	return true;
}

/* ---- The command ---- */

static bool show(struct ctl *ctl, struct postgres *postgres, struct fail *fail)
{
	struct uuid contact;
	struct postgres_value values[3];
	int64_t since_us = moment_now_us() - asked.days * MOMENT_DAY_US;
	int64_t limit = asked.limit > 0 ? asked.limit : asked.json ? 100000 : LINES_MAX;
	bool fits = postgres_value_uuid(&contact, &values[0]) &&
		    postgres_value_moment(&ctl->arena, since_us, &values[1]) &&
		    postgres_value_int(&ctl->arena, POSTGRES_INT8, limit, &values[2]);
	CHECK(fits);
	if (asked.contact == NULL) {
		return postgres_add(postgres, &count_all, &values[1], on_counts, NULL, fail) &&
		       ctl_turn(postgres, fail);
	}
	return contact_word_id(ctl, postgres, "machine show", asked.contact, &contact, fail) &&
	       postgres_add(postgres, &list_decisions, values, on_decisions, NULL, fail) &&
	       postgres_add(postgres, &list_touches, values, on_touches, NULL, fail) && ctl_turn(postgres, fail);
}

static int run(struct ctl *ctl)
{
	struct fail fail;
	struct postgres *postgres = NULL;
	terminal_start();
	bool done = ctl_read_conf(ctl, &fail) &&
		    (postgres = ctl_connect(ctl, (unsigned)ctl->conf.postgres.reply_ms_max, &fail)) != NULL &&
		    show(ctl, postgres, &fail);
	postgres_destroy(postgres);
	if (!done) {
		return ctl_give_up(ctl, &fail);
	}
	return EXIT_DONE;
}

const struct command machine_show_command = {
	.words = "machine show",
	.summary = "what was left out as a machine's, and why",
	.details = "How many touches, by day, source, site, channel and reason; of a CONTACT (an id as report "
		   "phases shows it,\n"
		   "its first 8 digits or more, or - for an address on stdin) what was decided about it, and each "
		   "touch, the\n"
		   "newest first. BY: flag, the touch came with the reason; rule, it is left out for what else "
		   "there is.\n"
		   "Needs phased_reader; of a CONTACT phased_seller or phased_privacy.",
	.options = options,
	.operand = {"CONTACT", &asked.contact, false},
	.run = run,
};
