/* core/flow/role.h and its table of words. */
#include "core/flow/role.h"

#include <string.h>

#include "core/base/unicode.h"
#include "tests/table.h"

static const struct {
	const char *words;
} entries[] = {
#define X(role, words) {words},
#include "core/flow/role_words.def"
#undef X
};

static const char *name_of(const char *text)
{
	const char *name = role_name(role_read(text));
	return name != NULL ? name : "none";
}

START_TEST(roles_are_read_from_what_people_write)
{
	static const struct {
		const char *text, *role;
	} rows[] = {
		{"CFO", "CFO"},
		{" cfo ", "CFO"},
		{"Chief Financial Officer", "CFO"},
		{"Økonomidirektør", "CFO"},
		{"ØKONOMICHEF", "CFO"},
		{"Ekonomichef, Norden", "CFO"},
		{"Kaufmännischer Leiter", "CFO"},
		{"o\u0308vrigt", "other"}, /* decomposed */
		{"Marketingdirektør", "CMO"},
		{"Head of Marketing", "CMO"},
		{"Marknadschef", "CMO"},
		{"VD", "CEO"},
		{"Adm. dir.", "CEO"},
		{"Geschäftsführerin", "CEO"},
		{"CEO & founder", "CEO"},
		{"Daglig leder", "CEO"},
		{"Owner", "CEO"},
		{"Sales", "sales"},
		{"Vice President Sales", "sales"},
		{"Key account manager", "sales"},
		{"Säljchef", "sales"},
		{"Vertriebsleiter", "sales"},
		{"Sælger", "sales"},
		{"Produktionschef", "production"},
		{"Werkleiter", "production"},
		{"COO", "production"},
		{"HR", "HR"},
		{"HR-chef", "HR"},
		{"Head of Human Resources", "HR"},
		{"Personalleiter", "HR"},
		{"Head of Procurement, Nordics", "procurement"},
		{"Indkøber", "procurement"},
		{"EINKAUF", "procurement"},
		{"Strategic buyer", "procurement"},
		{"Inköpschef", "procurement"},
		{"IT", "IT"},
		{"it-chef", "IT"},
		{"CIO", "IT"},
		{"IT/OT", "IT"},
		{"User", "user"},
		{"end-user", "user"},
		{"Bruger", "user"},
		{"Anwender", "user"},
		{"Användare", "user"},
		{"Other", "other"},
		{"Andet", "other"},
		{"Sonstiges", "other"},

		/* What stands first tells most, and there the longest. */
		{"Assistant to the CEO", "other"},
		{"CEO and acting CFO", "CEO"},
		{"IT consultant", "other"},
		{"System administrator, sales", "IT"},
		/* Whole words only. */
		{"italian", "none"},
		{"Hrafn", "none"},
		{"salesman", "none"},
		{"cfox", "none"},
		{"xcfo", "none"},
		{"chief financial", "none"},
		{"financial officer chief", "none"},
		{"", "none"},
		{" ", "none"},
		{"-", "none"},
		{"Direktør", "none"},
		{"Kaptajn", "none"},
		{"\xff", "none"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		ck_assert_msg(strcmp(name_of(rows[i].text), rows[i].role) == 0, "%s: %s", rows[i].text,
			      name_of(rows[i].text));
	}
}
END_TEST

START_TEST(a_text_over_its_limit_has_no_role)
{
	char text[ROLE_TEXT_SIZE_MAX + 2];
	memset(text, 'x', sizeof(text));
	memcpy(text, "cfo ", 4);
	text[ROLE_TEXT_SIZE_MAX] = '\0';
	ck_assert_int_eq(role_read(text), ROLE_CFO);
	text[ROLE_TEXT_SIZE_MAX] = 'x';
	text[ROLE_TEXT_SIZE_MAX + 1] = '\0';
	ck_assert_int_eq(role_read(text), ROLE_NONE);
	/* "İ" is longer in lower case than in upper case. */
	for (size_t i = 0; i < ROLE_TEXT_SIZE_MAX; i += 2) {
		memcpy(text + i, "İ", 2);
	}
	text[ROLE_TEXT_SIZE_MAX] = '\0';
	ck_assert_int_eq(role_read(text), ROLE_NONE);
}
END_TEST

START_TEST(the_words_are_written_as_they_are_looked_for)
{
	for (size_t i = 0; i < COUNT_OF(entries); i++) {
		const char *words = entries[i].words;
		char lower[256];
		ck_assert(unicode_lower(words, strlen(words), sizeof(lower) - 1, lower));
		ck_assert_msg(strcmp(lower, words) == 0, "%s: not lower case", words);
		size_t size;
		ck_assert_msg(unicode_trim(words, &size) == words && size == strlen(words) &&
				      strstr(words, "  ") == NULL,
			      "%s: one space between words", words);
		ck_assert_msg(strpbrk(words, "-.,/&+'") == NULL, "%s: no punctuation", words);
		ck_assert_msg(role_read(words) != ROLE_NONE, "%s: not found", words);
		for (size_t j = 0; j < i; j++) {
			ck_assert_msg(strcmp(words, entries[j].words) != 0, "%s: twice", words);
		}
	}
}
END_TEST

TEST_MAIN("role", roles_are_read_from_what_people_write, a_text_over_its_limit_has_no_role,
	  the_words_are_written_as_they_are_looked_for)
