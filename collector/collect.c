/*
 * The collector's parts, what drives them, and how they begin, change and end.
 */
#include "collector/collect.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/collect_inside.h"
#include "core/base/log.h"
#include "core/base/moment.h"

#define LINE_SIZE_MAX ((size_t)20 * 1024)
#define ADMIN_CONNECTIONS_MAX 16
#define ADMIN_BODY_SIZE_MAX ((size_t)4096)
#define TURN_MS_MAX 1000
#define STUCK_US (10 * MOMENT_SECOND_US) /* an answer so much later than allowed will not come */
#define RENEW_US MOMENT_SECOND_US
#define POLLS_MAX 8

static void serve(struct collect *collect, struct http_request *request, bool is_admin)
{
	static void (*const own[ROUTE_COUNT])(struct collect *, struct http_request *, int64_t) = {
		[ROUTE_HEALTHZ] = collect_show_health,
		[ROUTE_READYZ] = collect_show_ready,
		[ROUTE_METRICS] = collect_show_metrics,
	};
	int64_t begun_us = moment_monotonic_us();
	collect->is_admin = is_admin;
	const char *path = http_path(request);
	const struct hook *hook = is_admin ? NULL : hook_find(collect->hooks.items, collect->hooks.count, path);
	enum route route = route_find(collect->conf, hook, http_method(request), path, is_admin);
	unsigned refused = is_admin ? 0 : admit_request(&collect->admit, request, begun_us, &collect->wait_s);
	arena_reset(&collect->arena, COLLECT_ARENA_KEPT);
	if (refused != 0) {
		collect_answer_trouble(collect, request, route, refused, begun_us);
	} else if (strcmp(http_method(request), "OPTIONS") == 0) {
		collect_answer(collect, request, ROUTE_PREFLIGHT, 204, begun_us, &(struct collect_reply){0});
	} else if (route == ROUTE_UNKNOWN) {
		collect_answer_trouble(collect, request, route, 404, begun_us);
	} else if (!route_allows(route, http_method(request))) {
		collect_answer_trouble(collect, request, route, 405, begun_us);
	} else if (own[route] != NULL) {
		own[route](collect, request, begun_us);
	} else if (routes[route].is_answer_alone) {
		collect_answer(collect, request, route, 200, begun_us,
			       &(struct collect_reply){.body = routes[route].body,
						       .size = routes[route].body_size});
	} else {
		collect_take(collect, request, route, hook, begun_us);
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

/* ---- the whole ---- */

static struct kafka_sink *make_sink(struct collect *collect, struct fail *fail)
{
	const struct collect_conf *conf = collect->conf;
	const struct kafka_sink_options options = {.brokers = conf->kafka.brokers,
						   .client_id = conf->kafka.client_id,
						   .properties = conf->kafka.properties,
						   .buffer_kib_max = (unsigned)conf->kafka.buffer_mib * 1024,
						   .delivery_ms_max = (unsigned)conf->kafka.delivery_ms_max};
	return kafka_sink_create(&options, collect_delivered, collect, fail);
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
	collect->source =
		(struct source_options){.forms = conf->forms,
					.download_extensions = conf->download.extensions.items,
					.download_extensions_count = conf->download.extensions.count,
					.consent_scopes = conf->snowplow.consent_scopes.items,
					.consent_scopes_count = conf->snowplow.consent_scopes.count,
					.topics = collect->hooks.topics,
					.page_ping_ms = (uint32_t)conf->snowplow.page_ping_s * 1000,
					.segment = {.sites = conf->segment.sites,
						    .sites_count = conf->segment.sites_count,
						    .analytics_scopes = conf->segment.analytics_scopes.items,
						    .analytics_scopes_count = conf->segment.analytics_scopes.count,
						    .profile_scopes = conf->segment.profile_scopes.items,
						    .profile_scopes_count = conf->segment.profile_scopes.count},
					.plausible = {.anonymous_id = conf->plausible.anonymous_id,
						      .user_id = conf->plausible.user_id,
						      .analytics = conf->plausible.analytics,
						      .profile = conf->plausible.profile},
					.cloudevents = &conf->cloudevents.map,
					.ga4 = {.analytics = conf->ga4.analytics, .profile = conf->ga4.profile},
					.crm = {.won_stages = conf->crm.won_stages.items,
						.won_stages_count = conf->crm.won_stages.count,
						.lost_stages = conf->crm.lost_stages.items,
						.lost_stages_count = conf->crm.lost_stages.count,
						.profile_fields = conf->crm.profile_fields.items,
						.profile_fields_count = conf->crm.profile_fields.count}};
	collect->visitor = (struct visitor_options){.name = conf->snowplow.cookie.name,
						    .days = (unsigned)conf->snowplow.cookie.days,
						    .domains = conf->snowplow.cookie.domains.items,
						    .domains_count = conf->snowplow.cookie.domains.count,
						    .is_secure = conf->snowplow.cookie.is_secure,
						    .same_site = conf->snowplow.cookie.same_site,
						    .key = collect->key};
	collect->screen = (struct screen_options){.consent = &conf->consent,
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

bool collect_reconfigure(struct collect *collect, struct fail *fail)
{
	struct http_options options = http_options_of(collect->conf);
	bool good = hooks_load(&collect->hooks, collect->conf, fail);
	if (!good) {
		log_error("hooks: not taken over, those that were in force still are: %s", fail->text);
	}
	set_options(collect);
	if (!admit_reconfigure(&collect->admit)) {
		log_error("http: no memory to limit how often an address or a site may send");
	}
	http_reconfigure(collect->http, &options);
	if (collect->admin != NULL) {
		http_reconfigure(collect->admin, &options);
	}
	return good;
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
	counts_init(&collect->counts);
	if (!admit_init(&collect->admit, conf) ||
	    !waiting_init(&collect->waiting, (unsigned)conf->http.connections_max) ||
	    !arena_init(&collect->arena, (size_t)conf->http.memory_mib_max * 1024 * 1024)) {
		fail_set(fail, FAIL_RETRY, EXIT_AWAY, "out of memory");
		goto fail;
	}
	if (!hooks_load(&collect->hooks, conf, fail)) {
		goto fail;
	}
	set_options(collect);
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
	hooks_finish(&collect->hooks);
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
		collect_report_drops(collect);
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
