/*
 * One simulated contact: the phases that it truly went through, and the touches that were measured of it.
 */
#pragma once
#include "core/model/touch.h"
#include "tests/accuracy/world.h"

#define LIFE_TOUCHES_MAX 6000
#define LIFE_STAYS_MAX 400

enum life_kind {
	LIFE_BUYER,
	/* These never buy, whatever they read. */
	LIFE_JOB_SEEKER,
	LIFE_STUDENT,
	LIFE_CUSTOMER, /* comes for help with what it has */
	LIFE_KINDS
};

struct life_stay {
	double from_day;
	unsigned state;
};

struct life {
	enum life_kind kind;
	unsigned days;		   /* lived until here: then the order closes the process, or the calendar ends */
	uint8_t state[WORLD_DAYS]; /* at 24:00 UTC of each day: the truth */
	unsigned stay_count;
	struct life_stay stays[LIFE_STAYS_MAX];
	size_t touch_count;
	struct fold_touch touches[LIFE_TOUCHES_MAX]; /* in the fold's order, mail opens too */
};

/* The contact with this number. */
void life_draw(const struct world *world, uint64_t number, struct life *ret_life);

/* life_touches.c: what somebody with this path did. `chance` goes on. */
void life_draw_touches(const struct world *world, struct chance *chance, struct life *life);
