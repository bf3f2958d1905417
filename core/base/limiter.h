/*
 * How often something may be done, by whoever does it: so many times a second over time, so many at once after a pause.
 *
 * A fixed table in which who has been quiet is forgotten by itself. When too many are busy at once, those nearest to being
 * quiet are forgotten early: a full table lets through rather than holds back, and never grows.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/mix.h"

struct limiter {
	struct limiter_slot *slots; /* NULL: nothing is limited */
	size_t sets;
	int64_t interval_us; /* of one time */
	int64_t pause_us;    /* in which a burst is made up for */
	struct mix_key key;
};

/* `rate` a second, from 1 to 1,000,000, and 0: no limit; bursts of `rate` × `burst_s`. About `slots` may be busy at once. False: no
 * memory, or no randomness. */
bool limiter_init(struct limiter *limiter, unsigned rate, unsigned burst_s, size_t slots);
/* Another rate, of the same: who is known stays known. False: as above, and nothing is limited. */
bool limiter_change(struct limiter *limiter, unsigned rate, unsigned burst_s, size_t slots);
void limiter_finish(struct limiter *limiter); /* zeroed is fine */

/* Now, by the monotonic clock. False: too often; *ret_wait_s says for how long it stays so, at least 1. */
bool limiter_take(struct limiter *limiter, const void *who, size_t size, int64_t now_us, unsigned *ret_wait_s);
/* So many times more, done already: not refused, but what comes next waits until they are made up for. */
void limiter_charge(struct limiter *limiter, const void *who, size_t size, unsigned times, int64_t now_us);
