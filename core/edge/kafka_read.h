/*
 * Reads single messages whose topic, partition and offset are known: without a group, leaving no trace. Hides librdkafka's
 * simple consumer.
 *
 * Blocks: for phasectl. What is read holds whatever its sender put into it; nothing here prints any of it.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/fail.h"
#include "core/model/message.h"

struct arena;

enum kafka_found {
	KAFKA_UNREAD,
	KAFKA_FOUND,
	KAFKA_GONE,	   /* the log does not hold it (any more): retention, compaction, or a topic made anew */
	KAFKA_NO_PARTITION /* there is no such topic or partition */
};

struct kafka_header {
	const char *name;
	const void *value; /* NULL: none */
	size_t size;
};

struct kafka_record {
	const char *topic; /* in */
	int32_t partition;
	int64_t offset;
	enum kafka_found found; /* out; the rest where it was FOUND, in the arena */
	int64_t timestamp_us;	/* as the daemon would take it */
	enum message_form form;
	const struct message_cloud *cloud; /* as in struct message */
	const uint8_t *value;		   /* NULL: none, or more than EVENT_MESSAGE_SIZE_MAX bytes */
	size_t size;
	const void *key; /* NULL: none */
	size_t key_size;
	const struct kafka_header *headers;
	size_t header_count;
};

/*
 * Fills all of them; `records` are in order of topic, partition, offset, none twice. False: no broker in time (FAIL_RETRY), not
 * allowed, or the arena is full; what was not read by then is UNREAD.
 */
bool kafka_read(const char *brokers, const char *const *properties, struct kafka_record *records, size_t count,
		unsigned ms_max, struct arena *arena, struct fail *fail);
