#include "core/edge/kafka_read.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/kafka_admin.h"
#include "core/edge/kafka_client.h"
#include "core/edge/kafka_source_inside.h"
#include "core/model/event.h"

#define LOOK_MS_MAX 5000 /* of it, for what the logs hold: whether anybody is there shows here */
#define NEAR 200	 /* offsets that are read over; what lies farther away is fetched anew */

/* The records of one partition, and how far they are read. */
struct stretch {
	rd_kafka_topic_t *topic;
	int32_t partition;
	size_t next, end; /* among the records */
	int64_t from;	  /* where it was started last; what comes from before was fetched for nothing */
	bool is_started;
};

struct reader {
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	struct kafka_record *records;
	struct stretch *stretches;
	size_t stretch_count, open; /* open: stretches that are not read to their end */
	int64_t deadline_us;
	struct arena *arena;
	struct fail *fail;
};

static int left_ms(const struct reader *reader)
{
	int64_t left_us = reader->deadline_us - moment_monotonic_us();
	return left_us > 0 ? (int)(left_us / 1000) + 1 : 0;
}

static bool begin(struct reader *reader, const char *brokers, const char *const *properties)
{
	static const struct kafka_setting settings[] = {
		{"auto.offset.reset", "error", true},
		{"isolation.level", "read_committed", true},
		{"enable.auto.commit", "false", true},
		{"enable.partition.eof", "true", true},
		{"allow.auto.create.topics", "false", true},
		{"fetch.message.max.bytes", "262144",
		 false}, /* a single message, however large, comes all the same */
		{"queued.min.messages", "1", false},
		{"fetch.wait.max.ms", "50", false},
		{0},
	};
	rd_kafka_conf_t *conf = kafka_client_conf(brokers, "phasectl", settings, properties, reader->fail);
	if (conf == NULL) {
		return false;
	}
	reader->rk = kafka_client_create(RD_KAFKA_CONSUMER, &conf, reader->fail);
	if (reader->rk == NULL) {
		return false;
	}
	reader->queue = rd_kafka_queue_new(reader->rk);
	return true;
}

static bool is_same(const struct kafka_record *a, const struct kafka_record *b)
{
	return a->partition == b->partition && strcmp(a->topic, b->topic) == 0;
}

/* Which of the records their logs can hold. False: *fail. */
static bool find_bounds(struct reader *reader, const char *brokers, const char *const *properties, size_t count)
{
	struct kafka_bounds *bounds = calloc(count + 1, sizeof(*bounds));
	CHECK(bounds != NULL);
	size_t parts = 0;
	for (size_t i = 0; i < count; i++) {
		struct kafka_record *record = &reader->records[i];
		if (i == 0 || !is_same(record - 1, record)) {
			bounds[parts++] = (struct kafka_bounds){
				.topic = record->topic, .partition = record->partition, .at_us = INT64_MIN};
		}
	}
	unsigned ms = (unsigned)left_ms(reader);
	bool good = kafka_admin_bounds(brokers, properties, bounds, parts, ms < LOOK_MS_MAX ? ms : LOOK_MS_MAX,
				       reader->fail);
	for (size_t i = 0, part = 0; good && i < count; i++) {
		struct kafka_record *record = &reader->records[i];
		part += i > 0 && !is_same(record - 1, record) ? 1 : 0;
		record->found = bounds[part].low < 0 ? KAFKA_NO_PARTITION
				: record->offset < bounds[part].low || record->offset >= bounds[part].high
					? KAFKA_GONE
					: KAFKA_UNREAD;
	}
	free(bounds);
	return good;
}

static void stop(struct stretch *stretch)
{
	if (stretch->is_started) {
		rd_kafka_consume_stop(stretch->topic, stretch->partition);
		stretch->is_started = false;
	}
}

/* Reads on at the next record that the log can hold; at the end, no more. */
static bool start(struct reader *reader, struct stretch *stretch)
{
	stop(stretch);
	while (stretch->next < stretch->end && reader->records[stretch->next].found != KAFKA_UNREAD) {
		stretch->next++;
	}
	if (stretch->next == stretch->end) {
		reader->open--;
		return true;
	}
	if (rd_kafka_consume_start_queue(stretch->topic, stretch->partition, reader->records[stretch->next].offset,
					 reader->queue) != 0) {
		return fail_set(reader->fail, FAIL_FATAL, EXIT_OUR_BUG, "kafka: %s: %s",
				reader->records[stretch->next].topic, rd_kafka_err2str(rd_kafka_last_error()));
	}
	stretch->from = reader->records[stretch->next].offset;
	stretch->is_started = true;
	return true;
}

static bool start_all(struct reader *reader, size_t count)
{
	reader->stretches = calloc(count + 1, sizeof(*reader->stretches));
	CHECK(reader->stretches != NULL);
	for (size_t i = 0; i < count; i++) {
		const struct kafka_record *record = &reader->records[i];
		if (i == 0 || !is_same(record - 1, record)) {
			reader->stretches[reader->stretch_count++] = (struct stretch){
				.topic = rd_kafka_topic_new(reader->rk, record->topic, NULL),
				.partition = record->partition,
				.next = i,
			};
			if (reader->stretches[reader->stretch_count - 1].topic == NULL) {
				return fail_set(reader->fail, FAIL_FATAL, EXIT_OUR_BUG, "kafka: %s: %s",
						record->topic, rd_kafka_err2str(rd_kafka_last_error()));
			}
		}
		reader->stretches[reader->stretch_count - 1].end = i + 1;
	}
	reader->open = reader->stretch_count;
	for (size_t i = 0; i < reader->stretch_count; i++) {
		if (!start(reader, &reader->stretches[i])) {
			return false;
		}
	}
	return true;
}

static struct stretch *stretch_of(struct reader *reader, const rd_kafka_message_t *raw)
{
	for (size_t i = 0; i < reader->stretch_count; i++) {
		struct stretch *stretch = &reader->stretches[i];
		if (stretch->is_started && raw->rkt != NULL && stretch->partition == raw->partition &&
		    strcmp(rd_kafka_topic_name(stretch->topic), rd_kafka_topic_name(raw->rkt)) == 0) {
			return stretch;
		}
	}
	return NULL;
}

/* A copy; of nothing, NULL. */
static bool copy(struct arena *arena, const void *bytes, size_t size, const void **ret)
{
	*ret = bytes != NULL ? arena_text(arena, bytes, size) : NULL;
	return bytes == NULL || *ret != NULL;
}

static bool copy_headers(struct reader *reader, const rd_kafka_message_t *raw, struct kafka_record *record)
{
	rd_kafka_headers_t *headers;
	if (rd_kafka_message_headers(raw, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) {
		return true;
	}
	size_t count = rd_kafka_header_cnt(headers);
	struct kafka_header *kept = arena_zero(reader->arena, count + 1, sizeof(*kept));
	for (size_t i = 0; kept != NULL && i < count; i++) {
		const char *name;
		const void *value;
		rd_kafka_header_get_all(headers, i, &name, &value, &kept[i].size);
		kept[i].name = arena_text(reader->arena, name, strlen(name));
		if (kept[i].name == NULL || !copy(reader->arena, value, kept[i].size, &kept[i].value)) {
			return false;
		}
	}
	record->headers = kept;
	record->header_count = count;
	return kept != NULL;
}

static bool copy_cloud(struct reader *reader, const struct message_cloud *cloud, struct kafka_record *record)
{
	struct message_cloud *kept = arena_zero(reader->arena, 1, sizeof(*kept));
	if (kept == NULL) {
		return false;
	}
	*kept = *cloud;
	const char **const texts[] = {&kept->type, &kept->source, &kept->id, &kept->subject, &kept->time};
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		*texts[i] = arena_text(reader->arena, *texts[i], strlen(*texts[i]));
		if (*texts[i] == NULL) {
			return false;
		}
	}
	record->cloud = kept;
	return true;
}

static bool keep(struct reader *reader, const rd_kafka_message_t *raw, struct kafka_record *record)
{
	const void *value;
	struct message_cloud cloud;
	bool is_cloud;
	record->timestamp_us = kafka_take_timestamp_us(raw);
	record->form = kafka_take_form(raw, &cloud, &is_cloud);
	record->size = raw->payload != NULL ? raw->len : 0;
	record->key_size = raw->key != NULL ? raw->key_len : 0;
	const void *payload = record->size <= EVENT_MESSAGE_SIZE_MAX ? raw->payload : NULL;
	if (!copy(reader->arena, payload, record->size, &value) ||
	    !copy(reader->arena, raw->key, raw->key_len, &record->key) || !copy_headers(reader, raw, record) ||
	    (is_cloud && !copy_cloud(reader, &cloud, record))) {
		return fail_set(reader->fail, FAIL_FATAL, EXIT_OUR_BUG, "kafka: %s: does not fit into memory",
				record->topic);
	}
	record->value = value;
	record->found = KAFKA_FOUND;
	return true;
}

/* Everything before `offset` that was not seen is not there. */
static void pass(struct reader *reader, struct stretch *stretch, int64_t offset)
{
	while (stretch->next < stretch->end && reader->records[stretch->next].offset < offset) {
		struct kafka_record *record = &reader->records[stretch->next++];
		record->found = record->found == KAFKA_UNREAD ? KAFKA_GONE : record->found;
	}
}

static bool on_message(struct reader *reader, const rd_kafka_message_t *raw, struct stretch *stretch)
{
	if (raw->offset < stretch->from) {
		return true;
	}
	pass(reader, stretch, raw->offset);
	struct kafka_record *record = &reader->records[stretch->next];
	if (stretch->next < stretch->end && record->offset == raw->offset) {
		if (!keep(reader, raw, record)) {
			return false;
		}
		stretch->next++;
		record++;
	}
	bool is_over = stretch->next == stretch->end || record->found != KAFKA_UNREAD;
	return is_over || record->offset > raw->offset + NEAR ? start(reader, stretch) : true;
}

static bool on_error(struct reader *reader, const rd_kafka_message_t *raw, struct stretch *stretch)
{
	switch (raw->err) {
	case RD_KAFKA_RESP_ERR__PARTITION_EOF:
		pass(reader, stretch, INT64_MAX);
		return start(reader, stretch);
	case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET: /* retention was faster */
		reader->records[stretch->next].found = KAFKA_GONE;
		return start(reader, stretch);
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
		return fail_set(reader->fail, FAIL_FATAL, EXIT_NOT_ALLOWED, "kafka: %s: may not be read",
				reader->records[stretch->next].topic);
	default:
		return true; /* a broker went; the deadline is the limit */
	}
}

static bool read_all(struct reader *reader)
{
	while (reader->open > 0) {
		rd_kafka_message_t *raw = rd_kafka_consume_queue(reader->queue, left_ms(reader));
		if (raw == NULL && left_ms(reader) == 0) {
			return fail_set(reader->fail, FAIL_RETRY, EXIT_AWAY, "kafka: no broker answered in time");
		}
		struct stretch *stretch = raw != NULL ? stretch_of(reader, raw) : NULL;
		bool good = true;
		if (stretch != NULL) {
			good = raw->err == RD_KAFKA_RESP_ERR_NO_ERROR ? on_message(reader, raw, stretch)
								      : on_error(reader, raw, stretch);
		}
		if (raw != NULL) {
			rd_kafka_message_destroy(raw);
		}
		if (!good) {
			return false;
		}
	}
	return true;
}

static void finish(struct reader *reader)
{
	for (size_t i = 0; i < reader->stretch_count; i++) {
		stop(&reader->stretches[i]);
		if (reader->stretches[i].topic != NULL) {
			rd_kafka_topic_destroy(reader->stretches[i].topic);
		}
	}
	free(reader->stretches);
	if (reader->queue != NULL) {
		rd_kafka_queue_destroy(reader->queue);
	}
	kafka_client_destroy(reader->rk);
}

bool kafka_read(const char *brokers, const char *const *properties, struct kafka_record *records, size_t count,
		unsigned ms_max, struct arena *arena, struct fail *fail)
{
	struct reader reader = {
		.records = records,
		.deadline_us = moment_monotonic_us() + (int64_t)ms_max * 1000,
		.arena = arena,
		.fail = fail,
	};
	for (size_t i = 0; i < count; i++) {
		records[i].found = KAFKA_UNREAD;
	}
	bool good = count == 0 ||
		    (find_bounds(&reader, brokers, properties, count) && begin(&reader, brokers, properties) &&
		     start_all(&reader, count) && read_all(&reader));
	finish(&reader);
	return good;
}
