/*
 * What comes between the turns of an erasure (core/edge/erase.h): who is concerned, what is theirs, who is one with whom of those who stay, and
 * whose touches are whose then. Pure; all of it in the erasure's arena. False: arena full.
 */
#pragma once
#include <stdbool.h>

#include "core/model/erase.h"

/* After erase_ask(): `contacts`, and `weak`. */
bool erasing_concern(struct erase *erase);
/* After erase_lock(): is somebody concerned who is not locked? Else `weak`, as it is now. */
bool erasing_concerns_more(struct erase *erase, bool *ret_more);

/* After erase_measure(), of a person, which `actors` are: `ledger`, then `actors` are those of its rows. What happened up to `now_us` goes, or up
 * to the newest that is theirs. `positions`: of rows of whole actors; borrowed. */
bool erasing_plan(struct erase *erase, int64_t now_us, const char *positions);

/* After erase_drop(): `gone`, `others`, and `persons`. */
bool erasing_join(struct erase *erase);
/* After erase_join(): `stretches`. */
bool erasing_derive(struct erase *erase);
