#include "tests/accuracy/chance.h"

#include <math.h>

#include "core/base/check.h"
#include "tests/random.h"

#define TURN 6.283185307179586

struct chance chance_of(uint64_t seed, uint64_t what, uint64_t which)
{
	uint64_t mixed = seed;
	mixed = random_next(&mixed) ^ what;
	mixed = random_next(&mixed) ^ which;
	return (struct chance){random_next(&mixed)};
}

double chance_unit(struct chance *chance)
{
	return (double)(random_next(&chance->state) >> 11) * 0x1p-53;
}

bool chance_is(struct chance *chance, double probability)
{
	return chance_unit(chance) < probability;
}

unsigned chance_below(struct chance *chance, unsigned below)
{
	return (unsigned)random_below(&chance->state, below);
}

double chance_between(struct chance *chance, double low, double high)
{
	return low + (high - low) * chance_unit(chance);
}

double chance_normal(struct chance *chance)
{
	double radius = sqrt(-2 * log(1 - chance_unit(chance)));
	return radius * cos(TURN * chance_unit(chance));
}

double chance_uneven(struct chance *chance, double mean, double spread)
{
	return mean * exp(spread * chance_normal(chance) - spread * spread / 2);
}

unsigned chance_poisson(struct chance *chance, double mean)
{
	double none = exp(-mean), product = chance_unit(chance);
	unsigned count = 0;
	while (product > none) {
		product *= chance_unit(chance);
		count++;
	}
	return count;
}

unsigned chance_run(struct chance *chance, double probability, unsigned max)
{
	unsigned count = 0;
	while (count < max && chance_is(chance, probability)) {
		count++;
	}
	return count;
}

unsigned chance_pick(struct chance *chance, const double *weights, unsigned count)
{
	double sum = 0;
	unsigned last = 0;
	for (unsigned i = 0; i < count; i++) {
		sum += weights[i];
		last = weights[i] > 0 ? i : last;
	}
	CHECK(sum > 0);
	double left = chance_unit(chance) * sum;
	for (unsigned i = 0; i < last; i++) {
		left -= weights[i];
		if (left < 0) {
			return i;
		}
	}
	return last;
}
