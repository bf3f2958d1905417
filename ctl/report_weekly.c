/*
 * phasectl report weekly: a week beside the one before it: who moved and how, which accounts came in, how far the figures can be
 * trusted.
 */
#include "ctl/report_weekly.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/postgres.h"
#include "ctl/ctl.h"
#include "ctl/report_show.h"
#include "ctl/terminal.h"

#define WEEK_US (7 * MOMENT_DAY_US)
#define MOVES_MAX 30
#define ACCOUNTS_MAX 30

/* What can happen, in the order in which it is told; a word of report.movement_week, and what that means. */
static const struct {
	const char *what, *words;
} kinds[] = {
	{"enter", "into a buying process"},
	{"forward", "one phase on"},
	{"skip", "more than one phase on"},
	{"back", "back"},
	{"leave", "out of the process"},
	{"entered late", "began where others end"},
	{"below peak", "below where they had been"},
	{"stuck", "where they are for too long"},
};

/* Two weeks' figures; [0] is the week, [1] the one before. */
struct moves {
	int64_t contacts[COUNT_OF(kinds)][2];
};
struct trust {
	int64_t events[2], applied[2], consented[2], machine[2], rejected[2];
};

static void heading(const char *words)
{
	printf("\n%s%s%s\n", terminal_style(TERMINAL_BOLD), words, terminal_style_end(TERMINAL_BOLD));
}

int64_t report_week_of(int64_t us)
{
	int64_t day = moment_floor(us, MOMENT_DAY_US);
	return (moment_floor(day + 3, 7) * 7 - 3) * MOMENT_DAY_US; /* 1970-01-01 was a Thursday */
}

/* ---- Asking ---- */

/* $1 the week's Monday, $2 the process. */
#define PARAMETERS .parameter_count = 2, .parameters = {{POSTGRES_TIMESTAMPTZ, false}, {POSTGRES_TEXT, false}}
#define MONDAY "($1 AT TIME ZONE 'UTC')::date"

static const struct postgres_statement count_moves = {
	.name = "weekly_moves",
	.sql = "SELECT m.what, coalesce(sum(m.contacts) FILTER (WHERE m.week = " MONDAY "), 0)::bigint, "
	       "coalesce(sum(m.contacts) FILTER (WHERE m.week < " MONDAY
	       "), 0)::bigint FROM report.movement_week m "
	       "WHERE m.week BETWEEN " MONDAY " - 7 AND " MONDAY
	       " AND ($2 IS NULL OR m.process = $2) GROUP BY m.what",
	PARAMETERS,
};

static bool on_moves(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct moves *moves = context;
	(void)fail;
	for (size_t i = 0; i < postgres_count(rows); i++) {
		for (size_t k = 0; k < COUNT_OF(kinds); k++) {
			if (strcmp(kinds[k].what, postgres_text(rows, i, 0)) == 0) {
				moves->contacts[k][0] = postgres_int(rows, i, 1);
				moves->contacts[k][1] = postgres_int(rows, i, 2);
			}
		}
	}
	return true;
}

#define SUM(column) "coalesce(sum(t." column "), 0)::bigint, "
static const struct postgres_statement count_trust = {
	.name = "weekly_trust",
	.sql = "SELECT t.day < " MONDAY ", " SUM("events") SUM("applied") SUM("consented") SUM("machine")
		SUM("rejected") "$2::text FROM report.trust t WHERE t.day BETWEEN " MONDAY " - 7 AND " MONDAY
				" + 6 GROUP BY 1",
	PARAMETERS,
};

static bool on_trust(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct trust *trust = context;
	(void)fail;
	for (size_t i = 0; i < postgres_count(rows); i++) {
		int week = postgres_int(rows, i, 0) != 0 ? 1 : 0;
		trust->events[week] = postgres_int(rows, i, 1);
		trust->applied[week] = postgres_int(rows, i, 2);
		trust->consented[week] = postgres_int(rows, i, 3);
		trust->machine[week] = postgres_int(rows, i, 4);
		trust->rejected[week] = postgres_int(rows, i, 5);
	}
	return true;
}

static const struct postgres_statement find_accounts = {
	.name = "weekly_accounts",
	.sql = "SELECT c.account, c.process, c.to_phase, c.at FROM report.account_change c WHERE c.at >= $1 AND "
	       "c.at < $1 "
	       "+ interval '7 days' AND c.from_phase IN ('unknown', 'none') AND c.to_phase IN ('early', 'mid', "
	       "'late') "
	       "AND ($2 IS NULL OR c.process = $2) ORDER BY c.at, c.account LIMIT 31",
	PARAMETERS,
};
_Static_assert(ACCOUNTS_MAX == 30, "find_accounts asks for one more");

static bool on_accounts(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)context;
	(void)fail;
	size_t count = postgres_count(rows);
	for (size_t i = 0; i < count && i < ACCOUNTS_MAX; i++) {
		char account[TERMINAL_CELL_SIZE], process[TERMINAL_CELL_SIZE], when[MOMENT_TEXT_SIZE];
		const char *phase = postgres_text(rows, i, 2);
		terminal_fit(postgres_text(rows, i, 0), 32, false, account);
		terminal_fit(postgres_text(rows, i, 1), 12, false, process);
		moment_print(postgres_moment(rows, i, 3), when);
		printf("  %.10s  %s  %s  %s\n", when, account, process, phase);
	}
	printf("%s", count == 0 ? "  none\n" : count > ACCOUNTS_MAX ? "  and more\n" : "");
	return true;
}

/* ---- Showing ---- */

static void print_moves(const struct moves *moves)
{
	heading("Moved                                             this week  before");
	for (size_t k = 0; k < COUNT_OF(kinds); k++) {
		printf("  %-13s%-32s %12" PRId64 "%8" PRId64 "\n", kinds[k].what, kinds[k].words,
		       moves->contacts[k][0], moves->contacts[k][1]);
	}
}

static void print_share(const char *name, const int64_t part[2], const int64_t whole[2])
{
	char share[2][16];
	for (int week = 0; week < 2; week++) {
		if (whole[week] > 0) {
			snprintf(share[week], sizeof(share[week]), "%.1f%%",
				 100 * (double)part[week] / (double)whole[week]);
		} else {
			snprintf(share[week], sizeof(share[week]), "-");
		}
	}
	printf("  %-45s %12s%8s\n", name, share[0], share[1]);
}

static void print_trust(const struct trust *trust)
{
	heading("How far to trust it                               this week  before");
	printf("  %-45s %12" PRId64 "%8" PRId64 "\n", "events that came", trust->events[0], trust->events[1]);
	print_share("taken", trust->applied, trust->events);
	print_share("that say that measuring is consented to", trust->consented, trust->events);
	print_share("made by machines", trust->machine, trust->events);
	print_share("rejected", trust->rejected, trust->events);
}

static bool show_movers(const struct report_weekly *weekly, struct fail *fail)
{
	const struct report_filter filter = {.process = weekly->process,
					     .since_us = weekly->week_us,
					     .until_us = weekly->week_us + WEEK_US,
					     .limit = MOVES_MAX};
	struct report_show show = {.form = REPORT_TABLE,
				   .arena = weekly->arena,
				   .postgres = weekly->postgres,
				   .sees_people = weekly->sees_people,
				   .now_us = moment_now_us()};
	const struct report *report = report_find("movement");
	heading("Who moved, the newest first");
	if (!report_ask(weekly->arena, weekly->postgres, report, &filter, report_show_page, &show, fail)) {
		return false;
	}
	if (show.rows == 0) {
		printf("  nobody\n");
	} else if (show.rows == MOVES_MAX) {
		printf("and perhaps more: phasectl report movement --since %s%s%s\n", weekly->day,
		       weekly->process != NULL ? " --process " : "",
		       weekly->process != NULL ? weekly->process : "");
	}
	return true;
}

bool report_weekly_tell(struct report_weekly *weekly, struct fail *fail)
{
	struct postgres_value values[2];
	struct moves moves = {0};
	struct trust trust = {0};
	bool fits = postgres_value_moment(weekly->arena, weekly->week_us, &values[0]) &&
		    postgres_value_text(weekly->process, &values[1]);
	CHECK(fits);
	if (!postgres_add(weekly->postgres, &count_moves, values, on_moves, &moves, fail) ||
	    !postgres_add(weekly->postgres, &count_trust, values, on_trust, &trust, fail) ||
	    !ctl_turn(weekly->postgres, fail)) {
		return false;
	}
	char sunday[MOMENT_TEXT_SIZE], monday[MOMENT_TEXT_SIZE];
	moment_print(weekly->week_us, monday);
	moment_print(weekly->week_us + 6 * MOMENT_DAY_US, sunday);
	snprintf(weekly->day, sizeof(weekly->day), "%.10s", monday);
	printf("%sThe week from Monday %.10s to Sunday %.10s%s, UTC\n", terminal_style(TERMINAL_BOLD), monday,
	       sunday, terminal_style_end(TERMINAL_BOLD));
	print_moves(&moves);
	if (!show_movers(weekly, fail)) {
		return false;
	}
	if (weekly->sees_people) {
		heading("Accounts new in a process");
		if (!postgres_add(weekly->postgres, &find_accounts, values, on_accounts, NULL, fail) ||
		    !ctl_turn(weekly->postgres, fail)) {
			return false;
		}
	}
	print_trust(&trust);
	if (!weekly->sees_people) {
		printf("\n%scontacts by their ids, and no accounts: this database role may not see who they "
		       "are%s\n",
		       terminal_style(TERMINAL_DIM), terminal_style_end(TERMINAL_DIM));
	}
	return true;
}
