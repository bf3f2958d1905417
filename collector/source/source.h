/*
 * What every source's adapter has in common: it turns one HTTP request into events. Pure: no I/O, no clock, no log;
 * memory from the request's arena only.
 *
 * An adapter says what the sender said, cut to the contract's limits. What may leave the collector (consent, addresses in
 * texts, machine traffic by its headers) is not its business: screen.h decides that for all sources alike.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/source/form.h"
#include "collector/source/hook.h"
#include "core/model/event.h"
#include "core/model/reject.h"

struct arena;
struct cloudevent_map;
struct topics;

#define SOURCE_EVENTS_MAX 1000 /* in one request */
#define SOURCE_DEPTH_MAX 32    /* of JSON */

/* How the id of an event begins whose sender gave it none. */
#define SOURCE_MADE_ID "made-"

/* The headers that adapters and screen.h read; all others, cookies among them, never get past the HTTP server. */
#define SOURCE_HEADER_LIST(X) \
	X(USER_AGENT, "User-Agent") \
	X(REFERER, "Referer") \
	X(DNT, "DNT") \
	X(GPC, "Sec-GPC") \
	X(SEC_PURPOSE, "Sec-Purpose") \
	X(PURPOSE, "Purpose") \
	X(X_PURPOSE, "X-Purpose") \
	X(X_MOZ, "X-Moz") \
	X(SP_ANONYMOUS, "SP-Anonymous")

enum source_header {
#define SOURCE_HEADER_ENUM(name, text) SOURCE_##name,
	SOURCE_HEADER_LIST(SOURCE_HEADER_ENUM)
#undef SOURCE_HEADER_ENUM
		SOURCE_HEADER_COUNT
};

extern const char *const source_header_names[SOURCE_HEADER_COUNT];

struct source_pair {
	const char *name, *value;
};

#define SOURCE_MORE_HEADERS_MAX 12 /* that one source's row in routes.c names */

/* Texts are NUL-terminated, valid UTF-8 or not: nothing in them is trusted. All borrowed for the call. */
struct source_request {
	bool is_head;
	const char *path;			 /* decoded, without query */
	const char *header[SOURCE_HEADER_COUNT]; /* "" when absent */
	const struct source_pair *more_headers;	 /* those that the source's row names; "" when absent */
	size_t more_headers_count;
	const struct hook *hook;	     /* which webhook's it is, by its path; NULL: not one's */
	enum hook_proof proof;		     /* that it is: adapters see proven ones only */
	const struct source_pair *arguments; /* of the query, decoded, and of a form behind them */
	size_t arguments_count;
	size_t query_count; /* of these are the query's; the others are a form's, of the body */
	const char
		*body; /* unpacked, white space in front left out; of a form nothing: its fields are arguments */
	size_t body_size;
	const char *plain; /* unpacked, nothing left out, a form or not */
	size_t plain_size;
	const char *raw; /* as it came, which is what senders sign */
	size_t raw_size;
	int64_t received_us;
};

/* Of a header that the row names; "" when absent. */
const char *source_more_header(const struct source_request *request, const char *name);
/* The first argument of that name; "" when there is none. */
const char *source_argument(const struct source_request *request, const char *name);

/* Whom a write key lets send. */
struct source_site {
	const char *key, *name;
};

struct source_options {
	struct form_map forms;
	const char *const *download_extensions; /* lower case, without the dot */
	size_t download_extensions_count;
	const char *const *consent_scopes; /* of a consent banner: those that analytics are in */
	size_t consent_scopes_count;
	const struct topics *topics; /* that texts of chats are asked for; NULL: none */
	uint32_t page_ping_ms;	     /* how long a page ping says that the page was looked at */
	struct {
		const struct source_site *sites; /* none: any key, which names its site itself */
		size_t sites_count;
		/* Of a consent banner: those that analytics are in, and those that a profile of the person is in. */
		const char *const *analytics_scopes, *const *profile_scopes;
		size_t analytics_scopes_count, profile_scopes_count;
	} segment;
	/* Names of properties of an event that are more than that; "": none is. */
	struct {
		const char *anonymous_id, *user_id, *analytics, *profile;
	} plausible;
	struct {
		const char *analytics, *profile;
	} ga4;
	struct {
		const char *const *won_stages, *const *lost_stages; /* of deals, in any case */
		const char *const *profile_fields; /* of a contact's record: those that agree to a profile */
		size_t won_stages_count, lost_stages_count, profile_fields_count;
	} crm;
	const struct cloudevent_map *cloudevents;
};

/* One thing that a request carried: an event, or (event NULL) why it could not be read. */
struct source_item {
	struct event *event;
	/* Who acted says so by it. NULL: the request's header does; "": nobody does, a server or an app passes it on. */
	const char *user_agent;
	struct reject reject;
};

/* How a sender wants success to be said, where it is not always said as the source's row in routes.c says. */
enum source_answer {
	SOURCE_ANSWER_USUAL,
	SOURCE_ANSWER_NOTHING, /* 204 */
	SOURCE_ANSWER_TALLY,   /* how many were read, and how many not: Matomo's, of a bulk */
};

/* What a sender asks of whoever runs the collector. */
struct source_notice {
	const char *about; /* fit for a log: "arn:… waits to be confirmed" */
	const char *url;   /* to be opened for it, by nobody else: never in a log */
};

struct source_items {
	size_t count; /* at most SOURCE_EVENTS_MAX */
	struct source_item *items;
	enum source_answer answer;
	const struct source_notice *notice; /* NULL: it asks nothing */
};

/* False: the arena is full, or there is more of something than is taken: 413. */
typedef bool source_adapter(const struct source_request *request, const struct source_options *options,
			    struct arena *arena, struct source_items *ret_items);

/* A whole request that could not be read becomes one item. False: the arena is full. */
bool source_reject_all(enum outcome reason, const char *field, const char *bytes, size_t size, struct arena *arena,
		       struct source_items *ret_items);
void source_reject(enum outcome reason, const char *field, const char *bytes, size_t size,
		   struct reject *ret_reject);

/* An event with every text "" and every number unsaid; NULL: the arena is full. */
struct event *source_event(struct arena *arena);

/* What the browser signals against tracking, as headers say it for every source: noted; what it means is configured. */
void source_signals(const struct source_request *request, struct event *event);

/* What a video's event means whose category is "video", in one of the usual words; else ACTION_CUSTOM. */
int source_video_action(const char *category, const char *action);

/* A copy of at most `max` bytes, cut between characters, control characters made spaces; "" when `text` is NULL or is
 * not UTF-8; NULL: the arena is full. */
const char *source_text(struct arena *arena, const char *text, size_t max);
