/*
 * One program's configuration file: a table of keys (core/base/yaml.h: key, type, bounds, default, unit, reloadable, help)
 * and the steps for what no table can say. Everything else comes from the two: reading, checking, what is in force as text,
 * the commented default file, the keys in the man page, what a reload takes over.
 *
 * core/edge/conf.c and collector/conf.c are such tables. Errors read "FILE:LINE: …", name the key and the nearest valid
 * word. Reads the file and nothing else.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/base/fail.h"
#include "core/base/yaml.h"

struct arena;

/* A file that is being read. */
struct conf_reader {
	const char *path; /* named in errors; relative paths start at its directory */
	const struct yaml_node *root;
	struct arena *arena; /* of what is read */
	struct fail *fail;
};

/* Checks or converts what the table has filled in; false: *reader->fail says why. Sees keys of one kind together: all
 * reloadable, or none of them, so that what it has checked stays true after a reload. */
typedef bool conf_step(const struct conf_reader *reader, void *conf);

/* Bytes of the struct. */
struct conf_span {
	size_t offset, size;
};

struct conf_schema {
	const char *opening; /* of the default file */
	const struct yaml_field *fields;
	size_t size;		      /* of the struct that is filled */
	conf_step *const *steps;      /* in order; NULL ends */
	const struct conf_span *made; /* what steps make of reloadable keys beside their own fields; size 0 ends */
};

#define CONF_ARENA_SIZE ((size_t)8 * 1024 * 1024)

/* Texts live in the arena; CONF_ARENA_SIZE is enough for any file. False: FAIL_FATAL / EXIT_CONFIG, *ret_conf untouched. */
bool conf_schema_read(const struct conf_schema *schema, const char *path, struct arena *arena, void *ret_conf,
		      struct fail *fail);
/* The same from a text; `path` is named in errors and is what relative paths are relative to. */
bool conf_schema_parse(const struct conf_schema *schema, const char *text, size_t size, const char *path,
		       struct arena *arena, void *ret_conf, struct fail *fail);

/* The commented default file: every key with its help, unit, bounds and default. NULL: the arena is full. */
char *conf_schema_default_text(const struct conf_schema *schema, struct arena *arena);
/* What is in force, as a file that would give the same; values that may hold a password are left out. NULL: full. */
char *conf_schema_text(const struct conf_schema *schema, const void *conf, struct arena *arena);

/* ---- For steps ---- */

/* The node of section.key, or the whole file where the default is at fault. */
const struct yaml_node *conf_node(const struct conf_reader *reader, const char *section, const char *key);
/* "FILE:LINE: …" with the line of section.key; returns false. */
#define CONF_COMPLAIN(reader, section, key, ...) \
	yaml_complain((reader)->path, conf_node(reader, section, key), (reader)->fail, __VA_ARGS__)
/* The arena is full; returns false. */
bool conf_too_large(const struct conf_reader *reader);
