/*
 * A program of ours by its small web side: is it ready, and what do its metrics say.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "core/base/arena.h"

#define ENDPOINTS_MAX 16
#define ENDPOINT_MS_MAX 2000

struct endpoint {
	const char *address;
	bool reached, ready;
	const char *why;  /* not ready, or not reached: in words, one line */
	const char *page; /* of metrics; NULL: none, or not asked for */
};

/* "a,b,c" → addresses, in the arena; "none": none. False: too many. */
bool endpoints_list(const char *text, struct arena *arena, struct endpoint ret_endpoints[static ENDPOINTS_MAX],
		    size_t *ret_count);
/* Asks for /readyz anew; fills everything but the address and the page. */
void endpoint_ask(struct endpoint *endpoint, struct arena *arena);
/* That, and the page of metrics of one that was reached. */
void endpoint_ask_metrics(struct endpoint *endpoint, struct arena *arena);
/* How it is, as a line of a table. */
void endpoint_print(const struct endpoint *endpoint, FILE *out);
/* The value of "name" or "name{labels}" as written on the page; 0 where there is none. */
double endpoint_value(const struct endpoint *endpoint, const char *series);
/* The value of the label in "{a=\"x\",b=\"y\"}" of each sample of `name`, and its value, in order. */
typedef void endpoint_sample(void *context, const char *label, double value);
void endpoint_each(const struct endpoint *endpoint, const char *name, const char *label, endpoint_sample *sample,
		   void *context);
