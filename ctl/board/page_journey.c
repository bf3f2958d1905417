/*
 * The journey of a person: the picture, what is shown now, ups and downs, and what carries it.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "ctl/board/frame.h"
#include "ctl/board/journey_picture.h"
#include "ctl/board/markup.h"
#include "ctl/board/person.h"
#include "ctl/board/why_rows.h"

struct rows {
	struct person *people; /* the one person, in each process */
	size_t people_count;
	struct journey_day *days;
	struct journey_touch *touches;
	struct journey_change *changes;
	struct journey journey;
	struct why_rows why;
};

#define PERSON_BEHIND "WHERE c.contact_id = $1 ORDER BY c.process"
static const struct postgres_statement with_person = {.name = "board_person_with",
						      .sql = "SELECT " PERSON_WITH PERSON_BEHIND,
						      .parameter_count = 1,
						      .parameters = {{POSTGRES_UUID, false}}};
static const struct postgres_statement without_person = {.name = "board_person_without",
							 .sql = "SELECT " PERSON_WITHOUT PERSON_BEHIND,
							 .parameter_count = 1,
							 .parameters = {{POSTGRES_UUID, false}}};

#define OF_ONE .parameter_count = 2, .parameters = {{POSTGRES_UUID, false}, {POSTGRES_TEXT, false}}
static const struct postgres_statement read_days = {
	.name = "board_days",
	.sql = "SELECT day::timestamptz, early, mid, late FROM report.history WHERE contact_id = $1 AND process = "
	       "$2 ORDER BY day",
	OF_ONE};
static const struct postgres_statement read_touches = {
	.name = "board_touches",
	.sql = "SELECT date_trunc('day', at), coalesce(channel, 'other'), count(*), count(*) FILTER (WHERE "
	       "machine) FROM report.journey WHERE "
	       "contact_id = $1 AND (process = $2 OR process IS NULL) GROUP BY 1, 2 ORDER BY 1, 2",
	OF_ONE};
static const struct postgres_statement read_changes = {
	.name = "board_changes",
	.sql = "SELECT at, from_phase, to_phase, cause FROM report.phase_change WHERE contact_id = $1 AND process "
	       "= $2 ORDER BY at",
	OF_ONE};

/* ---- rows ---- */

static bool on_person(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct job *job = context;
	struct rows *all = job->rows;
	bool good = JOB_ROOM(job, rows, &all->people, fail);
	all->people_count = postgres_count(rows);
	for (size_t i = 0; good && i < all->people_count; i++) {
		good = person_read(job, rows, i, &all->people[i], fail);
	}
	return good;
}

static bool on_days(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct job *job = context;
	struct rows *all = job->rows;
	if (!JOB_ROOM(job, rows, &all->days, fail)) {
		return false;
	}
	for (size_t i = 0; i < postgres_count(rows); i++) {
		all->days[i] = (struct journey_day){
			.day_us = postgres_moment(rows, i, 0),
			.early = job_float(rows, i, 1),
			.mid = job_float(rows, i, 2),
			.late = job_float(rows, i, 3),
			.is_closed = postgres_is_null(rows, i, 1),
		};
	}
	all->journey.days = all->days;
	all->journey.day_count = postgres_count(rows);
	return true;
}

static bool on_touches(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct job *job = context;
	struct rows *all = job->rows;
	bool good = JOB_ROOM(job, rows, &all->touches, fail);
	for (size_t i = 0; good && i < postgres_count(rows); i++) {
		struct journey_touch *touch = &all->touches[i];
		touch->day_us = postgres_moment(rows, i, 0);
		touch->touches = postgres_int(rows, i, 2);
		touch->machine = postgres_int(rows, i, 3);
		good = job_text(job, rows, i, 1, &touch->channel, fail);
	}
	all->journey.touches = all->touches;
	all->journey.touch_count = postgres_count(rows);
	return good;
}

static bool on_changes(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct job *job = context;
	struct rows *all = job->rows;
	bool good = JOB_ROOM(job, rows, &all->changes, fail);
	for (size_t i = 0; good && i < postgres_count(rows); i++) {
		struct journey_change *change = &all->changes[i];
		change->at_us = postgres_moment(rows, i, 0);
		good = job_text(job, rows, i, 1, &change->from, fail) &&
		       job_text(job, rows, i, 2, &change->to, fail) &&
		       job_text(job, rows, i, 3, &change->cause, fail);
	}
	all->journey.changes = all->changes;
	all->journey.change_count = postgres_count(rows);
	return good;
}

static bool on_why(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct job *job = context;
	return why_rows_read(job, rows, &((struct rows *)job->rows)->why, fail);
}

static bool ask(struct job *job, struct postgres *postgres, struct fail *fail)
{
	struct postgres_value *values = arena_zero(&job->arena, 2, sizeof(*values));
	job->rows = arena_zero(&job->arena, 1, sizeof(struct rows));
	CHECK(values != NULL && job->rows != NULL);
	postgres_value_uuid(&job->asked.contact, &values[0]);
	postgres_value_text(job->asked.process, &values[1]);
	return postgres_add(postgres, job->has_people ? &with_person : &without_person, values, on_person, job,
			    fail) &&
	       postgres_add(postgres, &read_days, values, on_days, job, fail) &&
	       postgres_add(postgres, &read_touches, values, on_touches, job, fail) &&
	       postgres_add(postgres, &read_changes, values, on_changes, job, fail) &&
	       why_rows_ask(job, postgres, values, on_why, fail);
}

/* ---- the page ---- */

static const struct person *in_process(const struct rows *rows, const char *process)
{
	for (size_t i = 0; i < rows->people_count; i++) {
		if (strcmp(rows->people[i].process, process) == 0) {
			return &rows->people[i];
		}
	}
	return NULL;
}

static void show_head(const struct person *person, FILE *out)
{
	fputs("<h1><bdi>", out);
	person_name(person, out);
	fputs("</bdi></h1>\n<p>", out);
	if (person->role != NULL) {
		markup_text(person->role, out);
		fputs(", ", out);
	}
	if (person->account != NULL) {
		person_account(person->account, person->process, out);
		fputs(", ", out);
	}
	fprintf(out, "%lld touches count, %s.</p>\n", (long long)person->touches,
		person->quiet ? "quiet now" : "active now");
}

static void show_processes(const struct rows *rows, const char *process, FILE *out)
{
	fputs("<nav aria-label=\"Processes\"><ul class=\"processes\">\n", out);
	for (size_t i = 0; i < rows->people_count; i++) {
		const struct person *person = &rows->people[i];
		fputs("<li><a href=\"", out);
		person_url("/journey", &person->contact, person->process, out);
		fprintf(out, "\"%s>", strcmp(person->process, process) == 0 ? " aria-current=\"true\"" : "");
		markup_text(person->process, out);
		fputs("</a> ", out);
		person_phase(person->phase, out);
		fputs("</li>\n", out);
	}
	fputs("</ul></nav>\n", out);
}

static void show_now(const struct person *person, FILE *out)
{
	static const char *const names[] = {"early", "mid", "late"};
	const double shares[] = {person->early, person->mid, person->late};
	char since[MARKUP_DAY_SIZE];
	markup_day(person->since_us, since);
	fputs("<p class=\"now\">", out);
	person_phase(person->phase, out);
	if (person->fine != NULL) {
		fputs(" (", out);
		markup_text(person->fine, out);
		fputc(')', out);
	}
	fprintf(out, " since %s", since);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		char share[MARKUP_SHARE_SIZE];
		markup_share(shares[i], share);
		fprintf(out, "%s %s <span class=\"share\" data-key=\"%s\">%s</span>", i == 0 ? ":" : ",", names[i],
			names[i], share);
	}
	fputs(".</p>\n", out);
}

static void show_changes(const struct journey *journey, FILE *out)
{
	fputs("<h2>Ups and downs</h2>\n", out);
	if (journey->change_count == 0) {
		fputs("<p>What is shown has not changed yet.</p>\n", out);
		return;
	}
	frame_table_begin("Ups and downs", out);
	fputs("<thead><tr><th scope=\"col\">Day</th><th scope=\"col\">From</th><th scope=\"col\">To</th><th "
	      "scope=\"col\">By</th></tr>"
	      "</thead><tbody>\n",
	      out);
	for (size_t i = journey->change_count; i > 0; i--) { /* the newest first */
		const struct journey_change *change = &journey->changes[i - 1];
		char day[MARKUP_DAY_SIZE];
		markup_day(change->at_us, day);
		fprintf(out, "<tr><td>%s</td><td>", day);
		person_phase(change->from, out);
		fputs("</td><td>", out);
		person_phase(change->to, out);
		fputs("</td><td>", out);
		markup_text(change->cause, out);
		fputs("</td></tr>\n", out);
	}
	frame_table_end(out);
}

static void show_picture(struct job *job, struct rows *rows, FILE *out)
{
	char *link = NULL;
	size_t size = 0;
	FILE *url = open_memstream(&link, &size);
	CHECK(url != NULL);
	person_url("/why", &job->asked.contact, job->asked.process, url);
	CHECK(fclose(url) == 0);
	rows->journey.link = link;
	journey_picture(&rows->journey, out);
	free(link);
}

static unsigned show(struct job *job, FILE *out)
{
	struct rows *rows = job->rows;
	const struct person *person = in_process(rows, job->asked.process);
	if (rows->people_count == 0) {
		fputs("<h1>Nobody</h1><p>There is no such person in any process.</p>\n", out);
		return 404;
	}
	show_head(person != NULL ? person : &rows->people[0], out);
	show_processes(rows, job->asked.process, out);
	if (person == NULL) {
		fputs("<p class=\"empty\">In this process nothing has counted yet.</p>\n", out);
		return 404;
	}
	show_now(person, out);
	show_picture(job, rows, out);
	fputs("<section id=\"detail\" aria-live=\"polite\" tabindex=\"-1\"></section>\n<h2>Why</h2>\n", out);
	if (why_rows_show(&rows->why, INT64_MIN, INT64_MIN, out) == 0) {
		fputs("<p>Nothing speaks for a phase yet, or the daemon has not written it down.</p>\n", out);
	}
	show_changes(&rows->journey, out);
	return 200;
}

const struct page page_journey = {
	.path = "/journey", .title = "Journey", .needs = PAGE_NEEDS_CONTACT, .ask = ask, .show = show};
