#include "core/flow/screen.h"

#include <stdlib.h>

#include "core/base/arena.h"
#include "core/flow/attribute.h"
#include "core/flow/beside.h"
#include "core/flow/screen_facts.h"

static bool everybody_is_there(const struct cast *cast, const struct load_rows *load)
{
	for (size_t i = 0; i < load->in_play.claim_count; i++) {
		if (cast_find(cast, &load->in_play.claims[i].weak) == NULL ||
		    cast_find(cast, &load->in_play.claims[i].strong) == NULL) {
			return false;
		}
	}
	return true;
}

static int compare_ids(const void *a, const void *b)
{
	return uuid_compare(a, b);
}

/* Another daemon's claim may have come between ADVANCE and LOAD, and made somebody shared who was not asked for as such. */
static bool sessions_are_there(const struct cast *cast, const struct load_rows *load)
{
	for (size_t i = 0; i < cast->count; i++) {
		const struct cast_member *member = &cast->members[i];
		if (screen_is_shared(cast, member) &&
		    (load->timed_count == 0 || bsearch(&member->id, load->timed, load->timed_count,
						       sizeof(member->id), compare_ids) == NULL)) {
			return false;
		}
	}
	return true;
}

static int compare_erasures(const void *a, const void *b)
{
	return uuid_compare(&((const struct erasure_row *)a)->actor_id,
			    &((const struct erasure_row *)b)->actor_id);
}

/* The first row of the ledger that is this actor's, or a later one's. */
static size_t first_erasure(const struct load_rows *load, const struct uuid *actor_id)
{
	size_t low = 0, high = load->erasure_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (uuid_compare(&load->erasures[middle].actor_id, actor_id) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

/* By when it happened, or by where its message lies. */
static bool is_erased(const struct load_rows *load, const struct item *item, const struct uuid *actor_id)
{
	for (size_t i = first_erasure(load, actor_id);
	     i < load->erasure_count && uuid_equal(&load->erasures[i].actor_id, actor_id); i++) {
		const struct erasure_row *row = &load->erasures[i];
		if ((row->from_us <= item->touch.at_us && item->touch.at_us <= row->at_us) ||
		    (row->has_position && partition_equal(row->partition, item->partition) &&
		     item->offset < row->below)) {
			return true;
		}
	}
	return false;
}

static bool names_erased(const struct load_rows *load, const struct item *item)
{
	const struct actor *named[IDENTIFY_NAMED_MAX];
	size_t count = identify_named(item->who, named);
	for (size_t i = 0; i < count; i++) {
		if (is_erased(load, item, &named[i]->id)) {
			return true;
		}
	}
	return false;
}

static void tell_erased(struct item *items, size_t count, struct load_rows *load)
{
	if (load->erasure_count == 0) {
		return;
	}
	qsort(load->erasures, load->erasure_count, sizeof(*load->erasures), compare_erasures);
	for (size_t i = 0; i < count; i++) {
		struct item *item = &items[i];
		if (item->outcome == OUTCOME_NONE && names_erased(load, item)) {
			item->outcome = OUTCOME_erased;
		}
	}
}

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

/* Which copy stands: the smaller one. The order of the database's row comparison (subject_id is a signed bigint there). */
static int compare_copies(const struct touch *a, const struct touch *b)
{
	int order = ORDER(a->received_us, b->received_us);
	if (order == 0) {
		order = ORDER(a->at_us, b->at_us);
	}
	if (order == 0) {
		order = ORDER((int64_t)a->subject_id, (int64_t)b->subject_id);
	}
	if (order == 0) {
		order = ORDER((int32_t)a->reasons, (int32_t)b->reasons);
	}
	return order != 0 ? order : ORDER(a->party, b->party);
}

/* Whose touches are the same in all is told by what stands beside them, or it would be the one that came first. */
static bool goes_first(const struct item *item, const struct touch *other, const struct beside *other_beside)
{
	int order = compare_copies(&item->touch, other);
	return order < 0 || (order == 0 && beside_compare(item_beside(item), other_beside) < 0);
}

/* The best copy of a run of items with one key, beside the one that stands in the database, if any. */
static void choose(const struct cast *cast, size_t first, size_t count, struct item *items,
		   const struct copy_row *standing)
{
	struct item *best = NULL;
	for (size_t i = first; i < first + count; i++) {
		struct item *item = &items[cast->touch_items[i]];
		if (item->outcome != OUTCOME_NONE) {
			continue;
		}
		item->copy = COPY_LOSES;
		item->outcome = OUTCOME_duplicate;
		if (best == NULL || goes_first(item, &best->touch, item_beside(best))) {
			best = item;
		}
	}
	if (best == NULL) {
		return;
	}
	if (standing == NULL) {
		best->copy = COPY_NEW;
		best->outcome = best->touch.reasons != 0 ? OUTCOME_machine : OUTCOME_applied;
	} else if (goes_first(best, &standing->touch, standing->beside)) {
		best->copy = COPY_REPLACES;
		best->replaced = standing;
	}
}

/* Where the touches with the key of a row begin; they are there, or it was not asked for. */
static size_t place_of(const struct cast *cast, const struct copy_row *row)
{
	const struct cast_member *actor = cast_find(cast, &row->touch.actor_id);
	size_t low = actor != NULL ? actor->touches.first : 0;
	size_t high = actor != NULL ? low + actor->touches.count : 0;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct touch *touch = &cast->touches[middle];
		int order = ORDER(touch->stamped_us, row->touch.stamped_us);
		if ((order != 0 ? order : ORDER(touch->event_id, row->touch.event_id)) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low < cast->touch_count && touch_same_key(&cast->touches[low], &row->touch) ? low : SIZE_MAX;
}

/* The copy that stands under the key of each touch that begins a run; NULL where none does. */
static bool find_standing(const struct cast *cast, const struct load_rows *load, const struct copy_row ***ret_rows)
{
	const struct copy_row **rows = arena_zero(cast->arena, cast->touch_count + 1, sizeof(*rows));
	if (rows == NULL) {
		return false;
	}
	for (size_t i = 0; i < load->copy_count; i++) {
		size_t place = place_of(cast, &load->copies[i]);
		if (place != SIZE_MAX) {
			rows[place] = &load->copies[i];
		}
	}
	*ret_rows = rows;
	return true;
}

#define AHEAD 12 /* items are anywhere in memory: asked for so many touches ahead */

static bool choose_copies(const struct cast *cast, struct item *items, const struct load_rows *load)
{
	const struct copy_row **standing = NULL;
	if (load->copy_count > 0 && !find_standing(cast, load, &standing)) {
		return false;
	}
	for (size_t i = 0; i < cast->touch_count;) {
		size_t end = i + 1;
		while (end < cast->touch_count && touch_same_key(&cast->touches[end], &cast->touches[i])) {
			end++;
		}
		if (i + AHEAD < cast->touch_count) {
			__builtin_prefetch(&items[cast->touch_items[i + AHEAD]].match, 1);
		}
		choose(cast, i, end - i, items, standing != NULL ? standing[i] : NULL);
		i = end;
	}
	return true;
}

/* Where new touches and replaced ones lie: their contacts are concerned; whose history changes behind is refolded. */
static void mark_touches(struct cast *cast, const struct item *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct item *item = &items[i];
		if (!item_stands(item) && item->copy != COPY_REPLACES) {
			continue;
		}
		struct cast_member *actor = &cast->members[cast_actor(&cast->parts[i])];
		struct cast_member *contact = cast_contact(cast, actor, item->touch.at_us, false);
		if (contact == NULL) { /* a person without consent: the touch waits under the pseudonym */
			cast->members[actor->person].concerned = true;
			continue;
		}
		contact->concerned = true;
		if (item->copy == COPY_REPLACES) {
			int64_t old_us = item->replaced->touch.at_us, new_us = item->touch.at_us;
			int64_t changed_us = old_us < new_us ? old_us : new_us;
			struct cast_member *old = cast_contact(cast, actor, old_us, true);
			cast_refold(contact, true, changed_us);
			if (old != NULL) {
				cast_refold(old, true, changed_us);
				old->concerned = true;
			}
		}
	}
}

enum screen_result screen_batch(struct cast *cast, struct item *items, size_t count, struct load_rows *load)
{
	if (!everybody_is_there(cast, load) || !screen_kin_is_there(cast, load)) {
		return SCREEN_WIDER;
	}
	tell_erased(items, count, load);
	if (!choose_copies(cast, items, load) || !screen_facts(cast, items, count, load)) {
		return SCREEN_FULL;
	}
	if (cast->wider_count > 0 || cast->is_unsure || !screen_crowds_are_there(cast, load)) {
		return SCREEN_WIDER;
	}
	if (!screen_kin(cast)) {
		return SCREEN_FULL;
	}
	screen_cut(cast, items, count, load);
	if (!sessions_are_there(cast, load)) {
		return SCREEN_WIDER;
	}
	if (!screen_stretches(cast, items, count, load)) {
		return SCREEN_FULL;
	}
	if (cast->wider_count > 0) {
		return SCREEN_WIDER;
	}
	mark_touches(cast, items, count);
	return SCREEN_DONE;
}
