/*
 * Rules that were found to be missing, as YAML that can be pasted into a model file.
 */
#pragma once
#include "core/flow/lint.h"
#include "core/model/model.h"

/* On stdout: for each place a heading, then its rules. */
void model_lint_print(const struct model *model, const struct lint *lint);
