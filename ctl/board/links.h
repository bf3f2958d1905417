/*
 * Connections of the board: as many as ask at once, made when they are needed, given up when they fail.
 *
 * Each asks in read-only transactions, as role phased_board where it may. Nothing blocks. Who cannot be answered in time is
 * told so.
 */
#pragma once
#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/fail.h"
#include "core/edge/postgres.h"

struct job;

#define LINKS_MAX 4

enum links_end { LINKS_ANSWERED, LINKS_AWAY, LINKS_TOO_LONG, LINKS_REFUSED };

/* Takes the job: its rows are there, or *fail says why not. */
typedef void links_done(void *context, struct job *job, enum links_end end, const struct fail *fail);

struct link {
	struct links *links;
	struct postgres *postgres;
	struct job *job; /* under way */
	bool is_settled; /* greeted: role and limits are set */
	bool has_people;
	int64_t fresh_us; /* until then: what the role may is asked anew with a new connection */
	ev_io watcher;
};

struct links {
	struct ev_loop *ev;
	struct link list[LINKS_MAX];
	struct job *first, **end; /* that wait */
	size_t waiting;
	bool is_away;	    /* as it was said last */
	int64_t connect_us; /* not before this, while others are up */
	char timeout_ms[16];
	struct postgres_value timeout;
	links_done *done;
	void *context;
};

/* `options` for each connection; what they borrow outlives the links. A statement has two thirds of the time of a turn. */
bool links_init(struct links *links, struct ev_loop *ev, const struct postgres_options *options, links_done *done,
		void *context, struct fail *fail);
/* Jobs that wait or are under way are done with LINKS_AWAY. */
void links_finish(struct links *links);

/* Takes the job. False: too many wait already, and it is the caller's still. */
bool links_ask(struct links *links, struct job *job);
/* Moves along whatever can move, and watches the rest. */
void links_run(struct links *links);
/* When links_run() is to be called at the latest: monotonic µs, INT64_MAX: never. */
int64_t links_wakes_us(const struct links *links);
