#include "core/base/unicode.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#include "core/base/text.h"

/* ASCII, and neither white space nor a control character. */
static bool is_mark(uint8_t byte)
{
	return byte > ' ' && byte < 0x7f;
}

/* White space, and the two that stand for nothing and ride along when a text is copied from a page. */
static bool is_space(ucs4_t character)
{
	if (character < 0x80) {
		return character == ' ' || (character >= '\t' && character <= '\r');
	}
	return character == 0x200b || character == 0xfeff || uc_is_property_white_space(character);
}

const char *unicode_trim(const char *text, size_t *ret_size)
{
	const uint8_t *start = (const uint8_t *)text;
	const uint8_t *end = start + strlen(text);
	if (start < end && is_mark(start[0]) && is_mark(end[-1])) {
		*ret_size = (size_t)(end - start);
		return text;
	}
	ucs4_t character;
	for (const uint8_t *next = u8_next(&character, start); next != NULL && is_space(character);
	     next = u8_next(&character, start)) {
		start = next;
	}
	for (const uint8_t *previous = u8_prev(&character, end, start); previous != NULL && is_space(character);
	     previous = u8_prev(&character, end, start)) {
		end = previous;
	}
	*ret_size = (size_t)(end - start);
	return (const char *)start;
}

static bool is_ascii(const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if ((unsigned char)bytes[i] >= 0x80) {
			return false;
		}
	}
	return true;
}

/* Takes what libunistring made (NULL: it could not) over into the caller's text. */
static bool keep(uint8_t *made, size_t size, size_t max, char *ret_text)
{
	bool fits = made != NULL && size <= max;
	if (fits) {
		memcpy(ret_text, made, size);
		ret_text[size] = '\0';
	}
	free(made);
	return fits;
}

bool unicode_nfc(const char *bytes, size_t size, size_t max, char *ret_text)
{
	if (!text_is_utf8(bytes, size)) {
		return false;
	}
	if (is_ascii(bytes, size)) {
		if (size > max) {
			return false;
		}
		memcpy(ret_text, bytes, size);
		ret_text[size] = '\0';
		return true;
	}
	size_t length = 0;
	uint8_t *normal = u8_normalize(UNINORM_NFC, (const uint8_t *)bytes, size, NULL, &length);
	return keep(normal, length, max, ret_text);
}

bool unicode_lower(const char *bytes, size_t size, size_t max, char *ret_text)
{
	if (!text_is_utf8(bytes, size)) {
		return false;
	}
	size_t length = 0;
	uint8_t *lower = u8_tolower((const uint8_t *)bytes, size, "", UNINORM_NFC, NULL, &length);
	return keep(lower, length, max, ret_text);
}

bool unicode_fold(const char *bytes, size_t size, size_t max, char *ret_text)
{
	if (is_ascii(bytes, size)) {
		if (size > max || memchr(bytes, '\0', size) != NULL) {
			return false;
		}
		memcpy(ret_text, bytes, size);
		ret_text[size] = '\0';
		text_lower(ret_text);
		return true;
	}
	if (!text_is_utf8(bytes, size)) {
		return false;
	}
	size_t length = 0;
	uint8_t *folded = u8_casefold((const uint8_t *)bytes, size, "", UNINORM_NFC, NULL, &length);
	return keep(folded, length, max, ret_text);
}

static bool is_of_word(ucs4_t character)
{
	if (character < 0x80) {
		return (character | 0x20) - 'a' < 26 || character - '0' < 10;
	}
	return uc_is_general_category_withtable(character,
						UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_N | UC_CATEGORY_MASK_M);
}

const char *unicode_word(const char *text, size_t *ret_size)
{
	ucs4_t character;
	const uint8_t *start = (const uint8_t *)text, *next = u8_next(&character, start);
	while (next != NULL && !is_of_word(character)) {
		start = next;
		next = u8_next(&character, start);
	}
	if (next == NULL) {
		return NULL;
	}
	const uint8_t *end = next;
	while ((next = u8_next(&character, end)) != NULL && is_of_word(character)) {
		end = next;
	}
	*ret_size = (size_t)(end - start);
	return (const char *)start;
}

bool unicode_has_space_or_control(const char *text)
{
	ucs4_t character;
	while (is_mark((uint8_t)*text)) {
		text++;
	}
	for (const uint8_t *at = u8_next(&character, (const uint8_t *)text); at != NULL;
	     at = u8_next(&character, at)) {
		if (is_space(character) || character < 0x20 || (character >= 0x7f && character < 0xa0)) {
			return true;
		}
	}
	return false;
}
