/*
 * Quick or careful: which way the next try of a batch goes. Pure.
 *
 * The quick way assumes that nobody else writes the same contacts and that no old event comes again. Where that proves
 * wrong, PostgreSQL refuses the whole batch. Where somebody else was faster it is tried once more, with what they have
 * written; where an event was there already it is tried warily: no event is taken for new, each one's key is looked up, which
 * is all that the careful way does more about copies. Otherwise it goes the careful way. After several such in a row (a replay,
 * an old event that is sent again and again) the batches that follow are wary, or careful, from the start: 4, then twice as
 * many each time.
 */
#pragma once
#include <stdbool.h>

struct way {
	bool allowed; /* by configuration */
	bool quick;   /* the try under way */
	bool wary;    /* quick, and no event is taken for new */
	bool again;   /* the window was tried once more the quick way */
	bool wary_once, careful_once;
	unsigned copies, misses; /* in a row: why the window became wary, why it became careful */
	unsigned wary_left, careful_left;
};

#define WAY_REST_MAX 256 /* batches, before what was in vain is tried again */

void way_init(struct way *way, bool allowed);
/* At the start of a try; true: the quick way. */
bool way_choose(struct way *way);
/* A turn was refused with this SQLSTATE: is it only that the quick way had assumed too much? */
bool way_missed(struct way *way, const char *code);
/* The next try goes the careful way, for a reason of the caller's. */
void way_rests(struct way *way);
/* The try was committed. */
void way_done(struct way *way);
