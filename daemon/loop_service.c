/*
 * What the service manager is told of the loop: that it works, a line of status, and signs of life for its watchdog.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/moment.h"
#include "core/edge/service.h"
#include "daemon/loop_inside.h"

/* What is due is done in the same turn of the loop, and a turn takes milliseconds. */
#define OVERDUE_US (10 * MOMENT_SECOND_US)
/* Above that a call has blocked. */
#define BLOCKED_US MOMENT_SECOND_US

void loop_note_trouble(struct loop *loop, const char *text, const char *code)
{
	/* The class alone: who is in trouble, and the SQLSTATE where there is one. */
	snprintf(loop->trouble, sizeof(loop->trouble), "%.*s%s%s", (int)strcspn(text, ":"), text,
		 code[0] != '\0' ? " " : "", code);
	loop->trouble_at_us = loop_now_us(loop);
}

/* What was due while the loop could not do it is due when it could again. */
static bool is_overdue(const struct lane *lane, int64_t due_us, int64_t now)
{
	int64_t blocked_us = lane->loop->blocked_us;
	return (due_us > blocked_us ? due_us : blocked_us) < now - OVERDUE_US;
}

/*
 * Is something long due and not done? A server that is away or slow is waited for with a time limit, and what follows from
 * its passing is due then; a lane that could work has to have sent a turn.
 */
static bool lane_is_stuck(struct lane *lane, int64_t now)
{
	if (lane->link == LINK_DOWN) {
		lane->moved_at_us = now;
		return is_overdue(lane, lane->connect_at_us, now);
	}
	uint64_t turns = lane->io.ops->store_turns(lane->io.self);
	if (lane_runs_us(lane, now) > now || turns != lane->turns_seen) {
		lane->turns_seen = turns;
		lane->moved_at_us = now;
	}
	return is_overdue(lane, lane->io.ops->store_deadline_us(lane->io.self), now) ||
	       is_overdue(lane, lane->moved_at_us, now);
}

bool loop_makes_progress(struct loop *loop)
{
	int64_t now = loop_now_us(loop);
	for (unsigned i = 0; i < loop->lane_count; i++) {
		if (lane_is_stuck(&loop->lanes[i], now)) {
			return false;
		}
	}
	return true;
}

/*
 * Around a call that may block: a name server that does not answer is no hang, the lane only waits. Whoever was stuck before
 * is not told to live because of it.
 */
struct blocking {
	bool moves;
	int64_t since_us;
};

static struct blocking begin_blocking(struct loop *loop)
{
	struct blocking blocking = {loop_makes_progress(loop), loop_now_us(loop)};
	if (blocking.moves) {
		service_blocks(loop->options->service, blocking.since_us);
	}
	return blocking;
}

static void end_blocking(struct loop *loop, const struct blocking *blocking)
{
	int64_t now = loop_now_us(loop);
	if (now - blocking->since_us > BLOCKED_US) {
		loop->blocked_us = now;
	}
	if (blocking->moves) {
		service_blocks(loop->options->service, now);
	}
}

void loop_connect(struct loop *loop)
{
	for (unsigned i = 0; i < loop->lane_count; i++) {
		struct lane *lane = &loop->lanes[(loop->connect_next + i) % loop->lane_count];
		if (lane_is_due(lane)) {
			struct blocking blocking = begin_blocking(loop);
			lane_connect(lane);
			end_blocking(loop, &blocking);
			loop->connect_next = lane->number + 1;
			return;
		}
	}
}

enum postgres_result loop_lane_ready(struct lane *lane, struct fail *ret_fail)
{
	if (lane->link != LINK_CONNECTING) {
		return lane->io.ops->store_ready(lane->io.self, ret_fail);
	}
	struct blocking blocking = begin_blocking(lane->loop);
	enum postgres_result result = lane->io.ops->store_ready(lane->io.self, ret_fail);
	end_blocking(lane->loop, &blocking);
	return result;
}

/* "working, 12 partitions, lag 1024 events 2 s, last commit 0 s ago, last trouble postgres 57P01 40 s ago" */
static void say_status(struct loop *loop, int64_t now)
{
	char text[SERVICE_STATUS_SIZE], commit[48] = "no commit yet", trouble[96] = "";
	const struct counters *counters = loop->options->counters;
	const struct loop_health *health = &loop->health;
	const char *state = health->ready ? "working" : health->why;
	if (counters->last_commit.value > 0) {
		double now_s = (double)loop->io.ops->now_us(loop->io.self) / (double)MOMENT_SECOND_US;
		snprintf(commit, sizeof(commit), "last commit %.0f s ago", now_s - counters->last_commit.value);
	}
	if (loop->trouble[0] != '\0') {
		snprintf(trouble, sizeof(trouble), ", last trouble %s %" PRId64 " s ago", loop->trouble,
			 (now - loop->trouble_at_us) / MOMENT_SECOND_US);
	}
	snprintf(text, sizeof(text), "%.*s, %.0f partitions, lag %.0f events %.0f s, %s%s",
		 (int)strcspn(state, "\n"), state, counters->assigned.value, counters->lag_offsets.value,
		 counters->lag_seconds.value, commit, trouble);
	service_status(loop->options->service, text);
}

void loop_tell_service(struct loop *loop)
{
	struct service *service = loop->options->service;
	int64_t now = loop_now_us(loop);
	if (loop->has_claimed && loop->stage == STAGE_RUNNING) {
		service_ready(service);
	}
	if (loop_makes_progress(loop)) {
		service_alive(service, now);
	}
	if (loop->stage == STAGE_RUNNING && service_wants_status(service, now)) {
		loop_measure(loop);
		say_status(loop, now);
	}
}
