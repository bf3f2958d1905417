/*
 * core/edge/kafka_client.h: a name server that does not answer keeps librdkafka's threads, and not those who end their client.
 */
#include <dlfcn.h>
#include <netdb.h>
#include <poll.h>
#include <stdatomic.h>
#include <unistd.h>

#include "core/base/fail.h"
#include "core/edge/kafka_admin.h"
#include "core/edge/kafka_sink.h"
#include "core/edge/kafka_source.h"
#include "tests/edge/mock_kafka.h"

#define LOOK_UP_MS_MAX 60000
#define END_US_MAX (10 * MOMENT_SECOND_US) /* of machines that have much else to do; it takes one */

static int answer[2];	    /* closed: the name server answers that it knows none */
static atomic_bool is_well; /* it answers at once */
static atomic_uint asked;   /* while it was not */

typedef int look_up(const char *, const char *, const struct addrinfo *, struct addrinfo **);

/* In place of the C library's, for librdkafka too. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **ret_found)
{
	if (is_well) {
		look_up *real;
		*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
		return real(name, service, hints, ret_found);
	}
	struct pollfd watched = {.fd = answer[0], .events = POLLIN};
	asked++;
	poll(&watched, 1, LOOK_UP_MS_MAX);
	return EAI_NONAME;
}

struct seen {
	unsigned delivered, lost;
};

static void on_delivered(void *context, void *token, bool delivered)
{
	struct seen *seen = context;
	ck_assert_ptr_eq(token, seen);
	*(delivered ? &seen->delivered : &seen->lost) += 1;
}

static struct kafka_sink *create(const char *brokers, struct seen *seen)
{
	struct fail fail;
	const struct kafka_sink_options options = {
		.brokers = brokers, .buffer_kib_max = 1024, .delivery_ms_max = 60000};
	struct kafka_sink *sink = kafka_sink_create(&options, on_delivered, seen, &fail);
	ck_assert_msg(sink != NULL, "%s", fail.text);
	return sink;
}

static void give(struct kafka_sink *sink, struct seen *seen)
{
	struct fail fail;
	ck_assert_msg(kafka_sink_send(sink, "phased.web", NULL, 0, "x", 1, seen, &fail), "%s", fail.text);
}

static void wait_until_asked(void)
{
	MOCK_UNTIL(20, asked > 0, mock_wait(-1, 5));
}

static void took_no_look_up(int64_t begun_us)
{
	ck_assert_int_lt(moment_monotonic_us() - begun_us, END_US_MAX);
	close(answer[1]);
}

START_TEST(sink_ends_during_a_look_up)
{
	struct seen seen = {0};
	ck_assert_int_eq(pipe(answer), 0);
	struct kafka_sink *sink = create("kafka.test:9092", &seen);
	give(sink, &seen);
	wait_until_asked();
	int64_t begun_us = moment_monotonic_us();
	kafka_sink_destroy(sink, 0);
	took_no_look_up(begun_us);
	ck_assert_uint_eq(seen.lost, 1);
}
END_TEST

/* What it has for a broker only that broker's thread can give back, and that one asks for the name again. */
START_TEST(sink_ends_during_the_look_up_of_a_broker_it_knew)
{
	struct mock_kafka mock;
	struct seen seen = {0};
	ck_assert_int_eq(pipe(answer), 0);
	is_well = true;
	mock_kafka_start(&mock);
	struct kafka_sink *sink = create(mock.brokers, &seen);
	give(sink, &seen);
	MOCK_UNTIL(20, seen.delivered == 1, {
		mock_wait(kafka_sink_fd(sink), 50);
		kafka_sink_poll(sink);
	});
	is_well = false;
	rd_kafka_mock_broker_set_down(mock.cluster, 1);
	give(sink, &seen);
	give(sink, &seen);
	wait_until_asked();
	int64_t begun_us = moment_monotonic_us();
	kafka_sink_destroy(sink, 0);
	took_no_look_up(begun_us);
	ck_assert_uint_eq(seen.delivered, 1);
	ck_assert_uint_eq(seen.lost, 2);
	mock_kafka_stop(&mock);
}
END_TEST

START_TEST(source_ends_during_a_look_up)
{
	static const char *const topics[] = {"phased.web"};
	struct fail fail;
	ck_assert_int_eq(pipe(answer), 0);
	const struct kafka_source_options options = {.brokers = "kafka.test:9092",
						     .group = "g",
						     .topics = topics,
						     .topic_count = 1,
						     .buffer_mb = 1,
						     .session_ms = 10000};
	struct kafka_source *source = kafka_source_create(&options, &fail);
	ck_assert_msg(source != NULL, "%s", fail.text);
	wait_until_asked();
	int64_t begun_us = moment_monotonic_us();
	kafka_source_destroy(source);
	took_no_look_up(begun_us);
}
END_TEST

START_TEST(who_asks_for_topics_has_his_time_limit)
{
	struct fail fail;
	ck_assert_int_eq(pipe(answer), 0);
	struct kafka_topic topic = {.name = "phased.web"};
	int64_t begun_us = moment_monotonic_us();
	ck_assert(!kafka_admin_look("kafka.test:9092", NULL, &topic, 1, 500, &fail));
	ck_assert_uint_gt(asked, 0);
	took_no_look_up(begun_us);
	ck_assert_int_eq(fail.exit_code, EXIT_AWAY);
}
END_TEST

TEST_MAIN("kafka_names", sink_ends_during_a_look_up, sink_ends_during_the_look_up_of_a_broker_it_knew,
	  source_ends_during_a_look_up, who_asks_for_topics_has_his_time_limit)
