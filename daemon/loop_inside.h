/*
 * Between the files of the loop: loop.c (chores, what is watched, stopping), loop_group.c (what concerns all lanes: notices
 * of the consumer group, claims, giving back, another model), loop_erase.c (erasures that the database does not know, before the first claim), loop_look.c (positions set by hand), loop_purge.c (old rows of
 * rejected, old touches), loop_review.c (what time alone changes), loop_refold.c (contacts that wait for their refold), loop_takeover.c (all of them, after another model was accepted), loop_explain.c (why, and day by day), loop_account.c (where accounts are), loop_health.c (what checks are told), loop_reload.c (the configuration, read again), loop_service.c (what the
 * service manager is told) and lane.c (a connection to PostgreSQL, and whose the turn under way is). Private to them.
 */
#pragma once
#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/domain.h"
#include "core/base/log.h"
#include "core/base/moment.h"
#include "core/flow/identify.h"
#include "daemon/assignment.h"
#include "daemon/batch.h"
#include "daemon/crew.h"
#include "daemon/engine.h"
#include "daemon/loop.h"
#include "daemon/refolder.h"
#include "daemon/status.h"

#define TICK_US MOMENT_SECOND_US /* the group expels a member that does not ask for notices */

enum stop_stage {
	STAGE_RUNNING,
	STAGE_FINISHING, /* takes no more; the transactions under way may end, the rest is handed back */
	STAGE_LEAVING,	 /* leaves the group; notices are still answered */
	STAGE_STOPPED
};

/* How far a connection has come, and whose the turn under way is. */
enum link { LINK_DOWN, LINK_CONNECTING, LINK_FRESH, LINK_SETTLED, LINK_UP };
enum turn {
	TURN_NONE,
	TURN_SETTLE,
	TURN_GREET,
	TURN_CLAIM,
	TURN_LOOK,
	TURN_PURGE,
	TURN_RETENTION,
	TURN_DEALS,
	TURN_REVIEW,
	TURN_QUEUE,
	TURN_REFOLD,
	TURN_TAKEOVER,
	TURN_EXPLAIN,
	TURN_ACCOUNTS,
	TURN_BATCH
};

/* Of a slice of the review: one transaction. */
enum review_turn { REVIEW_READS, REVIEW_WRITES, REVIEW_ROLLS_BACK };

/* Writing explanations and histories, a slice at a time: one transaction. */
enum explain_turn { EXPLAIN_DUE, EXPLAIN_READS, EXPLAIN_WRITES, EXPLAIN_ROLLS_BACK };
struct explaining {
	struct lane *lane; /* whose turn it is; NULL: none's */
	enum explain_turn turn;
	int64_t begun_us, at_us; /* monotonic: this slice, the next one */
	size_t contacts;	 /* at once: adapts; 0: as many as may be */
	int64_t look;		 /* contacts that are looked at to find these: adapts; 0: there was no slice yet */
	struct uuid too_long;	 /* did not fit, alone */
	/* of this way through the table, as far as this daemon goes it */
	struct uuid came_to;
	int64_t way_us, way_slices, way_written; /* with the rests between slices; slices; contacts */
	struct explain_rows slice;
	struct arena arena;
};

/* Writing where accounts are, likewise. */
enum account_turn { ACCOUNT_DUE, ACCOUNT_READS, ACCOUNT_WRITES, ACCOUNT_ROLLS_BACK };
struct accounting {
	struct lane *lane; /* whose turn it is; NULL: none's */
	enum account_turn turn;
	int64_t begun_us, at_us; /* monotonic: this slice, the next one */
	size_t accounts;	 /* at once: adapts; 0: as many as may be */
	int64_t look;		 /* contacts that are looked at to find these: adapts; 0: there was no slice yet */
	char too_long[DOMAIN_SIZE_MAX + 1]; /* did not fit, alone; "": none */
	/* of this way through the accounts, as far as this daemon goes it */
	int64_t way, way_us, way_slices, way_written;
	struct account_rows slice;
	struct arena arena;
};

/*
 * One connection to PostgreSQL with its own share of the partitions (partition_lane()), its own queue of messages and one
 * batch at a time. PostgreSQL's rows arbitrate between lanes as between daemons; that their batches keep out of each
 * other's way (crew.h) saves time, nothing rests on it. What
 * concerns all partitions (claims, giving back, another model) waits until no lane is in the middle of a transaction, and
 * meanwhile none begins one.
 */
struct lane {
	struct loop *loop;
	unsigned number;
	struct io io;
	ev_io watcher;
	bool ready;

	enum link link;
	enum turn turn;
	int64_t connect_at_us;
	unsigned connect_tries;
	int64_t greet_at_us;
	struct arena greeting_arena;
	struct store_greeting greeting;
	bool has_greeted; /* on this connection: it does so again for another model */

	struct assignment assignment; /* the lane's share */
	struct batch *batch;
	struct refolder refolder; /* contacts that wait, a slice at a time */

	uint64_t turns_seen; /* for the watchdog: when it last moved, or had nothing to do */
	int64_t moved_at_us;
};

struct loop {
	struct crew crew;
	const struct loop_options *options;
	struct io io; /* for clock and source, which lanes share: any lane's */
	struct ev_loop *ev;
	ev_io source_watcher, http_watcher;
	/* before anything is claimed */
	struct eraser *eraser; /* NULL: done */
	ev_io eraser_log_watcher, eraser_store_watcher;
	ev_timer tick;
	ev_signal on_term, on_int, on_hup;
	bool source_ready, http_ready, reload_wanted;

	enum stop_stage stage;
	int64_t finish_by_us, stop_by_us; /* monotonic: when transactions under way are cut off, when all ends */

	struct lane lanes[LANES_MAX];
	unsigned lane_count;
	unsigned connect_next;	    /* lanes connect by turns */
	int64_t blocked_us;	    /* monotonic: until then the loop could do nothing of what was due */
	struct breaker *breaker;    /* of all lanes */
	struct engine *engine;	    /* of all lanes; NULL: none yet */
	struct engine *engine_next; /* another model is in force: taken up when no lane is busy */
	char property_keys[2048];
	char kid[IDENTITY_KID_SIZE];
	struct store_settings settings; /* of these two */

	/* notices to be answered */
	struct kafka_notice notice;
	struct partition wanted[PARTITIONS_MAX];
	struct position_row claimed[PARTITIONS_MAX];
	size_t wanted_count;
	bool is_member; /* `wanted` is ours, as the group sees it */
	bool claim_wanted, release_wanted, release_now;
	struct lane *claim_lane; /* whose turn a claim is; NULL: none is under way */
	bool claim_is_old;	 /* it is of an assignment before this one */
	int64_t reclaim_at_us;	 /* 0: nothing was taken from us */
	struct arena claim_arena;

	/* looking whether a position was set by hand; a lane does it between two batches */
	struct lane *look_lane; /* whose turn it is; NULL: none's */
	int64_t look_at_us;
	struct partition look_partitions[PARTITIONS_MAX];
	struct position_row looked[PARTITIONS_MAX];
	size_t look_count;
	struct arena look_arena;

	bool has_claimed; /* partitions, be it none: it works */
	char trouble[48]; /* the last one's class, for the line of status */
	int64_t trouble_at_us;

	/* deleting old rows of rejected, a slice at a time, between two batches of a lane */
	struct lane *purge_lane; /* whose turn it is; NULL: none's */
	int64_t purge_at_us, purged;
	struct arena purge_arena;
	/* and old touches */
	struct lane *retention_lane; /* whose turn it is; NULL: none's */
	int64_t retention_at_us;
	struct store_retention retention;
	struct arena retention_arena;

	/* what follows from what became known of opportunities, a slice at a time; a lane that is free does it */
	struct lane *deals_lane; /* whose turn it is; NULL: none's */
	int64_t deals_at_us, deals_expire_at_us;
	double deals_seen; /* facts of our own batches, when it was last looked */
	bool deals_more;
	unsigned deals_failed; /* how often since it went well */
	struct log_limit deals_limit;
	int64_t deals_pairs; /* of the slice that is next; 0: what is first goes to the end */
	struct store_deals deals;
	struct arena deals_arena;

	/* writing what time alone changes, a slice at a time, between two batches of a lane */
	struct lane *review_lane; /* whose turn it is; NULL: none's */
	enum review_turn review_turn;
	int64_t review_at_us, review_done_us;	/* monotonic; the full hour that is done, 0: nothing was heard */
	int64_t review_blocks, review_began_us; /* of a slice; 0 blocks: there was none yet */
	double review_received;			/* messages, when last more had come */
	int64_t review_received_us;
	struct due_rows due;
	struct reviewed_rows reviewed;
	struct arena review_arena;

	/* contacts that wait for their refold: how many; lanes that are free work them off */
	struct lane *queue_lane;  /* who looks, or takes a step of the takeover; NULL: nobody */
	struct store_queue queue; /* as last looked */
	struct arena queue_arena;
	int64_t queue_look_at_us, refold_at_us, refold_last_us; /* a slice begun or done */
	int64_t batch_last_us;					/* a batch went on */
	double queued_seen; /* contacts that our own batches have left there, when it was last looked */
	struct log_limit refold_limit;
	/* bringing all contacts under the model in force */
	int64_t takeover_at_us, takeover_again_ms;

	struct explaining explain; /* by a lane, when all are free */
	struct accounting accounts;

	struct status *status;
	int64_t http_wakes_us; /* monotonic: when it wants to be called though nothing is ready */
	struct loop_health health;
	char why[160]; /* for health */
	int64_t measure_at_us;
	struct fail fail;
	bool failed;
	struct log_limit away_limit, model_limit, kafka_limit;
};

/* Monotonic. */
int64_t loop_now_us(const struct loop *loop);
/* Something is wrong that waiting will not mend: the loop ends with it. */
void loop_give_up(struct loop *loop, const struct fail *fail);
/* Is any lane in the middle of a transaction? */
bool loop_is_busy(const struct loop *loop);
/* May lanes begin transactions, and take messages for them? */
bool loop_may_begin(const struct loop *loop);
/* How many partitions are ours. */
size_t loop_assigned(const struct loop *loop);
/* All lanes give up what they hold. */
void loop_hand_back(struct loop *loop);

/* ---- loop_group.c ---- */

void loop_read_notices(struct loop *loop);
/* Gives partitions back, once no transaction is under way (at once when they are lost: the fence holds). */
void loop_release(struct loop *loop);
/* Takes up another model, once no transaction is under way. */
void loop_change_model(struct loop *loop);
void loop_look_after_claims(struct loop *loop);
/* Sends the claim that is wanted, once no transaction is under way, by any lane that is connected. */
void loop_send_claim(struct loop *loop);
void loop_claimed(struct loop *loop);

/* ---- loop_erase.c ---- */

void loop_erase_start(struct loop *loop);
/* Goes on with what comes before the first batch; ends it. */
void loop_erase(struct loop *loop);

/* ---- loop_look.c ---- */

/* Is it time to look, and is this lane to do it? Then it has a turn under way, or is lost. */
bool loop_send_look(struct loop *loop, struct lane *lane);
void loop_looked(struct loop *loop);

/* ---- loop_purge.c ---- */

/* Is it time to, and is this lane to do it? Then it has a turn under way, or is lost. */
bool loop_send_purge(struct loop *loop, struct lane *lane);
void loop_purged(struct loop *loop);
void loop_purge_failed(const struct fail *why);
/* The same of old touches. */
bool loop_send_retention(struct loop *loop, struct lane *lane);
void loop_retained(struct loop *loop);
void loop_retention_failed(struct loop *loop, const struct fail *why);
/* What happened before is refused from now on; it never moves back. */
void loop_keep_from(struct loop *loop, int64_t us);

/* ---- loop_review.c ---- */

/* Is it time to, and is this lane to do it? Then it has a turn under way, or is lost. */
bool loop_send_review(struct loop *loop, struct lane *lane);
/* The lane's turn has ended: it has another one, is lost, or the slice is done. */
void loop_review_turn_done(struct loop *loop, struct lane *lane);
void loop_review_failed(struct loop *loop, struct lane *lane, const struct fail *why);

/* ---- loop_opportunity.c ---- */

/* Begins a turn where something of opportunities is due. False: nothing to do now. */
bool loop_send_deals(struct loop *loop, struct lane *lane);
void loop_deals_done(struct loop *loop);
void loop_deals_failed(struct loop *loop, const struct fail *why);

/* ---- loop_refold.c ---- */

/* Is there a slice to be done, or to look for, and is this lane to do it? Then it has a turn under way, or is lost. */
bool loop_send_refold(struct loop *loop, struct lane *lane);
void loop_queue_looked(struct lane *lane);
/* A turn of the slice has ended; the next one is sent at once, so that the transaction is nobody else's. */
void loop_refold_done(struct lane *lane);
void loop_refold_failed(struct lane *lane, const struct fail *why);
void loop_refold_lost(struct lane *lane, const struct fail *why);
/* Monotonic; INT64_MAX: not by the clock. */
int64_t loop_refold_wakes_us(const struct loop *loop);

/* ---- loop_takeover.c ---- */

/* Is there a step to be done, and is this lane to do it? Then it has a turn under way, or is lost. */
bool loop_send_takeover(struct loop *loop, struct lane *lane);
void loop_takeover_done(struct loop *loop);
void loop_takeover_failed(struct loop *loop, const struct fail *why);

/* ---- loop_explain.c ---- */

/* Is there a slice to be done, and time, and is this lane to do it? Then it has a turn under way, or is lost. */
bool loop_send_explain(struct loop *loop, struct lane *lane);
/* The lane's turn has ended: it has another one, is lost, or the slice is done. */
void loop_explain_turn_done(struct loop *loop, struct lane *lane);
void loop_explain_failed(struct loop *loop, struct lane *lane, const struct fail *why);
/* The lane is lost in the middle of a turn. */
void loop_explain_lost(struct loop *loop, const struct fail *why);
/* Monotonic; INT64_MAX: not by the clock. */
int64_t loop_explain_wakes_us(const struct loop *loop);

/* Does nobody have to wait for what chores of this kind do? */
bool loop_is_idle(const struct loop *loop);
/* When a chore that has worked since `begun_us` goes on, if so many percent of the time are its own: not before `pause_us` are over. */
int64_t loop_rested_us(const struct loop *loop, int64_t begun_us, int64_t share_percent, int64_t pause_us);

/* ---- loop_account.c ---- */

/* As those of loop_explain.c. */
bool loop_send_accounts(struct loop *loop, struct lane *lane);
void loop_accounts_turn_done(struct loop *loop, struct lane *lane);
void loop_accounts_failed(struct loop *loop, struct lane *lane, const struct fail *why);
void loop_accounts_lost(struct loop *loop, const struct fail *why);
int64_t loop_accounts_wakes_us(const struct loop *loop);

/* ---- loop_health.c ---- */

/* Brings loop->health up to date, for whoever asks. */
void loop_look_after_health(struct loop *loop);
/* That, and what is not counted but measured (lag, turns): once a second, and for each page of metrics and line of status. */
void loop_measure(struct loop *loop);

/* ---- loop_reload.c ---- */

void loop_reload(struct loop *loop);

/* ---- loop_service.c ---- */

/* Is all that was due done? What waits for a server, within its time limit, is not due. */
bool loop_makes_progress(struct loop *loop);
/* `text` begins with who is in trouble; no more than that and the code is kept. */
void loop_note_trouble(struct loop *loop, const char *text, const char *code);
/* Connects a lane, one a turn, since the loop may block in it: libpq looks up a host's name before it returns. */
void loop_connect(struct loop *loop);
/* The connection's next step; with several hosts it looks up the next one's name. */
enum postgres_result loop_lane_ready(struct lane *lane, struct fail *ret_fail);
/* Ready, alive, a line of status: once a turn. */
void loop_tell_service(struct loop *loop);

/* ---- lane.c ---- */

void lane_unwatch(struct lane *lane);
/* Drops the connection, if there is one, and what is under way on it; it is made again after a pause. */
void lane_lost(struct lane *lane, const struct fail *fail);
/* Is it down, and has its pause passed? */
bool lane_is_due(const struct lane *lane);
void lane_connect(struct lane *lane);
/* Reads what PostgreSQL answers. */
void lane_serve(struct lane *lane);
/* Another model is in force: asks for it before anything else. */
void lane_greet_again(struct lane *lane);
/* A turn for whoever needs it most. */
void lane_send(struct lane *lane);
/* When its batch can go on, or be filled with what is known to wait; INT64_MAX: not before something happens (PostgreSQL's
 * answer, other lanes, messages). */
int64_t lane_runs_us(const struct lane *lane, int64_t now);
