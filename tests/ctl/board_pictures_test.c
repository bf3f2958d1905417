#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/moment.h"
#include "ctl/board/axis.h"
#include "ctl/board/bands.h"
#include "ctl/board/committee_picture.h"
#include "ctl/board/funnel_picture.h"
#include "ctl/board/journey_picture.h"
#include "ctl/board/markup.h"
#include "ctl/board/weeks_picture.h"
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
	static const char *const never[] = {"nan", "NaN", "inf", "=\"-0\""};
	for (size_t i = 0; i < COUNT_OF(never); i++) {
		ck_assert_msg(strstr(text, never[i]) == NULL, "%s", never[i]);
	}
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
		{"\xd8\x9c"
		 "turn",
		 "\xef\xbf\xbd"
		 "turn"},
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
	} rows[] = {{0, "0"},	     {-0.0, "0"},     {0.04, "0"},	  {-0.04, "0"},
		    {0.05, "0.1"},   {-0.26, "-0.3"}, {9.96, "10"},	  {-9.96, "-10"},
		    {12.34, "12.3"}, {1e4, "10000"},  {(double)NAN, "0"}, {HUGE_VAL, "0"}};
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
	} rows[] = {{0, "0 %"},	  {0.001, "1 %"},	{0.124, "12 %"}, {0.999, "99 %"},
		    {1, "100 %"}, {(double)NAN, "0 %"}, {-1, "0 %"}};
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
		    {{(double)NAN, -4}, {100, 100, 100}},
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

START_TEST(weeks_begin_on_mondays)
{
	/* 2026-09-21 was one. */
	static const int64_t days[] = {0, 1, 6, 7, 13, -1, -7};
	static const int64_t mondays[] = {0, 0, 0, 7, 7, -7, -7};
	for (size_t i = 0; i < COUNT_OF(days); i++) {
		ck_assert_int_eq(axis_monday(DAY(days[i]) + MOMENT_DAY_US - 1), DAY(mondays[i]));
		ck_assert_int_eq(axis_monday(DAY(days[i])), DAY(mondays[i]));
	}
	ck_assert_int_eq(axis_monday(0), -3 * MOMENT_DAY_US);
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

START_TEST(a_scale_is_read_easily)
{
	static const int64_t rows[][2] = {{0, 1},  {1, 1},   {2, 2},   {3, 5},	  {5, 5},
					  {6, 10}, {11, 20}, {49, 50}, {51, 100}, {200001, 500000}};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		ck_assert_int_eq(funnel_round(rows[i][0]), rows[i][1]);
	}
	ck_assert_int_gt(funnel_round(INT64_MAX), 0);
}
END_TEST

static void draw_funnel(const struct funnel_day *days, size_t count)
{
	FILE *out = begin();
	funnel_picture(days, count, "<tender>", out);
	end(out);
	ck_assert_ptr_null(strstr(text, "<tender>"));
}

START_TEST(a_funnel_of_none_of_one_and_of_ten_thousand_days)
{
	enum { DAYS = 10000 };
	static struct funnel_day days[DAYS];
	draw_funnel(days, 0);
	ck_assert_ptr_null(strstr(text, "<svg"));
	days[0] = (struct funnel_day){.day_us = DAY(0), .late = 1};
	draw_funnel(days, 1);
	/* The one person fills the height. */
	ck_assert_ptr_nonnull(strstr(text, "<path class=\"late\" d=\"M64 14L1000 14L1000 254L64 254Z\"/>"));
	for (size_t i = 0; i < DAYS; i++) {
		days[i] =
			(struct funnel_day){.day_us = DAY((int64_t)i), .early = (int64_t)i, .mid = 70, .late = -3};
	}
	draw_funnel(days, DAYS);
	ck_assert_uint_lt(text_size, 64 * 1024);
	ck_assert_uint_eq(times("<path "), 2);
	ck_assert_ptr_nonnull(strstr(text, ">20000<"));
}
END_TEST

START_TEST(weeks_go_up_and_down)
{
	const struct weeks_week weeks[] = {{DAY(0), {[WEEKS_ENTER] = 3, [WEEKS_FORWARD] = 1, [WEEKS_BACK] = 2}},
					   {DAY(7), {0}}};
	FILE *out = begin();
	weeks_picture(NULL, 0, "/movement?day=", out);
	end(out);
	ck_assert_ptr_null(strstr(text, "<svg"));
	out = begin();
	weeks_picture(weeks, 2, "/movement?day=", out);
	end(out);
	ck_assert_uint_eq(times("<a "), 2);
	ck_assert_ptr_nonnull(strstr(text, "Week of 2026-09-21: 3 enter, 1 forward, 0 skip, 2 back, 0 leave"));
	/* Four came on: all of the upper half. Two went back: half of the lower one. */
	ck_assert_ptr_nonnull(
		strstr(text, "<rect class=\"early\" x=\"110.8\" y=\"30\" width=\"374.4\" height=\"60\"/>"));
	ck_assert_ptr_nonnull(
		strstr(text, "<rect class=\"mid\" x=\"110.8\" y=\"10\" width=\"374.4\" height=\"20\"/>"));
	ck_assert_ptr_nonnull(
		strstr(text, "<rect class=\"back\" x=\"110.8\" y=\"90\" width=\"374.4\" height=\"40\"/>"));
	for (int i = 0; i < WEEKS_KINDS; i++) {
		ck_assert_int_eq(weeks_kind_of(weeks_kind_name((enum weeks_kind)i)), i);
	}
	ck_assert_int_eq(weeks_kind_of("stuck"), -1);
}
END_TEST

START_TEST(a_committee_shows_members_and_who_is_missing)
{
	const struct committee_member members[] = {
		{.name = "<b>Åse</b>",
		 .role = "CFO",
		 .link = "/journey?contact=1",
		 .early = .1,
		 .mid = .2,
		 .late = .7,
		 .touches = 1},
		{.name = "Bo",
		 .early = (double)NAN,
		 .mid = (double)NAN,
		 .late = (double)NAN,
		 .is_quiet = true,
		 .is_weightless = true},
		{.role = "CEO", .early = (double)NAN, .mid = (double)NAN, .late = (double)NAN, .is_missing = true},
	};
	FILE *out = begin();
	committee_picture(members, COUNT_OF(members), out);
	end(out);
	ck_assert_uint_eq(times("class=\"cell unknown\""), 6);
	ck_assert_uint_eq(times("class=\"cell warm3 most\""), 1);
	ck_assert_uint_eq(times("class=\"cell warm0\""), 1);
	ck_assert_uint_eq(times("class=\"cell warm1\""), 1);
	ck_assert_ptr_nonnull(strstr(text, "&lt;b&gt;Åse&lt;/b&gt;"));
	ck_assert_ptr_nonnull(strstr(text, "silent, no say now, 0 touches"));
	ck_assert_ptr_nonnull(strstr(text, "2 people and 1 expected roles"));
	ck_assert_ptr_nonnull(strstr(text, "expected, and nobody is known"));
	out = begin();
	committee_picture(members, 0, out);
	end(out);
	ck_assert_ptr_null(strstr(text, "<svg"));
}
END_TEST

START_TEST(warmth_has_its_steps)
{
	static const struct {
		double share;
		int warmth;
	} rows[] = {{0, 0}, {.19, 0}, {.2, 1}, {.5, 2},		  {.79, 3},	 {.8, 4},
		    {1, 4}, {7, 4},   {-1, 0}, {(double)NAN, -1}, {HUGE_VAL, -1}};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		ck_assert_int_eq(committee_warmth(rows[i].share), rows[i].warmth);
	}
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
				weeks_begin_on_mondays,
				an_empty_journey_says_so,
				a_journey_of_one_touch_is_a_picture,
				a_journey_of_ten_thousand_rows_has_the_size_of_a_picture,
				up_is_forward,
				a_scale_is_read_easily,
				a_funnel_of_none_of_one_and_of_ten_thousand_days,
				weeks_go_up_and_down,
				a_committee_shows_members_and_who_is_missing,
				warmth_has_its_steps};
	terminal_start();
	return test_run("board pictures", tests, COUNT_OF(tests)) ? EXIT_SUCCESS : EXIT_FAILURE;
}
