/*
 * What http.c (the server), http_request.c (a request's life) and http_view.c (what its handler sees) share; nobody else
 * includes this.
 */
#pragma once
#include <microhttpd.h>

#include "core/edge/http.h"
#include "core/edge/http_connection.h"
#include "core/edge/http_listen.h"

/* Beside the request line, in a connection's memory: headers, where they begin and end, and the answer's. */
#define HTTP_POOL_MORE ((size_t)16 * 1024)

struct http {
	struct http_options options;
	http_handler *handler;
	void *context;
	struct MHD_Daemon *daemon;
	struct http_listen listen;
	int epoll_fd; /* the caller's to watch: libmicrohttpd's own, wake_fd, and the listening one while it is wanted */
	int wake_fd; /* libmicrohttpd does not say that a connection was resumed: this does */
	bool is_woken, is_listening, quiesced, ending;
	int64_t now_us;	   /* monotonic, of this turn */
	int64_t accept_us; /* not before this: descriptors or memory had run out */
	struct http_connections connections;
	struct http_connection *arriving; /* between accept() and libmicrohttpd's word for it */
	struct http_request *suspended;
	unsigned open;
	size_t bodies_size; /* room of all bodies */
	struct http_counts counts;
};

enum request_state {
	REQUEST_READING,
	REQUEST_HANDED,	 /* the handler has it, in its call or suspended */
	REQUEST_ANSWERED /* response is there, to be queued or queued */
};

struct http_request {
	struct http *http;
	struct http_connection *connection;
	struct MHD_Connection *mhd;
	const char *method, *path;
	enum request_state state;
	bool suspended;
	bool is_open;	 /* counted in http->open */
	unsigned refuse; /* a status to refuse it with once its body is read away, 0: none */
	int64_t length;	 /* of the body as declared, -1: not declared */
	char *body;
	size_t body_size, body_room, read_away;
	struct MHD_Response *response;
	unsigned status;
	void *user;
	struct http_request *next, **link; /* of those suspended */
};

/* Callbacks of libmicrohttpd: http_request.c has what they do. */
enum MHD_Result http_on_request(void *context, struct MHD_Connection *mhd, const char *path, const char *method,
				const char *version, const char *bytes, size_t *size, void **slot);
void http_on_completed(void *context, struct MHD_Connection *mhd, void **slot,
		       enum MHD_RequestTerminationCode code);
void *http_on_target(void *context, const char *target, struct MHD_Connection *mhd);
/* Whoever waits is let go, unanswered. */
void http_drop_suspended(struct http *http);
