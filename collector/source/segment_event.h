/*
 * One message of the Segment specification. Internal to the adapter.
 */
#pragma once
#include "collector/source/reading.h"

/* The request that a message came in; reading->around. */
struct segment_call {
	const struct source_request *request;
	const char *type;		    /* of the message, as the path says; "": the message must */
	bool is_jitsu, is_pixel, is_beacon; /* by the path */
	const struct json_node *envelope;   /* of a batch; NULL: the message came alone */
	const char *write_key;		    /* as the headers or the query say; "": they do not */
	bool is_header_key;		    /* it goes before those in bodies */
	const char *header_id;		    /* RudderStack's header AnonymousId, decoded */
};

/* Fills ret_item: the event, or why not. */
void segment_message(const struct json_node *message, const struct segment_call *call,
		     const struct source_options *options, struct arena *arena, struct source_item *ret_item);

/* Steps of it: who it was, what was consented to, what was tracked. */
reading_step segment_identity;
reading_step segment_consent;
reading_step segment_track; /* after them: a form has its own boxes */
