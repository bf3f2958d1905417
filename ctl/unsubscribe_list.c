/*
 * phasectl unsubscribe list: unsubscribes that look like a scanner's, and that nobody has decided on. Only reads.
 */
#include <jansson.h>
#include <stdio.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/postgres.h"
#include "ctl/ctl.h"
#include "ctl/json_line.h"
#include "ctl/terminal.h"

#define LINES_MAX 1000

static bool as_json;

static const struct option_about options[] = {
	{"json", NULL, OPTION_FLAG, &as_json, 0, 0, "one JSON object a line"},
	{0},
};

static const struct postgres_statement list = {
	.name = "list",
	.sql = "SELECT person, at, source, site, array_to_string(reasons, ','), may_write FROM "
	       "report.unsubscribe_review "
	       "ORDER BY at, person LIMIT 1000",
	.simple = true,
};

static const struct terminal_column columns[] = {
	{"PERSON", UUID_TEXT_SIZE - 1, false, false},
	{"AT", 20, false, false},
	{"SOURCE", 12, false, true},
	{"SITE", 14, false, true},
	{"WRITTEN TO", 10, false, false},
	{"REASONS", 24, false, true},
};

static bool on_rows(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)context;
	(void)fail;
	if (!as_json && postgres_count(rows) > 0) {
		terminal_titles(columns, COUNT_OF(columns));
	}
	for (size_t i = 0; i < postgres_count(rows); i++) {
		char person[UUID_TEXT_SIZE], at[MOMENT_TEXT_SIZE];
		struct uuid id = postgres_uuid(rows, i, 0);
		bool may_write = postgres_int(rows, i, 5) != 0;
		uuid_print(&id, person);
		if (as_json) {
			json_line_print(json_pack("{ss so ss ss ss sb}", "person", person, "at",
						  json_line_moment(postgres_moment(rows, i, 1)), "source",
						  postgres_text(rows, i, 2), "site", postgres_text(rows, i, 3),
						  "reasons", postgres_text(rows, i, 4), "may_write", may_write),
					0);
			continue;
		}
		moment_print_second(postgres_moment(rows, i, 1), at);
		const char *const cells[] = {person,
					     at,
					     postgres_text(rows, i, 2),
					     postgres_text(rows, i, 3),
					     may_write ? "yes" : "no",
					     postgres_text(rows, i, 4)};
		terminal_row(columns, COUNT_OF(columns), cells, TERMINAL_PLAIN, "");
	}
	if (!as_json && postgres_count(rows) == 0) {
		puts("nothing to look at");
	} else if (!as_json && postgres_count(rows) == LINES_MAX) {
		printf("the oldest %d; there may be more\n", LINES_MAX);
	}
	return true;
}

static int run(struct ctl *ctl)
{
	struct fail fail;
	struct postgres *postgres = NULL;
	bool done = ctl_read_conf(ctl, &fail) &&
		    (postgres = ctl_connect(ctl, (unsigned)ctl->conf.postgres.reply_ms_max, &fail)) != NULL &&
		    postgres_add(postgres, &list, NULL, on_rows, NULL, &fail) && ctl_turn(postgres, &fail);
	postgres_destroy(postgres);
	return done ? EXIT_DONE : ctl_give_up(ctl, &fail);
}

const struct command unsubscribe_list_command = {
	.words = "unsubscribe list",
	.summary = "unsubscribes that look like a scanner's and wait for a decision",
	.details = "Scanners of mail follow every link, that for unsubscribing among them. With "
		   "consent.unsubscribe: review "
		   "(default)\nsuch an unsubscribe changes nothing until somebody says what it was: phasectl "
		   "unsubscribe "
		   "settle. At most\n1,000, the oldest. WRITTEN TO: this person may be written to as long as "
		   "nothing is "
		   "decided.\nNeeds phased_seller or phased_privacy.",
	.options = options,
	.run = run,
};
