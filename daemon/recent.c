#include "daemon/recent.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Ids are hashes: some of their bits say which bucket, others are kept. A bucket is half a cache line, newest first. */
#define LARGE_PAGE ((size_t)2 * 1024 * 1024)
#define WAYS 8
#define BUCKETS (RECENT_IDS / WAYS)

struct recent {
	uint32_t prints[BUCKETS][WAYS]; /* 0: none */
};

static uint32_t print_of(uint64_t event_id)
{
	uint32_t print = (uint32_t)event_id;
	return print != 0 ? print : 1;
}

static size_t bucket_of(uint64_t event_id)
{
	return (size_t)(event_id >> 32) % BUCKETS;
}

struct recent *recent_create(void)
{
	struct recent *recent = aligned_alloc(LARGE_PAGE, sizeof(*recent));
	if (recent != NULL) {
		madvise(recent, sizeof(*recent), MADV_HUGEPAGE); /* or not: nothing depends on it */
		memset(recent, 0, sizeof(*recent));
	}
	return recent;
}

void recent_destroy(struct recent *recent)
{
	free(recent);
}

void recent_note(struct recent *recent, uint64_t event_id)
{
	uint32_t *bucket = recent->prints[bucket_of(event_id)];
	for (unsigned i = WAYS - 1; i > 0; i--) {
		bucket[i] = bucket[i - 1];
	}
	bucket[0] = print_of(event_id);
}

bool recent_has(const struct recent *recent, uint64_t event_id)
{
	const uint32_t *bucket = recent->prints[bucket_of(event_id)];
	uint32_t print = print_of(event_id);
	bool has = false;
	for (unsigned i = 0; i < WAYS; i++) {
		has = has || bucket[i] == print;
	}
	return has;
}

void recent_look_ahead(const struct recent *recent, uint64_t event_id)
{
	__builtin_prefetch(recent->prints[bucket_of(event_id)]);
}
