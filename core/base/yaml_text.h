/*
 * A configuration as text, from its schema: the commented default file, and what is in force.
 */
#pragma once
#include <stdio.h>

struct arena;
struct yaml_field;

/* `opening`, then every key with its help, unit, bounds and default, commented out. NULL: the arena is full. */
char *yaml_default_text(const char *opening, const struct yaml_field *fields, struct arena *arena);
/* What is in force, as a file that would give the same; values that may hold a password are left out. */
void yaml_print(FILE *out, const struct yaml_field *fields, const void *values);
/* The same as a text. NULL: the arena is full. */
char *yaml_text(const struct yaml_field *fields, const void *values, struct arena *arena);
