/*
 * What a contact once came to in a process: the farthest phase that was shown, how that was lost, and when late was entered. Pure.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/flow/alerts.h"
#include "core/flow/fold.h"
#include "core/model/rows.h"

struct arena;

struct standing {
	int peak;	 /* enum shown, from early on; 0: none was shown since the process was last closed */
	int64_t fell_us; /* from when on the peak was shown no more; INT64_MIN: it is */
	bool by_time;	 /* that, by time alone */
	uint64_t cause;	 /* else: event id of the touch */
};

/* Of the changes of one contact's process, in order. What closed the process, closes what it came to. */
void standing_peak(const struct change_row *changes, size_t count, struct standing *ret_standing);

/* Days at whose end late was entered, since 1970, as a fold_all() with standing_step tells. */
struct standing_late {
	struct alerts alerts;
	struct arena *arena;
	int64_t *days;
	size_t count, room;
	bool full; /* the arena is */
};
void standing_late_begin(struct standing_late *ret_late, const struct alerts_process *process,
			 struct arena *arena);
/* A fold_step; the context is a struct standing_late. */
void standing_step(void *context, const struct phase_state *state, const struct fold_touch *touch);
/* Those that come by time alone among them, as long as a state moves by itself: whoever reads leaves out what has not come yet. */
void standing_late_end(struct standing_late *late);
