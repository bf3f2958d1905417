#include "ctl/board/markup.h"

#include <string.h>

#include "core/base/moment.h"
#include "core/base/text.h"
#include "ctl/terminal.h"

static const char replacement[] = "\xef\xbf\xbd";

/* How many bytes at `at` turn the direction of writing, or are no character of XML: U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to
 * U+2069, U+FFFE, U+FFFF. */
static size_t is_unfit(const unsigned char *at, size_t left)
{
	if (left >= 2 && at[0] == 0xd8 && at[1] == 0x9c) {
		return 2;
	}
	if (left < 3) {
		return 0;
	}
	bool is_turn = at[0] == 0xe2 &&
		       ((at[1] == 0x80 && (at[2] == 0x8e || at[2] == 0x8f || (at[2] >= 0xaa && at[2] <= 0xae))) ||
			(at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9));
	bool is_none = at[0] == 0xef && at[1] == 0xbf && at[2] >= 0xbe;
	return is_turn || is_none ? 3 : 0;
}

static const char *instead_of(unsigned char byte)
{
	switch (byte) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return byte < ' ' || byte == 0x7f ? replacement : NULL;
	}
}

void markup_text(const char *text, FILE *out)
{
	size_t left = text != NULL ? strlen(text) : 0;
	while (left > 0) {
		size_t good = text_utf8_size(text, left);
		for (const char *end = text + good; text < end;) {
			size_t unfit = is_unfit((const unsigned char *)text, (size_t)(end - text));
			const char *instead = unfit > 0 ? replacement : instead_of((unsigned char)*text);
			if (instead != NULL) {
				fputs(instead, out);
			} else {
				fputc(*text, out);
			}
			text += unfit > 0 ? unfit : 1;
		}
		left -= good;
		if (left > 0) {
			fputs(replacement, out);
			text++;
			left--;
		}
	}
}

void markup_fit(const char *text, unsigned columns, FILE *out)
{
	char cell[TERMINAL_CELL_SIZE];
	terminal_fit(text != NULL ? text : "", columns, false, cell);
	size_t size = strlen(cell);
	while (size > 0 && cell[size - 1] == ' ') {
		size--;
	}
	cell[size] = '\0';
	markup_text(cell, out);
}

void markup_url(const char *text, FILE *out)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	for (; text != NULL && *text != '\0'; text++) {
		if (strchr(plain, *text) != NULL) {
			fputc(*text, out);
		} else {
			fprintf(out, "%%%02X", (unsigned char)*text);
		}
	}
}

void markup_day(int64_t us, char ret_text[static MARKUP_DAY_SIZE])
{
	char text[MOMENT_TEXT_SIZE];
	ret_text[0] = '\0';
	if (us != INT64_MIN) {
		moment_print(us, text);
		snprintf(ret_text, MARKUP_DAY_SIZE, "%.10s", text);
	}
}

void markup_share(double share, char ret_text[static MARKUP_SHARE_SIZE])
{
	double percent = share >= 0 && share <= 1 ? share * 100 : 0;
	percent = percent > 99 && percent < 100 ? 99 : percent < 1 && percent > 0 ? 1 : percent;
	snprintf(ret_text, MARKUP_SHARE_SIZE, "%.0f %%", percent);
}
