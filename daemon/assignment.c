#include "daemon/assignment.h"

#include "core/base/check.h"

struct assigned *assignment_find(struct assignment *assignment, struct partition partition)
{
	for (size_t i = 0; i < assignment->count; i++) {
		struct assigned *part = &assignment->parts[i];
		if (part->partition.topic == partition.topic && part->partition.number == partition.number) {
			return part;
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
