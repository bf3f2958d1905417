/*
 * What the Kafka files of this folder share: settings, silence, wake-ups, state of the brokers. Private to them: it
 * shows librdkafka, which nobody above may see.
 */
#pragma once
#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdbool.h>

#include "core/base/fail.h"

/* A librdkafka setting that we choose. */
struct kafka_setting {
	const char *key;
	const char *value; /* NULL: librdkafka's own */
	bool fixed;	   /* what we promise rests on it: properties may not change it */
};

/* Whatever arrives on one queue makes one descriptor readable. */
struct kafka_wake {
	int fd;
};

/*
 * A configuration with `settings` (key NULL ends) and then `properties` (key, value, …, NULL; NULL: none). NULL: *fail
 * names the setting, never its value, which may be a password. Nothing is ever printed by librdkafka itself.
 */
rd_kafka_conf_t *kafka_client_conf(const char *brokers, const char *client_id,
				   const struct kafka_setting *settings, const char *const *properties,
				   struct fail *fail);
/* Takes *conf, whether it goes well or not, and nulls it. */
rd_kafka_t *kafka_client_create(rd_kafka_type_t type, rd_kafka_conf_t **conf, struct fail *fail);

/*
 * Destroys a client, whose queues and topics are given back already; without leaving a group. That waits for librdkafka's
 * threads, and one of them may be waiting for a name server that does not answer: after KAFKA_PART_MS_MAX the client is left
 * to a thread of its own, or to the end of the process. NULL is fine.
 */
#define KAFKA_PART_MS_MAX 1000
void kafka_client_destroy(rd_kafka_t *rk);
/* The same in two: begins, in a thread that owns what it destroys and nothing else. False: there is none to be had, and it
 * is destroyed already. */
bool kafka_client_part(rd_kafka_t *rk, pthread_t *ret_thread);
/* Waits so long, 0: not at all. Whether it has ended or not, the thread is ours no more. */
void kafka_client_parted(pthread_t thread, unsigned ms_max);

bool kafka_wake_init(struct kafka_wake *wake, struct fail *fail);
/* The queue must be destroyed, or watched no more, before kafka_wake_finish(). */
void kafka_wake_watch(const struct kafka_wake *wake, rd_kafka_queue_t *queue);
/* Makes it readable by hand. */
void kafka_wake_ring(const struct kafka_wake *wake);
void kafka_wake_drain(const struct kafka_wake *wake);
void kafka_wake_finish(struct kafka_wake *wake);

/* Does librdkafka's statistics text say that some broker is connected? */
bool kafka_client_stats_up(const char *json);
/* Writes over what could name more than is meant for logs: cuts at the first newline. */
void kafka_client_text(char *ret_text, size_t size, const char *text);
