/*
 * After another model was accepted (phasectl model accept, reject): bringing all contacts under it, as table takeover says. Here they are only
 * put into the queue of those that wait for their refold, so many at a time that it stays short (loop_refold.c works it off); PostgreSQL
 * itself looks them up. Every daemon does it, in turns; whoever is killed leaves what he has done.
 *
 * docs/decisions/2026-11-26-another-model.md says why nobody is forgotten.
 */
#include "core/base/moment.h"
#include "daemon/loop_inside.h"

#define STEP 250      /* contacts; what comes meanwhile to this lane waits for them, a few milliseconds */
#define QUEUE_MAX 500 /* while so many wait, others have time */
#define BUSY_US (1 * MOMENT_SECOND_US) /* a lane under backlog does a step as often; also after trouble */

bool loop_send_takeover(struct loop *loop, struct lane *lane)
{
	struct fail fail;
	if (!loop->queue.takeover || loop->queue_lane != NULL || loop_now_us(loop) < loop->takeover_at_us ||
	    !batch_is_empty(lane->batch) || !loop_may_begin(loop)) {
		return false;
	}
	loop->takeover_at_us = loop_now_us(loop) + BUSY_US;
	arena_reset(&loop->queue_arena, 0);
	if (lane->io.ops->store_takeover(lane->io.self, STEP, QUEUE_MAX, &loop->queue_arena,
					 &loop->takeover_again_ms, &fail)) {
		lane->turn = TURN_TAKEOVER;
		loop->queue_lane = lane;
	} else {
		lane_lost(lane, &fail);
	}
	return true;
}

void loop_takeover_done(struct loop *loop)
{
	int64_t now = loop_now_us(loop);
	if (loop->takeover_again_ms < 0) { /* until the queue is looked at again */
		loop->queue.takeover = false;
		return;
	}
	bool busy = false;
	for (unsigned i = 0; i < loop->lane_count; i++) {
		busy = busy || batch_has_more(loop->lanes[i].batch);
	}
	loop->takeover_at_us = now + (busy ? BUSY_US : loop->takeover_again_ms * 1000);
	if (loop->queue.due == 0) { /* there may be somebody now */
		loop->queue_look_at_us = loop->refold_at_us = now;
	}
}

void loop_takeover_failed(struct loop *loop, const struct fail *why)
{
	if (log_allowed(&loop->refold_limit)) {
		log_warning("model: %s: contacts are not brought under the model in force, trying again%s",
			    why->text, log_held_back(&loop->refold_limit));
	}
}
