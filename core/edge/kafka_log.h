/*
 * Reads a topic from its beginning to its end, once: without a group, leaving no trace. Hides librdkafka's simple consumer.
 *
 * Never blocks for longer than KAFKA_LOG_ASK_MS, while it asks which partitions there are. What is away is waited for.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/fail.h"

struct kafka_log;

#define KAFKA_LOG_ASK_MS 200

struct kafka_log_options {
	const char *brokers; /* all borrowed for life */
	const char *client_id;
	const char *const *properties; /* more librdkafka settings: key, value, …, NULL; NULL: none */
	const char *topic;
};

/* Borrowed: valid until the next call of kafka_log_next(). */
struct kafka_log_message {
	int32_t partition;
	int64_t offset;
	const void *key, *value; /* NULL: none */
	size_t key_size, size;
};

enum kafka_log_result {
	KAFKA_LOG_NOTHING, /* nothing yet */
	KAFKA_LOG_MESSAGE,
	/* No broker answers, there is no such topic, or a partition cannot be read: *fail says which. Asked again once a second; where the topic is not
	 * what it was, from its beginning: messages may come twice. */
	KAFKA_LOG_AWAY,
	KAFKA_LOG_END,	 /* of all partitions, as they were when each was reached */
	KAFKA_LOG_BROKEN /* *fail: it may not be read */
};

/* Never waits for a broker. NULL: *fail says why (a setting is wrong). */
struct kafka_log *kafka_log_create(const struct kafka_log_options *options, struct fail *fail);
void kafka_log_destroy(struct kafka_log *log); /* NULL is fine */
/* Readable when there may be more; and once a second kafka_log_next() wants to be called anyway. */
int kafka_log_fd(const struct kafka_log *log);
enum kafka_log_result kafka_log_next(struct kafka_log *log, struct kafka_log_message *ret_message,
				     struct fail *fail);
