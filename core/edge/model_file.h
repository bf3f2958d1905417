/*
 * Model files: YAML → struct model, with errors that name file, line, key and the nearest valid word.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/base/fail.h"
#include "core/model/model.h"

struct arena;
struct findings;

/* Reads a file, or all *.yaml of a directory. False: *fail has "FILE:LINE: …". Runs no examples. */
bool model_file_read(const char *path, struct arena *arena, struct model **ret_model, struct fail *fail);
/* The same, and notes all that is wrong, as far as it can be told, not only what comes first; and advice. False: there are errors. */
bool model_file_check(const char *path, struct arena *arena, struct findings *findings, struct model **ret_model);
/* Reads the canonical text back (from table model): gives the same version. */
bool model_file_parse(const char *text, size_t size, struct arena *arena, struct model **ret_model,
		      struct fail *fail);
