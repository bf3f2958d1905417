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
/* A file's text with one process in it. `file`: for errors, must outlive the process. */
bool model_file_parse_process(const char *text, size_t size, const char *file, struct arena *arena,
			      const struct model_process **ret_process, struct fail *fail);

/* The canonical text: one for all files that mean the same. False: no memory. */
bool model_text_write(const struct model *model, struct arena *arena, const char **ret_text, size_t *ret_size);
/* The text of a process's file, with what its rules have learned in place of what stood there. `comment`: lines that begin with
 * "  # ". False: no memory. The caller reads the result back. */
bool model_file_relearn(const char *text, const struct model_process *process, const char *comment,
			struct arena *arena, const char **ret_text);
