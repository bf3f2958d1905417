/*
 * YAML in: a tree whose nodes keep line and column, and a schema walker that fills a struct from it. Hides libyaml.
 *
 * Aliases, anchors and tags are refused, duplicate keys are refused, at most one document; unknown keys are refused
 * with line and the nearest valid word. Errors read "FILE:LINE: …", name the key and exit with EXIT_CONFIG.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/fail.h"

struct arena;

#define YAML_FILE_SIZE_MAX ((size_t)4 * 1024 * 1024)
#define YAML_DEPTH_MAX 32
#define YAML_KEYS_MAX 4096 /* of one map */

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
	enum yaml_kind kind;
	unsigned line, column; /* from 1 */
	const char *text;      /* SCALAR */
	bool quoted;
	size_t count;		  /* LIST, MAP */
	struct yaml_node **items; /* LIST: elements; MAP: values */
	struct yaml_node **keys;  /* MAP: scalars */
};

/* `file` is only named in errors. Everything lives in the arena. An empty document gives an empty map. */
bool yaml_parse(const char *text, size_t size, const char *file, struct arena *arena, struct yaml_node **ret_root,
		struct fail *fail);
bool yaml_read_file(const char *path, struct arena *arena, struct yaml_node **ret_root, struct fail *fail);
/* NULL when the map has no such key. */
struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);

enum yaml_type {
	YAML_TEXT,    /* const char * */
	YAML_INTEGER, /* int64_t, low..high (both 0: any) */
	YAML_NUMBER,  /* double, low..high (both 0: any), finite */
	YAML_BOOL,    /* bool: true/false/yes/no/on/off */
	YAML_WORD,    /* int: index in `words` */
	YAML_TEXTS,   /* struct yaml_texts: a list of scalars, each of at most `high` bytes when high > 0 */
	YAML_SECTION, /* a nested map: its fields are in `fields`, offsets from the same struct */
	YAML_NODE     /* struct yaml_node *: the caller walks it */
};

struct yaml_texts {
	size_t count;
	const char **items;
};

struct yaml_field {
	const char *key;
	enum yaml_type type;
	size_t offset;	  /* in the struct that is filled */
	double low, high; /* INTEGER, NUMBER; TEXT, TEXTS: length in bytes when high > 0 */
	/* Default: scalars as they are, without quotes; TEXTS and NODE in YAML ("[a, b]"). NULL: required (SECTION, NODE
	 * and TEXTS never are). A key with nothing behind it counts as not given. */
	const char *fallback;
	const char *const *words;	 /* WORD: NULL ends */
	const struct yaml_field *fields; /* SECTION; key NULL ends */
	const char *unit;		 /* "ms", "MiB", NULL */
	bool reloadable;		 /* a running program takes another value over */
	bool hidden;			 /* NODE: its values may be secret, only its keys are shown */
	const char *help;
};

/* Fills *ret (every field, defaults included) from a map; `file` for errors. A NULL or empty root gives all defaults. */
bool yaml_fill(const struct yaml_node *root, const struct yaml_field *fields, const char *file,
	       struct arena *arena, void *ret, struct fail *fail);
/* "FILE:LINE: …" for a caller that walks a node itself; returns false. */
bool yaml_complain(const char *file, const struct yaml_node *node, struct fail *fail, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Refuses keys of `map` that are not in `words` (NULL ends), naming the nearest. */
bool yaml_only_keys(const struct yaml_node *map, const char *const *words, const char *file, struct fail *fail);

/* For callers that walk nodes themselves; false: it is none (a list, a map, another word, out of range). */
bool yaml_integer(const struct yaml_node *node, int64_t *ret_value);
bool yaml_number(const struct yaml_node *node, double *ret_value);
bool yaml_bool(const struct yaml_node *node, bool *ret_value);
/* Index of the node's text in `words` (NULL ends); false: *fail names `key` and the nearest word. */
bool yaml_word(const struct yaml_node *node, const char *const *words, const char *file, const char *key,
	       int *ret_index, struct fail *fail);
/* The same of names that somebody gave; `otherwise`: what it is where it is none of them ("no phase of this process"). */
bool yaml_name(const struct yaml_node *node, const char *const *words, const char *file, const char *key,
	       const char *otherwise, int *ret_index, struct fail *fail);
