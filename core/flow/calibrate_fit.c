/*
 * The rule book, with frequencies as seen: each rule scaled until as many touches of it are expected as there are.
 */
#include <math.h>
#include <string.h>

#include "core/flow/calibrate_part.h"

#define FIT_ROUNDS_MAX 20
#define FIT_STEPS_MAX 200
#define FIT_CLOSE 1e-9 /* of what is expected of a rule, in a step, relative */
#define FIT_ROUND 1e-4 /* the same from pass to pass */
#define UNSEEN 0.5     /* a rule without touches counts as half a one: rare, not impossible */

double calibrate_fit_seen(const struct calibration *calibration, unsigned r)
{
	uint64_t sum = 0;
	for (unsigned half = 0; half < CALIBRATE_HALVES; half++) {
		sum += half != calibration->left_out ? calibration->seen[half][r] : 0;
	}
	return (double)sum;
}

static bool is_of(const struct calibration *calibration, unsigned r, unsigned channel)
{
	const struct model_rule *rule = &calibration->process->rules[r];
	return rule->channel == (enum channel)channel && !rule->ignored;
}

/* Touches of rule r that `table` lets expect where the channel's touches were made in these states. */
double calibrate_fit_expected(const struct calibration *calibration, double (*table)[PHASE_STATES], unsigned r,
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
		wanted_total += is_of(calibration, r, channel) ? calibrate_fit_seen(calibration, r) + UNSEEN : 0;
		total += is_of(calibration, r, channel) ? calibrate_fit_seen(calibration, r) : 0;
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
			double wanted = (calibrate_fit_seen(calibration, r) + UNSEEN) * total / wanted_total;
			double by = wanted / calibrate_fit_expected(calibration, calibration->fitted, r, channel);
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

/* Which states people were in depends on the weights, and these on the states: a few passes. */
void calibrate_fit(struct calibration *calibration)
{
	double change = HUGE_VAL;
	for (unsigned round = 0; round < FIT_ROUNDS_MAX && change > FIT_ROUND; round++) {
		calibrate_pass(calibration);
		change = 0;
		for (unsigned channel = 0; channel < CHANNEL_COUNT; channel++) {
			change = fmax(change, fit_channel(calibration, channel));
		}
		calibrate_moves_learn(&calibration->moves, &calibration->going);
		memcpy(calibration->theta, calibration->fitted, sizeof(calibration->theta));
	}
}
