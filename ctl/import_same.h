/*
 * Which lines of a table say the same, by the ids of what they say.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An open table that grows, up to 64 MiB: lines beyond four millions are not kept to be compared with. Starts as zeros. */
struct import_same {
	uint64_t *ids; /* 0: free */
	unsigned bits;
	size_t count;
};

/* Has this id been here before? From now on it has. */
bool import_same_is_known(struct import_same *same, uint64_t id);
void import_same_finish(struct import_same *same);
