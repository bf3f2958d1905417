/*
 * 16 bytes that name an actor or a contact, written as a UUID. Order is the order of the bytes, as PostgreSQL's.
 */
#pragma once
#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define UUID_TEXT_SIZE 37 /* with the NUL */

struct uuid {
	uint8_t bytes[16];
};

/* Its halves as numbers: what they say of two ids' order, the bytes say. */
static inline uint64_t uuid_high(const struct uuid *id)
{
	uint64_t bits;
	memcpy(&bits, id->bytes, sizeof(bits));
	return be64toh(bits);
}

static inline uint64_t uuid_low(const struct uuid *id)
{
	uint64_t bits;
	memcpy(&bits, id->bytes + sizeof(bits), sizeof(bits));
	return be64toh(bits);
}

static inline int uuid_compare(const struct uuid *a, const struct uuid *b)
{
	uint64_t x = uuid_high(a), y = uuid_high(b);
	if (x == y) {
		x = uuid_low(a);
		y = uuid_low(b);
	}
	return (x > y) - (x < y);
}

static inline bool uuid_equal(const struct uuid *a, const struct uuid *b)
{
	return uuid_high(a) == uuid_high(b) && uuid_low(a) == uuid_low(b);
}

void uuid_print(const struct uuid *id, char ret_text[static UUID_TEXT_SIZE]);
/* Reads the usual form with hyphens, any case; false when it is not one. */
bool uuid_read(const char *text, struct uuid *ret_id);
