/*
 * A table from ids to small numbers, in an arena: who of a batch is where in its arrays.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/uuid.h"

struct arena;

#define IDMAP_NONE UINT32_MAX

struct idmap {
	struct arena *arena;
	struct uuid *ids;  /* open addressing; slots is a power of two, at most half of it used */
	uint32_t *numbers; /* IDMAP_NONE: the slot is free */
	size_t slots, used;
};

/* Room for `expected` ids; it grows. False: the arena is full. */
bool idmap_init(struct idmap *map, struct arena *arena, size_t expected);
uint32_t idmap_get(const struct idmap *map, const struct uuid *id); /* IDMAP_NONE: not in it */
/* Puts `number` where the id is new; *ret_number is the one that is there now. False: the arena is full. */
bool idmap_put(struct idmap *map, const struct uuid *id, uint32_t number, uint32_t *ret_number);
