#include "core/edge/http_guard.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "core/base/text.h"

#define LENGTH_DIGITS_MAX 18 /* fits an int64_t */

/* RFC 9110 5.6.2: a name with a space before its colon is none. */
static bool is_token_byte(unsigned char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '-' ||
	       (byte >= '0' && byte <= '9') || (byte != '\0' && strchr("!#$%&'*+.^_`|~", byte) != NULL);
}

static bool is_token(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (!is_token_byte((unsigned char)text[i])) {
			return false;
		}
	}
	return size > 0;
}

static bool is_value(const char *text, size_t size)
{
	if (!text_has_controls(text, size)) {
		return true;
	}
	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)text[i];
		if ((byte < ' ' && byte != '\t') || byte == 0x7f) {
			return false;
		}
	}
	return true;
}

/* Digits only: "+3", "3, 3", "0x3" and "" have been read differently by different servers. */
static int64_t read_length(const struct http_header *header)
{
	if (header->value_size == 0 || header->value_size > LENGTH_DIGITS_MAX) {
		return -1;
	}
	int64_t length = 0;
	for (size_t i = 0; i < header->value_size; i++) {
		if (!isdigit((unsigned char)header->value[i])) {
			return -1;
		}
		length = length * 10 + (header->value[i] - '0');
	}
	return length;
}

struct http_framing http_guard(const char *version, const struct http_header *headers, size_t count)
{
	const struct http_framing refused = {.status = 400, .length = -1};
	if (count > HTTP_HEADERS_MAX) {
		return (struct http_framing){.status = 431, .length = -1};
	}
	const struct http_header *length = NULL, *encoding = NULL, *host = NULL;
	for (size_t i = 0; i < count; i++) {
		const struct http_header *header = &headers[i];
		if (!is_token(header->name, header->name_size) || !is_value(header->value, header->value_size)) {
			return refused;
		}
		const struct http_header **once = http_header_is(header, "Content-Length", 14)	    ? &length
						  : http_header_is(header, "Transfer-Encoding", 17) ? &encoding
						  : http_header_is(header, "Host", 4)		    ? &host
												    : NULL;
		if (once != NULL && *once != NULL) {
			return refused;
		}
		if (once != NULL) {
			*once = header;
		}
	}
	bool is_old = strcmp(version, "HTTP/1.1") != 0;
	if ((host == NULL && !is_old) || (encoding != NULL && (length != NULL || is_old))) {
		return refused;
	}
	if (encoding != NULL && (encoding->value_size != 7 || strncasecmp(encoding->value, "chunked", 7) != 0)) {
		return refused;
	}
	if (length != NULL && read_length(length) < 0) {
		return refused;
	}
	return (struct http_framing){.status = 0, .length = length != NULL ? read_length(length) : -1};
}
