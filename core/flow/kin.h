/*
 * Which strong actors are one person, from all that was asserted of them. Pure, and independent of the order in which the
 * assertions arrived: they are gone through by (at, event_id, stamped, a, b).
 *
 * Of a pair the newest word of somebody who knows counts: a veto keeps the two apart whatever events say, before it or after.
 * An assertion joins nothing that
 *	would put two into one person who are kept apart;
 *	would give a user id more than KIN_ADDRESSES_MAX addresses;
 *	would make a person of more than KIN_ACTORS_MAX strong actors.
 * One that says what follows from earlier ones already changes nothing; what it says is an address of the user id all the same, where the two
 * are not joined to each other directly.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/actor.h"

struct arena;

#define KIN_ACTORS_MAX 16
#define KIN_ADDRESSES_MAX 5

/* The order they are gone through in. For qsort. */
int kin_compare_assertions(const void *a, const void *b);

/*
 * `assertions`: whatever links any of these actors, all of it; sorted here, and each one's `refused` filled. Returns false when
 * the arena is full, else the persons of several actors, by contact and then by actor, in the arena.
 */
bool kin_solve(struct assertion *assertions, size_t count, struct arena *arena, struct kin **ret_kin,
	       size_t *ret_count);

/* By contact, then by actor. For qsort. */
int kin_compare(const void *a, const void *b);

/* Since when two of one person's rows (numbers `i` and `j` of `count`) are one: INT64_MIN when i is j. */
int64_t kin_since(const struct kin *rows, size_t count, size_t i, size_t j);

/* Statements of one actor: all that it made itself. */
struct kin_stated {
	const struct consent *consents;
	size_t count;
};
/*
 * What of a person's statements counts for number `which` of its `count` rows: its own, and another's since the two are one. `stated`: of each
 * row. Into ret_statements, with room for all. Returns how many.
 */
size_t kin_statements(const struct kin *rows, size_t count, size_t which, const struct kin_stated *stated,
		      struct consent *ret_statements);

/* Does an event say nothing new: the two are joined to each other directly, and since an earlier moment? Their rows; NULL: none. */
bool kin_knows(const struct assertion *assertion, const struct kin *a, const struct kin *b);
