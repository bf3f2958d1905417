#include "core/flow/chain.h"

#include <string.h>

static uint32_t bits_of(int64_t minutes)
{
	return (uint32_t)(minutes < 0 ? 0 : minutes > FOLD_GAP_MAX ? FOLD_GAP_MAX : minutes);
}

void chain_forward(const struct fold_process *process, int64_t minutes, chain_vector pi)
{
	for (uint32_t bits = bits_of(minutes); bits != 0; bits &= bits - 1) {
		const double(*move)[PHASE_STATES] = process->moves[__builtin_ctz(bits)];
		chain_vector next = {0};
		for (unsigned i = 0; i < PHASE_STATES; i++) {
			for (unsigned k = 0; k < PHASE_STATES; k++) {
				next[k] += pi[i] * move[i][k];
			}
		}
		memcpy(pi, next, sizeof(next));
	}
}

void chain_back(const struct fold_process *process, int64_t minutes, chain_vector chance)
{
	for (uint32_t bits = bits_of(minutes); bits != 0; bits &= bits - 1) {
		const double(*move)[PHASE_STATES] = process->moves[__builtin_ctz(bits)];
		chain_vector before;
		for (unsigned i = 0; i < PHASE_STATES; i++) {
			double sum = 0;
			for (unsigned k = 0; k < PHASE_STATES; k++) {
				sum += move[i][k] * chance[k];
			}
			before[i] = sum;
		}
		memcpy(chance, before, sizeof(before));
	}
}

void chain_weigh(const struct fold_process *process, const struct fold_touch *touch, chain_vector numbers)
{
	for (unsigned k = 0; k < process->states; k++) {
		numbers[k] *= touch->kind == FOLD_TOUCH	     ? process->factor[touch->rule][k]
			      : (touch->rule & 1u << k) != 0 ? FOLD_CONFIRM_FACTOR
							     : 1;
	}
	chain_scale(numbers);
}

double chain_scale(chain_vector numbers)
{
	double sum = 0;
	for (unsigned k = 0; k < PHASE_STATES; k++) {
		sum += numbers[k];
	}
	for (unsigned k = 0; k < PHASE_STATES; k++) {
		numbers[k] /= sum;
	}
	return sum;
}
