#include "tests/accuracy/knows.h"

#include <string.h>

#define MINUTES_A_DAY 1440.0

void knows_init(struct knows *ret_knows, const struct world *world)
{
	memset(ret_knows, 0, sizeof(*ret_knows));
	ret_knows->world = world;
}

static void learn_moves(struct knows *knows, const struct life *life)
{
	for (unsigned i = 0; i < life->stay_count && life->stays[i].from_day < life->days; i++) {
		bool last = i + 1 == life->stay_count || life->stays[i + 1].from_day >= life->days;
		double until = last ? life->days : life->stays[i + 1].from_day;
		knows->stayed[life->stays[i].state] += until - life->stays[i].from_day;
		if (!last) {
			knows->moved[life->stays[i].state][life->stays[i + 1].state]++;
		}
	}
}

void knows_learn(struct knows *knows, const struct life *life, const bool *counted)
{
	bool began = false;
	unsigned stay = 0;
	learn_moves(knows, life);
	for (size_t i = 0; i < life->touch_count; i++) {
		double day = (double)(life->touches[i].ms - WORLD_START_MS) / (double)DAY_MS;
		while (stay + 1 < life->stay_count && life->stays[stay + 1].from_day <= day) {
			stay++;
		}
		if (counted[i]) {
			unsigned state = life->stays[stay].state;
			knows->touched[life->touches[i].rule][state]++;
			knows->began[state] += began ? 0 : 1;
			began = true;
		}
	}
}

static void multiply(double a[PHASE_STATES][PHASE_STATES], double b[PHASE_STATES][PHASE_STATES],
		     double ret_product[PHASE_STATES][PHASE_STATES])
{
	for (unsigned i = 0; i < PHASE_STATES; i++) {
		for (unsigned k = 0; k < PHASE_STATES; k++) {
			double sum = 0;
			for (unsigned j = 0; j < PHASE_STATES; j++) {
				sum += a[i][j] * b[j][k];
			}
			ret_product[i][k] = sum;
		}
	}
}

static void fit_moves(const struct knows *knows, struct fold_process *process)
{
	unsigned states = process->states;
	for (unsigned i = 0; i < states; i++) {
		double out = 0;
		for (unsigned k = 0; k < states; k++) {
			double rate = knows->moved[i][k] / (knows->stayed[i] + 1) / MINUTES_A_DAY;
			process->moves[0][i][k] = i == k ? 0 : rate;
			out += i == k ? 0 : rate;
		}
		process->moves[0][i][i] = 1 - out;
	}
	for (unsigned b = 1; b < FOLD_GAP_BITS; b++) {
		multiply(process->moves[b - 1], process->moves[b - 1], process->moves[b]);
	}
}

static void fit_factors(const struct knows *knows, struct fold_process *process)
{
	const struct model_process *model = knows->world->process;
	double sums[CHANNEL_COUNT][PHASE_STATES] = {{0}};
	for (unsigned r = 0; r < model->rule_count; r++) {
		for (unsigned k = 0; k < process->states; k++) {
			sums[model->rules[r].channel][k] += model->rules[r].ignored ? 0 : 1 + knows->touched[r][k];
		}
	}
	for (unsigned r = 0; r < model->rule_count; r++) {
		for (unsigned k = 0; k < process->states; k++) {
			process->factor[r][k] = (1 + knows->touched[r][k]) / sums[model->rules[r].channel][k];
		}
	}
}

void knows_fit(const struct knows *knows, struct folding *ret_folding)
{
	struct fold_process *process = &ret_folding->process;
	double sum = 0;
	folding_init(ret_folding, knows->world->process, FOLDING_WHOLE);
	for (unsigned k = 0; k < process->states; k++) {
		sum += 1 + knows->began[k];
	}
	for (unsigned k = 0; k < process->states; k++) {
		process->prior[k] = (1 + knows->began[k]) / sum;
	}
	fit_moves(knows, process);
	fit_factors(knows, process);
}
