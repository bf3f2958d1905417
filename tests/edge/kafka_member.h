/*
 * A member of the group against the mock cluster, driven as a loop would drive it. It knows what it saw: every message
 * says where it lies, and each must be the next of its partition.
 */
#pragma once
#include <string.h>

#include "core/edge/kafka_source.h"
#include "tests/edge/mock_kafka.h"

#define TOPIC "phased.web"
#define PARTITIONS 4
#define OFFSETS_MAX 4000

static const char *const topics[] = {"phased.email", TOPIC};

/* A member of the group, driven as a loop would drive it. */
struct member {
	struct kafka_source *source;
	size_t take_max;
	unsigned lanes;
	int resting_lane; /* is not taken from; -1: none */
	bool answers;	  /* ASSIGNED and REVOKED at once, with positions[] */
	bool assigned;
	struct partition partitions[PARTITIONS_MAX];
	size_t partition_count;
	int64_t positions[PARTITIONS]; /* of TOPIC */
	unsigned seen[PARTITIONS][OFFSETS_MAX];
	unsigned total;
	unsigned notices[KAFKA_FATAL + 1];
	char text[256]; /* of the last notice that had one */
	int32_t out_of_range;
	enum exit_code exit_code; /* of the last KAFKA_FATAL */
};

static inline void produce(const struct mock_kafka *mock, unsigned first, unsigned count, const char *content_type)
{
	char why[256];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_conf_set(conf, "bootstrap.servers", mock->brokers, why, sizeof(why));
	rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	ck_assert_ptr_nonnull(rk);
	for (unsigned i = first; i < first + count; i++) {
		char value[32];
		int size = snprintf(value, sizeof(value), "%u/%u", i % PARTITIONS, i / PARTITIONS);
		rd_kafka_resp_err_t error = rd_kafka_producev(
			rk, RD_KAFKA_V_TOPIC(TOPIC), RD_KAFKA_V_PARTITION((int32_t)(i % PARTITIONS)),
			RD_KAFKA_V_VALUE(value, (size_t)size), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
			RD_KAFKA_V_HEADER(content_type != NULL ? "content-type" : "x",
					  content_type != NULL ? content_type : "y", -1),
			RD_KAFKA_V_END);
		ck_assert_int_eq(error, 0);
	}
	ck_assert_int_eq(rd_kafka_flush(rk, 20000), 0);
	rd_kafka_destroy(rk);
}

static inline void start(struct mock_kafka *mock, unsigned count)
{
	mock_kafka_start(mock);
	for (size_t i = 0; i < COUNT_OF(topics); i++) {
		ck_assert_int_eq(rd_kafka_mock_topic_create(mock->cluster, topics[i], PARTITIONS, 1), 0);
	}
	produce(mock, 0, count, NULL);
}

static inline void join_as(struct member *member, const char *brokers, unsigned lanes, const char *instance)
{
	struct fail fail;
	const struct kafka_source_options options = {
		.brokers = brokers,
		.group = "phased",
		.instance_id = instance,
		.client_id = "test",
		.topics = topics,
		.topic_count = COUNT_OF(topics),
		.lanes = lanes,
		.buffer_mb = 8,
		.session_ms = 6000,
	};
	*member = (struct member){
		.take_max = 1000, .lanes = lanes, .resting_lane = -1, .answers = true, .out_of_range = -1};
	member->source = kafka_source_create(&options, &fail);
	ck_assert_msg(member->source != NULL, "%s", fail.text);
}

static inline void join_lanes(struct member *member, const char *brokers, unsigned lanes)
{
	join_as(member, brokers, lanes, NULL);
}

static inline void join(struct member *member, const char *brokers)
{
	join_lanes(member, brokers, 1);
}

static inline void answer_assigned(struct member *member)
{
	struct partition_start starts[PARTITIONS_MAX];
	for (size_t i = 0; i < member->partition_count; i++) {
		bool ours = member->partitions[i].topic == 1;
		starts[i] = (struct partition_start){
			.partition = member->partitions[i],
			.offset = ours ? member->positions[member->partitions[i].number] : KAFKA_SOURCE_BEGINNING};
	}
	kafka_source_assign(member->source, starts, member->partition_count);
	member->assigned = true;
}

static inline void on_notice(struct member *member, const struct kafka_notice *notice)
{
	member->notices[notice->kind]++;
	if (notice->text[0] != '\0') {
		snprintf(member->text, sizeof(member->text), "%s", notice->text);
	}
	if (notice->kind == KAFKA_ASSIGNED) {
		ck_assert(!member->assigned); /* taken back before it is given anew */
		memcpy(member->partitions, notice->partitions, sizeof(member->partitions));
		member->partition_count = notice->partition_count;
		if (member->answers) {
			answer_assigned(member);
		}
	} else if (notice->kind == KAFKA_REVOKED || notice->kind == KAFKA_LOST) {
		kafka_source_unassign(member->source);
		member->assigned = false;
	} else if (notice->kind == KAFKA_OUT_OF_RANGE) {
		ck_assert_uint_eq(notice->partition_count, 1);
		ck_assert_uint_eq(notice->partitions[0].topic, 1);
		member->out_of_range = notice->partitions[0].number;
	} else if (notice->kind == KAFKA_FATAL) {
		member->exit_code = notice->exit_code;
	}
}

static inline void take_lane(struct member *member, unsigned lane)
{
	static struct message messages[1000];
	size_t count;
	do {
		count = kafka_source_take(member->source, lane, messages, member->take_max);
		for (size_t i = 0; i < count; i++) {
			const struct message *message = &messages[i];
			unsigned partition, number;
			ck_assert_uint_eq(message->partition.topic, 1);
			ck_assert_uint_eq((unsigned)message->partition.number % member->lanes, lane);
			ck_assert_int_eq(sscanf((const char *)message->value, "%u/%u", &partition, &number), 2);
			ck_assert_int_eq(partition, message->partition.number);
			ck_assert_int_eq(number, message->offset);
			ck_assert_int_gt(message->timestamp_us, MOMENT_2000_US);
			ck_assert_int_eq(message->form, FORM_PROTOBUF);
			/* in order, nothing left out */
			ck_assert(member->positions[partition] < 0 ||
				  message->offset == member->positions[partition]);
			member->positions[partition] = message->offset + 1;
			member->seen[partition][number]++;
			member->total++;
		}
		kafka_source_release(member->source, lane);
	} while (count == member->take_max);
}

static inline void take(struct member *member)
{
	for (unsigned lane = 0; lane < member->lanes; lane++) {
		if ((int)lane != member->resting_lane) {
			take_lane(member, lane);
		}
	}
}

static inline void notices(struct member *member)
{
	static struct kafka_notice notice;
	for (;;) {
		kafka_source_notice(member->source, &notice);
		if (notice.kind == KAFKA_NOTHING) {
			return;
		}
		on_notice(member, &notice);
	}
}

static inline void step(struct member *member)
{
	mock_wait(kafka_source_fd(member->source), 50);
	kafka_source_woken(member->source);
	notices(member);
	take(member);
}

static inline void leave(struct member *member)
{
	kafka_source_close(member->source);
	MOCK_UNTIL(20, kafka_source_closed(member->source), {
		mock_wait(kafka_source_fd(member->source), 50);
		kafka_source_woken(member->source);
		notices(member);
	});
	kafka_source_destroy(member->source);
	member->source = NULL;
}

static inline unsigned seen(const struct member *member, unsigned partition, unsigned from, unsigned to)
{
	unsigned count = 0;
	for (unsigned i = from; i < to; i++) {
		count += member->seen[partition][i];
	}
	return count;
}
