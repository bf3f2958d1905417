#include "core/edge/kafka_admin.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/kafka_client.h"

/* How often a new topic is looked at until it has its leaders. */
#define LOOK_AGAIN_MS 50

struct admin {
	rd_kafka_t *rk;
	int64_t deadline_us;
	struct fail *fail;
};

static int left_ms(const struct admin *admin)
{
	int64_t left_us = admin->deadline_us - moment_monotonic_us();
	return left_us > 0 ? (int)(left_us / 1000) + 1 : 0;
}

static bool start(struct admin *admin, const char *brokers, const char *const *properties, unsigned ms_max,
		  struct fail *fail)
{
	static const struct kafka_setting none[] = {{0}};
	*admin = (struct admin){.deadline_us = moment_monotonic_us() + (int64_t)ms_max * 1000, .fail = fail};
	rd_kafka_conf_t *conf = kafka_client_conf(brokers, "phasectl", none, properties, fail);
	if (conf == NULL) {
		return false;
	}
	admin->rk = kafka_client_create(RD_KAFKA_PRODUCER, &conf, fail);
	return admin->rk != NULL;
}

static void finish(struct admin *admin)
{
	kafka_client_destroy(admin->rk);
}

/* Whatever the brokers did not do: away, not allowed, or refused. */
static bool complain(const struct admin *admin, const char *object, rd_kafka_resp_err_t error)
{
	switch (error) {
	case RD_KAFKA_RESP_ERR__TIMED_OUT:
	case RD_KAFKA_RESP_ERR__TRANSPORT:
	case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
	case RD_KAFKA_RESP_ERR__RESOLVE:
	case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
	case RD_KAFKA_RESP_ERR_NOT_CONTROLLER:
	case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
		return fail_set(admin->fail, FAIL_RETRY, EXIT_AWAY, "kafka: %s: no broker answered in time",
				object);
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
	case RD_KAFKA_RESP_ERR__AUTHENTICATION:
		return fail_set(admin->fail, FAIL_FATAL, EXIT_NOT_ALLOWED, "kafka: %s: %s", object,
				rd_kafka_err2str(error));
	default:
		return fail_set(admin->fail, FAIL_FATAL, EXIT_CONFIG, "kafka: %s: %s", object,
				rd_kafka_err2str(error));
	}
}

static const rd_kafka_metadata_topic_t *find(const rd_kafka_metadata_t *metadata, const char *name)
{
	for (int i = 0; i < metadata->topic_cnt; i++) {
		if (strcmp(metadata->topics[i].topic, name) == 0) {
			return &metadata->topics[i];
		}
	}
	return NULL;
}

static bool has_leaders(const rd_kafka_metadata_topic_t *topic)
{
	for (int i = 0; i < topic->partition_cnt; i++) {
		if (topic->partitions[i].leader < 0) {
			return false;
		}
	}
	return topic->partition_cnt > 0;
}

/* Fills partitions; *ret_whole: every topic is there and led. */
static bool look(const struct admin *admin, struct kafka_topic *topics, size_t count, bool *ret_whole)
{
	const rd_kafka_metadata_t *metadata;
	rd_kafka_resp_err_t error = rd_kafka_metadata(admin->rk, 1, NULL, &metadata, left_ms(admin));
	if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
		return complain(admin, "topics", error);
	}
	*ret_whole = true;
	for (size_t i = 0; i < count; i++) {
		const rd_kafka_metadata_topic_t *topic = find(metadata, topics[i].name);
		topics[i].partitions = topic != NULL ? topic->partition_cnt : 0;
		*ret_whole = *ret_whole && topic != NULL && has_leaders(topic);
	}
	rd_kafka_metadata_destroy(metadata);
	return true;
}

bool kafka_admin_look(const char *brokers, const char *const *properties, struct kafka_topic *topics, size_t count,
		      unsigned ms_max, struct fail *fail)
{
	struct admin admin;
	bool whole;
	bool good = start(&admin, brokers, properties, ms_max, fail) && look(&admin, topics, count, &whole);
	for (size_t i = 0; good && i < count; i++) {
		topics[i].existed = topics[i].partitions > 0;
	}
	finish(&admin);
	return good;
}

static rd_kafka_NewTopic_t *describe(const struct admin *admin, const struct kafka_topic *topic, int partitions,
				     int replication)
{
	char why[256];
	rd_kafka_NewTopic_t *described = rd_kafka_NewTopic_new(
		topic->name, partitions, replication > 0 ? replication : -1, why, sizeof(why));
	if (described == NULL) {
		fail_set(admin->fail, FAIL_FATAL, EXIT_CONFIG, "kafka: %s: %s", topic->name, why);
		return NULL;
	}
	if (topic->compacted) {
		rd_kafka_NewTopic_set_config(described, "cleanup.policy", "compact");
	}
	return described;
}

/* The answer has one result a topic. */
static bool read_answer(const struct admin *admin, rd_kafka_event_t *event)
{
	if (event == NULL) {
		return complain(admin, "topics", RD_KAFKA_RESP_ERR__TIMED_OUT);
	}
	if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
		return complain(admin, "topics", rd_kafka_event_error(event));
	}
	size_t count;
	const rd_kafka_topic_result_t **results =
		rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
	for (size_t i = 0; i < count; i++) {
		rd_kafka_resp_err_t error = rd_kafka_topic_result_error(results[i]);
		/* Somebody else made it since we looked: as good. */
		if (error != RD_KAFKA_RESP_ERR_NO_ERROR && error != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
			return complain(admin, rd_kafka_topic_result_name(results[i]), error);
		}
	}
	return true;
}

static bool ask(const struct admin *admin, rd_kafka_NewTopic_t **described, size_t count)
{
	char why[256];
	rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(admin->rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
	int ms = left_ms(admin) > 0 ? left_ms(admin) : 1;
	rd_kafka_AdminOptions_set_request_timeout(options, ms, why, sizeof(why));
	rd_kafka_AdminOptions_set_operation_timeout(options, ms, why, sizeof(why));
	rd_kafka_queue_t *queue = rd_kafka_queue_new(admin->rk);
	rd_kafka_CreateTopics(admin->rk, described, count, options, queue);
	rd_kafka_event_t *event = rd_kafka_queue_poll(queue, ms + 1000);
	bool good = read_answer(admin, event);
	if (event != NULL) {
		rd_kafka_event_destroy(event);
	}
	rd_kafka_queue_destroy(queue);
	rd_kafka_AdminOptions_destroy(options);
	return good;
}

/* `wanted`: partitions to make, by topic. */
static bool create_missing(const struct admin *admin, const struct kafka_topic *topics, const int *wanted,
			   size_t count, int replication)
{
	rd_kafka_NewTopic_t **described = calloc(count + 1, sizeof(*described));
	CHECK(described != NULL);
	size_t missing = 0;
	bool good = true;
	for (size_t i = 0; good && i < count; i++) {
		if (topics[i].existed) {
			continue;
		}
		described[missing] = describe(admin, &topics[i], wanted[i], replication);
		good = described[missing] != NULL;
		missing += good ? 1 : 0;
	}
	good = good && (missing == 0 || ask(admin, described, missing));
	rd_kafka_NewTopic_destroy_array(described, missing);
	free(described);
	return good;
}

static bool wait_until_led(const struct admin *admin, struct kafka_topic *topics, size_t count)
{
	for (;;) {
		bool whole = false;
		if (!look(admin, topics, count, &whole)) {
			return false;
		}
		if (whole) {
			return true;
		}
		if (left_ms(admin) == 0) {
			return complain(admin, "topics", RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE);
		}
		poll(NULL, 0, LOOK_AGAIN_MS);
	}
}

bool kafka_admin_create_topics(const char *brokers, const char *const *properties, struct kafka_topic *topics,
			       size_t count, int replication, unsigned ms_max, struct fail *fail)
{
	struct admin admin;
	bool whole = false;
	int *wanted = calloc(count + 1, sizeof(*wanted));
	CHECK(wanted != NULL);
	for (size_t i = 0; i < count; i++) {
		wanted[i] = topics[i].partitions;
	}
	bool good = start(&admin, brokers, properties, ms_max, fail) && look(&admin, topics, count, &whole);
	for (size_t i = 0; good && i < count; i++) {
		topics[i].existed = topics[i].partitions > 0;
	}
	good = good && create_missing(&admin, topics, wanted, count, replication) &&
	       wait_until_led(&admin, topics, count);
	finish(&admin);
	free(wanted);
	return good;
}

static bool find_moment(const struct admin *admin, struct kafka_bounds *bounds)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_t *wanted =
		rd_kafka_topic_partition_list_add(list, bounds->topic, bounds->partition);
	wanted->offset = moment_floor(bounds->at_us + 999, 1000); /* ms; not before it */
	rd_kafka_resp_err_t error = rd_kafka_offsets_for_times(admin->rk, list, left_ms(admin));
	error = error == RD_KAFKA_RESP_ERR_NO_ERROR ? wanted->err : error;
	bounds->at = wanted->offset >= 0 ? wanted->offset : bounds->high;
	rd_kafka_topic_partition_list_destroy(list);
	return error == RD_KAFKA_RESP_ERR_NO_ERROR || complain(admin, bounds->topic, error);
}

static bool find_bounds(const struct admin *admin, struct kafka_bounds *bounds)
{
	rd_kafka_resp_err_t error = rd_kafka_query_watermark_offsets(admin->rk, bounds->topic, bounds->partition,
								     &bounds->low, &bounds->high, left_ms(admin));
	if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
		return complain(admin, bounds->topic, error);
	}
	return bounds->at_us == INT64_MIN || find_moment(admin, bounds);
}

bool kafka_admin_bounds(const char *brokers, const char *const *properties, struct kafka_bounds *bounds,
			size_t count, unsigned ms_max, struct fail *fail)
{
	struct admin admin;
	struct kafka_topic *topics = calloc(count + 1, sizeof(*topics));
	CHECK(topics != NULL);
	for (size_t i = 0; i < count; i++) {
		topics[i].name = bounds[i].topic;
	}
	bool whole;
	bool good = start(&admin, brokers, properties, ms_max, fail) && look(&admin, topics, count, &whole);
	for (size_t i = 0; good && i < count; i++) {
		bounds[i].low = bounds[i].high = bounds[i].at = -1;
		/* One that is not there would be waited for. */
		if (bounds[i].partition >= 0 && bounds[i].partition < topics[i].partitions) {
			good = find_bounds(&admin, &bounds[i]);
		}
	}
	finish(&admin);
	free(topics);
	return good;
}

static bool read_policy(const struct admin *admin, const char *topic, rd_kafka_event_t *event, char *ret_policy)
{
	size_t count, entry_count;
	if (event == NULL) {
		return complain(admin, topic, RD_KAFKA_RESP_ERR__TIMED_OUT);
	}
	if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
		return complain(admin, topic, rd_kafka_event_error(event));
	}
	const rd_kafka_ConfigResource_t **resources =
		rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count);
	rd_kafka_resp_err_t error =
		count == 1 ? rd_kafka_ConfigResource_error(resources[0]) : RD_KAFKA_RESP_ERR_UNKNOWN;
	if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
		return complain(admin, topic, error);
	}
	const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resources[0], &entry_count);
	for (size_t i = 0; i < entry_count; i++) {
		const char *value = rd_kafka_ConfigEntry_value(entries[i]);
		if (strcmp(rd_kafka_ConfigEntry_name(entries[i]), "cleanup.policy") == 0 && value != NULL) {
			snprintf(ret_policy, KAFKA_POLICY_SIZE, "%s", value);
			return true;
		}
	}
	return complain(admin, topic, RD_KAFKA_RESP_ERR_UNKNOWN);
}

bool kafka_admin_policy(const char *brokers, const char *const *properties, const char *topic, unsigned ms_max,
			char ret_policy[static KAFKA_POLICY_SIZE], struct fail *fail)
{
	struct admin admin;
	char why[256];
	if (!start(&admin, brokers, properties, ms_max, fail)) {
		finish(&admin);
		return false;
	}
	rd_kafka_ConfigResource_t *resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
	rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(admin.rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
	CHECK(resource != NULL && options != NULL);
	rd_kafka_AdminOptions_set_request_timeout(options, left_ms(&admin), why, sizeof(why));
	rd_kafka_queue_t *queue = rd_kafka_queue_new(admin.rk);
	rd_kafka_DescribeConfigs(admin.rk, &resource, 1, options, queue);
	rd_kafka_event_t *event = rd_kafka_queue_poll(queue, left_ms(&admin) + 1000);
	bool good = read_policy(&admin, topic, event, ret_policy);
	if (event != NULL) {
		rd_kafka_event_destroy(event);
	}
	rd_kafka_queue_destroy(queue);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_ConfigResource_destroy(resource);
	finish(&admin);
	return good;
}
