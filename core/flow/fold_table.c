/*
 * What the fold needs of a process, tabled when a model is loaded: moves of one minute and their squares, decay of the
 * activity, factors of the rules. No libm here either (the model brings e^(u·points) with it); order as written.
 */
#include <string.h>

#include "core/base/check.h"
#include "core/flow/fold.h"

#define MINUTES_A_DAY 1440.0
#define DECAY_A_MINUTE 0x1.fffcd86f49d51p-1 /* 2^(-1/28800): half in 20 days */

/*
 * Moves between states 0 … last, a day before they are divided: up at F/D, back at B/D, out of buying (to 0) at S/D. The first has nothing
 * behind it: half of what would go back goes up, half out. The last has no up. Rows sum to 0.
 */
void fold_rates(const struct model_process *process, double ret_rates[PHASE_STATES][PHASE_STATES])
{
	double(*q)[PHASE_STATES] = ret_rates;
	unsigned last = process->states - 1;
	double back = process->back, stall = process->stall, dwell = process->dwell_days;
	double forward = 1.0 - back - stall;
	memset(q, 0, sizeof(double[PHASE_STATES][PHASE_STATES]));
	for (unsigned k = 1; k <= last; k++) {
		q[0][k] = process->entry[k] / process->dwell_none_days;
		if (k > 1) {
			q[k][k - 1] = back / dwell;
		}
		q[k][0] += (k > 1 ? stall : k < last ? stall + back / 2 : stall + back) / dwell;
		if (k < last) {
			q[k][k + 1] = (k > 1 ? forward : forward + back / 2) / dwell;
		}
	}
	for (unsigned k = 0; k <= last; k++) {
		double out = 0;
		for (unsigned j = 0; j <= last; j++) {
			out += q[k][j]; /* the diagonal is still 0 */
		}
		q[k][k] = -out;
	}
	for (unsigned i = 0; i < PHASE_STATES; i++) {
		for (unsigned k = 0; k < PHASE_STATES; k++) {
			q[i][k] /= MINUTES_A_DAY;
		}
	}
}

static void multiply(double a[PHASE_STATES][PHASE_STATES], double b[PHASE_STATES][PHASE_STATES],
		     double ret_product[PHASE_STATES][PHASE_STATES])
{
	for (unsigned i = 0; i < PHASE_STATES; i++) {
		for (unsigned k = 0; k < PHASE_STATES; k++) {
			double sum = a[i][0] * b[0][k];
			for (unsigned j = 1; j < PHASE_STATES; j++) {
				sum += a[i][j] * b[j][k];
			}
			ret_product[i][k] = sum;
		}
	}
}

/* P_0 = I + A + A²/2 with A the rates a minute, P_{b+1} = P_b · P_b. States that the process has not stay where they are. */
void fold_moves(double a[PHASE_STATES][PHASE_STATES], double ret_moves[FOLD_GAP_BITS][PHASE_STATES][PHASE_STATES])
{
	double square[PHASE_STATES][PHASE_STATES];
	multiply(a, a, square);
	for (unsigned i = 0; i < PHASE_STATES; i++) {
		for (unsigned k = 0; k < PHASE_STATES; k++) {
			ret_moves[0][i][k] = ((i == k ? 1.0 : 0.0) + a[i][k]) + square[i][k] / 2;
		}
	}
	for (unsigned b = 1; b < FOLD_GAP_BITS; b++) {
		multiply(ret_moves[b - 1], ret_moves[b - 1], ret_moves[b]);
	}
}

static void table_moves(struct fold_process *table, const struct model_process *process)
{
	double rates[PHASE_STATES][PHASE_STATES];
	fold_rates(process, rates);
	fold_moves(rates, table->moves);
	table->decay[0] = DECAY_A_MINUTE;
	for (unsigned b = 1; b < FOLD_GAP_BITS; b++) {
		table->decay[b] = table->decay[b - 1] * table->decay[b - 1];
	}
}

/* What P_0 does to sums of states. */
static void table_drift(struct fold_process *table)
{
	for (unsigned i = 0; i < table->states; i++) {
		table->leaves[i] = 1 - table->moves[0][i][i];
		for (unsigned k = 0; k < table->states; k++) {
			unsigned part = k == 0 ? MAIN_COUNT : (unsigned)table->state_main[k];
			table->drift[i][part] += i == k ? -table->leaves[i] : table->moves[0][i][k];
		}
	}
}

double fold_class_weight(enum rule_frequency frequency)
{
	static const double b[RULE_FREQUENCY_COUNT] = {
		[RULE_COMMON] = 4.0, [RULE_NORMAL] = 1.0, [RULE_RARE] = 0.25};
	CHECK((unsigned)frequency < RULE_FREQUENCY_COUNT);
	return b[frequency];
}

double fold_point_weight(const struct model_process *process, const struct model_rule *rule, unsigned k)
{
	return process->power[rule->points[k]] * (rule->learned != NULL ? rule->learned[k] : 1.0);
}

/* f[r][k] = b_r e^{u p[r][k]} m[r][k] / Σ over the rules of its channel that are not ignored, in their order. b is a power of
 * two, so that its place in a product does not change a bit. */
static void table_factors(struct fold_process *table, const struct model_process *process)
{
	double sums[CHANNEL_COUNT][PHASE_STATES] = {0};
	for (unsigned r = 0; r < process->rule_count; r++) {
		const struct model_rule *rule = &process->rules[r];
		table->ignored[r] = rule->ignored;
		table->channel[r] = (uint8_t)(1u << rule->channel);
		table->has_points[r] = false;
		for (unsigned k = 0; k < PHASE_STATES; k++) {
			CHECK(rule->points[k] <= 3 && (rule->learned == NULL || rule->learned[k] > 0));
			table->has_points[r] |= rule->points[k] > 0;
			table->factor[r][k] =
				fold_class_weight(rule->frequency) * fold_point_weight(process, rule, k);
			sums[rule->channel][k] += rule->ignored ? 0.0 : table->factor[r][k];
		}
	}
	for (unsigned r = 0; r < process->rule_count; r++) {
		for (unsigned k = 0; k < PHASE_STATES; k++) {
			double sum = sums[process->rules[r].channel][k];
			table->factor[r][k] = process->rules[r].ignored ? 1.0 : table->factor[r][k] / sum;
		}
	}
}

void fold_process_init(struct fold_process *ret_process, const struct model_process *process)
{
	CHECK(process->states >= 2 && process->states <= PHASE_STATES);
	CHECK(process->rule_count <= PHASE_RULES_MAX);
	CHECK(process->power[0] == 1.0);
	memset(ret_process, 0, sizeof(*ret_process));
	ret_process->states = process->states;
	ret_process->rule_count = process->rule_count;
	ret_process->checkpoint = PHASE_CHECKPOINT;
	for (unsigned k = 0; k < process->states; k++) {
		CHECK((k == 0) == (process->state_main[k] == MAIN_NONE));
		ret_process->state_main[k] = process->state_main[k];
		ret_process->prior[k] = process->prior[k];
	}
	table_moves(ret_process, process);
	table_drift(ret_process);
	table_factors(ret_process, process);
}
