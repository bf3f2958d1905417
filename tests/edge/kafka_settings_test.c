/* core/edge/kafka_settings.c: what librdkafka is told, and how much memory that may take. */
#include <stdlib.h>

#include "core/edge/kafka_source_inside.h"
#include "tests/table.h"

#define OVERHEAD_SIZE 350

/* The most that a queue takes when all its messages are of one size: it stops at the bytes or at the count. */
static uint64_t most(const struct kafka_buffer *buffer, uint64_t message_size)
{
	uint64_t count = (uint64_t)buffer->kib * 1024 / message_size;
	count = count < buffer->messages ? count : buffer->messages;
	return count * (message_size + OVERHEAD_SIZE);
}

START_TEST(buffer_holds_within_its_memory_whatever_the_size_of_messages)
{
	static const struct {
		unsigned mb, queues;
		bool quick;
		unsigned of_it; /* MiB that are used */
	} rows[] = {
		{128, 1, false, 128}, {128, 2, false, 128},   {128, 5, false, 128}, {1, 1, false, 1},
		{1, 8, false, 1},     {2047, 1, false, 2047}, {128, 1, true, 32},   {2047, 3, true, 511},
		{16, 1, true, 4},     {8, 2, true, 4},	      {3, 1, true, 3},
	};
	static const uint64_t sizes[] = {1, 30, 100, 210, 400, 1000, 20000, 65536};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct kafka_buffer buffer = kafka_source_buffer(rows[i].mb, rows[i].queues, rows[i].quick);
		uint64_t limit = (uint64_t)rows[i].of_it * 1048576;
		for (size_t j = 0; j < COUNT_OF(sizes); j++) {
			ck_assert_uint_le(most(&buffer, sizes[j]) * rows[i].queues, limit);
		}
		/* and of the usual size it holds nearly all of it */
		ck_assert_uint_gt(most(&buffer, 210) * rows[i].queues, limit * 97 / 100);
		ck_assert_uint_eq(buffer.backoff_ms, rows[i].quick ? 10 : 0);
		ck_assert_uint_ge(buffer.fetch_bytes, 1048576); /* the largest message must fit */
		ck_assert_uint_ge(buffer.partition_bytes, 1048576);
		ck_assert_uint_le(buffer.partition_bytes, buffer.fetch_bytes);
	}
}
END_TEST

START_TEST(default_buffer_feeds_a_full_drain_on_an_old_librdkafka)
{
	/* It stops for a second once full: so many messages are the rate. */
	struct kafka_buffer old = kafka_source_buffer(128, 1, false);
	ck_assert_uint_ge(old.messages, 200000);
	ck_assert_uint_ge(old.kib * 1024 / 200, 200000);
}
END_TEST

static const char *const topics[] = {"a", "b"};

START_TEST(settings_are_what_the_design_says)
{
	static const struct {
		const char *key, *value;
	} rows[] = {
		{"bootstrap.servers", "127.0.0.1:1"},
		{"client.id", "c"},
		{"group.id", "g"},
		{"group.instance.id", "one"},
		{"session.timeout.ms", "10000"},
		{"heartbeat.interval.ms", "2500"},
		{"max.poll.interval.ms", "300000"},
		{"enable.auto.commit", "false"},
		{"enable.auto.offset.store", "false"},
		{"auto.offset.reset", "error"},
		{"isolation.level", "read_committed"},
		{"partition.assignment.strategy", "range"},
		{"allow.auto.create.topics", "false"},
		{"fetch.max.bytes", "16777216"},
		{"max.partition.fetch.bytes", "5242880"},
	};
	const struct kafka_source_options options = {.brokers = "127.0.0.1:1",
						     .group = "g",
						     .instance_id = "one",
						     .client_id = "c",
						     .topics = topics,
						     .topic_count = 2,
						     .buffer_mb = 128,
						     .session_ms = 10000};
	struct fail fail;
	rd_kafka_conf_t *conf = kafka_source_conf(&options, &fail);
	ck_assert_msg(conf != NULL, "%s", fail.text);
	char value[256];
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		size_t size = sizeof(value);
		ck_assert_int_eq(rd_kafka_conf_get(conf, rows[i].key, value, &size), RD_KAFKA_CONF_OK);
		if (strstr(rows[i].key, "fetch") == NULL || !kafka_source_is_quick()) {
			ck_assert_msg(strcmp(value, rows[i].value) == 0, "%s is %s", rows[i].key, value);
		}
	}
	rd_kafka_conf_destroy(conf);
}
END_TEST

START_TEST(full_queue_is_looked_at_again_soon_where_librdkafka_can)
{
	const struct kafka_source_options options = {.brokers = "127.0.0.1:1",
						     .group = "g",
						     .topics = topics,
						     .topic_count = 2,
						     .buffer_mb = 128,
						     .session_ms = 10000};
	ck_assert_int_eq(kafka_source_is_quick(), rd_kafka_version() >= 0x02020000);
	rd_kafka_conf_t *conf = kafka_source_conf(&options, NULL);
	ck_assert_ptr_nonnull(conf);
	struct kafka_buffer buffer = kafka_source_buffer(128, 1, kafka_source_is_quick());
	char value[32];
	size_t size = sizeof(value);
	rd_kafka_conf_res_t known = rd_kafka_conf_get(conf, "fetch.queue.backoff.ms", value, &size);
	ck_assert_int_eq(known, kafka_source_is_quick() ? RD_KAFKA_CONF_OK : RD_KAFKA_CONF_UNKNOWN);
	ck_assert(known != RD_KAFKA_CONF_OK || strcmp(value, "10") == 0);
	size = sizeof(value);
	rd_kafka_conf_get(conf, "queued.min.messages", value, &size);
	ck_assert_uint_eq(strtoul(value, NULL, 10), buffer.messages);
	size = sizeof(value);
	rd_kafka_conf_get(conf, "queued.max.messages.kbytes", value, &size);
	ck_assert_uint_eq(strtoul(value, NULL, 10), buffer.kib);
	rd_kafka_conf_destroy(conf);
}
END_TEST

TEST_MAIN("kafka_settings", buffer_holds_within_its_memory_whatever_the_size_of_messages,
	  default_buffer_feeds_a_full_drain_on_an_old_librdkafka, settings_are_what_the_design_says,
	  full_queue_is_looked_at_again_soon_where_librdkafka_can)
