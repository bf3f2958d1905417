/*
 * librdkafka's mock cluster, in this process: brokers that can be taken away at will, topics that appear when named.
 */
#pragma once
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <poll.h>

#define TEST_AT_ONCE 12 /* each has a cluster of its own, and waits for its members to join */
#include "core/base/moment.h"
#include "tests/table.h"

struct mock_kafka {
	rd_kafka_t *rk; /* only carries the cluster */
	rd_kafka_mock_cluster_t *cluster;
	const char *brokers;
};

static inline void mock_kafka_start(struct mock_kafka *mock)
{
	char why[256];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_conf_set_log_cb(conf, NULL);
	mock->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	ck_assert_msg(mock->rk != NULL, "%s", why);
	mock->cluster = rd_kafka_mock_cluster_new(mock->rk, 1);
	ck_assert_ptr_nonnull(mock->cluster);
	mock->brokers = rd_kafka_mock_cluster_bootstraps(mock->cluster);
}

/* A topic that nobody may write: brokers show none of its partitions then. */
static inline void mock_kafka_deny(struct mock_kafka *mock, const char *topic)
{
	ck_assert_int_eq(rd_kafka_mock_topic_create(mock->cluster, topic, 0, 1), RD_KAFKA_RESP_ERR_NO_ERROR);
	rd_kafka_mock_topic_set_error(mock->cluster, topic, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
}

static inline void mock_kafka_stop(struct mock_kafka *mock)
{
	rd_kafka_mock_cluster_destroy(mock->cluster);
	rd_kafka_destroy(mock->rk);
}

/* Waits until the descriptor is readable; false when `ms` pass first. */
static inline bool mock_wait(int fd, int ms)
{
	struct pollfd watched = {.fd = fd, .events = POLLIN};
	return poll(&watched, 1, ms) == 1;
}

/* Repeats `body` until `done`; the test fails when `seconds` pass first. */
#define MOCK_UNTIL(seconds, done, body) \
	do { \
		int64_t mock_end_us = moment_monotonic_us() + (seconds)*MOMENT_SECOND_US; \
		while (!(done)) { \
			ck_assert_msg(moment_monotonic_us() < mock_end_us, "%d s passed without: %s", seconds, \
				      #done); \
			body; \
		} \
	} while (0)
