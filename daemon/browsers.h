/*
 * Who the events of a batch are by: a browser's events, several in most batches, share what identify_event() made of the first
 * of them. Holds nothing beyond the batch.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "core/flow/identify.h"

struct arena;

#define BROWSERS_MAX 4096 /* a power of two; one takes the place of another */

struct browsers {
	uint64_t batch; /* counts batches, from 1 on: what another one left is no longer there */
	struct browser {
		uint64_t batch;
		const char *site, *anonymous_id; /* of the event that it was identified by */
		const struct identified *who;
	} places[BROWSERS_MAX];
};

/* A batch begins, with an empty arena: all that was known is gone. */
void browsers_begin(struct browsers *browsers);
/* Who the event, of any kind, is by; in the arena, which is the batch's and holds the event's texts. NULL: it is full. */
const struct identified *browsers_identify(struct browsers *browsers, const struct event *event,
					   const struct identify_options *options, struct arena *arena);
