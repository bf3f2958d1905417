/*
 * Working off the contacts that wait for their refold (refolder.h): a slice at a time, by every lane that has nothing else to do; where
 * all always have, by one of them once a second. Every daemon does it; all lanes keep out of each other's way.
 */
#include "core/base/moment.h"
#include "daemon/loop_inside.h"

#define LOOK_US (2 * MOMENT_SECOND_US)	     /* how many wait? */
#define BUSY_US (1 * MOMENT_SECOND_US)	     /* under backlog one lane does a slice as often */
#define CALM_AFTER_US (1 * MOMENT_SECOND_US) /* without a batch */
#define PAUSE_US \
	(1 * MOMENT_SECOND_US) /* after trouble, and where all that wait are somebody else's at the moment */

static void send_look(struct loop *loop, struct lane *lane)
{
	struct fail fail;
	loop->queue_look_at_us = loop_now_us(loop) + LOOK_US;
	loop->queued_seen = loop->options->counters->queued.value;
	arena_reset(&loop->queue_arena, 0);
	if (lane->io.ops->store_queue(lane->io.self, &loop->queue_arena, &loop->queue, &fail)) {
		lane->turn = TURN_QUEUE;
		loop->queue_lane = lane;
	} else {
		lane_lost(lane, &fail);
	}
}

void loop_queue_looked(struct lane *lane)
{
	struct loop *loop = lane->loop;
	struct counters *counters = loop->options->counters;
	int64_t waited_us = loop->io.ops->now_us(loop->io.self) - loop->queue.oldest_us;
	counters->queue_length.value = (double)loop->queue.count;
	counters->queue_seconds.value =
		loop->queue.count > 0 && waited_us > 0 ? (double)waited_us / (double)MOMENT_SECOND_US : 0;
	counters->takeover.value = loop->queue.takeover ? (double)(loop->queue.unseen + loop->queue.count) : 0;
	if (loop->queue.has_model && loop->engine_next == NULL &&
	    loop->queue.model_version != engine_model(loop->engine)->model->version) {
		lane_greet_again(lane); /* no batch may come that would find out */
	}
}

/* What a turn of the refolder's has come to. */
static void after(struct lane *lane, enum refolder_end end, const struct fail *fail)
{
	struct loop *loop = lane->loop;
	switch (end) {
	case REFOLDER_SENT:
		lane->turn = TURN_REFOLD;
		break;
	case REFOLDER_DONE:
		loop->refold_last_us = loop_now_us(loop);
		loop->refold_at_us = loop->refold_last_us + (lane->refolder.found ? 0 : PAUSE_US);
		if (!lane->refolder.found) { /* is there anybody? */
			loop->queue.due = 0;
			loop->queue_look_at_us = loop->refold_at_us;
		}
		break;
	case REFOLDER_DROPS:
		lane_lost(lane, fail);
		break;
	}
}

bool loop_send_refold(struct loop *loop, struct lane *lane)
{
	int64_t now = loop_now_us(loop);
	if (!batch_is_empty(lane->batch) || !loop_may_begin(loop)) {
		return false;
	}
	bool queued = loop->queue.due == 0 && loop->options->counters->queued.value > loop->queued_seen;
	if (loop->queue_lane == NULL && (queued || now >= loop->queue_look_at_us)) {
		send_look(loop, lane);
		return true;
	}
	if (loop->queue.due == 0 || now < loop->refold_at_us ||
	    (batch_has_more(lane->batch) && now < loop->refold_last_us + BUSY_US)) {
		return false;
	}
	struct fail fail;
	bool calm = now - loop->batch_last_us > CALM_AFTER_US;
	loop->refold_last_us = now;
	after(lane, refolder_begin(&lane->refolder, lane->io, loop->engine, calm, &fail), &fail);
	return true;
}

/* A slice may be what broke it, or what the server did not answer: the next one not at once. */
void loop_refold_lost(struct lane *lane, const struct fail *why)
{
	refolder_lost(&lane->refolder, why);
	lane->loop->refold_at_us = loop_now_us(lane->loop) + PAUSE_US;
}

void loop_refold_done(struct lane *lane)
{
	struct fail fail;
	after(lane, refolder_turn_done(&lane->refolder, &fail), &fail);
}

void loop_refold_failed(struct lane *lane, const struct fail *why)
{
	struct loop *loop = lane->loop;
	struct fail fail;
	if (why->kind == FAIL_FATAL) {
		loop_give_up(loop, why);
		return;
	}
	/* Too much at once: less next time. */
	if (why->kind != FAIL_DATA && log_allowed(&loop->refold_limit)) {
		log_warning("refold: %s: contacts that wait are not folded anew, trying again%s", why->text,
			    log_held_back(&loop->refold_limit));
	}
	enum refolder_end end = refolder_turn_failed(&lane->refolder, why, &fail);
	lane->refolder.found = false; /* a pause */
	after(lane, end, &fail);
}

int64_t loop_refold_wakes_us(const struct loop *loop)
{
	int64_t now = loop_now_us(loop);
	int64_t at = loop->queue_look_at_us;
	if (loop->queue.due > 0 && loop->refold_at_us < at) {
		at = loop->refold_at_us;
	}
	if (loop->queue.takeover && loop->takeover_at_us < at) {
		at = loop->takeover_at_us;
	}
	return at > now ? at : INT64_MAX; /* what is due waits for a lane, whose end of turn wakes us */
}
