/*
 * What phasectl top knows at one moment, and how two moments are shown: top.c asks, top_view.c shows.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/model/outcome.h"
#include "ctl/endpoint.h"
#include "ctl/service.h"

#define TOP_STEPS_MAX 24

struct top_step {
	char name[24];
	double seconds, runs; /* so far */
};

/* Counters are added up over all endpoints. */
struct top_sample {
	int64_t at_us, wall_us; /* monotonic; UTC */
	struct endpoint endpoints[ENDPOINTS_MAX];
	size_t endpoint_count;
	bool has_metrics, has_collector; /* of some daemon; of some collector */
	double collected, received, in_flight, turns, quick, careful, metric_lag, metric_behind_s,
		outcomes[OUTCOME_COUNT];
	struct top_step steps[TOP_STEPS_MAX];
	size_t step_count;
	bool has_service; /* PostgreSQL was there; else trouble says what */
	struct service service;
	char trouble[160];
};

/* The whole view, as lines. */
void top_view(const struct top_sample *before, const struct top_sample *now, const char *group, FILE *out);
/* The same in one line. */
void top_line(const struct top_sample *before, const struct top_sample *now, FILE *out);
