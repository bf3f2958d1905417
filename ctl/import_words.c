#include "ctl/import_words.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/base/text.h"

#define AMOUNT_DIGITS_MAX 9 /* before the decimals */
#define DECIMALS_MAX 4
#define DIGITS "0123456789"

/* ---- Dates ---- */

struct date {
	unsigned part[3];
	size_t digits[3];
	char separator;
	const char *rest; /* behind it */
};

/* Up to `max` digits; how many there were. */
static size_t take_digits(const char **at, size_t max, unsigned *ret)
{
	size_t count = 0;
	*ret = 0;
	while (count < max && isdigit((unsigned char)(*at)[count])) {
		*ret = *ret * 10 + (unsigned)((*at)[count++] - '0');
	}
	*at += count;
	return count;
}

/* Three numbers, one of them of four digits, at an end: a year. */
static bool take_date(const char *text, struct date *ret)
{
	struct date date = {.rest = text};
	for (size_t i = 0; i < COUNT_OF(date.part); i++) {
		date.digits[i] = take_digits(&date.rest, 4, &date.part[i]);
		if (date.digits[i] == 0 || date.digits[i] == 3) {
			return false;
		}
		if (i == 2) {
			break;
		}
		if (*date.rest == '\0' || strchr("-/.", *date.rest) == NULL ||
		    (i == 1 && *date.rest != date.separator)) {
			return false;
		}
		date.separator = *date.rest++;
	}
	bool year_first = date.digits[0] == 4, year_last = date.digits[2] == 4;
	if (isdigit((unsigned char)*date.rest) || date.digits[1] > 2 || year_first == year_last) {
		return false;
	}
	*ret = date;
	return true;
}

/* The year last, and neither dots, which only those write who have the day first. */
static bool is_open(const struct date *date)
{
	return date->digits[2] == 4 && date->separator != '.';
}

enum import_reading import_words_order(const char *text)
{
	struct date date;
	if (!take_date(text, &date) || !is_open(&date) || date.part[0] == date.part[1]) {
		return IMPORT_READING_ANY;
	}
	bool day_first = date.part[1] <= 12, month_first = date.part[0] <= 12;
	return day_first && month_first ? IMPORT_READING_EITHER
	       : day_first		? IMPORT_READING_FIRST
	       : month_first		? IMPORT_READING_SECOND
					: IMPORT_READING_ANY;
}

/* "14:30", "14.30.05", "2:30 pm", "14:30:05.5+01:00". `ret_offset`: "" where there is none. */
static bool take_time(const char *text, unsigned ret_parts[static 3], const char **ret_offset)
{
	unsigned parts[3] = {0}, fraction;
	size_t count = 0;
	do {
		size_t digits = take_digits(&text, 2, &parts[count]);
		if (digits == 0 || (count > 0 && digits != 2)) {
			return false;
		}
		count++;
	} while (count < 3 && (*text == ':' || *text == '.') && text++ != NULL);
	if (count == 3 &&
	    (*text == '.' || *text == ',')) { /* below a second nobody at a fair looks at the clock */
		text++;
		take_digits(&text, 9, &fraction);
	}
	text += strspn(text, " ");
	bool is_pm = strncasecmp(text, "pm", 2) == 0;
	if (is_pm || strncasecmp(text, "am", 2) == 0) {
		if (parts[0] < 1 || parts[0] > 12) {
			return false;
		}
		parts[0] = parts[0] % 12 + (is_pm ? 12 : 0);
		text += 2 + strspn(text + 2, " ");
	}
	*ret_offset = text;
	memcpy(ret_parts, parts, sizeof(parts));
	return count >= 2;
}

/* The same with RFC 3339, which knows how long months are. */
static bool make_moment(const unsigned date[static 3], const unsigned time[static 3], const char *offset,
			int64_t *ret_us)
{
	char text[64];
	snprintf(text, sizeof(text), "%04u-%02u-%02uT%02u:%02u:%02u%s", date[0], date[1], date[2], time[0],
		 time[1], time[2], offset);
	return moment_read(text, ret_us);
}

bool import_words_is_offset(const char *offset)
{
	static const unsigned date[] = {2026, 1, 1}, time[] = {0, 0, 0};
	int64_t us;
	return strlen(offset) <= sizeof("+00:00") - 1 && !isdigit((unsigned char)offset[0]) && offset[0] != '.' &&
	       make_moment(date, time, offset, &us);
}

/* Year, month, day; false: *ret_why. */
static bool settle_date(const struct date *date, enum import_reading order, unsigned ret[static 3],
			const char **ret_why)
{
	static const unsigned char places[3][3] = {{0, 1, 2}, {2, 1, 0}, {2, 0, 1}}; /* of year, month, day */
	if (date->digits[2] == 4 && date->separator == '.' && order == IMPORT_MONTH_FIRST && date->part[0] <= 12 &&
	    date->part[0] != date->part[1]) {
		*ret_why = "dots have the day first, and dates of this file the month: which is it?";
		return false;
	}
	size_t how = date->digits[0] == 4	      ? 0
		     : !is_open(date)		      ? 1
		     : order == IMPORT_READING_FIRST  ? 1
		     : order == IMPORT_READING_SECOND ? 2
						      : 3;
	if (how == 3 && date->part[0] != date->part[1]) {
		*ret_why = "day first or month first?";
		return false;
	}
	for (size_t i = 0; i < 3; i++) {
		ret[i] = date->part[places[how % 3][i]];
	}
	if (how == 3) { /* 05/05/2026 */
		ret[0] = date->part[2];
		ret[1] = ret[2] = date->part[0];
	}
	return true;
}

bool import_words_moment(const char *date_text, const char *time_text, enum import_reading order,
			 const char *offset, int64_t *ret_us, const char **ret_why)
{
	struct date date;
	unsigned parts[3], time[3] = {0};
	const char *own_offset = "";
	if (!take_date(date_text, &date)) {
		*ret_why = "not a date, as 2026-12-24 or 24.12.2026";
		return false;
	}
	const char *rest = date.rest;
	bool has_time = *rest == 'T' || *rest == 't' || *rest == ' ';
	rest += has_time ? 1 + strspn(rest + 1, " ") : 0;
	if (has_time && time_text[0] != '\0') {
		*ret_why = "a time of day beside one in a column of its own";
		return false;
	}
	const char *clock = has_time ? rest : time_text;
	if ((!has_time && *rest != '\0') || (clock[0] != '\0' && !take_time(clock, time, &own_offset))) {
		*ret_why = "not a time of day, as 14:30";
		return false;
	}
	if (!settle_date(&date, order, parts, ret_why)) {
		return false;
	}
	*ret_why = "no such day or time of day";
	return (own_offset[0] == '\0' || import_words_is_offset(own_offset)) &&
	       make_moment(parts, time, own_offset[0] != '\0' ? own_offset : offset, ret_us);
}

/* ---- Amounts ---- */

struct amount {
	char text[48]; /* digits, ',' and '.', ' ' for spaces of all kinds, '\'' for apostrophes */
	size_t size;
	size_t commas, points;
	size_t last_comma, last_point; /* where */
};

/* What stands between thousands only: before each three digits, and before all decimals. */
static bool fits_thousands(const char *text)
{
	size_t at = strspn(text, DIGITS);
	char between = text[at];
	bool fits = at <= 3 && (between == ' ' || between == '\'');
	while (fits && text[at] == between) {
		fits = strspn(text + at + 1, DIGITS) == 3;
		at += fits ? 4 : 0;
	}
	return strpbrk(text + at, " '") == NULL;
}

static bool take_amount(const char *text, struct amount *ret)
{
	static const struct {
		const char *mark, *as;
	} between[] = {
		{"\xc2\xa0", " "}, {"\xe2\x80\xaf", " "}, {"\xe2\x80\x99", "'"}, {" ", " "}, {"'", "'"},
	};
	struct amount amount = {0};
	while (*text != '\0') {
		char taken = *text;
		size_t size = 1;
		for (size_t i = 0; i < COUNT_OF(between); i++) {
			if (strncmp(text, between[i].mark, strlen(between[i].mark)) == 0) {
				taken = between[i].as[0];
				size = strlen(between[i].mark);
				break;
			}
		}
		if ((!isdigit((unsigned char)taken) && strchr(",. '", taken) == NULL) ||
		    amount.size == sizeof(amount.text) - 1) {
			return false;
		}
		if (taken == ',') {
			amount.commas++;
			amount.last_comma = amount.size;
		} else if (taken == '.') {
			amount.points++;
			amount.last_point = amount.size;
		}
		amount.text[amount.size++] = taken;
		text += size;
	}
	*ret = amount;
	return amount.size > 0 && isdigit((unsigned char)amount.text[0]) &&
	       isdigit((unsigned char)amount.text[amount.size - 1]) && fits_thousands(amount.text);
}

/* Could the mark at `at`, the only one, be one of thousands? In "1,234", not in "0,125" or "1234,567". */
static bool may_be_thousands(const struct amount *amount, size_t at)
{
	return amount->size - at == 4 && at <= 3 && amount->text[0] != '0';
}

static enum import_reading reading_of(const struct amount *amount)
{
	if (amount->commas > 0 && amount->points > 0) {
		return amount->last_comma > amount->last_point ? IMPORT_READING_FIRST : IMPORT_READING_SECOND;
	}
	if (amount->commas > 1 || amount->points > 1) { /* thousands, so that the other one is before decimals */
		return amount->points > 1 ? IMPORT_READING_FIRST : IMPORT_READING_SECOND;
	}
	if (amount->commas + amount->points == 0) {
		return IMPORT_READING_ANY;
	}
	if (may_be_thousands(amount, amount->commas > 0 ? amount->last_comma : amount->last_point)) {
		return IMPORT_READING_EITHER;
	}
	return amount->commas > 0 ? IMPORT_READING_FIRST : IMPORT_READING_SECOND;
}

enum import_reading import_words_mark(const char *text)
{
	struct amount amount;
	return take_amount(text, &amount) ? reading_of(&amount) : IMPORT_READING_ANY;
}

/* "1234567", or "1.234.567" with one mark between thousands: `between`, a space or an apostrophe. */
static bool is_whole(const char *text, size_t size, char between)
{
	size_t first = strspn(text, DIGITS);
	if (first >= size) {
		return size >= 1 && size <= AMOUNT_DIGITS_MAX;
	}
	if (text[first] == ' ' || text[first] == '\'') {
		between = text[first];
	}
	bool fits = first >= 1 && first <= 3 && (size - first) % 4 == 0 && size <= AMOUNT_DIGITS_MAX + 2;
	for (size_t i = first; i < size && fits; i += 4) {
		fits = text[i] == between && strspn(text + i + 1, DIGITS) >= 3;
	}
	return fits;
}

/* "1.234.567,5", its mark being ','. */
static bool sum_up(const struct amount *amount, char mark, int64_t *ret_parts)
{
	const char *decimals = memchr(amount->text, mark, amount->size);
	size_t whole = decimals != NULL ? (size_t)(decimals - amount->text) : amount->size;
	size_t count = decimals != NULL ? amount->size - whole - 1 : 0;
	if (!is_whole(amount->text, whole, mark == ',' ? '.' : ',') || count > DECIMALS_MAX ||
	    (decimals != NULL && strspn(decimals + 1, DIGITS) != count)) {
		return false;
	}
	int64_t parts = 0;
	for (size_t i = 0; i < amount->size; i++) {
		if (isdigit((unsigned char)amount->text[i])) {
			parts = parts * 10 + (amount->text[i] - '0');
		}
	}
	for (; count < DECIMALS_MAX; count++) {
		parts *= 10;
	}
	*ret_parts = parts;
	return true;
}

bool import_words_amount(const char *text, enum import_reading mark, int64_t *ret_parts, const char **ret_why)
{
	struct amount amount;
	if (!take_amount(text, &amount)) {
		*ret_why = "not an amount, as 1234.50";
		return false;
	}
	enum import_reading own = reading_of(&amount);
	if (own == IMPORT_READING_EITHER && mark != IMPORT_READING_FIRST && mark != IMPORT_READING_SECOND) {
		*ret_why = "a decimal comma or a decimal point?";
		return false;
	}
	bool told = mark == IMPORT_READING_FIRST || mark == IMPORT_READING_SECOND;
	if (told && (own == IMPORT_READING_FIRST || own == IMPORT_READING_SECOND) && own != mark) {
		*ret_why = mark == IMPORT_READING_FIRST ? "not an amount with a decimal comma"
							: "not an amount with a decimal point";
		return false;
	}
	*ret_why = "not an amount below a thousand million with at most four decimals";
	enum import_reading taken = told ? mark : own;
	return sum_up(&amount, taken == IMPORT_READING_FIRST ? ',' : '.', ret_parts);
}

/* ---- Consent ---- */

bool import_words_consent(const char *word, enum statement *ret_statement)
{
	static const struct {
		const char *words;
		enum statement statement;
	} rows[] = {
		{"granted,yes,y,true,1,x,ja,j", STATEMENT_GRANTED},
		{"denied,no,n,false,0,nej,nei,nein", STATEMENT_DENIED},
	};
	char lower[16];
	*ret_statement = STATEMENT_UNSAID;
	if (word[0] == '\0') {
		return true;
	}
	if (strlen(word) >= sizeof(lower) || strchr(word, ',') != NULL) {
		return false;
	}
	snprintf(lower, sizeof(lower), "%s", word);
	text_lower(lower);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (text_is_among(lower, rows[i].words)) {
			*ret_statement = rows[i].statement;
			return true;
		}
	}
	return false;
}

bool import_words_currency(const char *code, char ret_code[static IMPORT_CURRENCY_SIZE])
{
	size_t size = strlen(code);
	for (size_t i = 0; i < size && i < IMPORT_CURRENCY_SIZE - 1; i++) {
		ret_code[i] = (char)toupper((unsigned char)code[i]);
	}
	ret_code[IMPORT_CURRENCY_SIZE - 1] = '\0';
	return size == IMPORT_CURRENCY_SIZE - 1 && strspn(ret_code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == size;
}
