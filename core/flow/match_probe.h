/*
 * Does a regular expression of a model run away, trying without end on some text?
 *
 * Tried, not proven: texts that are known to make careless expressions run away, made from what stands in the expression. One that is
 * found is proof, since matching it ran into the limits; where none is found there may still be one, which then counts as not fitting.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/flow/match_pattern.h"

#define MATCH_PROBE_SIZE_MAX 1024

/* `pattern` is compiled from `regex`. `example`: a text that it was made for, or NULL. `size_max`: bytes of the longest text that it can
 * meet, at most MATCH_PROBE_SIZE_MAX. True: it did, on a text of *ret_size bytes. */
bool match_probe(const struct match_patterns *patterns, const struct match_pattern *pattern, const char *regex,
		 const char *example, size_t size_max, size_t *ret_size);
