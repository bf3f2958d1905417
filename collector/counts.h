/*
 * What the collector counts. Labels are routes, codes and fates of fixed lists, never anything that was sent.
 */
#pragma once
#include <stdint.h>

#include "collector/routes.h"
#include "core/base/metrics.h"
#include "core/model/outcome.h"

enum fate {
#define X(name, help) FATE_##name,
#include "collector/fate.def"
#undef X
	FATE_COUNT
};

/* The fate of an event that was rejected for this. */
enum fate fate_of(enum outcome reason);

#define COUNTS_CODE_LIST(X) X(200) X(202) X(204) X(401) X(403) X(404) X(405) X(413) X(415) X(429) X(500) X(503)

enum counts_code {
#define COUNTS_CODE_ENUM(code) COUNTS_CODE_##code,
	COUNTS_CODE_LIST(COUNTS_CODE_ENUM)
#undef COUNTS_CODE_ENUM
		COUNTS_CODE_COUNT
};

#define COUNTS_LABELS_SIZE 64

struct counts {
	struct metrics metrics;
	struct metric requests[ROUTE_COUNT][COUNTS_CODE_COUNT], seconds[ROUTE_COUNT];
	char request_labels[ROUTE_COUNT][COUNTS_CODE_COUNT][COUNTS_LABELS_SIZE];
	char route_labels[ROUTE_COUNT][COUNTS_LABELS_SIZE], fate_labels[FATE_COUNT][COUNTS_LABELS_SIZE];
	struct metric received, fates[FATE_COUNT], in_flight;
	struct metric reloads_taken, reloads_refused;
	struct metric refused, late, evicted, crowded, connections, waiting, kafka_up;
};

/* The struct must stay where it is. */
void counts_init(struct counts *counts);
/* `status` is one of the codes above. */
void counts_request(struct counts *counts, enum route route, unsigned status, double seconds);
void counts_received(struct counts *counts, size_t events);
/* It is on its way to a broker. */
void counts_sent(struct counts *counts);
/* Its end; `was_sent`: counts_sent() was called for it. */
void counts_fate(struct counts *counts, enum fate fate, bool was_sent);
