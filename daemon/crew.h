/*
 * The batches of one daemon's lanes keep out of each other's way.
 *
 * Two batches at once that write one contact cost one of them its work, and large ones nearly always share somebody: a
 * person with two browsers. Within a daemon it is known beforehand, so a batch that goes the quick way ends its window
 * before the first message of somebody whom another lane's batch is at. Between daemons PostgreSQL decides.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct batch;

#define CREW_MAX 16

struct crew {
	struct batch *batches[CREW_MAX]; /* NULL: none */
	int64_t kept_from_us;		 /* of what happened before nothing is kept */
	struct recent *recent; /* of all: a copy may come by another partition; gone with the last of them */
};

/* False: no memory. */
bool crew_join(struct crew *crew, struct batch *batch);
void crew_leave(struct crew *crew, const struct batch *batch);
/* Of the window, once its cast is planned: how many messages come before the first that concerns somebody whom another
 * batch of the crew is at. None: it waits (crew_waits()). False: its arena is full. */
bool crew_free_count(const struct crew *crew, struct batch *batch, size_t *ret_count);
/* Is the batch that it waits for still at the same try? Not for ever: a lane that is stuck must not hold up the others, and
 * PostgreSQL decides then. */
bool crew_waits(struct batch *batch, int64_t now_us);
