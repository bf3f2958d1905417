#include "daemon/assignment.h"

#include "core/base/check.h"

struct assigned *assignment_find(struct assignment *assignment, struct partition partition)
{
	struct assigned *parts = assignment->parts;
	size_t last = assignment->last;
	if (last < assignment->count && partition_equal(parts[last].partition, partition)) {
		return &parts[last];
	}
	for (size_t i = 0; i < assignment->count; i++) {
		if (partition_equal(parts[i].partition, partition)) {
			assignment->last = i;
			return &parts[i];
		}
	}
	return NULL;
}

void assignment_set(struct assignment *assignment, const struct partition *partitions,
		    const struct position_row *positions, size_t count, unsigned lane, unsigned lanes)
{
	CHECK(count <= PARTITIONS_MAX);
	assignment->count = 0;
	for (size_t i = 0; i < count; i++) {
		if (partition_lane(partitions[i], lanes) == lane) {
			assignment->parts[assignment->count++] =
				(struct assigned){.partition = partitions[i],
						  .next_offset = positions[i].from_offset,
						  .epoch = positions[i].epoch};
		}
	}
}

void assignment_drop(struct assignment *assignment, struct partition partition)
{
	struct assigned *part = assignment_find(assignment, partition);
	if (part != NULL) {
		*part = assignment->parts[--assignment->count];
	}
}

void assignment_clear(struct assignment *assignment)
{
	assignment->count = 0;
}
