/*
 * Since when is shown what is shown? Of a history, at any moment of the past. Pure.
 *
 * What is shown changes with touches and, by time alone, at full hours (core/flow/review.h): as table phase_change has it.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/flow/fold.h"

#define SINCE_NEVER INT64_MIN

/*
 * The moment from which on `shown`, which fold_view() gives at `at_ms`, has been shown; SINCE_NEVER: nothing has counted yet. `at_ms` itself, where
 * it is another one than at the last full hour. The touches are all up to then, in the fold's order; `scratch` has room for a byte each.
 */
int64_t since_shown(const struct fold_process *process, const struct fold_touch *touches, size_t count,
		    int64_t at_ms, enum shown shown, bool *scratch);
