/*
 * A small HTTP/1.1 server on libmicrohttpd, which it hides. Its epoll descriptor is the caller's to watch; nothing
 * blocks, nothing logs. A handler may answer at once or later (the request waits suspended). The usual request is read and
 * answered without libmicrohttpd (http_quick.c): a POST of plain bytes in one piece.
 *
 * Refuses by itself, and closes: whatever two readers could read in two ways (http_guard.h), a NUL in the request
 * line (400), a line, header or body over its limit (414, 431, 413), a request that is not whole within its time. Slow
 * clients do not keep others out (http_connection.h). TLS belongs to the proxy in front. Folded header lines, bare LF and a
 * NUL in a header's value are read as libmicrohttpd reads them.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/fail.h"
#include "core/edge/http_address.h"

struct http;
struct http_request; /* lives until it is answered; its texts too */

struct http_options {
	const char
		*listen; /* "127.0.0.1:8080", "[::1]:0", "unix:/run/…"; port 0: any free one; numbers, no names */
	/* A socket that the service manager hands us under this name is taken in its place; NULL: none. */
	const char *socket;
	size_t body_size_max;	/* 413 above */
	size_t bodies_size_max; /* of all requests that are being read; 503 above; 0: no limit */
	size_t line_size_max; /* request target; 414 above. Beside it there is room for 8 KiB of headers: 431 above */
	/* At once; another one takes the place of the one that has been the client's turn for longest, and waits in the
	 * kernel when all wait for the handler. */
	unsigned connections_max;
	unsigned
		address_connections_max; /* the same for one address (a V6 one: its /64), 429 in place of waiting; 0: none */
	unsigned
		kept_max; /* that wait for a next request: each keeps its memory. Above, the oldest is closed; 0: none */
	/* Absolute, however it trickles. Seconds for request line and headers, each; for the body, and for the client to
	 * fetch its answer; for a next request line. head and kept 0: as the request's. */
	unsigned head_s_max, request_s_max, kept_s_max;
	/* Believed about who is behind them, and not limited themselves; borrowed for life; NULL: none. */
	const struct http_networks *proxies;
	enum http_forwarded forwarded; /* by which header they say it */
};

/* Called once for each whole request. Must lead to exactly one http_answer() for it, now or later. */
typedef void http_handler(void *context, struct http_request *request);

struct http *http_create(const struct http_options *options, http_handler *handler, void *context,
			 struct fail *fail);
/* Takes over what may change while it serves: head_s_max, request_s_max, kept_s_max, kept_max and forwarded. */
void http_reconfigure(struct http *http, const struct http_options *options);
void http_destroy(struct http *http); /* NULL is fine; unanswered requests are dropped */

int http_fd(const struct http *http); /* watch for reading; then http_run() */
/* Moves everything along that can move; returns ms until it wants to be called again without an event, -1: never. */
int http_run(struct http *http);
/* Where it really listens: "127.0.0.1:41231". */
const char *http_address(const struct http *http);
/* Stops accepting; open requests may finish. Twice is fine. */
void http_quiesce(struct http *http);
/* Requests that the handler has, or whose answer is not with the client yet. */
unsigned http_open(const struct http *http);
/* Requests that have begun to come and are not whole; with `silent` those too of new connections that have said nothing
 * yet. Not those that a client may send on a connection that it keeps. */
unsigned http_coming(const struct http *http, bool silent);

struct http_counts {
	unsigned connections;
	/* Since the start: */
	uint64_t refused; /* requests before a handler saw them */
	uint64_t late;	  /* connections cut because their time was over */
	uint64_t evicted; /* cut to make room */
	uint64_t crowded; /* refused because all of their address wait for the handler */
};
struct http_counts http_counts(const struct http *http);

/* Who sent it, for limits: HTTP_NOBODY or HTTP_UNIX when that is not known, HTTP_UNCLEAR when it hides. */
struct http_address http_client(const struct http_request *request);
const char *http_method(const struct http_request *request);
const char *http_path(const struct http_request *request);		       /* decoded, without query */
const char *http_header(const struct http_request *request, const char *name); /* the first; "" when absent */
const char *http_argument(const struct http_request *request,
			  const char *name); /* of the query, decoded; NULL when absent */
typedef void http_each_argument(void *context, const char *name,
				const char *value); /* value "" when it has none */
void http_arguments(const struct http_request *request, http_each_argument *each, void *context);
/* As long as the handler runs; who keeps the request asks again, or drops it: its bytes may move when the handler returns. */
const char *http_body(const struct http_request *request, size_t *ret_size);
void http_drop_body(struct http_request *request); /* no longer needed: a request that waits holds no body */
void http_set_user(struct http_request *request, void *user); /* the handler's own */
void *http_user(const struct http_request *request);

/* headers: name, value, …, NULL. Copies all. Ends the request: it must not be used afterwards. The client has the
 * answer then, or some http_run() later (http_fd() becomes readable). */
void http_answer(struct http_request *request, unsigned status, const char *const *headers, const void *body,
		 size_t size);
