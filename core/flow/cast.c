#include "core/flow/cast_inside.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/sort.h"
#include "core/flow/attribute.h"
#include "core/flow/kin.h"

static bool is_open(const struct item *item)
{
	return item->outcome == OUTCOME_NONE;
}

/*
 * ---- names: where an id was met, so that one sort says who is who ----
 *
 * Of an item, or of a claim or a decision (no item).
 */
#define PLACE_STRONG 1u
#define PLACE_ACTOR 2u /* the touch is recorded on it */
#define PLACE_ITEM(place) ((place) >> 2)
#define PLACE_NO_ITEM (UINT32_MAX & ~(PLACE_STRONG | PLACE_ACTOR))

static bool same_name(const struct sort_id *a, const struct sort_id *b)
{
	return a->high == b->high && a->low == b->low;
}

/* Sorts the names of the open items. False: arena full. */
static bool list_names(struct cast *cast, const struct item *items, size_t count)
{
	size_t room = 0, used = 0;
	for (size_t i = 0; i < count; i++) {
		if (is_open(&items[i])) {
			room += (items[i].has_weak ? 1 : 0) + (items[i].has_strong ? 1 : 0);
			cast->open_count++;
		}
	}
	struct sort_id *names = arena_array(cast->arena, room + 1, sizeof(*names));
	struct sort_id *spare = arena_array(cast->arena, room + 1, sizeof(*spare));
	if (names == NULL || spare == NULL) {
		return false;
	}
	CHECK(count < PLACE_ITEM(PLACE_NO_ITEM));
	for (size_t i = 0; i < count; i++) {
		const struct item *item = &items[i];
		if (!is_open(item)) {
			continue;
		}
		uint32_t place = (uint32_t)i << 2;
		uint32_t strong = item->has_weak ? PLACE_STRONG : PLACE_STRONG | PLACE_ACTOR;
		names[used++] = sort_id_of(&item->touch.actor_id, place | (item->has_weak ? PLACE_ACTOR : strong));
		if (item->has_weak && item->has_strong) {
			names[used++] = sort_id_of(&item->who->strong.id, place | strong);
		}
	}
	CHECK(used == room);
	sort_ids(names, room, spare);
	arena_cut(cast->arena, spare);
	cast->names = names;
	cast->name_count = room;
	return true;
}

static void add_pair(struct sort_id *names, size_t *used, const struct assertion *pair)
{
	names[(*used)++] = sort_id_of(&pair->a, PLACE_NO_ITEM | PLACE_STRONG);
	names[(*used)++] = sort_id_of(&pair->b, PLACE_NO_ITEM | PLACE_STRONG);
}

/* Sorts those of claims and decisions, and of who is joined with whom. False: arena full. */
static bool list_other_names(struct cast *cast, const struct advance_rows *advance)
{
	size_t room = 2 * advance->in_play.claim_count + advance->decided_count + advance->in_play.kin_count +
		      2 * advance->in_play.assertion_count + 2 * advance->asserted_count,
	       used = 0;
	struct sort_id *names = arena_array(cast->arena, room + 1, sizeof(*names));
	struct sort_id *spare = arena_array(cast->arena, room + 1, sizeof(*spare));
	if (names == NULL || spare == NULL) {
		return false;
	}
	for (size_t i = 0; i < advance->in_play.claim_count; i++) {
		names[used++] = sort_id_of(&advance->in_play.claims[i].weak, PLACE_NO_ITEM);
		names[used++] = sort_id_of(&advance->in_play.claims[i].strong, PLACE_NO_ITEM | PLACE_STRONG);
	}
	for (size_t i = 0; i < advance->decided_count; i++) {
		names[used++] = sort_id_of(&advance->decided[i], PLACE_NO_ITEM | PLACE_STRONG);
	}
	for (size_t i = 0; i < advance->in_play.kin_count; i++) {
		names[used++] = sort_id_of(&advance->in_play.kin[i].actor_id, PLACE_NO_ITEM | PLACE_STRONG);
	}
	for (size_t i = 0; i < advance->in_play.assertion_count; i++) {
		add_pair(names, &used, &advance->in_play.assertions[i]);
	}
	for (size_t i = 0; i < advance->asserted_count; i++) {
		add_pair(names, &used, &advance->asserted[i]);
	}
	sort_ids(names, room, spare);
	arena_cut(cast->arena, spare);
	cast->other_names = names;
	cast->other_name_count = room;
	return true;
}

/* ---- what ADVANCE asks for ---- */

static bool ask_weak(const struct cast *cast, struct advance_rows *ret_ask)
{
	struct uuid *weak = arena_array(cast->arena, cast->name_count + 1, sizeof(*weak));
	if (weak == NULL) {
		return false;
	}
	for (size_t i = 0; i < cast->name_count; i++) {
		const struct sort_id *name = &cast->names[i];
		if ((name->place & PLACE_STRONG) == 0 && (i == 0 || !same_name(name, name - 1))) {
			weak[ret_ask->weak_count++] = sort_id_uuid(name);
		}
	}
	arena_cut(cast->arena, weak + ret_ask->weak_count);
	ret_ask->weak = weak;
	return true;
}

static bool ask_strong(const struct cast *cast, struct advance_rows *ret_ask)
{
	struct uuid *strong = arena_array(cast->arena, cast->name_count + 1, sizeof(*strong));
	if (strong == NULL) {
		return false;
	}
	const struct sort_id *last = NULL;
	for (size_t i = 0; i < cast->name_count; i++) {
		const struct sort_id *name = &cast->names[i];
		if ((name->place & PLACE_STRONG) != 0 && (last == NULL || !same_name(name, last))) {
			strong[ret_ask->strong_count++] = sort_id_uuid(name);
			last = name;
		}
	}
	arena_cut(cast->arena, strong + ret_ask->strong_count);
	ret_ask->strong = strong;
	return true;
}

/* What items assert, and whomever a replaced copy may have asserted something of. */
static bool ask_asserted(struct cast *cast, const struct item *items, const struct uuid *wider, size_t wider_count,
			 struct advance_rows *ret_ask)
{
	size_t count = 0, room = wider_count;
	for (size_t i = 0; i < cast->name_count; i++) {
		const struct sort_id *name = &cast->names[i];
		unsigned its = (name->place & PLACE_STRONG) != 0
				       ? items[PLACE_ITEM(name->place)].facts->assertion_count
				       : 0;
		count += its > 0 ? 1 : 0;
		room += its;
	}
	cast->asserting = arena_array(cast->arena, count + 1, sizeof(*cast->asserting));
	struct assertion *asserted = arena_array(cast->arena, room + 1, sizeof(*asserted));
	if (cast->asserting == NULL || asserted == NULL) {
		return false;
	}
	for (size_t i = 0; i < cast->name_count && count > 0; i++) {
		const struct sort_id *name = &cast->names[i];
		const struct facts *facts =
			(name->place & PLACE_STRONG) != 0 ? items[PLACE_ITEM(name->place)].facts : &facts_none;
		if (facts->assertion_count > 0) {
			cast->asserting[cast->asserting_count++] = PLACE_ITEM(name->place);
		}
		for (unsigned j = 0; j < facts->assertion_count; j++) {
			struct assertion *pair = &asserted[ret_ask->asserted_count++];
			*pair = facts->assertions[j];
			pair->at_us = pair->kind == ASSERTION_EVENT ? pair->at_us : INT64_MIN;
		}
	}
	for (size_t i = 0; i < wider_count; i++) {
		asserted[ret_ask->asserted_count++] =
			(struct assertion){.a = wider[i], .b = wider[i], .at_us = INT64_MIN};
	}
	ret_ask->asserted = asserted;
	return true;
}

static bool ask_decided(const struct cast *cast, const struct item *items, const struct uuid *wider,
			size_t wider_count, struct advance_rows *ret_ask)
{
	struct arena *arena = cast->arena;
	size_t room = wider_count, used = 0;
	for (size_t i = 0; i < cast->name_count; i++) {
		room += cast->names[i].place & PLACE_STRONG;
	}
	struct uuid *decided = arena_array(arena, room + 1, sizeof(*decided));
	struct sort_id *entries = arena_array(arena, room + 1, sizeof(*entries));
	struct sort_id *spare = arena_array(arena, room + 1, sizeof(*spare));
	if (decided == NULL || entries == NULL || spare == NULL) {
		return false;
	}
	for (size_t i = 0; i < cast->name_count; i++) { /* who has no strong actor decides nothing */
		const struct sort_id *name = &cast->names[i];
		if ((name->place & PLACE_STRONG) != 0 && items[PLACE_ITEM(name->place)].facts->consent_count > 0) {
			entries[used++] = *name;
		}
	}
	for (size_t i = 0; i < wider_count; i++) {
		entries[used++] = sort_id_of(&wider[i], 0);
	}
	if (wider_count > 0) {
		sort_ids(entries, used, spare);
	}
	for (size_t i = 0; i < used; i++) {
		if (i == 0 || !same_name(&entries[i], &entries[i - 1])) {
			decided[ret_ask->decided_count++] = sort_id_uuid(&entries[i]);
		}
	}
	arena_cut(arena, entries);
	ret_ask->decided = decided;
	return true;
}

bool cast_ask(struct cast *cast, const struct item *items, size_t count, const struct uuid *wider,
	      size_t wider_count, struct arena *arena, struct advance_rows *ret_ask)
{
	*cast = (struct cast){.arena = arena, .claims_max = ret_ask->claims_max};
	ret_ask->claim_room = cast_claim_room(cast->claims_max);
	ret_ask->weak_count = ret_ask->decided_count = ret_ask->strong_count = ret_ask->asserted_count = 0;
	return list_names(cast, items, count) && ask_weak(cast, ret_ask) && ask_strong(cast, ret_ask) &&
	       ask_asserted(cast, items, wider, wider_count, ret_ask) &&
	       ask_decided(cast, items, wider, wider_count, ret_ask);
}

/* ---- members ---- */

/* What one name says of its member. */
static void take_name(struct cast *cast, const struct item *items, struct cast_member *member, uint32_t place)
{
	if ((place & ~(PLACE_STRONG | PLACE_ACTOR)) == PLACE_NO_ITEM) {
		return;
	}
	struct cast_part *part = &cast->parts[PLACE_ITEM(place)];
	*((place & PLACE_STRONG) != 0 ? &part->strong : &part->weak) = cast_number(cast, member);
	member->named = true;
	if ((place & PLACE_ACTOR) != 0) {
		cast->touches[cast->touch_count] = items[PLACE_ITEM(place)].touch;
		cast->touch_items[cast->touch_count++] = PLACE_ITEM(place);
		member->touches.count++;
	}
}

static bool touch_is_after(const struct touch *a, const struct touch *b)
{
	return a->stamped_us != b->stamped_us ? a->stamped_us > b->stamped_us : a->event_id > b->event_id;
}

#define FEW 16 /* touches of one actor that are put in place one by one */

/* More than a few: by event, then by stamp, with room from the arena. */
static bool order_many(struct cast *cast, const struct cast_slice *slice)
{
	size_t count = slice->count, mark = cast->arena->used;
	struct touch *touches = cast->touches + slice->first;
	uint32_t *items = cast->touch_items + slice->first;
	struct sort_entry *entries = arena_array(cast->arena, count, sizeof(*entries));
	struct sort_entry *spare = arena_array(cast->arena, count, sizeof(*spare));
	struct touch *old = arena_array(cast->arena, count, sizeof(*old));
	uint32_t *old_items = arena_array(cast->arena, count, sizeof(*old_items));
	if (entries == NULL || spare == NULL || old == NULL || old_items == NULL) {
		return false;
	}
	memcpy(old, touches, count * sizeof(*old));
	memcpy(old_items, items, count * sizeof(*old_items));
	for (size_t i = 0; i < count; i++) {
		entries[i] = (struct sort_entry){old[i].event_id, (uint32_t)i};
	}
	sort_entries(entries, count, spare);
	for (size_t i = 0; i < count; i++) {
		entries[i].key = sort_signed(old[entries[i].place].stamped_us);
	}
	sort_entries(entries, count, spare);
	for (size_t i = 0; i < count; i++) {
		touches[i] = old[entries[i].place];
		items[i] = old_items[entries[i].place];
	}
	arena_back(cast->arena, mark);
	return true;
}

/* An actor's touches by key; they mostly are already. False: arena full. */
static bool order_touches(struct cast *cast, const struct cast_slice *slice)
{
	struct touch *touches = cast->touches + slice->first;
	uint32_t *items = cast->touch_items + slice->first;
	for (uint32_t i = 1; i < slice->count; i++) {
		if (!touch_is_after(&touches[i - 1], &touches[i])) {
			continue;
		}
		if (slice->count > FEW) {
			return order_many(cast, slice);
		}
		struct touch touch = touches[i];
		uint32_t item = items[i], at = i;
		for (; at > 0 && touch_is_after(&touches[at - 1], &touch); at--) {
			touches[at] = touches[at - 1];
			items[at] = items[at - 1];
		}
		touches[at] = touch;
		items[at] = item;
	}
	return true;
}

#define AHEAD 12 /* items are anywhere in memory: asked for so many names ahead */

/* The next of both lists of names; NULL: none. */
static const struct sort_id *next_name(const struct cast *cast, const struct item *items, size_t *at,
				       size_t *other)
{
	const struct sort_id *name = *at < cast->name_count ? &cast->names[*at] : NULL;
	if (*other < cast->other_name_count && (name == NULL || sort_id_after(name, &cast->other_names[*other]))) {
		return &cast->other_names[(*other)++];
	}
	if (name != NULL && ++*at + AHEAD < cast->name_count) {
		__builtin_prefetch(&items[PLACE_ITEM(cast->names[*at + AHEAD].place)].touch);
	}
	return name;
}

/* Sorted names → members, parts of the items, touches by key. */
static bool make_members(struct cast *cast, const struct item *items)
{
	size_t at = 0, other = 0;
	const struct sort_id *name = next_name(cast, items, &at, &other);
	while (name != NULL) {
		struct cast_member *member = &cast->members[cast->count++];
		*member = (struct cast_member){.id = sort_id_uuid(name),
					       .strong = (name->place & PLACE_STRONG) != 0,
					       .touches.first = (uint32_t)cast->touch_count};
		member->person = member->person_before = cast_number(cast, member);
		const struct sort_id *first = name;
		for (; name != NULL && same_name(name, first); name = next_name(cast, items, &at, &other)) {
			take_name(cast, items, member, name->place);
		}
		if (!order_touches(cast, &member->touches)) {
			return false;
		}
	}
	return true;
}

static bool add_members(struct cast *cast, const struct item *items, size_t count)
{
	struct arena *arena = cast->arena;
	cast->parts = arena_array(arena, count + 1, sizeof(*cast->parts));
	cast->touches = arena_array(arena, cast->open_count + 1, sizeof(*cast->touches));
	cast->touch_items = arena_array(arena, cast->open_count + 1, sizeof(*cast->touch_items));
	cast->members = arena_array(arena, cast->name_count + cast->other_name_count + 1, sizeof(*cast->members));
	if (cast->parts == NULL || cast->touches == NULL || cast->touch_items == NULL || cast->members == NULL) {
		return false;
	}
	memset(cast->parts, 0xff, count * sizeof(*cast->parts));
	if (!make_members(cast, items)) {
		return false;
	}
	CHECK(cast->touch_count == cast->open_count);
	arena_cut(arena, cast->members + cast->count);
	return true;
}

/* ---- who is who ---- */

static bool index_members(struct cast *cast)
{
	unsigned bits = 1;
	while (bits < 24 && (size_t)1 << bits < cast->count) {
		bits++;
	}
	size_t buckets = (size_t)1 << bits;
	cast->start_shift = 64 - bits;
	cast->starts = arena_array(cast->arena, buckets + 1, sizeof(*cast->starts));
	if (cast->starts == NULL) {
		return false;
	}
	size_t bucket = 0;
	for (size_t i = 0; i < cast->count; i++) {
		size_t its = uuid_high(&cast->members[i].id) >> cast->start_shift;
		while (bucket <= its) {
			cast->starts[bucket++] = (uint32_t)i;
		}
	}
	while (bucket <= buckets) {
		cast->starts[bucket++] = (uint32_t)cast->count;
	}
	return true;
}

struct cast_member *cast_find(const struct cast *cast, const struct uuid *id)
{
	size_t bucket = uuid_high(id) >> cast->start_shift;
	size_t low = cast->starts[bucket], high = cast->starts[bucket + 1];
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = uuid_compare(&cast->members[middle].id, id);
		if (order == 0) {
			return &cast->members[middle];
		}
		if (order < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return NULL;
}

bool cast_make_members(struct cast *cast, const struct item *items, size_t count,
		       const struct advance_rows *advance)
{
	return list_other_names(cast, advance) && add_members(cast, items, count) && index_members(cast);
}

bool cast_of_waiting(struct cast *cast, const struct waiting_row *waiting, size_t count, struct arena *arena)
{
	*cast = (struct cast){.arena = arena};
	cast->members = arena_zero(arena, count + 1, sizeof(*cast->members));
	if (cast->members == NULL) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		CHECK(i == 0 || uuid_compare(&waiting[i - 1].contact_id, &waiting[i].contact_id) < 0);
		cast->members[cast->count++] = (struct cast_member){.id = waiting[i].contact_id,
								    .strong = !waiting[i].anonymous,
								    .concerned = true,
								    .person = (uint32_t)i,
								    .person_before = (uint32_t)i};
	}
	return index_members(cast);
}

bool cast_is_erased(const struct cast_member *actor, int64_t at_us)
{
	uint32_t low = 0, high = actor->erased_count; /* the first that ends no sooner */
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (actor->erased[middle].until_us < at_us) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low < actor->erased_count && actor->erased[low].from_us <= at_us;
}

bool cast_link_kin(struct cast *cast, struct kin *kin, size_t count)
{
	if (count > 1) {
		qsort(kin, count, sizeof(*kin), kin_compare);
	}
	bool any = count + cast->kin_before_count > 0; /* ADVANCE may have seen some that LOAD does not */
	cast->kin_before = kin;
	cast->kin_before_count = count;
	for (size_t i = 0; i < cast->count && any; i++) {
		cast->members[i].person = cast->members[i].person_before = (uint32_t)i;
		cast->members[i].kin_before = 0;
	}
	for (size_t i = 0; i < count; i++) {
		struct cast_member *member = cast_find(cast, &kin[i].actor_id);
		struct cast_member *person = cast_find(cast, &kin[i].contact_id);
		if (member == NULL || person == NULL) {
			return false;
		}
		member->kin_before = (uint32_t)i + 1;
		member->person = member->person_before = cast_number(cast, person);
	}
	return true;
}

size_t cast_kin(const struct cast *cast, const struct cast_member *member, bool before,
		const struct kin **ret_rows)
{
	const struct kin *rows = before ? cast->kin_before : cast->kin_after;
	size_t count = before ? cast->kin_before_count : cast->kin_after_count;
	size_t at = before ? member->kin_before : member->kin_after;
	if (at == 0) {
		*ret_rows = NULL;
		return 0;
	}
	size_t first = at - 1, end = at;
	while (first > 0 && uuid_equal(&rows[first - 1].contact_id, &rows[at - 1].contact_id)) {
		first--;
	}
	while (end < count && uuid_equal(&rows[end].contact_id, &rows[at - 1].contact_id)) {
		end++;
	}
	*ret_rows = rows + first;
	return end - first;
}

static const struct kin *row_before(const struct cast *cast, const struct uuid *id)
{
	const struct cast_member *member = cast_find(cast, id);
	return member != NULL && member->kin_before > 0 ? &cast->kin_before[member->kin_before - 1] : NULL;
}

bool cast_knows(const struct cast *cast, const struct assertion *assertion)
{
	return kin_knows(assertion, row_before(cast, &assertion->a), row_before(cast, &assertion->b));
}

struct cast_member *cast_contact(const struct cast *cast, const struct cast_member *actor, int64_t at_us,
				 bool before)
{
	struct cast_member *itself = &cast->members[cast_number(cast, actor)];
	if (actor->strong) {
		bool consented = before ? actor->consented_before : actor->consented;
		return consented ? &cast->members[before ? actor->person_before : actor->person] : NULL;
	}
	const struct stretch *stretches = before ? actor->stretches_before : actor->stretches;
	if (stretches == NULL) {
		return itself;
	}
	return cast_find(cast,
			 attribute_contact(stretches, before ? actor->stretch_before_count : actor->stretch_count,
					   at_us));
}
