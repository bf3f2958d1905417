/*
 * Why is this phase shown? Each touch's share of the evidence, in units of logit P(phase): exact, and adding up. docs/model.md
 * has the mathematics. Pure; not part of the fold, so it may use libm: its last digits are of one machine.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/flow/fold.h"

struct arena;

/* Bytes of an arena that an explanation of so many touches needs at most. */
size_t why_memory(size_t touches);

struct why {
	double start;	      /* logit of the phase with no touch at all: where people begin, and what time does */
	size_t earlier;	      /* touches that counted and are part of the start: why_explain_last() */
	double logit;	      /* with all of them: start + the shares */
	const double *shares; /* of each touch that was given; 0 for those that do not count. In the arena */
};

/*
 * How the touches of a contact in a process, in the fold's order, carry `about` at a time: against the other states but
 * none. `counted`: as fold_all() said of the same touches. What came before the process was closed has no share.
 * Returns WHY_NOTHING where nothing has counted, or all states are in that phase: its logit is of no number then.
 */
enum why_result { WHY_DONE, WHY_NOTHING, WHY_ARENA_FULL };
enum why_result why_explain(const struct fold_process *process, const struct fold_touch *touches, size_t count,
			    const bool *counted, int64_t at_ms, enum main_phase about, struct arena *arena,
			    struct why *ret_why);

/*
 * The same of the last `last` touches that count; what those before them have made of the contact is where these begin, and part of
 * the start. For whoever must answer in bounded time: some 10 µs a touch, more of those whose sum asks for more parts.
 */
enum why_result why_explain_last(const struct fold_process *process, const struct fold_touch *touches,
				 size_t count, const bool *counted, int64_t at_ms, enum main_phase about,
				 size_t last, struct arena *arena, struct why *ret_why);
