/*
 * A slice of what phasectl rejects retry works on: rows, locked in a transaction of their own, the messages they stand for, and
 * what became of each.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "ctl/rejects.h"

/* What became of a row. UNTRIED is what a zeroed one says: only what was acknowledged may be marked. */
enum fate { FATE_UNTRIED, FATE_SENT, FATE_LOST, FATE_STILL, FATE_GONE, FATE_COLLECTORS, FATE_COUNT };

struct slice {
	struct ctl *ctl;
	struct postgres *postgres;
	bool dry_run;	  /* rows are neither locked nor marked */
	int64_t begun_us; /* by the server's clock: rows noted since then are not taken */
	struct reject_entries entries;
	struct kafka_record *records; /* one an entry; FOUND: it, and no other message */
	enum fate *fates;	      /* one an entry */
};

/* Notes when this began. What is rejected again of what we send is noted later: without this bound we would take it, and
 * send it, again and again. */
bool slice_begin(struct slice *slice, struct fail *fail);
/* Begins a transaction and takes the next rows after `last` that the filter asks for, that were noted before slice_begin()
 * and that nobody else tries again at this moment; none: count 0. All memory is the arena's, for the caller to give back. */
bool slice_next(struct slice *slice, const struct postgres_value filter[static REJECT_FILTER_VALUES],
		const struct reject_entry *last, struct fail *fail);
/* The same with the one row there. */
bool slice_one(struct slice *slice, const struct reject_entry *place, struct fail *fail);
/* Messages from their logs; what those do not hold any more, from the bytes that were kept, if they were. */
bool slice_read(struct slice *slice, struct fail *fail);
/* Marks the rows that were SENT and commits. */
bool slice_finish(struct slice *slice, struct fail *fail);
