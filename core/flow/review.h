/*
 * What time alone changes: the shown phase, its band and quiet, on a grid of full hours (UTC), and when it will do so next. Pure; no
 * libm, no allocation.
 *
 * Says what fold_view() would say if it were asked every hour, at a small part of the price: how fast probabilities can move is bounded by the
 * process's moves, so most hours need not be looked at.
 */
#pragma once
#include <stdint.h>

#include "core/flow/fold.h"

#define REVIEW_HOUR_MS INT64_C(3600000)
#define REVIEW_AHEAD_MS (180 * 24 * REVIEW_HOUR_MS)
#define REVIEW_NEVER INT64_MAX

/*
 * The first full hour after `from_ms`, and not after `until_ms`, at which fold_view() shows another phase or band, or is quiet where
 * it was not, than at `from_ms`; REVIEW_NEVER: none. `from_ms` is not before the last touch that moved the state. `ret_view`: what it
 * gives then.
 */
int64_t review_next(const struct fold_process *process, const struct phase_state *state, int64_t from_ms,
		    int64_t until_ms, struct phase_view *ret_view);

/* A full hour after `from_ms` before which nothing changes; for less than review_next(), at most 180 days ahead. REVIEW_NEVER: nothing
 * changes any more. `view`: what fold_view() gives at `from_ms`. */
int64_t review_not_before(const struct fold_process *process, const struct phase_state *state, int64_t from_ms,
			  const struct phase_view *view);
/* When to look again: the hour of review_next(), or in 180 days where nothing changes until then. REVIEW_NEVER: nothing changes
 * any more. */
int64_t review_when(const struct fold_process *process, const struct phase_state *state, int64_t from_ms);
