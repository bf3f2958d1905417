/*
 * Parts of SCREEN: facts before → after, and what follows from them. Called by screen.c in this order.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/flow/cast.h"
#include "core/flow/item.h"

/* Sorts what was loaded, tells of items that they had stated their facts before their touch was erased, takes back the facts of replaced
 * copies, adds those of new ones; marks whose were touched. False: arena full, or too much at once for what was loaded. */
bool screen_facts(struct cast *cast, struct item *items, size_t count, struct load_rows *load);
/* Were those asked for who have more claims than are read? */
bool screen_crowds_are_there(const struct cast *cast, const struct load_rows *load);
/* Notes whose person everybody is as it is stored, and of whom the batch asserts something. False: somebody is one with people
 * who were not asked for. */
bool screen_kin_is_there(struct cast *cast, struct load_rows *load);
/* Who is one with whom afterwards, and who consents, before and after. False: arena full. */
bool screen_kin(struct cast *cast);
/* Once it is known who is one person: cuts the claims of public devices down to those that count, before and after; counts those of
 * the batch that do not. */
void screen_cut(struct cast *cast, const struct item *items, size_t count, const struct load_rows *load);
/* Claims by whose person each was claimed for; as they are, where nobody is one with somebody. NULL: arena full. */
const struct claim *screen_claims(const struct cast *cast, const struct cast_member *weak, bool before);
/* Stretches before and after; tells which items a withdrawal erases; marks who moved, who is concerned, who is refolded.
 * False: arena full. */
bool screen_stretches(struct cast *cast, struct item *items, size_t count, struct load_rows *load);

/* Claimed for two persons or more, before the batch or after it, and no public device then. */
bool screen_is_shared(const struct cast *cast, const struct cast_member *member);

/* Between the files that do so: */

/* Of a weak actor with more claims than are read: does a copy of the batch take back this one? */
bool screen_is_taken_back(const struct cast *cast, const struct claim *claim);

/* Of a weak actor whose sessions matter: when its touches were, sorted; none of others. Before the batch; after it, with what is not told
 * to be erased yet. False: arena full. */
struct screen_times {
	const int64_t *at_us;
	size_t count;
};
bool screen_times(const struct cast *cast, const struct item *items, const struct cast_member *member,
		  const struct load_rows *load, struct screen_times *ret_before, struct screen_times *ret_after);
/* Was it looked for, whether this touch is there? */
bool screen_is_looked_up(const struct load_rows *load, const struct touch *touch);
/* Tells which touches withdrawals erase, and items of the batch among them; of whom too little is loaded to say whether an item's event was
 * erased before. False: arena full. */
bool screen_erased(struct cast *cast, struct item *items, size_t count, const struct load_rows *load);
/* Marks who had some of those that are stored, by the stretches before the batch. */
void screen_mark_losers(struct cast *cast);

/* Of touch_time: by whose they are, then by time. For qsort. */
int screen_compare_times(const void *a, const void *b);
