/*
 * The end of rows of table rejected, rejects.days after they were written, and of touches, retention.touch_months after they happened:
 * a slice at a time, between two batches of a lane, so that no batch waits long for it. Every daemon does it; they leave each other's
 * rows alone. Nothing rests on it: what fails is said and tried again.
 *
 * Of touches PostgreSQL itself looks them up, deletes them, and puts whoever had them into the queue of those that wait for their refold;
 * events of that time are refused from then on, so that they do not come back.
 */
#include <inttypes.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/moment.h"
#include "daemon/loop_inside.h"

#define SLICE 200 /* rows; the next batch of this lane waits for them, a few milliseconds */
#define PURGE_US (60 * MOMENT_SECOND_US)
#define GO_ON_US (MOMENT_SECOND_US / 20) /* while there is more: up to 4,000 rows a second, with batches between */

#define TOUCHES 250    /* looked at in a slice: so many contacts are locked at most, a few milliseconds */
#define QUEUE_MAX 2000 /* while so many wait to be folded anew, they come first */
#define LOOK_US (600 * MOMENT_SECOND_US) /* whether all was looked through within the hour */
#define BUSY_US MOMENT_SECOND_US	 /* in somebody's way, or they in ours */

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

bool loop_send_retention(struct loop *loop, struct lane *lane)
{
	struct fail fail;
	int64_t months = loop->options->conf->retention.touch_months;
	if (months == 0 || loop_now_us(loop) < loop->retention_at_us || loop->retention_lane != NULL ||
	    !loop_may_begin(loop)) {
		return false;
	}
	loop->retention_at_us = loop_now_us(loop) + PURGE_US;
	arena_reset(&loop->retention_arena, 0);
	if (lane->io.ops->store_retention(lane->io.self, months, TOUCHES, QUEUE_MAX, &loop->retention_arena,
					  &loop->retention, &fail)) {
		lane->turn = TURN_RETENTION;
		loop->retention_lane = lane;
	} else {
		lane_lost(lane, &fail);
	}
	return true;
}

void loop_keep_from(struct loop *loop, int64_t us)
{
	loop->crew.kept_from_us = us > loop->crew.kept_from_us ? us : loop->crew.kept_from_us;
}

void loop_retained(struct loop *loop)
{
	const struct store_retention *retention = &loop->retention;
	if (!retention->ours) { /* how far another daemon has come is asked in a minute */
		return;
	}
	loop_keep_from(loop, retention->kept_from_us);
	loop->options->counters->expired_touches.value += (double)retention->touches;
	if (retention->touches > 0) {
		log_debug("retention: %" PRId64 " old touches deleted", retention->touches);
	}
	loop->retention_at_us = loop_now_us(loop) + (!retention->again	      ? LOOK_US
						     : retention->touches > 0 ? GO_ON_US
									      : BUSY_US / 10);
}

void loop_retention_failed(struct loop *loop, const struct fail *why)
{
	static struct log_limit often;
	if (strcmp(why->code, "55P03") == 0 || strcmp(why->code, "40001") == 0 ||
	    strcmp(why->code, "40P01") == 0) {
		loop->retention_at_us = loop_now_us(loop) + BUSY_US;
	} else if (log_allowed(&often)) {
		log_warning("retention: %s: old touches are not deleted, trying again in a minute%s", why->text,
			    log_held_back(&often));
	}
}
