/*
 * Events of a command to Kafka, acknowledged by all replicas. What is not acknowledged yet is bounded: a slow broker slows
 * its caller down.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/fail.h"
#include "core/edge/kafka_sink.h"
#include "ctl/ctl.h"
#include "ctl/produce.h"
#include "ctl/topics.h"

#define SENDER_DELIVERY_MS_MAX 60000

struct sender {
	struct ctl *ctl;
	struct kafka_sink *sink;
	const char *known[TOPICS_ALL_MAX + 1]; /* topics seen to be there */
	size_t known_count;
	uint64_t sent, delivered, lost;
};

/* After ctl_read_conf_for_kafka(): a sink of phasectl's; signals of broken sockets are ignored from then on. The caller ends it. */
struct kafka_sink *sender_sink(const struct ctl *ctl, unsigned buffer_kib_max, unsigned delivery_ms_max,
			       kafka_sink_delivered *delivered, void *context, struct fail *fail);

/* Waits for something to be delivered, or a second, and hears it. */
void sender_await(struct kafka_sink *sink);

/* After ctl_read_conf_for_kafka(); into zeros. */
bool sender_start(struct sender *sender, struct ctl *ctl, struct fail *fail);
/* What is on its way then is lost. */
void sender_finish(struct sender *sender);

/* Before a topic's first event: is it there? librdkafka would wait for it in silence. Blocks for seconds at most, the first
 * time. */
bool sender_look(struct sender *sender, const char *topic, struct fail *fail);
/* Never waits. False: *fail; FAIL_RETRY: the buffer is full; FAIL_DATA: this message alone is too large; else nothing more can
 * be sent. */
bool sender_send(struct sender *sender, const char *topic, const struct produce_message *message,
		 struct fail *fail);
/* Ready to be read when sender_serve() has something to do. */
int sender_fd(const struct sender *sender);
/* Hears what was delivered; never waits. */
void sender_serve(struct sender *sender);
/* Waits for something to be delivered, or a second. */
void sender_wait(struct sender *sender);
/* Waits for all; ends, since each message has its deadline. False: *fail, some were lost. */
bool sender_drain(struct sender *sender, struct fail *fail);

static inline uint64_t sender_under_way(const struct sender *sender)
{
	return sender->sent - sender->delivered - sender->lost;
}
