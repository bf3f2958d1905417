/*
 * What health checks and /metrics are told of the loop: which lanes work, what is ours, what waits.
 */
#include <stdio.h>

#include "daemon/loop_inside.h"

/* Which lanes wait, or NULL when all are up. */
static const char *why_lanes_wait(struct loop *loop, unsigned *ret_up)
{
	unsigned up = 0, settled = 0;
	size_t used = (size_t)snprintf(loop->why, sizeof(loop->why), "waiting for PostgreSQL (lane");
	for (unsigned i = 0; i < loop->lane_count; i++) {
		settled += loop->lanes[i].link == LINK_SETTLED ? 1 : 0;
		if (loop->lanes[i].link == LINK_UP) {
			up++;
		} else {
			used += (size_t)snprintf(loop->why + used, sizeof(loop->why) - used, " %u", i);
		}
	}
	snprintf(loop->why + used, sizeof(loop->why) - used, ")\n");
	*ret_up = up;
	if (up == loop->lane_count) {
		return NULL;
	}
	return up > 0 ? loop->why : settled > 0 ? "waiting for a model\n" : "waiting for PostgreSQL\n";
}

static double lag_of(const struct lane *lane)
{
	double lag = 0;
	for (size_t i = 0; i < lane->assignment.count; i++) {
		const struct assigned *part = &lane->assignment.parts[i];
		int64_t end = lane->io.ops->source_end(lane->io.self, part->partition);
		if (end > 0) {
			lag += (double)(end - (part->next_offset > 0 ? part->next_offset : 0));
		}
	}
	return lag;
}

void loop_look_after_health(struct loop *loop)
{
	struct counters *counters = loop->options->counters;
	unsigned up;
	const char *why = why_lanes_wait(loop, &up);
	if (why == NULL && counters->source_up.value == 0) {
		why = "waiting for Kafka\n";
	} else if (why == NULL && loop_assigned(loop) == 0) {
		why = "waiting for partitions\n";
	}
	loop->health = (struct loop_health){why == NULL, why};
	counters->store_up.value = up > 0 ? 1 : 0;
	counters->lanes_up.value = up;
	counters->lanes.value = loop->lane_count;
	counters->assigned.value = (double)loop_assigned(loop);
	counters->gaps.value = (double)loop->io.ops->source_holes(loop->io.self);
	counters->turns.value = counters->lag.value = 0;
	for (unsigned i = 0; i < loop->lane_count; i++) {
		const struct lane *lane = &loop->lanes[i];
		counters->turns.value += (double)lane->io.ops->store_turns(lane->io.self);
		counters->lag.value += lag_of(lane);
	}
}
