/*
 * Who a batch concerns, planned from items of few people: every list sorted, each once, and whose touch lies where.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/flow/cast.h"
#include "tests/random.h"
#include "tests/table.h"

#define ITEMS 400
#define WORLDS 200

static struct arena arena, work;
static struct item items[ITEMS];
static struct advance_rows advance;
static struct load_rows load;
static struct cast cast;
static uint64_t seed;

static struct uuid id_of(char kind, uint64_t number, bool even)
{
	struct uuid id = {.bytes = {[14] = (uint8_t)kind, [15] = (uint8_t)number}};
	if (even) { /* spread as keyed hashes are; else all alike but for the end */
		uint64_t state = number * 2 + (kind == 's' ? 1 : 0);
		uint64_t high = random_next(&state);
		memcpy(id.bytes, &high, sizeof(high));
	}
	return id;
}

/* Items of `people`: all sorts of weak and strong actors, times in any order, copies; some not open. */
static void make_items(size_t count, unsigned people, bool even)
{
	for (size_t i = 0; i < count; i++) {
		struct identified *who = arena_zero(&arena, 1, sizeof(*who));
		struct facts *facts = arena_zero(&arena, 1, sizeof(*facts));
		ck_assert(who != NULL && facts != NULL);
		who->has_weak = random_below(&seed, 5) > 0;
		who->has_strong = !who->has_weak || random_below(&seed, 4) == 0;
		who->weak.id = id_of('w', random_below(&seed, people), even);
		who->strong.id = id_of('s', random_below(&seed, people), even);
		facts->has_claim = who->has_weak && who->has_strong;
		facts->claim = (struct claim){.weak = who->weak.id, .strong = who->strong.id};
		facts->consent_count = who->has_strong ? (unsigned)random_below(&seed, 2) : 0;
		facts->consents[0].actor_id = who->strong.id;
		items[i] = (struct item){
			.outcome = random_below(&seed, 10) == 0 ? OUTCOME_no_consent : OUTCOME_NONE,
			.who = who,
			.facts = facts,
			.has_weak = who->has_weak,
			.has_strong = who->has_strong,
			.touch = {.actor_id = who->has_weak ? who->weak.id : who->strong.id,
				  .stamped_us = (int64_t)random_below(&seed, 9) - 4,
				  .event_id = random_next(&seed) >> (random_below(&seed, 2) == 0 ? 0 : 61)},
		};
	}
}

static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct uuid));
}

/* Is `list` what is left of `wanted` sorted, each once? */
static void check_ids(const struct uuid *list, size_t count, struct uuid *wanted, size_t wanted_count,
		      const char *name)
{
	size_t kept = 0;
	qsort(wanted, wanted_count, sizeof(*wanted), compare_ids);
	for (size_t i = 0; i < wanted_count; i++) {
		if (i == 0 || compare_ids(&wanted[i], &wanted[i - 1]) != 0) {
			ck_assert_msg(kept < count && compare_ids(&list[kept], &wanted[i]) == 0, "%s: at %zu",
				      name, kept);
			kept++;
		}
	}
	ck_assert_msg(kept == count, "%s: %zu of %zu", name, count, kept);
}

/* Each test is a process of its own. */
static void make_room(void)
{
	if (arena.base == NULL) {
		ck_assert(arena_init(&arena, (size_t)16 << 20) && arena_init(&work, (size_t)16 << 20));
	}
	arena_reset(&arena, arena.limit);
	arena_reset(&work, work.limit);
}

static void plan(size_t count, unsigned people, bool even)
{
	make_room();
	make_items(count, people, even);
	advance = (struct advance_rows){0};
	ck_assert(cast_ask(&cast, items, count, NULL, 0, &work, &advance));
	ck_assert(cast_plan(&cast, items, count, &advance, &load));
}

START_TEST(whoever_an_open_item_names_is_listed_once_in_order)
{
	static struct uuid weak[ITEMS], strong[ITEMS], both[2 * ITEMS];
	for (unsigned world = 0; world < WORLDS; world++) {
		size_t count = random_below(&seed, ITEMS), weak_count = 0, strong_count = 0;
		plan(count, 1 + world % 60, world % 2 == 0);
		for (size_t i = 0; i < count; i++) {
			if (items[i].outcome == OUTCOME_NONE && items[i].who->has_weak) {
				both[weak_count + strong_count] = items[i].who->weak.id;
				weak[weak_count++] = items[i].who->weak.id;
			}
			if (items[i].outcome == OUTCOME_NONE && items[i].who->has_strong) {
				both[weak_count + strong_count] = items[i].who->strong.id;
				strong[strong_count++] = items[i].who->strong.id;
			}
		}
		check_ids(load.contacts, load.contact_count, both, weak_count + strong_count, "contacts");
		check_ids(load.actors, load.actor_count, both, weak_count + strong_count, "actors");
		check_ids(load.weak, load.weak_count, weak, weak_count, "weak");
		check_ids(advance.weak, advance.weak_count, weak, weak_count, "weak of advance");
		check_ids(load.persons, load.person_count, strong, strong_count, "persons");
	}
}
END_TEST

START_TEST(those_of_claims_and_decisions_join)
{
	for (unsigned world = 0; world < WORLDS; world++) {
		static struct claim claims[ITEMS];
		static struct uuid decided[ITEMS], wanted[5 * ITEMS];
		size_t count = random_below(&seed, ITEMS), claim_count = random_below(&seed, 40), used = 0;
		bool even = world % 2 == 0;
		make_room();
		make_items(count, 30, even);
		advance = (struct advance_rows){0};
		ck_assert(cast_ask(&cast, items, count, NULL, 0, &work, &advance));
		for (size_t i = 0; i < claim_count; i++) {
			claims[i] = (struct claim){.weak = id_of('w', random_below(&seed, 60), even),
						   .strong = id_of('s', random_below(&seed, 60), even)};
			decided[i] = id_of('s', 60 + i, even);
			wanted[used++] = claims[i].weak;
			wanted[used++] = claims[i].strong;
			wanted[used++] = decided[i];
		}
		for (size_t i = 0; i < count; i++) {
			if (items[i].outcome == OUTCOME_NONE && items[i].has_weak) {
				wanted[used++] = items[i].who->weak.id;
			}
			if (items[i].outcome == OUTCOME_NONE && items[i].has_strong) {
				wanted[used++] = items[i].who->strong.id;
			}
		}
		advance.in_play.claims = claims;
		advance.in_play.claim_count = claim_count;
		advance.decided = decided;
		advance.decided_count = claim_count;
		ck_assert(cast_plan(&cast, items, count, &advance, &load));
		check_ids(load.contacts, load.contact_count, wanted, used, "contacts");
	}
}
END_TEST

START_TEST(everybody_is_found_and_nobody_else)
{
	plan(ITEMS, 60, true);
	for (uint64_t i = 0; i < 200; i++) {
		for (const char *kind = "ws"; *kind != '\0'; kind++) {
			struct uuid id = id_of(*kind, i, true);
			bool there =
				bsearch(&id, load.contacts, load.contact_count, sizeof(id), compare_ids) != NULL;
			const struct cast_member *member = cast_find(&cast, &id);
			ck_assert_msg(there == (member != NULL), "%c %d", *kind, (int)i);
			ck_assert(member == NULL ||
				  (uuid_equal(&member->id, &id) && member->strong == (*kind == 's')));
		}
	}
}
END_TEST

START_TEST(touches_lie_in_key_order_each_with_its_item_and_its_actor)
{
	for (unsigned world = 0; world < WORLDS; world++) {
		size_t count = random_below(&seed, ITEMS), open = 0, keys = 0;
		plan(count, 1 + world % 60, world % 2 == 0);
		for (size_t i = 0; i < count; i++) {
			const struct cast_part *part = &cast.parts[i];
			if (items[i].outcome != OUTCOME_NONE) {
				ck_assert(part->weak == CAST_NOBODY && part->strong == CAST_NOBODY);
				continue;
			}
			const struct cast_member *actor = &cast.members[cast_actor(part)];
			ck_assert(uuid_equal(&actor->id, &items[i].touch.actor_id));
			open++;
		}
		ck_assert_uint_eq(cast.touch_count, open);
		for (size_t i = 0; i < open; i++) {
			const struct touch *touch = &cast.touches[i];
			const struct item *item = &items[cast.touch_items[i]];
			ck_assert(touch_same_key(touch, &item->touch) && item->outcome == OUTCOME_NONE);
			const struct cast_slice *slice = &cast_find(&cast, &touch->actor_id)->touches;
			ck_assert(i >= slice->first && i < slice->first + slice->count);
			if (i > 0 && touch_same_key(touch, touch - 1)) {
				ck_assert(cast.touch_items[i - 1] < cast.touch_items[i]);
				continue;
			}
			ck_assert(i == 0 || uuid_compare(&touch[-1].actor_id, &touch->actor_id) < 0 ||
				  touch[-1].stamped_us < touch->stamped_us ||
				  (touch[-1].stamped_us == touch->stamped_us &&
				   touch[-1].event_id < touch->event_id));
			const struct touch_key *key = &load.keys[keys++];
			ck_assert(uuid_equal(&key->actor_id, &touch->actor_id) &&
				  key->stamped_us == touch->stamped_us && key->event_id == touch->event_id);
		}
		ck_assert_uint_eq(load.key_count, keys);
	}
}
END_TEST

START_TEST(sessions_are_asked_for_where_two_persons_are_claimed)
{
	for (unsigned world = 0; world < WORLDS; world++) {
		static struct uuid shared[ITEMS * ITEMS];
		size_t count = random_below(&seed, 60), used = 0;
		plan(count, 8, world % 2 == 0);
		for (size_t i = 0; i < count; i++) {
			for (size_t j = 0; j < i; j++) {
				const struct claim *a = &items[i].facts->claim, *b = &items[j].facts->claim;
				if (items[i].outcome == OUTCOME_NONE && items[j].outcome == OUTCOME_NONE &&
				    items[i].facts->has_claim && items[j].facts->has_claim &&
				    uuid_equal(&a->weak, &b->weak) && !uuid_equal(&a->strong, &b->strong)) {
					shared[used++] = a->weak;
				}
			}
		}
		check_ids(load.timed, load.timed_count, shared, used, "timed");
	}
}
END_TEST

/* Somebody was erased, or split, while locks were waited for. */
START_TEST(who_was_one_at_advance_and_is_not_at_load_is_one_by_itself)
{
	make_room();
	make_items(ITEMS, 2, true);
	struct uuid ids[] = {id_of('s', 0, true), id_of('s', 1, true)};
	unsigned first = uuid_compare(&ids[0], &ids[1]) < 0 ? 0 : 1;
	struct kin kin[] = {{ids[first], ids[first], ids[first], INT64_MIN},
			    {ids[1 - first], ids[first], ids[first], 1}};
	const struct kin *rows;
	advance = (struct advance_rows){0};
	ck_assert(cast_ask(&cast, items, ITEMS, NULL, 0, &work, &advance));
	advance.in_play.kin = kin;
	advance.in_play.kin_count = COUNT_OF(kin);
	ck_assert(cast_plan(&cast, items, ITEMS, &advance, &load));
	const struct cast_member *other = cast_find(&cast, &ids[1 - first]);
	ck_assert_ptr_eq(&cast.members[other->person_before], cast_find(&cast, &ids[first]));
	ck_assert_uint_eq(cast_kin(&cast, other, true, &rows), 2);
	ck_assert(cast_link_kin(&cast, NULL, 0));
	for (size_t i = 0; i < cast.count; i++) {
		ck_assert_uint_eq(cast.members[i].person_before, i);
		ck_assert_uint_eq(cast.members[i].person, i);
		ck_assert_uint_eq(cast_kin(&cast, &cast.members[i], true, &rows), 0);
	}
}
END_TEST

START_TEST(a_full_arena_is_told)
{
	make_room();
	make_items(ITEMS, 60, true);
	struct arena small;
	size_t refused = 0;
	for (size_t size = 4096; size < (size_t)1 << 20; size += 4096) {
		ck_assert(arena_init(&small, size));
		advance = (struct advance_rows){0};
		if (!cast_ask(&cast, items, ITEMS, NULL, 0, &small, &advance) ||
		    !cast_plan(&cast, items, ITEMS, &advance, &load)) {
			refused++;
		}
		arena_finish(&small);
	}
	ck_assert_uint_gt(refused, 10);
	ck_assert_uint_lt(refused, 100);
}
END_TEST

TEST_MAIN("cast", whoever_an_open_item_names_is_listed_once_in_order, those_of_claims_and_decisions_join,
	  everybody_is_found_and_nobody_else, touches_lie_in_key_order_each_with_its_item_and_its_actor,
	  sessions_are_asked_for_where_two_persons_are_claimed,
	  who_was_one_at_advance_and_is_not_at_load_is_one_by_itself, a_full_arena_is_told)
