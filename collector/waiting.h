/*
 * Requests that wait for the brokers' acknowledgements, and the tokens by which an acknowledgement finds its own: a
 * fixed list of slots, as many as there may be connections.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "collector/counts.h"
#include "collector/drops.h"
#include "collector/routes.h"
#include "collector/visitor.h"

struct http_request;

struct waiting {
	struct http_request *request; /* NULL: the slot is free */
	enum route route;
	int64_t begun_us;
	unsigned pending;	    /* events on their way */
	bool is_lost;		    /* one of them was not acknowledged */
	bool is_taken;		    /* one of its events was sent as an event */
	struct drops_count dropped; /* for want of consent */
	struct drops_row *drops;    /* where they are counted, once the request is answered 200; NULL: none */
	struct visitor visitor;
	enum source_answer answer; /* of success */
	unsigned read, unread;	   /* of its items: events, rejects */
	unsigned next;		   /* of the free slots, index + 1; 0: none */
};

struct waiting_list {
	struct waiting *slots;
	unsigned count, free, used;
};

bool waiting_init(struct waiting_list *list, unsigned count); /* false: out of memory */
void waiting_finish(struct waiting_list *list);		      /* zeroed is fine */

struct waiting *waiting_begin(struct waiting_list *list, struct http_request *request, enum route route,
			      int64_t begun_us);
void waiting_end(struct waiting_list *list, struct waiting *waiting);
/* When the one that waits longest began, monotonic; INT64_MAX: none waits. */
int64_t waiting_oldest_us(const struct waiting_list *list);
/* Whatever is acknowledged from now on, all that wait have lost something. */
void waiting_lose_all(struct waiting_list *list);

/* Goes with a message: whose it is, and what its event will have become. Never NULL. */
void *waiting_token(const struct waiting_list *list, const struct waiting *waiting, enum fate fate);
struct waiting *waiting_of(struct waiting_list *list, const void *token, enum fate *ret_fate);
