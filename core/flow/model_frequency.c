/*
 * How common are a channel's rules, against what their classes say?
 *
 * A rule's share is that of people in all phases, Σ_k prior[k] f[r][k]: what it would be of people as they are when first seen. Shares depend on
 * each other, so that one rule that is far off would make all others look wrong. So b is first fitted to what was seen, b ← b · seen / expected
 * over and over, which goes to the b that explain it; only how they differ from the classes' b is looked at, and the rule in the middle
 * counts as right, since the classes of a channel are relative.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/flow/fold.h"
#include "core/flow/model_seen.h"

#define ROUNDS 200
#define FACTOR 4.0
#define RULES_MIN 3	/* that were seen: of fewer nobody knows which is the odd one */
#define SEEN_MIN 5	/* touches of a rule that may be the one in the middle */
#define EXPECTED_MIN 20 /* touches that must be there, or have been expected */

struct fit {
	const struct model_process *process;
	unsigned count;			 /* rules of the channel that count */
	unsigned rules[PHASE_RULES_MAX]; /* which they are */
	double share[PHASE_RULES_MAX];	 /* seen */
	double b[PHASE_RULES_MAX];	 /* fitted */
	double total;			 /* touches */
	double sums[PHASE_STATES];	 /* Σ b e^(u points) */
};

static double power_of(const struct fit *fit, unsigned i, unsigned k)
{
	return fold_point_weight(fit->process, &fit->process->rules[fit->rules[i]], k);
}

static void sum_up(struct fit *fit)
{
	for (unsigned k = 0; k < fit->process->states; k++) {
		fit->sums[k] = 0;
		for (unsigned i = 0; i < fit->count; i++) {
			fit->sums[k] += fit->b[i] * power_of(fit, i, k);
		}
	}
}

/* The share of a rule, had it this b beside the others. */
static double share_with(const struct fit *fit, unsigned i, double b)
{
	double share = 0;
	for (unsigned k = 0; k < fit->process->states; k++) {
		double power = power_of(fit, i, k);
		share += fit->process->prior[k] * b * power / (fit->sums[k] + (b - fit->b[i]) * power);
	}
	return share;
}

static void fit_shares(struct fit *fit)
{
	static double next[PHASE_RULES_MAX];
	for (unsigned round = 0; round < ROUNDS; round++) {
		sum_up(fit);
		for (unsigned i = 0; i < fit->count; i++) {
			next[i] = fit->b[i] * fit->share[i] / share_with(fit, i, fit->b[i]);
		}
		memcpy(fit->b, next, fit->count * sizeof(*next));
	}
}

static int compare(const void *a, const void *b)
{
	double one = *(const double *)a, other = *(const double *)b;
	return (one > other) - (one < other);
}

static double class_of(const struct fit *fit, unsigned i)
{
	return fold_class_weight(fit->process->rules[fit->rules[i]].frequency);
}

/* Scales all b, so that the rule in the middle of those seen has that of its class. False: too few were. */
static bool anchor(struct fit *fit)
{
	static double ratios[PHASE_RULES_MAX];
	unsigned count = 0;
	for (unsigned i = 0; i < fit->count; i++) {
		if (fit->share[i] * fit->total >= SEEN_MIN) {
			ratios[count++] = fit->b[i] / class_of(fit, i);
		}
	}
	if (count < RULES_MIN) {
		return false;
	}
	qsort(ratios, count, sizeof(*ratios), compare);
	double middle = ratios[count / 2];
	for (unsigned i = 0; i < fit->count; i++) {
		fit->b[i] /= middle;
	}
	sum_up(fit);
	return true;
}

static struct frequency_seen judge(const struct fit *fit, unsigned i)
{
	double now = class_of(fit, i), touches = fit->share[i] * fit->total;
	struct frequency_seen seen = {
		.should = fit->b[i] >= 2    ? RULE_COMMON
			  : fit->b[i] >= .5 ? RULE_NORMAL
					    : RULE_RARE,
		.share = fit->share[i],
		.expected = share_with(fit, i, now),
	};
	/* Two standard deviations are given away. */
	double spread = 2 * sqrt(touches), expected = seen.expected * fit->total, ratio = fit->b[i] / now;
	bool more = touches >= EXPECTED_MIN && ratio * (touches - spread) / touches > FACTOR;
	bool less =
		expected >= EXPECTED_MIN && (touches + spread + 1) / expected < 1 / FACTOR && ratio < 1 / FACTOR;
	seen.off = (more || less) && seen.should != fit->process->rules[fit->rules[i]].frequency;
	return seen;
}

bool frequency_look(const struct model_process *process, enum channel channel, const uint64_t *touches,
		    struct frequency_seen *ret_seen)
{
	static struct fit fit;
	fit = (struct fit){.process = process};
	CHECK(process->rule_count <= PHASE_RULES_MAX);
	for (unsigned r = 0; r < process->rule_count; r++) {
		if (process->rules[r].channel == channel && !process->rules[r].ignored) {
			fit.rules[fit.count] = r;
			fit.b[fit.count] = fold_class_weight(process->rules[r].frequency);
			fit.total += (double)touches[r];
			fit.count++;
		}
	}
	if (fit.total < FREQUENCY_TOUCHES_MIN) {
		return false;
	}
	for (unsigned i = 0; i < fit.count; i++) {
		double seen = (double)touches[fit.rules[i]];
		fit.share[i] = (seen > 0 ? seen : .1) / fit.total; /* next to nothing, which can be fitted */
	}
	fit_shares(&fit);
	if (!anchor(&fit)) {
		return false;
	}
	for (unsigned i = 0; i < fit.count; i++) {
		ret_seen[fit.rules[i]] = judge(&fit, i);
	}
	return true;
}
