#include "ctl/sender.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "core/base/check.h"
#include "core/edge/kafka_admin.h"

#define BUFFER_KIB_MAX (4 * 1024) /* librdkafka takes some times as much for small messages */
#define LOOK_MS_MAX 5000	  /* for a topic, when its first event comes */

static void on_delivered(void *context, void *token, bool delivered)
{
	struct sender *sender = context;
	(void)token;
	*(delivered ? &sender->delivered : &sender->lost) += 1;
}

struct kafka_sink *sender_sink(const struct ctl *ctl, unsigned buffer_kib_max, unsigned delivery_ms_max,
			       kafka_sink_delivered *delivered, void *context, struct fail *fail)
{
	const struct kafka_sink_options sink = {
		.brokers = ctl->conf.kafka.brokers,
		.client_id = "phasectl",
		.properties = ctl->conf.kafka.properties,
		.buffer_kib_max = buffer_kib_max,
		.delivery_ms_max = delivery_ms_max,
	};
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigaction(SIGPIPE, &ignore, NULL); /* sockets of TLS may raise it */
	return kafka_sink_create(&sink, delivered, context, fail);
}

bool sender_start(struct sender *sender, struct ctl *ctl, struct fail *fail)
{
	sender->ctl = ctl;
	sender->sink = sender_sink(ctl, BUFFER_KIB_MAX, SENDER_DELIVERY_MS_MAX, on_delivered, sender, fail);
	return sender->sink != NULL;
}

void sender_finish(struct sender *sender)
{
	if (sender->sink != NULL) {
		kafka_sink_destroy(sender->sink, 0);
	}
}

int sender_fd(const struct sender *sender)
{
	return kafka_sink_fd(sender->sink);
}

void sender_serve(struct sender *sender)
{
	while (kafka_sink_poll(sender->sink)) {
	}
}

void sender_await(struct kafka_sink *sink)
{
	struct pollfd watched = {.fd = kafka_sink_fd(sink), .events = POLLIN};
	poll(&watched, 1, 1000);
	while (kafka_sink_poll(sink)) {
	}
}

void sender_wait(struct sender *sender)
{
	sender_await(sender->sink);
}

bool sender_look(struct sender *sender, const char *topic, struct fail *fail)
{
	for (size_t i = 0; i < sender->known_count; i++) {
		if (strcmp(sender->known[i], topic) == 0) {
			return true;
		}
	}
	const struct conf *conf = &sender->ctl->conf;
	struct kafka_topic look = {.name = topic};
	if (!kafka_admin_look(conf->kafka.brokers, conf->kafka.properties, &look, 1, LOOK_MS_MAX, fail)) {
		return false;
	}
	if (look.partitions == 0) {
		return fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "kafka: no topic %s: run phasectl topics create",
				topic);
	}
	CHECK(sender->known_count < COUNT_OF(sender->known));
	sender->known[sender->known_count++] = topic;
	return true;
}

bool sender_send(struct sender *sender, const char *topic, const struct produce_message *message,
		 struct fail *fail)
{
	if (!kafka_sink_send(sender->sink, topic, message->key.bytes,
			     message->has_key ? sizeof(message->key.bytes) : 0, message->bytes, message->size,
			     NULL, fail)) {
		return false;
	}
	sender->sent++;
	return true;
}

bool sender_drain(struct sender *sender, struct fail *fail)
{
	while (sender_under_way(sender) > 0) {
		sender_wait(sender);
	}
	return sender->lost == 0 ||
	       fail_set(fail, FAIL_RETRY, EXIT_AWAY, "kafka: %" PRIu64 " events were not acknowledged within %d s",
			sender->lost, SENDER_DELIVERY_MS_MAX / 1000);
}
