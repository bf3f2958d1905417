#include "daemon/loop.h"

#include <ev.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/log.h"
#include "core/base/moment.h"
#include "core/edge/service.h"
#include "daemon/loop_inside.h"

#define END_US INT64_C(500000) /* of stop.seconds, for what follows the loop */
#define PURGE_ARENA_SIZE ((size_t)64 * 1024)
#define REVIEW_ARENA_SIZE ((size_t)32 * 1024 * 1024)
#define EXPLAIN_ARENA_SIZE ((size_t)32 * 1024 * 1024)
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

bool loop_is_busy(const struct loop *loop)
{
	for (unsigned i = 0; i < loop->lane_count; i++) {
		if (batch_is_busy(loop->lanes[i].batch) || loop->lanes[i].turn == TURN_REFOLD) {
			return true;
		}
	}
	return false;
}

bool loop_may_begin(const struct loop *loop)
{
	return loop->stage == STAGE_RUNNING && !loop->release_wanted && !loop->claim_wanted &&
	       loop->engine_next == NULL;
}

size_t loop_assigned(const struct loop *loop)
{
	size_t count = 0;
	for (unsigned i = 0; i < loop->lane_count; i++) {
		count += loop->lanes[i].assignment.count;
	}
	return count;
}

void loop_hand_back(struct loop *loop)
{
	for (unsigned i = 0; i < loop->lane_count; i++) {
		batch_hand_back(loop->lanes[i].batch);
	}
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
	((struct lane *)watcher->data)->ready = true;
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
		service_stopping(loop->options->service);
		log_info("phased: stopping, at most %d s", (int)loop->options->conf->stop.seconds);
		int64_t seconds = loop->options->conf->stop.seconds;
		loop->stage = STAGE_FINISHING;
		loop->stop_by_us = loop_now_us(loop) + seconds * MOMENT_SECOND_US - END_US;
		loop->finish_by_us = loop->stop_by_us - seconds * MOMENT_SECOND_US / 4;
	}
}

static void on_reload_signal(struct ev_loop *ev, ev_signal *watcher, int events)
{
	(void)ev;
	(void)events;
	((struct loop *)watcher->data)->reload_wanted = true;
}

/* ---- the end, and what is watched ---- */

static void cut_off(struct loop *loop)
{
	struct fail fail;
	fail_set(&fail, FAIL_RETRY, EXIT_AWAY,
		 "phased: a transaction did not end in time, its fate is left to the next start");
	for (unsigned i = 0; i < loop->lane_count; i++) {
		if (batch_is_busy(loop->lanes[i].batch) || loop->lanes[i].turn == TURN_REFOLD) {
			lane_lost(&loop->lanes[i], &fail);
		}
	}
}

static void stop_stages(struct loop *loop)
{
	if (loop->stage == STAGE_RUNNING || loop->stage == STAGE_STOPPED) {
		return;
	}
	if (loop->stage == STAGE_FINISHING && (!loop_is_busy(loop) || loop_now_us(loop) >= loop->finish_by_us)) {
		cut_off(loop);
		loop_hand_back(loop);
		loop->io.ops->source_close(loop->io.self);
		loop->stage = STAGE_LEAVING;
	}
	if (loop->stage == STAGE_LEAVING &&
	    (loop->io.ops->source_closed(loop->io.self) || loop_now_us(loop) >= loop->stop_by_us)) {
		loop->stage = STAGE_STOPPED;
	}
}

static void serve_http(struct loop *loop)
{
	if (loop->status == NULL) {
		return;
	}
	if (!loop->http_ready && loop_now_us(loop) < loop->http_wakes_us) {
		return;
	}
	loop->http_ready = false;
	int wakes_ms = http_run(status_http(loop->status));
	loop->http_wakes_us = wakes_ms < 0 ? INT64_MAX : loop_now_us(loop) + (int64_t)wakes_ms * 1000;
}

static void watch_lane(struct lane *lane)
{
	int fd = lane->link == LINK_DOWN ? -1 : lane->io.ops->store_fd(lane->io.self);
	if (fd < 0) {
		lane_unwatch(lane);
		return;
	}
	int events = EV_READ | (lane->io.ops->store_wants_write(lane->io.self) ? EV_WRITE : 0);
	/* While connecting libpq may close one socket and open another under the same number. */
	if (lane->watcher.fd != fd || (lane->watcher.events & (EV_READ | EV_WRITE)) != events ||
	    lane->link == LINK_CONNECTING) {
		ev_io_stop(lane->loop->ev, &lane->watcher);
		ev_io_set(&lane->watcher, fd, events);
		ev_io_start(lane->loop->ev, &lane->watcher);
	}
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* When a lane wants to be called even if nothing happens. */
static int64_t lane_wakes_us(const struct lane *lane, int64_t now)
{
	return lane->link == LINK_DOWN
		       ? lane->connect_at_us
		       : sooner(lane->io.ops->store_deadline_us(lane->io.self), lane_runs_us(lane, now));
}

static void set_tick(struct loop *loop)
{
	int64_t now = loop_now_us(loop);
	int64_t at = now + TICK_US;
	for (unsigned i = 0; i < loop->lane_count; i++) {
		at = sooner(at, lane_wakes_us(&loop->lanes[i], now));
	}
	if (loop->purge_at_us > now) { /* what is due waits for a lane, whose end of turn wakes us */
		at = sooner(at, loop->purge_at_us);
	}
	if (loop->retention_at_us > now) {
		at = sooner(at, loop->retention_at_us);
	}
	if (loop->deals_at_us > now) {
		at = sooner(at, loop->deals_at_us);
	}
	if (loop->review_at_us > now) {
		at = sooner(at, loop->review_at_us);
	}
	at = sooner(at, loop_refold_wakes_us(loop));
	at = sooner(at, loop_explain_wakes_us(loop));
	at = sooner(at, loop_accounts_wakes_us(loop));
	if (loop->status != NULL) {
		at = sooner(at, loop->http_wakes_us);
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
	loop_reload(loop);
	loop_read_notices(loop);
	loop_erase(loop);
	loop_connect(loop);
	for (unsigned i = 0; i < loop->lane_count; i++) { /* each sends before the next one computes */
		lane_serve(&loop->lanes[i]);
		lane_send(&loop->lanes[i]);
	}
	loop_release(loop);
	loop_change_model(loop);
	loop_look_after_claims(loop);
	loop_send_claim(loop);
	stop_stages(loop);
	if (loop_now_us(loop) >= loop->measure_at_us) {
		loop_measure(loop);
	}
	serve_http(loop);
	loop_tell_service(loop);
	for (unsigned i = 0; i < loop->lane_count; i++) {
		watch_lane(&loop->lanes[i]);
	}
	set_tick(loop);
}

static void gather_settings(struct loop *loop)
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
	identify_kid(loop->options->key, loop->kid);
	loop->settings = (struct store_settings){.property_keys = loop->property_keys, .kid = loop->kid};
}

static bool start_lanes(struct loop *loop, struct fail *fail)
{
	for (unsigned i = 0; i < loop->options->lane_count; i++) {
		struct lane *lane = &loop->lanes[i];
		lane->loop = loop;
		lane->number = i;
		lane->connect_at_us = loop_now_us(loop);
		lane->io = loop->options->lanes[i];
		struct batch_options batch_options = {
			.conf = loop->options->conf,
			.io = lane->io,
			.key = loop->options->key,
			.assignment = &lane->assignment,
			.counters = loop->options->counters,
			.topics = loop->options->topics,
			.rejected_topic = loop->options->rejected_topic,
			.breaker = loop->breaker,
			.crew = &loop->crew,
		};
		lane->batch = batch_create(&batch_options, fail);
		if (lane->batch == NULL) {
			return false;
		}
		loop->lane_count++;
		if (!arena_init(&lane->greeting_arena, GREETING_ARENA_SIZE) ||
		    !refolder_init(&lane->refolder, loop->options->conf, loop->options->counters)) {
			return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "phased: no memory");
		}
		ev_io_init(&lane->watcher, on_store, -1, 0);
		lane->watcher.data = lane;
	}
	return true;
}

static void start_watching(struct loop *loop)
{
	ev_io_init(&loop->source_watcher, on_source, loop->io.ops->source_fd(loop->io.self), EV_READ);
	loop->source_watcher.data = loop;
	ev_io_start(loop->ev, &loop->source_watcher);
	if (loop->status != NULL) {
		ev_io_init(&loop->http_watcher, on_http, http_fd(status_http(loop->status)), EV_READ);
		loop->http_watcher.data = loop;
		ev_io_start(loop->ev, &loop->http_watcher);
		log_info("http: listening on %s", http_address(status_http(loop->status)));
	}
	loop_erase_start(loop);
	ev_timer_init(&loop->tick, on_tick, 0, 0);
	ev_signal_init(&loop->on_term, on_stop_signal, SIGTERM);
	ev_signal_init(&loop->on_int, on_stop_signal, SIGINT);
	ev_signal_init(&loop->on_hup, on_reload_signal, SIGHUP);
	loop->on_term.data = loop->on_int.data = loop->on_hup.data = loop;
	ev_signal_start(loop->ev, &loop->on_term);
	ev_signal_start(loop->ev, &loop->on_int);
	ev_signal_start(loop->ev, &loop->on_hup);
	conf_live_take_signal();
}

static bool start(struct loop *loop, struct fail *fail)
{
	loop->breaker = breaker_create(&(struct breaker_options){
		.messages = (size_t)loop->options->conf->breaker.messages,
		.percent = (unsigned)loop->options->conf->breaker.percent,
		.topics = loop->options->topics,
	});
	if (!start_lanes(loop, fail)) {
		return false;
	}
	if (!arena_init(&loop->claim_arena, GREETING_ARENA_SIZE) ||
	    !arena_init(&loop->look_arena, GREETING_ARENA_SIZE) ||
	    !arena_init(&loop->purge_arena, PURGE_ARENA_SIZE) ||
	    !arena_init(&loop->retention_arena, PURGE_ARENA_SIZE) ||
	    !arena_init(&loop->deals_arena, PURGE_ARENA_SIZE) ||
	    !arena_init(&loop->review_arena, REVIEW_ARENA_SIZE) ||
	    !arena_init(&loop->explain.arena, EXPLAIN_ARENA_SIZE) ||
	    !arena_init(&loop->accounts.arena, EXPLAIN_ARENA_SIZE) ||
	    !arena_init(&loop->queue_arena, PURGE_ARENA_SIZE)) {
		return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "phased: no memory");
	}
	loop->status =
		status_create(loop->options->conf, loop->options->listen, loop->options->counters, loop, fail);
	if (loop->status == NULL && fail->text[0] != '\0') {
		return false;
	}
	gather_settings(loop);
	loop->ev = ev_loop_new(EVFLAG_AUTO);
	if (loop->ev == NULL) {
		return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "phased: libev finds no way to wait for events");
	}
	start_watching(loop);
	return true;
}

static void finish(struct loop *loop)
{
	if (loop->ev != NULL) {
		ev_loop_destroy(loop->ev);
	}
	status_destroy(loop->status);
	for (unsigned i = 0; i < loop->lane_count; i++) {
		batch_destroy(loop->lanes[i].batch);
		arena_finish(&loop->lanes[i].greeting_arena);
		refolder_finish(&loop->lanes[i].refolder);
	}
	breaker_destroy(loop->breaker);
	engine_destroy(loop->engine);
	engine_destroy(loop->engine_next);
	arena_finish(&loop->claim_arena);
	arena_finish(&loop->look_arena);
	arena_finish(&loop->purge_arena);
	arena_finish(&loop->retention_arena);
	arena_finish(&loop->deals_arena);
	arena_finish(&loop->review_arena);
	arena_finish(&loop->explain.arena);
	arena_finish(&loop->accounts.arena);
	arena_finish(&loop->queue_arena);
}

bool loop_run(const struct loop_options *options, struct fail *fail)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	if (loop == NULL) {
		return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "phased: no memory");
	}
	CHECK(options->lane_count >= 1 && options->lane_count <= LANES_MAX);
	loop->options = options;
	loop->io = options->lanes[0];
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
