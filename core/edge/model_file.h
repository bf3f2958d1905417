/*
 * Model files: YAML → struct model, with errors that name file, line, key and the nearest valid word.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/base/fail.h"
#include "core/model/model.h"

struct arena;

/* Reads a file, or all *.yaml of a directory. False: *fail has "FILE:LINE: …". Runs no examples. */
bool model_file_read(const char *path, struct arena *arena, struct model **ret_model, struct fail *fail);
/* Reads the canonical text back (from table model): gives the same version. */
bool model_file_parse(const char *text, size_t size, struct arena *arena, struct model **ret_model,
		      struct fail *fail);
