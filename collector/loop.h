/*
 * One libev loop, one thread: watches the collector's descriptors and SIGTERM, SIGINT; nothing in it blocks.
 */
#pragma once
#include <stdbool.h>

struct collect;

/* Runs until a signal ends it and what waited is answered, or `stop_s` seconds after the signal. */
void loop_run(struct collect *collect, unsigned stop_s);
