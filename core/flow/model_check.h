/*
 * What a model says and does not mean: conditions that never take anything, contents that no rule takes. For models that can be used as they
 * are: each rule takes its own example, so that of none but `other` earlier ones can take all.
 *
 * Only what is proven is said to be never: exact texts, beginnings and globs are held against each other (match_cover.h); what a regular
 * expression takes is not guessed.
 */
#pragma once
#include <stddef.h>

#include "core/flow/match.h"

struct findings;

/* Conditions of one channel that are held against each other; those behind are not looked at, which is said. */
#define MODEL_CHECK_CONDITIONS_MAX 4096

/* Conditions that earlier ones leave nothing, those that say nothing new, points that say nothing. */
void model_check_rules(const struct model *model, struct findings *findings);
/* Contents that earlier ones leave nothing; of those known by an exact path, or only by an id, those that no rule takes or whose rule speaks for other
 * phases. */
void model_check_contents(const struct model *model, const struct matcher *matcher, struct findings *findings);
/* Topics that rules ask for and that are none of these. */
void model_check_topics(const struct model *model, const char *const *topics, size_t count,
			struct findings *findings);
