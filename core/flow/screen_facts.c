#include "core/flow/screen_facts.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/sort.h"
#include "core/flow/attribute.h"

/* ---- the three lists of facts: sorted by whose they are, with a slice a member ---- */

static int compare_claims(const void *a, const void *b)
{
	int order = uuid_compare(&((const struct claim *)a)->weak, &((const struct claim *)b)->weak);
	return order != 0 ? order : attribute_compare_claims(a, b);
}

static int compare_consents(const void *a, const void *b)
{
	return uuid_compare(&((const struct consent *)a)->actor_id, &((const struct consent *)b)->actor_id);
}

static int compare_declared(const void *a, const void *b)
{
	return uuid_compare(&((const struct declared *)a)->actor_id, &((const struct declared *)b)->actor_id);
}

/* Every list begins a row with the id of whose it is; slices are found by runs of equal ids. */
typedef struct cast_slice *slice_of(struct cast_member *member);

static struct cast_slice *claims_before(struct cast_member *member)
{
	return &member->claims_before;
}

static struct cast_slice *claims_after(struct cast_member *member)
{
	return &member->claims_after;
}

static struct cast_slice *consents_before(struct cast_member *member)
{
	return &member->consents_before;
}

static struct cast_slice *consents_after(struct cast_member *member)
{
	return &member->consents_after;
}

static struct cast_slice *declared_before(struct cast_member *member)
{
	return &member->declared_before;
}

static struct cast_slice *declared_after(struct cast_member *member)
{
	return &member->declared_after;
}

static struct cast_slice *times_of(struct cast_member *member)
{
	return &member->times;
}

static const struct uuid *id_of(const char *row)
{
	return (const struct uuid *)(const void *)row;
}

typedef int compare_rows(const void *a, const void *b);

static bool in_order(const char *rows, size_t count, size_t size, compare_rows *compare)
{
	for (size_t i = 1; i < count; i++) {
		if (compare(rows + (i - 1) * size, rows + i * size) > 0) {
			return false;
		}
	}
	return true;
}

/* By the number of the member whose each row is. */
static bool sort_rows(const struct cast *cast, char *rows, size_t count, size_t size)
{
	struct arena *arena = cast->arena;
	size_t mark = arena->used;
	struct sort_entry *entries = arena_array(arena, count, sizeof(*entries));
	struct sort_entry *spare = arena_array(arena, count, sizeof(*spare));
	char *old = arena_array(arena, count, size);
	if (entries == NULL || spare == NULL || old == NULL) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		const struct cast_member *member = cast_find(cast, id_of(rows + i * size));
		CHECK(member != NULL);
		entries[i] = (struct sort_entry){cast_number(cast, member), (uint32_t)i};
	}
	sort_entries(entries, count, spare);
	memcpy(old, rows, count * size);
	for (size_t i = 0; i < count; i++) {
		memcpy(rows + i * size, old + entries[i].place * size, size);
	}
	arena_back(arena, mark);
	return true;
}

/* False: arena full. */
static bool slice(const struct cast *cast, void *rows, size_t count, size_t size, compare_rows *compare,
		  slice_of *which)
{
	char *at = rows;
	bool sorted = in_order(at, count, size, compare);
	if (!sorted && !sort_rows(cast, at, count, size)) {
		return false;
	}
	for (size_t i = 0; i < count;) {
		size_t end = i + 1;
		while (end < count && uuid_equal(id_of(at + end * size), id_of(at + i * size))) {
			end++;
		}
		if (!sorted && !in_order(at + i * size, end - i, size, compare)) {
			qsort(at + i * size, end - i, size, compare);
		}
		struct cast_member *member = cast_find(cast, id_of(at + i * size));
		CHECK(member != NULL);
		*which(member) = (struct cast_slice){(uint32_t)i, (uint32_t)(end - i)};
		i = end;
	}
	return true;
}

_Static_assert(offsetof(struct claim, weak) == 0, "slice() finds whose it is at the start");
_Static_assert(offsetof(struct consent, actor_id) == 0, "slice() finds whose it is at the start");
_Static_assert(offsetof(struct declared, actor_id) == 0, "slice() finds whose it is at the start");
_Static_assert(offsetof(struct touch_time, key) == 0 && offsetof(struct touch_key, actor_id) == 0,
	       "slice() finds whose it is at the start");

static bool same_key(const struct fact_key *a, const struct touch *touch)
{
	return a->stamped_us == touch->stamped_us && a->event_id == touch->event_id &&
	       uuid_equal(&a->touch_actor, &touch->actor_id);
}

/* ---- what a copy that no longer stands had stated ---- */

static int compare_ids(const void *a, const void *b)
{
	return uuid_compare(a, b);
}

static bool is_decided(const struct load_rows *load, const struct uuid *person)
{
	return load->decided_count > 0 &&
	       bsearch(person, load->decided, load->decided_count, sizeof(*person), compare_ids) != NULL;
}

static void take_back_statements(struct cast *cast, struct cast_member *person, const struct touch *touch)
{
	for (uint32_t i = 0; i < person->consents_before.count; i++) {
		size_t at = person->consents_before.first + i;
		if (same_key(&cast->consents_before[at].key, touch)) {
			cast->consent_gone[at] = true;
			person->consents_touched = true;
		}
	}
	for (uint32_t i = 0; i < person->declared_before.count; i++) {
		size_t at = person->declared_before.first + i;
		if (same_key(&cast->declared_before[at].key, touch)) {
			cast->declared_gone[at] = true;
			person->declared_touched = true;
		}
	}
}

static void take_back_claim(struct cast *cast, struct claim claim)
{
	cast->claims_gone[cast->claim_gone_count++] = claim;
}

/* By the events that stated them. */
static int compare_fact_keys(const struct fact_key *x, const struct fact_key *y)
{
	int order = (x->event_id > y->event_id) - (x->event_id < y->event_id);
	if (order == 0) {
		order = (x->stamped_us > y->stamped_us) - (x->stamped_us < y->stamped_us);
	}
	return order != 0 ? order : uuid_compare(&x->touch_actor, &y->touch_actor);
}

static int compare_assertions(const void *a, const void *b)
{
	return compare_fact_keys(&((const struct assertion *)a)->key, &((const struct assertion *)b)->key);
}

/* The first loaded one that the event of a touch stated, or a later event; they are sorted. */
static size_t first_assertion(const struct cast *cast, const struct touch *touch)
{
	const struct fact_key key = {touch->stamped_us, touch->event_id, touch->actor_id};
	size_t low = 0, high = cast->assertion_before_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare_fact_keys(&cast->assertions_before[middle].key, &key) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static void take_back_assertions(struct cast *cast, const struct touch *touch)
{
	for (size_t i = first_assertion(cast, touch);
	     i < cast->assertion_before_count && same_key(&cast->assertions_before[i].key, touch); i++) {
		cast->assertion_gone[i] = true;
	}
}

static void take_back(struct cast *cast, const struct copy_row *copy, const struct load_rows *load)
{
	struct cast_member *actor = cast_find(cast, &copy->touch.actor_id);
	CHECK(actor != NULL);
	bool all_are_there = actor->claims_before.count < load->claim_room;
	if (!all_are_there) { /* it may have stated one of the others */
		take_back_claim(cast,
				(struct claim){.weak = actor->id,
					       .key = {copy->touch.stamped_us, copy->touch.event_id, actor->id},
					       .at_us = copy->touch.at_us});
		actor->claims_touched = true;
	}
	for (uint32_t i = 0; i < actor->claims_before.count; i++) {
		size_t at = actor->claims_before.first + i;
		if (same_key(&cast->claims_before[at].key, &copy->touch)) {
			cast->claim_gone[at] = true;
			actor->claims_touched = true;
			if (all_are_there) {
				take_back_claim(cast, cast->claims_before[at]);
			}
		}
	}
	if (copy->has_person && is_decided(load, &copy->person)) {
		take_back_statements(cast, cast_find(cast, &copy->person), &copy->touch);
	} else if (copy->has_person) {
		cast->wider[cast->wider_count++] = copy->person;
	}
	if (copy->has_asserted) {
		const struct cast_member *asserted = cast_find(cast, &copy->asserted);
		if (asserted != NULL && asserted->asserted) {
			take_back_assertions(cast, &copy->touch);
		} else {
			cast->wider[cast->wider_count++] = copy->asserted;
		}
	}
}

/* Beside the copy that it replaces there may have been one that was erased since, and stated the same of this one's person. */
static void take_back_same(struct cast *cast, const struct item *item, const struct cast_part *part)
{
	if (part->strong != CAST_NOBODY && item->facts->consent_count > 0) {
		take_back_statements(cast, &cast->members[part->strong], &item->touch);
	}
}

/* ---- what is stated again, by an event whose touch was erased ---- */

static int compare_keys(const void *a, const void *b)
{
	const struct touch_key *x = a, *y = b;
	int order = uuid_compare(&x->actor_id, &y->actor_id);
	if (order == 0) {
		order = (x->stamped_us > y->stamped_us) - (x->stamped_us < y->stamped_us);
	}
	return order != 0 ? order : (x->event_id > y->event_id) - (x->event_id < y->event_id);
}

static int compare_events(const void *a, const void *b)
{
	return compare_fact_keys(&((const struct claim *)a)->key, &((const struct claim *)b)->key);
}

bool screen_is_looked_up(const struct load_rows *load, const struct touch *touch)
{
	struct touch_key key = {touch->actor_id, touch->stamped_us, touch->event_id};
	return load->key_count > 0 &&
	       bsearch(&key, load->keys, load->key_count, sizeof(key), compare_keys) != NULL;
}

/* Is there a claim, a consent or an assertion of this event? One that declares something grants consent, too. */
static bool has_stated(const struct cast *cast, const struct cast_part *part, const struct touch *touch,
		       const struct load_rows *load)
{
	size_t first = first_assertion(cast, touch);
	if (first < cast->assertion_before_count && same_key(&cast->assertions_before[first].key, touch)) {
		return true;
	}
	const struct claim wanted = {.key = {touch->stamped_us, touch->event_id, touch->actor_id}};
	if (load->other_count > 0 &&
	    bsearch(&wanted, load->others, load->other_count, sizeof(wanted), compare_events) != NULL) {
		return true;
	}
	if (part->weak != CAST_NOBODY) {
		const struct cast_slice *claims = &cast->members[part->weak].claims_before;
		for (uint32_t i = claims->first; i < claims->first + claims->count; i++) {
			if (same_key(&cast->claims_before[i].key, touch)) {
				return true;
			}
		}
	}
	const struct cast_slice *consents = &cast->members[part->strong].consents_before;
	for (uint32_t i = consents->first; i < consents->first + consents->count; i++) {
		if (same_key(&cast->consents_before[i].key, touch)) {
			return true;
		}
	}
	return false;
}

/* What was erased stays so, also where it would not be by now. One whose key was not looked up may have its touch, or be a copy that states
 * something else: it must be looked up. */
static void tell_stated(struct cast *cast, struct item *items, size_t count, const struct load_rows *load)
{
	if (load->other_count > 1) {
		qsort(load->others, load->other_count, sizeof(*load->others), compare_events);
	}
	for (size_t i = 0; i < count; i++) {
		struct item *item = &items[i];
		if (item->copy != COPY_NEW || !cast_states_facts(cast, items, i) || facts_are_none(item->facts) ||
		    !has_stated(cast, &cast->parts[i], &item->touch, load)) {
			continue;
		}
		if (screen_is_looked_up(load, &item->touch)) {
			item->copy = COPY_LOSES;
			item->outcome = OUTCOME_erased;
		} else {
			cast->is_unsure = true;
		}
	}
}

/* ---- before + new − gone = after ---- */

static struct cast_added count_added(const struct cast *cast, const struct item *items, size_t count)
{
	struct cast_added added = {0};
	for (size_t i = 0; i < count; i++) {
		added.replaced += items[i].copy == COPY_REPLACES ? 1 : 0;
		if (cast_states_facts(cast, items, i)) {
			added.assertions += items[i].facts->assertion_count;
			added.claims += items[i].facts->has_claim ? 1 : 0;
			added.consents += items[i].facts->consent_count;
			added.declared += items[i].facts->declared_count;
		}
	}
	return added;
}

static bool make_room(struct cast *cast, const struct load_rows *load)
{
	const struct cast_added *added = &cast->added;
	struct arena *arena = cast->arena;
	size_t stating = cast->kin_before_count > 0 ? added->claims + added->consents + added->assertions : 0;
	cast->assertion_gone = arena_zero(arena, load->in_play.assertion_count + 1, sizeof(bool));
	cast->assertions_after = arena_array(arena, load->in_play.assertion_count + added->assertions + 1,
					     sizeof(struct assertion));
	cast->claim_gone = arena_zero(arena, load->in_play.claim_count + 1, sizeof(bool));
	cast->consent_gone = arena_zero(arena, load->consent_count + 1, sizeof(bool));
	cast->declared_gone = arena_zero(arena, load->declared_count + 1, sizeof(bool));
	cast->claims_after =
		arena_array(arena, load->in_play.claim_count + added->claims + 1, sizeof(struct claim));
	cast->consents_after =
		arena_array(arena, load->consent_count + added->consents + 1, sizeof(struct consent));
	cast->declared_after =
		arena_array(arena, load->declared_count + added->declared + 1, sizeof(struct declared));
	cast->claims_gone =
		arena_array(arena, load->in_play.claim_count + added->replaced + 1, sizeof(struct claim));
	cast->wider = arena_array(arena, 2 * added->replaced + stating + 1, sizeof(struct uuid));
	return cast->wider != NULL && cast->assertion_gone != NULL && cast->assertions_after != NULL &&
	       cast->claims_gone != NULL && cast->claim_gone != NULL && cast->consent_gone != NULL &&
	       cast->declared_gone != NULL && cast->claims_after != NULL && cast->consents_after != NULL &&
	       cast->declared_after != NULL;
}

static void keep_what_stays(struct cast *cast)
{
	for (size_t i = 0; i < cast->assertion_before_count; i++) {
		if (!cast->assertion_gone[i]) {
			cast->assertions_after[cast->assertion_after_count++] = cast->assertions_before[i];
		}
	}
	for (size_t i = 0; i < cast->claim_before_count; i++) {
		if (!cast->claim_gone[i]) {
			cast->claims_after[cast->claim_after_count++] = cast->claims_before[i];
		}
	}
	for (size_t i = 0; i < cast->consent_before_count; i++) {
		if (!cast->consent_gone[i]) {
			cast->consents_after[cast->consent_after_count++] = cast->consents_before[i];
		}
	}
	for (size_t i = 0; i < cast->declared_before_count; i++) {
		if (!cast->declared_gone[i]) {
			cast->declared_after[cast->declared_after_count++] = cast->declared_before[i];
		}
	}
}

/* One that says nothing new is stored, and nothing follows from it. */
static bool is_asserted(const struct cast *cast, const struct assertion *assertion)
{
	return cast_find(cast, &assertion->a)->asserted && cast_find(cast, &assertion->b)->asserted;
}

static void add_facts(struct cast *cast, const struct facts *facts)
{
	for (unsigned i = 0; i < facts->assertion_count; i++) {
		if (is_asserted(cast, &facts->assertions[i])) {
			cast->assertions_after[cast->assertion_after_count++] = facts->assertions[i];
		}
	}
	if (facts->has_claim) {
		cast->claims_after[cast->claim_after_count++] = facts->claim;
		cast_find(cast, &facts->claim.weak)->claims_touched = true;
	}
	for (unsigned i = 0; i < facts->consent_count; i++) {
		cast->consents_after[cast->consent_after_count++] = facts->consents[i];
		cast_find(cast, &facts->consents[i].actor_id)->consents_touched = true;
	}
	for (unsigned i = 0; i < facts->declared_count; i++) {
		cast->declared_after[cast->declared_after_count++] = facts->declared[i];
		cast_find(cast, &facts->declared[i].actor_id)->declared_touched = true;
	}
}

/* What was loaded: claims, statements, and the times of those whose sessions matter. */
static bool slice_loaded(struct cast *cast, struct load_rows *load)
{
	cast->claims_before = load->in_play.claims;
	cast->claim_before_count = load->in_play.claim_count;
	cast->consents_before = load->consents;
	cast->consent_before_count = load->consent_count;
	cast->declared_before = load->declared;
	cast->declared_before_count = load->declared_count;
	cast->assertions_before = load->in_play.assertions;
	cast->assertion_before_count = load->in_play.assertion_count;
	if (cast->assertion_before_count > 1) {
		qsort(cast->assertions_before, cast->assertion_before_count, sizeof(*cast->assertions_before),
		      compare_assertions);
	}
	return slice(cast, load->in_play.claims, load->in_play.claim_count, sizeof(struct claim), compare_claims,
		     claims_before) &&
	       slice(cast, load->consents, load->consent_count, sizeof(struct consent), compare_consents,
		     consents_before) &&
	       slice(cast, load->declared, load->declared_count, sizeof(struct declared), compare_declared,
		     declared_before) &&
	       slice(cast, load->times, load->time_count, sizeof(struct touch_time), screen_compare_times,
		     times_of);
}

/* Of one public device claims enough are loaded for one to go: so many may be taken back at once. */
static bool takes_back_too_many(const struct cast *cast, const struct item *items, size_t count,
				const struct load_rows *load)
{
	size_t taken = 0;
	for (size_t i = 0; i < count && load->crowded_count > 0 && cast->added.replaced > 1; i++) {
		const struct cast_member *actor =
			items[i].copy == COPY_REPLACES ? &cast->members[cast_actor(&cast->parts[i])] : NULL;
		taken += actor != NULL && actor->claims_before.count >= load->claim_room ? 1 : 0;
	}
	return taken > 1;
}

bool screen_facts(struct cast *cast, struct item *items, size_t count, struct load_rows *load)
{
	if (!slice_loaded(cast, load)) {
		return false;
	}
	tell_stated(cast, items, count, load);
	cast->added = count_added(cast, items, count);
	if (!make_room(cast, load) || takes_back_too_many(cast, items, count, load)) {
		return false;
	}
	for (size_t i = 0; i < count && cast->added.replaced > 0; i++) {
		if (items[i].copy == COPY_REPLACES) {
			take_back(cast, items[i].replaced, load);
			take_back_same(cast, &items[i], &cast->parts[i]);
		}
	}
	keep_what_stays(cast);
	for (size_t i = 0; i < count; i++) {
		if (cast_states_facts(cast, items, i)) {
			add_facts(cast, items[i].facts);
		}
	}
	return slice(cast, cast->claims_after, cast->claim_after_count, sizeof(struct claim), compare_claims,
		     claims_after) &&
	       slice(cast, cast->consents_after, cast->consent_after_count, sizeof(struct consent),
		     compare_consents, consents_after) &&
	       slice(cast, cast->declared_after, cast->declared_after_count, sizeof(struct declared),
		     compare_declared, declared_after);
}
