/*
 * Files in the tree that say what a schema says: compared with it, and with PHASED_UPDATE set in the environment written
 * from it first.
 */
#pragma once
#include "core/edge/conf_schema.h"

struct arena;

/* The file's text, in `arena`. */
char *conf_file_text(const char *path, struct arena *arena);
/* The whole file is `wanted`. */
void conf_file_is(const char *path, const char *wanted);
/* Between its marks the man page lists the keys; around them it is written by hand. */
void conf_manual_is(const char *path, const struct conf_schema *schema);
