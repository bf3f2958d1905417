/*
 * One event of Snowplow's protocol, however it came: a flat map of short names (e, eid, dtm, url, ue_pr …) to texts.
 * Internal to the adapter.
 */
#pragma once
#include "collector/source/reading.h"

/* The query wins over the body. */
struct snowplow_payload {
	struct json_node *body; /* MAP, or NULL */
	const struct source_pair *arguments;
	size_t arguments_count;
};

/* While one payload is read; `to.message` is not used. */
struct snowplow_reading {
	const struct snowplow_payload *payload;
	struct reading to;
};

/* "" when absent. */
const char *snowplow_get(const struct snowplow_payload *payload, const char *name);

/* Fills ret_item: the event, or why not. A full arena is outcome too_large. */
void snowplow_event(const struct snowplow_payload *payload, const struct source_request *request,
		    const struct source_options *options, struct arena *arena, struct source_item *ret_item);

/* Entities and self-describing events: JSON in JSON, named by iglu URIs (snowplow_iglu.c). */
enum outcome snowplow_entities(struct snowplow_reading *reading);
enum outcome snowplow_self_describing(struct snowplow_reading *reading);
