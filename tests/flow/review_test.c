/* core/flow/review.h against fold_view() asked hour by hour. */
#include "core/flow/review.h"
#include "core/base/moment.h"

#include <stdlib.h>
#include <string.h>

#include "tests/random.h"
#include "tests/table.h"
#include "tests/vectors/vectors.h"

#define START_MS INT64_C(1717200000000)
#define DAYS 200
#define STATES 2000 /* PHASED_STATES: another number */

static bool same(const struct phase_view *a, const struct phase_view *b)
{
	return a->shown == b->shown && a->band == b->band && a->quiet == b->quiet;
}

/* Hour by hour. */
static int64_t brute(const struct fold_process *process, const struct phase_state *state, int64_t from_ms,
		     int64_t until_ms, struct phase_view *ret_view)
{
	struct phase_view first;
	fold_view(process, state, from_ms, &first);
	for (int64_t at_ms = (moment_floor(from_ms, REVIEW_HOUR_MS) + 1) * REVIEW_HOUR_MS; at_ms <= until_ms;
	     at_ms += REVIEW_HOUR_MS) {
		fold_view(process, state, at_ms, ret_view);
		if (!same(ret_view, &first)) {
			return at_ms;
		}
	}
	return REVIEW_NEVER;
}

/* Some touches of somebody, at any distances. */
static void make_state(const struct fold_process *process, uint64_t *seed, struct phase_state *ret_state)
{
	static const int64_t spreads[] = {60, 2000, 6 * 1440, 40 * 1440};
	int64_t ms = START_MS + (int64_t)random_below(seed, 86400000);
	fold_start(process, ret_state);
	unsigned count = 1 + (unsigned)random_below(seed, random_below(seed, 2) == 0 ? 3 : 30);
	uint64_t spread = (uint64_t)spreads[random_below(seed, COUNT_OF(spreads))];
	for (unsigned i = 0; i < count; i++) {
		ms += (int64_t)random_below(seed, spread * 60000) + 1;
		bool confirm = random_below(seed, 20) == 0;
		struct fold_touch touch = {
			.ms = ms,
			.id = i,
			.kind = confirm ? FOLD_CONFIRM : FOLD_TOUCH,
			.rule = (uint16_t)(confirm ? 2u << random_below(seed, process->states - 1)
						   : random_below(seed, process->rule_count)),
		};
		fold_touch(process, ret_state, &touch);
	}
}

static void check_all_changes(const struct fold_process *process, const struct phase_state *state,
			      unsigned *ret_changes)
{
	int64_t at_ms = state->counted_ms, end_ms = state->counted_ms + DAYS * 24 * REVIEW_HOUR_MS;
	while (at_ms != REVIEW_NEVER) {
		struct phase_view view, expected = {.shown = SHOWN_UNKNOWN};
		fold_view(process, state, at_ms, &view);
		int64_t bound_ms = review_not_before(process, state, at_ms, &view);
		int64_t when_ms = review_when(process, state, at_ms);
		int64_t wanted = brute(process, state, at_ms, end_ms, &expected);
		int64_t got = review_next(process, state, at_ms, end_ms, &view);
		ck_assert_int_eq(got, wanted);
		ck_assert_msg(bound_ms <= wanted, "nothing before %lld, but %lld", (long long)bound_ms,
			      (long long)wanted);
		ck_assert(bound_ms > at_ms && when_ms >= bound_ms);
		ck_assert(bound_ms == REVIEW_NEVER || bound_ms <= at_ms + REVIEW_AHEAD_MS);
		if (wanted <= at_ms + REVIEW_AHEAD_MS) {
			ck_assert_int_eq(when_ms, wanted);
			ck_assert_mem_eq(view.posterior, expected.posterior, sizeof(view.posterior));
			ck_assert(view.activity == expected.activity && same(&view, &expected));
			ck_assert_int_eq(review_next(process, state, at_ms, wanted - 1, &view), REVIEW_NEVER);
			++*ret_changes;
		}
		at_ms = got;
	}
}

static unsigned check_states(const struct fold_process *process, uint64_t seed, unsigned count)
{
	unsigned changes = 0;
	for (unsigned i = 0; i < count; i++) {
		struct phase_state state;
		make_state(process, &seed, &state);
		if (state.moved) {
			check_all_changes(process, &state, &changes);
		}
	}
	return changes;
}

START_TEST(review_finds_what_every_hour_would)
{
	const char *wanted = getenv("PHASED_STATES");
	unsigned count = wanted != NULL ? (unsigned)strtoul(wanted, NULL, 10) : STATES;
	struct vectors *vectors = vectors_read();
	ck_assert_uint_gt(check_states(&vectors->process, 1, count), 2 * count);
	free(vectors);
}
END_TEST

/* Other numbers of phases, other moves, and a few that nobody would choose. */
START_TEST(review_finds_it_in_any_process)
{
	static const struct {
		double back, stall, dwell_days, dwell_none_days;
		unsigned states;
	} rows[] = {{.25, .2, 20, 90, 5},
		    {.1, .1, 2, 5, 8},
		    {.3, .6, 300, 30, 8},
		    {0, 0, 1, 1, 4},
		    {.45, .5, .2, .1, 8}};
	struct vectors *vectors = vectors_read();
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct model_process about = vectors->model;
		struct fold_process process;
		about.back = rows[i].back;
		about.stall = rows[i].stall;
		about.dwell_days = rows[i].dwell_days;
		about.dwell_none_days = rows[i].dwell_none_days;
		about.states = rows[i].states;
		for (unsigned k = 1; k < about.states; k++) {
			about.state_main[k] = (enum main_phase)((k - 1) * MAIN_COUNT / (about.states - 1));
		}
		fold_process_init(&process, &about);
		ck_assert_uint_gt(check_states(&process, i + 2, 150), 0);
	}
	free(vectors);
}
END_TEST

/* ---- the ends ---- */

START_TEST(nothing_changes_of_somebody_who_was_never_seen)
{
	struct vectors *vectors = vectors_read();
	struct phase_state state;
	struct phase_view view;
	fold_start(&vectors->process, &state);
	ck_assert_int_eq(review_next(&vectors->process, &state, 0, INT64_MAX, &view), REVIEW_NEVER);
	fold_view(&vectors->process, &state, 0, &view);
	ck_assert_int_eq(review_not_before(&vectors->process, &state, 0, &view), REVIEW_NEVER);
	ck_assert_int_eq(review_when(&vectors->process, &state, 0), REVIEW_NEVER);
	free(vectors);
}
END_TEST

START_TEST(review_ends_four_years_after_the_last_touch)
{
	struct vectors *vectors = vectors_read();
	struct phase_state state;
	uint64_t seed = 77;
	unsigned looks = 0;
	make_state(&vectors->process, &seed, &state);
	while (state.counted < 2) {
		make_state(&vectors->process, &seed, &state);
	}
	for (int64_t at_ms = state.counted_ms; at_ms != REVIEW_NEVER; looks++) {
		ck_assert_uint_lt(looks, 20);
		int64_t when_ms = review_when(&vectors->process, &state, at_ms);
		ck_assert(when_ms > at_ms);
		at_ms = when_ms;
	}
	ck_assert_uint_ge(looks, 8);
	free(vectors);
}
END_TEST

START_TEST(one_touch_is_quiet_after_forty_days_and_nothing_follows)
{
	struct vectors *vectors = vectors_read();
	struct phase_state state;
	struct phase_view view;
	uint16_t rule = 0;
	while (!vectors->process.has_points[rule]) {
		rule++;
	}
	fold_start(&vectors->process, &state);
	struct fold_touch touch = {.ms = START_MS, .id = 1, .rule = rule}; /* a full hour */
	ck_assert_int_eq(fold_touch(&vectors->process, &state, &touch), FOLD_MOVED);
	int64_t quiet_ms = review_next(&vectors->process, &state, START_MS, INT64_MAX, &view);
	ck_assert_int_eq(quiet_ms, START_MS + 40 * 24 * REVIEW_HOUR_MS); /* two halvings, to the minute */
	ck_assert(view.quiet && view.shown == SHOWN_UNKNOWN);
	ck_assert_int_eq(review_when(&vectors->process, &state, quiet_ms), REVIEW_NEVER);
	free(vectors);
}
END_TEST

TEST_MAIN("review", review_finds_what_every_hour_would, review_finds_it_in_any_process,
	  nothing_changes_of_somebody_who_was_never_seen, review_ends_four_years_after_the_last_touch,
	  one_touch_is_quiet_after_forty_days_and_nothing_follows)
