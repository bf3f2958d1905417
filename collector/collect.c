#include "collector/collect.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/admit.h"
#include "collector/conf.h"
#include "collector/cors.h"
#include "collector/counts.h"
#include "collector/drops.h"
#include "collector/parcel.h"
#include "collector/request.h"
#include "collector/routes.h"
#include "collector/screen.h"
#include "collector/visitor.h"
#include "collector/waiting.h"
#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/log.h"
#include "core/base/moment.h"
#include "core/edge/http.h"
#include "core/edge/kafka_sink.h"
#include "core/flow/decode.h"

#define LINE_SIZE_MAX ((size_t)20 * 1024)
#define ADMIN_CONNECTIONS_MAX 16
#define ADMIN_BODY_SIZE_MAX ((size_t)4096)
#define ARENA_KEPT ((size_t)1024 * 1024)
#define TURN_MS_MAX 1000
#define STUCK_US (10 * MOMENT_SECOND_US) /* an answer so much later than allowed will not come */
#define RENEW_US MOMENT_SECOND_US
#define POLLS_MAX 8
#define READY_SIZE 512

struct collect {
	const struct collect_conf *conf;
	const struct identity_key *key;
	struct source_options source;
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

static double seconds_since(int64_t begun_us)
{
	return (double)(moment_monotonic_us() - begun_us) / (double)MOMENT_SECOND_US;
}

/* --- answering --- */

struct reply {
	const void *body;
	size_t size;
	const struct visitor_cookies *cookies; /* NULL: none is set */
};

static void answer(struct collect *collect, struct http_request *request, enum route route, unsigned status,
		   int64_t begun_us, const struct reply *reply)
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
		cors_add(&cors, "Content-Type", status == 200 ? about->content_type : "text/plain; charset=utf-8");
	}
	if (about->no_cache || about->path != NULL) {
		cors_add(&cors, "Cache-Control", "no-cache, no-store, must-revalidate");
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

static void answer_success(struct collect *collect, const struct waiting *waiting)
{
	const struct route_about *about = &routes[waiting->route];
	struct visitor_cookies cookies;
	cookies.count = 0; /* the lines are not worth clearing */
	if (waiting->is_taken || waiting->visitor.what == VISITOR_FORGET) {
		visitor_cookies(&collect->visitor, &waiting->visitor, http_header(waiting->request, "Host"),
				&cookies);
	}
	answer(collect, waiting->request, waiting->route, 200, waiting->begun_us,
	       &(struct reply){about->body, about->body_size, &cookies});
}

static void answer_trouble(struct collect *collect, struct http_request *request, enum route route,
			   unsigned status, int64_t begun_us)
{
	answer(collect, request, route, status, begun_us, &(struct reply){0});
}

/* --- waiting --- */

static void wait_end(struct collect *collect, struct waiting *waiting)
{
	if (waiting->dropped > 0) { /* what is answered 503 comes again */
		drops_count(&collect->drops, waiting->drops, waiting->is_lost ? 0 : waiting->dropped,
			    moment_monotonic_us());
	}
	if (waiting->is_lost) {
		static struct log_limit limit;
		if (log_allowed(&limit)) {
			log_warning("kafka: no acknowledgement, answering 503%s", log_held_back(&limit));
		}
		answer_trouble(collect, waiting->request, waiting->route, 503, waiting->begun_us);
	} else {
		answer_success(collect, waiting);
	}
	waiting_end(&collect->waiting, waiting);
}

static void on_delivered(void *context, void *token, bool delivered)
{
	struct collect *collect = context;
	struct drops_row *report = drops_of(&collect->drops, token);
	if (report != NULL) {
		drops_ended(&collect->drops, report, delivered, moment_monotonic_us());
		return;
	}
	enum fate fate;
	struct waiting *waiting = waiting_of(&collect->waiting, token, &fate);
	counts_fate(&collect->counts, delivered ? fate : FATE_undelivered, true);
	waiting->is_lost = waiting->is_lost || !delivered;
	waiting->pending--;
	if (waiting->pending == 0) {
		wait_end(collect, waiting);
	}
}

/* --- sending --- */

static bool send_parcel(struct collect *collect, struct waiting *waiting, const struct parcel *parcel)
{
	struct fail fail;
	if (kafka_sink_send(collect->sink, parcel->topic, parcel->key.bytes, parcel->key_size, parcel->bytes,
			    parcel->size, waiting_token(&collect->waiting, waiting, parcel->fate), &fail)) {
		waiting->pending++;
		counts_sent(&collect->counts);
		return true;
	}
	static struct log_limit limit;
	if (log_allowed(&limit)) {
		log_warning("%s, answering 503%s", fail.text, log_held_back(&limit));
	}
	collect->sink_is_dead = collect->sink_is_dead || fail.kind == FAIL_FATAL;
	return false;
}

/* False: it could not be handed on. */
static bool send_item(struct collect *collect, struct waiting *waiting, struct source_item *item,
		      int64_t received_us)
{
	struct parcel parcel;
	if (!parcel_make(item, collect->conf->kafka.topic, &collect->screen, routes[waiting->route].source,
			 received_us, &collect->arena, &parcel)) {
		return false;
	}
	waiting->is_taken = waiting->is_taken || parcel.fate == FATE_delivered;
	if (parcel.topic == NULL) {
		if (waiting->dropped == 0) {
			waiting->drops = drops_hold(&collect->drops, routes[waiting->route].source,
						    item->event->site, item->event->channel);
		}
		waiting->dropped++;
		counts_fate(&collect->counts, parcel.fate, false);
		return true;
	}
	return send_parcel(collect, waiting, &parcel);
}

/* How many events were dropped goes with the rejects. What cannot be sent now is sent with the next ones. */
static void report_drops(struct collect *collect)
{
	size_t place = 0;
	for (struct drops_row *row; (row = drops_next(&collect->drops, &place)) != NULL;) {
		struct reject report;
		const uint8_t *bytes;
		size_t size;
		struct fail fail;
		drops_report(row, &report);
		arena_reset(&collect->arena, ARENA_KEPT);
		if (!encode_rejected(&report, moment_now_us(), row->source, &collect->arena, &bytes, &size) ||
		    !kafka_sink_send(collect->sink, collect->conf->kafka.topic[CHANNEL_UNSAID], NULL, 0, bytes,
				     size, row, &fail)) {
			return;
		}
		drops_sent(&collect->drops, row);
	}
}

/* Once one of them cannot be sent, its sender has to send all of them again: the rest is not tried. */
static void send_items(struct collect *collect, struct waiting *waiting, struct source_items *items,
		       int64_t received_us)
{
	counts_received(&collect->counts, items->count);
	for (size_t i = 0; i < items->count; i++) {
		size_t mark = collect->arena.used;
		if (waiting->is_lost || !send_item(collect, waiting, &items->items[i], received_us)) {
			waiting->is_lost = true;
			counts_fate(&collect->counts, FATE_undelivered, false);
		}
		arena_back(&collect->arena, mark);
	}
}

static void flag_machines(const struct collect *collect, const struct source_request *request,
			  struct source_items *items)
{
	unsigned usual = screen_machine(request, NULL, &collect->screen);
	for (size_t i = 0; i < items->count; i++) {
		const struct source_item *item = &items->items[i];
		if (item->event != NULL) {
			item->event->machine_reasons |=
				item->user_agent == NULL
					? usual
					: screen_machine(request, item->user_agent, &collect->screen);
		}
	}
}

/* Whose request it is: a tracker sends for one site. */
static const char *key_of(const struct source_items *items)
{
	for (size_t i = 0; i < items->count; i++) {
		if (items->items[i].event != NULL) {
			return items->items[i].event->site;
		}
	}
	return "";
}

static void take(struct collect *collect, struct http_request *request, enum route route, int64_t begun_us)
{
	struct source_request described;
	struct source_items items;
	if (collect->gave_up || collect->sink_is_dead || kafka_sink_state(collect->sink) == KAFKA_SINK_AWAY) {
		answer_trouble(collect, request, route, 503, begun_us);
		return;
	}
	size_t size;
	unsigned status =
		request_read(request, route, &collect->source, &collect->arena, &described, &items, &size);
	admit_charge(&collect->admit, request, size, begun_us);
	if (status != 0) {
		answer_trouble(collect, request, route, status, begun_us);
		return;
	}
	if (!admit_key(&collect->admit, key_of(&items), begun_us, &collect->wait_s)) {
		answer_trouble(collect, request, route, 429, begun_us);
		return;
	}
	flag_machines(collect, &described, &items);
	struct visitor visitor = {.what = VISITOR_SILENT};
	if (routes[route].has_visitors &&
	    !visitor_settle(&collect->visitor, &described, http_header(request, "Cookie"), &items, &collect->arena,
			    &visitor)) {
		answer_trouble(collect, request, route, 413, begun_us);
		return;
	}
	struct waiting *waiting = waiting_begin(&collect->waiting, request, route, begun_us);
	waiting->visitor = visitor;
	send_items(collect, waiting, &items, described.received_us);
	http_drop_body(request);
	if (waiting->pending == 0) {
		wait_end(collect, waiting);
	}
}

/* --- ours --- */

static void show_health(struct collect *collect, struct http_request *request, int64_t begun_us)
{
	answer(collect, request, ROUTE_HEALTHZ, 200, begun_us, &(struct reply){"alive\n", 6, NULL});
}

/* Ready: what comes now would be acknowledged, as far as is known. The brokers' names are for the admin port alone. */
static void show_ready(struct collect *collect, struct http_request *request, int64_t begun_us)
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
	answer(collect, request, ROUTE_READYZ, why == NULL ? 200 : 503, begun_us,
	       &(struct reply){text, strlen(text), NULL});
}

static void show_metrics(struct collect *collect, struct http_request *request, int64_t begun_us)
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
		answer_trouble(collect, request, ROUTE_METRICS, 500, begun_us);
		return;
	}
	answer(collect, request, ROUTE_METRICS, 200, begun_us, &(struct reply){text, strlen(text), NULL});
}

static void serve(struct collect *collect, struct http_request *request, bool is_admin)
{
	static void (*const own[ROUTE_COUNT])(struct collect *, struct http_request *, int64_t) = {
		[ROUTE_HEALTHZ] = show_health,
		[ROUTE_READYZ] = show_ready,
		[ROUTE_METRICS] = show_metrics,
	};
	int64_t begun_us = moment_monotonic_us();
	collect->is_admin = is_admin;
	enum route route = route_find(collect->conf, http_method(request), http_path(request), is_admin);
	unsigned refused = is_admin ? 0 : admit_request(&collect->admit, request, begun_us, &collect->wait_s);
	arena_reset(&collect->arena, ARENA_KEPT);
	if (refused != 0) {
		answer_trouble(collect, request, route, refused, begun_us);
	} else if (strcmp(http_method(request), "OPTIONS") == 0) {
		answer(collect, request, ROUTE_PREFLIGHT, 204, begun_us, &(struct reply){0});
	} else if (route == ROUTE_UNKNOWN) {
		answer_trouble(collect, request, route, 404, begun_us);
	} else if (!route_allows(route, http_method(request))) {
		answer_trouble(collect, request, route, 405, begun_us);
	} else if (own[route] != NULL) {
		own[route](collect, request, begun_us);
	} else {
		take(collect, request, route, begun_us);
	}
}

static void on_request(void *context, struct http_request *request)
{
	serve(context, request, false);
}

static void on_admin_request(void *context, struct http_request *request)
{
	serve(context, request, true);
}

/* --- the whole --- */

static struct kafka_sink *make_sink(struct collect *collect, struct fail *fail)
{
	const struct collect_conf *conf = collect->conf;
	const struct kafka_sink_options options = {.brokers = conf->kafka.brokers,
						   .client_id = conf->kafka.client_id,
						   .properties = conf->kafka.properties,
						   .buffer_kib_max = (unsigned)conf->kafka.buffer_mib * 1024,
						   .delivery_ms_max = (unsigned)conf->kafka.delivery_ms_max};
	return kafka_sink_create(&options, on_delivered, collect, fail);
}

static struct http_options http_options_of(const struct collect_conf *conf)
{
	return (struct http_options){
		.listen = conf->http.listen,
		.socket = "http",
		.body_size_max = (size_t)conf->http.body_kib_max * 1024,
		.bodies_size_max = (size_t)conf->http.bodies_mib_max * 1024 * 1024,
		.line_size_max = LINE_SIZE_MAX,
		.connections_max = (unsigned)conf->http.connections_max,
		.address_connections_max = (unsigned)conf->http.address_connections_max,
		.kept_max = (unsigned)conf->http.kept_max,
		.head_s_max = (unsigned)conf->http.head_s_max,
		.request_s_max = (unsigned)conf->http.request_s_max,
		.kept_s_max = (unsigned)conf->http.kept_s_max,
		.proxies = &conf->http.proxies,
		.forwarded = (enum http_forwarded)conf->http.forwarded_by,
	};
}

static bool listen_both(struct collect *collect, struct fail *fail)
{
	const struct collect_conf *conf = collect->conf;
	struct http_options options = http_options_of(conf);
	collect->http = http_create(&options, on_request, collect, fail);
	if (collect->http == NULL || conf->http.admin_listen[0] == '\0') {
		return collect->http != NULL;
	}
	options.listen = conf->http.admin_listen;
	options.socket = NULL;
	options.connections_max = ADMIN_CONNECTIONS_MAX;
	options.address_connections_max = 0;
	options.body_size_max = ADMIN_BODY_SIZE_MAX;
	collect->admin = http_create(&options, on_admin_request, collect, fail);
	return collect->admin != NULL;
}

static void set_options(struct collect *collect)
{
	const struct collect_conf *conf = collect->conf;
	collect->source = (struct source_options){.forms = conf->forms,
						  .download_extensions = conf->download.extensions.items,
						  .download_extensions_count = conf->download.extensions.count,
						  .consent_scopes = conf->snowplow.consent_scopes.items,
						  .consent_scopes_count = conf->snowplow.consent_scopes.count,
						  .page_ping_ms = (uint32_t)conf->snowplow.page_ping_s * 1000};
	collect->visitor = (struct visitor_options){.name = conf->snowplow.cookie.name,
						    .days = (unsigned)conf->snowplow.cookie.days,
						    .domains = conf->snowplow.cookie.domains.items,
						    .domains_count = conf->snowplow.cookie.domains.count,
						    .is_secure = conf->snowplow.cookie.is_secure,
						    .same_site = conf->snowplow.cookie.same_site,
						    .key = collect->key};
	collect->screen = (struct screen_options){.consent = conf->consent,
						  .identify = {.key = collect->key,
							       .blocked = conf->identity.blocked.items,
							       .blocked_count = conf->identity.blocked.count},
						  .user_agents = conf->machine.user_agents.items,
						  .user_agents_count = conf->machine.user_agents.count,
						  .known_agents = conf->machine.known_agents.items,
						  .known_agents_count = conf->machine.known_agents.count};
}

void collect_count_reload(struct collect *collect, bool taken)
{
	(taken ? &collect->counts.reloads_taken : &collect->counts.reloads_refused)->value++;
}

void collect_reconfigure(struct collect *collect)
{
	struct http_options options = http_options_of(collect->conf);
	set_options(collect);
	if (!admit_reconfigure(&collect->admit)) {
		log_error("http: no memory to limit how often an address or a site may send");
	}
	http_reconfigure(collect->http, &options);
	if (collect->admin != NULL) {
		http_reconfigure(collect->admin, &options);
	}
}

struct collect *collect_create(const struct collect_conf *conf, const struct identity_key *key, struct fail *fail)
{
	struct collect *collect = calloc(1, sizeof(*collect));
	if (collect == NULL) {
		fail_set(fail, FAIL_RETRY, EXIT_AWAY, "out of memory");
		return NULL;
	}
	collect->conf = conf;
	collect->key = key;
	set_options(collect);
	counts_init(&collect->counts);
	if (!admit_init(&collect->admit, conf) ||
	    !waiting_init(&collect->waiting, (unsigned)conf->http.connections_max) ||
	    !arena_init(&collect->arena, (size_t)conf->http.memory_mib_max * 1024 * 1024)) {
		fail_set(fail, FAIL_RETRY, EXIT_AWAY, "out of memory");
		goto fail;
	}
	collect->sink = make_sink(collect, fail);
	if (collect->sink == NULL || !listen_both(collect, fail)) {
		goto fail;
	}
	return collect;
fail:
	collect_destroy(collect);
	return NULL;
}

void collect_destroy(struct collect *collect)
{
	if (collect == NULL) {
		return;
	}
	kafka_sink_destroy(collect->sink, 0); /* says of each message that it was lost, so that nothing waits */
	if (collect->drops.waiting > 0) {
		log_warning("%" PRIu64 " events that were dropped without consent are not in the counts",
			    collect->drops.waiting);
	}
	http_destroy(collect->http);
	http_destroy(collect->admin);
	arena_finish(&collect->arena);
	waiting_finish(&collect->waiting);
	admit_finish(&collect->admit);
	free(collect);
}

unsigned collect_fds(const struct collect *collect, int ret_fds[static COLLECT_FDS_MAX])
{
	unsigned count = 0;
	ret_fds[count++] = http_fd(collect->http);
	if (collect->sink != NULL) {
		ret_fds[count++] = kafka_sink_fd(collect->sink);
	}
	if (collect->admin != NULL) {
		ret_fds[count++] = http_fd(collect->admin);
	}
	return count;
}

/*
 * Another producer takes the place of this one, whose end says of each message that it was lost. The new one first: the
 * loop must not meet a new descriptor under an old number. Trouble from outside (a certificate that was replaced, no
 * descriptors) may leave us without any: all is 503 then. At most one is made a second.
 */
static void renew_sink(struct collect *collect)
{
	int64_t now_us = moment_monotonic_us();
	if (now_us < collect->renew_at_us) {
		return;
	}
	struct fail fail;
	struct kafka_sink *old = collect->sink;
	if (old != NULL) {
		log_error("kafka: the producer gave up; what waits is answered 503, another one is made");
	}
	collect->sink = make_sink(collect, &fail);
	collect->sink_is_dead = collect->sink == NULL;
	if (collect->sink_is_dead) {
		log_error("%s; no producer could be made, answering 503 and trying again in a second", fail.text);
	}
	collect->renew_at_us = now_us + RENEW_US;
	kafka_sink_destroy(old, 0);
}

static bool is_dead(const struct collect *collect)
{
	return collect->sink_is_dead || kafka_sink_is_dead(collect->sink);
}

static void note_kafka(struct collect *collect)
{
	bool is_up = kafka_sink_state(collect->sink) == KAFKA_SINK_UP;
	if (is_up != collect->was_up) {
		collect->was_up = is_up;
		if (is_up) {
			log_info("kafka: connected, taking events");
		} else {
			log_warning("kafka: away, answering 503 until it is back");
		}
	}
}

static int sooner(int a, int b)
{
	return a < 0 ? b : b < 0 ? a : a < b ? a : b;
}

int collect_turn(struct collect *collect)
{
	if (is_dead(collect) && !collect->gave_up) {
		renew_sink(collect);
	}
	bool more = collect->sink != NULL;
	for (int i = 0; i < POLLS_MAX && more; i++) {
		more = kafka_sink_poll(collect->sink);
	}
	note_kafka(collect);
	bool is_last = collect->is_quiesced && collect->drops.waiting > 0;
	if (collect->was_up && (is_last || drops_are_due(&collect->drops, moment_monotonic_us()))) {
		report_drops(collect);
	}
	int wait_ms = sooner(TURN_MS_MAX, http_run(collect->http));
	if (collect->admin != NULL) {
		wait_ms = sooner(wait_ms, http_run(collect->admin));
	}
	return more ? 0 : wait_ms;
}

const char *collect_address(const struct collect *collect)
{
	return http_address(collect->http);
}

const char *collect_admin_address(const struct collect *collect)
{
	return collect->admin != NULL ? http_address(collect->admin) : "";
}

bool collect_is_up(const struct collect *collect)
{
	return kafka_sink_state(collect->sink) == KAFKA_SINK_UP;
}

bool collect_is_stuck(const struct collect *collect)
{
	int64_t allowed_us = collect->conf->kafka.delivery_ms_max * 1000 + STUCK_US;
	return waiting_oldest_us(&collect->waiting) < moment_monotonic_us() - allowed_us;
}

void collect_say(const struct collect *collect, char *ret_text, size_t size)
{
	const struct counts *counts = &collect->counts;
	enum kafka_sink_state state = kafka_sink_state(collect->sink);
	snprintf(ret_text, size, "%s, %u connections, %u requests wait, %.0f events received, %.0f undelivered",
		 state == KAFKA_SINK_UP	    ? "working"
		 : state == KAFKA_SINK_AWAY ? "waiting for Kafka, answering 503"
					    : "waiting for Kafka",
		 http_counts(collect->http).connections, collect->waiting.used, counts->received.value,
		 counts->fates[FATE_undelivered].value);
}

void collect_quiesce(struct collect *collect)
{
	collect->is_quiesced = true;
	http_quiesce(collect->http);
}

bool collect_is_idle(const struct collect *collect, bool silent)
{
	bool is_reported = collect->drops.in_flight == 0 && (collect->drops.waiting == 0 || !collect->was_up);
	return is_reported && http_open(collect->http) == 0 && http_coming(collect->http, silent) == 0;
}

void collect_give_up(struct collect *collect)
{
	collect->gave_up = true;
	waiting_lose_all(&collect->waiting);
	kafka_sink_destroy(collect->sink, 0); /* says of each message that it was lost */
	collect->sink = NULL;
}
