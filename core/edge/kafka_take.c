/*
 * Messages out of the source: what is not the caller's is left out, the rest is described where it lies.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/kafka_source_inside.h"
#include "core/model/cloudevent.h"

/*
 * Both messages of phased's own begin with two texts, fields 1 and 2, in the order in which every encoder writes them. The
 * tag of the second is a control character, which no JSON text holds, neither in a string nor outside.
 */
bool kafka_take_is_wire(const uint8_t *bytes, size_t size)
{
	enum { FIRST_TAG = 0x0a, SECOND_TAG = 0x12 };
	size_t second = size > 2 && bytes[1] < 0x80 ? 2 + (size_t)bytes[1] : SIZE_MAX;
	return second < size && bytes[0] == FIRST_TAG && bytes[second] == SECOND_TAG;
}

/* "" where there is none, or a NUL in it: librdkafka puts one behind each value. */
static const char *header_text(const rd_kafka_headers_t *headers, const char *name)
{
	const void *value;
	size_t size;
	bool is_there = rd_kafka_header_get_last(headers, name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR &&
			value != NULL && strlen(value) == size;
	return is_there ? value : "";
}

/* One of our own type is what its content type says, and nothing else in its headers counts. */
static bool is_foreign(const rd_kafka_headers_t *headers, struct message_cloud *ret_cloud)
{
	if (header_text(headers, "ce_specversion")[0] == '\0') {
		return false;
	}
	*ret_cloud = (struct message_cloud){.type = header_text(headers, "ce_type"),
					    .source = header_text(headers, "ce_source"),
					    .id = header_text(headers, "ce_id"),
					    .subject = header_text(headers, "ce_subject"),
					    .time = header_text(headers, "ce_time")};
	return strcmp(ret_cloud->type, CLOUDEVENT_TYPE) != 0;
}

/*
 * librdkafka allocates to parse headers, also where there are none: this is 110 of the 200 ns that a message costs here
 * (measured, version 2.0.2). So it is asked only where the bytes themselves do not say that they are protobuf's. (A CloudEvent of a
 * foreign type whose data begins as our messages do is then read as one of them, and hardly can be one.)
 */
enum message_form kafka_take_form(const rd_kafka_message_t *raw, struct message_cloud *ret_cloud,
				  bool *ret_is_cloud)
{
	rd_kafka_headers_t *headers;
	const void *value;
	size_t size;
	*ret_is_cloud = false;
	if (raw->payload != NULL && kafka_take_is_wire(raw->payload, raw->len)) {
		return FORM_PROTOBUF;
	}
	if (rd_kafka_message_headers(raw, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) {
		return FORM_PROTOBUF;
	}
	enum message_form form = FORM_PROTOBUF;
	if (rd_kafka_header_get_last(headers, "content-type", &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR) {
		form = value != NULL ? message_form_of_type(value, size) : FORM_UNKNOWN;
	}
	*ret_is_cloud = form != FORM_CLOUDEVENT && is_foreign(headers, ret_cloud);
	return form;
}

int64_t kafka_take_timestamp_us(const rd_kafka_message_t *raw)
{
	rd_kafka_timestamp_type_t type;
	int64_t ms = rd_kafka_message_timestamp(raw, &type);
	return ms > 0 ? ms * 1000 : moment_now_us();
}

/* What stands in the queue instead of a message: that a partition has stopped, mostly. */
static void on_message_error(struct kafka_source *source, const rd_kafka_message_t *raw, struct kafka_slot *slot)
{
	if (raw->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET && slot != NULL) {
		source->out_of_range_count += slot->out_of_range ? 0 : 1;
		slot->out_of_range = true;
	} else {
		kafka_source_trouble(source, raw->err, rd_kafka_message_errstr(raw));
	}
	/* kafka_source_notice() has something to say, and nothing else would wake its caller. */
	kafka_wake_ring(&source->wake);
}

/* Runs of one topic are the rule: its name is looked up once a run. Valid within one take. */
struct run {
	const rd_kafka_topic_t *topic;
	int index;
};

static struct kafka_slot *slot_of(struct kafka_source *source, const rd_kafka_message_t *raw, struct run *run)
{
	if (raw->rkt == NULL) {
		return NULL;
	}
	if (raw->rkt != run->topic) {
		run->topic = raw->rkt;
		run->index = kafka_source_topic(source, rd_kafka_topic_name(raw->rkt));
	}
	struct partition partition = {.topic = (uint16_t)run->index, .number = raw->partition};
	return run->index >= 0 ? kafka_slots_find(&source->slots, partition) : NULL;
}

/* The caller's as long as the message: kafka_source_release() frees it. */
static const struct message_cloud *keep_cloud(struct kafka_source_lane *lane, const struct message_cloud *cloud)
{
	struct kafka_cloud *kept = malloc(sizeof(*kept));
	CHECK(kept != NULL);
	*kept = (struct kafka_cloud){*cloud, lane->clouds};
	lane->clouds = kept;
	return &kept->cloud;
}

static void drop_clouds(struct kafka_source_lane *lane)
{
	while (lane->clouds != NULL) {
		struct kafka_cloud *next = lane->clouds->next;
		free(lane->clouds);
		lane->clouds = next;
	}
}

/* False: not for the caller. */
static bool admit(struct kafka_source *source, struct kafka_source_lane *lane, const rd_kafka_message_t *raw,
		  struct run *run, struct message *ret_message)
{
	struct kafka_slot *slot = slot_of(source, raw, run);
	if (raw->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
		on_message_error(source, raw, slot);
		return false;
	}
	if (slot == NULL || raw->offset < slot->next) {
		source->counts.rewound++;
		return false;
	}
	source->counts.holes += slot->next >= 0 && raw->offset > slot->next ? 1 : 0;
	slot->next = raw->offset + 1;
	source->counts.messages++;
	source->counts.bytes += raw->len;
	struct message_cloud cloud;
	bool is_cloud;
	*ret_message = (struct message){
		.partition = slot->partition,
		.offset = raw->offset,
		.timestamp_us = kafka_take_timestamp_us(raw),
		.form = kafka_take_form(raw, &cloud, &is_cloud),
		.value = raw->payload,
		.size = raw->payload != NULL ? raw->len : 0,
	};
	if (is_cloud) {
		ret_message->cloud = keep_cloud(lane, &cloud);
	}
	return true;
}

#define AHEAD 8 /* messages: their bytes lie where another thread has put them, and are looked at here first */

static void make_room(struct kafka_source_lane *lane, size_t max)
{
	if (lane->held_max < max) {
		lane->held = realloc(lane->held, max * sizeof(*lane->held));
		CHECK(lane->held != NULL);
		lane->held_max = max;
	}
}

size_t kafka_source_take(struct kafka_source *source, unsigned lane_number, struct message *ret_messages,
			 size_t max)
{
	CHECK(lane_number < source->lane_count);
	struct kafka_source_lane *lane = &source->lanes[lane_number];
	CHECK(lane->held_count == 0);
	if (source->state != STATE_ASSIGNED || source->is_closing) {
		return 0;
	}
	make_room(lane, max);
	struct run run = {0};
	while (lane->held_count < max) {
		rd_kafka_message_t **raw = &lane->held[lane->held_count];
		size_t wanted = max - lane->held_count;
		ssize_t count = rd_kafka_consume_batch_queue(lane->messages, 0, raw, wanted);
		for (ssize_t i = 0; i < count; i++) {
			if (i + AHEAD < count) {
				__builtin_prefetch(raw[i + AHEAD]->payload);
			}
			if (admit(source, lane, raw[i], &run, &ret_messages[lane->held_count])) {
				lane->held[lane->held_count++] = raw[i];
			} else {
				rd_kafka_message_destroy(raw[i]);
			}
		}
		if (count < (ssize_t)wanted) {
			break;
		}
	}
	return lane->held_count;
}

void kafka_source_release(struct kafka_source *source, unsigned lane_number)
{
	CHECK(lane_number < source->lane_count);
	struct kafka_source_lane *lane = &source->lanes[lane_number];
	for (size_t i = 0; i < lane->held_count; i++) {
		rd_kafka_message_destroy(lane->held[i]);
	}
	lane->held_count = 0;
	drop_clouds(lane);
}
