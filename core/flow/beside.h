/*
 * What stands beside the touch of an event: what was done in a conversation, what it cost. Pure.
 */
#pragma once
#include <stdbool.h>

#include "core/flow/identify.h"
#include "core/model/event.h"
#include "core/model/rows.h"

struct arena;

#define BESIDE_REOPENED "reopened" /* label of a chat's CUSTOM event: adapters give it */
#define BESIDE_COST_MAX 1e12	   /* whose sums are exact to the cent; what says more is no cost */

struct beside {
	enum thread_act act; /* NONE: no conversation */
	const char *thread;
	double rating; /* 0 to 100; NaN: none */
	bool has_cost;
	double amount;
	char currency[4]; /* three capital letters, else "" */
};

/*
 * Act: a chat's event that names its conversation. A name that is one of the event's identifiers, or may hold an address, is replaced by a
 * keyed id: what tells who somebody is is nowhere stored without consent.
 * Cost: `value` of an event of channel OFFLINE, 0 to BESIDE_COST_MAX; property "currency". (Elsewhere a value is what something brings, not what it costs.)
 *
 * *ret_beside: in the arena, texts borrowed from the event; NULL: nothing. False: arena full.
 */
bool beside_of_event(const struct event *event, const struct identity_key *key, struct arena *arena,
		     const struct beside **ret_beside);
