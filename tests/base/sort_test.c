/*
 * Sorting: in order, stable, nothing lost, whatever the numbers look like.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/sort.h"
#include "tests/random.h"
#include "tests/table.h"

#define COUNT_MAX 5000

/* How the numbers of a run are spread. */
enum spread { EVEN, FEW_VALUES, ONE_VALUE, LOW_BITS, HIGH_BITS, SORTED, REVERSED, SPREADS };

static const size_t counts[] = {0, 1, 2, 23, 24, 25, 100, 1000, COUNT_MAX};
static uint64_t seed;

static uint64_t number(enum spread spread, size_t i, size_t count)
{
	switch (spread) {
	case FEW_VALUES:
		return random_below(&seed, 7) << 60;
	case ONE_VALUE:
		return 42;
	case LOW_BITS:
		return random_below(&seed, 1000);
	case HIGH_BITS:
		return random_next(&seed) & ~UINT64_C(0xffffffff);
	case SORTED:
		return i * UINT64_C(0x1000000000000);
	case REVERSED:
		return (count - i) * UINT64_C(0x1000000000000);
	default:
		return random_next(&seed);
	}
}

static int compare_entries(const void *a, const void *b)
{
	const struct sort_entry *x = a, *y = b;
	return x->key != y->key ? (x->key > y->key) - (x->key < y->key)
				: (x->place > y->place) - (x->place < y->place);
}

START_TEST(entries_come_in_order_and_equal_ones_stay_as_they_were)
{
	static struct sort_entry entries[COUNT_MAX], wanted[COUNT_MAX], spare[COUNT_MAX];
	for (unsigned spread = 0; spread < SPREADS; spread++) {
		for (size_t c = 0; c < COUNT_OF(counts); c++) {
			size_t count = counts[c];
			for (size_t i = 0; i < count; i++) {
				wanted[i] = entries[i] =
					(struct sort_entry){number((enum spread)spread, i, count), (uint32_t)i};
			}
			qsort(wanted, count, sizeof(*wanted), compare_entries);
			sort_entries(entries, count, spare);
			for (size_t i = 0; i < count; i++) {
				ck_assert_msg(compare_entries(&entries[i], &wanted[i]) == 0,
					      "spread %u, %zu entries: another one at %zu", spread, count, i);
			}
		}
	}
}
END_TEST

static int compare_ids(const void *a, const void *b)
{
	const struct sort_id *x = a, *y = b;
	struct uuid one = sort_id_uuid(x), other = sort_id_uuid(y);
	int order = memcmp(one.bytes, other.bytes, sizeof(one.bytes));
	return order != 0 ? order : (x->place > y->place) - (x->place < y->place);
}

START_TEST(ids_come_in_the_order_of_their_bytes_and_equal_ones_stay_as_they_were)
{
	static struct sort_id ids[COUNT_MAX], wanted[COUNT_MAX], spare[COUNT_MAX];
	for (unsigned spread = 0; spread < SPREADS * SPREADS; spread++) {
		for (size_t c = 0; c < COUNT_OF(counts); c++) {
			size_t count = counts[c];
			for (size_t i = 0; i < count; i++) {
				struct sort_id id = {number((enum spread)(spread / SPREADS), i, count),
						     number((enum spread)(spread % SPREADS), i, count), 0};
				struct uuid uuid = sort_id_uuid(&id);
				wanted[i] = ids[i] = sort_id_of(&uuid, (uint32_t)i);
			}
			qsort(wanted, count, sizeof(*wanted), compare_ids);
			sort_ids(ids, count, spare);
			for (size_t i = 0; i < count; i++) {
				ck_assert_msg(compare_ids(&ids[i], &wanted[i]) == 0,
					      "spread %u, %zu ids: another one at %zu", spread, count, i);
			}
		}
	}
}
END_TEST

START_TEST(signed_numbers_keep_their_order)
{
	static const int64_t numbers[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX};
	for (size_t i = 1; i < COUNT_OF(numbers); i++) {
		ck_assert(sort_signed(numbers[i - 1]) < sort_signed(numbers[i]));
	}
}
END_TEST

TEST_MAIN("sort", entries_come_in_order_and_equal_ones_stay_as_they_were,
	  ids_come_in_the_order_of_their_bytes_and_equal_ones_stay_as_they_were, signed_numbers_keep_their_order)
