/*
 * The loop's side of PostgreSQL: a connection comes up, greets, and carries one turn at a time, for claims or a batch.
 */
#include <inttypes.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/log.h"
#include "core/base/moment.h"
#include "core/edge/schema.h"
#include "daemon/loop_inside.h"

#define CONNECT_FIRST_US INT64_C(200000)
#define CONNECT_LAST_US INT64_C(2000000)

void loop_unwatch_store(struct loop *loop)
{
	ev_io_stop(loop->ev, &loop->store_watcher);
	loop->store_watcher.fd = -1;
}

void loop_link_lost(struct loop *loop, const struct fail *fail)
{
	loop_unwatch_store(loop);
	if (loop->io.ops->store_state(loop->io.self) != POSTGRES_DOWN) {
		loop->io.ops->store_drop(loop->io.self);
	}
	batch_lost(loop->batch, fail);
	loop->link = LINK_DOWN;
	loop->turn = TURN_NONE;
	loop->options->counters->store_up.value = 0;
	int64_t wait_us = CONNECT_FIRST_US << (loop->connect_tries < 5 ? loop->connect_tries : 5);
	wait_us = wait_us < CONNECT_LAST_US ? wait_us : CONNECT_LAST_US;
	wait_us = wait_us / 2 + (int64_t)(loop->io.ops->random(loop->io.self) % (uint64_t)(wait_us / 2));
	loop->connect_at_us = loop_now_us(loop) + wait_us;
	loop->connect_tries++;
	if (log_allowed(&loop->away_limit)) {
		log_warning("%s; trying again%s", fail->text, log_held_back(&loop->away_limit));
	}
}

void loop_connect_store(struct loop *loop)
{
	if (loop->link != LINK_DOWN || loop_now_us(loop) < loop->connect_at_us) {
		return;
	}
	struct fail fail;
	loop_unwatch_store(loop);
	if (!loop->io.ops->store_connect(loop->io.self, &fail)) {
		loop_link_lost(loop, &fail);
		return;
	}
	loop->link = LINK_CONNECTING;
}

static void send_settle(struct loop *loop)
{
	struct fail fail;
	if (loop->io.ops->store_settle(loop->io.self, &fail)) {
		loop->turn = TURN_SETTLE;
	} else {
		loop_link_lost(loop, &fail);
	}
}

static void send_greet(struct loop *loop)
{
	if (loop_now_us(loop) < loop->greet_at_us) {
		return;
	}
	struct fail fail;
	arena_reset(&loop->greeting_arena, 0);
	if (loop->io.ops->store_greet(loop->io.self, loop->property_keys, &loop->greeting_arena, &loop->greeting,
				      &fail)) {
		loop->turn = TURN_GREET;
	} else {
		loop_link_lost(loop, &fail);
	}
}

/* The database is one that we can work with, and has a model: the link is up. */
static void greeted(struct loop *loop)
{
	struct fail fail;
	const struct store_greeting *greeting = &loop->greeting;
	if (greeting->property_keys != NULL && strcmp(greeting->property_keys, loop->property_keys) != 0) {
		fail_set(&fail, FAIL_FATAL, EXIT_CONFIG,
			 "subject.property_keys: this database was begun with other ones; they are "
			 "part of every subject's id and cannot change");
		loop_give_up(loop, &fail);
		return;
	}
	if (!greeting->has_model) {
		if (log_allowed(&loop->model_limit)) {
			log_warning("postgres: no model is in force yet (phasectl model accept), waiting");
		}
		loop->greet_at_us = loop_now_us(loop) + TICK_US;
		return;
	}
	if (loop->engine == NULL || engine_model(loop->engine)->model->version != greeting->model_version) {
		struct engine *engine =
			engine_create(greeting->model_text, greeting->model_size, greeting->model_version, &fail);
		if (engine == NULL) {
			loop_give_up(loop, &fail);
			return;
		}
		if (loop->engine != NULL) { /* items in hand were matched by the old one: read them again */
			batch_hand_back(loop->batch);
			loop->claim_wanted = loop->is_member;
		}
		batch_set_engine(loop->batch, engine);
		engine_destroy(loop->engine);
		loop->engine = engine;
		log_info("model: %016" PRIx64 " is in force", greeting->model_version);
	}
	loop->link = LINK_UP;
	loop->connect_tries = 0;
	loop->options->counters->store_up.value = 1;
	log_info("postgres: connected");
}

/* ---- turns ---- */

static void after_run(struct loop *loop, enum batch_run run, const struct fail *fail)
{
	switch (run) {
	case BATCH_SENT:
		loop->turn = TURN_BATCH;
		break;
	case BATCH_RESTS:
		break;
	case BATCH_DROPS:
		loop_link_lost(loop, fail);
		break;
	case BATCH_FAILED:
		loop_give_up(loop, fail);
		break;
	}
}

static void turn_done(struct loop *loop)
{
	enum turn turn = loop->turn;
	struct fail fail;
	loop->turn = TURN_NONE;
	switch (turn) {
	case TURN_SETTLE:
		loop->link = LINK_SETTLED;
		break;
	case TURN_GREET:
		greeted(loop);
		break;
	case TURN_CLAIM:
		loop_claimed(loop);
		break;
	case TURN_BATCH:
		after_run(loop, batch_turn_done(loop->batch, &fail), &fail);
		break;
	case TURN_NONE:
		CHECK(!"a turn of nobody");
		break;
	}
}

static void turn_failed(struct loop *loop, struct fail *why)
{
	enum turn turn = loop->turn;
	struct fail fail;
	loop->turn = TURN_NONE;
	if (turn == TURN_BATCH) {
		after_run(loop, batch_turn_failed(loop->batch, why, &fail), &fail);
		return;
	}
	if (turn == TURN_GREET) {
		schema_explain(why);
	}
	if (why->kind == FAIL_FATAL) {
		loop_give_up(loop, why);
	} else {
		loop_link_lost(loop, why);
	}
}

void loop_serve_store(struct loop *loop)
{
	if (loop->link == LINK_DOWN ||
	    (!loop->store_ready && loop_now_us(loop) < loop->io.ops->store_deadline_us(loop->io.self))) {
		return;
	}
	loop->store_ready = false;
	struct fail fail;
	switch (loop->io.ops->store_ready(loop->io.self, &fail)) {
	case POSTGRES_GOES_ON:
		break;
	case POSTGRES_CONNECTED:
		loop->link = LINK_FRESH;
		break;
	case POSTGRES_TURN_DONE:
		turn_done(loop);
		break;
	case POSTGRES_TURN_FAILED:
		turn_failed(loop, &fail);
		break;
	case POSTGRES_LOST:
		loop_link_lost(loop, &fail);
		break;
	}
}

static void run_batch(struct loop *loop)
{
	struct fail fail;
	bool may_start = loop->stage == STAGE_RUNNING && !loop->release_wanted;
	while (loop->turn == TURN_NONE && loop->link == LINK_UP && loop->stage != STAGE_STOPPED) {
		bool may_run = batch_is_busy(loop->batch) || (may_start && batch_fill(loop->batch));
		if (!may_run || batch_wakes_us(loop->batch) > loop_now_us(loop)) {
			return;
		}
		enum batch_run run = batch_run(loop->batch, &fail);
		after_run(loop, run, &fail);
	}
}

/* A turn for whoever needs it most. */
void loop_send_turn(struct loop *loop)
{
	if (loop->turn != TURN_NONE) {
		return;
	}
	switch (loop->link) {
	case LINK_DOWN:
	case LINK_CONNECTING:
		break;
	case LINK_FRESH:
		send_settle(loop);
		break;
	case LINK_SETTLED:
		send_greet(loop);
		break;
	case LINK_UP:
		if (!batch_is_busy(loop->batch) && batch_wants_claim(loop->batch) && loop->is_member) {
			batch_hand_back(loop->batch);
			loop->claim_wanted = true;
		}
		if (loop->claim_wanted && loop->stage == STAGE_RUNNING) {
			loop_send_claim(loop);
		} else {
			run_batch(loop);
		}
		break;
	}
}
