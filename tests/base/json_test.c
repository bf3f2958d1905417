/* core/base/json.h: a table row a behaviour. */
#include "core/base/json.h"

#include <float.h>
#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "tests/table.h"

#define ARENA_SIZE ((size_t)1 << 20)
#define DEPTH 4
#define NO_TROUBLE (-1)

static struct arena arena;

/* Reads into the arena of this test's process. */
static bool parse(const char *text, size_t size, struct json_node **ret_root, struct json_trouble *ret_trouble)
{
	ck_assert(arena.base != NULL || arena_init(&arena, ARENA_SIZE));
	return json_parse(text, size, DEPTH, &arena, ret_root, ret_trouble);
}

START_TEST(json_is_read_into_a_tree)
{
	static const char text[] =
		" {\"a\": [1, -2.5, true, null], \"b\": {\"c\": \"bl\\u00e5 \\ud83d\\ude80\"}, \"d\": null}\n";
	struct json_node *root = NULL;
	struct json_trouble trouble;
	ck_assert(parse(text, strlen(text), &root, &trouble));
	ck_assert_int_eq(root->kind, JSON_MAP);
	ck_assert_uint_eq(root->count, 3);
	ck_assert_str_eq(root->keys[1], "b");
	const struct json_node *list = json_get(root, "a");
	ck_assert_uint_eq(list->count, 4);
	ck_assert(list->items[0]->is_whole && list->items[0]->whole == 1);
	ck_assert(!list->items[1]->is_whole && list->items[1]->number == -2.5);
	ck_assert(list->items[2]->kind == JSON_BOOL && list->items[2]->flag);
	ck_assert_int_eq(list->items[3]->kind, JSON_NOTHING);
	ck_assert_str_eq(json_get_text(json_get(root, "b"), "c"), "bl\xc3\xa5 \xf0\x9f\x9a\x80");
	ck_assert_ptr_null(json_get(root, "d"));
	ck_assert_ptr_null(json_get(root, "e"));
	ck_assert_ptr_null(json_get_text(root, "a"));
}
END_TEST

START_TEST(numbers_keep_what_they_can)
{
	static const struct {
		const char *text;
		bool is_whole;
		int64_t whole;
		double number;
	} rows[] = {
		/* clang-format off */
		{"0", true, 0, 0}, {"9223372036854775807", true, INT64_MAX, 9223372036854775807.0},
		{"-9223372036854775808", true, INT64_MIN, -9223372036854775808.0},
		{"9223372036854775808", false, 0, 9223372036854775808.0}, {"1e3", false, 0, 1000},
		{"1.7976931348623157e308", false, 0, DBL_MAX},
		/* clang-format on */
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct json_node *root = NULL;
		struct json_trouble trouble;
		ck_assert(parse(rows[i].text, strlen(rows[i].text), &root, &trouble));
		ck_assert_msg(root->kind == JSON_NUMBER && root->is_whole == rows[i].is_whole &&
				      root->whole == rows[i].whole && root->number == rows[i].number,
			      "row %zu", i);
	}
}
END_TEST

#define TROUBLE(text, kind, path) \
	{ \
		text, sizeof(text) - 1, kind, path \
	}

START_TEST(trouble_is_told_with_the_keys_that_lead_to_it)
{
	static const struct {
		const char *text;
		size_t size;
		int kind; /* enum json_trouble_kind, or NO_TROUBLE */
		const char *path;
	} rows[] = {
		/* clang-format off */
		TROUBLE("", JSON_BROKEN, ""), TROUBLE("{", JSON_BROKEN, ""), TROUBLE("{} {}", JSON_BROKEN, ""),
		TROUBLE("{'a': 1}", JSON_BROKEN, ""), TROUBLE("[1,]", JSON_BROKEN, ""), TROUBLE("nul", JSON_BROKEN, ""),
		TROUBLE("{\"a\": NaN}", JSON_BROKEN, "a"), TROUBLE("{\"a\": 1, \"b\": 01}", JSON_BROKEN, "b"),
		TROUBLE("{\"a\": {\"b\": \"x}", JSON_BROKEN, "a.b"),
		TROUBLE("{\"a\": {\"b\": \"x\ny\"}}", JSON_BROKEN, "a.b"),
		TROUBLE("{\"a\": \"\\ud800\"}", JSON_BROKEN, "a"),
		TROUBLE("{\"a\": 1, \"b\": {}, \"a\": 2}", JSON_BROKEN, "a"),
		TROUBLE("{\"a\": {\"b\": 1, \"c\": 2, \"b\" : 3}}", JSON_BROKEN, "a.b"),
		TROUBLE("{\"ann@acme.test\": 1, \"ann@acme.test\": 2}", JSON_BROKEN, "*************"),
		TROUBLE("{\"ann\\u0040acme.test\": 1, \"ann\\u0040acme.test\": 2}", JSON_BROKEN, "?"),
		TROUBLE("{\"ann@acme\": {\"test\": 01}}", JSON_BROKEN, "*************"),
		TROUBLE("\xef\xbb\xbf{}", JSON_BROKEN, ""),
		TROUBLE("{\"a\": [{\"b\": \"\xff\"}]}", JSON_BAD_TEXT, "a.b"),
		TROUBLE("{\"a\": [{\"b\": \"x\0y\"}]}", JSON_BAD_TEXT, "a.b"),
		TROUBLE("{\"a\": {\"b\": \"x\\u0000y\"}}", JSON_BAD_TEXT, "a.b"),
		TROUBLE("{\"a\": {\"b\\u0000c\": 1}}", JSON_BAD_TEXT, "a.?"),
		TROUBLE("{\"a\xff\": 1}", JSON_BAD_TEXT, "a?"),
		TROUBLE("{}\0", JSON_BAD_TEXT, ""),
		TROUBLE("{\"a\": {\"b\": 1e999}}", JSON_BAD_NUMBER, "a.b"),
		TROUBLE("[[[[]]]]", NO_TROUBLE, ""),
		TROUBLE("[[[[[]]]]]", JSON_TOO_DEEP, ""),
		TROUBLE("{\"a\": [\"[[[[[[\", {\"b\": {\"c\": []}}]}", JSON_TOO_DEEP, "a.b.c"),
		/* clang-format on */
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct json_node *root = NULL;
		struct json_trouble trouble = {0};
		bool read = parse(rows[i].text, rows[i].size, &root, &trouble);
		ck_assert_msg(read == (rows[i].kind == NO_TROUBLE), "row %zu", i);
		ck_assert_msg(read || (int)trouble.kind == rows[i].kind, "row %zu: kind %d", i, (int)trouble.kind);
		ck_assert_msg(strcmp(trouble.path, rows[i].path) == 0, "row %zu: path \"%s\"", i, trouble.path);
	}
}
END_TEST

START_TEST(a_long_path_is_cut)
{
	char text[400];
	char key[201];
	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	snprintf(text, sizeof(text), "{\"a\": {\"%s\": nope}}", key);
	struct json_node *root;
	struct json_trouble trouble;
	ck_assert(!parse(text, strlen(text), &root, &trouble));
	ck_assert_uint_eq(strlen(trouble.path), JSON_PATH_SIZE - 1);
	ck_assert_int_eq(strncmp(trouble.path, "a.kkkk", 6), 0);
}
END_TEST

START_TEST(a_full_arena_is_too_large)
{
	struct arena small;
	ck_assert(arena_init(&small, 256));
	static const char text[] = "[1,2,3,4,5,6,7,8,9,10,11,12]";
	struct json_node *root;
	struct json_trouble trouble;
	ck_assert(!json_parse(text, strlen(text), DEPTH, &small, &root, &trouble));
	ck_assert_int_eq(trouble.kind, JSON_TOO_LARGE);
	arena_finish(&small);
}
END_TEST

static size_t heap_used, heap_most;

static void *heap_take(size_t size)
{
	void *piece = malloc(size);
	heap_used += piece != NULL ? malloc_usable_size(piece) + sizeof(size_t) : 0;
	heap_most = heap_used > heap_most ? heap_used : heap_most;
	return piece;
}

static void heap_give(void *piece)
{
	heap_used -= piece != NULL ? malloc_usable_size(piece) + sizeof(size_t) : 0;
	free(piece);
}

/* `before`, then `item` again and again with commas between, then `after`. */
static char *repeat(const char *before, const char *item, const char *after, size_t size, size_t *ret_size)
{
	size_t room = size + strlen(before) + strlen(item) + strlen(after) + 2;
	char *text = malloc(room);
	ck_assert_ptr_nonnull(text);
	size_t used = (size_t)snprintf(text, room, "%s%s", before, item);
	while (used + strlen(item) + strlen(after) < size) {
		text[used++] = ',';
		memcpy(text + used, item, strlen(item));
		used += strlen(item);
	}
	memcpy(text + used, after, strlen(after));
	*ret_size = used + strlen(after);
	return text;
}

/* Of those that the quick way reads and of those that it leaves to jansson, as one odd number makes it do. */
START_TEST(no_body_takes_more_memory_than_the_arena_has)
{
	static const char *const items[] = {"{}",
					    "[]",
					    "1",
					    "\"\"",
					    "\"bl\\u00e5\"",
					    "[[{}]]",
					    "{\"a\":1}",
					    "{\"a\":{\"\":\"b\"},\"c\":[1,2]}",
					    "[1,2,3,4,5,6,7,8,9]",
					    "{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8}",
					    "\"0123456789012345678901234567890123456789\""};
	static const char *const befores[] = {"[", "[1234567890123456789,"};
	const size_t limit = (size_t)4 << 20;
	json_set_alloc_funcs(heap_take, heap_give);
	for (size_t i = 0; i < COUNT_OF(items) * COUNT_OF(befores); i++) {
		const char *item = items[i / 2];
		bool was_read = false, was_refused = false;
		for (size_t size = 1 << 10; size <= 2 * limit; size *= 2) {
			struct arena own;
			size_t size_written;
			struct json_node *root;
			struct json_trouble trouble;
			ck_assert(arena_init(&own, limit));
			char *text = repeat(befores[i % 2], item, "]", size, &size_written);
			bool read = json_parse(text, size_written, DEPTH, &own, &root, &trouble);
			ck_assert_msg(read || trouble.kind == JSON_TOO_LARGE, "%s: refused otherwise", item);
			ck_assert_msg(own.peak + heap_most <= limit, "%s: %zu bytes take %zu and %zu", item,
				      size_written, own.peak, heap_most);
			was_read = was_read || read;
			was_refused = was_refused || !read;
			ck_assert_uint_eq(heap_used, 0);
			heap_most = 0;
			arena_finish(&own);
			free(text);
		}
		ck_assert_msg(was_read && was_refused, "%s", item);
	}
}
END_TEST

TEST_MAIN("json", json_is_read_into_a_tree, numbers_keep_what_they_can,
	  trouble_is_told_with_the_keys_that_lead_to_it, a_long_path_is_cut, a_full_arena_is_too_large,
	  no_body_takes_more_memory_than_the_arena_has)
