/*
 * Part of gather.c: what was asserted, and who is one with whom by it. Pure.
 */
#pragma once
#include <stdbool.h>

#include "core/flow/cast.h"
#include "core/flow/item.h"
#include "core/model/rows.h"

/* False: arena full. */
bool gather_kin(const struct cast *cast, const struct item *items, struct save_rows *save);
