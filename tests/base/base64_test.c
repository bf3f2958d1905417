/* core/base/base64.h: a table row a behaviour. */
#include "core/base/base64.h"

#include <string.h>

#include "tests/table.h"

START_TEST(base64_is_read_in_both_alphabets)
{
	static const struct {
		const char *text, *bytes;
		size_t size;
	} rows[] = {
		/* clang-format off */
		{"", "", 0}, {"Zg==", "f", 1}, {"Zm8=", "fo", 2}, {"Zm9v", "foo", 3}, {"Zm9vYg==", "foob", 4},
		{"Zm9vYmE=", "fooba", 5}, {"Zm9vYmFy", "foobar", 6},	/* RFC 4648, section 10 */
		{"Zg", "f", 1}, {"Zm8", "fo", 2}, {"+/+/", "\xfb\xff\xbf", 3}, {"-_-_", "\xfb\xff\xbf", 3}, {"AAAA", "\0\0\0", 3},
		/* clang-format on */
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[16];
		size_t size = 99;
		snprintf(text, sizeof(text), "%s", rows[i].text);
		/* In place, as protojson does it. */
		ck_assert_msg(base64_read(text, strlen(text), (uint8_t *)text, &size), "row %zu", i);
		ck_assert_msg(size == rows[i].size && memcmp(text, rows[i].bytes, size) == 0, "row %zu", i);
		ck_assert_uint_le(size, BASE64_BYTES_MAX(strlen(rows[i].text)));
	}
}
END_TEST

START_TEST(what_is_not_base64_is_refused)
{
	static const char *const rows[] = {"A",	    "AAAAA", "AA=A",	 "A===", "=",	 "====",  "AA=",
					   "AAA==", "AAAA=", "AAAA====", "AA A", "AA.=", "AA\n=", "\xc3\xa5=="};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t bytes[16];
		size_t size;
		ck_assert_msg(!base64_read(rows[i], strlen(rows[i]), bytes, &size), "row %zu", i);
	}
}
END_TEST

TEST_MAIN("base64", base64_is_read_in_both_alphabets, what_is_not_base64_is_refused)
