#include "ctl/board/axis.h"

#include "core/base/check.h"
#include "core/base/moment.h"
#include "ctl/board/bands.h"

#define DATES_MAX 8 /* that stand beside one another without touching */
#define DATE_WIDTH 72

void axis_init(struct axis *axis, int64_t first_us, int64_t days, size_t columns_max)
{
	CHECK(days > 0 && columns_max > 0);
	int64_t each = (days + (int64_t)columns_max - 1) / (int64_t)columns_max;
	*axis = (struct axis){
		.first_us = moment_floor(first_us, MOMENT_DAY_US) * MOMENT_DAY_US,
		.days = days,
		.days_each = each,
		.columns = (size_t)((days + each - 1) / each),
	};
}

bool axis_holds(const struct axis *axis, int64_t us)
{
	return us >= axis->first_us && us < axis->first_us + axis->days * MOMENT_DAY_US;
}

size_t axis_column(const struct axis *axis, int64_t us)
{
	int64_t column = us < axis->first_us ? 0 : (us - axis->first_us) / MOMENT_DAY_US / axis->days_each;
	return column < (int64_t)axis->columns ? (size_t)column : axis->columns - 1;
}

double axis_x(const struct axis *axis, size_t column)
{
	int64_t day = (int64_t)column * axis->days_each;
	day = day < axis->days ? day : axis->days;
	return AXIS_LEFT + (double)(AXIS_RIGHT - AXIS_LEFT) * (double)day / (double)axis->days;
}

double axis_middle(const struct axis *axis, size_t column)
{
	return (axis_x(axis, column) + axis_x(axis, column + 1)) / 2;
}

void axis_days(const struct axis *axis, size_t column, char ret_from[static MARKUP_DAY_SIZE],
	       char ret_to[static MARKUP_DAY_SIZE])
{
	int64_t first = (int64_t)column * axis->days_each, last = first + axis->days_each - 1;
	last = last < axis->days ? last : axis->days - 1;
	markup_day(axis->first_us + first * MOMENT_DAY_US, ret_from);
	markup_day(axis->first_us + last * MOMENT_DAY_US, ret_to);
}

/* 1970-01-01 was a Thursday. */
int64_t axis_monday(int64_t us)
{
	return moment_floor(us + 3 * MOMENT_DAY_US, 7 * MOMENT_DAY_US) * 7 * MOMENT_DAY_US - 3 * MOMENT_DAY_US;
}

void axis_draw(const struct axis *axis, double top, double bottom, FILE *out)
{
	size_t step = (axis->columns + DATES_MAX - 1) / DATES_MAX;
	for (size_t i = 0; i < axis->columns; i += step) {
		char from[MARKUP_DAY_SIZE], to[MARKUP_DAY_SIZE];
		double x = axis_x(axis, i);
		if (x > AXIS_RIGHT - DATE_WIDTH) {
			break;
		}
		axis_days(axis, i, from, to);
		fputs("<line class=\"tick\" x1=\"", out);
		bands_number(x, out);
		fputs("\" x2=\"", out);
		bands_number(x, out);
		fprintf(out, "\" y1=\"%.0f\" y2=\"%.0f\"/><text class=\"date\" x=\"", top, bottom + 4);
		bands_number(x, out);
		fprintf(out, "\" y=\"%.0f\">%s</text>\n", bottom + 18, from);
	}
}
