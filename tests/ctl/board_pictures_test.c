#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/moment.h"
#include "ctl/board/axis.h"
#include "ctl/board/bands.h"
#include "ctl/board/journey_picture.h"
#include "ctl/board/markup.h"
#include "ctl/terminal.h"
#include "tests/table.h"

#define NOW_US INT64_C(1790000000000000)
#define DAY(n) (NOW_US / MOMENT_DAY_US * MOMENT_DAY_US + (n)*MOMENT_DAY_US)

static char *text;
static size_t text_size;

static FILE *begin(void)
{
	free(text);
	text = NULL;
	FILE *out = open_memstream(&text, &text_size);
	ck_assert_ptr_nonnull(out);
	return out;
}

static void end(FILE *out)
{
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_ptr_null(strstr(text, "nan"));
	ck_assert_ptr_null(strstr(text, "inf"));
}

static size_t times(const char *what)
{
	size_t count = 0;
	for (const char *at = text; (at = strstr(at, what)) != NULL; at++) {
		count++;
	}
	return count;
}

START_TEST(texts_are_shown_as_texts)
{
	static const struct {
		const char *given, *shown;
	} rows[] = {
		{"", ""},
		{NULL, ""},
		{"Søren & 清水", "Søren &amp; 清水"},
		{"<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"},
		{"\" onload=\"x", "&quot; onload=&quot;x"},
		{"a\x01\x1b[2Jb\x7f", "a\xef\xbf\xbd\xef\xbf\xbd[2Jb\xef\xbf\xbd"},
		{"\xe2\x80\xae"
		 "evil",
		 "\xef\xbf\xbd"
		 "evil"},
		{"cut \xe2\x80", "cut \xef\xbf\xbd\xef\xbf\xbd"},
		{"\xff<", "\xef\xbf\xbd&lt;"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		FILE *out = begin();
		markup_text(rows[i].given, out);
		end(out);
		ck_assert_str_eq(text, rows[i].shown);
	}
}
END_TEST

START_TEST(urls_hold_nothing_but_what_they_may)
{
	FILE *out = begin();
	markup_url("a b&c=\"<æ>'%-._~9", out);
	end(out);
	ck_assert_str_eq(text, "a%20b%26c%3D%22%3C%C3%A6%3E%27%25-._~9");
}
END_TEST

START_TEST(long_texts_are_cut)
{
	FILE *out = begin();
	markup_fit("<<<<<<<<<<", 4, out);
	end(out);
	ck_assert_str_eq(text, "&lt;&lt;&lt;…");
}
END_TEST

START_TEST(numbers_are_short)
{
	static const struct {
		double given;
		const char *shown;
	} rows[] = {{0, "0"},	  {-0.0, "0"},	  {0.04, "0"},	   {-0.04, "0"},   {0.05, "0.1"}, {-0.26, "-0.3"},
		    {9.96, "10"}, {-9.96, "-10"}, {12.34, "12.3"}, {1e4, "10000"}, {NAN, "0"},	  {HUGE_VAL, "0"}};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		FILE *out = begin();
		bands_number(rows[i].given, out);
		end(out);
		ck_assert_str_eq(text, rows[i].shown);
	}
}
END_TEST

START_TEST(shares_say_no_more_than_they_are)
{
	static const struct {
		double given;
		const char *shown;
	} rows[] = {{0, "0 %"},	  {0.001, "1 %"}, {0.124, "12 %"}, {0.999, "99 %"},
		    {1, "100 %"}, {NAN, "0 %"},	  {-1, "0 %"}};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char share[MARKUP_SHARE_SIZE];
		markup_share(rows[i].given, share);
		ck_assert_str_eq(share, rows[i].shown);
	}
}
END_TEST

START_TEST(bands_of_probabilities_fill_the_height)
{
	static const char *const classes[] = {"a", "b", "c"};
	struct bands bands = {.layers = 3, .classes = classes, .top = 17, .height = 130};
	for (unsigned i = 0; i < 10000; i++) {
		double early = i % 101 / 100.0, mid = (1 - early) * (i % 7) / 7.0;
		struct bands_column column = {.parts = {early, mid, 1 - early - mid}};
		double edges[4];
		bands_edges(&bands, &column, edges);
		ck_assert(edges[0] == 17 && edges[3] == 147);
		for (unsigned n = 0; n < 3; n++) {
			ck_assert(edges[n] <= edges[n + 1]);
			ck_assert(fabs(edges[n + 1] - edges[n] - column.parts[n] * 130) < 0.11);
		}
	}
	/* Thousandths that were rounded do not sum to one. */
	struct bands_column column = {.parts = {.333, .333, .333}};
	double edges[4];
	bands_edges(&bands, &column, edges);
	ck_assert(edges[0] == 17 && edges[3] == 147);
}
END_TEST

START_TEST(bands_of_counts_are_as_high_as_they_are_many)
{
	static const char *const classes[] = {"a", "b"};
	struct bands bands = {.layers = 2, .classes = classes, .top = 0, .height = 100, .full = 50};
	static const struct {
		double parts[2], edges[3];
	} rows[] = {{{10, 15}, {50, 70, 100}},
		    {{0, 0}, {100, 100, 100}},
		    {{25, 25}, {0, 50, 100}},
		    {{NAN, -4}, {100, 100, 100}},
		    {{100, 0}, {0, 100, 100}}};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bands_column column = {.parts = {rows[i].parts[0], rows[i].parts[1]}};
		double edges[3];
		bands_edges(&bands, &column, edges);
		for (unsigned n = 0; n < 3; n++) {
			ck_assert_double_eq(edges[n], rows[i].edges[n]);
		}
	}
}
END_TEST

START_TEST(bands_have_gaps)
{
	static const char *const classes[] = {"a"};
	const struct bands_column columns[] = {{.x0 = 0, .x1 = 1, .parts = {1}},
					       {.x0 = 1, .x1 = 2, .is_gap = true},
					       {.x0 = 2, .x1 = 3, .parts = {1}}};
	const struct bands bands = {
		.columns = columns, .count = 3, .layers = 1, .classes = classes, .top = 0, .height = 10};
	FILE *out = begin();
	bands_draw(&bands, out);
	end(out);
	ck_assert_str_eq(text, "<path class=\"a\" d=\"M0 0L1 0L1 10L0 10ZM2 0L3 0L3 10L2 10Z\"/>\n");
}
END_TEST

START_TEST(an_axis_holds_every_day_once)
{
	for (int64_t days = 1; days < 3000; days += days < 20 ? 1 : 37) {
		struct axis axis;
		axis_init(&axis, DAY(0), days, 250);
		ck_assert_uint_le(axis.columns, 250);
		ck_assert_double_eq(axis_x(&axis, 0), AXIS_LEFT);
		ck_assert_double_eq(axis_x(&axis, axis.columns), AXIS_RIGHT);
		size_t last = 0;
		for (int64_t day = 0; day < days; day++) {
			size_t column = axis_column(&axis, DAY(day));
			ck_assert(column == last || column == last + 1);
			last = column;
		}
		ck_assert_uint_eq(last, axis.columns - 1);
		char from[MARKUP_DAY_SIZE], to[MARKUP_DAY_SIZE], end_day[MARKUP_DAY_SIZE];
		markup_day(DAY(days - 1), end_day);
		axis_days(&axis, axis.columns - 1, from, to);
		ck_assert_str_eq(to, end_day);
	}
}
END_TEST

static void draw(const struct journey *journey)
{
	FILE *out = begin();
	journey_picture(journey, out);
	end(out);
	ck_assert_uint_eq(times("<svg "), times("</svg>"));
	ck_assert_uint_eq(times("<a "), times("</a>"));
}

START_TEST(an_empty_journey_says_so)
{
	const struct journey journey = {.link = "/why?x"};
	draw(&journey);
	ck_assert_ptr_null(strstr(text, "<svg"));
	ck_assert_ptr_nonnull(strstr(text, "Nothing"));
}
END_TEST

START_TEST(a_journey_of_one_touch_is_a_picture)
{
	const struct journey_touch touch = {.day_us = DAY(0), .channel = "web", .touches = 1};
	const struct journey journey = {
		.touches = &touch, .touch_count = 1, .link = "/why?contact=1&amp;process=p"};
	draw(&journey);
	ck_assert_uint_eq(times("<circle "), 1);
	ck_assert_ptr_nonnull(strstr(text, "href=\"/why?contact=1&amp;process=p&amp;day=2026-09-21\""));
	ck_assert_ptr_nonnull(strstr(text, "web: 1 touch, 2026-09-21<"));
}
END_TEST

START_TEST(a_journey_of_ten_thousand_rows_has_the_size_of_a_picture)
{
	enum { ROWS = 10000 };
	static struct journey_touch touches[ROWS];
	static struct journey_day days[ROWS / 4];
	static struct journey_change changes[100];
	static const char *const channels[] = {"web",	      "email", "chat",	 "offline",
					       "\"><script>", "sixth", "seventh"};
	int64_t sum = 0;
	for (size_t i = 0; i < ROWS; i++) {
		touches[i] = (struct journey_touch){.day_us = DAY((int64_t)i / 4),
						    .channel = channels[i % 7],
						    .touches = 1 + (int64_t)(i % 3)};
		sum += touches[i].touches;
	}
	for (size_t i = 0; i < COUNT_OF(days); i++) {
		days[i] = (struct journey_day){
			.day_us = DAY((int64_t)i), .early = .2, .mid = .3, .late = .5, .is_closed = i % 50 == 0};
	}
	for (size_t i = 0; i < COUNT_OF(changes); i++) {
		changes[i] = (struct journey_change){DAY((int64_t)i * 20) + 7, i % 2 ? "early" : "late",
						     i % 2 ? "late" : "early", "touch"};
	}
	const struct journey journey = {days, COUNT_OF(days), touches, ROWS, changes, COUNT_OF(changes), "/why?x"};
	draw(&journey);
	ck_assert_uint_lt(text_size, 600 * 1024);
	ck_assert_ptr_null(strstr(text, "<script>"));
	ck_assert_uint_eq(times("class=\"change up"), 50);
	ck_assert_uint_eq(times("class=\"change down"), 50);
	/* No touch is lost by putting days together. */
	int64_t shown = 0;
	for (const char *at = text; (at = strstr(at, "<circle ")) != NULL; at++) {
		const char *colon = strstr(strstr(at, "<title>"), ": ");
		shown += strtoll(colon + 2, NULL, 10);
	}
	ck_assert_int_eq(shown, sum);
}
END_TEST

START_TEST(up_is_forward)
{
	ck_assert_int_eq(journey_direction("early", "late"), 1);
	ck_assert_int_eq(journey_direction("late", "mid"), -1);
	ck_assert_int_eq(journey_direction("none", "late"), 0);
	ck_assert_int_eq(journey_direction("mid", "unknown"), 0);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {texts_are_shown_as_texts,
				urls_hold_nothing_but_what_they_may,
				long_texts_are_cut,
				numbers_are_short,
				shares_say_no_more_than_they_are,
				bands_of_probabilities_fill_the_height,
				bands_of_counts_are_as_high_as_they_are_many,
				bands_have_gaps,
				an_axis_holds_every_day_once,
				an_empty_journey_says_so,
				a_journey_of_one_touch_is_a_picture,
				a_journey_of_ten_thousand_rows_has_the_size_of_a_picture,
				up_is_forward};
	terminal_start();
	return test_run("board pictures", tests, COUNT_OF(tests)) ? EXIT_SUCCESS : EXIT_FAILURE;
}
