/*
 * What the board serves as it is: its stylesheet, its script, its icon. Made by embed.py.
 */
#pragma once
#include <stddef.h>

struct files_file {
	const char *path, *type, *text;
};

extern const struct files_file files[];
extern const size_t files_count;

/* NULL: there is no such file. */
const struct files_file *files_find(const char *path);
