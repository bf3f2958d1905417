/*
 * Alerts of a history that is folded: "entered late". Pure; no libm, no allocation.
 *
 * P(late) is of all states, `none` among them, at 24:00 UTC: of what was done until then, moved there as fold_view() does. Late is entered
 * where it is at least .4 at the ends of two days running; once it has been below .3 at the end of a day, it may be entered again.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "core/flow/fold.h"

#define ALERTS_LATE_FROM 0.4
#define ALERTS_LATE_AGAIN_BELOW 0.3

/* What is asked of a process, made once. Open so that a caller may hold it; borrows the fold's. */
struct alerts_process {
	const struct fold_process *fold;
	double most[PHASE_STATES]; /* P(late) that who is in a state may come to by time alone, at the most */
	double rises, falls;	   /* by no more in a day, by time alone; by no larger part of itself */
};

/* Late was entered then, or, `entered` false, left so far that it may be entered again. */
typedef void alerts_on_late(void *context, int64_t at_ms, bool entered);

/* How one contact's process stands: zeroed but for the first three before its first touch, and a plain value, to be kept. */
struct alerts {
	const struct alerts_process *process;
	alerts_on_late *on_late;
	void *context;
	bool begun;		 /* something has moved the state: what follows is valid */
	bool high;		 /* P(late) was enough at the end of the day before next_ms */
	bool entered;		 /* and not left since */
	int64_t next_ms;	 /* end of the first day that has not been looked at */
	struct phase_state last; /* as the last touch left it, up to what tells which touches count */
};

void alerts_process_init(struct alerts_process *ret_process, const struct fold_process *fold);

/* A fold_step: after the last touch of each millisecond that moved the state. The context is a struct alerts. */
void alerts_step(void *context, const struct phase_state *state, const struct fold_touch *touch);
/* No touch moves the state up to then, the moment included. */
void alerts_pass(struct alerts *alerts, int64_t until_ms);
