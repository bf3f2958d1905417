/*
 * Quick or careful: which way the next try of a batch goes. Pure.
 *
 * The quick way assumes that nobody else writes the same contacts and that no old event comes again. Where that proves
 * wrong, PostgreSQL refuses the whole batch. Where somebody else was faster it is tried once more, with what they have
 * written; otherwise it goes the careful way; after several such in a row (a replay, say) so do a number of the batches
 * that follow, twice as many each time.
 */
#pragma once
#include <stdbool.h>

struct way {
	bool allowed; /* by configuration */
	bool quick;   /* the try under way */
	bool again;   /* the window was tried once more the quick way */
	bool careful_once;
	unsigned misses; /* in a row */
	unsigned careful_left;
};

#define WAY_CAREFUL_MAX 256 /* batches, before the quick way is tried again */

void way_init(struct way *way, bool allowed);
/* At the start of a try; true: the quick way. */
bool way_choose(struct way *way);
/* A turn was refused with this SQLSTATE: is it only that the quick way had assumed too much? */
bool way_missed(struct way *way, const char *code);
/* The next try goes the careful way, for a reason of the caller's. */
void way_rests(struct way *way);
/* The try was committed. */
void way_done(struct way *way);
