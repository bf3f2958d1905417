/*
 * Makes topics, looks whether they are there. Blocks up to its deadline: for phasectl, not for loops.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/base/fail.h"

struct kafka_topic {
	const char *name;
	int partitions;
	bool compacted;
	bool existed; /* out: it was there before */
};

/* Creates those that are missing. False: *fail says which and why; a broker away is FAIL_RETRY / EXIT_AWAY. */
bool kafka_admin_create_topics(const char *brokers, const char *const *properties, struct kafka_topic *topics,
			       size_t count, int replication, unsigned ms_max, struct fail *fail);
/* Fills partitions (0: not there). */
bool kafka_admin_look(const char *brokers, const char *const *properties, struct kafka_topic *topics, size_t count,
		      unsigned ms_max, struct fail *fail);
