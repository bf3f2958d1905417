#include "collector/loop.h"

#include <ev.h>

#include "collector/collect.h"
#include "collector/conf.h"
#include "core/base/check.h"
#include "core/base/log.h"
#include "core/base/moment.h"
#include "core/edge/conf_live.h"
#include "core/edge/service.h"

/* Answers that nobody acknowledged any more still have to reach their clients. */
#define LAST_ANSWERS_US (2 * MOMENT_SECOND_US)

/* Who has just connected is about to send; who connects long before, as browsers do, will connect again. */
#define SILENT_US MOMENT_SECOND_US

enum stage {
	STAGE_RUNNING,
	STAGE_DRAINING, /* no new connections; requests that are coming, or wait for the brokers, get their answer */
	STAGE_ENDING,	/* the time is over: what still waits is answered 503 */
	STAGE_OVER	/* nobody waits, or not even a last answer could be given in time */
};

struct loop {
	struct ev_loop *ev;
	struct collect *collect;
	ev_io io[COLLECT_FDS_MAX];
	unsigned io_count;
	ev_timer timer;
	ev_signal term, interrupt, hang_up;
	ev_prepare chores;
	enum stage stage;
	int64_t deadline_us, silent_until_us;
	const struct loop_options *options;
	bool reload_wanted, is_stuck;
	int64_t look_at_us; /* when to look whether it is */
};

/* Readiness is only noted by the loop having turned: the chores look for themselves. */
static void on_ready(struct ev_loop *ev, ev_io *io, int events)
{
	(void)ev;
	(void)io;
	(void)events;
}

static void on_timer(struct ev_loop *ev, ev_timer *timer, int events)
{
	(void)events;
	ev_timer_stop(ev, timer);
}

static void on_stop_signal(struct ev_loop *ev, ev_signal *signal, int events)
{
	(void)events;
	(void)ev;
	struct loop *loop = signal->data;
	if (loop->stage == STAGE_RUNNING) {
		service_stopping(loop->options->service);
		log_info("stopping: no new connections, requests that wait are finished");
		collect_quiesce(loop->collect);
		loop->stage = STAGE_DRAINING;
		loop->silent_until_us = moment_monotonic_us() + SILENT_US;
		loop->deadline_us = moment_monotonic_us() + loop->options->conf->stop.seconds * MOMENT_SECOND_US;
	}
}

static void on_reload_signal(struct ev_loop *ev, ev_signal *signal, int events)
{
	(void)ev;
	(void)events;
	((struct loop *)signal->data)->reload_wanted = true;
}

/* The configuration file is read again between two turns: requests that wait keep what they were read by. */
static void reload(struct loop *loop)
{
	const struct loop_options *options = loop->options;
	if (!loop->reload_wanted || loop->stage != STAGE_RUNNING) {
		return;
	}
	loop->reload_wanted = false;
	service_reloading(options->service);
	struct conf_changes changes;
	struct fail fail;
	bool good = conf_live_reload(options->live, &changes, &fail);
	if (good) {
		log_start((enum log_level)options->conf->log.level);
		good = collect_reconfigure(loop->collect, &fail);
		char said[CONF_CHANGES_TEXT_SIZE];
		log_info("configuration: %s", conf_changes_say(&changes, options->live, said, sizeof(said)));
	} else {
		log_error("configuration: not taken over, what was in force still is: %s", fail.text);
	}
	collect_count_reload(loop->collect, good);
	service_reloaded(options->service, good ? NULL : fail.text);
}

static void watch(struct loop *loop)
{
	int fds[COLLECT_FDS_MAX];
	unsigned count = collect_fds(loop->collect, fds);
	for (unsigned i = 0; i < COUNT_OF(loop->io); i++) {
		bool wanted = i < count;
		if (ev_is_active(&loop->io[i]) && (!wanted || loop->io[i].fd != fds[i])) {
			ev_io_stop(loop->ev, &loop->io[i]);
		}
		if (wanted && !ev_is_active(&loop->io[i])) {
			ev_io_set(&loop->io[i], fds[i], EV_READ);
			ev_io_start(loop->ev, &loop->io[i]);
		}
	}
}

static void advance_stop(struct loop *loop)
{
	int64_t now_us = moment_monotonic_us();
	bool late = now_us >= loop->deadline_us;
	if (loop->stage == STAGE_RUNNING) {
		return;
	}
	if (collect_is_idle(loop->collect, now_us < loop->silent_until_us) ||
	    (late && loop->stage == STAGE_ENDING)) {
		loop->stage = STAGE_OVER;
		ev_break(loop->ev, EVBREAK_ALL);
	} else if (late) {
		log_warning("stopping: the brokers did not acknowledge in time, answering 503");
		collect_give_up(loop->collect);
		loop->stage = STAGE_ENDING;
		loop->deadline_us += LAST_ANSWERS_US;
	}
}

static void tell_service(struct loop *loop)
{
	int64_t now_us = moment_monotonic_us();
	if (collect_is_up(loop->collect)) {
		service_ready(loop->options->service);
	}
	if (now_us >= loop->look_at_us) { /* looks at every request that waits */
		loop->is_stuck = collect_is_stuck(loop->collect);
		loop->look_at_us = now_us + MOMENT_SECOND_US;
	}
	if (!loop->is_stuck) {
		service_alive(loop->options->service, now_us);
	}
	if (loop->stage == STAGE_RUNNING && service_wants_status(loop->options->service, now_us)) {
		char text[SERVICE_STATUS_SIZE];
		collect_say(loop->collect, text, sizeof(text));
		service_status(loop->options->service, text);
	}
}

/* Before the loop waits: everything that can move moves, then the next wake-up is set. */
static void on_chores(struct ev_loop *ev, ev_prepare *chores, int events)
{
	(void)events;
	struct loop *loop = chores->data;
	reload(loop);
	int wait_ms = collect_turn(loop->collect);
	watch(loop);
	tell_service(loop);
	advance_stop(loop);
	if (loop->stage != STAGE_RUNNING && wait_ms > 50) {
		wait_ms = 50;
	}
	ev_timer_stop(ev, &loop->timer);
	ev_timer_set(&loop->timer, wait_ms / 1000.0, 0.);
	ev_timer_start(ev, &loop->timer);
}

void loop_run(struct collect *collect, const struct loop_options *options)
{
	struct loop loop = {.ev = ev_default_loop(EVFLAG_AUTO), .collect = collect, .options = options};
	CHECK(loop.ev != NULL);
	for (unsigned i = 0; i < COUNT_OF(loop.io); i++) {
		ev_init(&loop.io[i], on_ready);
	}
	ev_init(&loop.timer, on_timer);
	ev_signal_init(&loop.term, on_stop_signal, SIGTERM);
	ev_signal_init(&loop.interrupt, on_stop_signal, SIGINT);
	ev_signal_init(&loop.hang_up, on_reload_signal, SIGHUP);
	ev_prepare_init(&loop.chores, on_chores);
	loop.term.data = loop.interrupt.data = loop.hang_up.data = loop.chores.data = &loop;
	ev_signal_start(loop.ev, &loop.term);
	ev_signal_start(loop.ev, &loop.interrupt);
	ev_signal_start(loop.ev, &loop.hang_up);
	conf_live_take_signal();
	ev_prepare_start(loop.ev, &loop.chores);
	ev_run(loop.ev, 0);
	ev_loop_destroy(loop.ev);
}
