#include "core/edge/kafka_slots.h"

#include <assert.h>
#include <string.h>

#include "core/base/check.h"

static_assert((KAFKA_SLOTS_INDEX & (KAFKA_SLOTS_INDEX - 1)) == 0, "the index is walked by a mask");

void kafka_slots_clear(struct kafka_slots *slots)
{
	slots->count = 0;
	memset(slots->index, 0, sizeof(slots->index));
}

/* Neighbouring partitions of a topic lie side by side, topics far apart. */
static size_t place_of(struct partition partition)
{
	return ((uint32_t)partition.number + partition.topic * 97u) & (KAFKA_SLOTS_INDEX - 1);
}

static bool is_at(const struct kafka_slot *slot, struct partition partition)
{
	return partition_equal(slot->partition, partition);
}

void kafka_slots_add(struct kafka_slots *slots, struct partition partition, int64_t next)
{
	CHECK(slots->count < PARTITIONS_MAX);
	CHECK(kafka_slots_find(slots, partition) == NULL);
	size_t place = place_of(partition);
	while (slots->index[place] != 0) {
		place = (place + 1) & (KAFKA_SLOTS_INDEX - 1);
	}
	slots->slots[slots->count] = (struct kafka_slot){.partition = partition, .next = next};
	slots->index[place] = (uint16_t)++slots->count;
}

struct kafka_slot *kafka_slots_find(struct kafka_slots *slots, struct partition partition)
{
	for (size_t place = place_of(partition); slots->index[place] != 0;
	     place = (place + 1) & (KAFKA_SLOTS_INDEX - 1)) {
		struct kafka_slot *slot = &slots->slots[slots->index[place] - 1];
		if (is_at(slot, partition)) {
			return slot;
		}
	}
	return NULL;
}
