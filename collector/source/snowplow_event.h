/*
 * One event of Snowplow's protocol, however it came: a flat map of short names (e, eid, dtm, url, ue_pr …) to texts.
 * Internal to the adapter.
 */
#pragma once
#include "collector/source/source.h"

struct json_node;

/* The query wins over the body. */
struct snowplow_payload {
	struct json_node *body; /* MAP, or NULL */
	const struct source_pair *arguments;
	size_t arguments_count;
};

/* While one payload is read. Steps return OUTCOME_NONE, or what is wrong and in `field` where. */
struct snowplow_reading {
	const struct snowplow_payload *payload;
	const struct source_request *request;
	const struct source_options *options;
	struct arena *arena;
	struct event *event;
	const char *user_agent; /* as in struct source_item */
	const char *field;
};

/* "" when absent. */
const char *snowplow_get(const struct snowplow_payload *payload, const char *name);

/* Fills ret_item: the event, or why not. A full arena is outcome too_large. */
void snowplow_event(const struct snowplow_payload *payload, const struct source_request *request,
		    const struct source_options *options, struct arena *arena, struct source_item *ret_item);

/* Entities and self-describing events: JSON in JSON, named by iglu URIs (snowplow_iglu.c). */
enum outcome snowplow_entities(struct snowplow_reading *reading);
enum outcome snowplow_self_describing(struct snowplow_reading *reading);

/* Copies `text`, cut to `max`, to *ret; OUTCOME_too_large when the arena is full. */
enum outcome snowplow_text(struct snowplow_reading *reading, const char *text, size_t max, const char **ret);
/* One more property, if there is room; empty ones are left out. */
enum outcome snowplow_property(struct snowplow_reading *reading, const char *key, const char *value);
