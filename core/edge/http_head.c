#include "core/edge/http_head.h"

#include <string.h>
#include <strings.h>

static const char method[] = "POST ";
static const char version[] = " HTTP/1.1\r\n";

static bool is_path_byte(unsigned char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '-' && byte <= '9') ||
	       byte == '_' || byte == '~';
}

/* From `at`, behind the method; NULL: not usual. Returns what is behind the line. */
static char *read_target(char *at, const char *end, struct http_head *ret)
{
	char *begin = at;
	while (at < end && is_path_byte((unsigned char)*at)) {
		at++;
	}
	if (at == begin || *begin != '/' || (size_t)(end - at) < sizeof(version) - 1 ||
	    memcmp(at, version, sizeof(version) - 1) != 0) {
		return NULL;
	}
	ret->path = begin;
	ret->path_size = (size_t)(at - begin);
	*at = '\0';
	return at + sizeof(version) - 1;
}

/* One line, "Name: value\r\n"; what its bytes may be is http_guard()'s to say. */
static char *read_header(char *at, const char *end, struct http_header *ret)
{
	char *line_end = memchr(at, '\n', (size_t)(end - at));
	if (line_end == NULL || line_end - at < 2 || line_end[-1] != '\r') {
		return NULL;
	}
	char *value_end = line_end - 1, *colon = memchr(at, ':', (size_t)(value_end - at));
	if (colon == NULL) {
		return NULL;
	}
	char *value = colon + 1;
	value += *value == ' ';
	if (value < value_end &&
	    (*value == ' ' || *value == '\t' || value_end[-1] == ' ' || value_end[-1] == '\t')) {
		return NULL;
	}
	*ret = (struct http_header){at, value, (size_t)(colon - at), (size_t)(value_end - value)};
	*colon = *value_end = '\0';
	return line_end + 1;
}

/* Headers by which a request would not be a usual one; http_guard() sees to Transfer-Encoding that is wrong. */
static bool is_plain(const struct http_head *head)
{
	for (size_t i = 0; i < head->header_count; i++) {
		const struct http_header *header = &head->headers[i];
		if (http_header_is(header, "Transfer-Encoding", 17) || http_header_is(header, "Expect", 6) ||
		    http_header_is(header, "Upgrade", 7) ||
		    (http_header_is(header, "Connection", 10) && strcasecmp(header->value, "keep-alive") != 0)) {
			return false;
		}
	}
	return true;
}

bool http_head_read(char *bytes, size_t size, struct http_head *ret_head)
{
	const char *end = bytes + size;
	if (size < sizeof(method) || memcmp(bytes, method, sizeof(method) - 1) != 0) {
		return false;
	}
	char *at = read_target(bytes + sizeof(method) - 1, end, ret_head);
	ret_head->header_count = 0;
	while (at != NULL && end - at >= 2 && *at != '\r') {
		if (ret_head->header_count == HTTP_HEAD_HEADERS_MAX) {
			return false;
		}
		at = read_header(at, end, &ret_head->headers[ret_head->header_count++]);
	}
	if (at == NULL || end - at < 2 || at[1] != '\n') {
		return false;
	}
	struct http_framing framing = http_guard("HTTP/1.1", ret_head->headers, ret_head->header_count);
	if (framing.status != 0 || framing.length < 0 || !is_plain(ret_head)) {
		return false;
	}
	ret_head->size = (size_t)(at + 2 - bytes);
	ret_head->body_size = (size_t)framing.length;
	return true;
}
