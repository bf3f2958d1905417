/*
 * What daemon/loop.c does around its batch, without libev: a few daemons in one world, step by step, and after each
 * step what must always hold.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/edge/conf.h"
#include "daemon/batch_steps.h"
#include "daemon/crew.h"
#include "daemon/refolder.h"
#include "tests/daemon/world.h"

#define DRIVE_CHECKPOINT 2 /* touches from one checkpoint to the next */
#define DRIVE_TURNS_MAX 9  /* round trips of a batch that meets no trouble */

struct driven {
	struct drive *drive;
	struct world_client *client;
	struct engine *engine;
	struct batch *batch;
	struct assignment assignment;
	struct counters counters;
	struct partition wanted[WORLD_TOPICS * WORLD_PARTITIONS]; /* what the group gave it, as far as it knows */
	struct position_row claimed[WORLD_TOPICS * WORLD_PARTITIONS];
	size_t wanted_count;
	bool claim_wanted, claim_under_way, claim_is_old, release_wanted, release_now;
	bool review_under_way, review_writes;
	struct due_rows due;
	struct reviewed_rows reviewed;
	struct arena review_arena;
	struct arena claim_arena;
	struct refolder refolder;
	/* of the window that is under way */
	uint64_t turns_at_start;
	double committed_at_start, redone_at_start;
	bool in_trouble;
};

struct drive {
	struct world *world;
	struct conf conf;
	struct identity_key key;
	size_t count;
	struct crew
		crews[WORLD_CLIENTS_MAX]; /* of each daemon; all are in the first where they are lanes of one */
	bool are_lanes;
	int64_t until_us; /* the wall clock goes on by hours, up to here; what time does is written meanwhile; 0: neither */
	bool nobody_waits;  /* a slice found nobody, and nothing was written since; for a real PostgreSQL */
	size_t claims_max;  /* so many claims on one weak actor count */
	bool keeps_waiting; /* nobody works off what waits for its refold */
	bool stepped;	    /* a round ends where a turn has ended: others may move before the next one is sent */
	struct driven daemons[WORLD_CLIENTS_MAX];

	/* of all windows of a daemon alone that met no trouble */
	uint64_t windows, windows_over_4, turns_max;
	uint64_t reviewed, changed_by_time; /* rows */
	const char *wrong;		    /* the first thing that did not hold; NULL: nothing */
	char wrong_text[256];
};

/* The model of tests/daemon/model, once for the process; CHECKs. */
void drive_init(struct drive *drive, struct world *world);
void drive_finish(struct drive *drive);
const struct contacts_model *drive_model(const struct drive *drive);
/* Daemons 0 … count − 1 over an empty world, none of which has any partition. */
void drive_start(struct drive *drive, uint64_t seed, size_t count);
/* Whatever must be refolded, batches do themselves: for stories of one batch. */
void drive_refold_at_once(struct drive *drive);
/* So many claims on one weak actor count, from the start. */
void drive_count_claims(struct drive *drive, size_t claims_max);
void drive_stop(struct drive *drive);

/* The group gives all partitions to the daemons by turns, from `shift` on. Those that are late to hear of it go on. */
void drive_rebalance(struct drive *drive, unsigned shift, bool lost);
/* What one daemon's loop does in one round. */
void drive_step(struct drive *drive, size_t number);
/* Steps by chance until everything is applied; false: it does not get there, or something is wrong. */
bool drive_drain(struct drive *drive);
/* All that is due an hour after `until_us`, without trouble; the clock stands there then. */
void drive_review_rest(struct drive *drive);
/* Every message's outcome is counted, every partition is at its end. */
bool drive_is_done(const struct drive *drive);
