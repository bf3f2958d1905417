/*
 * core/base/json_quick.h: what it reads is what jansson reads, byte by byte; what jansson refuses it never reads.
 */
#include "core/base/json_quick.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "tests/random.h"
#include "tests/table.h"

#define DEPTH 6
#define MUTATIONS 200000

static struct arena arena;

static bool same(const struct json_node *a, const struct json_node *b)
{
	if (a->kind != b->kind || a->count != b->count) {
		return false;
	}
	switch (a->kind) {
	case JSON_NOTHING:
		return true;
	case JSON_BOOL:
		return a->flag == b->flag;
	case JSON_NUMBER:
		return a->is_whole == b->is_whole && a->whole == b->whole && a->number == b->number &&
		       signbit(a->number) == signbit(b->number);
	case JSON_TEXT:
		return strcmp(a->text, b->text) == 0;
	default:
		break;
	}
	for (size_t i = 0; i < a->count; i++) {
		if ((a->kind == JSON_MAP && strcmp(a->keys[i], b->keys[i]) != 0) ||
		    !same(a->items[i], b->items[i])) {
			return false;
		}
	}
	return true;
}

/* Is it read this way? Then as the other way reads it. */
static bool is_quick(const char *text, size_t size)
{
	arena_reset(&arena, 1 << 20);
	struct json_node *root;
	struct json_trouble trouble;
	bool is_full;
	struct json_node *quick = json_quick_parse(text, size, DEPTH, &arena, &is_full);
	if (quick != NULL) {
		bool read = json_parse_careful(text, size, DEPTH, &arena, &root, &trouble);
		ck_assert_msg(read && same(quick, root), "read otherwise: %.*s", (int)size, text);
	} else {
		ck_assert_uint_eq(arena.used, 0);
	}
	return quick != NULL;
}

static const char escapes[] = "{\"\": 1, \" \": 2, \"a\\u0062\": 3, \"\\\"\\\\\\/\\b\\f\\n\\r\\t\": "
			      "\"\xc3\xa5\xe2\x82\xac\xf0\x9f\x9a\x80\"}";

static const char batch[] =
	"{\"schema\":\"iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/"
	"1-0-4\",\"data\":[{\"e\":\"pv\","
	"\"co\":\"{\\\"schema\\\":\\\"x\\\",\\\"data\\\":[{\\\"a\\\":1}]}\",\"dtm\":\"1795662629046\"}]}";

static const char *const usual[] = {
	"{}",
	" [ ] ",
	"\"\"",
	"0",
	"-0",
	"{\"a\":[1,-2.5,true,null,false],\"b\":{\"c\":\"bl\\u00e5 \\ud83d\\ude80\"},\"d\":null}",
	escapes,
	"[123456789012345678,-123456789012345678,1e3,1E+3,1.5e-300,0.1,-0.0,1.7976931348623157e308,5e-1]",
	batch,
	"[[[[[[]]]]]]",
	"\t{\r\n \"a\" : [ 1 , 2 ] , \"b\" : \"\x7f\" }\n",
};

START_TEST(what_trackers_write_is_read_this_way)
{
	ck_assert(arena_init(&arena, (size_t)8 << 20));
	for (size_t i = 0; i < COUNT_OF(usual); i++) {
		ck_assert_msg(is_quick(usual[i], strlen(usual[i])), "row %zu", i);
	}
}
END_TEST

START_TEST(whatever_is_wrong_or_unusual_is_left_to_the_other_way)
{
	static const char *const rows[] = {
		"",
		" ",
		"{",
		"[",
		"\"",
		"\"a",
		"{}{}",
		"[1,]",
		"[,1]",
		"{,}",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\":1,}",
		"{a:1}",
		"{'a':1}",
		"nul",
		"tru",
		"falsey",
		"nulll",
		"01",
		"-",
		"-01",
		"+1",
		".5",
		"1.",
		"1.e1",
		"1e",
		"1e+",
		"--1",
		"0x1",
		"NaN",
		"Infinity",
		"1e999",
		"-1e999",
		"9223372036854775808",
		"1234567890123456789",
		"{\"a\":1,\"a\":2}",
		"{\"a\":1,\"\\u0061\":2}",
		"\"\\u0000\"",
		"{\"a\\u0000\":1}",
		"\"\\ud800\"",
		"\"\\ud800\\u0041\"",
		"\"\\udc00\"",
		"\"\\u12g4\"",
		"\"\\u12\"",
		"\"\\x\"",
		"\"\\\"",
		"\"\n\"",
		"\"\x01\"",
		"[[[[[[[]]]]]]]",
		"\xef\xbb\xbf{}",
		"[1 2]",
		"{\"a\" 1}",
		"{1:2}",
		"]",
		"}",
		"[}",
		"{]",
		"// a\n1",
		"\f1",
	};
	ck_assert(arena_init(&arena, (size_t)8 << 20));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		ck_assert_msg(!is_quick(rows[i], strlen(rows[i])), "row %zu: %s", i, rows[i]);
	}
}
END_TEST

/* A byte changed, left out, put in twice; sometimes two of them. */
static size_t mutate(uint64_t *random, const char *text, char *ret_text)
{
	static const char bytes[] = "{}[]\",:\\u0019eE+-.tfn /\n\x01\x7f";
	size_t size = strlen(text);
	memcpy(ret_text, text, size);
	for (uint64_t times = 1 + random_below(random, 2); times > 0 && size > 0; times--) {
		size_t at = random_below(random, size);
		switch (random_below(random, 3)) {
		case 0:
			ret_text[at] = bytes[random_below(random, sizeof(bytes) - 1)];
			break;
		case 1:
			memmove(ret_text + at, ret_text + at + 1, size - at - 1);
			size--;
			break;
		default:
			memmove(ret_text + at + 1, ret_text + at, size - at);
			size++;
			break;
		}
	}
	return size;
}

START_TEST(both_ways_agree_on_anything)
{
	uint64_t random = 20261126;
	char text[1024];
	unsigned quick = 0;
	ck_assert(arena_init(&arena, (size_t)8 << 20));
	for (unsigned i = 0; i < MUTATIONS; i++) {
		size_t size = mutate(&random, usual[random_below(&random, COUNT_OF(usual))], text);
		if (text_is_utf8(text, size)) {
			quick += is_quick(text, size);
		}
	}
	ck_assert_uint_gt(quick, MUTATIONS / 10);
	ck_assert_uint_lt(quick, MUTATIONS * 9 / 10);
}
END_TEST

START_TEST(a_full_arena_is_given_back)
{
	ck_assert(arena_init(&arena, 512));
	static const char text[] = "[1,2,3,4,5,6,7,8,9,10,11,12]";
	ck_assert(!is_quick(text, sizeof(text) - 1));
}
END_TEST

START_TEST(a_full_arena_is_told_from_what_is_unusual)
{
	static const char list[] = "[1,2,3,4,5,6,7,8,9,10,11,12]", odd[] = "[1234567890123456789]";
	static const char map[] = "{\"a\":{},\"b\":{},\"c\":{},\"d\":{},\"e\":{},\"f\":{}}";
	for (size_t limit = 16; limit < 4096; limit += 16) { /* wherever it becomes full */
		bool is_full = false;
		struct arena small = {.base = malloc(limit), .limit = limit};
		if (json_quick_parse(list, sizeof(list) - 1, DEPTH, &small, &is_full) == NULL) {
			ck_assert_msg(is_full, "list in %zu", limit);
		}
		small.used = 0;
		if (json_quick_parse(map, sizeof(map) - 1, DEPTH, &small, &is_full) == NULL) {
			ck_assert_msg(is_full, "map in %zu", limit);
		}
		free(small.base);
	}
	bool is_full = true;
	ck_assert(arena_init(&arena, 4096));
	ck_assert_ptr_null(json_quick_parse(odd, sizeof(odd) - 1, DEPTH, &arena, &is_full));
	ck_assert(!is_full);
}
END_TEST

TEST_MAIN("json_quick", what_trackers_write_is_read_this_way,
	  whatever_is_wrong_or_unusual_is_left_to_the_other_way, both_ways_agree_on_anything,
	  a_full_arena_is_given_back, a_full_arena_is_told_from_what_is_unusual)
