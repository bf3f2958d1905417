/*
 * The end of rows of table rejected, rejects.days after they were written: a slice at a time, between two batches of a lane, so
 * that no batch waits long for it. Every daemon does it; they leave each other's rows alone. Nothing rests on it: what
 * fails is said and tried again.
 */
#include <inttypes.h>

#include "core/base/log.h"
#include "core/base/moment.h"
#include "daemon/loop_inside.h"

#define SLICE 200 /* rows; the next batch of this lane waits for them, a few milliseconds */
#define PURGE_US (60 * MOMENT_SECOND_US)
#define GO_ON_US (MOMENT_SECOND_US / 20) /* while there is more: up to 4,000 rows a second, with batches between */

bool loop_send_purge(struct loop *loop, struct lane *lane)
{
	int64_t days = loop->options->conf->rejects.days;
	if (days == 0 || loop_now_us(loop) < loop->purge_at_us || loop->purge_lane != NULL ||
	    !loop_may_begin(loop)) {
		return false;
	}
	struct fail fail;
	/* Also where the connection goes meanwhile: batches come first then. */
	loop->purge_at_us = loop_now_us(loop) + PURGE_US;
	int64_t before_us = loop->io.ops->now_us(loop->io.self) - days * MOMENT_DAY_US;
	arena_reset(&loop->purge_arena, 0);
	if (lane->io.ops->store_purge_rejects(lane->io.self, before_us, SLICE, &loop->purge_arena, &loop->purged,
					      &fail)) {
		lane->turn = TURN_PURGE;
		loop->purge_lane = lane;
	} else {
		lane_lost(lane, &fail);
	}
	return true;
}

void loop_purged(struct loop *loop)
{
	loop->options->counters->purged.value += (double)loop->purged;
	if (loop->purged == SLICE) {
		loop->purge_at_us = loop_now_us(loop) + GO_ON_US;
	}
	if (loop->purged > 0) {
		log_debug("rejects: %" PRId64 " old rows deleted", loop->purged);
	}
}

void loop_purge_failed(const struct fail *why)
{
	static struct log_limit often;
	if (log_allowed(&often)) {
		log_warning("rejects: %s: old rows are not deleted, trying again in a minute%s", why->text,
			    log_held_back(&often));
	}
}
