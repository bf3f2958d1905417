/*
 * Any bytes as JSON, by the quick way and by jansson: what the quick way reads is what the other one reads, and of what it does
 * not read it keeps nothing.
 */
#include <math.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/json.h"
#include "core/base/json_quick.h"
#include "core/base/text.h"
#include "tests/fuzz/fuzz.h"

#define DEPTH 8
#define ARENA_SIZE ((size_t)16 * 1024 * 1024)

static void check_same(const struct json_node *a, const struct json_node *b)
{
	CHECK(a->kind == b->kind && a->count == b->count && a->flag == b->flag && a->is_whole == b->is_whole &&
	      a->whole == b->whole && a->number == b->number && signbit(a->number) == signbit(b->number));
	CHECK(a->kind != JSON_TEXT || strcmp(a->text, b->text) == 0);
	for (size_t i = 0; i < a->count; i++) {
		CHECK(a->kind != JSON_MAP || strcmp(a->keys[i], b->keys[i]) == 0);
		check_same(a->items[i], b->items[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct arena arena;
	const char *text = (const char *)bytes;
	struct json_node *careful;
	struct json_trouble trouble;
	bool is_full;
	CHECK(arena.base != NULL || arena_init(&arena, ARENA_SIZE));
	arena_reset(&arena, ARENA_SIZE);
	if (!text_is_utf8(text, size)) {
		return 0;
	}
	const struct json_node *quick = json_quick_parse(text, size, DEPTH, &arena, &is_full);
	if (quick == NULL) {
		CHECK(arena.used == 0);
		return 0;
	}
	CHECK(json_parse_careful(text, size, DEPTH, &arena, &careful, &trouble));
	check_same(quick, careful);
	return 0;
}
