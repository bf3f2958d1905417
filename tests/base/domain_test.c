/* core/base/domain.h, core/base/unicode.h */
#include "core/base/domain.h"

#include <string.h>

#include "core/base/unicode.h"
#include "tests/table.h"

#define LABEL_63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

START_TEST(domains_become_what_stands_in_the_dns)
{
	static const struct {
		const char *domain, *normal; /* NULL: no host name */
	} rows[] = {
		{"acme.test", "acme.test"},
		{"Mail.ACME.test", "mail.acme.test"},
		{"4711.test", "4711.test"},
		{"localhost", "localhost"},
		{"r3--x.test", "r3--x.test"},
		{"blåbær.test", "xn--blbr-roah.test"},
		{"BLÅBÆR.test", "xn--blbr-roah.test"},
		{"bla\u030ab\u00e6r.test", "xn--blbr-roah.test"},
		{"xn--blbr-roah.test", "xn--blbr-roah.test"},
		{"XN--BLBR-ROAH.test", "xn--blbr-roah.test"},
		{"straße.test", "xn--strae-oqa.test"}, /* IDNA 2008: another name than strasse.test */
		{"strasse.test", "strasse.test"},
		{"ａｃｍｅ。test", "acme.test"}, /* full-width letters and full stop */
		{LABEL_63 ".test", LABEL_63 ".test"},

		{"", NULL},
		{".", NULL},
		{".acme.test", NULL},
		{"acme..test", NULL},
		{"acme.test.", NULL},
		{"blåbær.", NULL},
		{"blåbær..test", NULL},
		{"-acme.test", NULL},
		{"acme-.test", NULL},
		{"acme.-test", NULL},
		{"a_b.test", NULL},
		{"å_b.test", NULL},
		{"a<å.test", NULL},
		{"a b.test", NULL},
		{"a/b.test", NULL},
		{"[192.0.2.1]", NULL},
		{"♥.test", NULL},
		{"a\u200db.test", NULL},
		{"xn--a.test", NULL},
		{"XN--A.test", NULL},
		{"xn--.test", NULL},
		{"a" LABEL_63 ".test", NULL},
		{LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_63, NULL},
		{"å" LABEL_63 ".test", NULL},
		{"\xff.test", NULL},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char normal[DOMAIN_SIZE_MAX + 1] = "untouched";
		bool good = domain_normalise(rows[i].domain, normal);
		ck_assert_msg(good == (rows[i].normal != NULL), "%s", rows[i].domain);
		ck_assert_str_eq(normal, good ? rows[i].normal : "untouched");
	}
}
END_TEST

START_TEST(white_space_at_the_ends_is_trimmed)
{
	static const struct {
		const char *text, *trimmed;
	} rows[] = {
		{"", ""},
		{"   ", ""},
		{"a", "a"},
		{" \t\r\na b\v\f ", "a b"},
		{"\u00a0a\u00a0", "a"},
		{"\ufeffa\u200b", "a"},
		{"\u3000å\u2028", "å"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		size_t size;
		const char *start = unicode_trim(rows[i].text, &size);
		ck_assert_msg(size == strlen(rows[i].trimmed) && memcmp(start, rows[i].trimmed, size) == 0,
			      "row %zu", i);
	}
}
END_TEST

START_TEST(what_looks_the_same_becomes_the_same)
{
	static const struct {
		const char *text, *normal;
		size_t max;
	} rows[] = {
		{"abc", "abc", 3},	 {"abc", NULL, 2},	  {"", "", 0},	       {"a\u030a", "\u00e5", 2},
		{"\u212b", "\u00c5", 2}, {"\u00e5", "\u00e5", 2}, {"\u00e5", NULL, 1}, {"\xc3", NULL, 9},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char normal[16] = "untouched";
		bool good = unicode_nfc(rows[i].text, strlen(rows[i].text), rows[i].max, normal);
		ck_assert_msg(good == (rows[i].normal != NULL), "row %zu", i);
		ck_assert_str_eq(normal, good ? rows[i].normal : "untouched");
	}
}
END_TEST

START_TEST(lower_case_is_of_every_script)
{
	static const struct {
		const char *text, *lower;
		size_t max;
	} rows[] = {
		{"", "", 0},
		{"CFO", "cfo", 3},
		{"CFO", NULL, 2},
		{"ÆØÅ ß", "æøå ß", 16},
		{"A\u030a", "\u00e5", 16},
		{"ΑΒΓ", "αβγ", 16},
		{"\xff", NULL, 16},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char lower[17] = "untouched";
		bool good = unicode_lower(rows[i].text, strlen(rows[i].text), rows[i].max, lower);
		ck_assert_msg(good == (rows[i].lower != NULL), "row %zu", i);
		ck_assert_str_eq(lower, good ? rows[i].lower : "untouched");
	}
}
END_TEST

START_TEST(folded_texts_differ_by_no_case)
{
	static const struct {
		const char *text, *folded;
		size_t max;
	} rows[] = {
		{"", "", 0},
		{"CFO", "cfo", 3},
		{"CFO", NULL, 2},
		{"ÆØÅ", "æøå", 6},
		{"STRASSE", "strasse", 16},
		{"Stra\u00dfe", "strasse", 16},
		{"Stra\u1e9ee", "strasse", 16},
		{"ΟΔΌΣ", "οδόσ", 16},
		{"οδός", "οδόσ", 16},
		{"A\u030a", "\u00e5", 16},
		{"Æ\xff", NULL, 16},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char folded[17] = "untouched";
		bool good = unicode_fold(rows[i].text, strlen(rows[i].text), rows[i].max, folded);
		ck_assert_msg(good == (rows[i].folded != NULL), "row %zu", i);
		ck_assert_str_eq(folded, good ? rows[i].folded : "untouched");
	}
}
END_TEST

START_TEST(space_and_control_are_found_anywhere)
{
	static const struct {
		const char *text;
		bool found;
	} rows[] = {
		{"", false},
		{"ann", false},
		{"åse", false},
		{"a n", true},
		{"a\nn", true},
		{"a\x7f"
		 "n",
		 true},
		{"a\xc2\x85"
		 "n",
		 true},
		{"a\u00a0n", true},
		{"a\u200bn", true},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		ck_assert_msg(unicode_has_space_or_control(rows[i].text) == rows[i].found, "row %zu", i);
	}
}
END_TEST

TEST_MAIN("domain", domains_become_what_stands_in_the_dns, white_space_at_the_ends_is_trimmed,
	  what_looks_the_same_becomes_the_same, lower_case_is_of_every_script, folded_texts_differ_by_no_case,
	  space_and_control_are_found_anywhere)
