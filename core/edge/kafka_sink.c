#include "core/edge/kafka_sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/kafka_client.h"
#include "core/edge/kafka_read.h"

#define TROUBLE_SIZE 256

/* One kafka_sink_poll() serves at most so many events (each up to some thousand reports), so that a loop gets on. */
#define POLL_EVENTS_MAX 16
/* After a purge the last reports are a matter of librdkafka's threads, and one may be waiting for a name server. */
#define PURGE_MS_MAX 2000

/* A message on its way: who ends the sink says of each that is left that it was lost. */
struct parcel {
	void *token;
	struct parcel *next, **back; /* among those on their way; *back is this one */
};

struct kafka_sink {
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	struct kafka_wake wake;
	kafka_sink_delivered *on_delivered;
	void *context;
	struct parcel *parcels;
	enum kafka_sink_state state;
	bool is_dead; /* librdkafka gave up: an idempotent producer that can no longer keep its promise */
	char away[TROUBLE_SIZE], lost[TROUBLE_SIZE]; /* why; "": not known, none */
	int64_t lost_us;			     /* monotonic */
};

static rd_kafka_conf_t *make_conf(const struct kafka_sink_options *options, struct fail *fail)
{
	char buffer_kib[16], delivery_ms[16];
	snprintf(buffer_kib, sizeof(buffer_kib), "%u", options->buffer_kib_max);
	snprintf(delivery_ms, sizeof(delivery_ms), "%u", options->delivery_ms_max);
	const struct kafka_setting settings[] = {
		{"enable.idempotence", "true", true},
		{"acks", "all", true},
		{"partitioner", "murmur2_random", true}, /* as Java's producers: one key, one partition */
		{"queue.buffering.max.kbytes", buffer_kib, true},
		{"queue.buffering.max.messages", "0", false}, /* the bytes are the limit */
		{"message.timeout.ms", delivery_ms, true},
		{"linger.ms", "2", false}, /* batches are hardly larger with more, answers come later */
		{"topic.metadata.refresh.interval.ms", "5000", false}, /* a topic made later is found soon */
		{"statistics.interval.ms", "1000", true},	       /* the state comes from them */
		{0},
	};
	return kafka_client_conf(options->brokers, options->client_id, settings, options->properties, fail);
}

struct kafka_sink *kafka_sink_create(const struct kafka_sink_options *options, kafka_sink_delivered *on_delivered,
				     void *context, struct fail *fail)
{
	struct kafka_sink *sink = calloc(1, sizeof(*sink));
	CHECK(sink != NULL);
	*sink = (struct kafka_sink){.on_delivered = on_delivered, .context = context, .wake.fd = -1};
	rd_kafka_conf_t *conf = make_conf(options, fail);
	if (conf == NULL) {
		goto fail;
	}
	rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS);
	sink->rk = kafka_client_create(RD_KAFKA_PRODUCER, &conf, fail);
	if (sink->rk == NULL || !kafka_wake_init(&sink->wake, fail)) {
		goto fail;
	}
	sink->queue = rd_kafka_queue_get_main(sink->rk);
	kafka_wake_watch(&sink->wake, sink->queue);
	return sink;
fail:
	kafka_sink_destroy(sink, 0);
	return NULL;
}

static struct parcel *parcel_begin(struct kafka_sink *sink, void *token)
{
	struct parcel *parcel = malloc(sizeof(*parcel));
	CHECK(parcel != NULL);
	*parcel = (struct parcel){.token = token, .next = sink->parcels, .back = &sink->parcels};
	if (parcel->next != NULL) {
		parcel->next->back = &parcel->next;
	}
	sink->parcels = parcel;
	return parcel;
}

/* Returns its token. */
static void *parcel_end(struct parcel *parcel)
{
	void *token = parcel->token;
	*parcel->back = parcel->next;
	if (parcel->next != NULL) {
		parcel->next->back = parcel->back;
	}
	free(parcel);
	return token;
}

static void on_reports(struct kafka_sink *sink, rd_kafka_event_t *event)
{
	const rd_kafka_message_t *report;
	while ((report = rd_kafka_event_message_next(event)) != NULL) {
		bool delivered = report->err == RD_KAFKA_RESP_ERR_NO_ERROR;
		if (delivered) {
			sink->state = KAFKA_SINK_UP;
			sink->lost[0] = '\0';
		} else {
			sink->lost_us = moment_monotonic_us();
			snprintf(sink->lost, sizeof(sink->lost), "%s: %s", rd_kafka_topic_name(report->rkt),
				 rd_kafka_err2str(report->err));
		}
		sink->on_delivered(sink->context, parcel_end(report->_private), delivered);
	}
}

static void on_error(struct kafka_sink *sink, rd_kafka_event_t *event)
{
	rd_kafka_resp_err_t error = rd_kafka_event_error(event);
	/* The event itself names the reason, not that it was the last one. */
	sink->is_dead = sink->is_dead || rd_kafka_fatal_error(sink->rk, NULL, 0) != RD_KAFKA_RESP_ERR_NO_ERROR;
	if (error != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) { /* which comes behind the reasons, and says none */
		snprintf(sink->away, sizeof(sink->away), "%s", rd_kafka_event_error_string(event));
	}
	if (sink->is_dead || error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
		sink->state = KAFKA_SINK_AWAY;
	}
}

/* Waits up to `ms_max` for an event and serves it; false when there was none. */
static bool serve(struct kafka_sink *sink, int ms_max)
{
	rd_kafka_event_t *event = rd_kafka_queue_poll(sink->queue, ms_max);
	if (event == NULL) {
		return false;
	}
	switch (rd_kafka_event_type(event)) {
	case RD_KAFKA_EVENT_DR:
		on_reports(sink, event);
		break;
	case RD_KAFKA_EVENT_ERROR:
		on_error(sink, event);
		break;
	case RD_KAFKA_EVENT_STATS:
		sink->state = !sink->is_dead && kafka_client_stats_up(rd_kafka_event_stats(event))
				      ? KAFKA_SINK_UP
				      : KAFKA_SINK_AWAY;
		break;
	default:
		break;
	}
	rd_kafka_event_destroy(event);
	return true;
}

static void serve_until_empty(struct kafka_sink *sink, unsigned ms_max)
{
	int64_t deadline_us = moment_monotonic_us() + (int64_t)ms_max * 1000;
	while (rd_kafka_outq_len(sink->rk) > 0) {
		int64_t left_us = deadline_us - moment_monotonic_us();
		if (left_us <= 0) {
			return;
		}
		serve(sink, (int)(left_us / 1000) + 1);
	}
}

void kafka_sink_destroy(struct kafka_sink *sink, unsigned flush_ms_max)
{
	if (sink == NULL) {
		return;
	}
	if (sink->queue != NULL) {
		serve_until_empty(sink, flush_ms_max);
		rd_kafka_purge(sink->rk,
			       RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
		serve_until_empty(sink, PURGE_MS_MAX);
		rd_kafka_queue_io_event_enable(sink->queue, -1, NULL, 0);
		rd_kafka_queue_destroy(sink->queue);
	}
	for (struct parcel *parcel = sink->parcels, *next; parcel != NULL; parcel = next) {
		next = parcel->next;
		sink->on_delivered(sink->context, parcel_end(parcel), false);
	}
	kafka_client_destroy(sink->rk);
	kafka_wake_finish(&sink->wake);
	free(sink);
}

bool kafka_sink_is_dead(const struct kafka_sink *sink)
{
	return sink != NULL && sink->is_dead;
}

int kafka_sink_fd(const struct kafka_sink *sink)
{
	return sink->wake.fd;
}

bool kafka_sink_poll(struct kafka_sink *sink)
{
	kafka_wake_drain(&sink->wake); /* before looking, or an event between the two would go unnoticed */
	for (int i = 0; i < POLL_EVENTS_MAX; i++) {
		if (!serve(sink, 0)) {
			return false;
		}
	}
	return true;
}

/* What producing said. */
static bool said(struct kafka_sink *sink, struct parcel *parcel, const char *topic, size_t size,
		 rd_kafka_resp_err_t error, struct fail *fail)
{
	if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
		parcel_end(parcel);
	}
	switch (error) {
	case RD_KAFKA_RESP_ERR_NO_ERROR:
		return true;
	case RD_KAFKA_RESP_ERR__QUEUE_FULL:
		return fail_set(fail, FAIL_RETRY, EXIT_AWAY, "kafka: %s: the buffer is full", topic);
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
		return fail_set(fail, FAIL_DATA, EXIT_BAD_DATA, "kafka: %s: a message of %zu bytes is too large",
				topic, size);
	case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
		return fail_set(fail, FAIL_RETRY, EXIT_AWAY, "kafka: there is no topic %s", topic);
	case RD_KAFKA_RESP_ERR__FATAL:
		sink->is_dead = true;
		sink->state = KAFKA_SINK_AWAY;
		return fail_set(fail, FAIL_FATAL, EXIT_AWAY, "kafka: the producer gave up and must be made anew");
	default: /* of this topic alone, such as a permission that is missing: others are written on */
		return fail_set(fail, FAIL_RETRY, EXIT_AWAY, "kafka: %s: %s", topic, rd_kafka_err2str(error));
	}
}

bool kafka_sink_send(struct kafka_sink *sink, const char *topic, const void *key, size_t key_size,
		     const void *value, size_t size, void *token, struct fail *fail)
{
	const void *key_or_none = key_size > 0 ? key : NULL;
	struct parcel *parcel = parcel_begin(sink, token);
	rd_kafka_resp_err_t error =
		rd_kafka_producev(sink->rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
				  RD_KAFKA_V_KEY(key_or_none, key_size),
				  RD_KAFKA_V_VALUE((void *)(uintptr_t)value, size), RD_KAFKA_V_OPAQUE(parcel),
				  RD_KAFKA_V_END);
	return said(sink, parcel, topic, size, error, fail);
}

static rd_kafka_headers_t *resent_headers(const struct kafka_record *record)
{
	char place[320];
	rd_kafka_headers_t *headers = rd_kafka_headers_new(record->header_count + 1);
	CHECK(headers != NULL);
	for (size_t i = 0; i < record->header_count; i++) {
		const struct kafka_header *header = &record->headers[i];
		if (strcmp(header->name, KAFKA_SINK_RESENT) != 0) {
			rd_kafka_header_add(headers, header->name, -1, header->value, (ssize_t)header->size);
		}
	}
	snprintf(place, sizeof(place), "%s/%d@%lld", record->topic, (int)record->partition,
		 (long long)record->offset);
	rd_kafka_header_add(headers, KAFKA_SINK_RESENT, -1, place, -1);
	return headers;
}

bool kafka_sink_resend(struct kafka_sink *sink, const struct kafka_record *record, void *token, struct fail *fail)
{
	rd_kafka_headers_t *headers = resent_headers(record);
	struct parcel *parcel = parcel_begin(sink, token);
	rd_kafka_resp_err_t error = rd_kafka_producev(
		sink->rk, RD_KAFKA_V_TOPIC(record->topic), RD_KAFKA_V_PARTITION(record->partition),
		RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(record->key, record->key_size),
		RD_KAFKA_V_VALUE((void *)(uintptr_t)record->value, record->size),
		RD_KAFKA_V_TIMESTAMP(record->timestamp_us / 1000), RD_KAFKA_V_HEADERS(headers),
		RD_KAFKA_V_OPAQUE(parcel), RD_KAFKA_V_END);
	if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
		rd_kafka_headers_destroy(headers); /* else they are librdkafka's now */
	}
	return said(sink, parcel, record->topic, record->size, error, fail);
}

enum kafka_sink_state kafka_sink_state(const struct kafka_sink *sink)
{
	return sink != NULL ? sink->state : KAFKA_SINK_AWAY;
}

const char *kafka_sink_trouble(const struct kafka_sink *sink)
{
	if (sink == NULL) {
		return "no producer could be made";
	}
	if (sink->state != KAFKA_SINK_UP) {
		return sink->away;
	}
	int64_t ago_us = moment_monotonic_us() - sink->lost_us;
	return ago_us < KAFKA_SINK_TROUBLE_S * MOMENT_SECOND_US ? sink->lost : "";
}
