/* What only librdkafka itself can do: faults and looks that the tests need and our edges do not. */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "tests/integration/kafka_edges.h"

#define WAIT_MS 10000

static rd_kafka_t *start(rd_kafka_type_t type, const char *brokers, const char *key, const char *value)
{
	char why[256];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	CHECK(rd_kafka_conf_set(conf, "bootstrap.servers", brokers, why, sizeof(why)) == RD_KAFKA_CONF_OK);
	if (key != NULL) {
		CHECK(rd_kafka_conf_set(conf, key, value, why, sizeof(why)) == RD_KAFKA_CONF_OK);
	}
	rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof(why));
	CHECK(rk != NULL);
	return rk;
}

static int say(const char *what, rd_kafka_resp_err_t error)
{
	if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
		return EXIT_DONE;
	}
	fprintf(stderr, "%s: %s\n", what, rd_kafka_err2str(error));
	return EXIT_AWAY;
}

static int say_error(const char *what, rd_kafka_error_t *error)
{
	rd_kafka_resp_err_t code = error != NULL ? rd_kafka_error_code(error) : RD_KAFKA_RESP_ERR_NO_ERROR;
	if (error != NULL) {
		rd_kafka_error_destroy(error);
	}
	return say(what, code);
}

int edges_trim(const char *brokers, char **words, size_t count)
{
	CHECK(count == 3);
	rd_kafka_t *rk = start(RD_KAFKA_PRODUCER, brokers, NULL, NULL);
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(list, words[0], (int32_t)strtol(words[1], NULL, 10))->offset =
		strtoll(words[2], NULL, 10);
	rd_kafka_DeleteRecords_t *request = rd_kafka_DeleteRecords_new(list);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	rd_kafka_DeleteRecords(rk, &request, 1, NULL, queue);
	rd_kafka_event_t *event = rd_kafka_queue_poll(queue, WAIT_MS);
	CHECK(event != NULL);
	int status = say("trim", rd_kafka_event_error(event));
	rd_kafka_event_destroy(event);
	rd_kafka_queue_destroy(queue);
	rd_kafka_DeleteRecords_destroy(request);
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_destroy(rk);
	return status;
}

int edges_transact(const char *brokers, char **words, size_t count)
{
	CHECK(count == 3);
	rd_kafka_t *rk = start(RD_KAFKA_PRODUCER, brokers, "transactional.id", words[0]);
	int status = say_error("init", rd_kafka_init_transactions(rk, WAIT_MS));
	status = status != 0 ? status : say_error("begin", rd_kafka_begin_transaction(rk));
	for (long i = 0; status == 0 && i < strtol(words[2], NULL, 10); i++) {
		char value[64];
		int size = snprintf(value, sizeof(value), "%s-%ld", words[1], i);
		status = say("produce",
			     rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(words[0]), RD_KAFKA_V_PARTITION(0),
					       RD_KAFKA_V_VALUE(value, (size_t)size),
					       RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END));
	}
	status = status != 0 ? status : say("flush", rd_kafka_flush(rk, WAIT_MS));
	if (status == 0 && strcmp(words[1], "commit") == 0) {
		status = say_error("commit", rd_kafka_commit_transaction(rk, WAIT_MS));
	} else if (status == 0) {
		status = say_error("abort", rd_kafka_abort_transaction(rk, WAIT_MS));
	}
	rd_kafka_destroy(rk);
	return status;
}

int edges_committed(const char *brokers, char **words, size_t count)
{
	CHECK(count == 3);
	rd_kafka_t *rk = start(RD_KAFKA_CONSUMER, brokers, "group.id", words[0]);
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(list, words[1], (int32_t)strtol(words[2], NULL, 10));
	int status = say("committed", rd_kafka_committed(rk, list, WAIT_MS));
	printf("%lld\n", (long long)list->elems[0].offset);
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_destroy(rk);
	return status;
}
