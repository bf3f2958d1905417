#include "core/edge/kafka_source.h"

#include <stdlib.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/kafka_client.h"
#include "core/edge/kafka_slots.h"
#include "core/edge/kafka_source_inside.h"

/* What kafka_source_destroy() gives a leaving that has not ended. */
#define LEAVE_US_MAX MOMENT_SECOND_US
#define MIRROR_EVERY_US MOMENT_SECOND_US

/* ---- Life ---- */

static bool subscribe(struct kafka_source *source, struct fail *fail)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)source->topic_count);
	for (size_t i = 0; i < source->topic_count; i++) {
		rd_kafka_topic_partition_list_add(list, source->topics[i], RD_KAFKA_PARTITION_UA);
	}
	rd_kafka_resp_err_t error = rd_kafka_subscribe(source->rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	return error == RD_KAFKA_RESP_ERR_NO_ERROR ||
	       fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "kafka: topics: %s", rd_kafka_err2str(error));
}

bool kafka_source_open(struct kafka_source *source, struct fail *fail)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_dup(source->conf);
	CHECK(conf != NULL);
	source->rk = kafka_client_create(RD_KAFKA_CONSUMER, &conf, fail);
	if (source->rk == NULL) {
		return false;
	}
	rd_kafka_poll_set_consumer(source->rk);
	source->events = rd_kafka_queue_get_consumer(source->rk);
	kafka_wake_watch(&source->wake, source->events);
	for (unsigned i = 0; i < source->lane_count; i++) {
		source->lanes[i].messages = rd_kafka_queue_new(source->rk);
		kafka_wake_watch(&source->wake, source->lanes[i].messages);
	}
	return subscribe(source, fail);
}

struct kafka_source *kafka_source_create(const struct kafka_source_options *options, struct fail *fail)
{
	CHECK(options->topic_count > 0 && options->topic_count <= TOPICS_MAX);
	CHECK(options->lanes <= LANES_MAX);
	struct kafka_source *source = calloc(1, sizeof(*source));
	CHECK(source != NULL);
	source->wake.fd = -1;
	source->topics = options->topics;
	source->topic_count = options->topic_count;
	source->lane_count = options->lanes > 0 ? options->lanes : 1;
	source->session_us = (int64_t)options->session_ms * 1000;
	source->conf = kafka_source_conf(options, fail);
	if (source->conf == NULL) {
		goto fail;
	}
	rd_kafka_conf_set_events(source->conf,
				 RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS);
	if (!kafka_wake_init(&source->wake, fail) || !kafka_source_open(source, fail)) {
		goto fail;
	}
	return source;
fail:
	kafka_source_destroy(source);
	return NULL;
}

int kafka_source_fd(const struct kafka_source *source)
{
	return source->wake.fd;
}

void kafka_source_woken(struct kafka_source *source)
{
	kafka_wake_drain(&source->wake);
}

/* ---- Partitions ---- */

/* The partitions' messages come to their lane's queue; what already waits in theirs comes along. */
static void forward_all(struct kafka_source *source)
{
	for (size_t i = 0; i < source->slots.count; i++) {
		struct partition partition = source->slots.slots[i].partition;
		rd_kafka_queue_t *queue = rd_kafka_queue_get_partition(source->rk, source->topics[partition.topic],
								       partition.number);
		CHECK(queue != NULL);
		rd_kafka_queue_forward(queue,
				       source->lanes[partition_lane(partition, source->lane_count)].messages);
		rd_kafka_queue_destroy(queue);
	}
}

/* Returns when librdkafka's main thread has done what was asked of it before: it works in order. */
static void wait_for_main_thread(struct kafka_source *source)
{
	rd_kafka_topic_partition_list_t *list = NULL;
	if (rd_kafka_assignment(source->rk, &list) == RD_KAFKA_RESP_ERR_NO_ERROR) {
		rd_kafka_topic_partition_list_destroy(list);
	}
}

/*
 * A broker answers a commit after some 10 ms, one after the other, and heartbeats stand in the same queue: with a commit for
 * each small batch they came too late, and the group expelled us.
 */
static void commit_mirror(struct kafka_source *source)
{
	if (source->mirror_count == 0) {
		return;
	}
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)source->mirror_count);
	for (size_t i = 0; i < source->slots.count; i++) {
		struct kafka_slot *slot = &source->slots.slots[i];
		if (slot->mirror > 0) {
			rd_kafka_topic_partition_list_add(list, source->topics[slot->partition.topic],
							  slot->partition.number)
				->offset = slot->mirror;
			slot->mirror = 0;
		}
	}
	rd_kafka_commit(source->rk, list, 1);
	rd_kafka_topic_partition_list_destroy(list);
	source->mirror_count = 0;
	source->mirror_us = moment_monotonic_us() + MIRROR_EVERY_US;
}

void kafka_source_mirror_due(struct kafka_source *source)
{
	if (source->mirror_count > 0 && moment_monotonic_us() >= source->mirror_us) {
		commit_mirror(source);
	}
}

void kafka_source_mirror(struct kafka_source *source, const struct partition_start *next, size_t count)
{
	for (size_t i = 0; i < count && source->state == STATE_ASSIGNED; i++) {
		struct kafka_slot *slot = kafka_slots_find(&source->slots, next[i].partition);
		if (slot != NULL && next[i].offset > 0) {
			source->mirror_count += slot->mirror == 0 ? 1 : 0;
			slot->mirror = next[i].offset;
		}
	}
	kafka_source_mirror_due(source);
}

static void forget_partitions(struct kafka_source *source)
{
	commit_mirror(source); /* while they are still ours */
	kafka_slots_clear(&source->slots);
	source->out_of_range_count = 0;
}

static void assign(struct kafka_source *source, const rd_kafka_topic_partition_list_t *list)
{
	rd_kafka_resp_err_t error = rd_kafka_assign(source->rk, list);
	if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
		kafka_source_trouble(source, error, rd_kafka_err2str(error));
	}
}

void kafka_source_assign(struct kafka_source *source, const struct partition_start *starts, size_t count)
{
	CHECK(count <= PARTITIONS_MAX);
	if (source->state != STATE_ASSIGNING && source->state != STATE_ASSIGNED) {
		return;
	}
	forget_partitions(source);
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
	for (size_t i = 0; i < count; i++) {
		const struct partition_start *start = &starts[i];
		CHECK(start->partition.topic < source->topic_count);
		const char *topic = source->topics[start->partition.topic];
		bool is_beginning = start->offset == KAFKA_SOURCE_BEGINNING;
		CHECK(start->offset >= 0 || is_beginning);
		rd_kafka_topic_partition_list_add(list, topic, start->partition.number)->offset =
			is_beginning ? RD_KAFKA_OFFSET_BEGINNING : start->offset;
		kafka_slots_add(&source->slots, start->partition, is_beginning ? -1 : start->offset);
	}
	/* Before they are read, or the first messages would come to the queue of events. */
	forward_all(source);
	assign(source, list);
	rd_kafka_topic_partition_list_destroy(list);
	if (source->state == STATE_ASSIGNED) {
		/* They were stopped first, in librdkafka's main thread, and a stop ends the forwarding. */
		wait_for_main_thread(source);
		forward_all(source);
	}
	source->state = STATE_ASSIGNED;
}

void kafka_source_unassign(struct kafka_source *source)
{
	if (source->state == STATE_NONE) {
		return;
	}
	forget_partitions(source);
	source->state = STATE_NONE;
	if (source->anew != ANEW_NO && !source->is_closing) { /* nobody would close another one */
		kafka_anew(source);
		return;
	}
	assign(source, NULL);
}

struct kafka_source_counts kafka_source_counts(const struct kafka_source *source)
{
	return source->counts;
}

int64_t kafka_source_end(const struct kafka_source *source, struct partition partition)
{
	CHECK(partition.topic < source->topic_count);
	int64_t low, high;
	rd_kafka_resp_err_t error = rd_kafka_get_watermark_offsets(source->rk, source->topics[partition.topic],
								   partition.number, &low, &high);
	return error == RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0 ? high : -1;
}

/* ---- Ending ---- */

void kafka_source_close(struct kafka_source *source)
{
	for (unsigned i = 0; i < source->lane_count; i++) {
		CHECK(source->lanes[i].held_count == 0); /* librdkafka waits for them */
	}
	if (source->is_closing) {
		return;
	}
	source->is_closing = true;
	if (source->state == STATE_ASSIGNING) {
		/* Nobody will answer any more, and leaving waits for the answer. */
		kafka_source_unassign(source);
	}
	rd_kafka_error_t *error = rd_kafka_consumer_close_queue(source->rk, source->events);
	if (error != NULL) {
		rd_kafka_error_destroy(error);
	}
}

bool kafka_source_closed(const struct kafka_source *source)
{
	return source->is_closing && rd_kafka_consumer_closed(source->rk);
}

/*
 * Leaving was begun and has not ended: librdkafka would wait in its destruction, for ever and with two threads at full
 * speed, for the answer to a REVOKED that nobody reads any more. So what still comes is answered; false: not closed in time.
 */
static bool end_leaving(struct kafka_source *source)
{
	int64_t end_us = moment_monotonic_us() + LEAVE_US_MAX;
	while (!kafka_source_closed(source)) {
		if (moment_monotonic_us() >= end_us) {
			return false;
		}
		rd_kafka_event_t *event = rd_kafka_queue_poll(source->events, 10);
		if (event != NULL && rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE) {
			rd_kafka_assign(source->rk, NULL);
		}
		rd_kafka_event_destroy(event);
	}
	return true;
}

void kafka_source_end_queue(rd_kafka_queue_t *queue)
{
	if (queue != NULL) {
		rd_kafka_queue_io_event_enable(queue, -1, NULL, 0);
		rd_kafka_queue_destroy(queue);
	}
}

void kafka_source_destroy(struct kafka_source *source)
{
	if (source == NULL) {
		return;
	}
	for (unsigned i = 0; i < source->lane_count; i++) {
		kafka_source_release(source, i);
	}
	if (source->is_closing && source->state == STATE_REVOKING) {
		kafka_source_unassign(source);
	}
	bool is_stuck = source->is_closing && !end_leaving(source);
	for (unsigned i = 0; i < source->lane_count; i++) {
		kafka_source_end_queue(source->lanes[i].messages);
		free(source->lanes[i].held);
	}
	kafka_source_end_queue(source->events);
	if (!is_stuck) { /* stuck: left to the end of the process */
		kafka_client_destroy(source->rk);
	}
	kafka_anew_finish(source);
	if (source->conf != NULL) {
		rd_kafka_conf_destroy(source->conf);
	}
	kafka_wake_finish(&source->wake);
	free(source);
}
