/*
 * phasectl topics create; and which topics there are.
 */
#include "ctl/topics.h"

#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "ctl/ctl.h"

#define CREATE_MS_MAX 15000

static struct {
	int64_t partitions, replication;
} asked = {.partitions = 8};

static const struct option_about options[] = {
	{"partitions", "N", OPTION_NUMBER, &asked.partitions, 1, PARTITIONS_MAX, "of each topic (default: 8)"},
	{"replication", "N", OPTION_NUMBER, &asked.replication, 1, 100,
	 "copies of each (default: as the cluster is configured)"},
	{0},
};

size_t topics_of_conf(const struct conf *conf, int partitions,
		      struct kafka_topic ret_topics[static TOPICS_ALL_MAX])
{
	size_t count = 0;
	CHECK(conf->kafka.topics.count <= TOPICS_MAX);
	for (size_t i = 0; i < conf->kafka.topics.count; i++) {
		ret_topics[count++] =
			(struct kafka_topic){.name = conf->kafka.topics.items[i], .partitions = partitions};
	}
	if (conf->kafka.topic[CONF_ERASURE][0] != '\0') {
		ret_topics[count++] = (struct kafka_topic){
			.name = conf->kafka.topic[CONF_ERASURE], .partitions = partitions, .compacted = true};
	}
	return count;
}

bool topics_keep_erasures(const struct conf *conf, unsigned ms_max, struct fail *fail)
{
	const char *topic = conf->kafka.topic[CONF_ERASURE];
	char policy[KAFKA_POLICY_SIZE];
	return kafka_admin_policy(conf->kafka.brokers, conf->kafka.properties, topic, ms_max, policy, fail) &&
	       (strcmp(policy, "compact") == 0 || fail_set(fail, FAIL_FATAL, EXIT_CONFIG,
							   "kafka: %s: cleanup.policy is %s, expected compact: "
							   "erasures would be deleted from it, and "
							   "whoever is erased would come back with a backup",
							   topic, policy));
}

const char *topics_of_channel(const struct conf *conf, enum channel channel)
{
	static const enum conf_topic topic[CHANNEL_COUNT] = {
		[CHANNEL_WEB] = CONF_WEB, [CHANNEL_EMAIL] = CONF_EMAIL, [CHANNEL_CHAT] = CONF_CHAT,
		[CHANNEL_CRM] = CONF_CRM, [CHANNEL_OFFLINE] = CONF_CRM,
	};
	return conf->kafka.topic[topic[channel]];
}

static int run(struct ctl *ctl)
{
	struct fail fail;
	if (!ctl_read_conf_for_kafka(ctl, &fail)) {
		return ctl_complain(&fail);
	}
	struct kafka_topic topics[TOPICS_ALL_MAX];
	size_t count = topics_of_conf(&ctl->conf, (int)asked.partitions, topics);
	if (!kafka_admin_create_topics(ctl->conf.kafka.brokers, ctl->conf.kafka.properties, topics, count,
				       (int)asked.replication, CREATE_MS_MAX, &fail)) {
		return ctl_give_up(ctl, &fail);
	}
	for (size_t i = 0; i < count; i++) {
		printf("%-24s %s, %d partition%s%s\n", topics[i].name, topics[i].existed ? "was there" : "created",
		       topics[i].partitions, topics[i].partitions == 1 ? "" : "s",
		       topics[i].compacted && !topics[i].existed ? ", compacted" : "");
	}
	return EXIT_DONE;
}

const struct command topics_create_command = {
	.words = "topics create",
	.summary = "make the topics that the configuration names",
	.details = "Those that are there are left as they are. The topic of erasures is compacted.",
	.options = options,
	.run = run,
};
