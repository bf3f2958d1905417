/*
 * What follows from what became known of opportunities: a change is about contacts whom other events name, before or after it. PostgreSQL
 * works that out itself (phased.opportunity_step): a slice at a time, in a transaction of its own, it writes the touches that follow, as if
 * the change had named them, and leaves their contacts to be folded anew. Lanes that are free do it, of all daemons one at a time.
 *
 * docs/decisions/2026-11-26-opportunities-are-remembered.md says why nothing depends on the order.
 */
#include <string.h>

#include "core/base/log.h"
#include "core/base/moment.h"
#include "daemon/loop_inside.h"

#define PAIRS 200			    /* of a change and a contact: some milliseconds */
#define QUEUE_MAX 2000			    /* while so many wait to be folded anew, they come first */
#define LOOK_US (2 * MOMENT_SECOND_US)	    /* another daemon may have left something */
#define BUSY_US (MOMENT_SECOND_US / 4)	    /* in somebody's way, or another daemon is at it; under backlog */
#define PATIENCE 4			    /* tries of a slice that was only in somebody's way */
#define EXPIRE_US (3600 * MOMENT_SECOND_US) /* whether something is older than touches are kept */

bool loop_send_deals(struct loop *loop, struct lane *lane)
{
	int64_t now = loop_now_us(loop);
	double known = loop->options->counters->deals.value;
	bool ours = known > loop->deals_seen && !batch_has_more(lane->batch) && !loop->deals_more;
	if (loop->deals_lane != NULL || (now < loop->deals_at_us && !ours) || !loop_may_begin(loop)) {
		return false;
	}
	struct fail fail;
	bool expire = loop->options->conf->retention.touch_months > 0 && now >= loop->deals_expire_at_us;
	loop->deals_at_us = now + BUSY_US;
	loop->deals_seen = known;
	arena_reset(&loop->deals_arena, 0);
	int64_t pairs = loop->deals_failed > 0 ? loop->deals_pairs : PAIRS;
	if (lane->io.ops->store_deals(lane->io.self, pairs, QUEUE_MAX, expire, &loop->deals_arena, &loop->deals,
				      &fail)) {
		lane->turn = TURN_DEALS;
		loop->deals_lane = lane;
	} else {
		lane_lost(lane, &fail);
	}
	return true;
}

/* What fails over and over is cut smaller, and what fails even by itself goes to the end: others go on. */
static void cut_slice(struct loop *loop)
{
	if (loop->deals_pairs == 1) {
		loop->deals_pairs = 0;
	} else {
		loop->deals_pairs = loop->deals_pairs < 8 ? 1 : loop->deals_pairs / 8;
	}
}

static void slice_done(struct loop *loop, int64_t written)
{
	if (loop->deals_failed == 0 || written < 0) {
		return;
	}
	loop->deals_pairs = loop->deals_pairs == 0 ? 1 : loop->deals_pairs * 2;
	if (loop->deals_pairs >= PAIRS) {
		loop->deals_failed = 0;
	}
}

void loop_deals_done(struct loop *loop)
{
	const struct store_deals *deals = &loop->deals;
	struct counters *counters = loop->options->counters;
	int64_t now = loop_now_us(loop);
	bool busy = deals->written < 0, moved = !busy && deals->written + deals->gone > 0;
	for (unsigned i = 0; i < loop->lane_count; i++) {
		busy = busy || batch_has_more(loop->lanes[i].batch);
	}
	if (deals->ours) {
		counters->deals_waiting.value = (double)deals->waiting;
		loop->deals_more = deals->waiting > 0;
		slice_done(loop, deals->written);
	}
	counters->deals_written.value += moved ? (double)(deals->written + deals->gone) : 0;
	if (deals->ours && !deals->again && now >= loop->deals_expire_at_us) {
		loop->deals_expire_at_us = now + EXPIRE_US;
	}
	/* More, where others do not wait for it; not at once where the queue is full, or it is another daemon's. */
	loop->deals_at_us = now + (!loop->deals_more && !deals->again ? LOOK_US
				   : !deals->ours || busy	      ? BUSY_US
								      : 0);
	if (moved && loop->queue.due == 0) { /* there may be somebody now */
		loop->queue_look_at_us = loop->refold_at_us = now;
	}
}

void loop_deals_failed(struct loop *loop, const struct fail *why)
{
	loop->deals_at_us = loop_now_us(loop) + BUSY_US;
	loop->deals_more = true;
	bool in_the_way = strcmp(why->code, "55P03") == 0 || strcmp(why->code, "40001") == 0 ||
			  strcmp(why->code, "40P01") == 0;
	if (loop->deals_failed++ == 0) {
		loop->deals_pairs = PAIRS;
	}
	if (in_the_way && loop->deals_failed % PATIENCE != 0) {
		return;
	}
	cut_slice(loop);
	if (log_allowed(&loop->deals_limit)) {
		log_warning("opportunities: %s: what follows for their contacts is not worked out, trying again%s",
			    why->text, log_held_back(&loop->deals_limit));
	}
}
