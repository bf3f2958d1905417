/*
 * Inside the source: what kafka_source.c (life, partitions), kafka_anew.c (another consumer in the place of one that gave up),
 * kafka_settings.c (librdkafka's settings), kafka_notices.c (what is said) and kafka_take.c (messages) share, and nobody else
 * sees.
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

/* Whether the consumer is to be made anew, which waits until its partitions are given up. */
enum kafka_source_anew { ANEW_NO, ANEW_WANTED, ANEW_LOST_SAID };

/* A list of attributes, each with its own memory; the texts are librdkafka's, as long as the message is. */
struct kafka_cloud {
	struct message_cloud cloud;
	struct kafka_cloud *next;
};

struct kafka_parting; /* a consumer that is being destroyed */

struct kafka_source_lane {
	rd_kafka_queue_t *messages; /* ours: the lane's partitions are forwarded to it */
	rd_kafka_message_t **held;  /* what the last take gave */
	size_t held_count, held_max;
	struct kafka_cloud *clouds; /* what headers of these say; few messages have any */
};

struct kafka_source {
	rd_kafka_t *rk;
	rd_kafka_queue_t *events; /* the consumer's: rebalances, errors, statistics; never messages */
	struct kafka_source_lane lanes[LANES_MAX];
	unsigned lane_count;
	struct kafka_wake wake; /* for all queues */
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
	bool is_fenced;		 /* because another member has our instance id */

	/* A fence before this may be our own membership's of before an outage; monotonic, INT64_MAX while lost or away. */
	int64_t unsettled_until_us;
	int64_t session_us;
	rd_kafka_conf_t *conf; /* to make the consumer anew */
	enum kafka_source_anew anew;
	int64_t anew_us;	       /* monotonic: when it was made anew; 0: never */
	struct kafka_parting *parting; /* the one before; NULL: none */

	struct kafka_slots slots;
	size_t out_of_range_count; /* slots that are to be said */
	size_t mirror_count;	   /* slots with an offset to be mirrored */
	int64_t mirror_us;	   /* monotonic: not before */

	struct kafka_source_counts counts;
};

/* How much librdkafka fetches ahead. It stops where a queue holds so many bytes or so many messages, whatever comes first. */
struct kafka_buffer {
	unsigned kib, messages;	  /* of one queue */
	unsigned fetch_bytes;	  /* of one answer of a broker, which may come on top */
	unsigned partition_bytes; /* of one partition in it */
	unsigned backoff_ms;	  /* how long a full queue is not looked at again; 0: librdkafka's own second */
};

/*
 * For so many queues within buffer_mb, librdkafka's own bytes for each message included, whatever their size. `quick`: it
 * can be told to look again soon.
 */
struct kafka_buffer kafka_source_buffer(unsigned buffer_mb, unsigned queues, bool quick);
/* Does this librdkafka know fetch.queue.backoff.ms (2.2 and newer)? */
bool kafka_source_is_quick(void);
/* All settings. NULL: *fail. */
rd_kafka_conf_t *kafka_source_conf(const struct kafka_source_options *options, struct fail *fail);

/* Makes the consumer (kafka_source_conf() in source->conf) with its queues, and subscribes. False: *fail, and what there is of
 * it is to be destroyed. */
bool kafka_source_open(struct kafka_source *source, struct fail *fail);
/* Watched no more, and destroyed; NULL is fine. */
void kafka_source_end_queue(rd_kafka_queue_t *queue);

/* Another consumer takes the place of this one, which is destroyed by a thread of its own: that may wait for a name server.
 * Whatever was taken must be released. */
void kafka_anew(struct kafka_source *source);
/* Waits: the consumer before is given a second to be gone. Only at the end. */
void kafka_anew_finish(struct kafka_source *source);

/* Mirrors what waits to be, unless it is too early. */
void kafka_source_mirror_due(struct kafka_source *source);
/* Index among the topics that are read, or -1. */
int kafka_source_topic(const struct kafka_source *source, const char *name);
/* Notes trouble that goes on by itself, for the next notice (or that librdkafka gave up); the same is not said again and again. */
void kafka_source_trouble(struct kafka_source *source, rd_kafka_resp_err_t error, const char *text);
/* Do these bytes begin as a message of ours in protobuf's wire form does, and as no JSON can? */
bool kafka_take_is_wire(const uint8_t *bytes, size_t size);
/* By its bytes, or its headers. *ret_is_cloud: they have a CloudEvent's attributes, *ret_cloud, of a type that is not ours; its texts
 * are librdkafka's, as long as the message is. */
enum message_form kafka_take_form(const rd_kafka_message_t *raw, struct message_cloud *ret_cloud,
				  bool *ret_is_cloud);
/* As its producer or the broker says, else now. */
int64_t kafka_take_timestamp_us(const rd_kafka_message_t *raw);
