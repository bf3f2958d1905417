#include "ctl/board/why_rows.h"

#include <string.h>

#include "ctl/board/frame.h"
#include "ctl/board/markup.h"

static const struct postgres_statement read_why = {
	.name = "board_why",
	.sql = "SELECT line::bigint, day::timestamptz, phase, rule, content, touches::bigint, effect FROM "
	       "report.why WHERE contact_id = $1 "
	       "AND process = $2 ORDER BY line",
	.parameter_count = 2,
	.parameters = {{POSTGRES_UUID, false}, {POSTGRES_TEXT, false}},
};

bool why_rows_ask(struct job *job, struct postgres *postgres, const struct postgres_value *values,
		  postgres_on_rows *on_rows, struct fail *fail)
{
	return postgres_add(postgres, &read_why, values, on_rows, job, fail);
}

bool why_rows_read(struct job *job, const struct postgres_rows *rows, struct why_rows *ret_rows, struct fail *fail)
{
	bool good = JOB_ROOM(job, rows, &ret_rows->list, fail);
	ret_rows->count = postgres_count(rows);
	for (size_t i = 0; good && i < ret_rows->count; i++) {
		struct why_row *row = &ret_rows->list[i];
		row->line = postgres_int(rows, i, 0);
		row->day_us = job_moment(rows, i, 1);
		row->touches = postgres_is_null(rows, i, 5) ? 0 : postgres_int(rows, i, 5);
		row->effect = job_float(rows, i, 6);
		good = job_text(job, rows, i, 2, &row->phase, fail) &&
		       job_text(job, rows, i, 3, &row->rule, fail) &&
		       job_text(job, rows, i, 4, &row->content, fail);
	}
	return good;
}

static void show_row(const struct why_row *row, FILE *out)
{
	char day[MARKUP_DAY_SIZE];
	markup_day(row->day_us, day);
	fprintf(out, "<tr class=\"%s\"><td>%s</td><th scope=\"row\">", row->effect < 0 ? "against" : "for", day);
	markup_text(row->rule, out);
	fputs("</th><td>", out);
	markup_text(row->content, out);
	fputs("</td><td class=\"number\">", out);
	if (row->touches > 0) {
		fprintf(out, "%lld", (long long)row->touches);
	}
	fprintf(out, "</td><td class=\"number effect\">%+.2f</td></tr>\n", row->effect);
}

size_t why_rows_show(const struct why_rows *rows, int64_t from_us, int64_t to_us, FILE *out)
{
	size_t shown = 0;
	for (size_t i = 0; i < rows->count; i++) {
		const struct why_row *row = &rows->list[i];
		if (from_us != INT64_MIN && (row->day_us < from_us || row->day_us > to_us)) {
			continue;
		}
		if (shown++ == 0) {
			frame_table_begin("Why, line by line", out);
			fputs("<thead><tr><th scope=\"col\">Day</th><th scope=\"col\">Rule</th><th "
			      "scope=\"col\">Content</th>"
			      "<th scope=\"col\">Touches</th><th scope=\"col\">Says</th></tr></thead><tbody>\n",
			      out);
		}
		show_row(row, out);
	}
	if (shown > 0) {
		frame_table_end(out);
	}
	return shown;
}
