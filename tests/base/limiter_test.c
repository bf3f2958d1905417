/* core/base/limiter.h: how often, by whom, and what is forgotten. Time is the test's. */
#include "core/base/limiter.h"

#include <string.h>

#include "core/base/moment.h"
#include "tests/table.h"

#define START_US (INT64_C(1000) * MOMENT_SECOND_US)
#define ANN "ann", 3
#define BOB "bob", 3

static unsigned taken(struct limiter *limiter, const char *who, size_t size, unsigned tries, int64_t now_us)
{
	unsigned count = 0, wait_s;
	for (unsigned i = 0; i < tries; i++) {
		count += limiter_take(limiter, who, size, now_us, &wait_s);
	}
	return count;
}

START_TEST(a_burst_and_then_the_rate)
{
	struct limiter limiter;
	ck_assert(limiter_init(&limiter, 10, 5, 100));
	ck_assert_uint_eq(taken(&limiter, ANN, 1000, START_US), 50);
	ck_assert_uint_eq(taken(&limiter, ANN, 1000, START_US), 0);
	ck_assert_uint_eq(taken(&limiter, BOB, 1000, START_US), 50); /* not his fault */
	ck_assert_uint_eq(taken(&limiter, ANN, 1000, START_US + MOMENT_SECOND_US), 10);
	ck_assert_uint_eq(taken(&limiter, ANN, 1000, START_US + 3 * MOMENT_SECOND_US), 20);
	ck_assert_uint_eq(taken(&limiter, ANN, 1000, START_US + 100 * MOMENT_SECOND_US), 50);
	limiter_finish(&limiter);
}
END_TEST

START_TEST(it_says_how_long_it_stays_so)
{
	struct limiter limiter;
	unsigned wait_s = 0;
	ck_assert(limiter_init(&limiter, 1, 3, 100));
	ck_assert_uint_eq(taken(&limiter, ANN, 3, START_US), 3);
	ck_assert(!limiter_take(&limiter, ANN, START_US, &wait_s));
	ck_assert_uint_eq(wait_s, 1);
	ck_assert(!limiter_take(&limiter, ANN, START_US + 999999, &wait_s));
	ck_assert_uint_eq(wait_s, 1);
	ck_assert(limiter_take(&limiter, ANN, START_US + MOMENT_SECOND_US, &wait_s));
	limiter_finish(&limiter);
}
END_TEST

START_TEST(what_was_done_at_once_is_made_up_for)
{
	struct limiter limiter;
	unsigned wait_s = 0;
	ck_assert(limiter_init(&limiter, 10, 5, 100));
	limiter_charge(&limiter, ANN, 30, START_US);
	ck_assert_uint_eq(taken(&limiter, ANN, 1000, START_US), 20);
	limiter_charge(&limiter, ANN, 100, START_US); /* more than a burst */
	ck_assert(!limiter_take(&limiter, ANN, START_US, &wait_s));
	ck_assert_uint_eq(wait_s, 11);
	ck_assert_uint_eq(taken(&limiter, ANN, 1000, START_US + 10 * MOMENT_SECOND_US), 0);
	ck_assert_uint_eq(taken(&limiter, ANN, 1000, START_US + 11 * MOMENT_SECOND_US), 10);
	limiter_charge(&limiter, BOB, 0, START_US);
	ck_assert_uint_eq(taken(&limiter, BOB, 1000, START_US), 50);
	limiter_finish(&limiter);
}
END_TEST

START_TEST(without_a_rate_nothing_is_limited)
{
	struct limiter limiter;
	ck_assert(limiter_init(&limiter, 0, 10, 100));
	limiter_charge(&limiter, ANN, 1000, START_US);
	ck_assert_uint_eq(taken(&limiter, ANN, 100000, START_US), 100000);
	limiter_finish(&limiter);
}
END_TEST

START_TEST(another_rate_holds_at_once_and_forgets_nobody)
{
	struct limiter limiter;
	ck_assert(limiter_init(&limiter, 10, 5, 100));
	ck_assert_uint_eq(taken(&limiter, ANN, 1000, START_US), 50);
	ck_assert(limiter_change(&limiter, 100, 5, 100));
	ck_assert_uint_eq(taken(&limiter, ANN, 1000, START_US), 0);
	ck_assert_uint_eq(taken(&limiter, ANN, 1000, START_US + MOMENT_SECOND_US), 100);
	ck_assert(limiter_change(&limiter, 0, 5, 100));
	ck_assert_uint_eq(taken(&limiter, ANN, 100000, START_US), 100000);
	ck_assert(limiter_change(&limiter, 1, 5, 100));
	ck_assert_uint_eq(taken(&limiter, ANN, 1000, START_US), 5);
	limiter_finish(&limiter);
}
END_TEST

START_TEST(a_flood_of_others_neither_grows_the_table_nor_frees_the_busiest)
{
	struct limiter limiter;
	ck_assert(limiter_init(&limiter, 10, 10, 64));
	ck_assert_uint_eq(taken(&limiter, ANN, 1000, START_US), 100);
	for (unsigned i = 0; i < 100000; i++) {
		char who[16];
		snprintf(who, sizeof(who), "%u", i);
		unsigned wait_s;
		ck_assert(limiter_take(&limiter, who, strlen(who), START_US, &wait_s));
	}
	ck_assert_uint_eq(taken(&limiter, ANN, 1000, START_US), 0);
	limiter_finish(&limiter);
}
END_TEST

START_TEST(every_size_of_name_counts_by_itself)
{
	static const char name[] = "abcdefghijklmnopqrstuvwxyz";
	struct limiter limiter;
	ck_assert(limiter_init(&limiter, 1, 1, 1024));
	for (size_t size = 0; size < sizeof(name); size++) {
		ck_assert_msg(taken(&limiter, name, size, 2, START_US) == 1, "size %zu", size);
	}
	limiter_finish(&limiter);
}
END_TEST

TEST_MAIN("limiter", a_burst_and_then_the_rate, it_says_how_long_it_stays_so, what_was_done_at_once_is_made_up_for,
	  without_a_rate_nothing_is_limited, another_rate_holds_at_once_and_forgets_nobody,
	  a_flood_of_others_neither_grows_the_table_nor_frees_the_busiest, every_size_of_name_counts_by_itself)
