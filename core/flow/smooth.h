/*
 * How probable each main phase was at the end of each day, by all that is known now: what came after a day says something of it, too.
 * For drawing the past; what holds at present is fold_view()'s, which knows no future. Pure; docs/model.md has the mathematics.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/flow/fold.h"

struct arena;

#define SMOOTH_MINUTES (24 * 60) /* of a day */

struct smooth_day {
	bool closed;		 /* won or lost, and nothing had counted since: the rest is 0 */
	double main[MAIN_COUNT]; /* sum 1 */
};

struct smooth {
	int64_t first_day; /* since 1970, UTC */
	size_t count;	   /* days, each as of its 24:00 UTC; the one that `at_ms` lies in has not ended */
	const struct smooth_day *days; /* in the arena */
};

/*
 * From the day on which the first of these touches counted, in the fold's order; the last days_max days at most. `counted`: as
 * fold_all() said. Where nothing has counted there is no day. False: the arena is full.
 */
bool smooth_history(const struct fold_process *process, const struct fold_touch *touches, size_t count,
		    const bool *counted, int64_t at_ms, size_t days_max, struct arena *arena,
		    struct smooth *ret_smooth);
