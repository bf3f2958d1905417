/*
 * daemon/refolder.h: what is too much at once is taken in smaller slices; of what is too much alone, only what counts is read; then it
 * waits behind the others, also where it has cost the connection or filled the arena.
 */
#include <string.h>

#include "core/edge/postgres.h"
#include "daemon/refolder.h"
#include "tests/table.h"

static const struct uuid contact = {.bytes = {7}};

static struct {
	unsigned picks, rollbacks, postpones;
	size_t contacts_max, arena_used;
	struct uuid postponed;
	int64_t now_us;
} seen;

static bool pick(void *self, struct pick_rows *pick_rows, struct arena *arena, struct fail *fail)
{
	(void)self, (void)arena, (void)fail;
	seen.picks++;
	seen.contacts_max = pick_rows->contacts_max;
	return true;
}

static bool rollback(void *self, struct fail *fail)
{
	(void)self, (void)fail;
	seen.rollbacks++;
	return true;
}

static bool postpone(void *self, const struct uuid *contact_id, struct arena *arena, struct fail *fail)
{
	(void)self, (void)fail;
	seen.postpones++;
	seen.postponed = *contact_id;
	seen.arena_used = arena->used;
	return true;
}

static int64_t monotonic(void *self)
{
	(void)self;
	return seen.now_us;
}

static const struct io_ops ops = {
	.monotonic_us = monotonic, .store_pick = pick, .store_rollback = rollback, .store_postpone = postpone};

/* One that has picked so many and waits for their touches (the one alone, whose touches did not fit before: of those that count); its
 * arena is full. */
static void begin_again(struct refolder *refolder, size_t count, bool alone_before)
{
	static struct waiting_row waiting[16];
	static struct conf conf;
	conf.batch.arena_mb = 1;
	memset(&seen, 0, sizeof(seen));
	ck_assert(refolder_init(refolder, &conf, NULL));
	waiting[0].contact_id = contact;
	refolder->io = (struct io){.ops = &ops};
	refolder->step = REFOLDER_READ;
	refolder->pick.waiting = waiting;
	refolder->pick.waiting_count = count;
	refolder->counted_only = alone_before;
	while (arena_take(&refolder->arena, 4096) != NULL) {
	}
}

static void begin(struct refolder *refolder, size_t count)
{
	begin_again(refolder, count, false);
}

static struct fail failure(enum fail_kind kind, const char *code)
{
	struct fail why;
	fail_set(&why, kind, EXIT_AWAY, "why");
	snprintf(why.code, sizeof(why.code), "%s", code);
	return why;
}

static void next_when(struct refolder *refolder, bool calm)
{
	struct fail fail;
	ck_assert_int_eq(refolder_begin(refolder, (struct io){.ops = &ops}, NULL, calm, &fail), REFOLDER_SENT);
}

static void next(struct refolder *refolder)
{
	next_when(refolder, false);
}

START_TEST(one_that_the_server_did_not_answer_for_is_postponed_on_the_next_connection)
{
	struct refolder refolder;
	struct fail fail, why = failure(FAIL_RETRY, POSTGRES_NO_ANSWER);
	begin_again(&refolder, 1, true);
	refolder_lost(&refolder, &why);
	next(&refolder);
	ck_assert_uint_eq(seen.postpones, 1);
	ck_assert(uuid_equal(&seen.postponed, &contact) && seen.picks == 0 && seen.arena_used == 0);
	ck_assert_int_eq(refolder_turn_done(&refolder, &fail), REFOLDER_DONE);
	next(&refolder);
	ck_assert(seen.postpones == 1 && seen.picks == 1);
	refolder_finish(&refolder);
}
END_TEST

START_TEST(what_took_too_long_is_taken_in_halves)
{
	static const struct {
		const char *code;
		size_t slice;
	} rows[] = {{POSTGRES_NO_ANSWER, 8}, {"57P01", 16}, {"", 16}};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct refolder refolder;
		struct fail why = failure(FAIL_RETRY, rows[i].code);
		begin(&refolder, 16);
		refolder_lost(&refolder, &why);
		next(&refolder);
		ck_assert_msg(seen.contacts_max == rows[i].slice && seen.postpones == 0, "row %zu: %zu", i,
			      seen.contacts_max);
		refolder_finish(&refolder);
	}
}
END_TEST

START_TEST(as_many_are_taken_as_are_done_in_eight_milliseconds)
{
	static const struct {
		size_t slice, done;
		bool cut;
		int ms;
		size_t next;
	} rows[] = {
		{16, 16, false, 3, 32},	  {16, 16, false, 6, 16},    {64, 64, false, 9, 32},
		{16, 16, false, 900, 16}, {256, 256, false, 1, 256}, {16, 1, true, 6, 1},
		{64, 1, true, 30, 1},	  {16, 2, true, 2, 4},	     {1, 1, false, 2, 2},
	};
	static struct counters counters;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct refolder refolder;
		struct fail fail;
		begin(&refolder, rows[i].done);
		refolder.counters = &counters;
		refolder.step = REFOLDER_SAVE;
		refolder.slice = rows[i].slice;
		refolder.is_cut = rows[i].cut;
		refolder.begun_us = 1000000;
		seen.now_us = 1000000 + rows[i].ms * 1000;
		ck_assert_int_eq(refolder_turn_done(&refolder, &fail), REFOLDER_DONE);
		ck_assert_msg(refolder.slice == rows[i].next, "row %zu: %zu", i, refolder.slice);
		refolder_finish(&refolder);
	}
}
END_TEST

START_TEST(where_nothing_has_come_more_are_taken_and_few_again_once_something_comes)
{
	static const struct {
		size_t slice;
		int ms;
		bool calm, calm_next;
		size_t next;
	} rows[] = {{64, 15, true, true, 128}, {64, 30, true, true, 64},  {64, 50, true, true, 32},
		    {64, 15, false, true, 32}, {64, 30, true, false, 16}, {8, 30, true, false, 8}};
	static struct counters counters;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct refolder refolder;
		struct fail fail;
		begin(&refolder, rows[i].slice);
		refolder.counters = &counters;
		refolder.slice = rows[i].slice;
		refolder.step = REFOLDER_IDLE;
		next_when(&refolder, rows[i].calm);
		refolder.pick.waiting_count = rows[i].slice;
		refolder.step = REFOLDER_SAVE;
		seen.now_us = refolder.begun_us + rows[i].ms * 1000;
		ck_assert_int_eq(refolder_turn_done(&refolder, &fail), REFOLDER_DONE);
		next_when(&refolder, rows[i].calm_next);
		ck_assert_msg(seen.contacts_max == rows[i].next, "row %zu: %zu", i, seen.contacts_max);
		refolder_finish(&refolder);
	}
}
END_TEST

START_TEST(one_that_is_refused_or_too_slow_is_postponed_after_the_rollback)
{
	static const struct {
		enum fail_kind kind;
		const char *code;
		bool postponed;
	} rows[] = {{FAIL_DATA, "22003", true}, {FAIL_RETRY, "57014", true}, {FAIL_RETRY, "40001", false}};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct refolder refolder;
		struct fail fail, why = failure(rows[i].kind, rows[i].code);
		begin_again(&refolder, 1, true);
		ck_assert_int_eq(refolder_turn_failed(&refolder, &why, &fail), REFOLDER_SENT);
		ck_assert_uint_eq(seen.rollbacks, 1);
		ck_assert_int_eq(refolder_turn_done(&refolder, &fail),
				 rows[i].postponed ? REFOLDER_SENT : REFOLDER_DONE);
		ck_assert_msg(seen.postpones == (rows[i].postponed ? 1 : 0), "row %zu", i);
		ck_assert_uint_eq(seen.arena_used, 0);
		refolder_finish(&refolder);
	}
}
END_TEST

START_TEST(one_that_does_not_fit_as_a_whole_is_tried_by_what_counts_before_it_is_postponed)
{
	static const struct {
		size_t count;
		bool before, counted_only, postponed;
	} rows[] = {
		{1, false, true, false}, {1, true, false, true}, {2, false, false, false}, {2, true, true, false}};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct refolder refolder;
		struct fail fail, why = failure(FAIL_DATA, "");
		begin_again(&refolder, rows[i].count, rows[i].before);
		ck_assert_int_eq(refolder_turn_failed(&refolder, &why, &fail), REFOLDER_SENT);
		ck_assert_int_eq(refolder_turn_done(&refolder, &fail),
				 rows[i].postponed ? REFOLDER_SENT : REFOLDER_DONE);
		ck_assert_msg(refolder.counted_only == rows[i].counted_only, "row %zu", i);
		refolder_finish(&refolder);
	}
}
END_TEST

START_TEST(what_counts_is_asked_for_once_and_then_all_again)
{
	static struct counters counters;
	struct refolder refolder;
	struct fail fail;
	begin_again(&refolder, 1, true);
	refolder.counters = &counters;
	refolder.step = REFOLDER_SAVE;
	ck_assert_int_eq(refolder_turn_done(&refolder, &fail), REFOLDER_DONE);
	ck_assert(!refolder.counted_only);
	refolder_finish(&refolder);
}
END_TEST

TEST_MAIN("refolder", one_that_does_not_fit_as_a_whole_is_tried_by_what_counts_before_it_is_postponed,
	  what_counts_is_asked_for_once_and_then_all_again,
	  one_that_the_server_did_not_answer_for_is_postponed_on_the_next_connection,
	  where_nothing_has_come_more_are_taken_and_few_again_once_something_comes,
	  what_took_too_long_is_taken_in_halves, as_many_are_taken_as_are_done_in_eight_milliseconds,
	  one_that_is_refused_or_too_slow_is_postponed_after_the_rollback)
