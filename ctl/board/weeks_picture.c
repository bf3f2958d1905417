#include "ctl/board/weeks_picture.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "ctl/board/bands.h"
#include "ctl/board/markup.h"

#define LEFT 64
#define WIDTH 1000
#define TOP 10
#define HALF 80 /* of the bars */
#define FOOT 44

static const struct {
	const char *name, *class;
	bool is_down;
} kinds[WEEKS_KINDS] = {
	[WEEKS_ENTER] = {"enter", "early", false}, [WEEKS_FORWARD] = {"forward", "mid", false},
	[WEEKS_SKIP] = {"skip", "late", false},	   [WEEKS_BACK] = {"back", "back", true},
	[WEEKS_LEAVE] = {"leave", "none", true},
};

int weeks_kind_of(const char *word)
{
	for (int i = 0; i < WEEKS_KINDS; i++) {
		if (strcmp(kinds[i].name, word) == 0) {
			return i;
		}
	}
	return -1;
}

const char *weeks_kind_name(enum weeks_kind kind)
{
	return kinds[kind].name;
}

static int64_t most_of(const struct weeks_week *weeks, size_t count)
{
	int64_t most = 1;
	for (size_t i = 0; i < count; i++) {
		int64_t sums[2] = {0, 0};
		for (int n = 0; n < WEEKS_KINDS; n++) {
			sums[kinds[n].is_down] += weeks[i].contacts[n];
		}
		most = sums[0] > most ? sums[0] : most;
		most = sums[1] > most ? sums[1] : most;
	}
	return most;
}

static void draw_bar(double x, double width, double y, double height, const char *class, FILE *out)
{
	fprintf(out, "<rect class=\"%s\" x=\"", class);
	bands_number(x, out);
	fputs("\" y=\"", out);
	bands_number(y, out);
	fputs("\" width=\"", out);
	bands_number(width, out);
	fputs("\" height=\"", out);
	bands_number(height, out);
	fputs("\"/>", out);
}

static void draw_week(const struct weeks_week *week, double x, double width, int64_t most, const char *link,
		      FILE *out)
{
	char day[MARKUP_DAY_SIZE];
	double heights[2] = {0, 0};
	markup_day(week->week_us, day);
	fprintf(out, "<a class=\"week\" href=\"%s%s\"><title>Week of %s:", link, day, day);
	for (int i = 0; i < WEEKS_KINDS; i++) {
		fprintf(out, "%s %" PRId64 " %s", i > 0 ? "," : "", week->contacts[i], kinds[i].name);
	}
	fputs("</title>", out);
	draw_bar(x, width, TOP, 2 * HALF, "dot ground", out);
	for (int i = 0; i < WEEKS_KINDS; i++) {
		double height = (double)week->contacts[i] / (double)most * HALF;
		double *sum = &heights[kinds[i].is_down];
		if (week->contacts[i] > 0) {
			double y = kinds[i].is_down ? TOP + HALF + *sum : TOP + HALF - *sum - height;
			draw_bar(x, width, y, height, kinds[i].class, out);
			*sum += height;
		}
	}
	fprintf(out, "<text class=\"date\" x=\"");
	bands_number(x, out);
	fprintf(out, "\" y=\"%d\">%s</text></a>\n", TOP + 2 * HALF + 14, day + strlen("2026-"));
}

void weeks_picture(const struct weeks_week *weeks, size_t count, const char *link, FILE *out)
{
	if (count == 0) {
		fputs("<p class=\"empty\">Nobody has moved in these weeks.</p>\n", out);
		return;
	}
	int64_t most = most_of(weeks, count);
	double step = (double)(WIDTH - LEFT) / (double)count;
	fprintf(out,
		"<svg class=\"picture weeks\" role=\"group\" viewBox=\"0 0 %d %d\" aria-label=\"Who moved, by "
		"week\">\n",
		WIDTH, TOP + 2 * HALF + FOOT);
	fprintf(out,
		"<title>Who moved, by week</title><desc>Bars up: entered, forward, skipped a phase; bars down: "
		"back, left. The highest "
		"is %" PRId64 ".</desc>\n",
		most);
	for (size_t i = 0; i < count; i++) {
		draw_week(&weeks[i], LEFT + step * (double)i + step * .1, step * .8, most, link, out);
	}
	fprintf(out, "<line class=\"lane\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>", LEFT, WIDTH, TOP + HALF,
		TOP + HALF);
	for (int i = 0; i < WEEKS_KINDS; i++) {
		int x = LEFT + i * 100, y = TOP + 2 * HALF + FOOT;
		fprintf(out,
			"<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"10\" height=\"10\"/><text x=\"%d\" "
			"y=\"%d\">%s</text>\n",
			kinds[i].class, x, y - 14, x + 16, y - 5, kinds[i].name);
	}
	fputs("</svg>\n", out);
}
