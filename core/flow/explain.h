/*
 * What tables explanation and history say of contacts: why their phase is shown, and how it was day by day. Of a slice at a time, in bounded
 * time. Pure; core/flow/why.h and core/flow/smooth.h do the work.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "core/flow/contacts.h"
#include "core/model/chore_rows.h"

struct arena;

#define EXPLAIN_LAST \
	500 /* touches with a share of their own, the last that count: what was before is part of the start */
#define EXPLAIN_DAYS_MAX 1100	/* of a history, the last ones: three years */
#define EXPLAIN_TAKEN_MAX 10000 /* touches that left a trace: who has more is no person, and is left out */

/* Fills what is written of slice->rows from slice->touches, and sorts both. As of `now_us`, or of the last touch that counts, where that is
 * later. False: arena full. */
bool explain_slice(const struct contacts_model *model, struct explain_rows *slice, int64_t now_us,
		   struct arena *arena);
