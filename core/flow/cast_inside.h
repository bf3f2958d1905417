/*
 * Between cast.c and cast_plan.c only.
 */
#pragma once
#include "core/flow/cast.h"

/* Members, parts and touches, from the items of cast_ask() and what ADVANCE brought. False: arena full. */
bool cast_make_members(struct cast *cast, const struct item *items, size_t count,
		       const struct advance_rows *advance);
