/*
 * Which path is what: one row a source says its paths, methods, adapter and how success is answered; three rows are ours.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "collector/source/source.h"

struct collect_conf;

#define ROUTE_LIST(X) X(SNOWPLOW_POST) X(SNOWPLOW_GET) X(PREFLIGHT) X(HEALTHZ) X(READYZ) X(METRICS) X(UNKNOWN)

enum route {
#define ROUTE_ENUM(name) ROUTE_##name,
	ROUTE_LIST(ROUTE_ENUM)
#undef ROUTE_ENUM
		ROUTE_COUNT
};

struct route_about {
	const char *name;    /* label of metrics */
	const char *source;  /* of events; NULL: not a source */
	const char *methods; /* as in header Allow */
	size_t paths;	     /* of a source: where in struct collect_conf */
	const char *path;    /* of ours */
	bool is_private;     /* on the admin port only */
	source_adapter *adapter;
	const char *content_type; /* of success */
	const void *body;
	size_t body_size;
	bool no_cache;
};

extern const struct route_about routes[ROUTE_COUNT];

/* The route of a path; ROUTE_UNKNOWN: there is none here. */
enum route route_find(const struct collect_conf *conf, const char *path, bool is_admin);
/* Is the method one of the route's? */
bool route_allows(enum route route, const char *method);
