/*
 * 16 bytes that name an actor or a contact, written as a UUID. Order is the order of the bytes, as PostgreSQL's.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define UUID_TEXT_SIZE 37 /* with the NUL */

struct uuid {
	uint8_t bytes[16];
};

static inline int uuid_compare(const struct uuid *a, const struct uuid *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

static inline bool uuid_equal(const struct uuid *a, const struct uuid *b)
{
	return uuid_compare(a, b) == 0;
}

/* The id's own bytes are keyed hashes, so eight of them are hash enough for a table in memory. */
static inline uint64_t uuid_hash(const struct uuid *id)
{
	uint64_t hash;
	memcpy(&hash, id->bytes, sizeof(hash));
	return hash;
}

void uuid_print(const struct uuid *id, char ret_text[static UUID_TEXT_SIZE]);
/* Reads the usual form with hyphens, any case; false when it is not one. */
bool uuid_read(const char *text, struct uuid *ret_id);
