/*
 * One event of PostHog's. Internal to the adapter.
 */
#pragma once
#include "collector/source/reading.h"

/* The request that an event came in; reading->around. */
struct posthog_call {
	const struct source_request *request;
	const char *site, *sent; /* by the envelope of a batch; NULL: it has none, or does not say */
	int64_t sent_us;	 /* by the query; 0: it does not say */
	bool is_engage;		 /* it is about a person, by its path, and names no event */
};

/* Is it one that nothing is made of? */
bool posthog_is_ignored(const struct json_node *message);
/* Fills ret_item: the event, or why not. */
void posthog_event(const struct json_node *message, const struct posthog_call *call,
		   const struct source_options *options, struct arena *arena, struct source_item *ret_item);

/* Steps of it: who it was, and what was done. */
reading_step posthog_identity;
reading_step posthog_action;
