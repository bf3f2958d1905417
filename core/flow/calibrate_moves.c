/*
 * A gap of g minutes is one of pieces of 2^b minutes, as the fold moves over it. Of a piece that begins with pi a and ends with chance v, what is
 * needed of each minute in it is linear in the product S = v aᵀ, and its two halves have the products P S and S P, P the moves of a
 * half: so products are summed by length, and halved down to the minute once for all gaps. S there has, by i and j,
 *
 *     minutes spent in i   S[i][i]              moves from i to j   rate[i][j] · S[j][i]
 */
#include "core/flow/calibrate_moves.h"

#include <string.h>

void calibrate_moves_init(struct calibrate_moves *ret_moves, const struct model_process *process)
{
	memset(ret_moves, 0, sizeof(*ret_moves));
	fold_rates(process, ret_moves->file);
	memcpy(ret_moves->file_prior, process->prior, process->states * sizeof(process->prior[0]));
}

void calibrate_moves_clear(struct calibrate_moves *moves)
{
	memset(moves->pieces, 0, sizeof(moves->pieces));
	memset(moves->began, 0, sizeof(moves->began));
}

void calibrate_moves_gap(struct calibrate_moves *moves, const struct fold_process *process, int64_t minutes,
			 const chain_vector pi, chain_vector chance)
{
	chain_vector ends[FOLD_GAP_BITS], begin;
	unsigned bits[FOLD_GAP_BITS] = {0}, count = 0;
	double whole = 0; /* the same wherever in the gap it is asked */
	for (unsigned b = 0; b < FOLD_GAP_BITS; b++) {
		if ((minutes & INT64_C(1) << b) != 0) {
			bits[count++] = b;
		}
	}
	for (unsigned n = count; n-- > 0;) {
		memcpy(ends[n], chance, sizeof(ends[n]));
		chain_back(process, INT64_C(1) << bits[n], chance);
	}
	for (unsigned k = 0; k < PHASE_STATES; k++) {
		whole += pi[k] * chance[k];
	}
	for (unsigned k = 0; k < PHASE_STATES; k++) {
		begin[k] = pi[k] / whole;
	}
	for (unsigned n = 0; n < count; n++) {
		double(*piece)[PHASE_STATES] = moves->pieces[bits[n]];
		for (unsigned k = 0; k < PHASE_STATES; k++) {
			for (unsigned i = 0; i < PHASE_STATES; i++) {
				piece[k][i] += ends[n][k] * begin[i];
			}
		}
		if (n + 1 < count) {
			chain_forward(process, INT64_C(1) << bits[n], begin);
		}
	}
}

void calibrate_moves_begin(struct calibrate_moves *moves, const struct fold_process *process,
			   const chain_vector chance)
{
	chain_vector began;
	for (unsigned k = 0; k < PHASE_STATES; k++) {
		began[k] = process->prior[k] * chance[k];
	}
	chain_scale(began);
	for (unsigned k = 0; k < PHASE_STATES; k++) {
		moves->began[k] += began[k];
	}
}

static void add_product(double a[PHASE_STATES][PHASE_STATES], double b[PHASE_STATES][PHASE_STATES],
			double sums[PHASE_STATES][PHASE_STATES])
{
	for (unsigned i = 0; i < PHASE_STATES; i++) {
		for (unsigned j = 0; j < PHASE_STATES; j++) {
			for (unsigned k = 0; k < PHASE_STATES; k++) {
				sums[i][k] += a[i][j] * b[j][k];
			}
		}
	}
}

static void learn_rates(struct calibrate_moves *moves, struct fold_process *process)
{
	double(*seen)[PHASE_STATES] = moves->pieces[0];
	double rates[PHASE_STATES][PHASE_STATES] = {{0}};
	for (unsigned i = 0; i < process->states; i++) {
		double trust = CALIBRATE_MOVES_TRUST / -moves->file[i][i], out = 0; /* minutes */
		for (unsigned k = 0; k < process->states; k++) {
			if (k != i && moves->file[i][k] > 0) {
				double moved = process->moves[0][i][k] * seen[k][i];
				rates[i][k] = (trust * moves->file[i][k] + moved) / (trust + seen[i][i]);
				out += rates[i][k];
			}
		}
		rates[i][i] = -out;
	}
	fold_moves(rates, process->moves);
}

void calibrate_moves_learn(struct calibrate_moves *moves, struct fold_process *process)
{
	double people = 0;
	for (unsigned b = FOLD_GAP_BITS - 1; b > 0; b--) {
		add_product(process->moves[b - 1], moves->pieces[b], moves->pieces[b - 1]);
		add_product(moves->pieces[b], process->moves[b - 1], moves->pieces[b - 1]);
	}
	learn_rates(moves, process);
	for (unsigned k = 0; k < process->states; k++) {
		people += moves->began[k];
	}
	for (unsigned k = 0; k < process->states; k++) {
		process->prior[k] = (CALIBRATE_MOVES_TRUST * moves->file_prior[k] + moves->began[k]) /
				    (CALIBRATE_MOVES_TRUST + people);
	}
	calibrate_moves_clear(moves);
}
