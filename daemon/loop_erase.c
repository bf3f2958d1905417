/*
 * Erasures that the database does not know, before anything is claimed: the loop watches what the eraser waits for.
 */
#include "daemon/eraser.h"
#include "daemon/loop_inside.h"

static void on_ready(struct ev_loop *ev, ev_io *watcher, int events)
{
	(void)ev;
	(void)watcher;
	(void)events;
}

static void watch(struct loop *loop, ev_io *watcher, int fd, int events)
{
	ev_io_stop(loop->ev, watcher);
	if (fd >= 0) {
		ev_io_set(watcher, fd, events);
		ev_io_start(loop->ev, watcher);
	}
}

static void stop(struct loop *loop)
{
	ev_io_stop(loop->ev, &loop->eraser_log_watcher);
	ev_io_stop(loop->ev, &loop->eraser_store_watcher);
	loop->eraser = NULL;
}

void loop_erase_start(struct loop *loop)
{
	loop->eraser = loop->options->eraser;
	if (loop->eraser != NULL) {
		ev_io_init(&loop->eraser_store_watcher, on_ready, -1, 0);
		ev_io_init(&loop->eraser_log_watcher, on_ready, -1, 0);
	}
}

void loop_erase(struct loop *loop)
{
	struct fail fail;
	if (loop->eraser == NULL || loop->stage != STAGE_RUNNING) {
		return;
	}
	switch (eraser_run(loop->eraser, &fail)) {
	case ERASER_WAITS:
		watch(loop, &loop->eraser_log_watcher, eraser_log_fd(loop->eraser), EV_READ);
		watch(loop, &loop->eraser_store_watcher, eraser_store_fd(loop->eraser),
		      EV_READ | (eraser_wants_write(loop->eraser) ? EV_WRITE : 0));
		break;
	case ERASER_DONE:
		stop(loop);
		break;
	case ERASER_FAILED:
		stop(loop);
		loop_give_up(loop, &fail);
		break;
	}
}
