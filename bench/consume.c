/*
 * bench_consume: reads a topic from beginning to end with nothing behind it: what librdkafka alone costs, with the buffer
 * that phased has. Ends with one line of JSON on stdout.
 */
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "ctl/options.h"

#define TAKE_MAX 10000
#define PARTITIONS 256
#define SILENCE_MS_MAX 30000

static const char *brokers, *topic;
static int64_t partitions = 8, buffer_mb = 64;

static const struct option_about options[] = {
	{"brokers", "HOST:PORT", OPTION_TEXT, &brokers, 0, 0, "where Kafka is"},
	{"topic", "TOPIC", OPTION_TEXT, &topic, 0, 0, "what to read"},
	{"partitions", "N", OPTION_NUMBER, &partitions, 1, PARTITIONS, "how many it has"},
	{"buffer-mb", "N", OPTION_NUMBER, &buffer_mb, 1, 2047, "as kafka.buffer_mb"},
	{0},
};

static rd_kafka_t *make_consumer(void)
{
	char kib[16], messages[16], fetch[16], why[256];
	snprintf(kib, sizeof(kib), "%" PRId64, buffer_mb * 1024);
	snprintf(messages, sizeof(messages), "%" PRId64,
		 buffer_mb * 16384 < 10000000 ? buffer_mb * 16384 : 10000000);
	snprintf(fetch, sizeof(fetch), "%" PRId64,
		 (buffer_mb < 8	    ? 1
		  : buffer_mb < 200 ? buffer_mb / 4
				    : 50) *
			 1048576);
	const char *const settings[][2] = {
		{"bootstrap.servers", brokers},	     {"group.id", "bench_consume"},
		{"enable.auto.commit", "false"},     {"enable.auto.offset.store", "false"},
		{"queued.max.messages.kbytes", kib}, {"queued.min.messages", messages},
		{"fetch.max.bytes", fetch},	     {"fetch.wait.max.ms", "100"},
	};
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], why, sizeof(why)) !=
		    RD_KAFKA_CONF_OK) {
			fprintf(stderr, "bench_consume: %s: %s\n", settings[i][0], why);
			exit(EXIT_CONFIG);
		}
	}
	rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
	CHECK(consumer != NULL);
	return consumer;
}

/* Assigns all partitions from their beginning; returns how many messages there are. */
static int64_t assign_all(rd_kafka_t *consumer)
{
	int64_t waiting = 0;
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)partitions);
	for (int32_t i = 0; i < partitions; i++) {
		int64_t low, high;
		rd_kafka_resp_err_t error =
			rd_kafka_query_watermark_offsets(consumer, topic, i, &low, &high, SILENCE_MS_MAX);
		if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
			fprintf(stderr, "bench_consume: %s/%d: %s\n", topic, (int)i, rd_kafka_err2str(error));
			exit(EXIT_AWAY);
		}
		waiting += high - low;
		rd_kafka_topic_partition_list_add(list, topic, i)->offset = low;
	}
	CHECK(rd_kafka_assign(consumer, list) == RD_KAFKA_RESP_ERR_NO_ERROR);
	rd_kafka_topic_partition_list_destroy(list);
	return waiting;
}

static double cpu_s(void)
{
	struct rusage used;
	getrusage(RUSAGE_SELF, &used);
	return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
	       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv)
{
	static rd_kafka_message_t *messages[TAKE_MAX];
	struct fail fail;
	int rest;
	if (!options_parse(options, NULL, argc - 1, argv + 1, &rest, &fail) || brokers == NULL || topic == NULL) {
		fprintf(stderr, "bench_consume: needs --brokers and --topic\n");
		return EXIT_USAGE;
	}
	rd_kafka_t *consumer = make_consumer();
	rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(consumer);
	double cpu_before_s = cpu_s();
	int64_t begun_us = moment_monotonic_us(), first_us = 0, first = 0, taken = 0;
	uint64_t bytes = 0;
	for (int64_t waiting = assign_all(consumer); taken < waiting;) {
		ssize_t count = rd_kafka_consume_batch_queue(queue, taken == 0 ? SILENCE_MS_MAX : 1000, messages,
							     TAKE_MAX);
		CHECK(count >= 0);
		for (ssize_t i = 0; i < count; i++) {
			CHECK(messages[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR);
			bytes += messages[i]->len;
			rd_kafka_message_destroy(messages[i]);
		}
		taken += count;
		if (first == 0) {
			first = taken;
			first_us = moment_monotonic_us();
		}
	}
	int64_t ended_us = moment_monotonic_us();
	printf("{\"events\": %" PRId64 ", \"bytes\": %" PRIu64
	       ", \"seconds\": %.4f, \"events_a_second\": %.0f, \"cpu_s\": %.3f}\n",
	       taken, bytes, (double)(ended_us - begun_us) / 1e6,
	       (double)(taken - first) * 1e6 / (double)(ended_us > first_us ? ended_us - first_us : 1),
	       cpu_s() - cpu_before_s);
	rd_kafka_queue_destroy(queue);
	rd_kafka_consumer_close(consumer);
	rd_kafka_destroy(consumer);
	return EXIT_DONE;
}
