/*
 * θ[r][k]: how likely a touch made in state k is one of rule r, among the rules of its channel. Three parts:
 *
 *     rule book      θ = b_r e^(u p[r][k]) ÷ Σ over the channel, b_r by its frequency class
 *     fitted book    b_r rescaled until as many touches of each rule are expected as were seen: θ⁰
 *     rounds         θ ← (T θ⁰ + Σγ) ÷ (T + Σγ of the channel), γ: how probable each state is at each touch, given all touches of
 *                    that contact, before and after; until the log-likelihood stands still
 *
 * T, how much the book is trusted, is 100 touches and, from 334 on, three tenths of what there is: people are not as the model assumes (touches
 * of a visit have one purpose, stays are not exponential), and free weights learn that, too, where it makes them worse.
 */
#include "core/flow/calibrate.h"

#include <math.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/flow/chain.h"

#define FIT_ROUNDS_MAX 20
#define FIT_STEPS_MAX 200
#define FIT_CLOSE 1e-9	  /* of what is expected of a rule, in a step, relative */
#define FIT_ROUND 1e-4	  /* the same from pass to pass */
#define STANDS_STILL 1e-6 /* of the log-likelihood of a touch */
#define UNSEEN 0.5	  /* a rule without touches counts as half a one: rare, not impossible */
/* A touch that counts, or what a person confirmed. */
struct step {
	int32_t minutes; /* since the one before; FIRST: it begins a purchase */
	uint16_t rule;	 /* or, of a confirmation, the states */
	uint16_t is_touch;
};

#define FIRST (-1)

struct way_point {
	chain_vector pi; /* given the touches up to this one, its own too */
};

struct calibration {
	const struct model_process *process;
	struct fold_process fold;
	struct step *steps;
	size_t count, contacts, touches;
	size_t current;	       /* steps of the purchase in hand */
	struct way_point *way; /* over one purchase */
	uint64_t seen[PHASE_RULES_MAX];
	double book[PHASE_RULES_MAX][PHASE_STATES];   /* the rule book */
	double fitted[PHASE_RULES_MAX][PHASE_STATES]; /* θ⁰ */
	double theta[PHASE_RULES_MAX][PHASE_STATES];
	double sums[PHASE_RULES_MAX][PHASE_STATES];	  /* Σγ of each rule */
	double channel_sums[CHANNEL_COUNT][PHASE_STATES]; /* and of its channel */
	struct calibrated_rule rules[PHASE_RULES_MAX];
	struct model_rule plain[PHASE_RULES_MAX]; /* the process's, nothing learned */
};

size_t calibration_memory(void)
{
	return sizeof(struct calibration) + CALIBRATE_TOUCHES_MAX * sizeof(struct step) +
	       CALIBRATE_LONGEST_MAX * sizeof(struct way_point) + 64;
}

struct calibration *calibration_create(const struct model_process *process, struct arena *arena)
{
	struct calibration *calibration = arena_zero(arena, 1, sizeof(*calibration));
	struct step *steps = arena_array(arena, CALIBRATE_TOUCHES_MAX, sizeof(*steps));
	struct way_point *way = arena_array(arena, CALIBRATE_LONGEST_MAX, sizeof(*way));
	if (calibration == NULL || steps == NULL || way == NULL) {
		return NULL;
	}
	struct model_process book = *process;
	memcpy(calibration->plain, process->rules, process->rule_count * sizeof(*process->rules));
	for (unsigned r = 0; r < process->rule_count; r++) {
		calibration->plain[r].learned = NULL;
	}
	book.rules = calibration->plain;
	calibration->process = process;
	calibration->steps = steps;
	calibration->way = way;
	fold_process_init(&calibration->fold, &book);
	memcpy(calibration->book, calibration->fold.factor, sizeof(calibration->book));
	return calibration;
}

const struct fold_process *calibration_fold(const struct calibration *calibration)
{
	return &calibration->fold;
}

size_t calibration_contacts(const struct calibration *calibration)
{
	return calibration->contacts;
}

size_t calibration_touches(const struct calibration *calibration)
{
	return calibration->touches;
}

/* ---- Histories in ---- */

bool calibration_add(struct calibration *calibration, const struct fold_touch *touches, size_t count,
		     const bool *counted)
{
	int64_t last = 0;
	bool any = false, is_first = true;
	for (size_t i = 0; i < count; i++) {
		if (!counted[i]) {
			continue;
		}
		if (touches[i].kind == FOLD_CLOSE) { /* the next one begins another purchase */
			is_first = true;
			continue;
		}
		if (calibration->count == CALIBRATE_TOUCHES_MAX ||
		    (!is_first && calibration->current == CALIBRATE_LONGEST_MAX)) {
			return false;
		}
		int64_t minute = fold_minute(touches[i].ms), gap = minute - last;
		bool is_touch = touches[i].kind == FOLD_TOUCH;
		calibration->steps[calibration->count++] = (struct step){
			.minutes = is_first  ? FIRST
				   : gap < 0 ? 0
					     : (int32_t)(gap > FOLD_GAP_MAX ? FOLD_GAP_MAX : gap),
			.rule = touches[i].rule,
			.is_touch = is_touch,
		};
		calibration->current = is_first ? 1 : calibration->current + 1;
		calibration->touches += is_touch;
		if (is_touch) {
			calibration->seen[touches[i].rule]++;
		}
		any = any || is_touch;
		is_first = false;
		last = minute;
	}
	calibration->contacts += any;
	return true;
}

/* ---- One pass over all touches ---- */

/* pi or a chance, times what the touch says. */
static void weigh(const struct calibration *calibration, const struct step *step, chain_vector numbers)
{
	for (unsigned k = 0; k < calibration->fold.states; k++) {
		numbers[k] *= step->is_touch		    ? calibration->theta[step->rule][k]
			      : (step->rule & 1u << k) != 0 ? FOLD_CONFIRM_FACTOR
							    : 1;
	}
}

/* Forward over one purchase. Returns its log-likelihood. */
static double go_forward(struct calibration *calibration, const struct step *steps, size_t count)
{
	double likelihood = 0;
	chain_vector pi;
	memcpy(pi, calibration->fold.prior, sizeof(pi));
	for (size_t i = 0; i < count; i++) {
		chain_forward(&calibration->fold, steps[i].minutes, pi);
		weigh(calibration, &steps[i], pi);
		double scale = chain_scale(pi);
		likelihood += steps[i].is_touch ? log(scale) : 0;
		memcpy(calibration->way[i].pi, pi, sizeof(pi));
	}
	return likelihood;
}

/* Back again, adding γ of each touch to the sums. */
static void go_back(struct calibration *calibration, const struct step *steps, size_t count)
{
	const struct model_rule *rules = calibration->process->rules;
	chain_vector chance = {0};
	for (unsigned k = 0; k < calibration->fold.states; k++) {
		chance[k] = 1;
	}
	for (size_t i = count; i-- > 0;) {
		if (steps[i].is_touch) {
			chain_vector likely;
			for (unsigned k = 0; k < PHASE_STATES; k++) {
				likely[k] = calibration->way[i].pi[k] * chance[k];
			}
			chain_scale(likely);
			for (unsigned k = 0; k < PHASE_STATES; k++) {
				calibration->sums[steps[i].rule][k] += likely[k];
				calibration->channel_sums[rules[steps[i].rule].channel][k] += likely[k];
			}
		}
		weigh(calibration, &steps[i], chance);
		chain_back(&calibration->fold, steps[i].minutes, chance);
		chain_scale(chance);
	}
}

/* Fills the sums. Returns the mean log-likelihood of a touch. */
static double pass(struct calibration *calibration)
{
	double likelihood = 0;
	memset(calibration->sums, 0, sizeof(calibration->sums));
	memset(calibration->channel_sums, 0, sizeof(calibration->channel_sums));
	for (size_t from = 0, to; from < calibration->count; from = to) {
		for (to = from + 1; to < calibration->count && calibration->steps[to].minutes != FIRST; to++) {
		}
		likelihood += go_forward(calibration, &calibration->steps[from], to - from);
		go_back(calibration, &calibration->steps[from], to - from);
	}
	return calibration->touches > 0 ? likelihood / (double)calibration->touches : 0;
}

/* ---- The rule book, with frequencies as seen ---- */

static bool is_of(const struct calibration *calibration, unsigned r, unsigned channel)
{
	const struct model_rule *rule = &calibration->process->rules[r];
	return rule->channel == (enum channel)channel && !rule->ignored;
}

/* Touches of rule r that `table` lets expect where the channel's touches were made in these states. */
static double expected(const struct calibration *calibration, double (*table)[PHASE_STATES], unsigned r,
		       unsigned channel)
{
	double sum = 0;
	for (unsigned k = 0; k < calibration->fold.states; k++) {
		sum += calibration->channel_sums[channel][k] * table[r][k];
	}
	return sum;
}

static void normalise_channel(struct calibration *calibration, double (*table)[PHASE_STATES], unsigned channel)
{
	for (unsigned k = 0; k < calibration->fold.states; k++) {
		double sum = 0;
		for (unsigned r = 0; r < calibration->process->rule_count; r++) {
			sum += is_of(calibration, r, channel) ? table[r][k] : 0;
		}
		for (unsigned r = 0; r < calibration->process->rule_count; r++) {
			table[r][k] /= is_of(calibration, r, channel) ? sum : 1;
		}
	}
}

/* Scales each rule of a channel until it is expected as often as it was seen. Returns the largest first change. */
static double fit_channel(struct calibration *calibration, unsigned channel)
{
	double total = 0, wanted_total = 0, first = 0;
	for (unsigned r = 0; r < calibration->process->rule_count; r++) {
		wanted_total += is_of(calibration, r, channel) ? (double)calibration->seen[r] + UNSEEN : 0;
		total += is_of(calibration, r, channel) ? (double)calibration->seen[r] : 0;
	}
	if (total == 0) {
		return 0;
	}
	for (unsigned step = 0; step < FIT_STEPS_MAX; step++) {
		double most = 0;
		for (unsigned r = 0; r < calibration->process->rule_count; r++) {
			if (!is_of(calibration, r, channel)) {
				continue;
			}
			double wanted = ((double)calibration->seen[r] + UNSEEN) * total / wanted_total;
			double by = wanted / expected(calibration, calibration->fitted, r, channel);
			for (unsigned k = 0; k < calibration->fold.states; k++) {
				calibration->fitted[r][k] *= by;
			}
			most = fmax(most, fabs(by - 1));
		}
		normalise_channel(calibration, calibration->fitted, channel);
		first = step == 0 ? most : first;
		if (most < FIT_CLOSE) {
			break;
		}
	}
	return first;
}

/* Which states people were in depends on the weights, and these on the states: a few passes. Returns how many. */
static unsigned fit(struct calibration *calibration, void (*on_round)(void *context, unsigned round),
		    void *context, struct calibrated *calibrated)
{
	unsigned round = 0;
	for (double change = HUGE_VAL; round < FIT_ROUNDS_MAX && change > FIT_ROUND; round++) {
		if (on_round != NULL) {
			on_round(context, round);
		}
		double likelihood = pass(calibration);
		if (round == 0) {
			calibrated->before = likelihood;
			for (unsigned r = 0; r < calibration->process->rule_count; r++) {
				calibration->rules[r].touches = calibration->seen[r];
				calibration->rules[r].expected =
					expected(calibration, calibration->book, r,
						 (unsigned)calibration->process->rules[r].channel);
			}
		}
		change = 0;
		for (unsigned channel = 0; channel < CHANNEL_COUNT; channel++) {
			change = fmax(change, fit_channel(calibration, channel));
		}
		memcpy(calibration->theta, calibration->fitted, sizeof(calibration->theta));
	}
	return round;
}

/* ---- Learning ---- */

static void maximise(struct calibration *calibration)
{
	for (unsigned r = 0; r < calibration->process->rule_count; r++) {
		const struct model_rule *rule = &calibration->process->rules[r];
		for (unsigned k = 0; k < calibration->fold.states && !rule->ignored; k++) {
			double there = calibration->channel_sums[rule->channel][k];
			double trust = fmax(CALIBRATE_TRUST, CALIBRATE_TRUST_SHARE * there);
			calibration->theta[r][k] =
				(trust * calibration->fitted[r][k] + calibration->sums[r][k]) / (trust + there);
		}
	}
}

static void fill_rules(struct calibration *calibration)
{
	for (unsigned r = 0; r < calibration->process->rule_count; r++) {
		const struct model_rule *rule = &calibration->process->rules[r];
		for (unsigned k = 0; k < PHASE_STATES; k++) {
			bool known = !rule->ignored && k < calibration->fold.states;
			double learned = known ? calibration->theta[r][k] / calibration->book[r][k] : 1;
			calibration->rules[r].learned[k] =
				fmin(fmax(learned, MODEL_LEARNED_MIN), MODEL_LEARNED_MAX);
		}
	}
}

void calibration_learn(struct calibration *calibration, void (*on_round)(void *context, unsigned round),
		       void *context, struct calibrated *ret_calibrated)
{
	CHECK(calibration->contacts >= CALIBRATE_CONTACTS_MIN);
	struct calibrated calibrated = {.rules = calibration->rules};
	memcpy(calibration->theta, calibration->book, sizeof(calibration->theta));
	memcpy(calibration->fitted, calibration->book, sizeof(calibration->fitted));
	unsigned fits = fit(calibration, on_round, context, &calibrated);
	double last = -HUGE_VAL;
	for (;;) {
		if (on_round != NULL) {
			on_round(context, fits + calibrated.rounds);
		}
		calibrated.after = pass(calibration);
		if (calibrated.rounds == CALIBRATE_ROUNDS_MAX || fabs(calibrated.after - last) < STANDS_STILL) {
			break;
		}
		last = calibrated.after;
		maximise(calibration);
		calibrated.rounds++;
	}
	fill_rules(calibration);
	*ret_calibrated = calibrated;
}
