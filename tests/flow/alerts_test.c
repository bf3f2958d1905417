/* core/flow/alerts.h: against what its definition says, asked day by day; and by hand. */
#include "core/flow/alerts.h"
#include "core/base/moment.h"

#include <stdlib.h>
#include <string.h>

#include "tests/random.h"
#include "tests/table.h"
#include "tests/vectors/vectors.h"

#define DAY_MS INT64_C(86400000)
#define START_MS INT64_C(1717200000000) /* 2024-06-01 */
#define TOUCHES_MAX 60
#define SEEN_MAX 400

struct seen {
	size_t count;
	struct {
		int64_t at_ms;
		bool entered;
	} list[SEEN_MAX];
};

static void on_late(void *context, int64_t at_ms, bool entered)
{
	struct seen *seen = context;
	ck_assert_uint_lt(seen->count, SEEN_MAX);
	seen->list[seen->count].at_ms = at_ms;
	seen->list[seen->count++].entered = entered;
}

static void ask(const struct fold_process *fold, const struct fold_touch *touches, size_t count, int64_t until_ms,
		struct seen *ret_seen)
{
	static struct alerts_process process;
	bool scratch[TOUCHES_MAX * 10];
	struct phase_state state;
	struct alerts alerts = {.process = &process, .on_late = on_late, .context = ret_seen};
	ret_seen->count = 0;
	alerts_process_init(&process, fold);
	ck_assert_uint_le(count, sizeof(scratch));
	fold_all(fold, touches, count, scratch, &state, NULL, alerts_step, &alerts);
	alerts_pass(&alerts, until_ms);
}

/* The definition: at the end of each day all touches until then are folded. */
static void ask_each_day(const struct fold_process *fold, const struct fold_touch *touches, size_t count,
			 int64_t until_ms, struct seen *ret_seen)
{
	bool scratch[TOUCHES_MAX * 10], entered = false, high = false;
	ret_seen->count = 0;
	for (int64_t at_ms = (touches[0].ms / DAY_MS) * DAY_MS; at_ms <= until_ms; at_ms += DAY_MS) {
		struct phase_state state;
		struct phase_view view;
		double late = 0;
		size_t until = 0;
		while (until < count && touches[until].ms <= at_ms) {
			until++;
		}
		fold_all(fold, touches, until, scratch, &state, NULL, NULL, NULL);
		fold_view(fold, &state, at_ms, &view);
		for (unsigned k = 1; state.moved && k < fold->states; k++) {
			late += fold->state_main[k] == MAIN_LATE ? view.posterior[k] : 0;
		}
		if (entered && late < .3) {
			entered = false;
			on_late(ret_seen, at_ms, false);
		} else if (!entered && high && late >= .4) {
			entered = true;
			on_late(ret_seen, at_ms, true);
		}
		high = late >= .4;
	}
}

static size_t compare(const struct fold_process *fold, const struct fold_touch *touches, size_t count)
{
	static struct seen seen, expected;
	int64_t until_ms = touches[count - 1].ms + 300 * DAY_MS;
	ask(fold, touches, count, until_ms, &seen);
	ask_each_day(fold, touches, count, until_ms, &expected);
	ck_assert_uint_eq(seen.count, expected.count);
	for (size_t i = 0; i < seen.count; i++) {
		ck_assert_int_eq(seen.list[i].at_ms, expected.list[i].at_ms);
		ck_assert_int_eq(seen.list[i].entered, expected.list[i].entered);
	}
	return seen.count;
}

/* Some touches of somebody, at any distances; now and then a fact. */
static size_t make_touches(const struct fold_process *fold, uint64_t *seed, struct fold_touch *ret_touches)
{
	static const uint64_t spreads[] = {60, 2000, 6 * 1440, 40 * 1440};
	int64_t ms = START_MS + (int64_t)random_below(seed, (uint64_t)DAY_MS);
	size_t count = 1 + random_below(seed, TOUCHES_MAX - 1);
	uint64_t spread = spreads[random_below(seed, COUNT_OF(spreads))];
	for (size_t i = 0; i < count; i++) {
		ms += (int64_t)random_below(seed, spread * 60000) + 1;
		ms = random_below(seed, 8) == 0 ? (ms / DAY_MS + 1) * DAY_MS : ms; /* the very end of a day */
		uint64_t kind = random_below(seed, 20);
		ret_touches[i] = (struct fold_touch){
			.ms = ms,
			.id = i,
			.kind = kind == 0   ? FOLD_CLOSE
				: kind <= 2 ? FOLD_CONFIRM
					    : FOLD_TOUCH,
			.rule = kind == 0   ? 0
				: kind <= 2 ? (uint16_t)(2u << random_below(seed, fold->states - 1))
					    : (uint16_t)random_below(seed, fold->rule_count),
		};
	}
	return count;
}

START_TEST(late_is_entered_as_the_definition_says)
{
	static const struct {
		double back, stall, dwell_days, dwell_none_days;
		unsigned states;
	} rows[] = {{.25, .2, 20, 90, 8},
		    {.25, .2, 20, 90, 5},
		    {.1, .1, 2, 5, 8},
		    {.05, .05, 300, 30, 8},
		    {0, 0, 5, 1, 4}};
	struct vectors *vectors = vectors_read();
	size_t found = 0;
	uint64_t seed = 3;
	for (size_t i = 0; i < COUNT_OF(rows) * 60; i++) {
		struct fold_touch touches[TOUCHES_MAX] = {{0}};
		struct model_process about = vectors->model;
		struct fold_process fold;
		about.back = rows[i / 60].back;
		about.stall = rows[i / 60].stall;
		about.dwell_days = rows[i / 60].dwell_days;
		about.dwell_none_days = rows[i / 60].dwell_none_days;
		about.states = rows[i / 60].states;
		for (unsigned k = 1; k < about.states; k++) {
			about.state_main[k] = (enum main_phase)((k - 1) * MAIN_COUNT / (about.states - 1));
		}
		fold_process_init(&fold, &about);
		found += compare(&fold, touches, make_touches(&fold, &seed, touches));
	}
	ck_assert_uint_gt(found, 100);
	free(vectors);
}
END_TEST

START_TEST(late_is_entered_in_the_reference_histories)
{
	struct vectors *vectors = vectors_read();
	size_t found = 0;
	for (size_t i = 0; i < vectors->touch_count;) {
		struct fold_touch touches[TOUCHES_MAX * 10] = {{0}};
		const char *contact = vectors->touches[i].contact;
		size_t count = vectors_of(vectors, contact, INT64_MAX, touches);
		found += count > 0 ? compare(&vectors->process, touches, count) : 0;
		while (i < vectors->touch_count && strcmp(vectors->touches[i].contact, contact) == 0) {
			i++;
		}
	}
	ck_assert_uint_gt(found, 10);
	free(vectors);
}
END_TEST

/* ---- By hand: somebody confirms, by phone, where they are. ---- */

#define LATE (7u << 5)
#define EARLY (3u << 1)

START_TEST(two_ends_of_days_running_enter_late_and_only_once)
{
	static const struct {
		const char *what;
		struct {
			int64_t hour;
			unsigned confirm; /* 1: won or lost */
		} facts[3];
		int64_t until_hour;
		int64_t entered_hour[2], left_hour; /* 0: not */
	} rows[] = {
		/* clang-format off */
		{"one day's end is too few", {{12, LATE}}, 47, {0}, 0},
		{"two are enough", {{12, LATE}}, 48, {48}, 0},
		{"a touch at the very end of a day is of it", {{24, LATE}}, 48, {48}, 0},
		{"taken back on the second day", {{12, LATE}, {30, EARLY}, {31, EARLY}}, 2400, {0}, 0},
		{"said again it is no news", {{12, LATE}, {100, LATE}}, 110, {48}, 0},
		{"won or lost: left, and not by the hour but at the day's end", {{12, LATE}, {100, 1}}, 2400, {48}, 120},
		{"a second purchase is news", {{12, LATE}, {100, 1}, {300, LATE}}, 340, {48, 336}, 120},
		/* clang-format on */
	};
	struct vectors *vectors = vectors_read();
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fold_touch touches[3];
		size_t count = 0;
		static struct seen seen;
		for (; count < 3 && rows[i].facts[count].confirm != 0; count++) {
			unsigned confirm = rows[i].facts[count].confirm;
			touches[count] = (struct fold_touch){
				.ms = START_MS + rows[i].facts[count].hour * 3600000,
				.id = count,
				.kind = confirm == 1 ? FOLD_CLOSE : FOLD_CONFIRM,
				.rule = confirm == 1 ? 0 : (uint16_t)confirm,
			};
		}
		ask(&vectors->process, touches, count, START_MS + rows[i].until_hour * 3600000, &seen);
		size_t entered = 0, left = 0;
		for (size_t k = 0; k < seen.count; k++) {
			int64_t hour = (seen.list[k].at_ms - START_MS) / 3600000;
			ck_assert_msg(hour == (seen.list[k].entered ? rows[i].entered_hour[entered++]
								    : rows[i].left_hour),
				      "%s: hour %lld", rows[i].what, (long long)hour);
			left += seen.list[k].entered ? 0 : 1;
		}
		ck_assert_msg(entered == (rows[i].entered_hour[0] != 0 ? 1u : 0u) +
						      (rows[i].entered_hour[1] != 0 ? 1u : 0u) &&
				      left == (rows[i].left_hour != 0 ? 1u : 0u),
			      "%s: entered %zu times, left %zu", rows[i].what, entered, left);
	}
	free(vectors);
}
END_TEST

TEST_MAIN("alerts", late_is_entered_as_the_definition_says, late_is_entered_in_the_reference_histories,
	  two_ends_of_days_running_enter_late_and_only_once)
