/*
 * One libev loop, one thread: watches the collector's descriptors and SIGTERM, SIGINT, SIGHUP; nothing in it blocks.
 */
#pragma once
#include <stdbool.h>

struct collect;
struct collect_conf;
struct conf_live;

struct loop_options {
	const struct collect_conf *conf; /* in force; all of these are borrowed */
	struct conf_live *live;		 /* what SIGHUP reads again into *conf */
	/* Around it, when not NULL: `why` is NULL when the file was taken over, else why not (one line). Both always, and
	 * both within one turn of the loop. */
	void (*reload_begins)(void *context);
	void (*reload_ends)(void *context, const char *why);
	void *reload_context;
};

/* Runs until SIGTERM or SIGINT ends it and what waited is answered, or stop.seconds after the signal. */
void loop_run(struct collect *collect, const struct loop_options *options);
