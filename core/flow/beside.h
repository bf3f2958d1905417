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

/*
 * Act: a chat's event that names its conversation. A name that is one of the event's identifiers, or may hold an address, is replaced by a
 * keyed id: what tells who somebody is is nowhere stored without consent.
 * Cost: `value` of an event of channel OFFLINE, 0 to BESIDE_COST_MAX; property "currency". (Elsewhere a value is what something brings, not what it costs.)
 *
 * *ret_beside: in the arena, texts borrowed from the event; NULL: nothing. False: arena full.
 */
bool beside_of_event(const struct event *event, const struct identity_key *key, struct arena *arena,
		     const struct beside **ret_beside);

/*
 * What stands beside which of two copies goes first, where all that their touches hold is the same: by conversation, rating, cost, currency;
 * nothing before something. The same subject with a conversation is the same act, so that this tells all apart. NULL: nothing.
 */
int beside_compare(const struct beside *a, const struct beside *b);
