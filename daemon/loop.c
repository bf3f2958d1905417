#include "daemon/loop.h"

#include <ev.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/log.h"
#include "core/base/moment.h"
#include "daemon/loop_inside.h"

#define END_US INT64_C(500000) /* of stop.seconds, for what follows the loop */
#define GREETING_ARENA_SIZE ((size_t)64 * 1024 * 1024)

int64_t loop_now_us(const struct loop *loop)
{
	return loop->io.ops->monotonic_us(loop->io.self);
}

void loop_give_up(struct loop *loop, const struct fail *fail)
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
		loop->stop_by_us = loop_now_us(loop) + seconds * MOMENT_SECOND_US - END_US;
		loop->finish_by_us = loop->stop_by_us - seconds * MOMENT_SECOND_US / 4;
	}
}

/* ---- the end, and what is watched ---- */

static void stop_stages(struct loop *loop)
{
	if (loop->stage == STAGE_RUNNING || loop->stage == STAGE_STOPPED) {
		return;
	}
	bool late = loop_now_us(loop) >= loop->finish_by_us;
	if (loop->stage == STAGE_FINISHING && (late || !batch_is_busy(loop->batch) || loop->link != LINK_UP)) {
		if (batch_is_busy(loop->batch)) {
			struct fail fail;
			fail_set(&fail, FAIL_RETRY, EXIT_AWAY,
				 "phased: a transaction did not end in time, its fate is left to the "
				 "next start");
			loop_link_lost(loop, &fail);
		}
		batch_hand_back(loop->batch);
		loop->io.ops->source_close(loop->io.self);
		loop->stage = STAGE_LEAVING;
	}
	if (loop->stage == STAGE_LEAVING &&
	    (loop->io.ops->source_closed(loop->io.self) || loop_now_us(loop) >= loop->stop_by_us)) {
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
	counters->gaps.value = (double)loop->io.ops->source_holes(loop->io.self);
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
		loop_unwatch_store(loop);
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
	int64_t now = loop_now_us(loop);
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
	loop_read_notices(loop);
	loop_connect_store(loop);
	loop_serve_store(loop);
	loop_release(loop);
	loop_look_after_claims(loop);
	loop_send_turn(loop);
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
	loop->breaker = breaker_create(&(struct breaker_options){
		.messages = (size_t)loop->options->conf->breaker.messages,
		.percent = (unsigned)loop->options->conf->breaker.percent,
		.topics = loop->options->topics,
	});
	struct batch_options batch_options = {
		.conf = loop->options->conf,
		.io = loop->io,
		.key = loop->options->key,
		.assignment = &loop->assignment,
		.counters = loop->options->counters,
		.topics = loop->options->topics,
		.rejected_topic = loop->options->rejected_topic,
		.breaker = loop->breaker,
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
	breaker_destroy(loop->breaker);
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
