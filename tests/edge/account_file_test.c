/* core/edge/account_file.h: what the file of accounts and its lists say, and what is refused of them. */
#include "core/edge/account_file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/arena.h"
#include "tests/table.h"

static char folder[64], file[96], list[96];

static void write_text(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");
	ck_assert_ptr_nonnull(out);
	ck_assert(fputs(text, out) >= 0 && fclose(out) == 0);
}

/* The file, and beside it free-mail.txt. */
static bool read_texts(const char *text, const char *list_text, struct arena *arena, struct account_book *ret_book,
		       struct fail *fail)
{
	snprintf(folder, sizeof(folder), "/tmp/phased-accounts-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/accounts.yaml", folder);
	snprintf(list, sizeof(list), "%s/free-mail.txt", folder);
	write_text(file, text);
	write_text(list, list_text);
	bool good = account_file_read(file, arena, ret_book, fail);
	unlink(file);
	unlink(list);
	rmdir(folder);
	return good;
}

static const char *found(const struct account_book *book, const char *domain)
{
	for (size_t i = 0; i < book->domain_count; i++) {
		const struct account_domain *at = &book->domains[i];
		if (strcmp(at->domain, domain) == 0) {
			return at->account != NULL ? at->account : at->list[0] != '\0' ? at->list : "none";
		}
	}
	return "not there";
}

START_TEST(a_list_without_an_end_is_refused)
{
	struct arena arena;
	struct account_book book;
	struct fail fail;
	char *lines = malloc(ACCOUNT_LIST_LINES_MAX + 2);
	ck_assert_ptr_nonnull(lines);
	ck_assert(arena_init(&arena, 1 << 20));
	memset(lines, '\n', ACCOUNT_LIST_LINES_MAX + 1);
	lines[ACCOUNT_LIST_LINES_MAX] = '\0';
	ck_assert_msg(read_texts("lists: [free-mail.txt]\n", lines, &arena, &book, &fail), "%s", fail.text);
	lines[ACCOUNT_LIST_LINES_MAX] = '\n';
	lines[ACCOUNT_LIST_LINES_MAX + 1] = '\0';
	ck_assert(!read_texts("lists: [free-mail.txt]\n", lines, &arena, &book, &fail));
	ck_assert_uint_eq(fail.exit_code, EXIT_CONFIG);
	ck_assert_msg(strstr(fail.text, "free-mail.txt: more than 1000000 lines") != NULL, "%s", fail.text);
	free(lines);
	arena_finish(&arena);
}
END_TEST

START_TEST(what_the_file_itself_says_goes_before_its_lists)
{
	struct arena arena;
	struct account_book book;
	struct fail fail;
	ck_assert(arena_init(&arena, 1 << 20));
	ck_assert_msg(read_texts("lists: [free-mail.txt]\n"
				 "no_account: [None.test]\n"
				 "domains: {BLÅBÆR.test: acme.test, gmail.com: Gmail.com}\n"
				 "accounts: {acme.test: {name: Acme, parent: b.test}, b.test: {parent: c.test}, "
				 "d.test: }\n",
				 "# a comment\n\ngmail.com\nhotmail.com\r\nBlåbær.test\nhotmail.com\nlast.test",
				 &arena, &book, &fail),
		      "%s", fail.text);
	static const char *const rows[][2] = {
		{"gmail.com", "gmail.com"}, {"hotmail.com", "free-mail"}, {"xn--blbr-roah.test", "acme.test"},
		{"last.test", "free-mail"}, {"none.test", "none"},	  {"acme.test", "not there"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		ck_assert_str_eq(found(&book, rows[i][0]), rows[i][1]);
	}
	ck_assert_uint_eq(book.domain_count, 5);
	for (size_t i = 1; i < book.domain_count; i++) {
		ck_assert_int_lt(strcmp(book.domains[i - 1].domain, book.domains[i].domain), 0);
	}
	static const struct account accounts[] = {{"acme.test", "Acme", "b.test", "c.test"},
						  {"b.test", NULL, "c.test", "c.test"},
						  {"d.test", NULL, NULL, "d.test"}};
	ck_assert_uint_eq(book.account_count, COUNT_OF(accounts));
	for (size_t i = 0; i < COUNT_OF(accounts); i++) {
		ck_assert_str_eq(book.accounts[i].account, accounts[i].account);
		ck_assert_pstr_eq(book.accounts[i].name, accounts[i].name);
		ck_assert_pstr_eq(book.accounts[i].parent, accounts[i].parent);
		ck_assert_str_eq(book.accounts[i].top, accounts[i].top);
	}
	arena_finish(&arena);
}
END_TEST

START_TEST(what_committees_are_made_of)
{
	static const struct {
		const char *text, *expected;
		double hr, user;
	} rows[] = {
		{"", "CFO CMO CEO sales production procurement IT ", 1, 1},
		{"committee:\n", "CFO CMO CEO sales production procurement IT ", 1, 1},
		{"committee: {multipliers: {HR: 0, user: .5}}", "CFO CMO CEO sales production procurement IT ", 0,
		 .5},
		{"committee: {expected: []}", "", 1, 1},
		{"committee: {expected: [user, CFO], multipliers: {HR: 4}}", "CFO user ", 4, 1},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct arena arena;
		struct account_book book;
		struct fail fail;
		char expected[128] = "";
		ck_assert(arena_init(&arena, 1 << 16));
		ck_assert_msg(read_texts(rows[i].text, "", &arena, &book, &fail), "%s", fail.text);
		for (unsigned role = 0; role < ROLE_COUNT; role++) {
			if (book.committee.expected[role]) {
				size_t used = strlen(expected);
				snprintf(expected + used, sizeof(expected) - used, "%s ",
					 role_name((enum role)role));
			}
		}
		ck_assert_str_eq(expected, rows[i].expected);
		ck_assert_double_eq(book.committee.multiplier[ROLE_HR], rows[i].hr);
		ck_assert_double_eq(book.committee.multiplier[ROLE_USER], rows[i].user);
		ck_assert_double_eq(book.committee.multiplier[ROLE_NONE], 1);
		arena_finish(&arena);
	}
}
END_TEST

START_TEST(an_empty_file_says_nothing)
{
	struct arena arena;
	struct account_book book;
	struct fail fail;
	ck_assert(arena_init(&arena, 1 << 16));
	ck_assert_msg(read_texts("", "", &arena, &book, &fail), "%s", fail.text);
	ck_assert(book.domain_count == 0 && book.account_count == 0);
	arena_finish(&arena);
}
END_TEST

START_TEST(what_is_wrong_is_named_with_its_line)
{
	static const struct {
		const char *text, *list, *said; /* behind the name of the file */
	} rows[] = {
		{"listz: []", "", "accounts.yaml:1: unknown key \"listz\" (did you mean \"lists\"?)"},
		{"lists: [other.txt]", "", "other.txt: No such file or directory"},
		{"lists: [free-mail.list]", "", "must be a file called like free-mail.txt"},
		{"lists: [Free Mail.txt]", "", "must be a file called like free-mail.txt"},
		{"lists: [free-mail.txt]", "gmail.com\nacme test\n",
		 "free-mail.txt:2: expected a domain, not \"acme test\""},
		{"lists: [free-mail.txt]", "ann@acme.test\n", "free-mail.txt:1: expected a domain, not \"…\""},
		{"domains: {\"acme.test\": [a.test, b.test]}", "", "must have one domain behind it"},
		{"domains: {acme.test: \"Acme A/S\"}", "",
		 "accounts.yaml:1: \"domains\": \"Acme A/S\" is no domain"},
		{"\ndomains: {\"acme test\": a.test}", "",
		 "accounts.yaml:2: \"domains\": \"acme test\" is no domain"},
		{"domains: [a.test]", "", "\"domains\" must be a map"},
		{"no_account: [\"a b\"]", "", "\"no_account\": \"a b\" is no domain"},
		{"no_account: [a.test]\ndomains: {A.test: b.test}", "", "\"a.test\" stands twice"},
		{"accounts: [a.test]", "", "\"accounts\" must be a map"},
		{"accounts: {a.test: {parent: \"b b\"}}", "", "\"parent\": \"b b\" is no domain"},
		{"accounts: {a.test: {owner: b.test}}", "", "unknown key \"owner\""},
		{"accounts: {a.test: {}, A.test: {}}", "", "\"a.test\" stands twice in \"accounts\""},
		{"accounts: {a.test: {parent: b.test}, b.test: {parent: a.test}}", "",
		 "its parents lead back to it"},
		{"committee: [CFO]", "", "accounts.yaml:1: \"committee\" must be a map"},
		{"committee: {expect: [CFO]}", "", "unknown key \"expect\""},
		{"committee: {expected: CFO}", "", "\"expected\" must be a list of roles"},
		{"committee:\n  expected: [CFO, CTOO]", "", "accounts.yaml:2: "},
		{"committee: {expected: [CFO, CFO]}", "", "\"expected\" names CFO twice"},
		{"committee: {multipliers: [HR]}", "", "\"multipliers\" must be a map"},
		{"committee: {multipliers: {boss: 1}}", "", "boss"},
		{"committee: {multipliers: {HR: -1}}", "", "HR must have a number from 0 to 4 behind it"},
		{"committee: {multipliers: {HR: 4.5}}", "", "HR must have a number from 0 to 4 behind it"},
		{"committee: {multipliers: {HR: much}}", "", "HR must have a number from 0 to 4 behind it"},
		{"committee: {multipliers: {CFO: 0}}", "", "CFO is expected, so it decides"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct arena arena;
		struct account_book book = {.domain_count = 7};
		struct fail fail = {0};
		ck_assert(arena_init(&arena, 1 << 20));
		ck_assert_msg(!read_texts(rows[i].text, rows[i].list, &arena, &book, &fail), "%s", rows[i].text);
		ck_assert_msg(strstr(fail.text, rows[i].said) != NULL, "%s: %s", rows[i].text, fail.text);
		ck_assert_uint_eq(fail.exit_code, EXIT_CONFIG);
		ck_assert_uint_eq(book.domain_count, 7);
		arena_finish(&arena);
	}
}
END_TEST

START_TEST(a_full_arena_is_said)
{
	struct arena arena;
	struct account_book book;
	struct fail fail = {0};
	for (size_t size = 4096; size <= 65536; size += 4096) {
		ck_assert(arena_init(&arena, size));
		if (!read_texts("lists: [free-mail.txt]\naccounts: {a.test: {name: A}}",
				"gmail.com\nhotmail.com\n", &arena, &book, &fail)) {
			ck_assert_uint_ne(fail.text[0], '\0');
		}
		arena_finish(&arena);
	}
}
END_TEST

TEST_MAIN("account_file", what_the_file_itself_says_goes_before_its_lists, what_committees_are_made_of,
	  an_empty_file_says_nothing, what_is_wrong_is_named_with_its_line, a_list_without_an_end_is_refused,
	  a_full_arena_is_said)
