/*
 * Which event ids were written last: none that was written a moment ago is missed, hardly one that never was is suspected.
 */
#include "daemon/recent.h"

#include "tests/random.h"
#include "tests/table.h"

static uint64_t id_of(uint64_t number)
{
	uint64_t state = number;
	return random_next(&state);
}

static unsigned count_of(const struct recent *recent, uint64_t first, uint64_t count)
{
	unsigned found = 0;
	for (uint64_t i = first; i < first + count; i++) {
		found += recent_has(recent, id_of(i)) ? 1 : 0;
	}
	return found;
}

START_TEST(what_was_noted_is_found)
{
	struct recent *recent = recent_create();
	ck_assert_ptr_nonnull(recent);
	ck_assert_uint_eq(count_of(recent, 0, 10000), 0);
	for (uint64_t i = 0; i < 10000; i++) {
		recent_note(recent, id_of(i));
	}
	ck_assert_uint_eq(count_of(recent, 0, 10000), 10000);
	recent_destroy(recent);
}
END_TEST

START_TEST(half_a_million_are_kept_and_the_oldest_go)
{
	struct recent *recent = recent_create();
	ck_assert_ptr_nonnull(recent);
	for (uint64_t i = 0; i < 3 * RECENT_IDS; i++) {
		recent_note(recent, id_of(i));
	}
	uint64_t half = RECENT_IDS / 2;
	ck_assert_uint_gt(count_of(recent, 3 * RECENT_IDS - half, half), half * 9 / 10);
	ck_assert_uint_lt(count_of(recent, 0, half), half / 100);
	ck_assert_uint_lt(count_of(recent, 3 * RECENT_IDS, half),
			  3); /* never noted; of an id it keeps most bits */
	recent_destroy(recent);
}
END_TEST

START_TEST(newest_of_one_bucket_push_out_the_oldest)
{
	struct recent *recent = recent_create();
	ck_assert_ptr_nonnull(recent);
	uint64_t bucket = UINT64_C(77) << 32; /* the same high half: the same bucket */
	for (uint64_t i = 1; i <= 9; i++) {
		recent_note(recent, bucket | i);
	}
	ck_assert(!recent_has(recent, bucket | 1));
	for (uint64_t i = 2; i <= 9; i++) {
		ck_assert(recent_has(recent, bucket | i));
	}
	ck_assert(!recent_has(recent, (UINT64_C(78) << 32) | 9));
	recent_destroy(recent);
}
END_TEST

START_TEST(an_id_whose_kept_half_is_zero_is_an_id)
{
	struct recent *recent = recent_create();
	ck_assert_ptr_nonnull(recent);
	uint64_t id = UINT64_C(5) << 32;
	ck_assert(!recent_has(recent, id));
	recent_note(recent, id);
	ck_assert(recent_has(recent, id));
	recent_destroy(recent);
	recent_destroy(NULL);
}
END_TEST

TEST_MAIN("daemon_recent", what_was_noted_is_found, half_a_million_are_kept_and_the_oldest_go,
	  newest_of_one_bucket_push_out_the_oldest, an_id_whose_kept_half_is_zero_is_an_id)
