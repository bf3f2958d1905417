/*
 * Cross-origin answers: what a browser must read in them before it lets a tracker send, or lets it see that it was taken.
 * Pure.
 *
 * The origin is echoed and credentials are allowed: trackers send with credentials, and with "*" browsers then block
 * every request. That is safe here because nothing is ever answered that depends on who asks.
 */
#pragma once
#include <stddef.h>

struct arena;

#define CORS_HEADERS_MAX 16 /* entries of the list, name and value and the ending NULL */

struct cors {
	const char *headers[CORS_HEADERS_MAX]; /* name, value, …, NULL: as http_answer() takes them */
	size_t count;			       /* entries before the NULL */
};

/* `origin`: as sent, "" when absent. "null", several or what is no origin: "*" without credentials. */
void cors_answer(const char *origin, struct cors *ret_cors);
/* The same for OPTIONS; `asked`: its Access-Control-Request-Headers, "" when absent. */
void cors_preflight(const char *origin, const char *asked, struct cors *ret_cors);
/* One more header; borrows. */
void cors_add(struct cors *cors, const char *name, const char *value);
