/*
 * phasectl model history: which models were put in force, when, by whom, and how many contacts each of them has folded. Only reads.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/postgres.h"
#include "ctl/ctl.h"
#include "ctl/json_line.h"
#include "ctl/terminal.h"

static struct {
	bool json;
} asked;

static const struct option_about options[] = {
	{"json", NULL, OPTION_FLAG, &asked.json, 0, 0, "one JSON object a line"},
	{0},
};

/* Contacts are told by the last row of their model. */
static const struct postgres_statement list = {
	.name = "list",
	.sql = "SELECT a.model, a.accepted_at, a.accepted_by, a.rejected_at, a.rejected_by, m.in_force AND a.n = "
	       "(SELECT "
	       "max(n) FROM report.model_acceptance WHERE rejected_at IS NULL), CASE WHEN a.n = max(a.n) OVER "
	       "(PARTITION "
	       "BY a.model) THEN coalesce(c.contacts, 0) END FROM report.model_acceptance a JOIN report.model m "
	       "USING "
	       "(model) LEFT JOIN (SELECT model, count(DISTINCT contact_id) AS contacts FROM report.contact_phase "
	       "GROUP BY "
	       "model) c USING (model) ORDER BY a.n",
};
static const struct postgres_statement takeover = {
	.name = "takeover", .sql = "SELECT ended_at IS NOT NULL, contacts, waiting FROM report.takeover"};

static const struct terminal_column columns[] = {
	{"MODEL", 16, false, true},
	{"ACCEPTED", 20, false, true},
	{"BY", 16, false, false},
	{"CONTACTS", 9, true, false},
};

static void print_json(const struct postgres_rows *rows, size_t i)
{
	int64_t rejected_us = postgres_is_null(rows, i, 3) ? INT64_MIN : postgres_moment(rows, i, 3);
	json_line_print(
		json_pack("{ss so ss so so sb so}", "model", postgres_text(rows, i, 0), "accepted_at",
			  json_line_moment(postgres_moment(rows, i, 1)), "accepted_by", postgres_text(rows, i, 2),
			  "rejected_at", json_line_moment(rejected_us), "rejected_by",
			  postgres_is_null(rows, i, 4) ? json_null() : json_string(postgres_text(rows, i, 4)),
			  "in_force", postgres_int(rows, i, 5) != 0, "contacts",
			  json_line_number(postgres_is_null(rows, i, 6) ? -1 : postgres_int(rows, i, 6))),
		0);
}

static void print_row(const struct postgres_rows *rows, size_t i)
{
	char accepted[MOMENT_TEXT_SIZE], rejected[MOMENT_TEXT_SIZE], contacts[24] = "", behind[128] = "";
	bool in_force = postgres_int(rows, i, 5) != 0;
	moment_print_second(postgres_moment(rows, i, 1), accepted);
	if (!postgres_is_null(rows, i, 6)) {
		snprintf(contacts, sizeof(contacts), "%" PRId64, postgres_int(rows, i, 6));
	}
	if (in_force) {
		snprintf(behind, sizeof(behind), "in force");
	} else if (!postgres_is_null(rows, i, 3)) {
		moment_print_second(postgres_moment(rows, i, 3), rejected);
		snprintf(behind, sizeof(behind), "rejected %s by %.64s", rejected, postgres_text(rows, i, 4));
	}
	const char *const cells[] = {postgres_text(rows, i, 0), accepted, postgres_text(rows, i, 2), contacts};
	terminal_row(columns, COUNT_OF(columns), cells, in_force ? TERMINAL_BOLD : TERMINAL_PLAIN, behind);
}

static bool on_list(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)context;
	(void)fail;
	size_t count = postgres_count(rows);
	if (!asked.json && count > 0) {
		terminal_titles(columns, COUNT_OF(columns));
	}
	for (size_t i = 0; i < count; i++) {
		(asked.json ? print_json : print_row)(rows, i);
	}
	if (!asked.json && count == 0) {
		printf("no model was accepted yet\n");
	}
	return true;
}

static bool on_takeover(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)context;
	(void)fail;
	if (!asked.json && postgres_int(rows, 0, 0) == 0) {
		printf("%" PRId64 " of %" PRId64 " contacts wait to be folded by the one in force\n",
		       postgres_int(rows, 0, 2), postgres_int(rows, 0, 1));
	}
	return true;
}

static int run(struct ctl *ctl)
{
	struct fail fail;
	struct postgres *postgres = NULL;
	terminal_start();
	bool done = ctl_read_conf(ctl, &fail) &&
		    (postgres = ctl_connect(ctl, (unsigned)ctl->conf.postgres.reply_ms_max, &fail)) != NULL &&
		    ctl_begin_reading(postgres, &fail) &&
		    postgres_add(postgres, &list, NULL, on_list, NULL, &fail) &&
		    postgres_add(postgres, &takeover, NULL, on_takeover, NULL, &fail) && ctl_turn(postgres, &fail);
	postgres_destroy(postgres);
	if (!done) {
		return ctl_give_up(ctl, &fail);
	}
	return EXIT_DONE;
}

const struct command model_history_command = {
	.words = "model history",
	.summary = "which models were in force, since when, and for how many contacts",
	.details = "CONTACTS are those whose phases a model says now: after another one was accepted, of several, "
		   "until "
		   "the daemons\n"
		   "have folded all touches anew. Needs phased_reader.",
	.options = options,
	.run = run,
};
