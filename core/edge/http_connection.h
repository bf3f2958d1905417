/*
 * Connections by whose turn it is and since when: each stage has its time, and when there are too many, the one that
 * has been the client's turn for longest makes room. Knows descriptors, not libmicrohttpd.
 *
 *	made ─▶ FRESH ─▶ HEAD ─▶ BODY ─▶ HANDED ─▶ FETCHING ─▶ KEPT ─▶ HEAD …
 *	        request  headers body    no        answer      next
 *	        line                     deadline              request line
 *
 * Every time is absolute, counted from when the stage began: libmicrohttpd's own timeout starts again with every byte, so
 * that a slow drip would live for ever.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/mix.h"
#include "core/edge/http_address.h"

enum http_stage {
	HTTP_FRESH,    /* no request line has come yet */
	HTTP_KEPT,     /* answered; the next request line has not come */
	HTTP_HEAD,     /* the request line is there, headers are not */
	HTTP_BODY,     /* headers are there, the body is not */
	HTTP_FETCHING, /* answered; the client has not taken all of it */
	HTTP_HANDED,   /* the handler has it */
	HTTP_CUT,      /* shut down by us, to be closed by libmicrohttpd */
	HTTP_STAGE_COUNT
};
#define HTTP_CLIENTS_TURN HTTP_HANDED /* the stages before it */

struct http_link {
	struct http_link *next, *prev;
};

struct http_connection {
	struct http_link in_stage, in_peer; /* ordered by since_us */
	struct http_link in_noted;	    /* zeroed when it is not */
	struct http_peer *peer;		    /* NULL: nobody whose connections are counted */
	struct http_address address;
	struct http_request *request; /* of now, NULL: none */
	int fd;			      /* borrowed */
	bool is_believed;	      /* a proxy that may say who is behind it */
	enum http_stage stage;
	int64_t since_us; /* that stage began, monotonic */
	bool has_more;	  /* http_quick.c: perhaps something has come that nobody has looked at, */
	bool is_gone;	  /* perhaps the client's end */
	unsigned refuse;  /* what the request line alone has earned: a status, 0: none */
	/* The request's target as it came, and its bytes: libmicrohttpd decodes it in its place. */
	const char *target;
	size_t target_size;
};

struct http_connections {
	struct http_link stages[HTTP_STAGE_COUNT];
	struct http_link noted;
	unsigned counts[HTTP_STAGE_COUNT];
	unsigned count;				/* of all */
	int64_t stage_us_max[HTTP_STAGE_COUNT]; /* 0: no limit */
	unsigned total_max, kept_max, peer_max; /* kept, peer 0: no limit */
	struct http_peer **peers;		/* by address; each lives while it has connections */
	size_t peers_mask;
	struct mix_key key;
	uint64_t late, evicted; /* cut: out of time, to make room */
};

/* The limits are set already. False: no memory or no randomness. */
bool http_connections_init(struct http_connections *all);
void http_connections_finish(struct http_connections *all); /* its connections are gone; zeroed is fine */

/*
 * Makes room for one more, of `address`: HTTP_NOBODY is not counted by itself. False: all that there are, or all of this
 * address, wait for the handler.
 */
bool http_connections_make_room(struct http_connections *all, const struct http_address *address);
bool http_connections_are_full(const struct http_connections *all); /* and no one would make room */
/* NULL: no memory. */
struct http_connection *http_connections_add(struct http_connections *all, int fd,
					     const struct http_address *address, bool is_counted, int64_t now_us);
void http_connections_remove(struct http_connections *all, struct http_connection *connection);

void http_connection_enter(struct http_connections *all, struct http_connection *connection, enum http_stage stage,
			   int64_t now_us);
/* The one that entered the stage first, NULL: none is in it. */
struct http_connection *http_connections_oldest(struct http_connections *all, enum http_stage stage);
void http_connection_evict(struct http_connections *all, struct http_connection *connection);
/* The oldest whose turn it is; false: there is none. */
bool http_connections_evict(struct http_connections *all);
/* Notes that it wants to be looked at; once, however often it is called. */
void http_connection_note(struct http_connections *all, struct http_connection *connection);
void http_connection_unnote(struct http_connection *connection);
/* The one noted first, which it is no longer then; NULL: none. */
struct http_connection *http_connections_noted(struct http_connections *all);
/* Cuts whose time is over; the moment of the next, INT64_MAX: none. */
int64_t http_connections_sweep(struct http_connections *all, int64_t now_us);
