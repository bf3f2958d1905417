/*
 * The touches that `phasectl model try` folds: lines in any order, with copies → one copy an event, in the fold's order.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/base/fail.h"
#include "core/model/model.h"
#include "core/model/touch.h"

#define TRY_MEMORY_MAX ((size_t)1 << 30) /* of the texts and rows of all touches: a few million */

struct try_contact {
	const char *name;
	size_t first, count; /* in touches */
};

struct try_touches {
	struct fold_touch *touches;
	struct try_contact *contacts; /* by name */
	size_t contact_count;
	size_t count_max; /* most touches of one contact */
	struct try_memory *memory;
};

/* Zeroes *ret first. False: *fail says why; bad lines have been named on stderr and make it EXIT_BAD_DATA. The caller
 * ends it with try_touches_finish() either way. */
bool try_touches_read(const char *path, const struct model_process *process, struct try_touches *ret,
		      struct fail *fail);
void try_touches_finish(struct try_touches *touches);

/* The id that the line of a touch gave it. */
const char *try_touches_id(const struct try_touches *touches, size_t place);
/* NULL when there are none. */
const struct try_contact *try_touches_of(const struct try_touches *touches, const char *contact);
