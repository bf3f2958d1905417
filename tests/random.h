/* Numbers for property tests: the same seed, the same numbers, on every machine (SplitMix64). */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* 0 … below − 1 */
static inline uint64_t random_below(uint64_t *state, uint64_t below)
{
	return random_next(state) % below;
}

static inline void random_shuffle(uint64_t *state, void *items, size_t count, size_t size)
{
	unsigned char *bytes = items;
	for (size_t i = count; i > 1; i--) {
		unsigned char *a = bytes + (i - 1) * size;
		unsigned char *b = bytes + random_below(state, i) * size;
		for (size_t k = 0; k < size; k++) {
			unsigned char keep = a[k];
			a[k] = b[k];
			b[k] = keep;
		}
	}
}
