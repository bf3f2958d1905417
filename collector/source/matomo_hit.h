/*
 * One hit of Matomo's, by then a map of texts. Internal to the adapter.
 */
#pragma once
#include "collector/source/reading.h"

/* The request that a hit came in; reading->around. */
struct matomo_call {
	const struct source_request *request;
	bool is_bulk;
	size_t place; /* in it */
};

/* Fills ret_item: the event, or why not. */
void matomo_hit(const struct json_node *map, const struct matomo_call *call, const struct source_options *options,
		struct arena *arena, struct source_item *ret_item);
