#include "core/base/text.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

/* Bytes of the well-formed character at `at` (Unicode 15, table 3-7), 0 when there is none. */
static size_t character_size(const unsigned char *at, size_t left)
{
	unsigned char first = at[0];
	if (first < 0x80) {
		return first == 0 ? 0 : 1;
	}
	size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	if (first < 0xc2 || first > 0xf4 || size > left) {
		return 0;
	}
	unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
	if (at[1] < low || at[1] > high) {
		return 0;
	}
	for (size_t i = 2; i < size; i++) {
		if ((at[i] & 0xc0) != 0x80) {
			return 0;
		}
	}
	return size;
}

#define ONES UINT64_C(0x0101010101010101)
#define TOPS (ONES << 7)

static uint64_t eight_bytes(const unsigned char *at)
{
	uint64_t word;
	memcpy(&word, at, sizeof(word));
	return word;
}

/* One to seven bytes, some of them twice; no other bytes than theirs. */
static uint64_t few_bytes(const unsigned char *at, size_t size)
{
	if (size >= 4) {
		uint32_t first, last;
		memcpy(&first, at, sizeof(first));
		memcpy(&last, at + size - sizeof(last), sizeof(last));
		return first | (uint64_t)last << 32;
	}
	uint64_t middle = at[size / 2];
	return (at[0] | middle << 8 | (uint64_t)at[size - 1] << 16) | (middle * ONES) << 24;
}

/* The next eight bytes are ASCII, none of them NUL. */
static bool is_plain(const unsigned char *at)
{
	uint64_t word = eight_bytes(at);
	return ((word | (word - ONES)) & TOPS) == 0;
}

/* A bit is set where one of eight bytes is not ASCII, NUL, '@' or '%'; of those above one that is, one may be set too. */
static uint64_t signs_of(uint64_t word)
{
	uint64_t at = word ^ ONES * '@', percent = word ^ ONES * '%';
	return (word | (word - ONES) | (at - ONES) | (percent - ONES)) & TOPS;
}

typedef unsigned char sixteen __attribute__((vector_size(16)));

static sixteen sixteen_bytes(const void *at)
{
	sixteen bytes;
	memcpy(&bytes, at, sizeof(bytes));
	return bytes;
}

static uint64_t any_of(sixteen signs)
{
	uint64_t halves[2];
	memcpy(halves, &signs, sizeof(halves));
	return halves[0] | halves[1];
}

/* All of them are ASCII, none is NUL. */
static bool are_plain(const unsigned char *at, size_t size)
{
	if (size >= 16) {
		sixteen odd = (sixteen)(sixteen_bytes(at + size - 16) - 1 >= 0x7f);
		for (size_t done = 0; done + 16 < size; done += 16) {
			odd |= (sixteen)(sixteen_bytes(at + done) - 1 >= 0x7f);
		}
		return any_of(odd) == 0;
	}
	if (size >= 8) {
		return is_plain(at) && is_plain(at + size - 8);
	}
	uint64_t word = size > 0 ? few_bytes(at, size) : ONES;
	return ((word | (word - ONES)) & TOPS) == 0;
}

size_t text_utf8_size(const char *bytes, size_t size)
{
	const unsigned char *at = (const unsigned char *)bytes;
	size_t done = are_plain(at, size) ? size : 0;
	while (done < size) {
		size_t left = size - done;
		size_t step = left >= 8 && is_plain(at + done) ? 8
			      : at[done] - 1U < 0x7f	       ? 1
							       : character_size(at + done, left);
		if (step == 0) {
			break;
		}
		done += step;
	}
	return done;
}

bool text_is_utf8(const char *bytes, size_t size)
{
	return text_utf8_size(bytes, size) == size;
}

bool text_has_controls(const char *bytes, size_t size)
{
	const unsigned char *at = (const unsigned char *)bytes;
	size_t done = 0;
	if (size >= 16) {
		sixteen last = sixteen_bytes(at + size - 16);
		sixteen odd = (sixteen)(last < ' ') | (sixteen)(last == 0x7f);
		for (; done + 16 < size; done += 16) {
			sixteen some = sixteen_bytes(at + done);
			odd |= (sixteen)(some < ' ') | (sixteen)(some == 0x7f);
		}
		return any_of(odd) != 0;
	}
	while (done < size && at[done] >= ' ' && at[done] != 0x7f) {
		done++;
	}
	return done < size;
}

/* The same of sixteen bytes: bits are set in those that are signs, and in no others. */
static sixteen sixteen_signs(const unsigned char *at)
{
	sixteen bytes = sixteen_bytes(at);
	return (sixteen)(bytes == '@') | (sixteen)(bytes == '%') | (sixteen)(bytes - 1 >= 0x7f);
}

bool text_scan(const char *bytes, size_t size, bool *ret_may_hold_address)
{
	const unsigned char *at = (const unsigned char *)bytes;
	uint64_t signs = 0;
	if (size >= 16) {
		sixteen found = sixteen_signs(at + size - 16);
		for (size_t done = 0; done + 16 < size; done += 16) {
			found |= sixteen_signs(at + done);
		}
		signs = any_of(found);
	} else if (size >= 8) {
		for (size_t done = 0; done + 8 < size; done += 8) {
			signs |= signs_of(eight_bytes(at + done));
		}
		signs |= signs_of(eight_bytes(at + size - 8));
	} else if (size > 0) {
		signs = signs_of(few_bytes(at, size));
	}
	*ret_may_hold_address = signs != 0;
	return signs == 0 || text_is_utf8(bytes, size);
}

size_t text_cut(const char *text, size_t max)
{
	size_t size = strnlen(text, max + 1);
	if (size <= max) {
		return size;
	}
	size = max;
	while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80) {
		size--;
	}
	return size;
}

/* What may stand in the local part or the domain of an address; bytes over 0x7f are letters of some script. */
static bool is_address_byte(unsigned char byte)
{
	return isalnum(byte) || byte >= 0x80 || (byte != '\0' && strchr("._+-%", byte) != NULL);
}

/* As typed, in a URL, in a URL within a URL, and as a full-width letter. */
static size_t at_sign_size(const char *at)
{
	switch (at[0]) {
	case '@':
		return 1;
	case '%':
		return strncmp(at, "%40", 3) == 0 ? 3 : strncmp(at, "%2540", 5) == 0 ? 5 : 0;
	case '\xef':
		return strncmp(at, "\xef\xbc\xa0", 3) == 0 ? 3 : 0;
	default:
		return 0;
	}
}

/* Finds the first part from `from` on that looks like an address. */
static bool find_address(const char *text, size_t from, size_t *ret_start, size_t *ret_end)
{
	for (size_t i = from; text[i] != '\0'; i++) {
		size_t sign = at_sign_size(text + i);
		if (sign == 0) {
			continue;
		}
		size_t start = i;
		while (start > from && is_address_byte((unsigned char)text[start - 1])) {
			start--;
		}
		size_t end = i + sign;
		bool dot = false;
		while (is_address_byte((unsigned char)text[end]) && at_sign_size(text + end) == 0) {
			dot = dot || (text[end] == '.' && is_address_byte((unsigned char)text[end + 1]) &&
				      end > i + sign);
			end++;
		}
		if (start < i && dot) {
			*ret_start = start;
			*ret_end = end;
			return true;
		}
	}
	return false;
}

bool text_has_address(const char *text)
{
	size_t start, end;
	bool may_hold = true;
	return text[0] != '\0' && (!text_scan(text, strlen(text), &may_hold) || may_hold) &&
	       find_address(text, 0, &start, &end);
}

bool text_mask_addresses(char *text)
{
	bool found = false;
	size_t start, end = 0;
	while (find_address(text, end, &start, &end)) {
		memset(text + start, '*', end - start);
		found = true;
	}
	return found;
}

void text_show(char *text)
{
	text_mask_addresses(text);
	size_t left = strlen(text);
	for (char *at = text; left > 0;) {
		size_t step = character_size((const unsigned char *)at, left);
		bool is_control =
			step == 1 ? iscntrl((unsigned char)*at) : step == 2 && at[0] == '\xc2' && at[1] < '\xa0';
		if (step == 0 || is_control) {
			step = step > 0 ? step : 1;
			memset(at, '?', step);
		}
		at += step;
		left -= step;
	}
}

void text_lower(char *text)
{
	for (; *text != '\0'; text++) {
		if (*text >= 'A' && *text <= 'Z') {
			*text = (char)(*text - 'A' + 'a');
		}
	}
}

#define DISTANCE_MAX 64

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

bool text_is_plain(const char *text)
{
	for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
		bool control = *at < 0x20 || *at == 0x7f || (at[0] == 0xc2 && at[1] < 0xa0);
		bool line_break = at[0] == 0xe2 && at[1] == 0x80 && (at[2] == 0xa8 || at[2] == 0xa9);
		bool mark =
			at[0] == 0xef && ((at[1] == 0xbb && at[2] == 0xbf) || (at[1] == 0xbf && at[2] >= 0xbe));
		if (control || line_break || mark) {
			return false;
		}
	}
	return true;
}

unsigned text_distance(const char *a, const char *b)
{
	size_t a_size = strnlen(a, DISTANCE_MAX);
	size_t b_size = strnlen(b, DISTANCE_MAX);
	unsigned rows[3][DISTANCE_MAX + 1]; /* two before, one before, this one */
	for (size_t j = 0; j <= b_size; j++) {
		rows[1][j] = (unsigned)j;
	}
	for (size_t i = 1; i <= a_size; i++) {
		rows[2][0] = (unsigned)i;
		for (size_t j = 1; j <= b_size; j++) {
			unsigned change = tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]);
			unsigned best = least(least(rows[1][j], rows[2][j - 1]) + 1, rows[1][j - 1] + change);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
				best = least(best, rows[0][j - 2] + 1);
			}
			rows[2][j] = best;
		}
		memcpy(rows[0], rows[1], sizeof(rows[0]));
		memcpy(rows[1], rows[2], sizeof(rows[1]));
	}
	return rows[1][b_size];
}

bool text_is_among(const char *name, const char *names)
{
	size_t size = strlen(name);
	while (*names != '\0') {
		size_t one = strcspn(names, ",");
		if (one == size && memcmp(names, name, size) == 0) {
			return true;
		}
		names += one + (names[one] == ',');
	}
	return false;
}

const char *text_nearest(const char *word, const char *const *words, size_t count)
{
	const char *nearest = NULL;
	unsigned best = 2 + (unsigned)strnlen(word, DISTANCE_MAX) / 3;
	for (size_t i = 0; i < count; i++) {
		unsigned distance = text_distance(word, words[i]);
		if (distance < best) {
			best = distance;
			nearest = words[i];
		}
	}
	return nearest;
}
