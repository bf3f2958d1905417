/*
 * What health checks and /metrics are told of the loop: which lanes work, what is ours, what waits.
 */
#include <stdio.h>

#include "core/base/moment.h"
#include "daemon/eraser.h"
#include "daemon/loop_inside.h"

#define MEASURE_US MOMENT_SECOND_US

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

void loop_look_after_health(struct loop *loop)
{
	struct counters *counters = loop->options->counters;
	unsigned up;
	const char *why = why_lanes_wait(loop, &up);
	if (why == NULL && counters->source_up.value == 0) {
		why = "waiting for Kafka\n";
	} else if (why == NULL && loop->eraser != NULL) {
		why = eraser_why(loop->eraser);
	} else if (why == NULL && loop_assigned(loop) == 0) {
		why = "waiting for partitions\n";
	}
	loop->health = (struct loop_health){why == NULL, why};
	counters->store_up.value = up > 0 ? 1 : 0;
	counters->lanes_up.value = up;
	counters->lanes.value = loop->lane_count;
	counters->assigned.value = (double)loop_assigned(loop);
}

void loop_measure(struct loop *loop)
{
	loop_look_after_health(loop);
	struct counters *counters = loop->options->counters;
	size_t count = 0;
	int64_t now_us = loop->io.ops->now_us(loop->io.self);
	for (unsigned i = 0; i < loop->lane_count; i++) {
		count += lag_measure(loop->lanes[i].batch, now_us, counters->lags + count);
	}
	counters_lags(counters, count);
	loop->measure_at_us = loop_now_us(loop) + MEASURE_US;
	counters->gaps.value = (double)loop->io.ops->source_holes(loop->io.self);
	counters->review_age.value =
		loop->review_done_us != 0 ? (double)(now_us - loop->review_done_us) / (double)MOMENT_SECOND_US : 0;
	counters->turns.value = 0;
	for (unsigned i = 0; i < loop->lane_count; i++) {
		const struct lane *lane = &loop->lanes[i];
		counters->turns.value += (double)lane->io.ops->store_turns(lane->io.self);
	}
	counters->model_version = loop->engine != NULL ? engine_model(loop->engine)->model->version : 0;
}
