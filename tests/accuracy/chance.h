/*
 * Draws for the simulator, from tests/random.h: the same seed, the same draws.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct chance {
	uint64_t state;
};

/* A stream of its own for each (seed, of what, which one). */
struct chance chance_of(uint64_t seed, uint64_t what, uint64_t which);

double chance_unit(struct chance *chance); /* 0 ≤ x < 1 */
bool chance_is(struct chance *chance, double probability);
unsigned chance_below(struct chance *chance, unsigned below);
double chance_between(struct chance *chance, double low, double high);
double chance_normal(struct chance *chance); /* mean 0, deviation 1 */
/* Log-normal with this mean: the larger the spread, the heavier the tail. */
double chance_uneven(struct chance *chance, double mean, double spread);
unsigned chance_poisson(struct chance *chance, double mean); /* of small means */
/* How often in a row something of this probability happens, at most `max`. */
unsigned chance_run(struct chance *chance, double probability, unsigned max);
/* An index, each with the share weights[i] of their sum, which must not be 0. */
unsigned chance_pick(struct chance *chance, const double *weights, unsigned count);
