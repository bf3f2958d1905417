/*
 * A small HTTP/1.1 server on libmicrohttpd, which it hides. Its epoll descriptor is the caller's to watch; nothing
 * blocks. A handler may answer at once or later (the request waits suspended).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/fail.h"

struct http;
struct http_request;	/* lives until it is answered; its texts too */

struct http_options {
	const char *listen;		/* "127.0.0.1:8080", "[::1]:0", "unix:/run/…"; port 0: any free one */
	size_t body_size_max;		/* 413 above */
	size_t line_size_max;		/* request line and headers; 414/431 above */
	unsigned connections_max;
	unsigned request_s_max;		/* from first byte to whole request: an absolute deadline */
};

/* Called once for each whole request. Must lead to exactly one http_answer() for it, now or later. */
typedef void http_handler(void *context, struct http_request *request);

struct http *http_create(const struct http_options *options, http_handler *handler, void *context, struct fail *fail);
void http_destroy(struct http *http);	/* NULL is fine; unanswered requests are dropped */

int http_fd(const struct http *http);			/* watch for reading; then http_run() */
/* Moves everything along that can move; returns ms until it wants to be called again without an event, -1: never. */
int http_run(struct http *http);
/* Where it really listens: "127.0.0.1:41231". */
const char *http_address(const struct http *http);
/* Stops accepting; open requests may finish. */
void http_quiesce(struct http *http);
unsigned http_connections(const struct http *http);

const char *http_method(const struct http_request *request);
const char *http_path(const struct http_request *request);	/* decoded, without query */
const char *http_header(const struct http_request *request, const char *name);	/* "" when absent */
const char *http_argument(const struct http_request *request, const char *name);	/* of the query, decoded; NULL when absent */
typedef void http_each_argument(void *context, const char *name, const char *value);
void http_arguments(const struct http_request *request, http_each_argument *each, void *context);
const char *http_body(const struct http_request *request, size_t *ret_size);
void http_set_user(struct http_request *request, void *user);	/* the handler's own */
void *http_user(const struct http_request *request);

/* headers: name, value, …, NULL. Copies body. Ends the request: it must not be used afterwards. */
void http_answer(struct http_request *request, unsigned status, const char *const *headers, const void *body, size_t size);
