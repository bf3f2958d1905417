/*
 * TAKE and DECODE: messages → items. Ends all distrust of input; after it the messages' bytes are no longer needed.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/base/arena.h"
#include "core/edge/conf.h"
#include "core/flow/identify.h"
#include "core/flow/item.h"
#include "daemon/assignment.h"
#include "daemon/browsers.h"
#include "daemon/counters.h"
#include "daemon/engine.h"
#include "daemon/io.h"
#include "daemon/subjects.h"

#define TAKE_CHUNK 64			      /* messages held by the source's buffers at a time */
#define TAKE_FOLLOW_MAX EVENT_CONTACT_IDS_MAX /* items of one message beside its first */
#define TAKE_ROOM ((size_t)8 * 1024 * 1024)   /* no message of at most 64 KiB takes more of the arena */

struct take {
	const struct conf *conf;
	struct identify_options identify;
	struct io io;
	struct assignment *assignment;
	struct counters *counters;
	int64_t kept_from_us; /* what happened before is not taken */
	int rejected_topic;   /* number of the topic of what the collector could not read; -1: none */
	/* messages taken from the source and not decoded yet */
	struct message chunk[TAKE_CHUNK];
	size_t chunk_count, chunk_at;
	struct subjects *subjects;
	struct browsers *browsers;
	struct arena *scratch; /* what decoding needs for a message; nothing stays in it */
};

/*
 * Appends items until `max` are there, or up to TAKE_FOLLOW_MAX more where the last message has several; the source has no more;
 * or the arena is nearly full. Where *count is 0 a batch begins,
 * and the arena holds nothing of the last one's. Messages of partitions that
 * are not ours, and those before our position, are passed over. Returns false when the source had more than was taken.
 */
bool take_items(struct take *take, const struct engine *engine, struct arena *arena, struct item *items,
		size_t *count, size_t max);
/* Forgets messages that are held (after an unassign: the source has forgotten them, too). */
void take_forget(struct take *take);
