#include "core/base/limiter.h"

#include <stdlib.h>
#include <sys/random.h>

#include "core/base/check.h"
#include "core/base/moment.h"

#define WAYS 8 /* slots that one may be in: two cache lines */

/*
 * Instead of tokens that are filled up again, the moment at which all would be full: it moves one interval on with each
 * time, and may be `pause_us` ahead of now. A moment that has passed says nothing: the slot is free.
 */
struct limiter_slot {
	uint64_t who;
	int64_t full_us;
};

bool limiter_init(struct limiter *limiter, unsigned rate, unsigned burst_s, size_t slots)
{
	*limiter = (struct limiter){0};
	if (rate == 0) {
		return true;
	}
	CHECK(rate <= MOMENT_SECOND_US && burst_s > 0);
	size_t sets = 1;
	while (sets * WAYS < slots) {
		sets *= 2;
	}
	struct mix_key key;
	if (getrandom(&key, sizeof(key), 0) != (ssize_t)sizeof(key)) {
		return false;
	}
	*limiter = (struct limiter){.slots = calloc(sets * WAYS, sizeof(*limiter->slots)),
				    .sets = sets,
				    .interval_us = MOMENT_SECOND_US / rate,
				    .pause_us = (int64_t)burst_s * MOMENT_SECOND_US,
				    .key = key};
	return limiter->slots != NULL;
}

bool limiter_change(struct limiter *limiter, unsigned rate, unsigned burst_s, size_t slots)
{
	if (limiter->slots == NULL || rate == 0) {
		limiter_finish(limiter);
		return limiter_init(limiter, rate, burst_s, slots);
	}
	CHECK(rate <= MOMENT_SECOND_US && burst_s > 0);
	limiter->interval_us = MOMENT_SECOND_US / rate;
	limiter->pause_us = (int64_t)burst_s * MOMENT_SECOND_US;
	return true;
}

void limiter_finish(struct limiter *limiter)
{
	free(limiter->slots);
	*limiter = (struct limiter){0};
}

/* Its slot, or the one that is nearest to being forgotten. */
static struct limiter_slot *find(struct limiter *limiter, uint64_t who)
{
	struct limiter_slot *set = &limiter->slots[(who & (limiter->sets - 1)) * WAYS];
	struct limiter_slot *least = set;
	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].who == who) {
			return &set[i];
		}
		if (set[i].full_us < least->full_us) {
			least = &set[i];
		}
	}
	*least = (struct limiter_slot){.who = who};
	return least;
}

bool limiter_take(struct limiter *limiter, const void *who, size_t size, int64_t now_us, unsigned *ret_wait_s)
{
	if (limiter->slots == NULL) {
		return true;
	}
	struct limiter_slot *slot = find(limiter, mix_bytes(&limiter->key, who, size));
	int64_t full_us = (slot->full_us > now_us ? slot->full_us : now_us) + limiter->interval_us;
	int64_t over_us = full_us - now_us - limiter->pause_us;
	if (over_us > 0) {
		*ret_wait_s = (unsigned)((over_us + MOMENT_SECOND_US - 1) / MOMENT_SECOND_US);
		return false;
	}
	slot->full_us = full_us;
	return true;
}

void limiter_charge(struct limiter *limiter, const void *who, size_t size, unsigned times, int64_t now_us)
{
	if (limiter->slots == NULL || times == 0) {
		return;
	}
	struct limiter_slot *slot = find(limiter, mix_bytes(&limiter->key, who, size));
	slot->full_us = (slot->full_us > now_us ? slot->full_us : now_us) + times * limiter->interval_us;
}
