#include "core/flow/cast.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/flow/attribute.h"

static int compare_ids(const void *a, const void *b)
{
	return uuid_compare(a, b);
}

/* Sorts and leaves each id once; returns how many are left. */
static size_t sort_ids(struct uuid *ids, size_t count)
{
	if (count == 0) {
		return 0;
	}
	qsort(ids, count, sizeof(*ids), compare_ids);
	size_t kept = 1;
	for (size_t i = 1; i < count; i++) {
		if (!uuid_equal(&ids[i], &ids[kept - 1])) {
			ids[kept++] = ids[i];
		}
	}
	return kept;
}

static bool is_open(const struct item *item)
{
	return item->outcome == OUTCOME_NONE;
}

bool cast_ask(const struct item *items, size_t count, const struct uuid *wider, size_t wider_count,
	      struct arena *arena, struct advance_rows *ret_ask)
{
	struct uuid *weak = arena_zero(arena, count + 1, sizeof(*weak));
	struct uuid *decided = arena_zero(arena, count + wider_count + 1, sizeof(*decided));
	if (weak == NULL || decided == NULL) {
		return false;
	}
	size_t weak_count = 0, decided_count = 0;
	for (size_t i = 0; i < count; i++) {
		if (!is_open(&items[i])) {
			continue;
		}
		if (items[i].who->has_weak) {
			weak[weak_count++] = items[i].who->weak.id;
		}
		if (items[i].facts->consent_count > 0) {
			decided[decided_count++] = items[i].facts->consents[0].actor_id;
		}
	}
	for (size_t i = 0; i < wider_count; i++) {
		decided[decided_count++] = wider[i];
	}
	ret_ask->weak = weak;
	ret_ask->weak_count = sort_ids(weak, weak_count);
	ret_ask->decided = decided;
	ret_ask->decided_count = sort_ids(decided, decided_count);
	return true;
}

struct cast_member *cast_find(const struct cast *cast, const struct uuid *id)
{
	uint32_t number = idmap_get(&cast->map, id);
	return number == IDMAP_NONE ? NULL : &cast->members[number];
}

/* The member of this id, made if new; NULL: arena full. */
static struct cast_member *add_member(struct cast *cast, const struct uuid *id, bool strong)
{
	uint32_t number;
	if (!idmap_put(&cast->map, id, (uint32_t)cast->count, &number)) {
		return NULL;
	}
	struct cast_member *member = &cast->members[number];
	if (number == cast->count) {
		CHECK(cast->count < cast->room);
		cast->count++;
		*member = (struct cast_member){.id = *id, .strong = strong};
	}
	return member;
}

static bool add_members(struct cast *cast, const struct item *items, size_t count,
			const struct advance_rows *advance)
{
	for (size_t i = 0; i < count; i++) {
		if (is_open(&items[i]) &&
		    ((items[i].who->has_weak && add_member(cast, &items[i].who->weak.id, false) == NULL) ||
		     (items[i].who->has_strong && add_member(cast, &items[i].who->strong.id, true) == NULL))) {
			return false;
		}
	}
	for (size_t i = 0; i < advance->claim_count; i++) {
		if (add_member(cast, &advance->claims[i].weak, false) == NULL ||
		    add_member(cast, &advance->claims[i].strong, true) == NULL) {
			return false;
		}
	}
	for (size_t i = 0; i < advance->decided_count; i++) {
		if (add_member(cast, &advance->decided[i], true) == NULL) {
			return false;
		}
	}
	return true;
}

static int compare_keys(const void *a, const void *b)
{
	const struct touch_key *x = a, *y = b;
	int order = uuid_compare(&x->actor_id, &y->actor_id);
	if (order == 0) {
		order = (x->stamped_us > y->stamped_us) - (x->stamped_us < y->stamped_us);
	}
	return order != 0 ? order : (x->event_id > y->event_id) - (x->event_id < y->event_id);
}

/* The keys of the open items, each once. */
static bool list_keys(const struct item *items, size_t count, struct arena *arena, struct load_rows *ret_load)
{
	struct touch_key *keys = arena_zero(arena, count + 1, sizeof(*keys));
	if (keys == NULL) {
		return false;
	}
	size_t used = 0;
	for (size_t i = 0; i < count; i++) {
		if (is_open(&items[i])) {
			const struct touch *touch = &items[i].touch;
			keys[used++] = (struct touch_key){touch->actor_id, touch->stamped_us, touch->event_id};
		}
	}
	if (used > 0) {
		qsort(keys, used, sizeof(*keys), compare_keys);
		size_t kept = 1;
		for (size_t i = 1; i < used; i++) {
			if (compare_keys(&keys[i], &keys[kept - 1]) != 0) {
				keys[kept++] = keys[i];
			}
		}
		used = kept;
	}
	ret_load->keys = keys;
	ret_load->key_count = used;
	return true;
}

/* Weak actors claimed for two persons or more, this batch's claims included: their sessions matter (rule 3). */
static bool list_timed(const struct cast *cast, const struct item *items, size_t count,
		       const struct advance_rows *advance, struct load_rows *ret_load)
{
	size_t room = count + advance->claim_count + 1;
	struct claim *claims = arena_zero(cast->arena, room, sizeof(*claims));
	struct uuid *ids = arena_zero(cast->arena, room, sizeof(*ids));
	if (claims == NULL || ids == NULL) {
		return false;
	}
	size_t used = 0, timed = 0;
	for (size_t i = 0; i < advance->claim_count; i++) {
		claims[used++] = advance->claims[i];
	}
	for (size_t i = 0; i < count; i++) {
		if (is_open(&items[i]) && items[i].facts->has_claim) {
			claims[used++] = items[i].facts->claim;
		}
	}
	struct idmap first; /* weak → place of its first claim */
	if (!idmap_init(&first, cast->arena, used)) {
		return false;
	}
	for (size_t i = 0; i < used; i++) {
		uint32_t place;
		if (!idmap_put(&first, &claims[i].weak, (uint32_t)i, &place)) {
			return false;
		}
		if (!uuid_equal(&claims[place].strong, &claims[i].strong)) {
			ids[timed++] = claims[i].weak;
		}
	}
	ret_load->timed = ids;
	ret_load->timed_count = sort_ids(ids, timed);
	return true;
}

/* All ids, then the weak and the strong ones apart, then those that the batch itself names. */
static bool list_members(const struct cast *cast, const struct item *items, size_t count,
			 struct load_rows *ret_load)
{
	struct uuid *all = arena_zero(cast->arena, cast->count + 1, sizeof(*all));
	struct uuid *weak = arena_zero(cast->arena, cast->count + 1, sizeof(*weak));
	struct uuid *strong = arena_zero(cast->arena, cast->count + 1, sizeof(*strong));
	struct uuid *named = arena_zero(cast->arena, count * 2 + 1, sizeof(*named));
	if (all == NULL || weak == NULL || strong == NULL || named == NULL) {
		return false;
	}
	size_t weak_count = 0, strong_count = 0, named_count = 0;
	for (size_t i = 0; i < cast->count; i++) {
		all[i] = cast->members[i].id;
		if (cast->members[i].strong) {
			strong[strong_count++] = all[i];
		} else {
			weak[weak_count++] = all[i];
		}
	}
	for (size_t i = 0; i < count; i++) {
		if (is_open(&items[i]) && items[i].who->has_weak) {
			named[named_count++] = items[i].who->weak.id;
		}
		if (is_open(&items[i]) && items[i].who->has_strong) {
			named[named_count++] = items[i].who->strong.id;
		}
	}
	ret_load->contacts = all;
	ret_load->contact_count = sort_ids(all, cast->count);
	ret_load->weak = weak;
	ret_load->weak_count = sort_ids(weak, weak_count);
	ret_load->persons = strong;
	ret_load->person_count = sort_ids(strong, strong_count);
	ret_load->actors = named;
	ret_load->actor_count = sort_ids(named, named_count);
	return true;
}

bool cast_plan(struct cast *cast, const struct item *items, size_t count, const struct advance_rows *advance,
	       struct arena *arena, struct load_rows *ret_load)
{
	*cast = (struct cast){.arena = arena,
			      .room = 2 * (count + advance->claim_count) + advance->decided_count + 1};
	*ret_load = (struct load_rows){
		.model_version = advance->model_version,
		.decided = advance->decided,
		.decided_count = advance->decided_count,
	};
	cast->members = arena_zero(arena, cast->room, sizeof(*cast->members));
	return cast->members != NULL && idmap_init(&cast->map, arena, cast->room) &&
	       add_members(cast, items, count, advance) && list_members(cast, items, count, ret_load) &&
	       list_keys(items, count, arena, ret_load) && list_timed(cast, items, count, advance, ret_load);
}

struct cast_member *cast_contact(const struct cast *cast, const struct cast_member *actor, int64_t at_us,
				 bool before)
{
	if (actor->strong) {
		bool consented = before ? actor->consented_before : actor->consented;
		return consented ? cast_find(cast, &actor->id) : NULL;
	}
	const struct stretch *stretches = before ? actor->stretches_before : actor->stretches;
	if (stretches == NULL) {
		return cast_find(cast, &actor->id);
	}
	return cast_find(cast,
			 attribute_contact(stretches, before ? actor->stretch_before_count : actor->stretch_count,
					   at_us));
}
