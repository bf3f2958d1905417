/* core/base/text.h: a table row a behaviour. */
#include "core/base/text.h"

#include <string.h>

#include "tests/table.h"

START_TEST(utf8_is_told_from_noise)
{
	static const struct {
		const char *bytes;
		size_t size;
		bool good;
	} rows[] = {
		{"", 0, true},
		{"abc", 3, true},
		{"bl\xc3\xa5", 4, true},
		{"\xf0\x9f\x9a\xa2", 4, true},
		{"\xf4\x8f\xbf\xbf", 4, true},
		{"a\0b", 3, false},
		{"\xc3", 1, false},
		{"\xc0\xaf", 2, false},
		{"\xe0\x80\xaf", 3, false},
		{"\xed\xa0\x80", 3, false},
		{"\xf4\x90\x80\x80", 4, false},
		{"\xff", 1, false},
		{"\x80", 1, false},
		{"\xe2\x82", 2, false},
		{"eight by eight!!", 16, true},
		{"seven..\0eight by", 16, false},
		{"eight by\0ight!!.", 16, false},
		{"eight by eigh\xc3\xa5!", 16, true},
		{"eight by eigh\xc3!!", 16, false},
		{"\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x01", 8, true},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		bool may_hold_address;
		ck_assert_msg(text_is_utf8(rows[i].bytes, rows[i].size) == rows[i].good, "row %zu", i);
		ck_assert_msg(text_scan(rows[i].bytes, rows[i].size, &may_hold_address) == rows[i].good, "row %zu",
			      i);
	}
	ck_assert_uint_eq(text_utf8_size("eight by eigh\xc3!!", 16), 13);
	ck_assert_uint_eq(text_utf8_size("ab\0", 3), 2);
}
END_TEST

START_TEST(a_foreign_text_is_made_fit_to_show)
{
	static const struct {
		const char *text, *shown;
	} rows[] = {
		{"emial", "emial"},
		{"a\nb\x1b[0m", "a?b?[0m"},
		{"c\xc2\x9bm\xc2\xa0", "c??m\xc2\xa0"},
		{"bl\xc3\xa5", "bl\xc3\xa5"},
		{"x\xff\xc3", "x??"},
		{"to ann@acme.test\t", "to *************?"},
		{"", ""},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[64];
		snprintf(text, sizeof(text), "%s", rows[i].text);
		text_show(text);
		ck_assert_str_eq(text, rows[i].shown);
	}
}
END_TEST

START_TEST(addresses_are_masked)
{
	static const struct {
		const char *text, *masked;
	} rows[] = {
		{"ann@acme.test", "*************"},
		{"mail ann.b+x@acme.test now", "mail ***************** now"},
		{"/reset/ann%40acme.test/x", "/reset/***************/x"},
		{"/go/ann%2540acme.test/x", "/go/*****************/x"},
		{"to ann\xef\xbc\xa0"
		 "acme.test now",
		 "to *************** now"},
		{"two: a@b.test, c@d.test", "two: ********, ********"},
		{"@home", "@home"},
		{"a@b", "a@b"},
		{"50 @ 2.5", "50 @ 2.5"},
		{"", ""},
		{"a@b.", "a@b."},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[64];
		snprintf(text, sizeof(text), "%s", rows[i].text);
		bool found = text_mask_addresses(text);
		ck_assert_str_eq(text, rows[i].masked);
		ck_assert(found == (strcmp(rows[i].text, rows[i].masked) != 0));
		ck_assert(text_has_address(rows[i].text) == found);
		bool may_hold_address;
		ck_assert(text_scan(rows[i].text, strlen(rows[i].text), &may_hold_address));
		ck_assert(may_hold_address || !found);
	}
}
END_TEST

START_TEST(an_address_is_suspected_wherever_its_sign_stands)
{
	bool may_hold_address;
	for (size_t size = 1; size < 40; size++) {
		char text[64];
		memset(text, 'a', sizeof(text));
		ck_assert(text_scan(text, size, &may_hold_address));
		ck_assert(!may_hold_address);
		for (size_t at = 0; at < size; at++) {
			text[at] = size % 2 == 0 ? '@' : '%';
			ck_assert(text_scan(text, size, &may_hold_address));
			ck_assert_msg(may_hold_address, "%zu of %zu", at, size);
			text[at] = 'a';
		}
	}
}
END_TEST

START_TEST(what_is_looked_at_in_sixteens_is_as_byte_by_byte)
{
	static const char odd[] = {'\0', '\x01', '\x1f', '\x7f', '\x80', '\xff', '\t'};
	for (size_t size = 0; size < 70; size++) {
		char text[80];
		memset(text, 'a', sizeof(text));
		memset(text + size, '\0', sizeof(text) - size);
		ck_assert_uint_eq(text_utf8_size(text, size), size);
		ck_assert(!text_has_controls(text, size));
		for (size_t i = 0; i < COUNT_OF(odd) * size; i++) {
			size_t at = i / COUNT_OF(odd);
			unsigned char byte = (unsigned char)(text[at] = odd[i % COUNT_OF(odd)]);
			bool is_good = byte != 0 && byte < 0x80;
			ck_assert_uint_eq(text_utf8_size(text, size), is_good ? size : at);
			ck_assert(text_has_controls(text, size) == (byte < ' ' || byte == 0x7f));
			text[at] = 'a';
		}
	}
}
END_TEST

START_TEST(a_cut_never_splits_a_character)
{
	ck_assert_uint_eq(text_cut("bl\xc3\xa5", 3), 2);
	ck_assert_uint_eq(text_cut("bl\xc3\xa5", 4), 4);
	ck_assert_uint_eq(text_cut("abc", 9), 3);
}
END_TEST

START_TEST(the_nearest_word_is_named)
{
	static const char *const words[] = {"brokers", "group", "topics"};
	ck_assert_str_eq(text_nearest("borkers", words, 3), "brokers");
	ck_assert_str_eq(text_nearest("gruop", words, 3), "group");
	ck_assert_ptr_null(text_nearest("completely", words, 3));
}
END_TEST

TEST_MAIN("text", utf8_is_told_from_noise, addresses_are_masked, an_address_is_suspected_wherever_its_sign_stands,
	  what_is_looked_at_in_sixteens_is_as_byte_by_byte, a_foreign_text_is_made_fit_to_show,
	  a_cut_never_splits_a_character, the_nearest_word_is_named)
