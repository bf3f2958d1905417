/* core/flow/smooth.h against the definition, all ways that hidden states can go, and against the filter where it must agree with it. */
#include "core/flow/smooth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "tests/random.h"
#include "tests/table.h"
#include "tests/vectors/vectors.h"

#define CLOSE 1e-9
#define DAY_MS INT64_C(86400000)
#define FIRST_DAY INT64_C(19875)
#define START_MS (FIRST_DAY * DAY_MS)
#define HOUR_MS INT64_C(3600000)

enum { PRODUCT = 8, PRICING = 14, TOUCHES_MAX = 8, DAYS_MAX = 400 };

static struct vectors *vectors;
static struct arena arena;

static void begin(void)
{
	vectors = vectors_read();
	ck_assert(arena_init(&arena, (size_t)4 * 1024 * 1024));
}

static void end(void)
{
	arena_finish(&arena);
	free(vectors);
}

static struct smooth smoothed(const struct fold_touch *touches, size_t count, int64_t at_ms)
{
	static bool scratch[VECTOR_TOUCHES_MAX], counted[VECTOR_TOUCHES_MAX];
	struct phase_state state;
	struct smooth smooth;
	ck_assert_uint_le(count, VECTOR_TOUCHES_MAX);
	fold_all(&vectors->process, touches, count, scratch, &state, counted, NULL, NULL);
	arena_back(&arena, 0);
	ck_assert(smooth_history(&vectors->process, touches, count, counted, at_ms, DAYS_MAX, &arena, &smooth));
	return smooth;
}

/* ---- The definition ---- */

/* From state to state in so many minutes, by P_b over the bits. */
static void fill_chances(int64_t minutes, double ret[PHASE_STATES][PHASE_STATES])
{
	for (unsigned from = 0; from < PHASE_STATES; from++) {
		double pi[PHASE_STATES] = {0};
		pi[from] = 1;
		for (unsigned b = 0; b < FOLD_GAP_BITS; b++) {
			double next[PHASE_STATES] = {0};
			if ((minutes >> b & 1) == 0) {
				continue;
			}
			for (unsigned i = 0; i < PHASE_STATES; i++) {
				for (unsigned k = 0; k < PHASE_STATES; k++) {
					next[k] += pi[i] * vectors->process.moves[b][i][k];
				}
			}
			memcpy(pi, next, sizeof(pi));
		}
		memcpy(ret[from], pi, sizeof(pi));
	}
}

/* One moment of a way: at this minute, with this weight of each state. */
struct knot {
	int64_t minute;
	double weight[PHASE_STATES];
};

/* The sum over all ways through the knots from here on, of those that begin in `state`. `asked`: the knot whose states are summed apart. */
static void walk(const struct knot *knots, size_t count, size_t at, unsigned state, double chance, size_t asked,
		 unsigned asked_state, double ret_sums[PHASE_STATES])
{
	chance *= knots[at].weight[state];
	asked_state = at == asked ? state : asked_state;
	if (at + 1 == count) {
		ret_sums[asked_state] += chance;
		return;
	}
	double chances[PHASE_STATES][PHASE_STATES];
	fill_chances(knots[at + 1].minute - knots[at].minute, chances);
	for (unsigned next = 0; next < PHASE_STATES; next++) {
		walk(knots, count, at + 1, next, chance * chances[state][next], asked, asked_state, ret_sums);
	}
}

static int compare_knots(const void *a, const void *b)
{
	const struct knot *x = a, *y = b;
	return (x->minute > y->minute) - (x->minute < y->minute);
}

static void defined(const struct fold_touch *touches, size_t count, int64_t minute, double ret_main[MAIN_COUNT])
{
	struct knot knots[TOUCHES_MAX + 1];
	double sums[PHASE_STATES] = {0}, buying = 0;
	size_t asked = 0;
	for (size_t i = 0; i < count; i++) {
		knots[i].minute = fold_minute(touches[i].ms);
		for (unsigned k = 0; k < PHASE_STATES; k++) {
			knots[i].weight[k] = touches[i].kind == FOLD_CONFIRM
						     ? (touches[i].rule >> k & 1 ? exp(4) : 1)
						     : vectors->process.factor[touches[i].rule][k];
		}
	}
	knots[count] = (struct knot){minute, {1, 1, 1, 1, 1, 1, 1, 1}};
	qsort(knots, count + 1, sizeof(*knots), compare_knots);
	while (knots[asked].minute != minute) {
		asked++;
	}
	for (unsigned k = 0; k < PHASE_STATES; k++) {
		walk(knots, count + 1, 0, k, vectors->process.prior[k], asked, 0, sums);
	}
	memset(ret_main, 0, MAIN_COUNT * sizeof(*ret_main));
	for (unsigned k = 1; k < PHASE_STATES; k++) {
		ret_main[vectors->process.state_main[k]] += sums[k];
		buying += sums[k];
	}
	for (unsigned m = 0; m < MAIN_COUNT; m++) {
		ret_main[m] /= buying;
	}
}

static void expect_defined(const struct fold_touch *touches, size_t count, const struct smooth *smooth,
			   int64_t first_day, int64_t end_day)
{
	for (int64_t day = first_day; day < end_day; day++) {
		double wanted[MAIN_COUNT];
		const struct smooth_day *found = &smooth->days[day - smooth->first_day];
		defined(touches, count, (day + 1) * SMOOTH_MINUTES, wanted);
		ck_assert(!found->closed);
		for (unsigned m = 0; m < MAIN_COUNT; m++) {
			ck_assert_msg(fabs(found->main[m] - wanted[m]) < CLOSE,
				      "day %d, phase %u: %.12f, not %.12f", (int)(day - first_day), m,
				      found->main[m], wanted[m]);
		}
	}
}

/* ---- Behaviours ---- */

START_TEST(a_day_is_what_all_ways_through_the_touches_say_of_it)
{
	begin();
	const struct fold_touch touches[] = {
		{.ms = START_MS + 9 * HOUR_MS, .rule = PRODUCT},
		{.ms = START_MS + 10 * HOUR_MS, .rule = 0},
		{.ms = START_MS + 3 * DAY_MS, .rule = PRICING}, /* at 24:00 of the day before */
		{.ms = START_MS + 5 * DAY_MS + HOUR_MS, .kind = FOLD_CONFIRM, .rule = 1 << 5 | 1 << 6 | 1 << 7},
	};
	struct smooth smooth = smoothed(touches, COUNT_OF(touches), START_MS + 8 * DAY_MS);
	ck_assert_int_eq(smooth.first_day, FIRST_DAY);
	ck_assert_uint_eq(smooth.count, 8); /* the last one has just ended */
	expect_defined(touches, COUNT_OF(touches), &smooth, FIRST_DAY, FIRST_DAY + 8);
	end();
}
END_TEST

START_TEST(the_day_under_way_has_not_ended)
{
	begin();
	const struct fold_touch touch = {.ms = START_MS + HOUR_MS, .rule = PRICING};
	struct smooth smooth = smoothed(&touch, 1, START_MS + DAY_MS - 1);
	ck_assert_int_eq(smooth.first_day, FIRST_DAY);
	ck_assert_uint_eq(smooth.count, 0);
	ck_assert_uint_eq(smoothed(&touch, 1, START_MS + DAY_MS).count, 1);
	ck_assert_uint_eq(smoothed(&touch, 1, START_MS + HOUR_MS - 1).count, 0); /* asked of before */
	ck_assert_uint_eq(smoothed(&touch, 0, START_MS + DAY_MS).count, 0);
	end();
}
END_TEST

START_TEST(each_purchase_is_a_history_of_its_own)
{
	begin();
	const struct fold_touch touches[] = {
		{.ms = START_MS + HOUR_MS, .rule = PRODUCT},
		{.ms = START_MS + DAY_MS + HOUR_MS, .rule = PRICING},
		{.ms = START_MS + 3 * DAY_MS + HOUR_MS, .kind = FOLD_CLOSE},
		{.ms = START_MS + 6 * DAY_MS + HOUR_MS, .rule = PRODUCT},
		{.ms = START_MS + 7 * DAY_MS + HOUR_MS, .rule = 0},
		{.ms = START_MS + 9 * DAY_MS + HOUR_MS, .kind = FOLD_CLOSE},
	};
	struct smooth smooth = smoothed(touches, COUNT_OF(touches), START_MS + 11 * DAY_MS);
	ck_assert_uint_eq(smooth.count, 11);
	expect_defined(touches, 2, &smooth, FIRST_DAY, FIRST_DAY + 3);
	expect_defined(touches + 3, 2, &smooth, FIRST_DAY + 6, FIRST_DAY + 9);
	for (unsigned day = 0; day < 11; day++) {
		ck_assert_int_eq(smooth.days[day].closed, (day >= 3 && day < 6) || day >= 9);
	}
	end();
}
END_TEST

START_TEST(what_does_not_count_changes_nothing)
{
	begin();
	const struct fold_touch touches[] = {
		{.ms = START_MS + HOUR_MS, .rule = PRODUCT},
		{.ms = START_MS + HOUR_MS + 60000, .rule = PRODUCT}, /* a repeat */
		{.ms = START_MS + 2 * DAY_MS, .rule = PRICING},
	};
	const struct fold_touch two[] = {touches[0], touches[2]};
	struct smooth smooth = smoothed(touches, COUNT_OF(touches), START_MS + 4 * DAY_MS);
	expect_defined(two, COUNT_OF(two), &smooth, FIRST_DAY, FIRST_DAY + 4);
	end();
}
END_TEST

START_TEST(days_after_the_last_touch_are_what_the_filter_shows)
{
	begin();
	static struct fold_touch touches[VECTOR_TOUCHES_MAX];
	static bool scratch[VECTOR_TOUCHES_MAX];
	unsigned days = 0;
	for (size_t i = 0; i < vectors->answer_count; i++) {
		const struct vector_answer *row = &vectors->answers[i];
		size_t count = vectors_of(vectors, row->contact, row->ms, touches);
		struct phase_state state;
		struct phase_view view;
		fold_all(&vectors->process, touches, count, scratch, &state, NULL, NULL, NULL);
		int64_t at_ms = moment_floor(row->ms, DAY_MS) * DAY_MS + DAY_MS;
		struct smooth smooth = smoothed(touches, count, at_ms);
		fold_view(&vectors->process, &state, at_ms, &view);
		if (!state.moved || smooth.count == 0) {
			continue;
		}
		for (unsigned m = 0; m < MAIN_COUNT; m++) {
			ck_assert(fabs(smooth.days[smooth.count - 1].main[m] - view.main[m]) < CLOSE);
		}
		days++;
	}
	ck_assert_uint_gt(days, 500);
	end();
}
END_TEST

START_TEST(long_histories_stay_sums_of_one_and_keep_their_last_days)
{
	begin();
	static struct fold_touch touches[VECTOR_TOUCHES_MAX];
	uint64_t chance = 1;
	int64_t ms = START_MS;
	for (size_t i = 0; i < VECTOR_TOUCHES_MAX; i++) {
		ms += 1800001 + (int64_t)random_below(&chance, DAY_MS);
		touches[i] = (struct fold_touch){
			.ms = ms, .id = i, .rule = (uint16_t)random_below(&chance, vectors->process.rule_count)};
	}
	struct smooth smooth = smoothed(touches, VECTOR_TOUCHES_MAX, ms + 10 * DAY_MS);
	ck_assert_uint_eq(smooth.count, DAYS_MAX);
	ck_assert_int_eq(smooth.first_day + DAYS_MAX, moment_floor(ms + 10 * DAY_MS, DAY_MS));
	for (size_t i = 0; i < smooth.count; i++) {
		const double *main = smooth.days[i].main;
		ck_assert(fabs(main[0] + main[1] + main[2] - 1) < 1e-12 && main[0] > 0 && main[2] > 0);
	}
	end();
}
END_TEST

/* What is beyond the last state of a process is nowhere, and must not take all that there is of a long way back. */
START_TEST(a_process_of_few_states_stays_a_sum_of_one_too)
{
	begin();
	vectors->process.states = 4;
	for (unsigned b = 0; b < FOLD_GAP_BITS; b++) {
		for (unsigned i = 0; i < PHASE_STATES; i++) {
			for (unsigned k = 0; k < PHASE_STATES; k++) {
				vectors->process.moves[b][i][k] *= i < 4 && k < 4;
			}
			vectors->process.moves[b][i][i] = i < 4 ? vectors->process.moves[b][i][i] : 1;
		}
	}
	for (unsigned k = 4; k < PHASE_STATES; k++) {
		vectors->process.prior[k] = 0;
	}
	static struct fold_touch touches[500];
	for (size_t i = 0; i < COUNT_OF(touches); i++) {
		touches[i] =
			(struct fold_touch){.ms = START_MS + (int64_t)i * DAY_MS / 2, .id = i, .rule = PRODUCT};
	}
	struct smooth smooth = smoothed(touches, COUNT_OF(touches), START_MS + 250 * DAY_MS);
	ck_assert_uint_eq(smooth.count, 250);
	for (size_t i = 0; i < smooth.count; i++) {
		const double *main = smooth.days[i].main;
		ck_assert(fabs(main[0] + main[1] + main[2] - 1) < 1e-12);
	}
	end();
}
END_TEST

START_TEST(a_full_arena_is_said)
{
	begin();
	const struct fold_touch touch = {.ms = START_MS, .rule = PRICING};
	struct arena small;
	struct smooth smooth;
	ck_assert(arena_init(&small, 4096));
	ck_assert(!smooth_history(&vectors->process, &touch, 1, &(bool){true}, START_MS + 300 * DAY_MS, DAYS_MAX,
				  &small, &smooth));
	arena_finish(&small);
	end();
}
END_TEST

TEST_MAIN("smooth", a_day_is_what_all_ways_through_the_touches_say_of_it, the_day_under_way_has_not_ended,
	  each_purchase_is_a_history_of_its_own, what_does_not_count_changes_nothing,
	  days_after_the_last_touch_are_what_the_filter_shows,
	  long_histories_stay_sums_of_one_and_keep_their_last_days, a_process_of_few_states_stays_a_sum_of_one_too,
	  a_full_arena_is_said)
