/*
 * Between postgres.c and postgres_value.c only: the binary wire form.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "core/edge/postgres.h"

uint32_t postgres_oid(enum postgres_type type, bool array);
/* `size` bytes, big end first. */
void postgres_put(char *at, uint64_t value, int size);
uint64_t postgres_get(const char *at, int size);
int64_t postgres_moment_to_wire(int64_t us);
int64_t postgres_moment_from_wire(int64_t wire);
