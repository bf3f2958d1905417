/*
 * Contacts that wait for their refold (table refold), folded anew a slice at a time, in a transaction of their own:
 *
 *	PICK: BEGIN, locks, states ─▶ READ: touches (─▶ RULES: what they match) ─▶ fold ─▶ SAVE: states, changes, checkpoints, COMMIT
 *
 * It takes the locks of those contacts alone that nobody is at, waits for nobody, and writes their arbiters as a batch
 * does; whoever else had read one starts over. Needs no partition: what it writes follows from what is stored. Killed at any
 * moment it leaves the contacts waiting.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/fail.h"
#include "core/edge/conf.h"
#include "core/flow/cast.h"
#include "core/flow/contacts.h"
#include "core/model/rows.h"
#include "daemon/counters.h"
#include "daemon/engine.h"
#include "daemon/io.h"
#include "daemon/rules.h"

enum refolder_step {
	REFOLDER_IDLE,
	REFOLDER_PICK,
	REFOLDER_READ,
	REFOLDER_RULES,
	REFOLDER_SAVE,
	REFOLDER_ROLLBACK,
	REFOLDER_POSTPONE
};

struct refolder {
	enum refolder_step step; /* whose turn is under way */
	struct io io;		 /* of the lane that does it */
	struct engine *engine;
	const struct conf *conf;
	struct counters *counters;
	struct arena arena;
	size_t slice;	  /* contacts at once: adapts */
	int64_t slice_us; /* to what they may take */
	bool is_cut;	  /* fewer than were picked: together they have too many touches */
	int64_t begun_us; /* monotonic */
	bool postpones;	  /* next, with nothing open: the only one that was picked is too much */
	struct uuid postponed;
	bool counted_only; /* the last one did not fit as a whole: less of what is read next */
	bool found;	   /* the last slice had somebody */
	struct pick_rows pick;
	struct cast cast;
	struct contacts contacts;
	struct read_rows read;
	struct rules rules;
	struct save_rows save;
};

/* False: no memory. Borrows both for life; ended by refolder_finish(). */
bool refolder_init(struct refolder *refolder, const struct conf *conf, struct counters *counters);
void refolder_finish(struct refolder *refolder);

enum refolder_end {
	REFOLDER_SENT, /* a turn is under way */
	REFOLDER_DONE, /* nothing is open any more */
	REFOLDER_DROPS /* the connection must be dropped: *fail */
};
/* Begins a slice, on an idle connection that has been greeted; a longer one when it is calm: nothing has come for a while that might wait
 * for it. Borrows the engine until it is done. */
enum refolder_end refolder_begin(struct refolder *refolder, struct io io, struct engine *engine, bool calm,
				 struct fail *fail);
/* How the turn that it sent has ended. *fail is set where the connection must be dropped. */
enum refolder_end refolder_turn_done(struct refolder *refolder, struct fail *fail);
enum refolder_end refolder_turn_failed(struct refolder *refolder, const struct fail *why, struct fail *fail);
/* The connection is gone: whatever was open is not. */
void refolder_lost(struct refolder *refolder, const struct fail *why);
