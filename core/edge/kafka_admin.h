/*
 * Makes topics, looks whether they are there and how far their logs reach. Blocks up to its deadline: for phasectl, not for loops.
 *
 * Never changes or deletes a topic.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/fail.h"

struct kafka_topic {
	const char *name;
	int partitions; /* in: how many to make; out: how many there are, 0: it is not there */
	bool compacted; /* in: keep the newest message of a key for ever */
	bool existed;	/* out: it was there before */
};

/*
 * Creates those that are missing and waits until each has its leaders; those that are there are left as they are.
 * `replication` 0: as the cluster is configured. False: *fail says which and why; a broker away is FAIL_RETRY /
 * EXIT_AWAY; what was made before it stays.
 */
bool kafka_admin_create_topics(const char *brokers, const char *const *properties, struct kafka_topic *topics,
			       size_t count, int replication, unsigned ms_max, struct fail *fail);
/* Fills partitions and existed. */
bool kafka_admin_look(const char *brokers, const char *const *properties, struct kafka_topic *topics, size_t count,
		      unsigned ms_max, struct fail *fail);

/* How a topic that is there is cleaned up: its cleanup.policy. Needs DESCRIBE_CONFIGS on it. */
#define KAFKA_POLICY_SIZE 64
bool kafka_admin_policy(const char *brokers, const char *const *properties, const char *topic, unsigned ms_max,
			char ret_policy[static KAFKA_POLICY_SIZE], struct fail *fail);

/* What the log of a partition holds: offsets low … high - 1. */
struct kafka_bounds {
	const char *topic;
	int32_t partition;
	int64_t at_us;	   /* in: also look for the first message of this time or later; INT64_MIN: no */
	int64_t low, high; /* out; -1: there is no such partition */
	int64_t at;	   /* out: that message, or high where there is none so late */
};
bool kafka_admin_bounds(const char *brokers, const char *const *properties, struct kafka_bounds *bounds,
			size_t count, unsigned ms_max, struct fail *fail);
