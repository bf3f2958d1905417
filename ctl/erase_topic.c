/*
 * What phasectl erase has to do with Kafka: how far the logs reach, and the topic of erasures.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/kafka_admin.h"
#include "core/edge/kafka_sink.h"
#include "core/flow/erasure_message.h"
#include "ctl/erase.h"
#include "ctl/sender.h"
#include "ctl/topics.h"

#define LOOK_MS_MAX 10000
#define DELIVERY_MS_MAX 15000 /* locks are held meanwhile */
#define BUFFER_KIB_MAX (16 * 1024)

/* All partitions of all topics that daemons read; NULL: *fail. */
static struct kafka_bounds *find_bounds(struct ctl *ctl, size_t *ret_count, struct fail *fail)
{
	const struct conf *conf = &ctl->conf;
	struct kafka_topic topics[TOPICS_ALL_MAX];
	size_t count = topics_of_conf(conf, 0, topics), partitions = 0;
	const char *erasure = conf->kafka.topic[CONF_ERASURE];
	if (erasure[0] == '\0') {
		fail_set(fail, FAIL_FATAL, EXIT_CONFIG,
			 "kafka.topics.erasure: is empty: without that topic whoever is erased would come back "
			 "with "
			 "a backup");
		return NULL;
	}
	if (!kafka_admin_look(conf->kafka.brokers, conf->kafka.properties, topics, count, LOOK_MS_MAX, fail)) {
		return NULL;
	}
	if (topics[count - 1].partitions == 0) {
		fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "kafka: no topic %s: run phasectl topics create", erasure);
		return NULL;
	}
	if (!topics_keep_erasures(conf, LOOK_MS_MAX, fail)) {
		return NULL;
	}
	for (size_t i = 0; i + 1 < count; i++) {
		partitions += (size_t)topics[i].partitions;
	}
	struct kafka_bounds *bounds = arena_array(&ctl->arena, partitions + 1, sizeof(*bounds));
	CHECK(bounds != NULL);
	size_t used = 0;
	for (size_t i = 0; i + 1 < count; i++) {
		for (int j = 0; j < topics[i].partitions; j++) {
			bounds[used++] =
				(struct kafka_bounds){.topic = topics[i].name, .partition = j, .at_us = INT64_MIN};
		}
	}
	*ret_count = used;
	return kafka_admin_bounds(conf->kafka.brokers, conf->kafka.properties, bounds, used, LOOK_MS_MAX, fail)
		       ? bounds
		       : NULL;
}

const char *erase_positions(struct ctl *ctl, struct fail *fail)
{
	size_t count;
	const struct kafka_bounds *bounds = find_bounds(ctl, &count, fail);
	if (bounds == NULL) {
		return NULL;
	}
	size_t room = 3, used = 0;
	for (size_t i = 0; i < count; i++) {
		room += strlen(bounds[i].topic) + 32;
	}
	char *text = arena_take(&ctl->arena, room);
	CHECK(text != NULL);
	used += (size_t)snprintf(text, room, "{");
	for (size_t i = 0; i < count; i++) {
		if (bounds[i].partition == 0) {
			used += (size_t)snprintf(text + used, room - used, "%s\"%s\":[", i > 0 ? "]," : "",
						 bounds[i].topic);
		}
		used += (size_t)snprintf(text + used, room - used, "%s%" PRId64,
					 bounds[i].partition > 0 ? "," : "",
					 bounds[i].high > 0 ? bounds[i].high : 0);
	}
	snprintf(text + used, room - used, "%s}", count > 0 ? "]" : "");
	return text;
}

struct sending {
	size_t sent, delivered, lost;
};

static void on_delivered(void *context, void *token, bool delivered)
{
	(void)token;
	struct sending *sending = context;
	*(delivered ? &sending->delivered : &sending->lost) += 1;
}

static bool not_taken(const struct ctl *ctl, struct fail *fail)
{
	return fail_set(fail, FAIL_RETRY, EXIT_AWAY,
			"kafka: topic %s did not take it within %d s: nothing was erased",
			ctl->conf.kafka.topic[CONF_ERASURE], DELIVERY_MS_MAX / 1000);
}

/* Rows of one actor after the other, until that moment (monotonic) at the latest. */
static bool send_all(struct ctl *ctl, struct kafka_sink *sink, struct sending *sending, int64_t end_us,
		     const struct ledger_row *rows, size_t count, struct fail *fail)
{
	for (size_t i = 0; i < count;) {
		size_t end = i + 1;
		while (end < count && uuid_equal(&rows[end].actor_id, &rows[i].actor_id)) {
			end++;
		}
		const char *text = erasure_message_write(rows + i, end - i, &ctl->arena);
		if (text == NULL) {
			return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG,
					"kafka: %zu rows of one actor are too many", end - i);
		}
		if (!kafka_sink_send(sink, ctl->conf.kafka.topic[CONF_ERASURE], rows[i].actor_id.bytes,
				     ERASURE_KEY_SIZE, text, strlen(text), NULL, fail)) {
			if (fail->kind != FAIL_RETRY || sending->lost > 0 || moment_monotonic_us() >= end_us) {
				return false;
			}
			sender_await(sink); /* the buffer is full */
			continue;
		}
		sending->sent++;
		i = end;
	}
	return true;
}

bool erase_publish(struct ctl *ctl, const struct ledger_row *rows, size_t count, struct fail *fail)
{
	struct sending sending = {0};
	struct kafka_sink *sink = sender_sink(ctl, BUFFER_KIB_MAX, DELIVERY_MS_MAX, on_delivered, &sending, fail);
	if (sink == NULL) {
		return false;
	}
	int64_t end_us = moment_monotonic_us() + (int64_t)DELIVERY_MS_MAX * 1000;
	bool good = send_all(ctl, sink, &sending, end_us, rows, count, fail);
	while (good && sending.lost == 0 && sending.delivered < sending.sent && moment_monotonic_us() < end_us) {
		sender_await(sink);
	}
	size_t taken = sending.delivered; /* the rest is said to be lost by the sink's end */
	kafka_sink_destroy(sink, 0);
	return good && (taken == sending.sent || not_taken(ctl, fail));
}
