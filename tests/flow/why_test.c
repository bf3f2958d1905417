/* core/flow/why.h, why_lines.h: shares add up to what is shown, and are what the definition says. */
#include "core/flow/why_lines.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "tests/random.h"
#include "tests/table.h"
#include "tests/vectors/vectors.h"

#define CLOSE 1e-9
#define DAY_MS INT64_C(86400000)
#define START_MS INT64_C(1717200000000)

enum { PRODUCT = 8, PRICING = 14 };

static struct vectors *vectors;
static struct arena arena;

static void begin(void)
{
	vectors = vectors_read();
	ck_assert(arena_init(&arena, (size_t)64 * 1024 * 1024));
}

static void end(void)
{
	arena_finish(&arena);
	free(vectors);
}

static double shown_logit(const struct phase_view *view)
{
	double p = view->main[view->reported];
	return log(p) - log(1 - p);
}

/* Folds, explains, and compares the sum with what fold_view() shows. */
static struct why explained(const struct fold_touch *touches, size_t count, int64_t at_ms)
{
	static bool scratch[VECTOR_TOUCHES_MAX], counted[VECTOR_TOUCHES_MAX];
	struct phase_state state;
	struct phase_view view;
	struct why why;
	ck_assert_uint_le(count, VECTOR_TOUCHES_MAX);
	fold_all(&vectors->process, touches, count, scratch, &state, counted, NULL, NULL);
	fold_view(&vectors->process, &state, at_ms, &view);
	arena_back(&arena, 0);
	ck_assert_int_eq(why_explain(&vectors->process, touches, count, counted, at_ms, view.reported, &arena,
				     &why),
			 WHY_DONE);
	double sum = why.start;
	for (size_t i = 0; i < count; i++) {
		ck_assert(counted[i] || why.shares[i] == 0);
		sum += why.shares[i];
	}
	ck_assert_msg(fabs(sum - shown_logit(&view)) < CLOSE, "%zu touches: %.12f instead of %.12f", count, sum,
		      shown_logit(&view));
	ck_assert(fabs(why.logit - shown_logit(&view)) < CLOSE);
	return why;
}

START_TEST(shares_add_up_to_what_is_shown)
{
	begin();
	static struct fold_touch touches[VECTOR_TOUCHES_MAX];
	size_t explanations = 0;
	for (size_t i = 0; i < vectors->answer_count; i++) {
		const struct vector_answer *row = &vectors->answers[i];
		size_t count = vectors_of(vectors, row->contact, row->ms, touches);
		if (row->reported[0] != '\0') {
			explained(touches, count, row->ms);
			explanations++;
		}
	}
	ck_assert_uint_gt(explanations, 600);
	end();
}
END_TEST

START_TEST(so_do_those_of_a_thousand_contacts_and_of_long_histories)
{
	begin();
	static struct fold_touch touches[VECTOR_TOUCHES_MAX];
	uint64_t chance = 1;
	for (unsigned contact = 0; contact < 1000; contact++) {
		size_t count = 1 + random_below(&chance, contact % 100 == 0 ? VECTOR_TOUCHES_MAX : 40);
		int64_t ms = START_MS;
		for (size_t i = 0; i < count; i++) {
			ms += (int64_t)random_below(&chance, 5 * DAY_MS);
			touches[i] = (struct fold_touch){
				.ms = ms,
				.id = i,
				.rule = (uint16_t)random_below(&chance, vectors->process.rule_count)};
			if (random_below(&chance, 50) == 0) {
				touches[i].kind = FOLD_CONFIRM;
				touches[i].rule = (uint16_t)(1u << (1 + random_below(&chance, 7)));
			}
		}
		touches[count - 1].rule = PRICING; /* one at least that counts */
		touches[count - 1].kind = FOLD_TOUCH;
		explained(touches, count, ms + (int64_t)random_below(&chance, 30 * DAY_MS));
	}
	end();
}
END_TEST

/* ---- The definition, as slow as it is ---- */

/* logit of `about` where each touch has a weight of its own, from the words of docs/model.md. */
static double logit_of(const struct fold_touch *touches, size_t count, const double *weights, int64_t at_ms,
		       enum main_phase about)
{
	const struct fold_process *process = &vectors->process;
	double pi[PHASE_STATES], in = 0, beside = 0;
	memcpy(pi, process->prior, sizeof(pi));
	for (size_t i = 0; i <= count; i++) {
		int64_t to = (i < count ? touches[i].ms : at_ms) / 60000;
		int64_t from = (i > 0 ? touches[i - 1].ms : touches[0].ms) / 60000;
		for (uint32_t bits = (uint32_t)(to - from); bits != 0; bits &= bits - 1) {
			double next[PHASE_STATES] = {0};
			for (unsigned j = 0; j < PHASE_STATES; j++) {
				for (unsigned k = 0; k < PHASE_STATES; k++) {
					next[k] += pi[j] * process->moves[__builtin_ctz(bits)][j][k];
				}
			}
			memcpy(pi, next, sizeof(pi));
		}
		for (unsigned k = 0; i < count && k < PHASE_STATES; k++) {
			pi[k] *= pow(process->factor[touches[i].rule][k], weights[i]);
		}
	}
	for (unsigned k = 1; k < PHASE_STATES; k++) {
		*(process->state_main[k] == about ? &in : &beside) += pi[k];
	}
	return log(in) - log(beside);
}

/* What touch i's weight does while all grow: Simpson's rule over differences. */
static double share_of(const struct fold_touch *touches, size_t count, size_t i, int64_t at_ms,
		       enum main_phase about)
{
	enum { PARTS = 200 };
	double weights[8], sum = 0;
	const double step = 1e-4;
	for (unsigned n = 0; n <= PARTS; n++) {
		double s = (double)n / PARTS;
		for (size_t j = 0; j < count; j++) {
			weights[j] = s;
		}
		weights[i] = s + step;
		double above = logit_of(touches, count, weights, at_ms, about);
		weights[i] = s - step;
		double slope = (above - logit_of(touches, count, weights, at_ms, about)) / (2 * step);
		sum += slope * (n == 0 || n == PARTS ? 1 : n % 2 == 1 ? 4 : 2);
	}
	return sum / (3 * PARTS);
}

START_TEST(a_share_is_what_its_weight_does_while_all_grow)
{
	begin();
	const struct fold_touch touches[] = {
		{.ms = START_MS, .rule = PRODUCT},
		{.ms = START_MS + 2 * DAY_MS, .rule = PRICING},
		{.ms = START_MS + 2 * DAY_MS + 3600000, .rule = 0},
		{.ms = START_MS + 9 * DAY_MS, .rule = 12},
		{.ms = START_MS + 30 * DAY_MS, .rule = PRICING},
	};
	static const bool counted[] = {true, true, true, true, true};
	int64_t at_ms = START_MS + 33 * DAY_MS;
	for (int about = MAIN_EARLY; about < MAIN_COUNT; about++) {
		struct why why;
		arena_back(&arena, 0);
		ck_assert_int_eq(why_explain(&vectors->process, touches, COUNT_OF(touches), counted, at_ms,
					     (enum main_phase)about, &arena, &why),
				 WHY_DONE);
		for (size_t i = 0; i < COUNT_OF(touches); i++) {
			double wanted = share_of(touches, COUNT_OF(touches), i, at_ms, (enum main_phase)about);
			ck_assert_msg(fabs(why.shares[i] - wanted) < 1e-6, "phase %d, touch %zu: %.9f, not %.9f",
				      about, i, why.shares[i], wanted);
		}
	}
	end();
}
END_TEST

/* ---- Behaviours ---- */

START_TEST(equal_touches_have_equal_shares_and_what_changes_nothing_has_none)
{
	begin();
	memcpy(vectors->process.factor[5], vectors->process.factor[PRICING], sizeof(vectors->process.factor[5]));
	for (unsigned k = 0; k < PHASE_STATES; k++) {
		vectors->process.factor[6][k] = 0.125;
	}
	const struct fold_touch touches[] = {
		{.ms = START_MS, .rule = PRODUCT},
		{.ms = START_MS + DAY_MS, .id = 1, .rule = PRICING},
		{.ms = START_MS + DAY_MS, .id = 2, .rule = 5}, /* the same factors, at the same time */
		{.ms = START_MS + 2 * DAY_MS, .rule = 6},      /* as likely from everybody */
		{.ms = START_MS + 2 * DAY_MS, .id = 9, .rule = 6},
		{.ms = START_MS + DAY_MS * 3, .rule = PRODUCT},
	};
	struct why why = explained(touches, COUNT_OF(touches), START_MS + 4 * DAY_MS);
	ck_assert(fabs(why.shares[1]) > .1 && fabs(why.shares[1] - why.shares[2]) < 1e-12);
	ck_assert(fabs(why.shares[3]) < 1e-12 && why.shares[4] == 0);
	end();
}
END_TEST

START_TEST(a_confirmed_phase_has_a_share_and_what_was_closed_none)
{
	begin();
	const struct fold_touch touches[] = {
		{.ms = START_MS, .rule = PRODUCT},
		{.ms = START_MS + DAY_MS, .kind = FOLD_CLOSE},
		{.ms = START_MS + 2 * DAY_MS, .rule = PRICING},
		{.ms = START_MS + 3 * DAY_MS, .kind = FOLD_CONFIRM, .rule = 1 << 5 | 1 << 6 | 1 << 7},
	};
	struct why why = explained(touches, COUNT_OF(touches), START_MS + 4 * DAY_MS);
	ck_assert(why.shares[0] == 0 && why.shares[1] == 0);
	ck_assert(why.shares[3] > 3 && why.shares[3] < 5);
	ck_assert_int_eq(why_explain(&vectors->process, touches, 2, (const bool[]){true, true},
				     START_MS + 4 * DAY_MS, MAIN_LATE, &arena, &why),
			 WHY_NOTHING); /* since the closing */
	static const bool none[COUNT_OF(touches)];
	ck_assert_int_eq(why_explain(&vectors->process, touches, COUNT_OF(touches), none, START_MS, MAIN_LATE,
				     &arena, &why),
			 WHY_NOTHING);
	end();
}
END_TEST

START_TEST(a_phase_without_any_other_has_no_number)
{
	begin();
	for (unsigned k = 1; k < PHASE_STATES; k++) {
		vectors->process.state_main[k] = MAIN_MID;
	}
	const struct fold_touch touch = {.ms = START_MS, .rule = PRODUCT};
	struct why why;
	ck_assert_int_eq(why_explain(&vectors->process, &touch, 1, &(bool){true}, START_MS, MAIN_MID, &arena,
				     &why),
			 WHY_NOTHING);
	ck_assert_int_eq(why_explain(&vectors->process, &touch, 1, &(bool){true}, START_MS, MAIN_LATE, &arena,
				     &why),
			 WHY_NOTHING);
	end();
}
END_TEST

START_TEST(memory_is_as_much_as_was_said)
{
	begin();
	enum { COUNT = 1000 };
	static struct fold_touch touches[COUNT];
	static bool counted[COUNT];
	for (size_t i = 0; i < COUNT; i++) {
		touches[i] = (struct fold_touch){.ms = START_MS + (int64_t)i * DAY_MS, .id = i, .rule = PRODUCT};
		counted[i] = true;
	}
	struct arena small;
	struct why why;
	ck_assert(arena_init(&small, why_memory(COUNT)));
	ck_assert_int_eq(why_explain(&vectors->process, touches, COUNT, counted, touches[COUNT - 1].ms, MAIN_MID,
				     &small, &why),
			 WHY_DONE);
	arena_finish(&small);
	ck_assert(arena_init(&small, why_memory(COUNT) / 2));
	ck_assert_int_eq(why_explain(&vectors->process, touches, COUNT, counted, touches[COUNT - 1].ms, MAIN_MID,
				     &small, &why),
			 WHY_ARENA_FULL);
	arena_finish(&small);
	end();
}
END_TEST

START_TEST(of_long_histories_the_last_touches_are_told_and_what_was_before_is_where_they_begin)
{
	begin();
	enum { COUNT = 300, LAST = 40, CLOSED = 20, CONFIRMED = 250 };
	static struct fold_touch touches[COUNT];
	static bool scratch[COUNT], counted[COUNT];
	struct phase_state state;
	struct phase_view view;
	struct why all, last;
	uint64_t chance = 3;
	for (size_t i = 0; i < COUNT; i++) {
		touches[i] = (struct fold_touch){
			.ms = START_MS + (int64_t)i * DAY_MS / 3,
			.id = i,
			.kind = i == CLOSED ? FOLD_CLOSE : FOLD_TOUCH,
			.rule = i == CLOSED ? 0 : (uint16_t)random_below(&chance, vectors->process.rule_count)};
	}
	touches[CONFIRMED].kind = FOLD_CONFIRM; /* of those before, just */
	touches[CONFIRMED].rule = 1 << 7;
	fold_all(&vectors->process, touches, COUNT, scratch, &state, counted, NULL, NULL);
	fold_view(&vectors->process, &state, touches[COUNT - 1].ms, &view);
	ck_assert_int_eq(why_explain(&vectors->process, touches, COUNT, counted, touches[COUNT - 1].ms,
				     view.reported, &arena, &all),
			 WHY_DONE);
	ck_assert_int_eq(why_explain_last(&vectors->process, touches, COUNT, counted, touches[COUNT - 1].ms,
					  view.reported, LAST, &arena, &last),
			 WHY_DONE);
	ck_assert(fabs(last.logit - all.logit) < CLOSE && fabs(last.start - all.start) > .1);
	ck_assert_uint_eq(all.earlier, 0);
	size_t moved = state.counted + 1; /* a confirmed phase is no touch counted */
	ck_assert_uint_eq(last.earlier, moved - LAST);
	double sum = last.start;
	size_t told = 0;
	for (size_t i = 0; i < COUNT; i++) {
		sum += last.shares[i];
		told += last.shares[i] != 0;
	}
	ck_assert(fabs(sum - last.logit) < CLOSE);
	ck_assert_uint_le(told, LAST);
	ck_assert_int_eq(why_explain_last(&vectors->process, touches, COUNT, counted, touches[COUNT - 1].ms,
					  view.reported, moved, &arena, &last),
			 WHY_DONE);
	ck_assert(last.start == all.start);
	for (size_t i = 0; i < COUNT; i++) {
		ck_assert(last.shares[i] == all.shares[i]);
	}
	end();
}
END_TEST

START_TEST(touches_of_a_rule_and_a_day_are_a_line)
{
	begin();
	static struct model_rule rules[] = {{.name = "web.b"}, {.name = "web.a"}, {.name = "web.c"}};
	const struct model_process model = {.rules = rules, .rule_count = COUNT_OF(rules)};
	const struct fold_touch touches[] = {
		{.ms = START_MS, .rule = 2},
		{.ms = START_MS + 1, .kind = FOLD_CLOSE},
		{.ms = START_MS + 2, .rule = 2}, /* part of the start */
		{.ms = START_MS + 3600000, .rule = 0},
		{.ms = START_MS + 3600001, .rule = 0}, /* does not count */
		{.ms = START_MS + 7200000, .rule = 0},
		{.ms = START_MS + 7200000, .rule = 1},
		{.ms = START_MS + DAY_MS, .kind = FOLD_CONFIRM, .rule = 1 << 3},
	};
	static const char *const contents[COUNT_OF(touches)] = {[4] = "not counted", [5] = "price list"};
	static const bool counted[] = {true, true, true, true, false, true, true, true};
	static const double shares[] = {0, 0, 0, .25, 0, .5, -1, 2};
	const struct why why = {.earlier = 1, .shares = shares};
	static const struct why_line wanted[] = {
		{0, "web.a", NULL, 1, -1}, {0, "web.b", "price list", 2, .75}, {1, "confirm", NULL, 1, 2}};
	struct why_lines lines;
	ck_assert(why_lines(&model, touches, contents, COUNT_OF(touches), counted, &why, &arena, &lines));
	ck_assert_uint_eq(lines.count, COUNT_OF(wanted));
	for (size_t i = 0; i < lines.count; i++) {
		ck_assert_int_eq(lines.list[i].day, START_MS / DAY_MS + wanted[i].day);
		ck_assert_str_eq(lines.list[i].rule, wanted[i].rule);
		ck_assert_pstr_eq(lines.list[i].content, wanted[i].content);
		ck_assert_uint_eq(lines.list[i].touches, wanted[i].touches);
		ck_assert(lines.list[i].effect == wanted[i].effect);
	}
	end();
}
END_TEST

TEST_MAIN("why", shares_add_up_to_what_is_shown, so_do_those_of_a_thousand_contacts_and_of_long_histories,
	  a_share_is_what_its_weight_does_while_all_grow,
	  equal_touches_have_equal_shares_and_what_changes_nothing_has_none,
	  a_confirmed_phase_has_a_share_and_what_was_closed_none, a_phase_without_any_other_has_no_number,
	  memory_is_as_much_as_was_said,
	  of_long_histories_the_last_touches_are_told_and_what_was_before_is_where_they_begin,
	  touches_of_a_rule_and_a_day_are_a_line)
