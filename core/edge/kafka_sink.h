/*
 * Writes messages to Kafka: idempotent, acks=all, murmur2_random. Never blocks; hides librdkafka's producer.
 *
 * Each message ends in exactly one call of on_delivered, from kafka_sink_poll() or kafka_sink_destroy() in the caller's
 * thread. A topic that is not there is waited for, up to delivery_ms_max. librdkafka's own threads block all signals.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/fail.h"

struct kafka_sink;

struct kafka_sink_options {
	const char *brokers; /* "host:port,…" */
	const char *client_id;
	const char *const *properties; /* more librdkafka settings: key, value, …, NULL; they win over ours, save
					 * for those our promises rest on, which are refused; NULL: none */
	unsigned buffer_kib_max;       /* messages not acknowledged yet */
	unsigned delivery_ms_max;      /* then on_delivered says away */
};

/* `token` is what the caller gave with the message; `delivered` false: not written (as far as is known). */
typedef void kafka_sink_delivered(void *context, void *token, bool delivered);

/* Never waits for a broker. NULL: *fail says why (a setting is wrong). */
struct kafka_sink *kafka_sink_create(const struct kafka_sink_options *options, kafka_sink_delivered *on_delivered,
				     void *context, struct fail *fail);
/* Waits at most `flush_ms_max` for what is on its way; what is not delivered then is said to on_delivered. Takes three
 * seconds more at most. */
void kafka_sink_destroy(struct kafka_sink *sink, unsigned flush_ms_max);

/* Has it ended for good? kafka_sink_poll() may learn that before any message is refused. NULL: no. */
bool kafka_sink_is_dead(const struct kafka_sink *sink);

/* Readable when kafka_sink_poll() has something to do; borrowed. */
int kafka_sink_fd(const struct kafka_sink *sink);
/* Serves delivery reports and errors, calls on_delivered. Call until it returns false (nothing left). */
bool kafka_sink_poll(struct kafka_sink *sink);

/* Copies key and value; a key of no bytes: any partition. False: on_delivered is not called; buffer full, topic
 * unknown or one that we may not write (FAIL_RETRY), too large (FAIL_DATA), FAIL_FATAL: the sink has ended for good, destroy
 * it and create another. */
bool kafka_sink_send(struct kafka_sink *sink, const char *topic, const void *key, size_t key_size,
		     const void *value, size_t size, void *token, struct fail *fail);

/*
 * Sends a message that was read (kafka_read.h) once more, to the same partition, with its key, headers and time; `value` may
 * be other bytes than it had. One more header says where it was first, in place of one that did so before. As
 * kafka_sink_send().
 */
#define KAFKA_SINK_RESENT "phased-retry-of" /* header: "TOPIC/PARTITION@OFFSET" */
struct kafka_record;
bool kafka_sink_resend(struct kafka_sink *sink, const struct kafka_record *record, void *token, struct fail *fail);

/* As of the last second, known from kafka_sink_poll(). NULL, for who could make none: away. */
enum kafka_sink_state {
	KAFKA_SINK_STARTING, /* not known yet, for a second at most: what is sent waits for a broker like all else */
	KAFKA_SINK_UP,	     /* a broker is connected */
	KAFKA_SINK_AWAY,
};
enum kafka_sink_state kafka_sink_state(const struct kafka_sink *sink);

/* What is wrong, in librdkafka's words: why no broker is connected, or which topic's messages were not acknowledged within the
 * last KAFKA_SINK_TROUBLE_S seconds, none since. "": nothing is. No key, no value. Valid until the next poll. */
#define KAFKA_SINK_TROUBLE_S 10
const char *kafka_sink_trouble(const struct kafka_sink *sink);
