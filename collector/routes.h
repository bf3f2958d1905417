/*
 * Which path is what: one row a source says its paths, methods, adapter and how success is answered; the last five are ours.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "collector/source/hook.h"
#include "collector/source/source.h"

struct collect_conf;

/* clang-format off */
#define ROUTE_LIST(X) \
	X(SNOWPLOW_POST) X(SNOWPLOW_GET) X(SEGMENT) X(SEGMENT_PIXEL) X(JITSU) \
	X(PLAUSIBLE) X(GA4) X(GA4_HOOK) X(CLOUDEVENTS) \
	X(MATOMO_GET) X(MATOMO_POST) X(POSTHOG) X(POSTHOG_SCRIPT) X(POSTHOG_CONFIG) X(POSTHOG_FLAGS) X(POSTHOG_RECORDING) \
	X(MAILGUN) X(SENDGRID) X(POSTMARK) X(BREVO) X(MANDRILL) X(SES) \
	X(CHATWOOT) X(INTERCOM) X(ZENDESK) X(CRISP) X(ROCKETCHAT) \
	X(HUBSPOT) X(DYNAMICS) X(SALESFORCE) \
	X(PREFLIGHT) X(HEALTHZ) X(READYZ) X(METRICS) X(UNKNOWN)
/* clang-format on */

enum route {
#define ROUTE_ENUM(name) ROUTE_##name,
	ROUTE_LIST(ROUTE_ENUM)
#undef ROUTE_ENUM
		ROUTE_COUNT
};

struct route_about {
	const char *name;		/* label of metrics */
	const char *source;		/* of events; NULL: not a source */
	const char *methods;		/* as in header Allow */
	const char *allow;		/* that header, where other routes have its paths too; NULL: methods */
	const char *const *fixed_paths; /* of a source whose senders know no others; one `*` in it is
					 * anything. NULL ends */
	size_t paths;			/* of other sources: where in struct collect_conf */
	size_t more_paths;		/* likewise; 0: none */
	bool is_answer_alone; /* success at once, whatever it is: senders ask, and nothing is kept of it */
	bool has_visitors;    /* the network user id's cookie is read and set */
	/* Of a source of webhooks: how its sender signs. Its paths are those of the hooks that are configured. NULL: what
	 * comes is anybody's word, and no identity in it is verified. */
	hook_scheme *scheme;
	bool has_public_key; /* that its secrets are */
	bool has_no_forms;   /* its bodies may be any bytes, which might look like one */
	bool signs_url;	     /* that scheme needs to know what the sender calls */
	/* Of a scheme by certificates pinned as files and topics that are listed: could one be named so? NULL: it has secrets. */
	bool (*is_certificate)(const char *name);
	bool (*is_topic)(const char *text);
	hook_detail *detail; /* NULL: of what proves nothing a log names nothing */
	const char *const
		*more_headers; /* that adapter and scheme read, SOURCE_MORE_HEADERS_MAX at most; NULL ends */
	const char *path;      /* of ours */
	bool is_private;       /* on the admin port only */
	source_adapter *adapter;
	unsigned status;	  /* of success; 0: 200 */
	const char *content_type; /* likewise */
	const void *body;
	size_t body_size;
	bool no_cache;
};

extern const struct route_about routes[ROUTE_COUNT];

/*
 * The route of a path for this method; where none of the path's takes it, the first of them, which then refuses it.
  * ROUTE_UNKNOWN: no such path here. `hook`: the one that the path names; NULL: none.
 */
enum route route_find(const struct collect_conf *conf, const struct hook *hook, const char *method,
		      const char *path, bool is_admin);
/* The row of a source of webhooks; NULL: it is none. */
const struct route_about *route_of_hook(const char *source);
/* The names of the sources of webhooks. Returns how many. */
size_t route_hook_sources(const char *ret_names[static ROUTE_COUNT]);
/* Is the method one of the route's? */
bool route_allows(enum route route, const char *method);
