/*
 * Reads the head of a usual request, and says of every other that it is not one: what is in doubt here is libmicrohttpd's to
 * judge (http_quick.c). Usual is
 *
 *	POST /plain/path HTTP/1.1
 *	Name: value           lines end by CRLF; at most one space before the value, none behind it
 *	Content-Length: 123   always; its body follows whole
 *
 * without a query, an escape, Transfer-Encoding, Expect, Upgrade, or a Connection other than keep-alive. Pure.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/edge/http_guard.h"

#define HTTP_HEAD_HEADERS_MAX 32

struct http_head {
	const char *path;
	size_t path_size;
	size_t size;	  /* of the head, its empty line included */
	size_t body_size; /* as declared */
	struct http_header headers[HTTP_HEAD_HEADERS_MAX];
	size_t header_count;
};

/* Whether `bytes` begin with a usual head; its texts end by a NUL then, written into `bytes`. False: `bytes` are as good as lost, and
 * so is *ret_head. */
bool http_head_read(char *bytes, size_t size, struct http_head *ret_head);
