/*
 * The rules that libmicrohttpd 0.9.75 does not keep: a request that two readers (a proxy in front and we) could take
 * to end at different places is refused before its body is read. Pure.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <strings.h>

#define HTTP_HEADERS_MAX 100

struct http_header {
	const char *name, *value;
	size_t name_size, value_size;
};

struct http_framing {
	unsigned status; /* 0: fine; else refuse with it and close */
	int64_t length;	 /* of the body as declared, -1: not declared (none, or chunked) */
};

/* Whatever its case; `size` is that of `name`, not 0. */
static inline bool http_header_is(const struct http_header *header, const char *name, size_t size)
{
	return header->name_size == size && ((header->name[0] ^ name[0]) & ~('a' ^ 'A')) == 0 &&
	       strncasecmp(header->name, name, size) == 0;
}

/* `version` is "HTTP/1.1" or "HTTP/1.0". */
struct http_framing http_guard(const char *version, const struct http_header *headers, size_t count);
