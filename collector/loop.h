/*
 * One libev loop, one thread: watches the collector's descriptors and SIGTERM, SIGINT, SIGHUP; nothing in it blocks.
 */
#pragma once
#include <stdbool.h>

struct collect;
struct collect_conf;
struct conf_live;
struct service;

struct loop_options {
	const struct collect_conf *conf; /* in force; all of these are borrowed */
	struct conf_live *live;		 /* what SIGHUP reads again into *conf */
	struct service *
		service; /* is told once a broker is reached, and that we live while requests are answered in time */
};

/* Runs until SIGTERM or SIGINT ends it and what waited is answered, or stop.seconds after the signal. */
void loop_run(struct collect *collect, const struct loop_options *options);
