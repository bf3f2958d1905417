/*
 * θ[r][k]: how likely a touch made in state k is one of rule r, among the rules of its channel. Three parts:
 *
 *     rule book      θ = b_r e^(u p[r][k]) ÷ Σ over the channel, b_r by its frequency class
 *     fitted book    b_r rescaled until as many touches of each rule are expected as were seen: θ⁰
 *     rounds         θ ← (T θ⁰ + Σγ) ÷ (T + Σγ of the channel), γ: how probable each state is at each touch, given all touches of
 *                    that contact, before and after; until the log-likelihood stands still. T is 100 touches and, from 1,000 on, a tenth of
 *                    what there is
 *
 * γ is by moves and a prior that are learned from pass to pass, too, and thrown away (calibrate_moves.h).
 *
 * All of it is done three times: from every other contact, from those between, each tried on the rest; and, where that was worth it, from all.
 * People are never as the model assumes (touches of a visit have one purpose, stays are not exponential, mails have the links that they
 * have), so something is always learned: only what is worth more than that is taken for wrong points.
 */
#include "core/flow/calibrate.h"

#include <math.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/flow/calibrate_part.h"

#define STANDS_STILL 1e-6 /* of the log-likelihood of a touch */

size_t calibration_memory(void)
{
	return sizeof(struct calibration) + CALIBRATE_TOUCHES_MAX * sizeof(struct calibrate_step) +
	       CALIBRATE_LONGEST_MAX * sizeof(struct calibrate_point) + 64;
}

struct calibration *calibration_create(const struct model_process *process, struct arena *arena)
{
	struct calibration *calibration = arena_zero(arena, 1, sizeof(*calibration));
	struct calibrate_step *steps = arena_array(arena, CALIBRATE_TOUCHES_MAX, sizeof(*steps));
	struct calibrate_point *way = arena_array(arena, CALIBRATE_LONGEST_MAX, sizeof(*way));
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
	calibrate_moves_init(&calibration->moves, process);
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

/* To four binary digits, which is closer than stays are known, and several times less to move over. */
static int32_t round_gap(int64_t minutes)
{
	int64_t unit = 1;
	while (minutes / unit >= 16) {
		unit *= 2;
	}
	int64_t rounded = (minutes + unit / 2) / unit * unit;
	return (int32_t)(rounded > FOLD_GAP_MAX ? FOLD_GAP_MAX : rounded);
}

bool calibration_add(struct calibration *calibration, const struct fold_touch *touches, size_t count,
		     const bool *counted)
{
	int64_t last = 0;
	uint8_t half = calibration->contacts % CALIBRATE_HALVES;
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
		calibration->steps[calibration->count++] = (struct calibrate_step){
			.minutes = is_first  ? CALIBRATE_FIRST
				   : gap < 0 ? 0
					     : round_gap(gap),
			.rule = touches[i].rule,
			.is_touch = is_touch,
			.half = half,
		};
		calibration->current = is_first ? 1 : calibration->current + 1;
		calibration->touches += is_touch;
		if (is_touch) {
			calibration->seen[half][touches[i].rule]++;
		}
		any = any || is_touch;
		is_first = false;
		last = minute;
	}
	calibration->contacts += any;
	return true;
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

static void begin(struct calibration *calibration, unsigned left_out)
{
	calibration->left_out = left_out;
	calibration->going = calibration->fold;
	memcpy(calibration->theta, calibration->book, sizeof(calibration->theta));
	memcpy(calibration->fitted, calibration->book, sizeof(calibration->fitted));
}

/* From all but the half left out. Returns the rounds. */
static unsigned learn(struct calibration *calibration, unsigned left_out, unsigned rounds_max)
{
	unsigned rounds = 0;
	double last = -HUGE_VAL;
	begin(calibration, left_out);
	calibrate_fit(calibration);
	for (;;) {
		double likelihood = calibrate_pass(calibration);
		if (rounds == rounds_max || fabs(likelihood - last) < STANDS_STILL) {
			return rounds;
		}
		last = likelihood;
		maximise(calibration);
		calibrate_moves_learn(&calibration->moves, &calibration->going);
		rounds++;
	}
}

/* Sums over purchases, to say how good the mean of a touch is. */
struct gains {
	double touches, gain, touches_squared, product, gain_squared;
	double purchases;
};

/* How much likelier what was learned makes the touches of the half left out, the file's moves between them. */
static void try_on_left_out(struct calibration *calibration, struct gains *gains)
{
	calibrate_pass_start(calibration);
	calibration->going = calibration->fold;
	for (size_t from = 0, to; from < calibration->count; from = to) {
		const struct calibrate_step *steps = &calibration->steps[from];
		double touches = 0;
		to = calibrate_pass_end(calibration, from);
		if (steps->half != calibration->left_out) {
			continue;
		}
		for (size_t i = 0; i < to - from; i++) {
			touches += steps[i].is_touch;
		}
		double gain = calibrate_pass_forward(calibration, calibration->theta, steps, to - from) -
			      calibrate_pass_forward(calibration, calibration->book, steps, to - from);
		gains->touches += touches;
		gains->gain += gain;
		gains->touches_squared += touches * touches;
		gains->product += touches * gain;
		gains->gain_squared += gain * gain;
		gains->purchases++;
	}
}

static void weigh_gains(const struct gains *gains, struct calibrated *calibrated)
{
	double mean = gains->gain / gains->touches;
	double squares = gains->gain_squared - 2 * mean * gains->product + mean * mean * gains->touches_squared;
	calibrated->gain = mean;
	calibrated->gain_deviation =
		sqrt(fmax(squares, 0) * gains->purchases / (gains->purchases - 1)) / gains->touches;
	calibrated->is_worth_it = mean - calibrated->gain_deviation >= CALIBRATE_GAIN_MIN;
}

/* What the rule book, with the file's moves, makes of all. */
static double ask_book(struct calibration *calibration)
{
	begin(calibration, CALIBRATE_NO_HALF);
	double likelihood = calibrate_pass(calibration);
	for (unsigned r = 0; r < calibration->process->rule_count; r++) {
		unsigned channel = (unsigned)calibration->process->rules[r].channel;
		calibration->rules[r].touches = (uint64_t)calibrate_fit_seen(calibration, r);
		calibration->rules[r].expected =
			calibrate_fit_expected(calibration, calibration->book, r, channel);
	}
	return likelihood;
}

void calibration_learn(struct calibration *calibration, void (*on_round)(void *context, unsigned round),
		       void *context, struct calibrated *ret_calibrated)
{
	CHECK(calibration->contacts >= CALIBRATE_CONTACTS_MIN);
	struct calibrated calibrated = {.rules = calibration->rules};
	struct gains gains = {0};
	calibration->passes = 0;
	calibration->on_round = on_round;
	calibration->context = context;
	calibrated.before = ask_book(calibration);
	for (unsigned half = 0; half < CALIBRATE_HALVES; half++) {
		learn(calibration, half, CALIBRATE_TRIAL_ROUNDS_MAX);
		try_on_left_out(calibration, &gains);
	}
	weigh_gains(&gains, &calibrated);
	calibrated.after = calibrated.before;
	if (calibrated.is_worth_it) {
		calibrated.rounds = learn(calibration, CALIBRATE_NO_HALF, CALIBRATE_ROUNDS_MAX);
		calibration->going = calibration->fold;
		calibrated.after = calibrate_pass(calibration);
	} else {
		begin(calibration, CALIBRATE_NO_HALF);
	}
	fill_rules(calibration);
	*ret_calibrated = calibrated;
}
