/*
 * The subjects that events are about: a batch's thousands of events are about some hundreds, and those come again in the next
 * batch. Each is made, hashed and matched once; what is found again is compared in full. They have texts of their own and
 * outlive the batch, until SUBJECTS_SIZE bytes of them are full: then the next batch begins anew.
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
	8192 /* a power of two; where there is no room near its place, a subject takes that of another */
#define SUBJECTS_SIZE ((size_t)4 * 1024 * 1024)

struct subject_known {
	struct subject subject;
	struct match match;
	const char *look; /* of the event that it was made from; NULL: not kept */
	size_t look_size;
};

struct subjects;

/* NULL: no memory. */
struct subjects *subjects_create(void);
void subjects_destroy(struct subjects *subjects); /* NULL is fine */

/* A batch begins. Of what was found before it, nothing may be looked at any more. */
void subjects_begin(struct subjects *subjects, const struct engine *engine);
/* The event's subject and what it matches, until the next batch begins. NULL: the arena, which is the batch's, is full. */
const struct subject_known *subjects_find(struct subjects *subjects, const struct event *event,
					  const struct subject_keys *keys, struct arena *arena);
