#include "daemon/breaker.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/base/check.h"

/* A message as it is remembered: 0, or where and why it was rejected. */
#define CODES (1 + TOPICS_MAX * OUTCOME_COUNT)
#define CODE_UNCOUNTED (-1)
static_assert(CODES <= UINT16_MAX, "codes are remembered in 16 bits");

struct breaker {
	struct breaker_options options;
	size_t most; /* rejected ones that are still allowed */
	size_t seen; /* of the last messages; ≤ options.messages */
	size_t oldest;
	size_t counts[CODES];
	size_t rejected;
	uint16_t codes[]; /* a ring */
};

struct breaker *breaker_create(const struct breaker_options *options)
{
	CHECK(options->messages > 0);
	struct breaker *breaker = calloc(1, sizeof(*breaker) + options->messages * sizeof(breaker->codes[0]));
	CHECK(breaker != NULL);
	breaker->options = *options;
	breaker_set_percent(breaker, options->percent);
	return breaker;
}

void breaker_set_percent(struct breaker *breaker, unsigned percent)
{
	CHECK(percent > 0 && percent <= 100);
	breaker->options.percent = percent;
	breaker->most = breaker->options.messages * percent / 100;
}

void breaker_destroy(struct breaker *breaker)
{
	free(breaker);
}

size_t breaker_rejected(const struct breaker *breaker)
{
	return breaker->rejected;
}

static int code_of(const struct item *item)
{
	CHECK(item->saved > OUTCOME_NONE && item->saved < OUTCOME_COUNT && item->partition.topic < TOPICS_MAX);
	if (item->follows || item->saved == OUTCOME_uncollected || item->saved == OUTCOME_reported ||
	    item->saved == OUTCOME_handed_back) {
		return CODE_UNCOUNTED;
	}
	return outcome_about[item->saved].kept == OUTCOME_REJECTED
		       ? 1 + item->partition.topic * OUTCOME_COUNT + (int)item->saved
		       : 0;
}

static size_t count_rejected(const struct item *items, size_t count)
{
	size_t rejected = 0;
	for (size_t i = 0; i < count; i++) {
		rejected += code_of(&items[i]) > 0 ? 1 : 0;
	}
	return rejected;
}

/* What is no longer among the last messages when one more comes after `later` ones, the items that count before it. `*at` walks
 * along the items once it is those that fall out. */
static int falls_out(const struct breaker *breaker, size_t later, const struct item *items, size_t *at)
{
	size_t size = breaker->options.messages;
	if (breaker->seen + later < size) {
		return 0;
	}
	size_t place = breaker->seen + later - size;
	if (place < breaker->seen) {
		return breaker->codes[(breaker->oldest + place) % size];
	}
	int code;
	do {
		code = code_of(&items[(*at)++]);
	} while (code == CODE_UNCOUNTED);
	return code;
}

/* The first item with which there are too many; `count` when there is none. */
static size_t find_trip(const struct breaker *breaker, const struct item *items, size_t count)
{
	size_t rejected = breaker->rejected, later = 0, at = 0;
	for (size_t i = 0; i < count; i++) {
		int code = code_of(&items[i]);
		if (code == CODE_UNCOUNTED) {
			continue;
		}
		rejected -= falls_out(breaker, later, items, &at) > 0 ? 1 : 0;
		rejected += code > 0 ? 1 : 0;
		later++;
		if (rejected > breaker->most) {
			return i;
		}
	}
	return count;
}

/* The commonest of what was rejected, these included. */
static int commonest(const struct breaker *breaker, const struct item *items, size_t count)
{
	size_t counts[CODES];
	for (int code = 0; code < CODES; code++) {
		counts[code] = breaker->counts[code];
	}
	for (size_t i = 0; i < count; i++) {
		int code = code_of(&items[i]);
		counts[code > 0 ? code : 0]++;
	}
	int most = 1;
	for (int code = 2; code < CODES; code++) {
		most = counts[code] > counts[most] ? code : most;
	}
	return most;
}

bool breaker_allows(const struct breaker *breaker, const struct item *items, size_t count, struct fail *fail)
{
	if (breaker->rejected + count_rejected(items, count) <= breaker->most) {
		return true;
	}
	size_t trip = find_trip(breaker, items, count);
	if (trip == count) {
		return true;
	}
	int code = commonest(breaker, items, trip + 1) - 1;
	const char *const *topics = breaker->options.topics;
	return fail_set(
		fail, FAIL_FATAL, EXIT_BAD_DATA,
		"%s/%d@%lld: breaker: more than %u %% of the last %zu messages were rejected, most of them from "
		"%s as %s: stopping. The batch with this message is not written, positions stand. Is that the "
		"right "
		"topic, and what does table rejected say? When it is mended, or passed over (phasectl position "
		"set), start again",
		topics[items[trip].partition.topic], (int)items[trip].partition.number,
		(long long)items[trip].offset, breaker->options.percent, breaker->options.messages,
		topics[code / OUTCOME_COUNT], outcome_about[code % OUTCOME_COUNT].name);
}

void breaker_add(struct breaker *breaker, const struct item *items, size_t count)
{
	size_t size = breaker->options.messages;
	for (size_t i = 0; i < count; i++) {
		int code = code_of(&items[i]);
		if (code == CODE_UNCOUNTED) {
			continue;
		}
		uint16_t *place = &breaker->codes[(breaker->oldest + breaker->seen) % size];
		if (breaker->seen == size) {
			breaker->counts[*place]--;
			breaker->rejected -= *place > 0 ? 1 : 0;
			breaker->oldest = (breaker->oldest + 1) % size;
		} else {
			breaker->seen++;
		}
		*place = (uint16_t)code;
		breaker->counts[code]++;
		breaker->rejected += code > 0 ? 1 : 0;
	}
}
