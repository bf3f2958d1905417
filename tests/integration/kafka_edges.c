/*
 * The Kafka edges by hand: what tests/integration/kafka_edges_test.py drives against a real broker.
 *
 *	kafka_edges create BROKERS TOPIC:PARTITIONS[:compact]…	one line a topic: NAME PARTITIONS new|existed
 *	kafka_edges look BROKERS TOPIC…				one line a topic: NAME PARTITIONS
 *	kafka_edges produce BROKERS TOPIC			stdin: KEY VALUE a line; prints delivered=N lost=N
 *	kafka_edges consume BROKERS GROUP INSTANCE SESSION_MS BUFFER_MB[/LANES] TOPIC…	a member, see kafka_edges_consume.c
 *	kafka_edges drain BROKERS GROUP BUFFER_MB COUNT TOPIC	reads COUNT messages as fast as it can, prints what it cost
 *	kafka_edges trim BROKERS TOPIC PARTITION OFFSET		deletes what lies before
 *	kafka_edges transact BROKERS TOPIC commit|abort COUNT	a transaction of so many messages, partition 0
 *	kafka_edges committed BROKERS GROUP TOPIC PARTITION	the group's committed offset
 *
 * Exit codes as those of our programs; trouble goes to stderr.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/edge/kafka_admin.h"
#include "core/edge/kafka_sink.h"
#include "tests/integration/kafka_edges.h"

/* KAFKA_EDGES_MS, or 10 s: how long the admin verbs wait for a broker. */
static unsigned admin_ms_max(void)
{
	const char *given = getenv("KAFKA_EDGES_MS");
	return given != NULL ? (unsigned)strtoul(given, NULL, 10) : 10000;
}

int edges_complain(const struct fail *fail)
{
	fprintf(stderr, "%s\n", fail->text);
	return (int)fail->exit_code;
}

/* "name:8:compact" */
static void read_topic(char *word, struct kafka_topic *ret_topic)
{
	char *partitions = strchr(word, ':');
	*ret_topic = (struct kafka_topic){.name = word, .compacted = strstr(word, ":compact") != NULL};
	if (partitions != NULL) {
		*partitions = '\0';
		ret_topic->partitions = (int)strtol(partitions + 1, NULL, 10);
	}
}

static int run_create(const char *brokers, char **words, size_t count)
{
	struct kafka_topic topics[16];
	struct fail fail;
	CHECK(count <= COUNT_OF(topics));
	for (size_t i = 0; i < count; i++) {
		read_topic(words[i], &topics[i]);
	}
	if (!kafka_admin_create_topics(brokers, NULL, topics, count, 1, admin_ms_max(), &fail)) {
		return edges_complain(&fail);
	}
	for (size_t i = 0; i < count; i++) {
		printf("%s %d %s\n", topics[i].name, topics[i].partitions, topics[i].existed ? "existed" : "new");
	}
	return EXIT_DONE;
}

static int run_look(const char *brokers, char **words, size_t count)
{
	struct kafka_topic topics[16];
	struct fail fail;
	CHECK(count <= COUNT_OF(topics));
	for (size_t i = 0; i < count; i++) {
		topics[i] = (struct kafka_topic){.name = words[i]};
	}
	if (!kafka_admin_look(brokers, NULL, topics, count, admin_ms_max(), &fail)) {
		return edges_complain(&fail);
	}
	for (size_t i = 0; i < count; i++) {
		printf("%s %d\n", topics[i].name, topics[i].partitions);
	}
	return EXIT_DONE;
}

static void on_delivered(void *context, void *token, bool delivered)
{
	size_t *counts = context;
	(void)token;
	counts[delivered ? 1 : 0]++;
}

static void wait_and_poll(struct kafka_sink *sink)
{
	poll(&(struct pollfd){.fd = kafka_sink_fd(sink), .events = POLLIN}, 1, 100);
	while (kafka_sink_poll(sink)) {
	}
}

static int run_produce(const char *brokers, char **words, size_t count)
{
	const struct kafka_sink_options options = {
		.brokers = brokers, .client_id = "kafka_edges", .buffer_kib_max = 16384, .delivery_ms_max = 10000};
	struct fail fail = {0};
	size_t counts[2] = {0}, sent = 0;
	char line[65536];
	CHECK(count == 1);
	struct kafka_sink *sink = kafka_sink_create(&options, on_delivered, counts, &fail);
	if (sink == NULL) {
		return edges_complain(&fail);
	}
	while (fgets(line, sizeof(line), stdin) != NULL) {
		char *value = line + strcspn(line, " ");
		CHECK(*value == ' ');
		size_t key_size = (size_t)(value - line);
		value++;
		while (!kafka_sink_send(sink, words[0], line, key_size, value, strcspn(value, "\n"), NULL,
					&fail)) {
			if (fail.kind != FAIL_RETRY) {
				kafka_sink_destroy(sink, 0);
				return edges_complain(&fail);
			}
			wait_and_poll(sink);
		}
		sent++;
	}
	while (counts[0] + counts[1] < sent) {
		wait_and_poll(sink);
	}
	kafka_sink_destroy(sink, 0);
	printf("delivered=%zu lost=%zu\n", counts[1], counts[0]);
	return EXIT_DONE;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *verb;
		int (*run)(const char *brokers, char **words, size_t count);
	} verbs[] = {
		{"create", run_create},	      {"look", run_look},
		{"produce", run_produce},     {"consume", edges_consume},
		{"drain", edges_drain},	      {"trim", edges_trim},
		{"transact", edges_transact}, {"committed", edges_committed},
	};
	for (size_t i = 0; argc > 3 && i < COUNT_OF(verbs); i++) {
		if (strcmp(argv[1], verbs[i].verb) == 0) {
			return verbs[i].run(argv[2], argv + 3, (size_t)(argc - 3));
		}
	}
	fprintf(stderr, "usage: kafka_edges VERB BROKERS WORD...\n");
	return EXIT_USAGE;
}
