/*
 * What the touches match that READ has brought: by the engine's cache; of subjects that it does not know, as it is stored, by one more
 * turn (RULES). A subject that is not stored with its rule under this model matches nothing.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/base/sort.h"
#include "core/model/rows.h"
#include "daemon/engine.h"

struct arena;

struct rules {
	struct rule_rows rows;	    /* what RULES asks for; subject_count 0: nothing */
	struct sort_entry *unknown; /* by subject: touches of read->touches */
	size_t unknown_count;
};

/* Fills what the cache knows, and lists the rest. False: arena full. */
bool rules_list(struct rules *rules, const struct engine *engine, struct read_rows *read, struct arena *arena);
/* After that turn: fills the rest; the cache knows it from now on. */
void rules_take(struct rules *rules, struct engine *engine, struct read_rows *read);
