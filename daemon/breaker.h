/*
 * The breaker: a topic of something else, or a producer gone wrong, must not drain into table rejected. When too many of
 * the last messages were rejected, the daemon stops before it writes more of them.
 *
 * Counts what it is told. Knows neither store nor log. One for the whole daemon, whatever the lane.
 *
 * Rejected is what the daemon itself keeps in table rejected. What the collector could not read was rejected before, and
 * messages handed back were not decided here: neither is counted at all. The share is of the full number, also while fewer
 * have been seen: a few bad messages at the start of a quiet topic are what table rejected is for.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/base/fail.h"
#include "core/flow/item.h"

struct breaker;

struct breaker_options {
	size_t messages;	   /* so many of the last ones are looked at */
	unsigned percent;	   /* more than this share of them: stop; 100: never */
	const char *const *topics; /* borrowed for life: names, by number */
};

struct breaker *breaker_create(const struct breaker_options *options);
void breaker_destroy(struct breaker *breaker); /* NULL is fine */

/* Another share, of the same messages. */
void breaker_set_percent(struct breaker *breaker, unsigned percent);

/* May these be written, by their `saved` outcomes? False: *fail (FAIL_FATAL) says what, where, and what to do. Changes
 * nothing. */
bool breaker_allows(const struct breaker *breaker, const struct item *items, size_t count, struct fail *fail)
	__attribute__((warn_unused_result));
/* They are written. */
void breaker_add(struct breaker *breaker, const struct item *items, size_t count);
/* How many of the last messages were rejected. */
size_t breaker_rejected(const struct breaker *breaker);
