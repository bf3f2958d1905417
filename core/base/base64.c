#include "core/base/base64.h"

/* The six bits of a character, or -1. */
static int digit(char character)
{
	if (character >= 'A' && character <= 'Z') {
		return character - 'A';
	}
	if (character >= 'a' && character <= 'z') {
		return character - 'a' + 26;
	}
	if (character >= '0' && character <= '9') {
		return character - '0' + 52;
	}
	return character == '+' || character == '-' ? 62 : character == '/' || character == '_' ? 63 : -1;
}

bool base64_read(const char *text, size_t size, uint8_t *ret_bytes, size_t *ret_size)
{
	size_t digits = size;
	while (digits > 0 && size - digits < 2 && text[digits - 1] == '=') {
		digits--;
	}
	if (digits % 4 == 1 || (digits < size && size % 4 != 0)) {
		return false;
	}
	uint32_t bits = 0;
	size_t count = 0;
	for (size_t i = 0; i < digits; i++) {
		int six = digit(text[i]);
		if (six < 0) {
			return false;
		}
		bits = bits << 6 | (uint32_t)six;
		if (i % 4 != 0) {
			ret_bytes[count++] = (uint8_t)(bits >> (6 - i % 4 * 2));
		}
	}
	*ret_size = count;
	return true;
}
