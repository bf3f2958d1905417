/*
 * What PostgreSQL would refuse of a SAVE, or two of them wait for each other over, whatever is in the tables.
 */
#include <string.h>

#include "core/base/check.h"
#include "tests/daemon/world_inside.h"

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

static void check_touches(const struct touch *touches, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		const struct touch *a = &touches[i - 1], *b = &touches[i];
		int order = uuid_compare(&a->actor_id, &b->actor_id);
		order = order != 0 ? order : ORDER(a->stamped_us, b->stamped_us);
		CHECK((order != 0 ? order : ORDER(a->event_id, b->event_id)) < 0);
	}
}

static void check_arbiters(const struct arbiter_row *rows, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		CHECK(uuid_compare(&rows[i - 1].contact_id, &rows[i].contact_id) < 0);
	}
}

/*
 * One statement may not touch a row twice (SQLSTATE 21000), and rows that others write, too, are taken in key order, or
 * two transactions wait for each other.
 */
void world_check_lists(const struct save_rows *save)
{
	for (size_t i = 1; i < save->subject_count; i++) {
		CHECK(save->subjects[i - 1].subject->id < save->subjects[i].subject->id);
	}
	for (size_t i = 1; i < save->actor_count; i++) {
		CHECK(uuid_compare(&save->actors[i - 1].id, &save->actors[i].id) < 0);
	}
	for (size_t i = 1; i < save->bumped_count; i++) {
		CHECK(uuid_compare(&save->bumped[i - 1], &save->bumped[i]) < 0);
	}
	check_touches(save->touches, save->touch_count);
	check_touches(save->replacing, save->replacing_count);
	check_arbiters(save->arbiters_new, save->arbiter_new_count);
	check_arbiters(save->arbiters, save->arbiter_count);
	for (size_t i = 1; i < save->state_count; i++) {
		int order = uuid_compare(&save->states[i - 1].contact_id, &save->states[i].contact_id);
		CHECK((order != 0 ? order : strcmp(save->states[i - 1].process, save->states[i].process)) < 0);
	}
	for (size_t i = 1; i < save->outcome_count; i++) {
		const struct outcome_row *a = &save->outcomes[i - 1], *b = &save->outcomes[i];
		int order = ORDER(a->day_us, b->day_us);
		order = order != 0 ? order : strcmp(a->source, b->source);
		order = order != 0 ? order : strcmp(a->site, b->site);
		order = order != 0 ? order : ORDER(a->channel, b->channel);
		CHECK((order != 0 ? order : strcmp(a->outcome, b->outcome)) < 0);
	}
	for (size_t i = 0; i < save->change_count; i++) {
		for (size_t j = 0; j < i; j++) {
			CHECK(!uuid_equal(&save->changes[i].contact_id, &save->changes[j].contact_id) ||
			      strcmp(save->changes[i].process, save->changes[j].process) != 0 ||
			      save->changes[i].at_us != save->changes[j].at_us);
		}
	}
	for (size_t i = 0; i < save->person_count; i++) {
		for (size_t j = 0; j < i; j++) {
			CHECK(!uuid_equal(&save->persons[i].contact_id, &save->persons[j].contact_id));
		}
	}
}
