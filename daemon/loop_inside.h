/*
 * Between the files of the loop: loop.c (chores, what is watched, stopping), loop_group.c (the consumer group: notices,
 * claims, giving back) and loop_link.c (the connection to PostgreSQL, and whose the turn under way is). Private to them.
 */
#pragma once
#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/log.h"
#include "daemon/assignment.h"
#include "daemon/batch.h"
#include "daemon/engine.h"
#include "daemon/loop.h"
#include "daemon/status.h"

#define TICK_US MOMENT_SECOND_US /* the group expels a member that does not ask for notices */

enum stop_stage {
	STAGE_RUNNING,
	STAGE_FINISHING, /* takes no more; the transaction under way may end, the rest is handed back */
	STAGE_LEAVING,	 /* leaves the group; notices are still answered */
	STAGE_STOPPED
};

/* How far a connection has come, and whose the turn under way is. */
enum link { LINK_DOWN, LINK_CONNECTING, LINK_FRESH, LINK_SETTLED, LINK_UP };
enum turn { TURN_NONE, TURN_SETTLE, TURN_GREET, TURN_CLAIM, TURN_BATCH };

struct loop {
	const struct loop_options *options;
	struct io io;
	struct ev_loop *ev;
	ev_io source_watcher, store_watcher, http_watcher;
	ev_timer tick;
	ev_signal on_term, on_int;
	bool source_ready, store_ready, http_ready;

	enum stop_stage stage;
	int64_t finish_by_us, stop_by_us; /* monotonic: when the transaction under way is cut off, when all ends */

	enum link link;
	enum turn turn;
	int64_t connect_at_us;
	unsigned connect_tries;
	int64_t greet_at_us;
	struct arena greeting_arena;
	struct store_greeting greeting;
	char property_keys[2048];

	struct assignment assignment;
	struct batch *batch;
	struct breaker *breaker;
	struct engine *engine;

	/* notices to be answered */
	struct kafka_notice notice;
	struct partition wanted[PARTITIONS_MAX];
	struct position_row claimed[PARTITIONS_MAX];
	size_t wanted_count;
	bool is_member; /* `wanted` is ours, as the group sees it */
	bool claim_wanted, release_wanted, release_now;
	bool claim_is_old;     /* the one under way is of an assignment before this one */
	int64_t reclaim_at_us; /* 0: nothing was taken from us */
	struct arena claim_arena;

	struct status *status;
	int http_wakes_ms;
	struct loop_health health;
	struct fail fail;
	bool failed;
	struct log_limit away_limit, model_limit, kafka_limit;
};

/* Monotonic. */
int64_t loop_now_us(const struct loop *loop);
/* Something is wrong that waiting will not mend: the loop ends with it. */
void loop_give_up(struct loop *loop, const struct fail *fail);

/* ---- loop_group.c ---- */

void loop_read_notices(struct loop *loop);
void loop_send_claim(struct loop *loop);
void loop_claimed(struct loop *loop);
void loop_look_after_claims(struct loop *loop);
/* Gives partitions back, once no transaction is under way (at once when they are lost: the fence holds). */
void loop_release(struct loop *loop);

/* ---- loop_link.c ---- */

void loop_unwatch_store(struct loop *loop);
void loop_link_lost(struct loop *loop, const struct fail *fail);
void loop_connect_store(struct loop *loop);
void loop_serve_store(struct loop *loop);
/* A turn for whoever needs it most. */
void loop_send_turn(struct loop *loop);
