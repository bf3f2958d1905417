#include "daemon/loop.h"

#include <ev.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/log.h"
#include "core/base/moment.h"
#include "core/edge/schema.h"
#include "daemon/assignment.h"
#include "daemon/batch.h"
#include "daemon/engine.h"
#include "daemon/status.h"

#define NOTICES_A_ROUND 64
#define TICK_US MOMENT_SECOND_US /* the group expels a member that does not ask for notices */
#define CONNECT_FIRST_US INT64_C(200000)
#define CONNECT_LAST_US INT64_C(2000000)
#define END_US INT64_C(500000) /* of stop.seconds, for what follows the loop */
#define GREETING_ARENA_SIZE ((size_t)64 * 1024 * 1024)

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

static int64_t now_us(const struct loop *loop)
{
	return loop->io.ops->monotonic_us(loop->io.self);
}

static void give_up(struct loop *loop, const struct fail *fail)
{
	loop->fail = *fail;
	loop->failed = true;
	loop->stage = STAGE_STOPPED;
}

/* ---- callbacks note what is ready ---- */

static void on_source(struct ev_loop *ev, ev_io *watcher, int events)
{
	(void)ev;
	(void)events;
	((struct loop *)watcher->data)->source_ready = true;
}

static void on_store(struct ev_loop *ev, ev_io *watcher, int events)
{
	(void)ev;
	(void)events;
	((struct loop *)watcher->data)->store_ready = true;
}

static void on_http(struct ev_loop *ev, ev_io *watcher, int events)
{
	(void)ev;
	(void)events;
	((struct loop *)watcher->data)->http_ready = true;
}

static void on_tick(struct ev_loop *ev, ev_timer *watcher, int events)
{
	(void)ev;
	(void)watcher;
	(void)events;
}

static void on_stop_signal(struct ev_loop *ev, ev_signal *watcher, int events)
{
	(void)ev;
	(void)events;
	struct loop *loop = watcher->data;
	if (loop->stage == STAGE_RUNNING) {
		log_info("phased: stopping, at most %d s", (int)loop->options->conf->stop.seconds);
		int64_t seconds = loop->options->conf->stop.seconds;
		loop->stage = STAGE_FINISHING;
		loop->stop_by_us = now_us(loop) + seconds * MOMENT_SECOND_US - END_US;
		loop->finish_by_us = loop->stop_by_us - seconds * MOMENT_SECOND_US / 4;
	}
}

/* ---- notices from the group ---- */

static void note_assigned(struct loop *loop, const struct kafka_notice *notice)
{
	loop->wanted_count = notice->partition_count;
	memcpy(loop->wanted, notice->partitions, notice->partition_count * sizeof(loop->wanted[0]));
	loop->claim_wanted = loop->is_member = true;
	loop->claim_is_old = loop->turn == TURN_CLAIM;
	loop->options->counters->source_up.value = 1;
	loop->options->counters->rebalances.value++;
	log_info("kafka: %zu partitions assigned, claiming", notice->partition_count);
}

static void read_notices(struct loop *loop)
{
	struct kafka_notice *notice = &loop->notice;
	for (unsigned i = 0; i < NOTICES_A_ROUND; i++) {
		loop->io.ops->source_notice(loop->io.self, notice);
		switch (notice->kind) {
		case KAFKA_NOTHING:
			return;
		case KAFKA_ASSIGNED:
			note_assigned(loop, notice);
			break;
		case KAFKA_REVOKED:
		case KAFKA_LOST:
			loop->claim_wanted = loop->is_member = false;
			loop->release_wanted = true;
			loop->release_now = notice->kind == KAFKA_LOST;
			log_info("kafka: partitions %s", notice->kind == KAFKA_LOST ? "lost" : "revoked");
			break;
		case KAFKA_AWAY:
			loop->options->counters->source_up.value = 0;
			if (log_allowed(&loop->kafka_limit)) {
				log_warning("kafka: away (%s), waiting%s", notice->text,
					    log_held_back(&loop->kafka_limit));
			}
			break;
		case KAFKA_BACK:
			loop->options->counters->source_up.value = 1;
			log_info("kafka: reached");
			break;
		case KAFKA_TROUBLE:
			if (log_allowed(&loop->kafka_limit)) {
				log_warning("kafka: %s%s", notice->text, log_held_back(&loop->kafka_limit));
			}
			break;
		case KAFKA_OUT_OF_RANGE:
			loop->options->counters->out_of_range.value++;
			log_error("%s/%d: our position is not in the log any more; the partition has stopped, "
				  "nothing is "
				  "passed over in silence (%s)",
				  loop->options->topics[notice->partitions[0].topic],
				  (int)notice->partitions[0].number, notice->text);
			break;
		case KAFKA_FATAL: {
			struct fail fail;
			fail_set(&fail, FAIL_FATAL, EXIT_AWAY, "kafka: %s", notice->text);
			give_up(loop, &fail);
			return;
		}
		}
	}
}

/* ---- the connection ---- */

static void unwatch_store(struct loop *loop)
{
	ev_io_stop(loop->ev, &loop->store_watcher);
	loop->store_watcher.fd = -1;
}

static void link_lost(struct loop *loop, const struct fail *fail)
{
	unwatch_store(loop);
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
	loop->connect_at_us = now_us(loop) + wait_us;
	loop->connect_tries++;
	if (log_allowed(&loop->away_limit)) {
		log_warning("%s; trying again%s", fail->text, log_held_back(&loop->away_limit));
	}
}

static void connect_store(struct loop *loop)
{
	if (loop->link != LINK_DOWN || now_us(loop) < loop->connect_at_us) {
		return;
	}
	struct fail fail;
	unwatch_store(loop);
	if (!loop->io.ops->store_connect(loop->io.self, &fail)) {
		link_lost(loop, &fail);
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
		link_lost(loop, &fail);
	}
}

static void send_greet(struct loop *loop)
{
	if (now_us(loop) < loop->greet_at_us) {
		return;
	}
	struct fail fail;
	arena_reset(&loop->greeting_arena, 0);
	if (loop->io.ops->store_greet(loop->io.self, loop->property_keys, &loop->greeting_arena, &loop->greeting,
				      &fail)) {
		loop->turn = TURN_GREET;
	} else {
		link_lost(loop, &fail);
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
		give_up(loop, &fail);
		return;
	}
	if (!greeting->has_model) {
		if (log_allowed(&loop->model_limit)) {
			log_warning("postgres: no model is in force yet (phasectl model accept), waiting");
		}
		loop->greet_at_us = now_us(loop) + TICK_US;
		return;
	}
	if (loop->engine == NULL || engine_model(loop->engine)->model->version != greeting->model_version) {
		struct engine *engine =
			engine_create(greeting->model_text, greeting->model_size, greeting->model_version, &fail);
		if (engine == NULL) {
			give_up(loop, &fail);
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

/* ---- claims ---- */

static void send_claim(struct loop *loop)
{
	struct fail fail;
	arena_reset(&loop->claim_arena, 0);
	loop->claim_is_old = false;
	for (size_t i = 0; i < loop->wanted_count; i++) {
		loop->claimed[i] = (struct position_row){
			.topic = loop->options->topics[loop->wanted[i].topic],
			.partition = loop->wanted[i].number,
		};
	}
	if (loop->io.ops->store_claim(loop->io.self, loop->options->conf->kafka.group, loop->options->owner,
				      loop->claimed, loop->wanted_count, &loop->claim_arena, &fail)) {
		loop->turn = TURN_CLAIM;
	} else {
		link_lost(loop, &fail);
	}
}

static void claimed(struct loop *loop)
{
	if (!loop->claim_wanted || loop->claim_is_old) { /* revoked meanwhile, and perhaps assigned anew */
		return;
	}
	struct partition_start starts[PARTITIONS_MAX];
	assignment_set(&loop->assignment, loop->wanted, loop->claimed, loop->wanted_count);
	for (size_t i = 0; i < loop->wanted_count; i++) {
		starts[i] = (struct partition_start){loop->wanted[i], loop->claimed[i].from_offset};
	}
	loop->claim_wanted = false;
	loop->reclaim_at_us = 0;
	loop->io.ops->source_assign(loop->io.self, starts, loop->wanted_count);
	log_info("kafka: %zu partitions claimed", loop->wanted_count);
}

/*
 * Somebody claimed partitions that the group says are ours. Either the group has moved on and we shall hear of it, within
 * a session; or it was a late claim of one who has lost them since, and nobody would read them: then claim anew.
 */
static void look_after_claims(struct loop *loop)
{
	if (!loop->is_member || loop->claim_wanted || loop->assignment.count == loop->wanted_count) {
		loop->reclaim_at_us = 0;
		return;
	}
	if (loop->reclaim_at_us == 0) {
		int64_t session_us = loop->options->conf->kafka.session_ms * 1000;
		loop->reclaim_at_us = now_us(loop) + session_us +
				      (int64_t)(loop->io.ops->random(loop->io.self) % (uint64_t)session_us);
	} else if (now_us(loop) >= loop->reclaim_at_us && !batch_is_busy(loop->batch)) {
		log_warning("kafka: %zu of %zu partitions were claimed by another daemon and not revoked, "
			    "claiming anew",
			    loop->wanted_count - loop->assignment.count, loop->wanted_count);
		batch_hand_back(loop->batch);
		loop->claim_wanted = true;
	}
}

/* Gives partitions back, once no transaction is under way (at once when they are lost: the fence holds). */
static void release(struct loop *loop)
{
	if (!loop->release_wanted) {
		return;
	}
	if (batch_is_busy(loop->batch)) {
		if (!loop->release_now) {
			return;
		}
		struct fail fail;
		fail_set(&fail, FAIL_RETRY, EXIT_AWAY, "kafka: partitions lost while a transaction was under way");
		link_lost(loop, &fail);
	}
	batch_hand_back(loop->batch);
	assignment_clear(&loop->assignment);
	loop->io.ops->source_unassign(loop->io.self);
	loop->release_wanted = loop->release_now = false;
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
		link_lost(loop, fail);
		break;
	case BATCH_FAILED:
		give_up(loop, fail);
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
		claimed(loop);
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
		give_up(loop, why);
	} else {
		link_lost(loop, why);
	}
}

static void serve_store(struct loop *loop)
{
	if (loop->link == LINK_DOWN ||
	    (!loop->store_ready && now_us(loop) < loop->io.ops->store_deadline_us(loop->io.self))) {
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
		link_lost(loop, &fail);
		break;
	}
}

static void run_batch(struct loop *loop)
{
	struct fail fail;
	bool may_start = loop->stage == STAGE_RUNNING && !loop->release_wanted;
	while (loop->turn == TURN_NONE && loop->link == LINK_UP && loop->stage != STAGE_STOPPED) {
		bool may_run = batch_is_busy(loop->batch) || (may_start && batch_fill(loop->batch));
		if (!may_run || batch_wakes_us(loop->batch) > now_us(loop)) {
			return;
		}
		enum batch_run run = batch_run(loop->batch, &fail);
		after_run(loop, run, &fail);
	}
}

/* A turn for whoever needs it most. */
static void send_turn(struct loop *loop)
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
			send_claim(loop);
		} else {
			run_batch(loop);
		}
		break;
	}
}

/* ---- the end, and what is watched ---- */

static void stop_stages(struct loop *loop)
{
	if (loop->stage == STAGE_RUNNING || loop->stage == STAGE_STOPPED) {
		return;
	}
	bool late = now_us(loop) >= loop->finish_by_us;
	if (loop->stage == STAGE_FINISHING && (late || !batch_is_busy(loop->batch) || loop->link != LINK_UP)) {
		if (batch_is_busy(loop->batch)) {
			struct fail fail;
			fail_set(&fail, FAIL_RETRY, EXIT_AWAY,
				 "phased: a transaction did not end in time, its fate is left to the "
				 "next start");
			link_lost(loop, &fail);
		}
		batch_hand_back(loop->batch);
		loop->io.ops->source_close(loop->io.self);
		loop->stage = STAGE_LEAVING;
	}
	if (loop->stage == STAGE_LEAVING &&
	    (loop->io.ops->source_closed(loop->io.self) || now_us(loop) >= loop->stop_by_us)) {
		loop->stage = STAGE_STOPPED;
	}
}

static void look_after_health(struct loop *loop)
{
	const char *why = NULL;
	if (loop->link != LINK_UP) {
		why = loop->link == LINK_SETTLED ? "waiting for a model\n" : "waiting for PostgreSQL\n";
	} else if (loop->options->counters->source_up.value == 0) {
		why = "waiting for Kafka\n";
	} else if (loop->assignment.count == 0) {
		why = "waiting for partitions\n";
	}
	loop->health = (struct loop_health){why == NULL, why};
	struct counters *counters = loop->options->counters;
	counters->assigned.value = (double)loop->assignment.count;
	counters->turns.value = (double)loop->io.ops->store_turns(loop->io.self);
	double lag = 0;
	for (size_t i = 0; i < loop->assignment.count; i++) {
		const struct assigned *part = &loop->assignment.parts[i];
		int64_t end = loop->io.ops->source_end(loop->io.self, part->partition);
		if (end > 0) {
			lag += (double)(end - (part->next_offset > 0 ? part->next_offset : 0));
		}
	}
	counters->lag.value = lag;
}

static void serve_http(struct loop *loop)
{
	if (loop->status == NULL) {
		return;
	}
	look_after_health(loop);
	loop->http_ready = false;
	loop->http_wakes_ms = http_run(status_http(loop->status));
}

static void watch_store(struct loop *loop)
{
	int fd = loop->link == LINK_DOWN ? -1 : loop->io.ops->store_fd(loop->io.self);
	if (fd < 0) {
		unwatch_store(loop);
		return;
	}
	int events = EV_READ | (loop->io.ops->store_wants_write(loop->io.self) ? EV_WRITE : 0);
	/* While connecting libpq may close one socket and open another under the same number. */
	if (loop->store_watcher.fd != fd || (loop->store_watcher.events & (EV_READ | EV_WRITE)) != events ||
	    loop->link == LINK_CONNECTING) {
		ev_io_stop(loop->ev, &loop->store_watcher);
		ev_io_set(&loop->store_watcher, fd, events);
		ev_io_start(loop->ev, &loop->store_watcher);
	}
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void set_tick(struct loop *loop)
{
	int64_t now = now_us(loop);
	int64_t at = now + TICK_US;
	if (loop->link == LINK_DOWN) {
		at = sooner(at, loop->connect_at_us);
	} else {
		at = sooner(at, loop->io.ops->store_deadline_us(loop->io.self));
	}
	if (loop->link == LINK_UP && loop->turn == TURN_NONE) {
		at = sooner(at, batch_wakes_us(loop->batch));
		if (batch_is_empty(loop->batch) && batch_has_more(loop->batch) && loop->stage == STAGE_RUNNING) {
			at = now;
		}
	}
	if (loop->status != NULL && loop->http_wakes_ms >= 0) {
		at = sooner(at, now + (int64_t)loop->http_wakes_ms * 1000);
	}
	if (loop->stage != STAGE_RUNNING) {
		at = sooner(at, now + TICK_US / 20); /* closed or not: nothing wakes us for it */
	}
	ev_timer_stop(loop->ev, &loop->tick);
	ev_timer_set(&loop->tick, at > now ? (double)(at - now) / (double)MOMENT_SECOND_US : 0, 0);
	ev_now_update(loop->ev);
	ev_timer_start(loop->ev, &loop->tick);
}

static void chores(struct loop *loop)
{
	if (loop->source_ready) {
		loop->source_ready = false;
		loop->io.ops->source_woken(loop->io.self);
	}
	read_notices(loop);
	connect_store(loop);
	serve_store(loop);
	release(loop);
	look_after_claims(loop);
	send_turn(loop);
	stop_stages(loop);
	serve_http(loop);
	watch_store(loop);
	set_tick(loop);
}

static void join_keys(struct loop *loop)
{
	const struct yaml_texts *keys = &loop->options->conf->subject.property_keys;
	size_t used = 0;
	for (size_t i = 0; i < keys->count; i++) {
		size_t size = strlen(keys->items[i]);
		CHECK(used + size + 2 <= sizeof(loop->property_keys));
		if (i > 0) {
			loop->property_keys[used++] = '\n';
		}
		memcpy(loop->property_keys + used, keys->items[i], size + 1);
		used += size;
	}
}

static bool start(struct loop *loop, struct fail *fail)
{
	struct batch_options batch_options = {
		.conf = loop->options->conf,
		.io = loop->io,
		.key = loop->options->key,
		.assignment = &loop->assignment,
		.counters = loop->options->counters,
		.topics = loop->options->topics,
		.rejected_topic = loop->options->rejected_topic,
	};
	loop->batch = batch_create(&batch_options, fail);
	if (loop->batch == NULL) {
		return false;
	}
	if (!arena_init(&loop->greeting_arena, GREETING_ARENA_SIZE) ||
	    !arena_init(&loop->claim_arena, GREETING_ARENA_SIZE)) {
		return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "phased: no memory");
	}
	loop->status = status_create(loop->options->conf, loop->options->counters, &loop->health, fail);
	if (loop->status == NULL && fail->text[0] != '\0') {
		return false;
	}
	join_keys(loop);
	loop->ev = ev_loop_new(EVFLAG_AUTO);
	if (loop->ev == NULL) {
		return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "phased: libev finds no way to wait for events");
	}
	ev_io_init(&loop->source_watcher, on_source, loop->io.ops->source_fd(loop->io.self), EV_READ);
	loop->source_watcher.data = loop;
	ev_io_start(loop->ev, &loop->source_watcher);
	ev_io_init(&loop->store_watcher, on_store, -1, 0);
	loop->store_watcher.data = loop;
	if (loop->status != NULL) {
		ev_io_init(&loop->http_watcher, on_http, http_fd(status_http(loop->status)), EV_READ);
		loop->http_watcher.data = loop;
		ev_io_start(loop->ev, &loop->http_watcher);
		log_info("http: listening on %s", http_address(status_http(loop->status)));
	}
	ev_timer_init(&loop->tick, on_tick, 0, 0);
	ev_signal_init(&loop->on_term, on_stop_signal, SIGTERM);
	ev_signal_init(&loop->on_int, on_stop_signal, SIGINT);
	loop->on_term.data = loop->on_int.data = loop;
	ev_signal_start(loop->ev, &loop->on_term);
	ev_signal_start(loop->ev, &loop->on_int);
	return true;
}

static void finish(struct loop *loop)
{
	if (loop->ev != NULL) {
		ev_loop_destroy(loop->ev);
	}
	status_destroy(loop->status);
	batch_destroy(loop->batch);
	engine_destroy(loop->engine);
	arena_finish(&loop->greeting_arena);
	arena_finish(&loop->claim_arena);
}

bool loop_run(const struct loop_options *options, struct fail *fail)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	if (loop == NULL) {
		return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "phased: no memory");
	}
	loop->options = options;
	loop->io = options->io;
	loop->health = (struct loop_health){false, "starting\n"};
	bool good = start(loop, fail);
	while (good && loop->stage != STAGE_STOPPED) {
		chores(loop);
		if (loop->stage != STAGE_STOPPED) {
			ev_run(loop->ev, EVRUN_ONCE);
		}
	}
	if (good && loop->failed) {
		*fail = loop->fail;
		good = false;
	}
	if (good) {
		log_info("phased: stopped");
	}
	finish(loop);
	free(loop);
	return good;
}
