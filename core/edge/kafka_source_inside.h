/*
 * Inside the source: what kafka_source.c (life, partitions), kafka_notices.c (what is said) and kafka_take.c (messages)
 * share, and nobody else sees.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/edge/kafka_client.h"
#include "core/edge/kafka_slots.h"
#include "core/edge/kafka_source.h"

enum kafka_source_state {
	STATE_NONE,	 /* nothing assigned */
	STATE_ASSIGNING, /* ASSIGNED was said and not answered yet */
	STATE_ASSIGNED,
	STATE_REVOKING, /* REVOKED or LOST was said and not answered yet */
};

enum kafka_source_link { LINK_UNKNOWN, LINK_UP, LINK_DOWN };

struct kafka_source {
	rd_kafka_t *rk;
	rd_kafka_queue_t *events;   /* the consumer's: rebalances, errors, statistics; never messages */
	rd_kafka_queue_t *messages; /* ours: all partitions are forwarded to it */
	struct kafka_wake wake;
	const char *const *topics;
	size_t topic_count;
	enum kafka_source_state state;
	bool is_closing;

	enum kafka_source_link link;
	unsigned downs;		 /* statistics in a row without a connected broker */
	char last_error[128];	 /* of a connection; said with AWAY */
	int last_trouble;	 /* an rd_kafka_resp_err_t */
	int64_t last_trouble_us; /* monotonic */
	char trouble[256];	 /* to be said; "" when none */
	bool is_fatal;		 /* librdkafka gave up: trouble says why */

	struct kafka_slots slots;
	size_t out_of_range_count; /* slots that are to be said */

	rd_kafka_message_t **held; /* what the last take gave */
	size_t held_count, held_max;
	struct kafka_source_counts counts;
};

/* Index among the topics that are read, or -1. */
int kafka_source_topic(const struct kafka_source *source, const char *name);
/* Notes trouble that goes on by itself, for the next notice (or that librdkafka gave up); the same is not said again and again. */
void kafka_source_trouble(struct kafka_source *source, rd_kafka_resp_err_t error, const char *text);
