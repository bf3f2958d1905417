/* core/flow/calibrate.h and chain.h: what is learned is likelier, sums to what it must, and is the same again. */
#include "core/flow/calibrate.h"

#include <math.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/flow/chain.h"
#include "tests/random.h"
#include "tests/table.h"
#include "tests/vectors/vectors.h"

#define DAY_MS INT64_C(86400000)
#define START_MS INT64_C(1717200000000)
#define TOUCHES 40

enum { PRODUCT = 8, PRICING = 14 };

static struct vectors *vectors;
static struct arena arena;

static void begin(void)
{
	vectors = vectors_read();
	ck_assert(arena_init(&arena, 2 * calibration_memory()));
}

static double unit(uint64_t *seed)
{
	return (double)(random_next(seed) >> 11) / 0x1p53;
}

/* ---- The chain ---- */

START_TEST(forward_and_back_are_one_and_the_same_moves)
{
	static const int64_t gaps[] = {-5, 0, 1, 59, 1440, 100000, FOLD_GAP_MAX, FOLD_GAP_MAX + 7};
	begin();
	uint64_t seed = 3;
	for (size_t i = 0; i < COUNT_OF(gaps); i++) {
		chain_vector pi, chance, moved, seen;
		for (unsigned k = 0; k < PHASE_STATES; k++) {
			pi[k] = unit(&seed);
			chance[k] = unit(&seed);
		}
		chain_scale(pi);
		memcpy(moved, pi, sizeof(pi));
		memcpy(seen, chance, sizeof(chance));
		chain_forward(&vectors->process, gaps[i], moved);
		chain_back(&vectors->process, gaps[i], seen);
		double one = 0, other = 0, sum = 0;
		for (unsigned k = 0; k < PHASE_STATES; k++) {
			one += moved[k] * chance[k];
			other += pi[k] * seen[k];
			sum += moved[k];
			ck_assert(gaps[i] > 0 || moved[k] == pi[k]);
		}
		ck_assert_double_eq_tol(one, other, 1e-12);
		ck_assert_double_eq_tol(sum, 1, 1e-9); /* moves lose nobody */
	}
	ck_assert_double_eq_tol(chain_scale((chain_vector){1, 2, 3}), 6, 1e-15);
}
END_TEST

/* ---- Calibration ---- */

/* A contact who, of the web's rules, makes these two by this share, two days apart. */
static void add(struct calibration *calibration, uint64_t *seed, double share)
{
	struct fold_touch touches[TOUCHES] = {{0}};
	bool scratch[TOUCHES], counted[TOUCHES];
	struct phase_state state;
	for (unsigned i = 0; i < TOUCHES; i++) {
		touches[i] = (struct fold_touch){.ms = START_MS + i * 2 * DAY_MS,
						 .id = i,
						 .kind = FOLD_TOUCH,
						 .rule = unit(seed) < share ? PRICING : PRODUCT};
	}
	fold_all(calibration_fold(calibration), touches, TOUCHES, scratch, &state, counted, NULL, NULL);
	ck_assert(calibration_add(calibration, touches, TOUCHES, counted));
}

static struct calibration *learn(unsigned contacts, double share, struct calibrated *ret_calibrated)
{
	struct calibration *calibration = calibration_create(&vectors->model, &arena);
	uint64_t seed = 7;
	ck_assert_ptr_nonnull(calibration);
	for (unsigned i = 0; i < contacts; i++) {
		add(calibration, &seed, share);
	}
	calibration_learn(calibration, NULL, NULL, ret_calibrated);
	return calibration;
}

START_TEST(what_is_learned_is_likelier_and_sums_to_one_in_each_state)
{
	begin();
	struct calibrated calibrated;
	struct calibration *calibration = learn(60, .7, &calibrated);
	const struct model_process *process = &vectors->model;
	ck_assert_uint_eq(calibration_contacts(calibration), 60);
	ck_assert_uint_eq(calibration_touches(calibration), 60 * TOUCHES);
	ck_assert_double_gt(calibrated.after,
			    calibrated.before + .5); /* two rules of twenty are all that there is */
	ck_assert_uint_gt(calibrated.rounds, 1);
	ck_assert_uint_eq(calibrated.rules[PRICING].touches + calibrated.rules[PRODUCT].touches, 60 * TOUCHES);
	for (unsigned k = 0; k < process->states; k++) {
		double sums[CHANNEL_COUNT] = {0}, book[CHANNEL_COUNT] = {0};
		for (unsigned r = 0; r < process->rule_count; r++) {
			bool counts = !process->rules[r].ignored;
			double factor = calibration_fold(calibration)->factor[r][k];
			book[process->rules[r].channel] += counts ? factor : 0;
			sums[process->rules[r].channel] += counts ? factor * calibrated.rules[r].learned[k] : 0;
			ck_assert(calibrated.rules[r].learned[k] > 0);
			ck_assert(counts || calibrated.rules[r].learned[k] == 1);
		}
		ck_assert_double_eq_tol(book[CHANNEL_WEB], 1, 1e-12);
		ck_assert_double_eq_tol(sums[CHANNEL_WEB], 1, 1e-9);
		/* No touch of a channel teaches nothing about it. */
		ck_assert_double_eq_tol(sums[CHANNEL_CHAT], 1, 1e-9);
	}
}
END_TEST

START_TEST(a_channel_without_touches_stays_as_it_is)
{
	begin();
	struct calibrated calibrated;
	learn(40, .5, &calibrated);
	for (unsigned r = 0; r < vectors->model.rule_count; r++) {
		for (unsigned k = 0; k < PHASE_STATES && vectors->model.rules[r].channel != CHANNEL_WEB; k++) {
			ck_assert_double_eq_tol(calibrated.rules[r].learned[k], 1, 1e-12);
		}
	}
}
END_TEST

START_TEST(the_same_histories_give_the_same_bits)
{
	begin();
	struct calibrated one, other;
	learn(50, .3, &one);
	struct calibration *second = learn(50, .3, &other);
	ck_assert_mem_eq(one.rules, other.rules, vectors->model.rule_count * sizeof(*one.rules));
	ck_assert(one.after == other.after && one.rounds == other.rounds);
	calibration_learn(second, NULL, NULL, &other); /* and learning twice is learning once */
	ck_assert_mem_eq(one.rules, other.rules, vectors->model.rule_count * sizeof(*one.rules));
}
END_TEST

START_TEST(what_was_learned_before_is_not_looked_at)
{
	begin();
	struct calibrated one, other;
	learn(50, .3, &one);
	double bold[PHASE_STATES] = {9, 9, 9, 9, .1, .1, .1, .1};
	struct model_rule rules[PHASE_RULES_MAX];
	memcpy(rules, vectors->model.rules, vectors->model.rule_count * sizeof(*rules));
	rules[PRICING].learned = bold;
	vectors->model.rules = rules;
	learn(50, .3, &other);
	ck_assert_mem_eq(one.rules, other.rules, vectors->model.rule_count * sizeof(*one.rules));
}
END_TEST

START_TEST(a_sale_begins_another_purchase)
{
	begin();
	struct calibrated calibrated[2];
	/* The same touches in one purchase, and in two with a sale between: the second starts from the prior again. */
	for (unsigned way = 0; way < 2; way++) {
		struct calibration *calibration = calibration_create(&vectors->model, &arena);
		struct fold_touch touches[3] = {
			{.ms = START_MS, .kind = FOLD_TOUCH, .rule = PRICING},
			{.ms = START_MS + DAY_MS, .kind = FOLD_CLOSE},
			{.ms = START_MS + 2 * DAY_MS, .kind = FOLD_TOUCH, .rule = PRICING},
		};
		const bool counted[3] = {true, way == 1, true};
		for (unsigned i = 0; i < CALIBRATE_CONTACTS_MIN; i++) {
			ck_assert(calibration_add(calibration, touches, 3, counted));
		}
		ck_assert_uint_eq(calibration_contacts(calibration), CALIBRATE_CONTACTS_MIN);
		ck_assert_uint_eq(calibration_touches(calibration), 2 * CALIBRATE_CONTACTS_MIN);
		calibration_learn(calibration, NULL, NULL, &calibrated[way]);
	}
	ck_assert_double_lt(calibrated[1].before,
			    calibrated[0].before); /* the second touch came as a surprise again */
}
END_TEST

TEST_MAIN("calibrate", forward_and_back_are_one_and_the_same_moves,
	  what_is_learned_is_likelier_and_sums_to_one_in_each_state, a_channel_without_touches_stays_as_it_is,
	  the_same_histories_give_the_same_bits, what_was_learned_before_is_not_looked_at,
	  a_sale_begins_another_purchase)
