/*
 * The network user id: a cookie by which the collector itself knows a browser again, for what brings no id of its own (a
 * pixel in a page without scripts, a tracker in its anonymous mode). Snowplow's collectors do the same.
 *
 * Never with SP-Anonymous or where the first event is anonymous by its own word, and only when an event of the request was taken: without consent nothing is set, and an event
 * that says no takes the cookie away. No other cookie is looked at.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "collector/source/source.h"
#include "core/base/uuid.h"

struct arena;
struct identity_key;

enum visitor_same_site { VISITOR_SAME_SITE_NONE, VISITOR_SAME_SITE_LAX, VISITOR_SAME_SITE_STRICT };

struct visitor_options {
	const char *name;	    /* of the cookie; "": none is read or set */
	unsigned days;		    /* it lives, from the last event on */
	const char *const *domains; /* Domain is the first that our own host is, or lies in; else the host alone */
	size_t domains_count;
	bool is_secure;
	int same_site; /* enum visitor_same_site */
	const struct identity_key *key;
};

/* What a request's answer says about the cookie. */
struct visitor {
	enum { VISITOR_SILENT, VISITOR_SET, VISITOR_FORGET } what;
	char id[UUID_TEXT_SIZE];
};

#define VISITOR_COOKIE_SIZE 512

/*
 * Reads the id that `cookies` (the header, "" when absent) bring, or makes one where there is none, and gives it to each
 * event that names no browser. One that is made comes from the first event's own id and the key: a retry of the
 * same events, from a browser that never saw the cookie, is the same visitor again. Events without such an id get a random
 * one. False: the arena is full.
 */
bool visitor_settle(const struct visitor_options *options, const struct source_request *request,
		    const char *cookies, struct source_items *items, struct arena *arena,
		    struct visitor *ret_visitor);

/* Values of Set-Cookie. */
#define VISITOR_COOKIES_MAX 4 /* with three domains within each other, and little beside the other headers */
struct visitor_cookies {
	char lines[VISITOR_COOKIES_MAX][VISITOR_COOKIE_SIZE];
	size_t count;
};

/*
 * None when nothing is said. `host`: the header of that name, by which the browser asked: every request has one, and a
 * browser takes no Domain that this is not in. A cookie is taken away for the host alone and for each of the domains
 * that it is in, up to VISITOR_COOKIES_MAX in all: with which it was set an earlier configuration has said.
 */
void visitor_cookies(const struct visitor_options *options, const struct visitor *visitor, const char *host,
		     struct visitor_cookies *ret_cookies);
