/*
 * Sorting small numbers and ids: where qsort() would call back some n log n times, these look at each element a few times.
 *
 * All are stable. Nothing is allocated: the caller brings room for as many again.
 */
#pragma once
#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/base/uuid.h"

/* A number, and which element it is of. */
struct sort_entry {
	uint64_t key;
	uint32_t place;
};

/* An id as two numbers in the order of its bytes, and which element it is of. */
struct sort_id {
	uint64_t high, low;
	uint32_t place;
};

static inline struct sort_id sort_id_of(const struct uuid *id, uint32_t place)
{
	return (struct sort_id){uuid_high(id), uuid_low(id), place};
}

static inline struct uuid sort_id_uuid(const struct sort_id *id)
{
	uint64_t high = htobe64(id->high), low = htobe64(id->low);
	struct uuid uuid;
	memcpy(uuid.bytes, &high, sizeof(high));
	memcpy(uuid.bytes + sizeof(high), &low, sizeof(low));
	return uuid;
}

static inline bool sort_id_after(const struct sort_id *a, const struct sort_id *b)
{
	return a->high != b->high ? a->high > b->high : a->low > b->low;
}

/* A number whose unsigned order is the order of signed ones. */
static inline uint64_t sort_signed(int64_t value)
{
	return (uint64_t)value ^ UINT64_C(1) << 63;
}

/* By key. */
void sort_entries(struct sort_entry *entries, size_t count, struct sort_entry *spare);
/* By id. Fast where ids are spread evenly, as keyed hashes are; never worse than a merge sort. */
void sort_ids(struct sort_id *ids, size_t count, struct sort_id *spare);
