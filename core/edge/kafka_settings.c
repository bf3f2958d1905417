/*
 * Which librdkafka settings the source runs with, and why. Decides nothing while it runs.
 */
#include <stdio.h>

#include "core/base/check.h"
#include "core/edge/kafka_source_inside.h"

/* What librdkafka needs for a message beside its key and value (measured with 2.0.2: 330 to 350), and how large those are. */
#define OVERHEAD_SIZE 350u
#define USUAL_SIZE 210u
#define MIB 1048576u

struct kafka_buffer kafka_source_buffer(unsigned buffer_mb, unsigned queues, bool quick)
{
	CHECK(buffer_mb >= 1 && buffer_mb <= 2047 && queues >= 1);
	unsigned mb = !quick || buffer_mb < 4 ? buffer_mb : buffer_mb < 16 ? 4 : buffer_mb / 4;
	uint64_t size = (uint64_t)mb * MIB / queues;
	/* Messages of the usual size reach both limits at once; smaller ones the count, larger ones the bytes. */
	uint64_t messages = size / (USUAL_SIZE + OVERHEAD_SIZE), kib = messages * USUAL_SIZE / 1024;
	unsigned fetch_mb = mb < 16 ? 1 : mb < 400 ? mb / 8 : 50;
	return (struct kafka_buffer){
		.kib = kib > 0 ? (unsigned)kib : 1,
		.messages = messages > 0 ? (unsigned)messages : 1,
		.fetch_bytes = fetch_mb * MIB,
		/* Several partitions share an answer, but each in a run long enough for a batch: somebody's messages of an
		 * hour are then folded at once, rather than a few in each of several batches. */
		.partition_bytes = (fetch_mb < 3 ? 1 : fetch_mb / 3) * MIB,
		.backoff_ms = quick ? 10 : 0,
	};
}

bool kafka_source_is_quick(void)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	CHECK(conf != NULL);
	bool knows = rd_kafka_conf_set(conf, "fetch.queue.backoff.ms", "10", NULL, 0) == RD_KAFKA_CONF_OK;
	rd_kafka_conf_destroy(conf);
	return knows;
}

rd_kafka_conf_t *kafka_source_conf(const struct kafka_source_options *options, struct fail *fail)
{
	char session_ms[16], heartbeat_ms[16], poll_ms[16], kib[16], messages[16], fetch_bytes[16],
		partition_bytes[16], backoff_ms[16];
	struct kafka_buffer buffer = kafka_source_buffer(
		options->buffer_mb, options->lanes > 0 ? options->lanes : 1, kafka_source_is_quick());
	unsigned session = options->session_ms;
	snprintf(session_ms, sizeof(session_ms), "%u", session);
	snprintf(heartbeat_ms, sizeof(heartbeat_ms), "%u", session / 4 < 3000 ? session / 4 : 3000);
	snprintf(poll_ms, sizeof(poll_ms), "%u", session > 300000 ? session : 300000);
	snprintf(kib, sizeof(kib), "%u", buffer.kib);
	snprintf(messages, sizeof(messages), "%u", buffer.messages);
	snprintf(fetch_bytes, sizeof(fetch_bytes), "%u", buffer.fetch_bytes);
	snprintf(partition_bytes, sizeof(partition_bytes), "%u", buffer.partition_bytes);
	snprintf(backoff_ms, sizeof(backoff_ms), "%u", buffer.backoff_ms);
	bool is_static = options->instance_id != NULL && options->instance_id[0] != '\0';
	const struct kafka_setting settings[] = {
		{"group.id", options->group, true},
		{"group.instance.id", is_static ? options->instance_id : NULL, true},
		{"session.timeout.ms", session_ms, true},
		{"heartbeat.interval.ms", heartbeat_ms, false},
		{"max.poll.interval.ms", poll_ms, false},
		/* Positions are the caller's, and nobody else's. */
		{"enable.auto.commit", "false", true},
		{"enable.auto.offset.store", "false", true},
		{"auto.offset.reset", "error", true},
		{"isolation.level", "read_committed", true},
		{"enable.partition.eof", "false", true},
		/* Equal partition counts and one key: one member has a person's events of all topics. */
		{"partition.assignment.strategy", "range", true},
		{"allow.auto.create.topics", "false", true},
		{"topic.metadata.refresh.interval.ms", "5000", false}, /* a topic made later is found soon */
		{"queued.max.messages.kbytes", kib, false},
		{"queued.min.messages", messages, false},
		{"fetch.max.bytes", fetch_bytes, false},
		{"max.partition.fetch.bytes", partition_bytes, false},
		{"fetch.wait.max.ms", "100", false},
		{"fetch.queue.backoff.ms", buffer.backoff_ms > 0 ? backoff_ms : NULL, false},
		{"statistics.interval.ms", "1000", true}, /* AWAY and BACK come from them */
		{0},
	};
	return kafka_client_conf(options->brokers, options->client_id, settings, options->properties, fail);
}
