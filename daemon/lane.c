/*
 * A lane: a connection to PostgreSQL comes up, greets, and carries one turn at a time, for a claim, the lane's batch, or what is done between batches.
 */
#include <string.h>

#include "core/base/check.h"
#include "core/base/log.h"
#include "core/edge/schema.h"
#include "core/edge/store.h"
#include "daemon/loop_inside.h"

#define CONNECT_FIRST_US INT64_C(200000)
#define CONNECT_LAST_US INT64_C(2000000)

void lane_unwatch(struct lane *lane)
{
	ev_io_stop(lane->loop->ev, &lane->watcher);
	lane->watcher.fd = -1;
}

static enum turn end_turn(struct lane *lane)
{
	enum turn turn = lane->turn;
	lane->turn = TURN_NONE;
	if (turn == TURN_CLAIM) {
		lane->loop->claim_lane = NULL;
	} else if (turn == TURN_LOOK) {
		lane->loop->look_lane = NULL;
	} else if (turn == TURN_PURGE) {
		lane->loop->purge_lane = NULL;
	} else if (turn == TURN_RETENTION) {
		lane->loop->retention_lane = NULL;
	} else if (turn == TURN_DEALS) {
		lane->loop->deals_lane = NULL;
	} else if (turn == TURN_REVIEW) {
		lane->loop->review_lane = NULL;
	} else if (turn == TURN_QUEUE || turn == TURN_TAKEOVER) {
		lane->loop->queue_lane = NULL;
	} else if (turn == TURN_EXPLAIN) {
		lane->loop->explain.lane = NULL;
	} else if (turn == TURN_ACCOUNTS) {
		lane->loop->accounts.lane = NULL;
	}
	return turn;
}

void lane_lost(struct lane *lane, const struct fail *fail)
{
	lane_unwatch(lane);
	if (lane->io.ops->store_state(lane->io.self) != POSTGRES_DOWN) {
		lane->io.ops->store_drop(lane->io.self);
	}
	batch_lost(lane->batch, fail);
	lane->link = LINK_DOWN;
	lane->has_greeted = false;
	enum turn turn = end_turn(lane);
	if (turn == TURN_REFOLD) {
		loop_refold_lost(lane, fail);
	} else if (turn == TURN_EXPLAIN) {
		loop_explain_lost(lane->loop, fail);
	} else if (turn == TURN_ACCOUNTS) {
		loop_accounts_lost(lane->loop, fail);
	}
	int64_t wait_us = CONNECT_FIRST_US << (lane->connect_tries < 5 ? lane->connect_tries : 5);
	wait_us = wait_us < CONNECT_LAST_US ? wait_us : CONNECT_LAST_US;
	wait_us = wait_us / 2 + (int64_t)(lane->io.ops->random(lane->io.self) % (uint64_t)(wait_us / 2));
	lane->connect_at_us = loop_now_us(lane->loop) + wait_us;
	lane->connect_tries++;
	loop_note_trouble(lane->loop, fail->text, fail->code);
	log_debug("postgres: lane %u lost its connection (%s), the next one in %lld ms", lane->number, fail->text,
		  (long long)wait_us / 1000);
	if (log_allowed(&lane->loop->away_limit)) {
		log_warning("%s; trying again%s", fail->text, log_held_back(&lane->loop->away_limit));
	}
}

bool lane_is_due(const struct lane *lane)
{
	return lane->link == LINK_DOWN && loop_now_us(lane->loop) >= lane->connect_at_us;
}

void lane_connect(struct lane *lane)
{
	struct fail fail;
	lane_unwatch(lane);
	if (!lane->io.ops->store_connect(lane->io.self, &fail)) {
		lane_lost(lane, &fail);
		return;
	}
	log_debug("postgres: lane %u connects", lane->number);
	lane->link = LINK_CONNECTING;
}

static void send_settle(struct lane *lane)
{
	struct fail fail;
	if (lane->io.ops->store_settle(lane->io.self, &fail)) {
		lane->turn = TURN_SETTLE;
	} else {
		lane_lost(lane, &fail);
	}
}

static void send_greet(struct lane *lane)
{
	if (loop_now_us(lane->loop) < lane->greet_at_us) {
		return;
	}
	struct fail fail;
	arena_reset(&lane->greeting_arena, 0);
	if (lane->io.ops->store_greet(lane->io.self, &lane->loop->settings, &lane->greeting_arena, &lane->greeting,
				      &fail)) {
		lane->turn = TURN_GREET;
	} else {
		lane_lost(lane, &fail);
	}
}

/* The model in force becomes the engine of all lanes. False: it cannot be used. */
static bool adopt_model(struct loop *loop, const struct store_greeting *greeting, struct fail *fail)
{
	const struct engine *latest = loop->engine_next != NULL ? loop->engine_next : loop->engine;
	if (latest != NULL && engine_model(latest)->model->version == greeting->model_version) {
		return true;
	}
	struct engine *engine =
		engine_create(greeting->model_text, greeting->model_size, greeting->model_version, fail);
	if (engine == NULL) {
		return false;
	}
	engine_destroy(loop->engine_next);
	loop->engine_next = engine;
	return true;
}

static void say_connected(const struct loop *loop)
{
	for (unsigned i = 0; i < loop->lane_count; i++) {
		if (loop->lanes[i].link != LINK_UP) {
			return;
		}
	}
	log_info("postgres: connected, %u lane%s", loop->lane_count, loop->lane_count > 1 ? "s" : "");
}

/* What the database was begun with is what we were given? */
static bool check_settings(const struct loop *loop, const struct store_settings *settings, struct fail *fail)
{
	if (strcmp(settings->property_keys, loop->settings.property_keys) != 0) {
		return fail_set(fail, FAIL_FATAL, EXIT_CONFIG,
				"subject.property_keys: this database was begun with other ones; they are "
				"part of every subject's id and cannot change");
	}
	if (strcmp(settings->kid, loop->settings.kid) != 0) {
		return fail_set(fail, FAIL_FATAL, EXIT_CONFIG,
				"identity.key_file: this is key %s, and this database was begun with key %.32s; "
				"everybody in it would be somebody else",
				loop->settings.kid, settings->kid);
	}
	return true;
}

/* The database is one that we can work with, and has a model: the link is up. */
static void greeted(struct lane *lane)
{
	struct loop *loop = lane->loop;
	struct fail fail;
	const struct store_greeting *greeting = &lane->greeting;
	if (!check_settings(loop, &greeting->settings, &fail)) {
		loop_give_up(loop, &fail);
		return;
	}
	if (!greeting->has_model) {
		if (log_allowed(&loop->model_limit)) {
			log_warning("postgres: no model is in force yet (phasectl model accept), waiting");
		}
		lane->greet_at_us = loop_now_us(loop) + TICK_US;
		return;
	}
	if (!adopt_model(loop, greeting, &fail)) {
		loop_give_up(loop, &fail);
		return;
	}
	loop_keep_from(loop, greeting->kept_from_us);
	lane->link = LINK_UP;
	lane->connect_tries = 0;
	if (!lane->has_greeted) {
		lane->has_greeted = true;
		log_debug("postgres: lane %u is up", lane->number);
		say_connected(loop);
	}
}

void lane_greet_again(struct lane *lane)
{
	lane->link = LINK_SETTLED;
}

/* ---- turns ---- */

static void after_run(struct lane *lane, enum batch_run run, const struct fail *fail)
{
	switch (run) {
	case BATCH_SENT:
		lane->turn = TURN_BATCH;
		break;
	case BATCH_RESTS:
		break;
	case BATCH_DROPS:
		lane_lost(lane, fail);
		break;
	case BATCH_FAILED:
		loop_give_up(lane->loop, fail);
		break;
	}
}

static void turn_done(struct lane *lane)
{
	struct fail fail;
	switch (end_turn(lane)) {
	case TURN_SETTLE:
		lane->link = LINK_SETTLED;
		break;
	case TURN_GREET:
		greeted(lane);
		break;
	case TURN_CLAIM:
		loop_claimed(lane->loop);
		break;
	case TURN_LOOK:
		loop_looked(lane->loop);
		break;
	case TURN_PURGE:
		loop_purged(lane->loop);
		break;
	case TURN_RETENTION:
		loop_retained(lane->loop);
		break;
	case TURN_DEALS:
		loop_deals_done(lane->loop);
		break;
	case TURN_REVIEW:
		loop_review_turn_done(lane->loop, lane);
		break;
	case TURN_QUEUE:
		loop_queue_looked(lane);
		break;
	case TURN_TAKEOVER:
		loop_takeover_done(lane->loop);
		break;
	case TURN_REFOLD:
		loop_refold_done(lane);
		break;
	case TURN_EXPLAIN:
		loop_explain_turn_done(lane->loop, lane);
		break;
	case TURN_ACCOUNTS:
		loop_accounts_turn_done(lane->loop, lane);
		break;
	case TURN_BATCH:
		after_run(lane, batch_turn_done(lane->batch, &fail), &fail);
		break;
	case TURN_NONE:
		CHECK(!"a turn of nobody");
		break;
	}
}

static void turn_failed(struct lane *lane, struct fail *why)
{
	enum turn turn = end_turn(lane);
	struct fail fail;
	if (turn == TURN_BATCH) {
		after_run(lane, batch_turn_failed(lane->batch, why, &fail), &fail);
		return;
	}
	if (turn == TURN_PURGE) {
		loop_purge_failed(why);
		return;
	}
	if (turn == TURN_RETENTION) {
		loop_retention_failed(lane->loop, why);
		return;
	}
	if (turn == TURN_DEALS) {
		loop_deals_failed(lane->loop, why);
		return;
	}
	if (turn == TURN_REVIEW) {
		loop_review_failed(lane->loop, lane, why);
		return;
	}
	if (turn == TURN_REFOLD) {
		loop_refold_failed(lane, why);
		return;
	}
	if (turn == TURN_TAKEOVER) {
		loop_takeover_failed(lane->loop, why);
		return;
	}
	if (turn == TURN_EXPLAIN) {
		loop_explain_failed(lane->loop, lane, why);
		return;
	}
	if (turn == TURN_ACCOUNTS) {
		loop_accounts_failed(lane->loop, lane, why);
		return;
	}
	if (turn == TURN_GREET) {
		schema_explain(why);
	}
	if (why->kind == FAIL_FATAL) {
		loop_give_up(lane->loop, why);
	} else {
		lane_lost(lane, why);
	}
}

void lane_serve(struct lane *lane)
{
	if (lane->link == LINK_DOWN ||
	    (!lane->ready && loop_now_us(lane->loop) < lane->io.ops->store_deadline_us(lane->io.self))) {
		return;
	}
	lane->ready = false;
	struct fail fail;
	switch (loop_lane_ready(lane, &fail)) {
	case POSTGRES_GOES_ON:
		break;
	case POSTGRES_CONNECTED:
		lane->link = LINK_FRESH;
		break;
	case POSTGRES_TURN_DONE:
		turn_done(lane);
		break;
	case POSTGRES_TURN_FAILED:
		turn_failed(lane, &fail);
		break;
	case POSTGRES_LOST:
		lane_lost(lane, &fail);
		break;
	}
}

int64_t lane_runs_us(const struct lane *lane, int64_t now)
{
	const struct batch *batch = lane->batch;
	if (lane->link != LINK_UP || lane->turn != TURN_NONE ||
	    !(batch_is_busy(batch) || loop_may_begin(lane->loop))) {
		return INT64_MAX;
	}
	return batch_is_empty(batch) && batch_has_more(batch) ? now : batch_wakes_us(batch);
}

static void run_batch(struct lane *lane)
{
	struct fail fail;
	while (lane->turn == TURN_NONE && lane->link == LINK_UP && lane->loop->stage != STAGE_STOPPED) {
		bool may_run =
			batch_is_busy(lane->batch) || (loop_may_begin(lane->loop) && batch_fill(lane->batch));
		if (!may_run || batch_wakes_us(lane->batch) > loop_now_us(lane->loop)) {
			return;
		}
		lane->loop->batch_last_us = loop_now_us(lane->loop);
		enum batch_run run = batch_run(lane->batch, &fail);
		after_run(lane, run, &fail);
	}
}

void lane_send(struct lane *lane)
{
	if (lane->turn != TURN_NONE) {
		return;
	}
	switch (lane->link) {
	case LINK_DOWN:
	case LINK_CONNECTING:
		break;
	case LINK_FRESH:
		send_settle(lane);
		break;
	case LINK_SETTLED:
		send_greet(lane);
		break;
	case LINK_UP:
		if (!batch_is_busy(lane->batch) && batch_wants_claim(lane->batch) && lane->loop->is_member) {
			lane->loop->claim_wanted = true;
		}
		if (!batch_is_busy(lane->batch) && batch_wants_model(lane->batch)) {
			lane_greet_again(lane);
			send_greet(lane);
			break;
		}
		if (batch_is_busy(lane->batch) ||
		    (!loop_send_look(lane->loop, lane) && !loop_send_purge(lane->loop, lane) &&
		     !loop_send_retention(lane->loop, lane) && !loop_send_review(lane->loop, lane) &&
		     !(batch_has_more(lane->batch) &&
		       (loop_send_refold(lane->loop, lane) || loop_send_takeover(lane->loop, lane) ||
			loop_send_deals(lane->loop, lane))))) {
			run_batch(lane);
			if (lane->turn == TURN_NONE && lane->link == LINK_UP &&
			    !loop_send_takeover(lane->loop, lane) && !loop_send_refold(lane->loop, lane) &&
			    !loop_send_deals(lane->loop, lane) && !loop_send_explain(lane->loop, lane)) {
				loop_send_accounts(lane->loop, lane);
			}
		}
		break;
	}
}
