/*
 * Part of gather.c: what stands beside touches. Pure.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/flow/item.h"
#include "core/model/rows.h"

struct arena;

/* False: arena full. */
bool gather_beside(const struct item *items, size_t count, struct arena *arena, struct save_rows *save);
