/*
 * The quick way's arbiters, against lists made by chance: each is in one of two lists, with the version that was loaded.
 */
#include "core/flow/arbiters.h"

#include <string.h>

#include "core/base/arena.h"
#include "tests/random.h"
#include "tests/table.h"

#define CONTACTS 40
#define WORLDS 2000

/* What is known of contact n, and what the batch does to it. */
struct contact {
	bool has_arbiter, has_other_row; /* loaded */
	int64_t version;
	bool has_state, has_other_state, is_bumped;
	bool has_actor, is_strong, has_change, has_late_change;
};

static struct arena arena;
static struct contact contacts[CONTACTS];
static struct phase_row phases[2 * CONTACTS];
static struct state_row states[2 * CONTACTS];
static struct uuid bumped[CONTACTS];
static struct actor actors[CONTACTS];
static struct change_row changes[2 * CONTACTS];
static struct load_rows load;
static struct save_rows save;
static uint64_t seed;

static struct uuid id_of(size_t number)
{
	return (struct uuid){.bytes = {[0] = (uint8_t)(number / 7), [15] = (uint8_t)number}};
}

static bool by_chance(uint64_t percent)
{
	return random_below(&seed, 100) < percent;
}

static void make_contacts(void)
{
	for (size_t i = 0; i < CONTACTS; i++) {
		contacts[i] = (struct contact){
			.has_arbiter = by_chance(50),
			.has_other_row = by_chance(30),
			.version = (int64_t)random_below(&seed, 1000),
			.has_state = by_chance(40),
			.has_other_state = by_chance(30),
			.has_actor = by_chance(50),
			.is_strong = by_chance(30),
			.has_change = by_chance(30),
			.has_late_change = by_chance(30),
		};
		contacts[i].is_bumped = !contacts[i].has_state && by_chance(40);
	}
}

/* In key order, as the stages before leave them; of one contact the other process' row is before its arbiter or behind. */
static void make_lists(bool by_copy)
{
	load = (struct load_rows){.phases = phases};
	save = (struct save_rows){
		.states = states, .bumped = bumped, .actors = actors, .changes = changes, .by_copy = by_copy};
	for (size_t i = 0; i < CONTACTS; i++) {
		const struct contact *contact = &contacts[i];
		struct uuid id = id_of(i);
		const char *other = i % 2 == 0 ? "mid" : "tender";
		for (int part = 0; part < 2; part++) {
			bool is_other = (part == 0) == (i % 2 == 0);
			const char *process = is_other ? other : "standard";
			if (is_other ? contact->has_other_row : contact->has_arbiter) {
				phases[load.phase_count++] = (struct phase_row){
					.contact_id = id, .process = process, .version = contact->version};
			}
			if (is_other ? contact->has_other_state : contact->has_state) {
				states[save.state_count++] = (struct state_row){
					.contact_id = id, .process = process, .counted = (uint32_t)i};
			}
		}
		if (contact->is_bumped) {
			bumped[save.bumped_count++] = id;
		}
		if (contact->has_actor) {
			actors[save.actor_count++] =
				(struct actor){.id = id,
					       .kind = contact->is_strong ? ACTOR_EMAIL : ACTOR_COOKIE,
					       .space = "",
					       .value = ""};
		}
		if (contact->has_change) {
			changes[save.change_count++] =
				(struct change_row){.contact_id = id, .process = "standard"};
		}
		if (contact->has_late_change) {
			changes[save.change_count++] =
				(struct change_row){.contact_id = id, .process = "standard", .late = true};
		}
	}
}

/* The place in the list, which must be the contact's. */
static const struct arbiter_row *next(const struct arbiter_row *rows, size_t count, size_t *at, size_t number)
{
	struct uuid id = id_of(number);
	ck_assert_uint_lt(*at, count);
	ck_assert(uuid_equal(&rows[*at].contact_id, &id));
	return &rows[(*at)++];
}

static void check_arbiters(void)
{
	size_t fresh = 0, known = 0, rest = 0;
	for (size_t i = 0; i < CONTACTS; i++) {
		const struct contact *contact = &contacts[i];
		if (contact->has_state || contact->is_bumped) {
			const struct arbiter_row *row =
				contact->has_arbiter ? next(save.arbiters, save.arbiter_count, &known, i)
						     : next(save.arbiters_new, save.arbiter_new_count, &fresh, i);
			ck_assert_int_eq(row->version, contact->has_arbiter ? contact->version : 0);
			ck_assert_int_eq(row->state != NULL, contact->has_state);
			if (row->state != NULL) {
				ck_assert_uint_eq(row->state->counted, i);
				ck_assert_str_eq(row->state->process, "standard");
			}
		}
		if (contact->has_other_state) {
			ck_assert_uint_lt(rest, save.state_count);
			ck_assert_uint_eq(save.states[rest].counted, i);
			ck_assert_str_ne(save.states[rest++].process, "standard");
		}
	}
	ck_assert_uint_eq(fresh, save.arbiter_new_count);
	ck_assert_uint_eq(known, save.arbiter_count);
	ck_assert_uint_eq(rest, save.state_count);
	ck_assert_uint_eq(save.bumped_count, 0);
}

static void check_new_rows(void)
{
	size_t fresh = 0, known = 0;
	for (size_t i = 0; i < CONTACTS; i++) {
		const struct contact *contact = &contacts[i];
		struct uuid id = id_of(i);
		if (!contact->has_actor) {
			continue;
		}
		bool is_new =
			!contact->is_strong && !contact->has_arbiter && (contact->has_state || contact->is_bumped);
		ck_assert_uint_lt(is_new ? fresh : known, is_new ? save.actor_new_count : save.actor_count);
		ck_assert(uuid_equal(is_new ? &save.actors_new[fresh++].id : &save.actors[known++].id, &id));
	}
	ck_assert_uint_eq(fresh, save.actor_new_count);
	ck_assert_uint_eq(known, save.actor_count);
	fresh = known = 0;
	for (size_t i = 0; i < CONTACTS; i++) {
		struct uuid id = id_of(i);
		if (contacts[i].has_change) {
			ck_assert_uint_lt(fresh, save.change_new_count);
			ck_assert(uuid_equal(&save.changes_new[fresh++].contact_id, &id));
		}
		if (contacts[i].has_late_change) {
			ck_assert_uint_lt(known, save.change_count);
			ck_assert(uuid_equal(&save.changes[known++].contact_id, &id));
		}
	}
	ck_assert_uint_eq(fresh, save.change_new_count);
	ck_assert_uint_eq(known, save.change_count);
}

START_TEST(every_arbiter_is_new_or_known_with_its_version)
{
	ck_assert(arena_init(&arena, (size_t)1024 * 1024));
	for (seed = 1; seed < WORLDS; seed += 1) {
		uint64_t keep = seed;
		arena_reset(&arena, 0);
		make_contacts();
		bool by_copy = by_chance(50);
		make_lists(by_copy);
		size_t actor_count = save.actor_count, change_count = save.change_count;
		ck_assert(arbiters_split(&load, &arena, &save));
		check_arbiters();
		if (by_copy) {
			check_new_rows();
		} else {
			ck_assert_uint_eq(save.actor_count, actor_count);
			ck_assert_uint_eq(save.change_count, change_count);
			ck_assert_uint_eq(save.actor_new_count + save.change_new_count, 0);
		}
		seed = keep;
	}
	arena_finish(&arena);
}
END_TEST

START_TEST(nothing_is_split_into_nothing)
{
	ck_assert(arena_init(&arena, (size_t)1024 * 1024));
	load = (struct load_rows){0};
	save = (struct save_rows){.by_copy = true};
	ck_assert(arbiters_split(&load, &arena, &save));
	ck_assert_uint_eq(save.arbiter_count + save.arbiter_new_count + save.state_count, 0);
	arena_finish(&arena);
}
END_TEST

START_TEST(a_full_arena_is_said)
{
	seed = 1;
	make_contacts();
	size_t sizes[] = {64, 1024, 4096, 8192};
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		ck_assert(arena_init(&arena, sizes[i]));
		make_lists(true);
		ck_assert_msg(!arbiters_split(&load, &arena, &save), "%zu bytes were enough", sizes[i]);
		arena_finish(&arena);
	}
}
END_TEST

TEST_MAIN("flow_arbiters", every_arbiter_is_new_or_known_with_its_version, nothing_is_split_into_nothing,
	  a_full_arena_is_said)
