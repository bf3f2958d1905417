/*
 * The daemon's loop: one thread, one libev loop, chores in a fixed order. Nothing blocks.
 */
#pragma once
#include <stdbool.h>

#include "core/base/fail.h"
#include "core/edge/conf.h"
#include "core/edge/conf_live.h"
#include "core/edge/http.h"
#include "core/flow/identify.h"
#include "daemon/counters.h"
#include "daemon/io.h"

struct eraser;
struct service;

struct loop_options {
	const struct conf *conf;    /* all of these are borrowed for the whole run */
	struct io lanes[LANES_MAX]; /* one for each lane; any of them for clock and source */
	unsigned lane_count;
	const struct identity_key *key;
	struct counters *counters;
	const char *owner;	   /* who we are in table position */
	const char *const *topics; /* names, by number */
	int rejected_topic;
	struct conf_live *live;	 /* what SIGHUP reads again into *conf; NULL: nothing */
	const char *listen;	 /* of /metrics and health; "": nowhere */
	struct service *service; /* who is told that we work */
	struct eraser *eraser;	 /* to be done with before the first batch; NULL: nothing */
};

/* What health checks ask. */
struct loop_health {
	bool ready;
	const char *why; /* not ready: what is waited for */
};

/* Runs until SIGTERM or SIGINT (true), or until something is wrong that waiting will not mend (false: *fail). */
bool loop_run(const struct loop_options *options, struct fail *fail);
