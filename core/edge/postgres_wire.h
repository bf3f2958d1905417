/*
 * Between the files of PostgreSQL and of the store: the binary wire form of single numbers.
 */
#pragma once
#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/edge/postgres.h"

uint32_t postgres_oid(enum postgres_type type, bool array);
/* The low `size` bytes of a number, 1 to 8, big end first. */
static inline void postgres_put(char *at, uint64_t value, int size)
{
	uint64_t wire = htobe64(value << (64 - 8 * size));
	memcpy(at, &wire, (size_t)size);
}

/* And back; 0 of no bytes. */
static inline uint64_t postgres_get(const char *at, int size)
{
	uint64_t wire = 0;
	memcpy(&wire, at, (size_t)size);
	return size == 0 ? 0 : be64toh(wire) >> (64 - 8 * size);
}

int64_t postgres_moment_from_wire(int64_t wire);
