/*
 * Between collect.c, which owns the parts and drives them, collect_take.c, which takes events, and collect_answer.c, which
 * answers. Private to them.
 */
#pragma once
#include "collector/admit.h"
#include "collector/collect.h"
#include "collector/conf.h"
#include "collector/counts.h"
#include "collector/drops.h"
#include "collector/hooks.h"
#include "collector/routes.h"
#include "collector/screen.h"
#include "collector/visitor.h"
#include "collector/waiting.h"
#include "core/base/arena.h"
#include "core/edge/http.h"
#include "core/edge/kafka_sink.h"

#define COLLECT_ARENA_KEPT ((size_t)1024 * 1024)

struct collect {
	const struct collect_conf *conf;
	const struct identity_key *key;
	struct source_options source;
	struct hooks hooks;
	struct screen_options screen;
	struct visitor_options visitor;
	struct admit admit;
	struct arena arena; /* of the request that is being read; it waits without */
	struct http *http, *admin;
	struct kafka_sink *sink; /* NULL: none could be made, or we gave up */
	int64_t renew_at_us;	 /* not before; monotonic */
	bool sink_is_dead, was_up, is_quiesced, gave_up;
	bool is_admin;	 /* the request that is served now came in at the admin port */
	unsigned wait_s; /* says the 429 that is answered now */
	struct counts counts;
	struct waiting_list waiting;
	struct drops drops;
};

/* ---- collect_answer.c ---- */

struct collect_reply {
	const void *body;
	size_t size;
	const char *content_type;	       /* NULL: the route's */
	const struct visitor_cookies *cookies; /* NULL: none is set */
};

void collect_answer(struct collect *collect, struct http_request *request, enum route route, unsigned status,
		    int64_t begun_us, const struct collect_reply *reply);
/* Nothing but the status and what headers it has. */
void collect_answer_trouble(struct collect *collect, struct http_request *request, enum route route,
			    unsigned status, int64_t begun_us);
/* What the brokers have of this request is there for good. */
void collect_answer_success(struct collect *collect, const struct waiting *waiting);

/* Our own routes. */
void collect_show_health(struct collect *collect, struct http_request *request, int64_t begun_us);
void collect_show_ready(struct collect *collect, struct http_request *request, int64_t begun_us);
void collect_show_metrics(struct collect *collect, struct http_request *request, int64_t begun_us);

/* ---- collect_notice.c ---- */

struct source_notice;
/* What a sender asks of whoever runs us: a line in the log, and a file with what is not for it. */
void collect_notice(const struct hook *hook, const struct source_notice *notice);

/* ---- collect_take.c ---- */

/* Reads the events of a request and hands them on; it is answered at once, or when the last of them has ended. `hook`: the
 * webhook whose path it is; NULL: none's. */
void collect_take(struct collect *collect, struct http_request *request, enum route route, const struct hook *hook,
		  int64_t begun_us);
/* Of the sink: one of them has ended. */
void collect_delivered(void *context, void *token, bool delivered);
/* How many events were dropped goes with the rejects. What cannot be sent now is sent with the next ones. */
void collect_report_drops(struct collect *collect);
