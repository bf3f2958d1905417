/*
 * The overview: the funnel over time, and how people moved week by week.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "ctl/board/axis.h"
#include "ctl/board/frame.h"
#include "ctl/board/funnel_picture.h"
#include "ctl/board/markup.h"
#include "ctl/board/processes.h"
#include "ctl/board/weeks_picture.h"

#define DAYS_SHOWN 10
#define WEEKS 13
#define WEEK_US (7 * MOMENT_DAY_US)

struct rows {
	struct processes processes;
	struct funnel_day *days;
	size_t day_count;
	struct weeks_week weeks[WEEKS];
	bool has_moved;
};

#define OF_PROCESS .parameter_count = 1, .parameters = {{POSTGRES_TEXT, false}}
/* Ten years of days at most. */
static const struct postgres_statement read_funnel = {
	.name = "board_funnel",
	.sql = "SELECT day::timestamptz, sum(contacts) FILTER (WHERE phase = 'early')::bigint, sum(contacts) "
	       "FILTER (WHERE phase = "
	       "'mid')::bigint, sum(contacts) FILTER (WHERE phase = 'late')::bigint, sum(contacts) FILTER (WHERE "
	       "phase = 'none')::bigint, "
	       "sum(accounts) FILTER (WHERE phase = 'early')::bigint, sum(accounts) FILTER (WHERE phase = "
	       "'mid')::bigint, sum(accounts) "
	       "FILTER (WHERE phase = 'late')::bigint, sum(accounts) FILTER (WHERE phase = 'none')::bigint FROM "
	       "report.funnel WHERE process "
	       "= $1 GROUP BY day ORDER BY day DESC LIMIT 3660",
	OF_PROCESS};
static const struct postgres_statement read_weeks = {
	.name = "board_weeks",
	.sql = "SELECT date_trunc('week', day::timestamp)::timestamptz, direction, sum(contacts)::bigint FROM "
	       "report.transition WHERE process = "
	       "$1 AND day >= (date_trunc('week', now()) - interval '12 weeks')::date AND day <= now()::date "
	       "GROUP BY 1, 2 ORDER BY 1",
	OF_PROCESS};

static bool on_processes(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct job *job = context;
	return processes_read(job, rows, &((struct rows *)job->rows)->processes, fail);
}

static bool on_funnel(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct job *job = context;
	struct rows *all = job->rows;
	if (!JOB_ROOM(job, rows, &all->days, fail)) {
		return false;
	}
	all->day_count = postgres_count(rows);
	for (size_t i = 0; i < all->day_count; i++) {
		size_t row = all->day_count - 1 - i;
		all->days[i] = (struct funnel_day){
			.day_us = postgres_moment(rows, row, 0),
			.early = postgres_int(rows, row, 1),
			.mid = postgres_int(rows, row, 2),
			.late = postgres_int(rows, row, 3),
			.none = postgres_int(rows, row, 4),
			.early_accounts = postgres_int(rows, row, 5),
			.mid_accounts = postgres_int(rows, row, 6),
			.late_accounts = postgres_int(rows, row, 7),
			.none_accounts = postgres_int(rows, row, 8),
		};
	}
	return true;
}

static bool on_weeks(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct job *job = context;
	struct rows *all = job->rows;
	(void)fail;
	for (size_t i = 0; i < postgres_count(rows); i++) {
		int64_t week = (postgres_moment(rows, i, 0) - all->weeks[0].week_us) / WEEK_US;
		int kind = weeks_kind_of(postgres_text(rows, i, 1));
		if (week >= 0 && week < WEEKS && kind >= 0) {
			all->weeks[week].contacts[kind] += postgres_int(rows, i, 2);
			all->has_moved = true;
		}
	}
	return true;
}

static bool ask(struct job *job, struct postgres *postgres, struct fail *fail)
{
	struct postgres_value *process = arena_zero(&job->arena, 1, sizeof(*process));
	struct rows *rows = job->rows = arena_zero(&job->arena, 1, sizeof(*rows));
	CHECK(process != NULL && rows != NULL);
	for (int64_t i = 0; i < WEEKS; i++) {
		rows->weeks[i].week_us = axis_monday(moment_now_us()) - (WEEKS - 1 - i) * WEEK_US;
	}
	postgres_value_text(job->asked.process, process);
	return processes_ask(postgres, on_processes, job, fail) &&
	       postgres_add(postgres, &read_funnel, process, on_funnel, job, fail) &&
	       postgres_add(postgres, &read_weeks, process, on_weeks, job, fail);
}

static void show_cell(const char *key, const char *day, int64_t number, FILE *out)
{
	fprintf(out, "<td class=\"number\" data-key=\"%s %s\">%" PRId64 "</td>", key, day, number);
}

static void show_day(const struct funnel_day *row, FILE *out)
{
	char day[MARKUP_DAY_SIZE];
	markup_day(row->day_us, day);
	fprintf(out, "<tr><th scope=\"row\">%s</th>", day);
	show_cell("early", day, row->early, out);
	show_cell("mid", day, row->mid, out);
	show_cell("late", day, row->late, out);
	show_cell("none", day, row->none, out);
	show_cell("early accounts", day, row->early_accounts, out);
	show_cell("mid accounts", day, row->mid_accounts, out);
	show_cell("late accounts", day, row->late_accounts, out);
	fputs("</tr>\n", out);
}

static void show_days(const struct rows *rows, FILE *out)
{
	if (rows->day_count == 0) {
		return;
	}
	frame_table_begin("The last days", out);
	fputs("<thead><tr><th scope=\"col\">Day</th><th scope=\"col\">Early</th><th scope=\"col\">Mid</th><th "
	      "scope=\"col\">Late</th>"
	      "<th scope=\"col\">None any more</th><th scope=\"col\">Accounts early</th><th "
	      "scope=\"col\">Accounts mid</th>"
	      "<th scope=\"col\">Accounts late</th></tr></thead><tbody>\n",
	      out);
	size_t shown = rows->day_count < DAYS_SHOWN ? rows->day_count : DAYS_SHOWN;
	for (size_t i = 0; i < shown; i++) {
		show_day(&rows->days[rows->day_count - 1 - i], out);
	}
	frame_table_end(out);
}

static void show_weeks(const struct job *job, const struct rows *rows, FILE *out)
{
	char *link = NULL;
	size_t size = 0;
	FILE *url = open_memstream(&link, &size);
	CHECK(url != NULL);
	fputs("/movement?process=", url);
	markup_url(job->asked.process, url);
	fputs("&amp;day=", url);
	CHECK(fclose(url) == 0);
	fputs("<h2>Who moved, by week</h2>\n", out);
	weeks_picture(rows->weeks, rows->has_moved ? WEEKS : 0, link, out);
	free(link);
}

static unsigned show(struct job *job, FILE *out)
{
	const struct rows *rows = job->rows;
	fputs("<h1>People by phase</h1>\n", out);
	processes_show(&rows->processes, job, out);
	funnel_picture(rows->days, rows->day_count, job->asked.process, out);
	show_days(rows, out);
	show_weeks(job, rows, out);
	return 200;
}

const struct page page_start = {.path = "/", .title = "Overview", .in_menu = true, .ask = ask, .show = show};
