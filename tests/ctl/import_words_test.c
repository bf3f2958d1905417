#include "ctl/import_words.h"

#include <string.h>

#include "core/base/moment.h"
#include "tests/table.h"

START_TEST(dates_are_read_as_people_write_them)
{
	static const struct {
		const char *date, *time;
		enum import_reading order;
		const char *offset, *is; /* "": refused */
	} rows[] = {
		{"2026-12-24", "", IMPORT_READING_ANY, "Z", "2026-12-24T00:00:00Z"},
		{"2026/12/24", "", IMPORT_READING_ANY, "Z", "2026-12-24T00:00:00Z"},
		{"2026-12-24T14:30:05Z", "", IMPORT_READING_ANY, "+01:00", "2026-12-24T14:30:05Z"},
		{"2026-12-24T14:30:05.25+02:00", "", IMPORT_READING_ANY, "Z", "2026-12-24T12:30:05Z"},
		{"2026-12-24 14:30", "", IMPORT_READING_ANY, "+01:00", "2026-12-24T13:30:00Z"},
		{"24.12.2026", "", IMPORT_READING_ANY, "Z", "2026-12-24T00:00:00Z"},
		{"3.4.2026", "", IMPORT_READING_ANY, "Z", "2026-04-03T00:00:00Z"}, /* dots: the day is first */
		{"24.4.2026", "", IMPORT_MONTH_FIRST, "Z", "2026-04-24T00:00:00Z"},
		{"4.4.2026", "", IMPORT_MONTH_FIRST, "Z", "2026-04-04T00:00:00Z"},
		{"3.4.2026 9.05", "", IMPORT_READING_ANY, "Z", "2026-04-03T09:05:00Z"},
		{"03/04/2026", "", IMPORT_DAY_FIRST, "Z", "2026-04-03T00:00:00Z"},
		{"03/04/2026", "", IMPORT_MONTH_FIRST, "Z", "2026-03-04T00:00:00Z"},
		{"03-04-2026", "", IMPORT_DAY_FIRST, "Z", "2026-04-03T00:00:00Z"},
		{"05/05/2026", "", IMPORT_READING_ANY, "Z", "2026-05-05T00:00:00Z"},
		{"12/24/2026", "2:30 pm", IMPORT_MONTH_FIRST, "Z", "2026-12-24T14:30:00Z"},
		{"12/24/2026 12:30 AM", "", IMPORT_MONTH_FIRST, "Z", "2026-12-24T00:30:00Z"},
		{"2026-12-24", "14:30", IMPORT_READING_ANY, "+01:00", "2026-12-24T13:30:00Z"},
		{"2026-12-24", "14:30-05:00", IMPORT_READING_ANY, "+01:00", "2026-12-24T19:30:00Z"},
		{"29.2.2028", "", IMPORT_READING_ANY, "Z", "2028-02-29T00:00:00Z"},
		/* refused, never guessed */
		{"03/04/2026", "", IMPORT_READING_ANY, "Z", ""},
		{"03.04.2026", "", IMPORT_MONTH_FIRST, "Z", ""},
		{"12.24.2026", "", IMPORT_MONTH_FIRST, "Z", ""},
		{"12/24/2026", "", IMPORT_DAY_FIRST, "Z", ""},
		{"24/12/2026", "", IMPORT_MONTH_FIRST, "Z", ""},
		{"29.2.2026", "", IMPORT_READING_ANY, "Z", ""},
		{"24.12.26", "", IMPORT_READING_ANY, "Z", ""},
		{"24.12-2026", "", IMPORT_READING_ANY, "Z", ""},
		{"2026-12-2026", "", IMPORT_READING_ANY, "Z", ""},
		{"20261224", "", IMPORT_READING_ANY, "Z", ""},
		{"46380", "", IMPORT_READING_ANY, "Z", ""},
		{"", "", IMPORT_READING_ANY, "Z", ""},
		{"soon", "", IMPORT_READING_ANY, "Z", ""},
		{"2026-12-24x", "", IMPORT_READING_ANY, "Z", ""},
		{"2026-12-24 25:00", "", IMPORT_READING_ANY, "Z", ""},
		{"2026-12-24 14", "", IMPORT_READING_ANY, "Z", ""},
		{"2026-12-24 13:00 pm", "", IMPORT_READING_ANY, "Z", ""},
		{"2026-12-24 14:30 noon", "", IMPORT_READING_ANY, "Z", ""},
		{"2026-12-24 14:30", "14:30", IMPORT_READING_ANY, "Z", ""},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		int64_t us = 0;
		const char *why = "";
		char text[MOMENT_TEXT_SIZE] = "";
		if (import_words_moment(rows[i].date, rows[i].time, rows[i].order, rows[i].offset, &us, &why)) {
			moment_print(us, text);
		} else {
			ck_assert_msg(why[0] != '\0', "%s", rows[i].date);
		}
		ck_assert_msg(strcmp(text, rows[i].is) == 0, "%s %s: %s", rows[i].date, rows[i].time, text);
	}
}
END_TEST

START_TEST(what_a_date_shows_of_the_order)
{
	static const struct {
		const char *date;
		enum import_reading is;
	} rows[] = {
		{"13/04/2026", IMPORT_READING_FIRST},	     {"04/13/2026", IMPORT_READING_SECOND},
		{"04-13-2026", IMPORT_READING_SECOND},	     {"03/04/2026", IMPORT_READING_EITHER},
		{"04/04/2026", IMPORT_READING_ANY},	     {"2026-03-04", IMPORT_READING_ANY},
		{"13.04.2026", IMPORT_READING_ANY},	     {"13/14/2026", IMPORT_READING_ANY},
		{"03/04/2026 10:00", IMPORT_READING_EITHER}, {"", IMPORT_READING_ANY},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		ck_assert_msg(import_words_order(rows[i].date) == rows[i].is, "%s", rows[i].date);
	}
}
END_TEST

START_TEST(amounts_are_read_as_people_write_them)
{
	static const struct {
		const char *amount;
		enum import_reading mark;
		int64_t is; /* -1: refused */
	} rows[] = {
		{"0", IMPORT_READING_ANY, 0},
		{"1234", IMPORT_READING_ANY, 12340000},
		{"1234.5", IMPORT_READING_ANY, 12345000},
		{"1234,50", IMPORT_READING_ANY, 12345000},
		{"1.234,50", IMPORT_READING_ANY, 12345000},
		{"1,234.50", IMPORT_READING_ANY, 12345000},
		{"1 234,50", IMPORT_READING_ANY, 12345000},
		{"1\xc2\xa0"
		 "234,50",
		 IMPORT_READING_ANY, 12345000},
		{"1'234.50", IMPORT_READING_ANY, 12345000},
		{"1\xe2\x80\x99"
		 "234'567",
		 IMPORT_READING_ANY, 12345670000},
		{"1 234 567", IMPORT_READING_ANY, 12345670000},
		{"1 234.567", IMPORT_READING_ANY, 12345670},
		{"1.234.567", IMPORT_READING_ANY, 12345670000},
		{"1,234,567.0001", IMPORT_READING_ANY, 12345670001},
		{"1.234", IMPORT_COMMA, 12340000},
		{"1.234", IMPORT_POINT, 12340},
		{"1,234", IMPORT_COMMA, 12340},
		{"1,234", IMPORT_POINT, 12340000},
		{"0.125", IMPORT_READING_ANY, 1250},
		{"999999999.9999", IMPORT_READING_ANY, 9999999999999},
		/* refused, never guessed */
		{"1,234", IMPORT_READING_ANY, -1},
		{"12.50", IMPORT_COMMA, -1},
		{"12,50", IMPORT_POINT, -1},
		{"1000000000", IMPORT_READING_ANY, -1},
		{"0.00001", IMPORT_READING_ANY, -1},
		{"1.23.456", IMPORT_READING_ANY, -1},
		{"12 50", IMPORT_READING_ANY, -1},
		{"1 2 3", IMPORT_READING_ANY, -1},
		{"1234 567", IMPORT_READING_ANY, -1},
		{"1  234", IMPORT_READING_ANY, -1},
		{"12'50", IMPORT_READING_ANY, -1},
		{"1 234'567", IMPORT_READING_ANY, -1},
		{"1 234.567,50", IMPORT_READING_ANY, -1},
		{"12.50 0", IMPORT_READING_ANY, -1},
		{"12.5 000", IMPORT_READING_ANY, -1},
		{"12.50 ", IMPORT_READING_ANY, -1},
		{"1,2345.6", IMPORT_READING_ANY, -1},
		{"-5", IMPORT_READING_ANY, -1},
		{"5-", IMPORT_READING_ANY, -1},
		{"5,-", IMPORT_READING_ANY, -1},
		{"5.", IMPORT_READING_ANY, -1},
		{".5", IMPORT_READING_ANY, -1},
		{"kr 5", IMPORT_READING_ANY, -1},
		{"1e3", IMPORT_READING_ANY, -1},
		{"", IMPORT_READING_ANY, -1},
		{"11111111111111111111111111111111111111111111111111111111", IMPORT_READING_ANY, -1},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		int64_t parts = -1;
		const char *why = "";
		bool read = import_words_amount(rows[i].amount, rows[i].mark, &parts, &why);
		ck_assert_msg(parts == rows[i].is, "%s: %lld", rows[i].amount, (long long)parts);
		ck_assert_msg(read == (rows[i].is >= 0) && (read || why[0] != '\0'), "%s", rows[i].amount);
	}
}
END_TEST

START_TEST(what_an_amount_shows_of_its_decimal_mark)
{
	static const struct {
		const char *amount;
		enum import_reading is;
	} rows[] = {
		{"12,50", IMPORT_READING_FIRST},
		{"12.50", IMPORT_READING_SECOND},
		{"1.234,5", IMPORT_READING_FIRST},
		{"1,234.5", IMPORT_READING_SECOND},
		{"1.234.567", IMPORT_READING_FIRST},
		{"1,234,567", IMPORT_READING_SECOND},
		{"1.234", IMPORT_READING_EITHER},
		{"1,234", IMPORT_READING_EITHER},
		{"1234", IMPORT_READING_ANY},
		{"0,125", IMPORT_READING_FIRST},
		{"1234,567", IMPORT_READING_FIRST},
		{"12 50,5", IMPORT_READING_ANY},
		{"1 234,567", IMPORT_READING_FIRST},
		{"free", IMPORT_READING_ANY},
		{"", IMPORT_READING_ANY},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		ck_assert_msg(import_words_mark(rows[i].amount) == rows[i].is, "%s", rows[i].amount);
	}
}
END_TEST

START_TEST(consent_is_said_in_words_that_are_known)
{
	static const struct {
		const char *word;
		int is; /* -1: refused */
	} rows[] = {
		{"", STATEMENT_UNSAID},
		{"granted", STATEMENT_GRANTED},
		{"Ja", STATEMENT_GRANTED},
		{"YES", STATEMENT_GRANTED},
		{"x", STATEMENT_GRANTED},
		{"denied", STATEMENT_DENIED},
		{"Nej", STATEMENT_DENIED},
		{"0", STATEMENT_DENIED},
		{"withdrawn", -1},
		{"perhaps", -1},
		{"yes,no", -1},
		{"a word far too long", -1},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		enum statement statement = STATEMENT_WITHDRAWN;
		bool read = import_words_consent(rows[i].word, &statement);
		ck_assert_msg(read == (rows[i].is >= 0) && (!read || (int)statement == rows[i].is), "%s",
			      rows[i].word);
	}
}
END_TEST

START_TEST(offsets_and_currencies)
{
	char code[IMPORT_CURRENCY_SIZE];
	ck_assert(import_words_is_offset("+01:00") && import_words_is_offset("Z") &&
		  import_words_is_offset("-11:30"));
	ck_assert(!import_words_is_offset("") && !import_words_is_offset("CET") && !import_words_is_offset("+1") &&
		  !import_words_is_offset(".5Z"));
	ck_assert(import_words_currency("dkk", code) && strcmp(code, "DKK") == 0);
	ck_assert(!import_words_currency("kr", code) && !import_words_currency("EURO", code) &&
		  !import_words_currency("E1R", code) && !import_words_currency("", code));
}
END_TEST

TEST_MAIN("import words", dates_are_read_as_people_write_them, what_a_date_shows_of_the_order,
	  amounts_are_read_as_people_write_them, what_an_amount_shows_of_its_decimal_mark,
	  consent_is_said_in_words_that_are_known, offsets_and_currencies)
