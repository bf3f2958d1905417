#include "core/flow/screen_facts.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
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

static int compare_times(const void *a, const void *b)
{
	const struct touch_time *x = a, *y = b;
	int order = uuid_compare(&x->key.actor_id, &y->key.actor_id);
	return order != 0 ? order : (x->at_us > y->at_us) - (x->at_us < y->at_us);
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

static void slice(struct cast *cast, void *rows, size_t count, size_t size,
		  int (*compare)(const void *, const void *), slice_of *which)
{
	if (count > 1) {
		qsort(rows, count, size, compare);
	}
	const char *at = rows;
	for (size_t i = 0; i < count;) {
		size_t end = i + 1;
		while (end < count && memcmp(at + end * size, at + i * size, sizeof(struct uuid)) == 0) {
			end++;
		}
		struct cast_member *member = cast_find(cast, (const struct uuid *)(const void *)(at + i * size));
		CHECK(member != NULL);
		*which(member) = (struct cast_slice){(uint32_t)i, (uint32_t)(end - i)};
		i = end;
	}
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

static void take_back(struct cast *cast, const struct copy_row *copy, const struct load_rows *load)
{
	struct cast_member *actor = cast_find(cast, &copy->touch.actor_id);
	CHECK(actor != NULL);
	for (uint32_t i = 0; i < actor->claims_before.count; i++) {
		size_t at = actor->claims_before.first + i;
		if (same_key(&cast->claims_before[at].key, &copy->touch)) {
			cast->claim_gone[at] = true;
			actor->claims_touched = true;
		}
	}
	if (copy->has_person && is_decided(load, &copy->person)) {
		take_back_statements(cast, cast_find(cast, &copy->person), &copy->touch);
	} else if (copy->has_person) {
		cast->wider[cast->wider_count++] = copy->person;
	}
}

/* ---- before + new − gone = after ---- */

static bool make_room(struct cast *cast, size_t added, const struct load_rows *load)
{
	struct arena *arena = cast->arena;
	cast->claims_before = load->claims;
	cast->claim_before_count = load->claim_count;
	cast->consents_before = load->consents;
	cast->consent_before_count = load->consent_count;
	cast->declared_before = load->declared;
	cast->declared_before_count = load->declared_count;
	cast->claim_gone = arena_zero(arena, load->claim_count + 1, sizeof(bool));
	cast->consent_gone = arena_zero(arena, load->consent_count + 1, sizeof(bool));
	cast->declared_gone = arena_zero(arena, load->declared_count + 1, sizeof(bool));
	cast->claims_after = arena_zero(arena, load->claim_count + added + 1, sizeof(struct claim));
	cast->consents_after =
		arena_zero(arena, load->consent_count + PURPOSE_COUNT * added + 1, sizeof(struct consent));
	cast->declared_after =
		arena_zero(arena, load->declared_count + ATTRIBUTE_COUNT * added + 1, sizeof(struct declared));
	cast->wider = arena_zero(arena, added + 1, sizeof(struct uuid));
	return cast->wider != NULL && cast->claim_gone != NULL && cast->consent_gone != NULL &&
	       cast->declared_gone != NULL && cast->claims_after != NULL && cast->consents_after != NULL &&
	       cast->declared_after != NULL;
}

static void keep_what_stays(struct cast *cast)
{
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

static void add_facts(struct cast *cast, const struct facts *facts)
{
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

static bool stands(const struct item *item)
{
	return item->copy != COPY_LOSES;
}

bool screen_facts(struct cast *cast, const struct item *items, size_t count, struct load_rows *load)
{
	if (!make_room(cast, count, load)) {
		return false;
	}
	slice(cast, load->claims, load->claim_count, sizeof(struct claim), compare_claims, claims_before);
	slice(cast, load->consents, load->consent_count, sizeof(struct consent), compare_consents,
	      consents_before);
	slice(cast, load->declared, load->declared_count, sizeof(struct declared), compare_declared,
	      declared_before);
	slice(cast, load->times, load->time_count, sizeof(struct touch_time), compare_times, times_of);

	for (size_t i = 0; i < count; i++) {
		if (items[i].copy == COPY_REPLACES) {
			take_back(cast, items[i].replaced, load);
		}
	}
	keep_what_stays(cast);
	for (size_t i = 0; i < count; i++) {
		if (stands(&items[i])) {
			add_facts(cast, items[i].facts);
		}
	}
	slice(cast, cast->claims_after, cast->claim_after_count, sizeof(struct claim), compare_claims,
	      claims_after);
	slice(cast, cast->consents_after, cast->consent_after_count, sizeof(struct consent), compare_consents,
	      consents_after);
	slice(cast, cast->declared_after, cast->declared_after_count, sizeof(struct declared), compare_declared,
	      declared_after);
	return true;
}

/* ---- consent and stretches ---- */

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

/* This batch's touches of actors whose sessions matter, sorted by actor. */
struct batch_times {
	struct touch_time *rows; /* new ones, and replacing ones with their new time */
	size_t count;
	struct touch_time *gone; /* replaced ones: key and old time */
	size_t gone_count;
};

static bool collect_times(struct cast *cast, const struct item *items, size_t count, struct batch_times *ret_times)
{
	*ret_times = (struct batch_times){
		.rows = arena_zero(cast->arena, count + 1, sizeof(struct touch_time)),
		.gone = arena_zero(cast->arena, count + 1, sizeof(struct touch_time)),
	};
	if (ret_times->rows == NULL || ret_times->gone == NULL) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (!stands(&items[i])) {
			continue;
		}
		const struct touch *touch = &items[i].touch;
		struct touch_key key = {touch->actor_id, touch->stamped_us, touch->event_id};
		ret_times->rows[ret_times->count++] = (struct touch_time){key, touch->at_us};
		if (items[i].copy == COPY_REPLACES) {
			ret_times->gone[ret_times->gone_count++] =
				(struct touch_time){key, items[i].replaced->touch.at_us};
		}
	}
	if (ret_times->count > 1) {
		qsort(ret_times->rows, ret_times->count, sizeof(struct touch_time), compare_times);
	}
	return true;
}

static bool is_gone(const struct batch_times *times, const struct touch_time *row)
{
	for (size_t i = 0; i < times->gone_count; i++) {
		const struct touch_key *key = &times->gone[i].key;
		if (uuid_equal(&key->actor_id, &row->key.actor_id) && key->stamped_us == row->key.stamped_us &&
		    key->event_id == row->key.event_id) {
			return true;
		}
	}
	return false;
}

/* Times of all touches of a shared actor, before and after the batch, sorted. */
static bool times_of_member(const struct cast *cast, const struct cast_member *member,
			    const struct load_rows *load, const struct batch_times *batch, int64_t **ret_before,
			    size_t *ret_before_count, int64_t **ret_after, size_t *ret_after_count)
{
	size_t count = member->times.count;
	int64_t *before = arena_zero(cast->arena, count + 1, sizeof(*before));
	int64_t *after = arena_zero(cast->arena, count + batch->count + 1, sizeof(*after));
	if (before == NULL || after == NULL) {
		return false;
	}
	size_t after_count = 0;
	for (size_t i = 0; i < count; i++) {
		const struct touch_time *row = &load->times[member->times.first + i];
		before[i] = row->at_us;
		if (batch->gone_count == 0 || !is_gone(batch, row)) {
			after[after_count++] = row->at_us;
		}
	}
	size_t low = 0, high = batch->count; /* the first row of this actor */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (uuid_compare(&batch->rows[middle].key.actor_id, &member->id) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	for (; low < batch->count && uuid_equal(&batch->rows[low].key.actor_id, &member->id); low++) {
		after[after_count++] = batch->rows[low].at_us;
	}
	if (after_count > 1) {
		qsort(after, after_count, sizeof(*after), compare_moments);
	}
	*ret_before = before;
	*ret_before_count = count;
	*ret_after = after;
	*ret_after_count = after_count;
	return true;
}

static bool same_stretches(const struct cast_member *member)
{
	if (member->stretch_count != member->stretch_before_count) {
		return false;
	}
	for (size_t i = 0; i < member->stretch_count; i++) {
		const struct stretch *a = &member->stretches[i], *b = &member->stretches_before[i];
		if (a->from_us != b->from_us || a->to_us != b->to_us ||
		    !uuid_equal(&a->contact_id, &b->contact_id)) {
			return false;
		}
	}
	return true;
}

/* Of a weak actor with claims. */
static bool stretch_member(struct cast *cast, struct cast_member *member, const struct load_rows *load,
			   const struct batch_times *batch)
{
	const struct claim *before = cast->claims_before + member->claims_before.first;
	const struct claim *after = cast->claims_after + member->claims_after.first;
	size_t before_count = member->claims_before.count, after_count = member->claims_after.count;
	int64_t *times_before = NULL, *times_after = NULL;
	size_t times_before_count = 0, times_after_count = 0;
	if ((attribute_is_shared(before, before_count) || attribute_is_shared(after, after_count)) &&
	    !times_of_member(cast, member, load, batch, &times_before, &times_before_count, &times_after,
			     &times_after_count)) {
		return false;
	}
	struct stretch *stretches_before = arena_zero(cast->arena, before_count + 2, sizeof(struct stretch));
	struct stretch *stretches = arena_zero(cast->arena, after_count + 2, sizeof(struct stretch));
	if (stretches_before == NULL || stretches == NULL) {
		return false;
	}
	member->stretch_before_count =
		attribute_stretches(&member->id, before, before_count, times_before, times_before_count,
				    consented_before_of, cast, stretches_before);
	member->stretch_count = attribute_stretches(&member->id, after, after_count, times_after,
						    times_after_count, consented_of, cast, stretches);
	member->stretches_before = stretches_before;
	member->stretches = stretches;
	member->moved = !same_stretches(member);
	return true;
}

static void concern(struct cast *cast, const struct uuid *id)
{
	struct cast_member *member = cast_find(cast, id);
	CHECK(member != NULL);
	member->concerned = true;
}

static void refold(struct cast *cast, const struct stretch *stretches, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct cast_member *contact = cast_find(cast, &stretches[i].contact_id);
		CHECK(contact != NULL);
		contact->refold = true;
		contact->concerned = true;
	}
}

/*
 * A claim on weak actor A concerns A's anonymous contact and everyone ever claimed on A; a decision on E's consent
 * concerns E and, for each weak actor claimed for E, the same set. All this whether or not a touch is seen to move:
 * other writers look at the arbiters' versions.
 */
static void mark_claims(struct cast *cast, const struct claim *claims, size_t count, const bool *linked)
{
	for (size_t i = 0; i < count; i++) {
		size_t weak = idmap_get(&cast->map, &claims[i].weak);
		if (linked[weak]) {
			concern(cast, &claims[i].weak);
			concern(cast, &claims[i].strong);
		}
	}
}

static void link_claims(const struct cast *cast, const struct claim *claims, size_t count, bool *linked)
{
	for (size_t i = 0; i < count; i++) {
		size_t weak = idmap_get(&cast->map, &claims[i].weak);
		if (cast->members[weak].claims_touched || cast_find(cast, &claims[i].strong)->consents_touched) {
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
		if (member->consents_touched || member->declared_touched) {
			member->concerned = true;
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
		if (!stands(&items[i])) {
			continue;
		}
		const struct cast_member *actor = cast_find(cast, &items[i].touch.actor_id);
		mark_session(cast, actor, items[i].touch.at_us);
		if (items[i].copy == COPY_REPLACES) {
			mark_session(cast, actor, items[i].replaced->touch.at_us);
		}
	}
}

bool screen_stretches(struct cast *cast, const struct item *items, size_t count, struct load_rows *load)
{
	struct batch_times batch;
	if (!collect_times(cast, items, count, &batch)) {
		return false;
	}
	for (size_t i = 0; i < cast->count; i++) {
		struct cast_member *member = &cast->members[i];
		if (member->strong) {
			member->consented_before =
				attribute_consent_state(cast->consents_before + member->consents_before.first,
							member->consents_before.count,
							PURPOSE_PROFILE) == STATEMENT_GRANTED;
			member->consented =
				attribute_consent_state(cast->consents_after + member->consents_after.first,
							member->consents_after.count,
							PURPOSE_PROFILE) == STATEMENT_GRANTED;
			member->moved = member->consented != member->consented_before;
			member->refold = member->moved;
		}
	}
	for (size_t i = 0; i < cast->count; i++) {
		struct cast_member *member = &cast->members[i];
		if (member->strong || member->claims_before.count + member->claims_after.count == 0) {
			continue;
		}
		if (!stretch_member(cast, member, load, &batch)) {
			return false;
		}
		if (member->moved) {
			refold(cast, member->stretches_before, member->stretch_before_count);
			refold(cast, member->stretches, member->stretch_count);
		}
	}
	if (!mark_facts(cast)) {
		return false;
	}
	mark_sessions(cast, items, count);
	return true;
}
