/*
 * What people write into cells: dates, amounts, consent. Pure.
 *
 * 03/04/2026 and 1,234 can be read in two ways. Which one is never guessed: each cell says what it can only be, the whole file is asked, and where
 * nothing tells, somebody has to.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/event.h"

/* What one cell shows of how the file is written. */
enum import_reading {
	IMPORT_READING_ANY,    /* reads the same either way, or not at all */
	IMPORT_READING_FIRST,  /* only the first way */
	IMPORT_READING_SECOND, /* only the second */
	IMPORT_READING_EITHER, /* both, differently */
	/* Of dates; of the mark before decimals. */
	IMPORT_DAY_FIRST = IMPORT_READING_FIRST,
	IMPORT_MONTH_FIRST = IMPORT_READING_SECOND,
	IMPORT_COMMA = IMPORT_READING_FIRST,
	IMPORT_POINT = IMPORT_READING_SECOND
};

enum import_reading import_words_order(const char *date);
enum import_reading import_words_mark(const char *amount);

/*
 * 2026-12-24 (also with / or .), 24.12.2026, and by `order` 24/12/2026 or 24-12-2026; behind it, or in `time`, 14:30, 14.30:05, 2:30 pm, with Z or
 * +01:00. Without a time it is the first moment of the day. `offset`: of times that have none, as "+01:00". False: *ret_why, in words without
 * what the cell says.
 */
bool import_words_moment(const char *date, const char *time, enum import_reading order, const char *offset,
			 int64_t *ret_us, const char **ret_why);
/* Is it an offset, as "+01:00" or "Z"? */
bool import_words_is_offset(const char *offset);

#define IMPORT_AMOUNT_UNIT 10000 /* of an amount's parts */
/* 1234,50, 1.234,50, 1,234.50, 1 234.50, 1'234.50; no sign, no currency; below a thousand million, at most four decimals. */
bool import_words_amount(const char *amount, enum import_reading mark, int64_t *ret_parts, const char **ret_why);

/* granted, yes, ja, x, …: GRANTED; denied, no, nej, …: DENIED; "": UNSAID. */
bool import_words_consent(const char *word, enum statement *ret_statement);

#define IMPORT_CURRENCY_SIZE 4
/* Three letters, in upper case. */
bool import_words_currency(const char *code, char ret_code[static IMPORT_CURRENCY_SIZE]);
