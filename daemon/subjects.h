/*
 * The subjects of one batch: thousands of events are about a few hundred, and each of these is made, hashed and matched
 * once. What is found again is compared in full. Holds nothing beyond the batch, nor more than SUBJECTS_MAX.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/flow/match.h"
#include "core/flow/subject.h"
#include "daemon/engine.h"

struct arena;

#define SUBJECTS_MAX \
	4096 /* a power of two; where there is no room near its place, a subject takes that of another */

/* In the arena of the batch. */
struct subject_known {
	struct subject subject;
	struct subject_look look; /* at the event that it was made from */
	struct match match;
};

struct subjects {
	const struct engine *engine;
	uint64_t batch; /* counts batches, from 1 on: what another one left is no longer there */
	struct subject_slot {
		uint64_t sketch, batch;
		const struct subject_known *known;
	} slots[SUBJECTS_MAX];
};

/* A batch begins, with an empty arena: all that was known is gone. */
void subjects_begin(struct subjects *subjects, const struct engine *engine);
/* The event's subject and what it matches. NULL: the arena is full. */
const struct subject_known *subjects_find(struct subjects *subjects, const struct event *event,
					  const struct subject_keys *keys, struct arena *arena);
