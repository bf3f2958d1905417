/*
 * What LOAD asks for, once it is known whom a batch concerns. Members come by id and touches by key, so that each list is a walk.
 */
#include <stdlib.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/flow/cast_inside.h"

/* The keys of the open items, each once. */
static bool list_keys(const struct cast *cast, struct load_rows *ret_load)
{
	struct touch_key *keys = arena_array(cast->arena, cast->touch_count + 1, sizeof(*keys));
	if (keys == NULL) {
		return false;
	}
	size_t used = 0;
	for (size_t i = 0; i < cast->touch_count; i++) {
		const struct touch *touch = &cast->touches[i];
		if (i == 0 || !touch_same_key(touch, touch - 1)) {
			keys[used++] = (struct touch_key){touch->actor_id, touch->stamped_us, touch->event_id};
		}
	}
	ret_load->keys = keys;
	ret_load->key_count = used;
	return true;
}

/* Notes that `weak` is claimed for `strong`; true when it was for another one before. */
static bool note_claim(const struct cast *cast, const struct claim *claim, uint32_t *claimed_for)
{
	uint32_t weak = cast_number(cast, cast_find(cast, &claim->weak));
	uint32_t strong = cast_number(cast, cast_find(cast, &claim->strong)) + 1;
	bool another = claimed_for[weak] != 0 && claimed_for[weak] != strong;
	claimed_for[weak] = another ? UINT32_MAX : strong;
	return another;
}

static int compare_ids(const void *a, const void *b)
{
	return uuid_compare(a, b);
}

/* Weak actors of whom as many claims were read as are read at all: there may be more. False: arena full. */
static bool list_crowded(const struct cast *cast, const struct advance_rows *advance, struct load_rows *ret_load)
{
	if (advance->in_play.claim_count < advance->claim_room) {
		return true;
	}
	uint32_t *claims = arena_zero(cast->arena, cast->count + 1, sizeof(*claims));
	if (claims == NULL) {
		return false;
	}
	size_t crowded = 0;
	for (size_t i = 0; i < advance->in_play.claim_count; i++) {
		uint32_t weak = cast_number(cast, cast_find(cast, &advance->in_play.claims[i].weak));
		crowded += ++claims[weak] == advance->claim_room ? 1 : 0;
	}
	struct uuid *ids = arena_array(cast->arena, crowded + 1, sizeof(*ids));
	if (ids == NULL) {
		return false;
	}
	ret_load->crowded = ids;
	for (size_t i = 0; i < cast->count && crowded > 0; i++) {
		if (claims[i] >= advance->claim_room) {
			ids[ret_load->crowded_count++] = cast->members[i].id;
		}
	}
	return true;
}

/* Of events that state something on them the claims that they may have stated before, in this copy or another one: an event that was erased
 * has. False: arena full. */
static bool list_stated(const struct cast *cast, const struct item *items, size_t count,
			struct load_rows *ret_load)
{
	if (ret_load->crowded_count == 0) {
		return true;
	}
	struct claim *stated = arena_array(cast->arena, count + 1, sizeof(*stated));
	if (stated == NULL) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		const struct cast_part *part = &cast->parts[i];
		const struct touch *touch = &items[i].touch;
		if (part->strong != CAST_NOBODY && part->weak != CAST_NOBODY && !facts_are_none(items[i].facts) &&
		    bsearch(&touch->actor_id, ret_load->crowded, ret_load->crowded_count, sizeof(struct uuid),
			    compare_ids) != NULL) {
			stated[ret_load->stated_count++] =
				(struct claim){.weak = touch->actor_id,
					       .strong = cast->members[part->strong].id,
					       .key = {touch->stamped_us, touch->event_id, touch->actor_id}};
		}
	}
	arena_cut(cast->arena, stated + ret_load->stated_count);
	ret_load->stated = stated;
	return true;
}

/* Weak actors claimed for two persons or more, this batch's claims included: their sessions matter (rule 3), save those of
 * public devices (rule 5). */
static bool list_timed(const struct cast *cast, const struct item *items, size_t count,
		       const struct advance_rows *advance, struct load_rows *ret_load)
{
	uint32_t *claimed_for = arena_zero(cast->arena, cast->count + 1, sizeof(*claimed_for));
	if (claimed_for == NULL) {
		return false;
	}
	size_t timed = 0;
	for (size_t i = 0; i < advance->in_play.claim_count; i++) {
		timed += note_claim(cast, &advance->in_play.claims[i], claimed_for) ? 1 : 0;
	}
	for (size_t i = 0; i < count; i++) {
		if (cast->parts[i].strong != CAST_NOBODY && items[i].facts->has_claim) {
			timed += note_claim(cast, &items[i].facts->claim, claimed_for) ? 1 : 0;
		}
	}
	struct uuid *ids = arena_array(cast->arena, timed + 1, sizeof(*ids));
	if (ids == NULL) {
		return false;
	}
	ret_load->timed = ids;
	for (size_t i = 0, crowded = 0; i < cast->count && timed > 0; i++) {
		if (crowded < ret_load->crowded_count &&
		    uuid_equal(&ret_load->crowded[crowded], &cast->members[i].id)) {
			crowded++;
		} else if (claimed_for[i] == UINT32_MAX) {
			ids[ret_load->timed_count++] = cast->members[i].id;
		}
	}
	return true;
}

/* Whom an item names beside the members that it is by: ids to add to a list, NULL: only counts. Returns how many. */
static size_t list_beside(const struct cast *cast, const struct item *items, size_t i, struct uuid *ret_ids)
{
	if (cast->parts[i].strong == CAST_NOBODY) {
		return 0;
	}
	const struct identified *who = items[i].who;
	const struct actor *named[IDENTIFY_NAMED_MAX];
	size_t count = identify_named(who, named), beside = 0;
	for (size_t j = 0; j < count; j++) {
		if (named[j] == &who->weak || named[j] == &who->strong) {
			continue;
		}
		if (ret_ids != NULL) {
			ret_ids[beside] = named[j]->id;
		}
		beside++;
	}
	return beside;
}

/* All ids, the weak and the strong ones apart, and those that the batch itself names. */
static bool list_members(const struct cast *cast, const struct item *items, size_t count,
			 struct load_rows *ret_load)
{
	size_t weak_count = 0, named_count = 0;
	for (size_t i = 0; i < cast->count; i++) {
		weak_count += cast->members[i].strong ? 0 : 1;
		named_count += cast->members[i].named ? 1 : 0;
	}
	for (size_t i = 0; i < count; i++) {
		named_count += list_beside(cast, items, i, NULL);
	}
	struct uuid *all = arena_array(cast->arena, cast->count + 1, sizeof(*all));
	struct uuid *weak = arena_array(cast->arena, weak_count + 1, sizeof(*weak));
	struct uuid *strong = arena_array(cast->arena, cast->count - weak_count + 1, sizeof(*strong));
	struct uuid *named = arena_array(cast->arena, named_count + 1, sizeof(*named));
	if (all == NULL || weak == NULL || strong == NULL || named == NULL) {
		return false;
	}
	for (size_t i = 0; i < cast->count; i++) {
		const struct cast_member *member = &cast->members[i];
		all[i] = member->id;
		if (member->strong) {
			strong[ret_load->person_count++] = member->id;
		} else {
			weak[ret_load->weak_count++] = member->id;
		}
		if (member->named) {
			named[ret_load->actor_count++] = member->id;
		}
	}
	for (size_t i = 0; i < count; i++) {
		ret_load->actor_count += list_beside(cast, items, i, named + ret_load->actor_count);
	}
	ret_load->contacts = all;
	ret_load->contact_count = cast->count;
	ret_load->weak = weak;
	ret_load->persons = strong;
	ret_load->actors = named;
	return true;
}

/*
 * Whose statements, values and browsers are needed: of whom the batch decides, and all that they are one with, or may come to be.
 */
static bool list_decided(const struct cast *cast, const struct advance_rows *advance, struct load_rows *ret_load)
{
	if (advance->in_play.kin_count + advance->asserted_count == 0) {
		return true;
	}
	bool *decided = arena_zero(cast->arena, cast->count + 1, sizeof(*decided));
	struct uuid *ids = arena_array(cast->arena, cast->count + 1, sizeof(*ids));
	if (decided == NULL || ids == NULL) {
		return false;
	}
	for (size_t i = 0; i < advance->decided_count; i++) {
		decided[cast_number(cast, cast_find(cast, &advance->decided[i]))] = true;
	}
	for (size_t i = 0; i < advance->asserted_count; i++) {
		if (!cast_knows(cast, &advance->asserted[i])) {
			decided[cast_number(cast, cast_find(cast, &advance->asserted[i].a))] = true;
			decided[cast_number(cast, cast_find(cast, &advance->asserted[i].b))] = true;
		}
	}
	for (size_t i = 0; i < advance->in_play.assertion_count; i++) {
		decided[cast_number(cast, cast_find(cast, &advance->in_play.assertions[i].a))] = true;
		decided[cast_number(cast, cast_find(cast, &advance->in_play.assertions[i].b))] = true;
	}
	size_t used = 0;
	for (size_t i = 0; i < cast->count; i++) {
		const struct kin *rows;
		size_t count = cast_kin(cast, &cast->members[i], true, &rows);
		bool is_decided = decided[i];
		for (size_t j = 0; j < count; j++) {
			is_decided = is_decided || decided[cast_number(cast, cast_find(cast, &rows[j].actor_id))];
		}
		if (is_decided) {
			ids[used++] = cast->members[i].id;
		}
	}
	ret_load->decided = ids;
	ret_load->decided_count = used;
	return true;
}

bool cast_plan(struct cast *cast, const struct item *items, size_t count, const struct advance_rows *advance,
	       struct load_rows *ret_load)
{
	*ret_load = (struct load_rows){
		.model_version = advance->model_version,
		.decided = advance->decided,
		.decided_count = advance->decided_count,
		.claim_room = advance->claim_room,
		.asserted = advance->asserted,
		.asserted_count = advance->asserted_count,
	};
	if (!cast_make_members(cast, items, count, advance)) {
		return false;
	}
	CHECK(cast_link_kin(cast, advance->in_play.kin, advance->in_play.kin_count));
	return list_decided(cast, advance, ret_load) && list_members(cast, items, count, ret_load) &&
	       list_keys(cast, ret_load) && list_crowded(cast, advance, ret_load) &&
	       list_stated(cast, items, count, ret_load) && list_timed(cast, items, count, advance, ret_load);
}
