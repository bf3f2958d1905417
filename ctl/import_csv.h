/*
 * Lines of a table as spreadsheets write them (RFC 4180): cells in quotes or not, line breaks within quotes.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/import_text.h"

#define IMPORT_CSV_LINE_MAX ((size_t)64 * 1024) /* bytes of UTF-8 */
#define IMPORT_CSV_CELLS_MAX 256

struct import_cell {
	const char *text; /* NUL behind it; may hold anything, NUL too */
	size_t size;
};

struct import_csv {
	struct import_text *text; /* borrowed */
	char separator;
	uint64_t next_line; /* of the file, from 1 */
	/* Of the line that was read last; until the next one is. */
	uint64_t line;	     /* where it began: a line with breaks in quotes is longer than one of the file's */
	const char *trouble; /* why it is none of the table's, in words, or NULL */
	struct import_cell cells[IMPORT_CSV_CELLS_MAX];
	size_t count;
	char bytes[IMPORT_CSV_LINE_MAX + IMPORT_CSV_CELLS_MAX];
	size_t used;
};

/* At the front of the file. Passes over a line "sep=;": then that is the separator, whatever was asked for. */
void import_csv_start(struct import_csv *csv, struct import_text *text, char separator);
/* The next line; false at the end of the file. */
bool import_csv_next(struct import_csv *csv);
/* Is there nothing in it? */
bool import_csv_is_empty(const struct import_csv *csv);
