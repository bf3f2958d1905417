/* core/flow/beginnings.h: what is found is what begins the text, longest first, and nothing else. */
#include "core/flow/beginnings.h"

#include <string.h>

#include "core/base/arena.h"
#include "tests/random.h"
#include "tests/table.h"

#define ENTRIES 60
#define ROUNDS 200
#define TEXTS 100

static struct arena arena;
static uint64_t seed = 20261126;

/* Of few letters, so that many begin each other; NULs and high bytes among them. */
static size_t some_text(char *ret_text)
{
	static const char letters[] = {'a', 'b', '\0', '\xff'};
	size_t size = random_below(&seed, 6);
	for (size_t i = 0; i < size; i++) {
		ret_text[i] = letters[random_below(&seed, sizeof(letters))];
	}
	return size;
}

struct hit {
	size_t size;
	bool whole;
	unsigned number;
};

static void take(const struct beginnings_run *run, bool whole, struct hit *hits, size_t *count)
{
	for (size_t i = 0; i < run->count; i++) {
		ck_assert(i == 0 || run->first[i - 1].number < run->first[i].number);
		ck_assert(run->first[i].whole == whole);
		hits[(*count)++] = (struct hit){run->first[i].size, whole, run->first[i].number};
	}
}

/* Each entry that is asked for must be among the hits, and there must be no others. */
static void check(const struct beginnings *set, const struct beginning *entries, const char *text, size_t size)
{
	struct hit hits[ENTRIES];
	size_t count = 0, wanted = 0, longer = SIZE_MAX;
	for (int node = beginnings_longest(set, text, size); node != BEGINNINGS_NONE;
	     node = beginnings_shorter(set, node)) {
		struct beginnings_run whole, begun;
		size_t before = count;
		beginnings_numbers(set, node, size, &whole, &begun);
		take(&whole, true, hits, &count);
		take(&begun, false, hits, &count);
		for (size_t i = before; i < count; i++) {
			ck_assert(hits[i].size < longer && hits[i].size == hits[before].size);
		}
		longer = count > before ? hits[before].size : longer;
	}
	for (size_t i = 0; i < ENTRIES; i++) {
		bool fits = entries[i].size <= size && memcmp(entries[i].text, text, entries[i].size) == 0 &&
			    (!entries[i].whole || entries[i].size == size);
		bool found = false;
		for (size_t h = 0; h < count; h++) {
			found = found || hits[h].number == entries[i].number;
		}
		ck_assert(found == fits);
		wanted += fits;
	}
	ck_assert_uint_eq(count, wanted);
}

START_TEST(what_begins_a_text_is_found_and_nothing_else)
{
	ck_assert(arena_init(&arena, (size_t)1 << 20));
	for (unsigned round = 0; round < ROUNDS; round++) {
		static char texts[ENTRIES][8];
		struct beginning entries[ENTRIES], sorted[ENTRIES];
		struct beginnings set;
		for (unsigned i = 0; i < ENTRIES; i++) {
			entries[i] = (struct beginning){.text = texts[i],
							.size = some_text(texts[i]),
							.whole = random_below(&seed, 2) == 0,
							.number = i};
		}
		memcpy(sorted, entries, sizeof(sorted));
		ck_assert(beginnings_init(&set, sorted, ENTRIES, &arena));
		for (unsigned i = 0; i < TEXTS; i++) {
			char text[8];
			size_t size = some_text(text);
			check(&set, entries, text, size);
		}
		arena_reset(&arena, arena.limit);
	}
	arena_finish(&arena);
}
END_TEST

START_TEST(a_set_of_none_has_none)
{
	struct beginnings set;
	ck_assert(arena_init(&arena, (size_t)1 << 20));
	ck_assert(beginnings_init(&set, NULL, 0, &arena));
	ck_assert_int_eq(beginnings_longest(&set, "a", 1), BEGINNINGS_NONE);
	ck_assert_int_eq(beginnings_longest(&set, "", 0), BEGINNINGS_NONE);
	arena_finish(&arena);
}
END_TEST

TEST_MAIN("beginnings", what_begins_a_text_is_found_and_nothing_else, a_set_of_none_has_none)
