#include "ctl/board/journey_picture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "ctl/board/axis.h"
#include "ctl/board/bands.h"
#include "ctl/board/markup.h"

#define COLUMNS_MAX 250 /* as many as one can tell apart */
#define POINTS_MAX 120	/* and as many as one can click */
#define LANE_HEIGHT 34
#define LANES_TOP 14
#define CHANGES_HEIGHT 26
#define BANDS_HEIGHT 130
#define FOOT_HEIGHT 26
#define DOT_MIN 3.0
#define DOT_MAX 12.0

/* Where things lie. */
struct place {
	const struct journey *journey;
	struct axis axis;		      /* of the bands */
	struct axis points;		      /* of the lanes: wider columns */
	const char *lanes[JOURNEY_LANES_MAX]; /* the last one takes what there is no room for */
	unsigned lane_count;
	double changes_top, bands_top, height;
};

int64_t journey_span(const struct journey *journey, int64_t *ret_first_us)
{
	int64_t first = INT64_MAX, last = INT64_MIN;
	const int64_t ends[] = {
		journey->day_count > 0 ? journey->days[0].day_us : INT64_MAX,
		journey->touch_count > 0 ? journey->touches[0].day_us : INT64_MAX,
		journey->day_count > 0 ? journey->days[journey->day_count - 1].day_us : INT64_MIN,
		journey->touch_count > 0 ? journey->touches[journey->touch_count - 1].day_us : INT64_MIN,
	};
	first = ends[0] < ends[1] ? ends[0] : ends[1];
	last = ends[2] > ends[3] ? ends[2] : ends[3];
	*ret_first_us = first;
	return first > last ? 0 : (last - first) / MOMENT_DAY_US + 1;
}

static int rank_of(const char *phase)
{
	static const char *const ranks[] = {"early", "mid", "late"};
	for (size_t i = 0; i < COUNT_OF(ranks); i++) {
		if (strcmp(phase, ranks[i]) == 0) {
			return (int)i + 1;
		}
	}
	return 0;
}

int journey_direction(const char *from, const char *to)
{
	int one = rank_of(from), other = rank_of(to);
	return one == 0 || other == 0 ? 0 : (other > one) - (other < one);
}

static unsigned lane_of(struct place *place, const char *channel)
{
	for (unsigned i = 0; i < place->lane_count; i++) {
		if (strcmp(place->lanes[i], channel) == 0) {
			return i;
		}
	}
	if (place->lane_count == JOURNEY_LANES_MAX) {
		place->lanes[JOURNEY_LANES_MAX - 1] = "other";
		return JOURNEY_LANES_MAX - 1;
	}
	place->lanes[place->lane_count] = channel;
	return place->lane_count++;
}

static void lay_out(const struct journey *journey, struct place *ret_place)
{
	static const char *const usual[] = {"web", "email", "chat"};
	int64_t first_us;
	*ret_place = (struct place){.journey = journey};
	int64_t days = journey_span(journey, &first_us);
	axis_init(&ret_place->axis, first_us, days, COLUMNS_MAX);
	axis_init(&ret_place->points, first_us, days, POINTS_MAX);
	for (size_t i = 0; i < COUNT_OF(usual); i++) {
		lane_of(ret_place, usual[i]);
	}
	for (size_t i = 0; i < journey->touch_count; i++) {
		lane_of(ret_place, journey->touches[i].channel);
	}
	ret_place->changes_top = LANES_TOP + (double)ret_place->lane_count * LANE_HEIGHT;
	ret_place->bands_top = ret_place->changes_top + CHANGES_HEIGHT;
	ret_place->height = ret_place->bands_top + BANDS_HEIGHT + FOOT_HEIGHT;
}

/* ---- lanes ---- */

struct dot {
	int64_t touches, machine;
};

static void draw_dot(const struct place *place, unsigned lane, size_t column, const struct dot *dot, FILE *out)
{
	char from[MARKUP_DAY_SIZE], to[MARKUP_DAY_SIZE];
	/* None lies over its neighbour. */
	double most = fmin((axis_x(&place->points, 1) - axis_x(&place->points, 0)) / 2 - .3, DOT_MAX);
	double radius = fmin(DOT_MIN + 2 * log2((double)dot->touches + 1) - 2, most);
	axis_days(&place->points, column, from, to);
	fprintf(out, "<a class=\"point\" href=\"%s&amp;day=%s", place->journey->link, from);
	if (strcmp(from, to) != 0) {
		fprintf(out, "&amp;until=%s", to);
	}
	fprintf(out, "\"><circle class=\"dot%s\" cx=\"", dot->machine == dot->touches ? " machine" : "");
	bands_number(axis_middle(&place->points, column), out);
	fprintf(out, "\" cy=\"%d\" r=\"", LANES_TOP + (int)lane * LANE_HEIGHT + LANE_HEIGHT / 2);
	bands_number(radius, out);
	fputs("\"><title>", out);
	markup_text(place->lanes[lane], out);
	fprintf(out, ": %lld touch%s, %s", (long long)dot->touches, dot->touches == 1 ? "" : "es", from);
	if (strcmp(from, to) != 0) {
		fprintf(out, " to %s", to);
	}
	if (dot->machine > 0) {
		fprintf(out, ", %lld by machines", (long long)dot->machine);
	}
	fputs("</title></circle></a>\n", out);
}

static void draw_lanes(struct place *place, FILE *out)
{
	const struct journey *journey = place->journey;
	size_t columns = place->points.columns;
	struct dot *dots = calloc(columns * JOURNEY_LANES_MAX, sizeof(*dots));
	CHECK(dots != NULL);
	for (size_t i = 0; i < journey->touch_count; i++) {
		const struct journey_touch *touch = &journey->touches[i];
		struct dot *dot = &dots[axis_column(&place->points, touch->day_us) * JOURNEY_LANES_MAX +
					lane_of(place, touch->channel)];
		dot->touches += touch->touches;
		dot->machine += touch->machine;
	}
	for (unsigned lane = 0; lane < place->lane_count; lane++) {
		int middle = LANES_TOP + (int)lane * LANE_HEIGHT + LANE_HEIGHT / 2;
		fprintf(out,
			"<line class=\"lane\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/><text class=\"label\" "
			"x=\"0\" y=\"%d\">",
			AXIS_LEFT, middle, JOURNEY_WIDTH, middle, middle + 4);
		markup_fit(place->lanes[lane], 10, out);
		fputs("</text>\n", out);
	}
	/* By day, so that Tab walks along the time. */
	for (size_t i = 0; i < columns * JOURNEY_LANES_MAX; i++) {
		if (dots[i].touches > 0) {
			draw_dot(place, (unsigned)(i % JOURNEY_LANES_MAX), i / JOURNEY_LANES_MAX, &dots[i], out);
		}
	}
	free(dots);
}

/* ---- what was shown ---- */

static void draw_change(const struct place *place, const struct journey_change *change, FILE *out)
{
	int direction = journey_direction(change->from, change->to);
	double x = axis_middle(&place->axis, axis_column(&place->axis, change->at_us));
	double y = place->changes_top + CHANGES_HEIGHT / 2.0;
	char day[MARKUP_DAY_SIZE];
	markup_day(change->at_us, day);
	fprintf(out, "<path class=\"change %s\" d=\"M", direction > 0 ? "up" : direction < 0 ? "down" : "other");
	bands_number(x - 6, out);
	fputc(' ', out);
	bands_number(y + 5 * direction, out);
	fputs(direction != 0 ? "h12l-6 " : "l6 -5l6 5l-6 5z", out);
	if (direction != 0) {
		fprintf(out, "%dz", -10 * direction);
	}
	fputs("\"><title>", out);
	markup_text(change->from, out);
	fputs(" → ", out);
	markup_text(change->to, out);
	fprintf(out, ", %s%s</title></path>\n", day, strcmp(change->cause, "time") == 0 ? ", by time alone" : "");
}

static void draw_changes(const struct place *place, FILE *out)
{
	fprintf(out, "<text class=\"label\" x=\"0\" y=\"%.0f\">shown</text>\n",
		place->changes_top + CHANGES_HEIGHT / 2.0 + 4);
	for (size_t i = 0; i < place->journey->change_count; i++) {
		const struct journey_change *change = &place->journey->changes[i];
		if (axis_holds(&place->axis, change->at_us)) {
			draw_change(place, change, out);
		}
	}
}

/* ---- bands ---- */

/* A column of several days shows how its last one ended. */
static void fill_columns(const struct place *place, struct bands_column *columns)
{
	const struct journey *journey = place->journey;
	for (size_t i = 0; i < place->axis.columns; i++) {
		columns[i] = (struct bands_column){
			.x0 = axis_x(&place->axis, i), .x1 = axis_x(&place->axis, i + 1), .is_gap = true};
	}
	for (size_t i = 0; i < journey->day_count; i++) {
		const struct journey_day *day = &journey->days[i];
		struct bands_column *column = &columns[axis_column(&place->axis, day->day_us)];
		column->is_gap = day->is_closed;
		column->parts[0] = day->early;
		column->parts[1] = day->mid;
		column->parts[2] = day->late;
	}
}

static void draw_bands(const struct place *place, FILE *out)
{
	static const char *const classes[] = {"early", "mid", "late"};
	struct bands_column *columns = calloc(place->axis.columns, sizeof(*columns));
	CHECK(columns != NULL);
	fill_columns(place, columns);
	struct bands bands = {.columns = columns,
			      .count = place->axis.columns,
			      .layers = COUNT_OF(classes),
			      .classes = classes,
			      .top = place->bands_top,
			      .height = BANDS_HEIGHT};
	fprintf(out, "<rect class=\"ground\" x=\"%d\" y=\"%.0f\" width=\"%d\" height=\"%d\"/>\n", AXIS_LEFT,
		place->bands_top, JOURNEY_WIDTH - AXIS_LEFT, BANDS_HEIGHT);
	bands_draw(&bands, out);
	for (size_t i = 0; i < COUNT_OF(classes); i++) {
		fprintf(out,
			"<rect class=\"%s\" x=\"0\" y=\"%.0f\" width=\"10\" height=\"10\"/><text class=\"label\" "
			"x=\"16\" y=\"%.0f\">%s</text>\n",
			classes[i], place->bands_top + 12 + 22 * (double)i, place->bands_top + 21 + 22 * (double)i,
			classes[i]);
	}
	free(columns);
}

static void describe(const struct place *place, FILE *out)
{
	char from[MARKUP_DAY_SIZE], to[MARKUP_DAY_SIZE], ignored[MARKUP_DAY_SIZE];
	int64_t touches = 0;
	for (size_t i = 0; i < place->journey->touch_count; i++) {
		touches += place->journey->touches[i].touches;
	}
	axis_days(&place->axis, 0, from, ignored);
	axis_days(&place->axis, place->axis.columns - 1, ignored, to);
	fprintf(out,
		"<title>Journey, %s to %s</title><desc>%lld touches on lanes by channel; what was shown changed "
		"%zu times; under them "
		"how probable early, mid and late were at the end of each day. The same is in the tables "
		"below.</desc>\n",
		from, to, (long long)touches, place->journey->change_count);
}

void journey_picture(const struct journey *journey, FILE *out)
{
	struct place place;
	int64_t ignored;
	if (journey_span(journey, &ignored) == 0) {
		fputs("<p class=\"empty\">Nothing has been done yet that is known here.</p>\n", out);
		return;
	}
	lay_out(journey, &place);
	/* Not an image: there are links in it. */
	fprintf(out,
		"<svg class=\"picture journey\" role=\"group\" viewBox=\"0 0 %d %.0f\" aria-label=\"Journey\">\n",
		JOURNEY_WIDTH, place.height);
	describe(&place, out);
	draw_bands(&place, out);
	axis_draw(&place.axis, LANES_TOP, place.bands_top + BANDS_HEIGHT, out);
	draw_lanes(&place, out);
	draw_changes(&place, out);
	fputs("</svg>\n", out);
}
