/*
 * What http.c (the server), http_quick.c (the usual request), http_request.c (any other's life) and http_view.c (what its handler
 * sees) share; nobody else includes this.
 */
#pragma once
#include <microhttpd.h>
#include <time.h>

#include "core/edge/http.h"
#include "core/edge/http_connection.h"
#include "core/edge/http_guard.h"
#include "core/edge/http_listen.h"

/* Beside the request line, in a connection's memory: headers, where they begin and end, and the answer's. */
#define HTTP_POOL_MORE ((size_t)16 * 1024)

/* Of a connection at once; larger requests are libmicrohttpd's. */
#define HTTP_PEEKED_SIZE ((size_t)32 * 1024)

struct http {
	struct http_options options;
	http_handler *handler;
	void *context;
	struct MHD_Daemon *daemon;
	struct http_listen listen;
	/* The caller's to watch: libmicrohttpd's own, wake_fd, the listening one while it is wanted, and the connections that
	 * are not libmicrohttpd's. */
	int epoll_fd;
	int wake_fd; /* libmicrohttpd does not say that a connection was resumed: this does */
	bool is_woken, is_listening, quiesced, ending;
	int64_t now_us;	   /* monotonic, of this turn */
	int64_t accept_us; /* not before this: descriptors or memory had run out */
	struct http_connections connections;
	struct http_connection *arriving; /* between our giving it to libmicrohttpd and its word for it */
	unsigned handed_on;		  /* connections that libmicrohttpd has */
	struct http_request *suspended;
	unsigned open;
	size_t bodies_size; /* room of all bodies */
	struct http_counts counts;
	char date[48]; /* the header line */
	time_t date_s;
	char peeked[HTTP_PEEKED_SIZE];
};

enum request_state {
	REQUEST_READING,
	REQUEST_HANDED,	 /* the handler has it, in its call or suspended */
	REQUEST_ANSWERED /* response is there, to be queued or queued */
};

struct http_request {
	struct http *http;
	struct http_connection *connection;
	struct MHD_Connection *mhd; /* NULL: it is http_quick.c's, which knows its headers */
	const struct http_header *headers;
	size_t header_count;
	const char *method, *path;
	enum request_state state;
	bool suspended;
	bool is_open;	   /* counted in http->open */
	bool is_body_lent; /* not our own */
	bool is_last;	   /* http_quick.c: the connection ends with it */
	size_t rest_sent;  /* http_quick.c: of the answer's rest, which is the body then */
	unsigned refuse;   /* a status to refuse it with once its body is read away, 0: none */
	int64_t length;	   /* of the body as declared, -1: not declared */
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

/* Of http.c. */
void http_wake(struct http *http); /* http_fd() becomes readable */
void http_hand_to_libmicrohttpd(struct http *http, struct http_connection *connection, const struct sockaddr *from,
				socklen_t size);
/* Of http_request.c: its memory, and what it is counted in. */
void http_request_finish(struct http_request *request);

/* Of http_quick.c. False: it cannot be watched. */
bool http_quick_begin(struct http *http, struct http_connection *connection);
void http_quick_event(struct http *http, struct http_connection *connection, uint32_t events);
void http_quick_run(struct http *http); /* looks at those that were noted */
void http_quick_answer(struct http_request *request, unsigned status, const char *const *headers, const void *body,
		       size_t size);
void http_quick_end(struct http *http); /* all connections that libmicrohttpd does not have */
