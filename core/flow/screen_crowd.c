/*
 * Public devices (rule 5 of core/flow/attribute.h): weak actors with more claims than are read. Of each the first ones are
 * loaded, in order, and of a few persons some claims more, which say whether all are of one person.
 */
#include <stdlib.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/flow/attribute.h"
#include "core/flow/screen_facts.h"

static int compare_ids(const void *a, const void *b)
{
	return uuid_compare(a, b);
}

static bool is_crowded(const struct load_rows *load, const struct uuid *weak)
{
	return load->crowded_count > 0 &&
	       bsearch(weak, load->crowded, load->crowded_count, sizeof(*weak), compare_ids) != NULL;
}

/* A claim that came after ADVANCE may have made somebody crowded who was not asked for as such. */
bool screen_crowds_are_there(const struct cast *cast, const struct load_rows *load)
{
	for (size_t i = 0; i < cast->count; i++) {
		const struct cast_member *member = &cast->members[i];
		if (member->claims_before.count >= load->claim_room && !is_crowded(load, &member->id)) {
			return false;
		}
	}
	return true;
}

bool screen_is_taken_back(const struct cast *cast, const struct claim *claim)
{
	for (size_t i = 0; i < cast->claim_gone_count; i++) {
		const struct claim *gone = &cast->claims_gone[i];
		if (gone->key.event_id == claim->key.event_id && gone->key.stamped_us == claim->key.stamped_us &&
		    uuid_equal(&gone->weak, &claim->weak)) {
			return true;
		}
	}
	return false;
}

static bool is_same_person(const struct cast *cast, const struct uuid *one, const struct uuid *other, bool before)
{
	const struct cast_member *x = cast_find(cast, one), *y = cast_find(cast, other);
	if (x == NULL || y == NULL) { /* whoever is one with somebody who was claimed is of the cast */
		return false;
	}
	return before ? x->person_before == y->person_before : x->person == y->person;
}

/* For whom an actor was claimed. */
enum whom { ONE_ACTOR, ONE_PERSON, SEVERAL_PERSONS };

/* By those that were loaded, or not, before the batch or after it. */
static enum whom claimed_for(const struct cast *cast, const struct load_rows *load, const struct claim *claims,
			     size_t count, bool before)
{
	const struct uuid *first = &claims[0].strong;
	enum whom whom = ONE_ACTOR;
	for (size_t i = 1; i < count && whom != SEVERAL_PERSONS; i++) {
		if (!uuid_equal(&claims[i].strong, first)) {
			whom = is_same_person(cast, first, &claims[i].strong, before) ? ONE_PERSON
										      : SEVERAL_PERSONS;
		}
	}
	for (size_t i = 0; i < load->other_count && whom != SEVERAL_PERSONS; i++) {
		const struct claim *other = &load->others[i];
		if (uuid_equal(&other->weak, &claims->weak) && !uuid_equal(&other->strong, first) &&
		    (before || !screen_is_taken_back(cast, other))) {
			whom = is_same_person(cast, first, &other->strong, before) ? ONE_PERSON : SEVERAL_PERSONS;
		}
	}
	return whom;
}

/* Cuts what is of several persons; notes what is mixed of one. */
static void cut(const struct cast *cast, const struct load_rows *load, struct claim *claims,
		struct cast_slice *slice, bool before, bool *ret_cut, bool *ret_mixed)
{
	if (slice->count <= cast->claims_max) {
		return;
	}
	claims += slice->first;
	enum whom whom = claimed_for(cast, load, claims, slice->count, before);
	slice->count = (uint32_t)attribute_cut(claims, slice->count, cast->claims_max, whom == SEVERAL_PERSONS);
	*ret_cut = whom == SEVERAL_PERSONS;
	*ret_mixed = whom == ONE_PERSON;
}

/* Claims that the batch brings and that do not count. */
static size_t count_over(const struct cast *cast, const struct item *items, size_t count)
{
	size_t over = 0;
	for (size_t i = 0; i < count; i++) {
		if (!cast_states_facts(cast, items, i) || !items[i].facts->has_claim) {
			continue;
		}
		const struct cast_member *weak = &cast->members[cast->parts[i].weak];
		const struct claim *last =
			cast->claims_after + weak->claims_after.first + weak->claims_after.count - 1;
		over += weak->cut && items[i].facts->claim.at_us >= last->at_us ? 1 : 0;
	}
	return over;
}

void screen_cut(struct cast *cast, const struct item *items, size_t count, const struct load_rows *load)
{
	bool any = false;
	for (size_t i = 0; i < cast->count; i++) {
		struct cast_member *member = &cast->members[i];
		cut(cast, load, cast->claims_before, &member->claims_before, true, &member->cut_before,
		    &member->mixed_before);
		cut(cast, load, cast->claims_after, &member->claims_after, false, &member->cut, &member->mixed);
		any = any || member->cut;
	}
	cast->claims_over = any ? count_over(cast, items, count) : 0;
}
