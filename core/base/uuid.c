#include "core/base/uuid.h"

static const char hex_digits[] = "0123456789abcdef";

static bool hyphen_before(unsigned byte)
{
	return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void uuid_print(const struct uuid *id, char ret_text[static UUID_TEXT_SIZE])
{
	char *at = ret_text;
	for (unsigned i = 0; i < 16; i++) {
		if (hyphen_before(i)) {
			*at++ = '-';
		}
		*at++ = hex_digits[id->bytes[i] >> 4];
		*at++ = hex_digits[id->bytes[i] & 15];
	}
	*at = '\0';
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	if (c >= 'a' && c <= 'f') {
		return c - 'a' + 10;
	}
	if (c >= 'A' && c <= 'F') {
		return c - 'A' + 10;
	}
	return -1;
}

bool uuid_read(const char *text, struct uuid *ret_id)
{
	struct uuid id;
	const char *at = text;
	for (unsigned i = 0; i < 16; i++) {
		if (hyphen_before(i)) {
			if (*at != '-') {
				return false;
			}
			at++;
		}
		int high = hex_value(at[0]);
		int low = high < 0 ? -1 : hex_value(at[1]);
		if (low < 0) {
			return false;
		}
		id.bytes[i] = (uint8_t)(high << 4 | low);
		at += 2;
	}
	if (*at != '\0') {
		return false;
	}
	*ret_id = id;
	return true;
}
