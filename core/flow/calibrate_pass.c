/*
 * One pass over the touches of all who are learned from, forward and back: how probable each state was at each of them, and between them.
 */
#include <math.h>
#include <string.h>

#include "core/flow/calibrate_part.h"

void calibrate_pass_start(struct calibration *calibration)
{
	if (calibration->on_round != NULL) {
		calibration->on_round(calibration->context, calibration->passes);
	}
	calibration->passes++;
}

/* Where the purchase ends that begins there. */
size_t calibrate_pass_end(const struct calibration *calibration, size_t from)
{
	size_t to = from + 1;
	while (to < calibration->count && calibration->steps[to].minutes != CALIBRATE_FIRST) {
		to++;
	}
	return to;
}

/* pi or a chance, times what the touch says. */
static void weigh(const struct calibration *calibration, double (*table)[PHASE_STATES],
		  const struct calibrate_step *step, chain_vector numbers)
{
	for (unsigned k = 0; k < calibration->fold.states; k++) {
		numbers[k] *= step->is_touch		    ? table[step->rule][k]
			      : (step->rule & 1u << k) != 0 ? FOLD_CONFIRM_FACTOR
							    : 1;
	}
}

/* Forward over one purchase. Returns its log-likelihood. */
double calibrate_pass_forward(struct calibration *calibration, double (*table)[PHASE_STATES],
			      const struct calibrate_step *steps, size_t count)
{
	double likelihood = 0;
	chain_vector pi;
	memcpy(pi, calibration->going.prior, sizeof(pi));
	for (size_t i = 0; i < count; i++) {
		chain_forward(&calibration->going, steps[i].minutes, pi);
		weigh(calibration, table, &steps[i], pi);
		double scale = chain_scale(pi);
		likelihood += steps[i].is_touch ? log(scale) : 0;
		memcpy(calibration->way[i].pi, pi, sizeof(pi));
	}
	return likelihood;
}

static void add_likely(struct calibration *calibration, const struct calibrate_step *step, const chain_vector pi,
		       const chain_vector chance)
{
	chain_vector likely;
	for (unsigned k = 0; k < PHASE_STATES; k++) {
		likely[k] = pi[k] * chance[k];
	}
	chain_scale(likely);
	enum channel channel = calibration->process->rules[step->rule].channel;
	for (unsigned k = 0; k < PHASE_STATES; k++) {
		calibration->sums[step->rule][k] += likely[k];
		calibration->channel_sums[channel][k] += likely[k];
	}
}

/* Back again, adding γ of each touch to the sums, and what was between them to the moves. */
static void go_back(struct calibration *calibration, const struct calibrate_step *steps, size_t count)
{
	chain_vector chance = {0};
	for (unsigned k = 0; k < calibration->fold.states; k++) {
		chance[k] = 1;
	}
	for (size_t i = count; i-- > 0;) {
		if (steps[i].is_touch) {
			add_likely(calibration, &steps[i], calibration->way[i].pi, chance);
		}
		weigh(calibration, calibration->theta, &steps[i], chance);
		chain_scale(chance);
		if (steps[i].minutes > 0) {
			calibrate_moves_gap(&calibration->moves, &calibration->going, steps[i].minutes,
					    calibration->way[i - 1].pi, chance);
		}
	}
	calibrate_moves_begin(&calibration->moves, &calibration->going, chance);
}

/* Fills the sums, of the contacts that are learned from. Returns the mean log-likelihood of a touch. */
double calibrate_pass(struct calibration *calibration)
{
	double likelihood = 0;
	size_t touches = 0;
	calibrate_pass_start(calibration);
	memset(calibration->sums, 0, sizeof(calibration->sums));
	memset(calibration->channel_sums, 0, sizeof(calibration->channel_sums));
	calibrate_moves_clear(&calibration->moves);
	for (size_t from = 0, to; from < calibration->count; from = to) {
		const struct calibrate_step *steps = &calibration->steps[from];
		to = calibrate_pass_end(calibration, from);
		if (steps->half == calibration->left_out) {
			continue;
		}
		likelihood += calibrate_pass_forward(calibration, calibration->theta, steps, to - from);
		go_back(calibration, steps, to - from);
		for (size_t i = 0; i < to - from; i++) {
			touches += steps[i].is_touch;
		}
	}
	return touches > 0 ? likelihood / (double)touches : 0;
}
