/*
 * What follows from the facts: who consents, whose touches are whose before and after, and who is concerned by it.
 */
#include <stdlib.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/flow/attribute.h"
#include "core/flow/screen_facts.h"

int screen_compare_times(const void *a, const void *b)
{
	const struct touch_time *x = a, *y = b;
	int order = uuid_compare(&x->key.actor_id, &y->key.actor_id);
	return order != 0 ? order : (x->at_us > y->at_us) - (x->at_us < y->at_us);
}

static bool consented_before_of(const void *context, const struct uuid *strong)
{
	const struct cast_member *member = cast_find(context, strong);
	return member != NULL && member->consented_before;
}

static bool consented_of(const void *context, const struct uuid *strong)
{
	const struct cast_member *member = cast_find(context, strong);
	return member != NULL && member->consented;
}

static int compare_moments(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* A touch that was loaded stands no longer when a copy of the batch takes its place. */
static bool is_gone(const struct cast *cast, const struct item *items, const struct cast_member *member,
		    const struct touch_key *key)
{
	size_t low = member->touches.first, end = low + member->touches.count, high = end;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct touch *touch = &cast->touches[middle];
		if (touch->stamped_us < key->stamped_us ||
		    (touch->stamped_us == key->stamped_us && touch->event_id < key->event_id)) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	for (; low < end && cast->touches[low].stamped_us == key->stamped_us &&
	       cast->touches[low].event_id == key->event_id;
	     low++) {
		if (items[cast->touch_items[low]].copy == COPY_REPLACES) {
			return true;
		}
	}
	return false;
}

/* For several persons, not only for several actors of one. */
static bool is_shared(const struct cast *cast, const struct cast_slice *slice, bool before)
{
	const struct claim *claims = (before ? cast->claims_before : cast->claims_after) + slice->first;
	if (!attribute_is_shared(claims, slice->count)) {
		return false;
	}
	uint32_t first = 0;
	for (uint32_t i = 0; i < slice->count; i++) {
		const struct cast_member *strong = cast_find(cast, &claims[i].strong);
		CHECK(strong != NULL);
		uint32_t person = before ? strong->person_before : strong->person;
		first = i == 0 ? person : first;
		if (person != first) {
			return true;
		}
	}
	return false;
}

bool screen_is_shared(const struct cast *cast, const struct cast_member *member)
{
	return (!member->cut_before && is_shared(cast, &member->claims_before, true)) ||
	       (!member->cut && is_shared(cast, &member->claims_after, false));
}

bool screen_times(const struct cast *cast, const struct item *items, const struct cast_member *member,
		  const struct load_rows *load, struct screen_times *ret_before, struct screen_times *ret_after)
{
	*ret_before = *ret_after = (struct screen_times){NULL, 0};
	if (!screen_is_shared(cast, member)) {
		return true;
	}
	size_t count = member->times.count;
	int64_t *before = arena_array(cast->arena, count + 1, sizeof(*before));
	int64_t *after = arena_array(cast->arena, count + member->touches.count + 1, sizeof(*after));
	if (before == NULL || after == NULL) {
		return false;
	}
	size_t after_count = 0;
	for (size_t i = 0; i < count; i++) {
		const struct touch_time *row = &load->times[member->times.first + i];
		before[i] = row->at_us;
		if (!cast_is_erased(member, row->at_us) && !is_gone(cast, items, member, &row->key)) {
			after[after_count++] = row->at_us;
		}
	}
	for (size_t i = member->touches.first; i < member->touches.first + member->touches.count; i++) {
		if (item_stands(&items[cast->touch_items[i]])) {
			after[after_count++] = cast->touches[i].at_us;
		}
	}
	if (after_count > 1) {
		qsort(after, after_count, sizeof(*after), compare_moments);
	}
	*ret_before = (struct screen_times){before, member->cut_before ? 0 : count};
	*ret_after = (struct screen_times){after, member->cut ? 0 : after_count};
	return true;
}

static int compare_starts(const void *a, const void *b)
{
	const struct stretch *x = a, *y = b;
	return (x->from_us > y->from_us) - (x->from_us < y->from_us);
}

static bool has_stretch(const struct stretch *stretches, size_t count, const struct stretch *wanted)
{
	const struct stretch *found = bsearch(wanted, stretches, count, sizeof(*stretches), compare_starts);
	return found != NULL && found->to_us == wanted->to_us &&
	       uuid_equal(&found->contact_id, &wanted->contact_id);
}

/* Whose stretches of this actor are not the same any more: `stretches` of which the others have no equal. */
static bool refold_changed(struct cast *cast, const struct stretch *stretches, size_t count,
			   const struct stretch *others, size_t other_count)
{
	bool changed = false;
	for (size_t i = 0; i < count; i++) {
		if (!has_stretch(others, other_count, &stretches[i])) {
			struct cast_member *contact = cast_find(cast, &stretches[i].contact_id);
			CHECK(contact != NULL);
			cast_refold(contact, true, INT64_MIN);
			contact->concerned = true;
			changed = true;
		}
	}
	return changed;
}

/* Of a weak actor with claims. */
static bool stretch_member(struct cast *cast, const struct item *items, struct cast_member *member,
			   const struct load_rows *load)
{
	size_t before_count = member->claims_before.count, after_count = member->claims_after.count;
	const struct claim *before = screen_claims(cast, member, true),
			   *after = screen_claims(cast, member, false);
	struct screen_times times_before, times_after;
	if (before == NULL || after == NULL ||
	    !screen_times(cast, items, member, load, &times_before, &times_after)) {
		return false;
	}
	struct stretch *stretches_before = arena_array(cast->arena, before_count + 2, sizeof(struct stretch));
	struct stretch *stretches = arena_array(cast->arena, after_count + 2, sizeof(struct stretch));
	if (stretches_before == NULL || stretches == NULL) {
		return false;
	}
	member->stretch_before_count =
		(uint32_t)attribute_stretches(&member->id, before, before_count, times_before.at_us,
					      times_before.count, consented_before_of, cast, stretches_before);
	member->stretch_count = (uint32_t)attribute_stretches(&member->id, after, after_count, times_after.at_us,
							      times_after.count, consented_of, cast, stretches);
	member->stretches_before = stretches_before;
	member->stretches = stretches;
	/* Both cover all time: where each of one list has its equal in the other, so has the other. */
	member->moved = refold_changed(cast, stretches_before, member->stretch_before_count, stretches,
				       member->stretch_count);
	refold_changed(cast, stretches, member->stretch_count, stretches_before, member->stretch_before_count);
	return true;
}

/* The contact that an actor is one with, before as after. */
static void concern(struct cast *cast, const struct uuid *id)
{
	const struct cast_member *member = cast_find(cast, id);
	CHECK(member != NULL);
	cast->members[member->person].concerned = true;
	cast->members[member->person_before].concerned = true;
}

/*
 * A claim on weak actor A concerns A's anonymous contact and everyone ever claimed on A; a decision on E's consent
 * concerns E and, for each weak actor claimed for E, the same set; an assertion concerns every strong actor that it may join
 * to somebody, as a decision on each one's consent does. Of whoever is one with others, the contact is concerned. All this
 * whether or not a touch is seen to move: other writers look at the arbiters' versions.
 */
static void mark_claims(struct cast *cast, const struct claim *claims, size_t count, const bool *linked)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t weak = cast_number(cast, cast_find(cast, &claims[i].weak));
		if (linked[weak]) {
			concern(cast, &claims[i].weak);
			concern(cast, &claims[i].strong);
		}
	}
}

static void link_claims(const struct cast *cast, const struct claim *claims, size_t count, bool *linked)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t weak = cast_number(cast, cast_find(cast, &claims[i].weak));
		if (cast->members[weak].claims_touched || cast_find(cast, &claims[i].strong)->decides) {
			linked[weak] = true;
		}
	}
}

static bool mark_facts(struct cast *cast)
{
	bool *linked = arena_zero(cast->arena, cast->count + 1, sizeof(*linked));
	if (linked == NULL) {
		return false;
	}
	link_claims(cast, cast->claims_before, cast->claim_before_count, linked);
	link_claims(cast, cast->claims_after, cast->claim_after_count, linked);
	mark_claims(cast, cast->claims_before, cast->claim_before_count, linked);
	mark_claims(cast, cast->claims_after, cast->claim_after_count, linked);
	for (size_t i = 0; i < cast->count; i++) {
		struct cast_member *member = &cast->members[i];
		if (member->stated) {
			member->concerned = true;
			concern(cast, &member->id);
		}
	}
	return true;
}

/* A touch before the first claim of a shared actor concerns both whom it may belong to, whosever it turns out to be. */
static void mark_session(struct cast *cast, const struct cast_member *actor, int64_t at_us)
{
	const struct claim *claims = cast->claims_after + actor->claims_after.first;
	size_t count = actor->claims_after.count;
	if (count > 0 && at_us < claims[0].at_us && attribute_is_shared(claims, count)) {
		concern(cast, &actor->id);
		concern(cast, &claims[0].strong);
	}
}

/* Touches that come, and those that go because a copy takes their place. */
static void mark_sessions(struct cast *cast, const struct item *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (items[i].copy == COPY_LOSES) {
			continue;
		}
		const struct cast_member *actor = &cast->members[cast_actor(&cast->parts[i])];
		mark_session(cast, actor, items[i].touch.at_us);
		if (items[i].copy == COPY_REPLACES) {
			mark_session(cast, actor, items[i].replaced->touch.at_us);
		}
	}
}

/* Whose its own touches were, and whose they are. */
static void move_person(struct cast *cast, struct cast_member *member)
{
	struct cast_member *before = cast_contact(cast, member, 0, true),
			   *after = cast_contact(cast, member, 0, false);
	member->moved = before != after;
	if (member->moved && before != NULL) {
		cast_refold(before, true, INT64_MIN);
		before->concerned = true;
	}
	if (member->moved && after != NULL) {
		cast_refold(after, true, INT64_MIN);
		after->concerned = true;
	}
}

bool screen_stretches(struct cast *cast, struct item *items, size_t count, struct load_rows *load)
{
	for (size_t i = 0; i < cast->count; i++) {
		if (cast->members[i].strong) {
			move_person(cast, &cast->members[i]);
		}
	}
	if (!screen_erased(cast, items, count, load)) {
		return false;
	}
	for (size_t i = 0; i < cast->count; i++) {
		struct cast_member *member = &cast->members[i];
		if (member->strong || member->claims_before.count + member->claims_after.count == 0) {
			continue;
		}
		if (!stretch_member(cast, items, member, load)) {
			return false;
		}
	}
	screen_mark_losers(cast);
	if (!mark_facts(cast)) {
		return false;
	}
	if (load->timed_count > 0) { /* else nobody is shared: screen_batch() looked */
		mark_sessions(cast, items, count);
	}
	return true;
}
