/* core/flow/account_fold.h against the filter written out anew, and against a contact's own fold where it must agree with it. */
#include "core/flow/account_fold.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "tests/random.h"
#include "tests/table.h"
#include "tests/vectors/vectors.h"

#define CLOSE 1e-10
#define DAY_MS INT64_C(86400000)
#define START_MS (INT64_C(19875) * DAY_MS)
#define SPAN_MS (200 * DAY_MS)
#define UNTIL_MS (START_MS + 2 * SPAN_MS)

enum { TOUCHES_MAX = 60, WORLDS = 40 };

static struct vectors *vectors;
static struct arena arena;

static void begin(void)
{
	vectors = vectors_read();
	ck_assert(arena_init(&arena, (size_t)16 * 1024 * 1024));
}

static void end(void)
{
	arena_finish(&arena);
	free(vectors);
}

/* Of one person, an hour apart at least, so that nothing is a repeat or a burst; sorted. */
static size_t make_touches(uint64_t *seed, struct fold_touch *ret_touches)
{
	size_t count = 1 + random_below(seed, TOUCHES_MAX);
	for (size_t i = 0; i < count; i++) {
		int64_t hour = (int64_t)(i * (SPAN_MS / TOUCHES_MAX / 3600000)) + (int64_t)random_below(seed, 24);
		ret_touches[i] = (struct fold_touch){
			.ms = START_MS + hour * 3600000 + (int64_t)random_below(seed, 60) * 1000,
			.id = random_next(seed),
			.kind = FOLD_TOUCH,
			.rule = (uint16_t)random_below(seed, vectors->process.rule_count)};
	}
	qsort(ret_touches, count, sizeof(*ret_touches), fold_compare);
	return count;
}

static struct account_touch of_member(const struct fold_touch *touch, unsigned member, double multiplier)
{
	const double(*factors)[PHASE_STATES] = account_factors_make(&vectors->process, multiplier, &arena);
	ck_assert_ptr_nonnull(factors);
	return (struct account_touch){.touch = *touch,
				      .contact_id.bytes = {(uint8_t)member},
				      .multiplier = multiplier,
				      .factor = factors[touch->rule]};
}

static struct account_fold folded(const struct account_touch *touches, size_t count)
{
	struct account_fold fold;
	ck_assert(account_fold(&vectors->process, touches, count, UNTIL_MS, &arena, &fold));
	return fold;
}

/* From the page on the model: moves by the bits of the minutes between, then f^m, then the sum is 1. */
static void filter(const struct account_touch *touches, size_t count, double pi[PHASE_STATES])
{
	memcpy(pi, vectors->process.prior, PHASE_STATES * sizeof(*pi));
	for (size_t i = 0; i < count; i++) {
		int64_t minutes = i == 0 ? 0 : touches[i].touch.ms / 60000 - touches[i - 1].touch.ms / 60000;
		for (unsigned b = 0; b < FOLD_GAP_BITS; b++) {
			double next[PHASE_STATES] = {0};
			for (unsigned from = 0; (minutes >> b & 1) != 0 && from < PHASE_STATES; from++) {
				for (unsigned to = 0; to < PHASE_STATES; to++) {
					next[to] += pi[from] * vectors->process.moves[b][from][to];
				}
			}
			if ((minutes >> b & 1) != 0) {
				memcpy(pi, next, sizeof(next));
			}
		}
		double sum = 0;
		for (unsigned k = 0; k < PHASE_STATES; k++) {
			pi[k] *= pow(vectors->process.factor[touches[i].touch.rule][k], touches[i].multiplier);
			sum += pi[k];
		}
		for (unsigned k = 0; k < PHASE_STATES; k++) {
			pi[k] /= sum;
		}
	}
}

START_TEST(it_is_the_filter_over_all_of_them_with_each_factor_to_its_power)
{
	static const double multipliers[] = {1, .5, 2, 3.5};
	begin();
	for (uint64_t world = 1; world <= WORLDS; world++) {
		struct fold_touch own[TOUCHES_MAX];
		struct account_touch pool[COUNT_OF(multipliers) * TOUCHES_MAX];
		uint64_t seed = world;
		size_t count = 0;
		arena_back(&arena, 0);
		for (unsigned m = 0; m < COUNT_OF(multipliers); m++) {
			size_t more = make_touches(&seed, own);
			for (size_t i = 0; i < more; i++) {
				pool[count++] = of_member(&own[i], m, multipliers[m]);
			}
		}
		ck_assert_uint_eq(account_touches_sort(pool, count), count);
		double pi[PHASE_STATES];
		filter(pool, count, pi);
		struct account_fold fold = folded(pool, count);
		ck_assert_uint_eq(fold.state.counted, count);
		for (unsigned k = 0; k < PHASE_STATES; k++) {
			ck_assert_double_eq_tol(fold.state.pi[k], pi[k], CLOSE);
		}
	}
	end();
}
END_TEST

START_TEST(of_one_member_it_is_what_the_contact_is)
{
	begin();
	for (uint64_t world = 1; world <= WORLDS; world++) {
		struct fold_touch own[TOUCHES_MAX];
		struct account_touch pool[TOUCHES_MAX];
		bool scratch[TOUCHES_MAX], counted[TOUCHES_MAX];
		struct phase_state state;
		uint64_t seed = world;
		arena_back(&arena, 0);
		size_t count = make_touches(&seed, own), used = 0;
		fold_all(&vectors->process, own, count, scratch, &state, counted, NULL, NULL);
		for (size_t i = 0; i < count; i++) {
			if (counted[i]) {
				pool[used++] = of_member(&own[i], 0, 1);
			}
		}
		struct account_fold fold = folded(pool, used);
		ck_assert_mem_eq(fold.state.pi, state.pi, sizeof(state.pi)); /* the same bits */
		ck_assert(!(fold.state.activity < state.activity) && !(fold.state.activity > state.activity));
		ck_assert_uint_eq(fold.state.counted, state.counted);
		ck_assert_int_eq(fold.state.counted_ms, state.counted_ms);
		struct phase_view view;
		fold_view(&vectors->process, &state, UNTIL_MS, &view);
		ck_assert_int_eq(fold.shown, view.shown);
	}
	end();
}
END_TEST

START_TEST(the_order_of_members_is_of_no_consequence_and_an_event_of_several_counts_once)
{
	begin();
	for (uint64_t world = 1; world <= WORLDS; world++) {
		struct fold_touch own[TOUCHES_MAX];
		struct account_touch pool[2 * TOUCHES_MAX], again[2 * TOUCHES_MAX];
		uint64_t seed = world;
		arena_back(&arena, 0);
		size_t events = make_touches(&seed, own), count = 0;
		for (size_t i = 0; i < events; i++) {
			pool[count++] = of_member(&own[i], 0, .5);
			if (i % 3 == 0) { /* it names a colleague, too, who weighs more */
				pool[count++] = of_member(&own[i], 1, 2);
			}
		}
		memcpy(again, pool, count * sizeof(*pool));
		random_shuffle(&seed, again, count, sizeof(*again));
		ck_assert_uint_eq(account_touches_sort(pool, count), events);
		ck_assert_uint_eq(account_touches_sort(again, count), events);
		for (size_t i = 0; i < events; i++) {
			ck_assert_double_eq(pool[i].multiplier, i % 3 == 0 ? 2 : .5);
		}
		struct account_fold one = folded(pool, events), other = folded(again, events);
		ck_assert_mem_eq(one.state.pi, other.state.pi, sizeof(one.state.pi));
		ck_assert_uint_eq(one.change_count, other.change_count);
		for (size_t i = 0; i < one.change_count; i++) {
			ck_assert_int_eq(one.changes[i].at_ms, other.changes[i].at_ms);
			ck_assert_int_eq(one.changes[i].to, other.changes[i].to);
			ck_assert_int_eq(one.changes[i].from, i == 0 ? SHOWN_UNKNOWN : one.changes[i - 1].to);
		}
	}
	end();
}
END_TEST

TEST_MAIN("flow_account_fold", it_is_the_filter_over_all_of_them_with_each_factor_to_its_power,
	  of_one_member_it_is_what_the_contact_is,
	  the_order_of_members_is_of_no_consequence_and_an_event_of_several_counts_once)
