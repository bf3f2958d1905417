#include "collector/counts.h"

#include <stdio.h>

#include "core/base/check.h"

static const unsigned codes[COUNTS_CODE_COUNT] = {
#define COUNTS_CODE_NUMBER(code) code,
	COUNTS_CODE_LIST(COUNTS_CODE_NUMBER)
#undef COUNTS_CODE_NUMBER
};

static const struct {
	const char *name, *help;
} fates[FATE_COUNT] = {
#define X(name, help) {#name, help},
#include "collector/fate.def"
#undef X
};

enum fate fate_of(enum outcome reason)
{
	switch (reason) {
	case OUTCOME_no_consent:
		return FATE_no_consent;
	case OUTCOME_unreadable:
		return FATE_unreadable;
	case OUTCOME_too_large:
		return FATE_too_large;
	case OUTCOME_bad_text:
		return FATE_bad_text;
	case OUTCOME_bad_value:
		return FATE_bad_value;
	default:
		CHECK(!"a reason that no adapter gives");
		return FATE_unreadable;
	}
}

static void add(struct counts *counts, struct metric *metric, enum metric_type type, const char *name,
		const char *help, const char *labels)
{
	*metric = (struct metric){.name = name, .help = help, .type = type, .labels = labels};
	if (type == METRIC_HISTOGRAM) {
		metric->bounds = metric_seconds;
		metric->bounds_count = METRIC_SECONDS_COUNT;
	}
	metrics_add(&counts->metrics, metric);
}

static void add_requests(struct counts *counts)
{
	for (int route = 0; route < ROUTE_COUNT; route++) {
		for (int code = 0; code < COUNTS_CODE_COUNT; code++) {
			char *labels = counts->request_labels[route][code];
			snprintf(labels, COUNTS_LABELS_SIZE, "route=\"%s\",code=\"%u\"", routes[route].name,
				 codes[code]);
			add(counts, &counts->requests[route][code], METRIC_COUNTER, "phased_http_requests_total",
			    "Requests answered.", labels);
		}
	}
	for (int route = 0; route < ROUTE_COUNT; route++) {
		snprintf(counts->route_labels[route], COUNTS_LABELS_SIZE, "route=\"%s\"", routes[route].name);
		add(counts, &counts->seconds[route], METRIC_HISTOGRAM, "phased_http_request_duration_seconds",
		    "From the whole request to its answer, the brokers' acknowledgement included.",
		    counts->route_labels[route]);
	}
}

void counts_init(struct counts *counts)
{
	static const char reloads[] =
		"Times that the configuration was read again: taken over, or refused and nothing changed.";
	static const char cuts[] =
		"Connections cut: late, their time was over; evicted, another one was let in in their place.";
	metrics_init(&counts->metrics);
	add_requests(counts);
	add(counts, &counts->reloads_taken, METRIC_COUNTER, "phased_config_reloads_total", reloads,
	    "result=\"taken\"");
	add(counts, &counts->reloads_refused, METRIC_COUNTER, "phased_config_reloads_total", reloads,
	    "result=\"refused\"");
	add(counts, &counts->refused, METRIC_COUNTER, "phased_http_refused_total",
	    "Requests refused before they were read: ambiguous, too long, too large.", NULL);
	add(counts, &counts->late, METRIC_COUNTER, "phased_http_cut_total", cuts, "reason=\"late\"");
	add(counts, &counts->evicted, METRIC_COUNTER, "phased_http_cut_total", cuts, "reason=\"evicted\"");
	add(counts, &counts->crowded, METRIC_COUNTER, "phased_http_crowded_total",
	    "Connections answered 429: all of their address wait for the brokers.", NULL);
	add(counts, &counts->connections, METRIC_GAUGE, "phased_http_connections", "Connections open.", NULL);
	add(counts, &counts->waiting, METRIC_GAUGE, "phased_http_requests_waiting",
	    "Requests that wait for the brokers' acknowledgement.", NULL);
	add(counts, &counts->received, METRIC_COUNTER, "phased_collect_received_total",
	    "Events that requests carried. Equals the sum of phased_collect_events_total plus "
	    "phased_produce_inflight.",
	    NULL);
	for (int fate = 0; fate < FATE_COUNT; fate++) {
		snprintf(counts->fate_labels[fate], COUNTS_LABELS_SIZE, "outcome=\"%s\"", fates[fate].name);
		add(counts, &counts->fates[fate], METRIC_COUNTER, "phased_collect_events_total",
		    "Events by what became of them.", counts->fate_labels[fate]);
	}
	add(counts, &counts->in_flight, METRIC_GAUGE, "phased_produce_inflight",
	    "Events on their way to the brokers, not acknowledged yet.", NULL);
	add(counts, &counts->kafka_up, METRIC_GAUGE, "phased_kafka_up", "1: a broker is connected.", NULL);
	metrics_process_add(&counts->metrics);
}

void counts_request(struct counts *counts, enum route route, unsigned status, double seconds)
{
	for (int code = 0; code < COUNTS_CODE_COUNT; code++) {
		if (codes[code] == status) {
			counts->requests[route][code].value++;
			metric_observe(&counts->seconds[route], seconds);
			return;
		}
	}
	CHECK(!"a status that is not in the list");
}

void counts_received(struct counts *counts, size_t events)
{
	counts->received.value += (double)events;
}

void counts_sent(struct counts *counts)
{
	counts->in_flight.value++;
}

void counts_fate(struct counts *counts, enum fate fate, bool was_sent)
{
	counts->fates[fate].value++;
	counts->in_flight.value -= was_sent ? 1 : 0;
}
