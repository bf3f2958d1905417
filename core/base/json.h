/*
 * JSON in: bytes → a tree of nodes in an arena. Hides jansson.
 *
 * Strict: one value and nothing behind it, UTF-8, no NUL, no key twice in a map, a depth limit. What is wrong is told
 * with the path of the keys that lead there, fit to be shown (addresses masked), never with a value.
 *
 * The arena bounds all memory that reading takes, jansson's too.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

#define JSON_PATH_SIZE 96

enum json_kind { JSON_NOTHING, JSON_BOOL, JSON_NUMBER, JSON_TEXT, JSON_LIST, JSON_MAP };

struct json_node {
	enum json_kind kind;
	bool flag;     /* BOOL */
	bool is_whole; /* NUMBER: written as an integer that fits int64: `whole` is it */
	int64_t whole;
	double number;		  /* NUMBER: always; rounded where it must be */
	char *text;		  /* TEXT: NUL-terminated, without NUL inside */
	size_t count;		  /* LIST, MAP */
	struct json_node **items; /* LIST: elements; MAP: values, in the order they were written */
	char **keys;		  /* MAP */
};

enum json_trouble_kind {
	JSON_BROKEN,	 /* not JSON, or a key twice */
	JSON_BAD_TEXT,	 /* not UTF-8, or a NUL */
	JSON_BAD_NUMBER, /* a number that no double holds */
	JSON_TOO_DEEP,
	JSON_TOO_LARGE /* for what is left of the arena */
};

struct json_trouble {
	enum json_trouble_kind kind;
	char path[JSON_PATH_SIZE]; /* "identity.email"; "" at the top; cut when long */
};

/* `depth_max`: lists and maps inside each other, the outermost counted. The tree is the caller's to change. */
bool json_parse(const void *bytes, size_t size, unsigned depth_max, struct arena *arena,
		struct json_node **ret_root, struct json_trouble *ret_trouble);

/* The value of a key; NULL when `map` is NULL or no map, or has no such key, or it is null. */
struct json_node *json_get(const struct json_node *map, const char *key);
/* The text of a key, or NULL when there is none or it is no text. */
const char *json_get_text(const struct json_node *map, const char *key);

/* A value by the keys that lead to it, "context.page.url", eight at most; NULL where one of them is missing or null. */
const struct json_node *json_find(const struct json_node *map, const char *path);
/* A flat value as text: numbers and booleans are written out; "" when it is none. NULL: the arena is full. */
const char *json_flat(const struct json_node *node, struct arena *arena);
/* true, 1, or a text that says yes: "true", "yes", "1", "granted", "allow", "allowed", in any case. */
bool json_is_yes(const struct json_node *node);
