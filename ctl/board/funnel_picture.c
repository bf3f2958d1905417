#include "ctl/board/funnel_picture.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "ctl/board/axis.h"
#include "ctl/board/bands.h"
#include "ctl/board/markup.h"

#define WIDTH 1000
#define COLUMNS_MAX 366
#define TOP 14
#define HEIGHT 240
#define FOOT_HEIGHT 46
#define LINES 4

int64_t funnel_round(int64_t most)
{
	static const int64_t steps[] = {1, 2, 5};
	for (int64_t ten = 1;; ten *= 10) {
		for (size_t i = 0; i < COUNT_OF(steps); i++) {
			if (steps[i] * ten >= most || ten > INT64_MAX / 100) {
				return steps[i] * ten;
			}
		}
	}
}

static int64_t most_of(const struct funnel_day *days, size_t count)
{
	int64_t most = 0;
	for (size_t i = 0; i < count; i++) {
		int64_t sum = days[i].early + days[i].mid + days[i].late;
		most = sum > most ? sum : most;
	}
	return most;
}

/* Lines at shares of the height that are whole numbers. */
static void draw_lines(int64_t full, FILE *out)
{
	int64_t lines = full < LINES	    ? full
			: full % LINES == 0 ? LINES
			: full % 5 == 0	    ? 5
			: full % 2 == 0	    ? 2
					    : 1;
	for (int64_t i = 0; i <= lines; i++) {
		double y = TOP + HEIGHT - (double)HEIGHT * (double)i / (double)lines;
		fputs("<line class=\"tick\" x1=\"64\" x2=\"1000\" y1=\"", out);
		bands_number(y, out);
		fputs("\" y2=\"", out);
		bands_number(y, out);
		fputs("\"/><text class=\"date end\" x=\"58\" y=\"", out);
		bands_number(y + 4, out);
		fprintf(out, "\">%" PRId64 "</text>\n", full * i / lines);
	}
}

/* A column of several days shows its last one. */
static void fill_columns(const struct axis *axis, const struct funnel_day *days, size_t count,
			 struct bands_column *columns)
{
	for (size_t i = 0; i < axis->columns; i++) {
		columns[i] = (struct bands_column){.x0 = axis_x(axis, i), .x1 = axis_x(axis, i + 1)};
	}
	for (size_t i = 0; i < count; i++) {
		double *parts = columns[axis_column(axis, days[i].day_us)].parts;
		parts[0] = (double)days[i].early;
		parts[1] = (double)days[i].mid;
		parts[2] = (double)days[i].late;
	}
}

static void draw_legend(const char *const *classes, size_t count, FILE *out)
{
	int y = TOP + HEIGHT + FOOT_HEIGHT;
	for (size_t i = 0; i < count; i++) {
		int x = AXIS_LEFT + (int)i * 90;
		fprintf(out,
			"<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"10\" height=\"10\"/><text x=\"%d\" "
			"y=\"%d\">%s</text>\n",
			classes[i], x, y - 12, x + 16, y - 3, classes[i]);
	}
}

static void describe(const struct funnel_day *days, size_t count, const char *process, FILE *out)
{
	char from[MARKUP_DAY_SIZE], to[MARKUP_DAY_SIZE];
	const struct funnel_day *last = &days[count - 1];
	markup_day(days[0].day_us, from);
	markup_day(last->day_us, to);
	fputs("<title>People by phase, ", out);
	markup_text(process, out);
	fprintf(out,
		", %s to %s</title><desc>How many people were shown in early, mid and late at the end of each "
		"day, one upon the other. At "
		"the end %" PRId64 " early, %" PRId64 " mid, %" PRId64
		" late. The table below has the last days.</desc>\n",
		from, to, last->early, last->mid, last->late);
}

void funnel_picture(const struct funnel_day *days, size_t count, const char *process, FILE *out)
{
	static const char *const classes[] = {"early", "mid", "late"};
	if (count == 0) {
		fputs("<p class=\"empty\">Nobody has been in a phase of this process yet. A picture begins with "
		      "the first change that the "
		      "daemon shows: see <code>phasectl status</code>, and <code>phasectl check</code> where "
		      "nothing comes.</p>\n",
		      out);
		return;
	}
	struct axis axis;
	int64_t span = (days[count - 1].day_us - days[0].day_us) / MOMENT_DAY_US + 1;
	axis_init(&axis, days[0].day_us, span, COLUMNS_MAX);
	struct bands_column *columns = calloc(axis.columns, sizeof(*columns));
	CHECK(columns != NULL);
	fill_columns(&axis, days, count, columns);
	int64_t full = funnel_round(most_of(days, count));
	const struct bands bands = {.columns = columns,
				    .count = axis.columns,
				    .layers = COUNT_OF(classes),
				    .classes = classes,
				    .top = TOP,
				    .height = HEIGHT,
				    .full = (double)full};
	fprintf(out,
		"<svg class=\"picture funnel\" role=\"img\" viewBox=\"0 0 %d %d\" aria-label=\"People by phase "
		"over time\">\n",
		WIDTH, TOP + HEIGHT + FOOT_HEIGHT);
	describe(days, count, process, out);
	bands_draw(&bands, out);
	draw_lines(full, out);
	axis_draw(&axis, TOP, TOP + HEIGHT, out);
	draw_legend(classes, COUNT_OF(classes), out);
	fputs("</svg>\n", out);
	free(columns);
}
