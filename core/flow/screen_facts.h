/*
 * Parts of SCREEN: facts before → after, and what follows from them. Called by screen.c in this order.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/flow/cast.h"

/* Sorts what was loaded, takes back the facts of replaced copies, adds those of new ones; marks whose were touched.
 * False: arena full. */
bool screen_facts(struct cast *cast, const struct item *items, size_t count, struct load_rows *load);
/* Consent and stretches before and after; marks who moved, who is concerned, who is refolded. False: arena full. */
bool screen_stretches(struct cast *cast, const struct item *items, size_t count, struct load_rows *load);

/* Of touch_time: by whose they are, then by time. For qsort. */
int screen_compare_times(const void *a, const void *b);
