/* core/edge/kafka_sink.h against librdkafka's mock cluster. */
#include "core/edge/kafka_sink.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tests/edge/mock_kafka.h"

#define TOKENS_MAX 3000

struct seen {
	unsigned delivered[TOKENS_MAX], lost[TOKENS_MAX];
	unsigned delivered_total, lost_total;
};

static void on_delivered(void *context, void *token, bool delivered)
{
	struct seen *seen = context;
	uintptr_t number = (uintptr_t)token;
	ck_assert_uint_lt(number, TOKENS_MAX);
	if (delivered) {
		seen->delivered[number]++;
		seen->delivered_total++;
	} else {
		seen->lost[number]++;
		seen->lost_total++;
	}
}

static struct kafka_sink *create(const char *brokers, unsigned delivery_ms_max, struct seen *seen)
{
	struct fail fail;
	const struct kafka_sink_options options = {.brokers = brokers,
						   .client_id = "test",
						   .buffer_kib_max = 256,
						   .delivery_ms_max = delivery_ms_max};
	struct kafka_sink *sink = kafka_sink_create(&options, on_delivered, seen, &fail);
	ck_assert_msg(sink != NULL, "%s", fail.text);
	return sink;
}

static bool give(struct kafka_sink *sink, uintptr_t token, size_t size, struct fail *fail)
{
	static char value[1100000];
	return kafka_sink_send(sink, "phased.web", "sixteen bytes id", 16, value, size, (void *)token, fail);
}

/* As a loop would: sleep until the descriptor is readable, then poll until nothing is left. */
static void step(struct kafka_sink *sink)
{
	mock_wait(kafka_sink_fd(sink), 100);
	while (kafka_sink_poll(sink)) {
	}
}

START_TEST(each_message_is_reported_once)
{
	struct mock_kafka mock;
	struct seen seen = {0};
	struct fail fail;
	mock_kafka_start(&mock);
	struct kafka_sink *sink = create(mock.brokers, 10000, &seen);
	for (uintptr_t i = 0; i < 1000; i++) {
		ck_assert_msg(give(sink, i, 100, &fail), "%s", fail.text);
	}
	MOCK_UNTIL(20, seen.delivered_total >= 1000, step(sink));
	for (size_t i = 0; i < 1000; i++) {
		ck_assert_uint_eq(seen.delivered[i], 1);
	}
	ck_assert_uint_eq(seen.lost_total, 0);
	ck_assert(kafka_sink_state(sink) == KAFKA_SINK_UP);
	kafka_sink_destroy(sink, 1000);
	ck_assert_uint_eq(seen.delivered_total, 1000);
	mock_kafka_stop(&mock);
}
END_TEST

START_TEST(broker_away_is_said_and_broker_back_is_used)
{
	struct mock_kafka mock;
	struct seen seen = {0};
	mock_kafka_start(&mock);
	struct kafka_sink *sink = create(mock.brokers, 4000, &seen);
	ck_assert(give(sink, 1, 100, NULL));
	MOCK_UNTIL(20, seen.delivered_total == 1, step(sink));

	rd_kafka_mock_broker_set_down(mock.cluster, 1);
	MOCK_UNTIL(20, kafka_sink_state(sink) == KAFKA_SINK_AWAY, step(sink));
	ck_assert(give(sink, 2, 100, NULL));
	MOCK_UNTIL(20, seen.lost_total > 0, step(sink));
	ck_assert_uint_eq(seen.lost[2], 1);

	rd_kafka_mock_broker_set_up(mock.cluster, 1);
	MOCK_UNTIL(20, kafka_sink_state(sink) == KAFKA_SINK_UP, step(sink));
	ck_assert(give(sink, 3, 100, NULL));
	MOCK_UNTIL(20, seen.delivered_total == 2, step(sink));
	ck_assert_uint_eq(seen.delivered[3], 1);
	kafka_sink_destroy(sink, 1000);
	ck_assert_uint_eq(seen.lost_total, 1);
	mock_kafka_stop(&mock);
}
END_TEST

START_TEST(ending_reports_what_was_not_written)
{
	struct seen seen = {0};
	struct kafka_sink *sink = create("127.0.0.1:1", 60000, &seen);
	ck_assert(give(sink, 1, 100, NULL));
	ck_assert(give(sink, 2, 100, NULL));
	int64_t begun_us = moment_monotonic_us();
	kafka_sink_destroy(sink, 100);
	ck_assert_int_lt(moment_monotonic_us() - begun_us, 5 * MOMENT_SECOND_US);
	ck_assert_uint_eq(seen.lost[1], 1);
	ck_assert_uint_eq(seen.lost[2], 1);
	ck_assert_uint_eq(seen.delivered_total, 0);
}
END_TEST

START_TEST(full_buffer_refuses_and_reports_nothing)
{
	struct seen seen = {0};
	struct fail fail = {0};
	struct kafka_sink *sink = create("127.0.0.1:1", 60000, &seen);
	uintptr_t sent = 0;
	while (sent < TOKENS_MAX && give(sink, sent, 1000, &fail)) {
		sent++;
	}
	ck_assert_uint_gt(sent, 200); /* 256 KiB of 1,016 bytes */
	ck_assert_uint_lt(sent, 300);
	ck_assert_int_eq(fail.kind, FAIL_RETRY);
	kafka_sink_destroy(sink, 0);
	ck_assert_uint_eq(seen.lost_total, sent);
}
END_TEST

START_TEST(too_large_a_message_is_its_own_fault)
{
	struct seen seen = {0};
	struct fail fail = {0};
	struct kafka_sink *sink = create("127.0.0.1:1", 60000, &seen);
	ck_assert(!give(sink, 1, 1100000, &fail));
	ck_assert_int_eq(fail.kind, FAIL_DATA);
	kafka_sink_destroy(sink, 0);
	ck_assert_uint_eq(seen.lost_total, 0);
}
END_TEST

START_TEST(settings_are_refused_without_showing_their_values)
{
	static const struct {
		const char *properties[3];
		const char *named;
	} rows[] = {
		{{"no.such.setting", "secret-value"}, "no.such.setting"},
		{{"security.protocol", "secret-value"}, "security.protocol"},
		{{"enable.idempotence", "false"}, "enable.idempotence"},
		{{"acks", "1"}, "acks"},
		{{"bootstrap.servers", "secret-value"}, "bootstrap.servers"},
		{{"linger.ms"}, "linger.ms"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fail fail = {0};
		const struct kafka_sink_options options = {.brokers = "127.0.0.1:1",
							   .properties = rows[i].properties,
							   .buffer_kib_max = 256,
							   .delivery_ms_max = 1000};
		ck_assert_ptr_null(kafka_sink_create(&options, on_delivered, NULL, &fail));
		ck_assert_int_eq(fail.exit_code, EXIT_CONFIG);
		ck_assert_msg(strstr(fail.text, rows[i].named) != NULL, "%s", fail.text);
		ck_assert_msg(strstr(fail.text, "secret") == NULL, "%s", fail.text);
	}
	static const char *const fine[] = {"linger.ms", "0", "compression.type", "lz4", NULL};
	const struct kafka_sink_options options = {
		.brokers = "127.0.0.1:1", .properties = fine, .buffer_kib_max = 256, .delivery_ms_max = 1000};
	struct fail fail;
	struct kafka_sink *sink = kafka_sink_create(&options, on_delivered, NULL, &fail);
	ck_assert_msg(sink != NULL, "%s", fail.text);
	kafka_sink_destroy(sink, 0);
}
END_TEST

START_TEST(nothing_is_printed_while_brokers_are_away)
{
	char path[] = "/tmp/phased-sink-XXXXXX";
	int file = mkstemp(path);
	ck_assert_int_ge(file, 0);
	unlink(path);
	fflush(NULL);
	int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
	dup2(file, STDOUT_FILENO);
	dup2(file, STDERR_FILENO);
	struct seen seen = {0};
	struct kafka_sink *sink = create("127.0.0.1:1,no-such-host.test:9092", 1500, &seen);
	bool sent = give(sink, 1, 100, NULL);
	MOCK_UNTIL(20, seen.lost_total > 0, step(sink));
	kafka_sink_destroy(sink, 0);
	fflush(NULL);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	ck_assert(sent && seen.lost_total == 1);
	ck_assert_int_eq(lseek(file, 0, SEEK_END), 0);
	close(file);
}
END_TEST

START_TEST(producer_that_gave_up_says_so)
{
	struct mock_kafka mock;
	struct seen seen = {0};
	struct fail fail = {0};
	mock_kafka_start(&mock);
	const int16_t init_producer_id = 22;
	rd_kafka_mock_push_request_errors(mock.cluster, init_producer_id, 1,
					  RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED);
	struct kafka_sink *sink = create(mock.brokers, 60000, &seen);
	MOCK_UNTIL(20, kafka_sink_is_dead(sink), step(sink)); /* and nobody sent anything */
	ck_assert(!give(sink, 1, 100, &fail));
	ck_assert_int_eq(fail.kind, FAIL_FATAL);
	ck_assert(kafka_sink_state(sink) == KAFKA_SINK_AWAY);
	kafka_sink_destroy(sink, 0);
	ck_assert_uint_eq(seen.lost_total, 0);
	mock_kafka_stop(&mock);
}
END_TEST

/* A permission that is missing for one topic says nothing of the others. */
START_TEST(a_topic_that_may_not_be_written_is_that_topics_trouble)
{
	struct mock_kafka mock;
	struct seen seen = {0};
	struct fail fail = {0};
	mock_kafka_start(&mock);
	mock_kafka_deny(&mock, "phased.rejected");
	struct kafka_sink *sink = create(mock.brokers, 60000, &seen);
	unsigned taken = 0;
	MOCK_UNTIL(20, !kafka_sink_send(sink, "phased.rejected", NULL, 0, "x", 1, (void *)1, &fail), {
		taken++;
		step(sink);
	});
	ck_assert_int_eq(fail.kind, FAIL_RETRY);
	ck_assert_msg(strstr(fail.text, "phased.rejected") != NULL, "%s", fail.text);
	ck_assert(!kafka_sink_is_dead(sink));
	ck_assert(give(sink, 2, 100, NULL));
	MOCK_UNTIL(20, seen.delivered[2] == 1, step(sink));
	kafka_sink_destroy(sink, 0);
	ck_assert_uint_eq(seen.lost[1], taken);
	mock_kafka_stop(&mock);
}
END_TEST

TEST_MAIN("kafka_sink", each_message_is_reported_once, broker_away_is_said_and_broker_back_is_used,
	  ending_reports_what_was_not_written, full_buffer_refuses_and_reports_nothing,
	  producer_that_gave_up_says_so, too_large_a_message_is_its_own_fault,
	  settings_are_refused_without_showing_their_values, nothing_is_printed_while_brokers_are_away,
	  a_topic_that_may_not_be_written_is_that_topics_trouble)
