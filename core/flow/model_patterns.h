/*
 * The patterns of a model, all of them: those that are none, and regular expressions that run away.
 */
#pragma once
#include <stdbool.h>

#include "core/model/model.h"

struct findings;

/* Notes what is wrong with them. False: there are errors. */
bool model_patterns_check(const struct model *model, struct findings *findings);
