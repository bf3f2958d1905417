/*
 * The partitions that a source reads, and where each goes on: found by topic and number in a few instructions, since
 * that is asked for every message.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/message.h"

struct kafka_slot {
	struct partition partition;
	int64_t next;	   /* offset; below 0: unknown until the first message */
	bool out_of_range; /* to be said */
	int64_t mirror;	   /* offset to be mirrored; 0: nothing new */
};

#define KAFKA_SLOTS_INDEX (2 * PARTITIONS_MAX)

struct kafka_slots {
	struct kafka_slot slots[PARTITIONS_MAX];
	size_t count;
	uint16_t index[KAFKA_SLOTS_INDEX]; /* open addressing: 1 + place in slots; 0: free */
};

void kafka_slots_clear(struct kafka_slots *slots);
/* At most PARTITIONS_MAX, none twice. */
void kafka_slots_add(struct kafka_slots *slots, struct partition partition, int64_t next);
/* NULL when it is not among them. */
struct kafka_slot *kafka_slots_find(struct kafka_slots *slots, struct partition partition);
