/* collector/source/body.h: what a body is, whatever it is called. */
#include "collector/source/body.h"

#include <string.h>

#include "core/base/arena.h"
#include "tests/table.h"

#define BYTES(text) text, sizeof(text) - 1

START_TEST(a_body_is_told_by_its_bytes)
{
	static const struct {
		const char *body;
		size_t size;
		enum body_kind kind;
		size_t skipped;
	} rows[] = {
		{BYTES(""), BODY_NONE, 0},
		{BYTES(" \r\n\t"), BODY_NONE, 4},
		{BYTES("\xef\xbb\xbf"), BODY_NONE, 3},
		{BYTES("{}"), BODY_JSON, 0},
		{BYTES("\xef\xbb\xbf \n[1]"), BODY_JSON, 5},
		{BYTES("{\"a=b\""), BODY_JSON, 0},
		{BYTES("e=pv&url=x"), BODY_FORM, 0},
		{BYTES("data%5B0%5D=1"), BODY_FORM, 0},
		{BYTES("e="), BODY_FORM, 0},
		{BYTES("=pv"), BODY_OTHER, 0},
		{BYTES("e"), BODY_OTHER, 0},
		{BYTES("e=\0"), BODY_OTHER, 0},
		{BYTES("ann.aas@acme.test is no form = none"), BODY_OTHER, 0},
		{BYTES("\"e=pv\""), BODY_OTHER, 0},
		{BYTES("\x1f\x8b"), BODY_OTHER, 0},
		{BYTES("\0{"), BODY_OTHER, 0},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *body;
		size_t size;
		ck_assert_msg(body_kind(rows[i].body, rows[i].size, &body, &size) == rows[i].kind, "row %zu", i);
		ck_assert_ptr_eq(body, rows[i].body + rows[i].skipped);
		ck_assert_uint_eq(size, rows[i].size - rows[i].skipped);
	}
}
END_TEST

START_TEST(a_form_is_arguments)
{
	struct arena arena;
	ck_assert(arena_init(&arena, (size_t)1024 * 1024));
	struct source_pair list[8] = {{"eid", "1"}};
	size_t count = 1;
	static const char form[] = "e=pv&page=a+b%26c&x=%C3%A6&&flag&bad=%zz%4&nul=%00";
	ck_assert(body_form(BYTES(form), COUNT_OF(list), &arena, list, &count));
	static const struct source_pair wanted[] = {
		{"eid", "1"}, {"e", "pv"},	{"page", "a b&c"}, {"x", "æ"},
		{"flag", ""}, {"bad", "%zz%4"}, {"nul", "%00"},
	};
	ck_assert_uint_eq(count, COUNT_OF(wanted));
	for (size_t i = 0; i < count; i++) {
		ck_assert_str_eq(list[i].name, wanted[i].name);
		ck_assert_str_eq(list[i].value, wanted[i].value);
	}
	ck_assert(!body_form(BYTES("a=1&b=2"), COUNT_OF(list), &arena, list, &count));
	arena_finish(&arena);
}
END_TEST

TEST_MAIN("body", a_body_is_told_by_its_bytes, a_form_is_arguments)
