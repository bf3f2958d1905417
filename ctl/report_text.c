/*
 * Values of reports as JSON and CSV.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/moment.h"
#include "ctl/report_show.h"

/* As few digits as are read back as the same number. */
static void print_number(double number)
{
	char text[32];
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, number);
		if (strtod(text, NULL) == number) {
			break;
		}
	}
	fputs(text, stdout);
}

static void print_day(int64_t day)
{
	char text[MOMENT_TEXT_SIZE];
	moment_print(day * MOMENT_DAY_US, text);
	printf("%.10s", text);
}

/* Everything but texts; false: it is a text. */
static bool print_plain(enum report_kind kind, const struct report_value *value, const char *quote)
{
	char text[UUID_TEXT_SIZE > MOMENT_TEXT_SIZE ? UUID_TEXT_SIZE : MOMENT_TEXT_SIZE];
	switch (kind) {
	case REPORT_CONTACT:
		uuid_print(&value->id, text);
		printf("%s%s%s", quote, text, quote);
		return true;
	case REPORT_MOMENT:
	case REPORT_AGO:
		moment_print(value->whole, text);
		printf("%s%s%s", quote, text, quote);
		return true;
	case REPORT_DAY:
		fputs(quote, stdout);
		print_day(value->whole);
		fputs(quote, stdout);
		return true;
	case REPORT_SHARE:
	case REPORT_BAR:
	case REPORT_NUMBER:
		print_number(value->number);
		return true;
	case REPORT_COUNT:
		printf("%" PRId64, value->whole);
		return true;
	case REPORT_FLAG:
		fputs(value->whole != 0 ? "true" : "false", stdout);
		return true;
	case REPORT_TEXT:
	case REPORT_PHASE:
	case REPORT_WORDS:
		break;
	}
	return false;
}

/* ---- JSON ---- */

/* Bytes of a character here that a terminal would act on: a control (C1, too), or what turns the direction of writing. */
static size_t size_if_unsafe(const char *text, unsigned *ret_code)
{
	const unsigned char *at = (const unsigned char *)text;
	unsigned code = at[0];
	size_t size = 1;
	if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f) {
		code = at[1];
		size = 2;
	} else if (at[0] == 0xd8 && at[1] == 0x9c) {
		code = 0x061c; /* turns Arabic text */
		size = 2;
	} else if (at[0] == 0xe2 && (at[1] == 0x80 || at[1] == 0x81) && at[2] != '\0') {
		code = 0x2000U + ((at[1] & 1U) << 6) + (at[2] & 0x3fU);
		bool turns = (code >= 0x200e && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
			     (code >= 0x2066 && code <= 0x2069);
		size = turns ? 3 : 0;
	} else if (at[0] >= 0x20 && at[0] != 0x7f) {
		return 0;
	}
	*ret_code = code;
	return size;
}

static void print_json_text(const char *text, size_t size)
{
	putchar('"');
	for (const char *end = text + size; text < end;) {
		unsigned code;
		size_t unsafe = size_if_unsafe(text, &code);
		if (unsafe > 0) {
			printf("\\u%04x", code); /* the same text */
			text += unsafe;
			continue;
		}
		fputs(*text == '"' || *text == '\\' ? "\\" : "", stdout);
		putchar(*text++);
	}
	putchar('"');
}

static void print_json_words(const char *words)
{
	putchar('[');
	while (*words != '\0') {
		size_t size = strcspn(words, (const char[]){REPORT_BETWEEN, '\0'});
		print_json_text(words, size);
		words += size;
		if (*words != '\0') {
			putchar(',');
			words++;
		}
	}
	putchar(']');
}

void report_json_row(const struct report *report, const struct report_value *row)
{
	for (unsigned i = 0; i < report->column_count; i++) {
		const struct report_column *column = &report->columns[i];
		printf("%c\"%s\":", i == 0 ? '{' : ',', column->name);
		if (row[i].is_null) {
			fputs("null", stdout);
		} else if (column->kind == REPORT_WORDS) {
			print_json_words(row[i].text);
		} else if (!print_plain(column->kind, &row[i], "\"")) {
			print_json_text(row[i].text, strlen(row[i].text));
		}
	}
	fputs("}\n", stdout);
}

/* ---- CSV ---- */

static void print_csv_text(const char *text, bool on_terminal)
{
	bool formula = text[0] != '\0' && strchr("=+-@\t\r'", text[0]) != NULL;
	bool quoted = text[0] == '\0' ||
		      strpbrk(text, (const char[]){'"', ',', '\r', '\n', REPORT_BETWEEN, '\0'}) != NULL;
	fputs(quoted ? "\"" : "", stdout);
	fputs(formula ? "'" : "", stdout);
	while (*text != '\0') {
		unsigned code;
		size_t unsafe = on_terminal && *text != REPORT_BETWEEN ? size_if_unsafe(text, &code) : 0;
		if (unsafe > 0) {
			fputs("\xef\xbf\xbd", stdout);
			text += unsafe;
			continue;
		}
		fputs(*text == '"' ? "\"" : "", stdout);
		putchar(*text == REPORT_BETWEEN ? ',' : *text);
		text++;
	}
	fputs(quoted ? "\"" : "", stdout);
}

void report_csv_head(const struct report *report)
{
	for (unsigned i = 0; i < report->column_count; i++) {
		printf("%s%s", i > 0 ? "," : "", report->columns[i].name);
	}
	fputs("\r\n", stdout);
}

void report_csv_row(const struct report *report, const struct report_value *row)
{
	bool on_terminal = isatty(STDOUT_FILENO) == 1;
	for (unsigned i = 0; i < report->column_count; i++) {
		fputs(i > 0 ? "," : "", stdout);
		if (!row[i].is_null && !print_plain(report->columns[i].kind, &row[i], "")) {
			print_csv_text(row[i].text, on_terminal);
		}
	}
	fputs("\r\n", stdout);
}
