/*
 * Cross-origin answers: what a browser must read in them before it lets a tracker send, or lets it see that it was taken.
 * Pure.
 *
 * The origin is echoed and credentials are allowed: trackers send with credentials, and with "*" browsers then block
 * every request. That is safe here because nothing is ever answered that depends on who asks.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define CORS_HEADERS_MAX 24 /* entries of the list, name and value and the ending NULL; cookies need the most */

struct cors {
	const char *headers[CORS_HEADERS_MAX]; /* name, value, …, NULL: as http_answer() takes them */
	size_t count;			       /* entries before the NULL */
};

/* scheme "://" host [":" port] in lower case, and nothing else: what a browser sends. */
bool cors_is_origin(const char *origin);
/* Is it one of them, exactly? Without a list, and without an origin ("": not a page's request), always. */
bool cors_allows(const char *const *origins, size_t count, const char *origin);

/* `origin`: as sent, "" when absent. "null", several or what is no origin: "*" without credentials. */
void cors_answer(const char *origin, struct cors *ret_cors);
/* The same for OPTIONS; `asked`: its Access-Control-Request-Headers, "" when absent. */
void cors_preflight(const char *origin, const char *asked, struct cors *ret_cors);
/* One more header; borrows. */
void cors_add(struct cors *cors, const char *name, const char *value);
