/*
 * An explanation as people read it: what the touches of one rule and UTC day say together is a line.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/flow/why.h"
#include "core/model/chore_rows.h"

#define WHY_DAY_MS INT64_C(86400000)

struct why_lines {
	struct why_line *list; /* by day, then by rule; in the arena */
	size_t count;
};

/*
 * `contents`: of each touch its content's name, or NULL; borrowed, as the model's names are. Touches that do not count, that closed the process
 * or that are part of the start have no line. False: the arena is full.
 */
bool why_lines(const struct model_process *model, const struct fold_touch *touches, const char *const *contents,
	       size_t count, const bool *counted, const struct why *why, struct arena *arena,
	       struct why_lines *ret_lines);
int why_lines_compare(const struct why_line *a, const struct why_line *b); /* by day, then by rule */
