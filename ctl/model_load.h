/*
 * A model from its files, with everything that can be wrong with it found: syntax, patterns, each rule's example.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/base/fail.h"
#include "core/base/findings.h"
#include "core/model/model.h"
#include "ctl/ctl.h"

struct matcher;

#define MODEL_FINDINGS_MAX 500

/* `path`: a file or folder. The model lives in ctl's arena. False: *fail names file, line and what is wrong first. */
bool model_load(struct ctl *ctl, const char *path, struct model **ret_model, struct fail *fail);
/* The same, with all errors, and advice. NULL: there are errors. The caller ends it with matcher_destroy(). */
struct matcher *model_load_all(struct ctl *ctl, const char *path, struct model **ret_model,
			       struct findings *findings);
/* "0123456789abcdef (standard: 33 rules, 12 contents; …)" */
void model_describe(const struct model *model, char *ret_text, size_t size);
