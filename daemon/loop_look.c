/*
 * Looking after positions that `phasectl position set` has changed.
 *
 * A batch finds out when it moves its positions on. A partition that is quiet, or has stopped since its position is not in the
 * log, has no batch: so every few seconds a lane asks, between two batches, where all positions stand. Whatever else may have
 * become of them (claimed by another daemon, say) is for batches and rebalances to find.
 */
#include <inttypes.h>

#include "core/base/log.h"
#include "core/base/moment.h"
#include "daemon/loop_inside.h"

#define LOOK_US (3 * MOMENT_SECOND_US)

static void list_positions(struct loop *loop)
{
	loop->look_count = 0;
	for (unsigned i = 0; i < loop->lane_count; i++) {
		const struct assignment *assignment = &loop->lanes[i].assignment;
		for (size_t j = 0; j < assignment->count; j++) {
			struct partition partition = assignment->parts[j].partition;
			loop->look_partitions[loop->look_count] = partition;
			loop->looked[loop->look_count++] = (struct position_row){
				.topic = loop->options->topics[partition.topic],
				.partition = partition.number,
			};
		}
	}
}

bool loop_send_look(struct loop *loop, struct lane *lane)
{
	if (loop_now_us(loop) < loop->look_at_us || loop->look_lane != NULL || !loop_may_begin(loop) ||
	    loop_assigned(loop) == 0) {
		return false;
	}
	struct fail fail;
	list_positions(loop);
	arena_reset(&loop->look_arena, 0);
	if (lane->io.ops->store_look(lane->io.self, loop->options->conf->kafka.group, loop->looked,
				     loop->look_count, &loop->look_arena, &fail)) {
		lane->turn = TURN_LOOK;
		loop->look_lane = lane;
	} else {
		lane_lost(lane, &fail);
	}
	return true;
}

void loop_looked(struct loop *loop)
{
	loop->look_at_us = loop_now_us(loop) + LOOK_US;
	for (size_t i = 0; i < loop->look_count; i++) {
		const struct position_row *row = &loop->looked[i];
		unsigned lane = partition_lane(loop->look_partitions[i], loop->lane_count);
		const struct assigned *part =
			assignment_find(&loop->lanes[lane].assignment, loop->look_partitions[i]);
		/* Epochs only grow: one that is lower was read before our claim. */
		if (part != NULL && row->set_by_hand && row->epoch > part->epoch && loop->is_member) {
			log_warning("%s/%d: was set by phasectl to %" PRId64 ", claiming anew", row->topic,
				    (int)row->partition, row->from_offset);
			loop->claim_wanted = true;
		}
	}
}
