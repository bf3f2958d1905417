#include "ctl/import_same.h"

#include <stdlib.h>

#define BITS_MIN 12
#define BITS_MAX 23

static uint64_t *place(const struct import_same *same, uint64_t id)
{
	size_t mask = ((size_t)1 << same->bits) - 1, at = (size_t)(id >> 1) & mask;
	while (same->ids[at] != 0 && same->ids[at] != id) {
		at = (at + 1) & mask;
	}
	return &same->ids[at];
}

static bool grow(struct import_same *same)
{
	struct import_same larger = {.bits = same->ids == NULL ? BITS_MIN : same->bits + 1, .count = same->count};
	larger.ids = calloc((size_t)1 << larger.bits, sizeof(*larger.ids));
	if (larger.ids == NULL) {
		return false;
	}
	for (size_t i = 0; same->ids != NULL && i < (size_t)1 << same->bits; i++) {
		if (same->ids[i] != 0) {
			*place(&larger, same->ids[i]) = same->ids[i];
		}
	}
	free(same->ids);
	*same = larger;
	return true;
}

/* Half of it stays free; where it cannot grow nothing new is kept, and the daemon finds out what is the same. */
bool import_same_is_known(struct import_same *same, uint64_t id)
{
	id |= 1; /* 0 is free */
	bool full = same->ids == NULL || same->count >= ((size_t)1 << same->bits) / 2;
	if (full && (same->bits == BITS_MAX || !grow(same))) {
		return same->ids != NULL && *place(same, id) == id;
	}
	uint64_t *at = place(same, id);
	bool is_known = *at == id;
	same->count += !is_known;
	*at = id;
	return is_known;
}

void import_same_finish(struct import_same *same)
{
	free(same->ids);
	*same = (struct import_same){0};
}
