/*
 * A batch as a backlog of a busy site gives it, and what LOAD would bring for it: the input of batch_bench.c.
 *
 * Half as many contacts as events: anonymous sessions in order; four in five contacts were seen before, one in twenty of these had
 * said who they are; one in twenty says so in a form, with consent; one event in a hundred is a retry.
 */
#pragma once
#include <stddef.h>

#include "core/base/arena.h"
#include "core/flow/contacts.h"
#include "core/flow/item.h"
#include "core/flow/match.h"
#include "core/model/rows.h"

#define NOW_US INT64_C(1795600800000000)

struct made {
	struct arena arena; /* all below, as the daemon's items and LOAD's rows lie in theirs */
	struct item *items;
	size_t count;
	size_t held; /* bytes of the items and what they point to */
	struct advance_rows advance;
	struct load_rows load; /* its lists under "out" alone */
	struct read_rows read;
	struct touch_key *suspects; /* of load.copies */
};

/* The caller ends `made` with arena_finish(&made->arena). */
void make_batch(struct made *made, size_t count, const struct contacts_model *model,
		const struct matcher *matcher);
