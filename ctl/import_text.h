/*
 * A file of text as UTF-8, whatever it was written in. Hides iconv. Read from the front, as often as asked for, in memory that does not
 * grow with the file.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/fail.h"

#define IMPORT_TEXT_END (-1)
#define IMPORT_TEXT_STRANGE '\xff' /* stands where bytes were none of the encoding's: no UTF-8 has it */

struct import_encoding {
	char name[32];	 /* as iconv calls it */
	const char *why; /* in words: "told by its mark" */
	size_t mark;	 /* bytes of a byte order mark at the front */
};

struct import_text; /* opaque: it holds iconv's */

/*
 * Looks through the file: which encoding is it in? `asked` or NULL. By its mark; else UTF-8 where all of it is UTF-8; else windows-1252, which has
 * what ISO-8859-1 has, unless parts of it are plainly UTF-8: then somebody has to say. False: *fail; EXIT_USAGE where nobody did, or no such
 * encoding is known.
 */
bool import_text_find(const char *path, const char *asked, struct import_encoding *ret_encoding,
		      struct fail *fail);

/* Ready to be read from the front, or NULL: *fail. The caller ends it with import_text_close(), which takes NULL. */
struct import_text *import_text_open(const char *path, const struct import_encoding *encoding, struct fail *fail);
void import_text_close(struct import_text *text);

/* The next byte; a line's end is '\n', however the file ends its lines. IMPORT_TEXT_END at the end, or where it cannot be read on. */
int import_text_next(struct import_text *text);
/* "sep=;" and a line's end, which tell Excel what is between the columns: passes over it and returns the character, or 0 where there is none.
 * At the front. */
char import_text_hint(struct import_text *text);
/* False: the end was none, *fail. */
bool import_text_is_whole(const struct import_text *text, struct fail *fail);
/* How much of the file has been read: 0 … 1. */
double import_text_part(const struct import_text *text);
