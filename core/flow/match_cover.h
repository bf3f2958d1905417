/*
 * Does one pattern, one condition of a model take all that another one takes? Answers yes only where that is proven.
 *
 * Proven for exact texts, beginnings and globs against each other, and for regular expressions that are written alike. Everything else is no.
 */
#pragma once
#include <stdbool.h>

#include "core/model/model.h"

struct arena;

#define COVER_PATTERNS 6

struct cover_pattern {
	const struct model_pattern *about; /* text NULL: none was given */
	const char *glob; /* folded, with wildcards as bytes of their own; NULL for a regular expression */
};

struct cover_condition {
	const struct model_condition *about;
	struct cover_pattern patterns[COVER_PATTERNS]; /* label, path, title, form, target, the property's value */
};

/* Borrows the pattern. False: arena full. */
bool cover_pattern_init(struct cover_pattern *pattern, const struct model_pattern *about, struct arena *arena);
bool cover_condition_init(struct cover_condition *condition, const struct model_condition *about,
			  struct arena *arena);

/* Is every text that `narrow` takes sure to be taken by `wide`? Both are given. */
bool cover_pattern(const struct cover_pattern *wide, const struct cover_pattern *narrow);
bool cover_condition(const struct cover_condition *wide, const struct cover_condition *narrow);
