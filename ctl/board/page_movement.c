/*
 * Who moved in a week: forward, back, in and out; who entered late, fell below their peak, or is stuck.
 */
#include "core/base/check.h"
#include "core/base/moment.h"
#include "ctl/board/axis.h"
#include "ctl/board/frame.h"
#include "ctl/board/markup.h"
#include "ctl/board/person.h"
#include "ctl/board/processes.h"

#define SHOWN_MAX 200
#define WEEK_US (7 * MOMENT_DAY_US)

struct movement {
	struct person person;
	const char *what, *from, *to, *reason;
	int64_t at_us;
};

struct rows {
	struct processes processes;
	struct movement *list;
	size_t count;
	int64_t week_us; /* its Monday */
};

/* Whoever is shown is looked up, not everybody. */
#define MOVEMENT(people, join) \
	"SELECT m.contact_id, m.what, m.from_phase, m.to_phase, m.at, m.reason, " people \
	" FROM (SELECT v.contact_id, v.what, v.from_phase, v.to_phase, v.at, v.reason FROM report.movement v " \
	"WHERE v.process = $1 AND v.at >= " \
	"$2 AND v.at < $3 ORDER BY v.at DESC, v.contact_id, v.what LIMIT 201) m " join \
	" ORDER BY m.at DESC, m.contact_id, m.what"
#define OF_WEEK \
	.parameter_count = 3, \
	.parameters = {{POSTGRES_TEXT, false}, {POSTGRES_TIMESTAMPTZ, false}, {POSTGRES_TIMESTAMPTZ, false}}
static const struct postgres_statement with_people = {
	.name = "board_movement_with",
	.sql = MOVEMENT("p.name, p.address, p.role, p.account",
			"LEFT JOIN report.person p ON p.contact_id = m.contact_id"),
	OF_WEEK};
static const struct postgres_statement without_people = {
	.name = "board_movement_without",
	.sql = MOVEMENT("NULL::text, NULL::text, NULL::text, NULL::text", ""),
	OF_WEEK};
_Static_assert(SHOWN_MAX == 200, "the statements ask for one more");

static bool on_processes(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct job *job = context;
	return processes_read(job, rows, &((struct rows *)job->rows)->processes, fail);
}

static bool on_movement(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct job *job = context;
	struct rows *all = job->rows;
	bool good = JOB_ROOM(job, rows, &all->list, fail);
	all->count = postgres_count(rows);
	for (size_t i = 0; good && i < all->count; i++) {
		struct movement *one = &all->list[i];
		one->person = (struct person){.contact = postgres_uuid(rows, i, 0), .process = job->asked.process};
		one->at_us = job_moment(rows, i, 4);
		good = job_text(job, rows, i, 1, &one->what, fail) &&
		       job_text(job, rows, i, 2, &one->from, fail) && job_text(job, rows, i, 3, &one->to, fail) &&
		       job_text(job, rows, i, 5, &one->reason, fail) &&
		       job_text(job, rows, i, 6, &one->person.name, fail) &&
		       job_text(job, rows, i, 7, &one->person.address, fail) &&
		       job_text(job, rows, i, 8, &one->person.role, fail) &&
		       job_text(job, rows, i, 9, &one->person.account, fail);
	}
	return good;
}

static bool ask(struct job *job, struct postgres *postgres, struct fail *fail)
{
	struct postgres_value *values = arena_zero(&job->arena, 3, sizeof(*values));
	struct rows *rows = job->rows = arena_zero(&job->arena, 1, sizeof(*rows));
	CHECK(values != NULL && rows != NULL);
	rows->week_us = axis_monday(job->asked.day_us != INT64_MIN ? job->asked.day_us : moment_now_us());
	postgres_value_text(job->asked.process, &values[0]);
	if (!postgres_value_moment(&job->arena, rows->week_us, &values[1]) ||
	    !postgres_value_moment(&job->arena, rows->week_us + WEEK_US, &values[2])) {
		return job_no_room(fail);
	}
	return processes_ask(postgres, on_processes, job, fail) &&
	       postgres_add(postgres, job->has_people ? &with_people : &without_people, values, on_movement, job,
			    fail);
}

static void show_phase(const char *phase, FILE *out)
{
	fputs("<td>", out);
	if (phase != NULL) {
		person_phase(phase, out);
	}
	fputs("</td>", out);
}

static void show_row(const struct movement *one, bool has_people, FILE *out)
{
	char day[MARKUP_DAY_SIZE];
	markup_day(one->at_us, day);
	fprintf(out, "<tr><td>%s</td><th scope=\"row\">", day);
	person_link(&one->person, out);
	fputs("</th>", out);
	if (has_people) {
		fputs("<td>", out);
		markup_text(one->person.role, out);
		fputs("</td><td>", out);
		person_account(one->person.account, one->person.process, out);
		fputs("</td>", out);
	}
	fputs("<td>", out);
	markup_text(one->what, out);
	fputs("</td>", out);
	show_phase(one->from, out);
	show_phase(one->to, out);
	fputs("<td>", out);
	markup_text(one->reason, out);
	fputs("</td></tr>\n", out);
}

static void show_week_link(const struct job *job, int64_t week_us, const char *title, FILE *out)
{
	char day[MARKUP_DAY_SIZE];
	markup_day(week_us, day);
	fputs("<a href=\"/movement?process=", out);
	markup_url(job->asked.process, out);
	fprintf(out, "&amp;day=%s\">%s</a> ", day, title);
}

static unsigned show(struct job *job, FILE *out)
{
	const struct rows *rows = job->rows;
	size_t shown = rows->count < SHOWN_MAX ? rows->count : SHOWN_MAX;
	char day[MARKUP_DAY_SIZE];
	markup_day(rows->week_us, day);
	fprintf(out, "<h1>Who moved in the week of %s</h1>\n", day);
	processes_show(&rows->processes, job, out);
	fputs("<p>", out);
	show_week_link(job, rows->week_us - WEEK_US, "the week before", out);
	show_week_link(job, rows->week_us + WEEK_US, "the week after", out);
	fputs("</p>\n", out);
	if (rows->count == 0) {
		fputs("<p class=\"empty\">Nobody moved in this week.</p>\n", out);
		return 200;
	}
	frame_table_begin("Who moved", out);
	fprintf(out,
		"<thead><tr><th scope=\"col\">Day</th><th scope=\"col\">Who</th>%s<th scope=\"col\">How</th><th "
		"scope=\"col\">From</th>"
		"<th scope=\"col\">To</th><th scope=\"col\">By</th></tr></thead><tbody>\n",
		job->has_people ? "<th scope=\"col\">Role</th><th scope=\"col\">Account</th>" : "");
	for (size_t i = 0; i < shown; i++) {
		show_row(&rows->list[i], job->has_people, out);
	}
	frame_table_end(out);
	if (rows->count > SHOWN_MAX) {
		fprintf(out, "<p>The last %d of more: <code>phasectl report movement</code> has all.</p>\n",
			SHOWN_MAX);
	}
	return 200;
}

const struct page page_movement = {
	.path = "/movement", .title = "Who moved", .in_menu = true, .ask = ask, .show = show};
