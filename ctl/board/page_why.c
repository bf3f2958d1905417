/*
 * The why of a point: what was done on a day or some, and what that says for the phase. A page of its own, and a part that
 * the script puts beside the picture.
 */
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "ctl/board/markup.h"
#include "ctl/board/person.h"
#include "ctl/board/why_rows.h"

#define TOUCHES_MAX 100

struct touch {
	int64_t at_us;
	const char *channel, *rule, *about, *action;
	bool is_machine;
};

struct rows {
	struct why_rows why;
	struct touch *touches;
	size_t touch_count;
	int64_t from_us, to_us; /* days, both included */
};

static const struct postgres_statement read_touches = {
	.name = "board_day",
	.sql = "SELECT at, coalesce(channel, 'other'), rule, coalesce(content, title, label, topic, target, "
	       "page), machine, action FROM "
	       "report.journey WHERE contact_id = $1 AND (process = $2 OR process IS NULL) AND at >= $3 AND at < "
	       "$4 ORDER BY at, event LIMIT "
	       "101",
	.parameter_count = 4,
	.parameters = {{POSTGRES_UUID, false},
		       {POSTGRES_TEXT, false},
		       {POSTGRES_TIMESTAMPTZ, false},
		       {POSTGRES_TIMESTAMPTZ, false}},
};
_Static_assert(TOUCHES_MAX == 100, "read_touches asks for one more");

static bool on_touches(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct job *job = context;
	struct rows *all = job->rows;
	bool good = JOB_ROOM(job, rows, &all->touches, fail);
	all->touch_count = postgres_count(rows);
	for (size_t i = 0; good && i < all->touch_count; i++) {
		struct touch *touch = &all->touches[i];
		touch->at_us = postgres_moment(rows, i, 0);
		touch->is_machine = postgres_int(rows, i, 4) != 0;
		good = job_text(job, rows, i, 1, &touch->channel, fail) &&
		       job_text(job, rows, i, 2, &touch->rule, fail) &&
		       job_text(job, rows, i, 3, &touch->about, fail) &&
		       job_text(job, rows, i, 5, &touch->action, fail);
	}
	return good;
}

static bool on_why(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct job *job = context;
	return why_rows_read(job, rows, &((struct rows *)job->rows)->why, fail);
}

static bool ask(struct job *job, struct postgres *postgres, struct fail *fail)
{
	const struct job_asked *asked = &job->asked;
	struct postgres_value *values = arena_zero(&job->arena, 4, sizeof(*values));
	struct rows *rows = job->rows = arena_zero(&job->arena, 1, sizeof(*rows));
	CHECK(values != NULL && rows != NULL);
	rows->from_us = asked->day_us;
	rows->to_us = asked->until_us != INT64_MIN ? asked->until_us : asked->day_us;
	postgres_value_uuid(&asked->contact, &values[0]);
	postgres_value_text(asked->process, &values[1]);
	if (!why_rows_ask(job, postgres, values, on_why, fail)) {
		return false;
	}
	if (asked->day_us == INT64_MIN) {
		return true;
	}
	if (!postgres_value_moment(&job->arena, rows->from_us, &values[2]) ||
	    !postgres_value_moment(&job->arena, rows->to_us + MOMENT_DAY_US, &values[3])) {
		return job_no_room(fail);
	}
	return postgres_add(postgres, &read_touches, values, on_touches, job, fail);
}

static void show_touches(const struct rows *rows, FILE *out)
{
	size_t shown = rows->touch_count < TOUCHES_MAX ? rows->touch_count : TOUCHES_MAX;
	if (shown == 0) {
		return;
	}
	fputs("<h3>What was done</h3>\n<ol class=\"touches\">\n", out);
	for (size_t i = 0; i < shown; i++) {
		const struct touch *touch = &rows->touches[i];
		char when[MOMENT_TEXT_SIZE];
		moment_print_second(touch->at_us, when);
		fprintf(out, "<li><time datetime=\"%s\">%.10s %.5s</time> <span class=\"channel\">", when, when,
			when + 11);
		markup_text(touch->channel, out);
		fputs("</span> <bdi>", out);
		markup_text(touch->about != NULL ? touch->about : touch->action, out);
		fputs("</bdi>", out);
		if (touch->rule != NULL) {
			fputs(" (", out);
			markup_text(touch->rule, out);
			fputc(')', out);
		}
		fputs(touch->is_machine ? ", by a machine</li>\n" : "</li>\n", out);
	}
	fputs("</ol>\n", out);
	if (rows->touch_count > TOUCHES_MAX) {
		fprintf(out, "<p>The first %d of more.</p>\n", TOUCHES_MAX);
	}
}

static void show_title(const struct job *job, const struct rows *rows, FILE *out)
{
	char from[MARKUP_DAY_SIZE], to[MARKUP_DAY_SIZE];
	const char *level = job->asked.is_part ? "h2" : "h1";
	markup_day(rows->from_us, from);
	markup_day(rows->to_us, to);
	fprintf(out, "<%s>Why%s%s", level, rows->from_us != INT64_MIN ? ": " : "", from);
	if (rows->to_us != rows->from_us) {
		fprintf(out, " to %s", to);
	}
	fprintf(out, "</%s>\n", level);
}

static unsigned show(struct job *job, FILE *out)
{
	struct rows *rows = job->rows;
	show_title(job, rows, out);
	size_t lines = why_rows_show(&rows->why, rows->from_us, rows->to_us, out);
	if (lines == 0) {
		fputs("<p>Nothing of this says anything for or against the phase that is shown now.</p>\n", out);
	} else if (rows->from_us != INT64_MIN) {
		fprintf(out, "<p>In logit, for %s: +1 makes it 2.7 times as likely against the others.</p>\n",
			rows->why.list[0].phase != NULL ? rows->why.list[0].phase : "the phase");
	}
	show_touches(rows, out);
	if (!job->asked.is_part) {
		fputs("<p><a href=\"", out);
		person_url("/journey", &job->asked.contact, job->asked.process, out);
		fputs("\">Back to the journey</a></p>\n", out);
	}
	return 200;
}

const struct page page_why = {
	.path = "/why", .title = "Why", .needs = PAGE_NEEDS_CONTACT, .ask = ask, .show = show};
