/*
 * From a request to events on their way, and from their ends to its answer.
 */
#include <string.h>

#include "collector/collect_inside.h"
#include "collector/parcel.h"
#include "collector/request.h"
#include "core/base/log.h"
#include "core/base/moment.h"
#include "core/flow/decode.h"

/* --- waiting --- */

static void wait_end(struct collect *collect, struct waiting *waiting)
{
	if (waiting->dropped.all > 0) { /* what is answered 503 comes again */
		static const struct drops_count none;
		drops_count(&collect->drops, waiting->drops, waiting->is_lost ? &none : &waiting->dropped,
			    moment_monotonic_us());
	}
	if (waiting->is_lost) {
		static struct log_limit limit;
		if (log_allowed(&limit)) {
			log_warning("kafka: no acknowledgement, answering 503%s", log_held_back(&limit));
		}
		collect_answer_trouble(collect, waiting->request, waiting->route, 503, waiting->begun_us);
	} else {
		collect_answer_success(collect, waiting);
	}
	waiting_end(&collect->waiting, waiting);
}

void collect_delivered(void *context, void *token, bool delivered)
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
		if (waiting->dropped.all == 0) {
			waiting->drops = drops_hold(&collect->drops, item->event->source, item->event->site,
						    item->event->channel);
		}
		waiting->dropped.all++;
		waiting->dropped.denied += item->event->consent.analytics == STATEMENT_DENIED ? 1 : 0;
		counts_fate(&collect->counts, parcel.fate, false);
		return true;
	}
	return send_parcel(collect, waiting, &parcel);
}

void collect_report_drops(struct collect *collect)
{
	size_t place = 0;
	for (struct drops_row *row; (row = drops_next(&collect->drops, &place)) != NULL;) {
		struct reject report;
		const uint8_t *bytes;
		size_t size;
		struct fail fail;
		drops_report(row, &report);
		arena_reset(&collect->arena, COLLECT_ARENA_KEPT);
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
		*(items->items[i].event != NULL ? &waiting->read : &waiting->unread) += 1;
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

/* Whose word can be anybody's verifies nobody. */
static void settle_trust(enum route route, struct source_items *items)
{
	for (size_t i = 0; i < items->count && routes[route].scheme == NULL; i++) {
		if (items->items[i].event != NULL) {
			items->items[i].event->identity.verified = false;
		}
	}
}

static void answer_unproven(struct collect *collect, struct http_request *request, enum route route,
			    const struct source_request *described, int64_t begun_us)
{
	static struct log_limit limit;
	if (log_allowed(&limit)) {
		hook_detail *detail_of = routes[route].detail;
		const char *detail = detail_of != NULL ? detail_of(described, &collect->arena) : "";
		const char *why = hook_proof_name(described->proof);
		const char *both = detail[0] != '\0' ? arena_print(&collect->arena, "%s: %s", why, detail) : why;
		log_warning("hooks.%s: %s, answering 401%s", described->hook->name, both != NULL ? both : why,
			    log_held_back(&limit));
	}
	collect_answer_trouble(collect, request, route, 401, begun_us);
}

/* What the browser signals counts as the event's own word, for the visitor's cookie, too. */
static void settle_consent(const struct collect *collect, struct source_items *items)
{
	for (size_t i = 0; i < items->count; i++) {
		struct event *event = items->items[i].event;
		if (event != NULL) {
			event->consent.analytics = consent_said(&collect->conf->consent, event);
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

void collect_take(struct collect *collect, struct http_request *request, enum route route, const struct hook *hook,
		  int64_t begun_us)
{
	struct source_request described;
	struct source_items items = {.count = 0};
	if (hook != NULL && strcmp(http_method(request), "POST") != 0) { /* is anybody there? */
		collect_answer_trouble(collect, request, route, 200, begun_us);
		return;
	}
	if (collect->gave_up || collect->sink_is_dead || kafka_sink_state(collect->sink) == KAFKA_SINK_AWAY) {
		collect_answer_trouble(collect, request, route, 503, begun_us);
		return;
	}
	size_t size;
	unsigned status =
		request_read(request, route, hook, &collect->source, &collect->arena, &described, &items, &size);
	admit_charge(&collect->admit, request, size, begun_us);
	if (status == 401) {
		answer_unproven(collect, request, route, &described, begun_us);
		return;
	}
	if (status != 0) {
		collect_answer_trouble(collect, request, route, status, begun_us);
		return;
	}
	if (!admit_key(&collect->admit, key_of(&items), begun_us, &collect->wait_s)) {
		collect_answer_trouble(collect, request, route, 429, begun_us);
		return;
	}
	if (items.notice != NULL) {
		collect_notice(hook, items.notice);
	}
	flag_machines(collect, &described, &items);
	settle_trust(route, &items);
	settle_consent(collect, &items);
	struct visitor visitor = {.what = VISITOR_SILENT};
	if (routes[route].has_visitors &&
	    !visitor_settle(&collect->visitor, &described, http_header(request, "Cookie"), &items, &collect->arena,
			    &visitor)) {
		collect_answer_trouble(collect, request, route, 413, begun_us);
		return;
	}
	struct waiting *waiting = waiting_begin(&collect->waiting, request, route, begun_us);
	waiting->visitor = visitor;
	waiting->answer = items.answer;
	send_items(collect, waiting, &items, described.received_us);
	http_drop_body(request);
	if (waiting->pending == 0) {
		wait_end(collect, waiting);
	}
}
