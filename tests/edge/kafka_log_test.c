/* core/edge/kafka_log.h against librdkafka's mock cluster: whatever a broker answers, a reader comes to the end or says why it does not. */
#include "core/edge/kafka_log.h"

#include <stdio.h>
#include <string.h>

#include "tests/edge/mock_kafka.h"

#define TOPIC "phased.erasure"
#define API_FETCH 1
#define PARTITIONS 2
#define MESSAGES 20

static void produce(const struct mock_kafka *mock)
{
	char why[256], value[] = "x";
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_conf_set(conf, "bootstrap.servers", mock->brokers, why, sizeof(why));
	rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	ck_assert_ptr_nonnull(rk);
	for (int i = 0; i < MESSAGES; i++) {
		rd_kafka_resp_err_t error =
			rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(TOPIC), RD_KAFKA_V_PARTITION(i % PARTITIONS),
					  RD_KAFKA_V_VALUE(value, 1), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
					  RD_KAFKA_V_END);
		ck_assert_int_eq(error, 0);
	}
	ck_assert_int_eq(rd_kafka_flush(rk, 20000), 0);
	rd_kafka_destroy(rk);
}

static struct kafka_log *begin(struct mock_kafka *mock)
{
	struct fail fail;
	mock_kafka_start(mock);
	ck_assert_int_eq(rd_kafka_mock_topic_create(mock->cluster, TOPIC, PARTITIONS, 1), 0);
	produce(mock);
	const struct kafka_log_options options = {.brokers = mock->brokers, .client_id = "test", .topic = TOPIC};
	struct kafka_log *log = kafka_log_create(&options, &fail);
	ck_assert_msg(log != NULL, "%s", fail.text);
	return log;
}

/* What came of a reader until its end, or until it broke. */
struct seen {
	unsigned messages[PARTITIONS][MESSAGES], aways;
	char away[512]; /* the first */
	enum kafka_log_result last;
	struct fail fail;
};

static void step(struct kafka_log *log, struct seen *seen)
{
	struct kafka_log_message message;
	seen->last = kafka_log_next(log, &message, &seen->fail);
	if (seen->last == KAFKA_LOG_MESSAGE) {
		seen->messages[message.partition][message.offset]++;
	} else if (seen->last == KAFKA_LOG_AWAY && seen->aways++ == 0) {
		snprintf(seen->away, sizeof(seen->away), "%s", seen->fail.text);
	} else if (seen->last == KAFKA_LOG_NOTHING) {
		mock_wait(kafka_log_fd(log), 100);
	}
}

static void read_all(struct kafka_log *log, struct seen *seen)
{
	MOCK_UNTIL(40, seen->last == KAFKA_LOG_END || seen->last == KAFKA_LOG_BROKEN, step(log, seen));
}

static void expect_all(const struct seen *seen)
{
	ck_assert_int_eq(seen->last, KAFKA_LOG_END);
	for (int i = 0; i < MESSAGES; i++) {
		ck_assert_uint_ge(seen->messages[i % PARTITIONS][i / PARTITIONS], 1);
	}
}

START_TEST(all_of_a_topic_comes_once)
{
	struct mock_kafka mock;
	struct seen seen = {.last = KAFKA_LOG_NOTHING};
	struct kafka_log *log = begin(&mock);
	read_all(log, &seen);
	expect_all(&seen);
	ck_assert_uint_eq(seen.aways, 0);
	ck_assert_uint_eq(seen.messages[0][0], 1);
	kafka_log_destroy(log);
	mock_kafka_stop(&mock);
}
END_TEST

/* What the mock answers to the first fetches, and what is said of it. */
static void refuse(rd_kafka_resp_err_t error, size_t times, const char *said)
{
	struct mock_kafka mock;
	struct seen seen = {.last = KAFKA_LOG_NOTHING};
	struct kafka_log *log = begin(&mock);
	for (size_t i = 0; i < times; i++) {
		rd_kafka_mock_push_request_errors(mock.cluster, API_FETCH, 1, error);
	}
	read_all(log, &seen);
	expect_all(&seen);
	ck_assert_uint_gt(seen.aways, 0);
	ck_assert_msg(strncmp(seen.away, "kafka: " TOPIC "/", strlen("kafka: " TOPIC "/")) == 0 &&
			      strstr(seen.away, said) != NULL,
		      "%s", seen.away);
	kafka_log_destroy(log);
	mock_kafka_stop(&mock);
}

START_TEST(where_its_place_is_gone_it_reads_from_the_beginning_again)
{
	refuse(RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, 1, rd_kafka_err2str(RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET));
}
END_TEST

START_TEST(what_cannot_be_read_is_said_and_asked_for_again)
{
	refuse(RD_KAFKA_RESP_ERR_INVALID_MSG, 3, rd_kafka_err2str(RD_KAFKA_RESP_ERR_INVALID_MSG));
}
END_TEST

START_TEST(what_may_not_be_read_ends_it)
{
	struct mock_kafka mock;
	struct seen seen = {.last = KAFKA_LOG_NOTHING};
	struct kafka_log *log = begin(&mock);
	rd_kafka_mock_push_request_errors(mock.cluster, API_FETCH, 1,
					  RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
	read_all(log, &seen);
	ck_assert_int_eq(seen.last, KAFKA_LOG_BROKEN);
	ck_assert_int_eq(seen.fail.exit_code, EXIT_NOT_ALLOWED);
	kafka_log_destroy(log);
	mock_kafka_stop(&mock);
}
END_TEST

TEST_MAIN("kafka_log", all_of_a_topic_comes_once, where_its_place_is_gone_it_reads_from_the_beginning_again,
	  what_cannot_be_read_is_said_and_asked_for_again, what_may_not_be_read_ends_it)
