/*
 * One item of a request → what is sent to Kafka for it, and what it will have become when it is there. Pure.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/counts.h"
#include "collector/screen.h"
#include "collector/source/source.h"

struct arena;

struct parcel {
	enum fate fate;
	const char *topic; /* NULL: nothing is sent */
	struct uuid key;   /* the actor that the touch will be recorded on */
	size_t key_size;   /* 0: nobody is named, any partition */
	const uint8_t *bytes;
	size_t size;
};

/* `topics` by channel, [CHANNEL_UNSAID] for rejects; `source` of a reject. Changes the item. False: the arena is full. */
bool parcel_make(struct source_item *item, const char *const *topics, const struct screen_options *screen,
		 const char *source, int64_t received_us, struct arena *arena, struct parcel *ret_parcel);
