/*
 * What a client is told, and what is told of ourselves: health, readiness, metrics.
 */
#include <stdio.h>
#include <string.h>

#include "collector/collect_inside.h"
#include "collector/cors.h"
#include "core/base/log.h"
#include "core/base/moment.h"

#define READY_SIZE 512
#define TALLY_SIZE 96

static double seconds_since(int64_t begun_us)
{
	return (double)(moment_monotonic_us() - begun_us) / (double)MOMENT_SECOND_US;
}

void collect_answer(struct collect *collect, struct http_request *request, enum route route, unsigned status,
		    int64_t begun_us, const struct collect_reply *reply)
{
	const struct route_about *about = &routes[route];
	const char *origin = ""; /* and so for pages that may not send */
	char wait_text[16];
	struct cors cors;
	admit_origin(&collect->admit, request, &origin);
	if (route == ROUTE_PREFLIGHT) {
		cors_preflight(origin, http_header(request, "Access-Control-Request-Headers"), &cors);
	} else {
		cors_answer(origin, &cors);
	}
	if (reply->size > 0) {
		const char *type = reply->content_type != NULL ? reply->content_type : about->content_type;
		cors_add(&cors, "Content-Type", status < 300 ? type : "text/plain; charset=utf-8");
	}
	if (about->no_cache || about->path != NULL) {
		cors_add(&cors, "Cache-Control", "no-cache, no-store, must-revalidate");
	}
	if (status == 401) { /* some senders show their password only when they are asked for it */
		cors_add(&cors, "WWW-Authenticate", "Basic realm=\"phased\"");
	}
	if (status == 405) {
		cors_add(&cors, "Allow", about->allow != NULL ? about->allow : about->methods);
	}
	if (status == 503) {
		cors_add(&cors, "Retry-After", "1");
	}
	for (size_t i = 0; reply->cookies != NULL && i < reply->cookies->count; i++) {
		cors_add(&cors, "Set-Cookie", reply->cookies->lines[i]);
	}
	if (status == 429) {
		snprintf(wait_text, sizeof(wait_text), "%u", collect->wait_s);
		cors_add(&cors, "Retry-After", wait_text);
	}
	if (collect->is_quiesced) {
		cors_add(&cors, "Connection", "close");
	}
	double seconds = seconds_since(begun_us);
	counts_request(&collect->counts, route, status, seconds);
	log_debug("%s: answered %u after %.1f ms, %zu bytes", about->name, status, seconds * 1000, reply->size);
	http_answer(request, status, cors.headers, reply->body, reply->size);
}

void collect_answer_success(struct collect *collect, const struct waiting *waiting)
{
	const struct route_about *about = &routes[waiting->route];
	struct visitor_cookies cookies;
	cookies.count = 0; /* the lines are not worth clearing */
	if (waiting->is_taken || waiting->visitor.what == VISITOR_FORGET) {
		visitor_cookies(&collect->visitor, &waiting->visitor, http_header(waiting->request, "Host"),
				&cookies);
	}
	unsigned status = about->status != 0 ? about->status : 200;
	struct collect_reply reply = {.body = about->body, .size = about->body_size, .cookies = &cookies};
	char tally[TALLY_SIZE];
	if (waiting->answer == SOURCE_ANSWER_NOTHING) {
		status = 204;
		reply.size = 0;
	} else if (waiting->answer == SOURCE_ANSWER_TALLY) {
		reply.size = (size_t)snprintf(tally, sizeof(tally),
					      "{\"status\":\"success\",\"tracked\":%u,\"invalid\":%u}",
					      waiting->read, waiting->unread);
		reply.body = tally;
		reply.content_type = "application/json";
	}
	collect_answer(collect, waiting->request, waiting->route, status, waiting->begun_us, &reply);
}

void collect_answer_trouble(struct collect *collect, struct http_request *request, enum route route,
			    unsigned status, int64_t begun_us)
{
	collect_answer(collect, request, route, status, begun_us, &(struct collect_reply){0});
}

/* ---- ours ---- */

void collect_show_health(struct collect *collect, struct http_request *request, int64_t begun_us)
{
	collect_answer(collect, request, ROUTE_HEALTHZ, 200, begun_us,
		       &(struct collect_reply){.body = "alive\n", .size = 6});
}

/* Ready: what comes now would be acknowledged, as far as is known. The brokers' names are for the admin port alone. */
void collect_show_ready(struct collect *collect, struct http_request *request, int64_t begun_us)
{
	const char *trouble = kafka_sink_trouble(collect->sink);
	const char *why = collect->is_quiesced					   ? "stopping"
			  : kafka_sink_state(collect->sink) == KAFKA_SINK_STARTING ? "looking for a broker"
			  : kafka_sink_state(collect->sink) == KAFKA_SINK_AWAY	   ? "no broker is connected"
			  : trouble[0] != '\0'					   ? "events are not acknowledged"
										   : NULL;
	char text[READY_SIZE] = "ready\n";
	if (why != NULL) {
		bool is_told = collect->is_admin && !collect->is_quiesced && trouble[0] != '\0';
		snprintf(text, sizeof(text), "%s%s%s\n", why, is_told ? ": " : "", is_told ? trouble : "");
	}
	collect_answer(collect, request, ROUTE_READYZ, why == NULL ? 200 : 503, begun_us,
		       &(struct collect_reply){.body = text, .size = strlen(text)});
}

void collect_show_metrics(struct collect *collect, struct http_request *request, int64_t begun_us)
{
	struct counts *counts = &collect->counts;
	struct http_counts http = http_counts(collect->http);
	counts->connections.value = http.connections;
	counts->refused.value = (double)http.refused;
	counts->late.value = (double)http.late;
	counts->evicted.value = (double)http.evicted;
	counts->crowded.value = (double)http.crowded;
	counts->waiting.value = collect->waiting.used;
	counts->kafka_up.value = kafka_sink_state(collect->sink) == KAFKA_SINK_UP;
	metrics_process_refresh();
	const char *text = metrics_print(&counts->metrics, &collect->arena);
	if (text == NULL) {
		collect_answer_trouble(collect, request, ROUTE_METRICS, 500, begun_us);
		return;
	}
	collect_answer(collect, request, ROUTE_METRICS, 200, begun_us,
		       &(struct collect_reply){.body = text, .size = strlen(text)});
}
