#include "core/base/json.h"

#include <jansson.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/json_quick.h"
#include "core/base/text.h"

/*
 * A first walk over the bytes, before jansson sees them: it bounds jansson's recursion, and it knows the keys that lead
 * to any position, which jansson does not tell. It believes nothing about the bytes: it need not be JSON at all.
 *
 * And it bounds jansson's memory, which no arena does: it adds up what jansson and the copy in the arena take at most.
 */
#define STACK_MAX 64

/* Bytes, of glibc's malloc() and of the arena together, with what a table is too large by after it has grown. */
#define VALUE_COST 128 /* of each, whatever it is */
#define LIST_COST 160  /* besides */
#define MAP_COST 288
#define TEXT_COST 64
#define KEY_COST 128	 /* besides that of its text */
#define TEXT_BYTE_COST 5 /* two in jansson's buffer, which has just grown from half of that, one in each tree */

struct span {
	size_t start, size;
};

struct walk {
	size_t at;
	size_t cost, cost_max;	     /* of what stands before `at` */
	unsigned depth;		     /* open lists and maps */
	struct span keys[STACK_MAX]; /* of each depth, the last one seen; [0] stays empty */
};

/* From the opening quote at walk->at to behind the closing one, or to the end. */
static struct span skip_text(struct walk *walk, const char *bytes, size_t size)
{
	struct span span = {.start = ++walk->at};
	while (walk->at < size && bytes[walk->at] != '"') {
		walk->at += bytes[walk->at] == '\\' && walk->at + 1 < size ? 2 : 1;
	}
	span.size = walk->at - span.start;
	walk->at += walk->at < size;
	return span;
}

static bool is_key(const struct walk *walk, const char *bytes, size_t size)
{
	size_t at = walk->at;
	while (at < size && (bytes[at] == ' ' || bytes[at] == '\t' || bytes[at] == '\r' || bytes[at] == '\n')) {
		at++;
	}
	return at < size && bytes[at] == ':';
}

/* Each value but the first stands behind a mark. */
static size_t cost_of_mark(char mark)
{
	return mark == '{'   ? MAP_COST + VALUE_COST
	       : mark == '[' ? LIST_COST + VALUE_COST
	       : mark == ',' ? VALUE_COST
	       : mark == ':' ? KEY_COST
			     : 0;
}

/* Walks up to `end`, or to where more than `depth_max` are open, or where it has come to cost more than it may: then false. */
static bool walk_to(struct walk *walk, const char *bytes, size_t size, size_t end, unsigned depth_max)
{
	CHECK(depth_max < STACK_MAX);
	while (walk->at < end) {
		if (walk->cost > walk->cost_max) {
			return false;
		}
		char byte = bytes[walk->at];
		if (byte == '"') {
			struct span text = skip_text(walk, bytes, size);
			walk->cost += TEXT_COST + TEXT_BYTE_COST * text.size;
			if (is_key(walk, bytes, size)) {
				walk->keys[walk->depth] = text;
			}
			continue;
		}
		walk->at++;
		walk->cost += cost_of_mark(byte);
		if (byte == '{' || byte == '[') {
			if (walk->depth == depth_max) {
				return false;
			}
			walk->keys[++walk->depth] = (struct span){0};
		} else if ((byte == '}' || byte == ']') && walk->depth > 0) {
			walk->depth--;
		}
	}
	return walk->cost <= walk->cost_max;
}

/* A key as it stands in the bytes, made fit to be shown; one with escapes in it, which may hide an address, is "?".
 * NULL: arena full. */
static char *shown_key(const char *bytes, struct span span, struct arena *arena)
{
	if (memchr(bytes + span.start, '\\', span.size) != NULL) {
		return arena_text(arena, "?", 1);
	}
	char *key = arena_text(arena, bytes + span.start, span.size);
	for (size_t i = 0; key != NULL && i < span.size; i++) {
		if (key[i] == '\0') {
			key[i] = '?';
		}
	}
	if (key != NULL) {
		text_show(key);
	}
	return key;
}

/* Joins the keys by dots. */
static void walk_path(const struct walk *walk, const char *bytes, struct arena *arena, char *ret_path)
{
	size_t used = 0;
	ret_path[0] = '\0';
	for (unsigned i = 0; i <= walk->depth; i++) {
		if (walk->keys[i].size == 0) {
			continue;
		}
		const char *key = shown_key(bytes, walk->keys[i], arena);
		if (key == NULL) {
			return;
		}
		if (used > 0 && used + 1 < JSON_PATH_SIZE) {
			ret_path[used++] = '.';
		}
		size_t size = text_cut(key, JSON_PATH_SIZE - 1 - used);
		memcpy(ret_path + used, key, size);
		used += size;
		ret_path[used] = '\0';
	}
	text_mask_addresses(ret_path); /* "a@b" and "test" make one together */
}

static bool trouble_at(enum json_trouble_kind kind, const char *bytes, size_t size, size_t position,
		       unsigned depth_max, struct arena *arena, struct json_trouble *ret_trouble)
{
	struct walk walk = {.cost_max = SIZE_MAX};
	walk_to(&walk, bytes, size, position < size ? position : size, depth_max);
	struct json_trouble trouble = {.kind = kind};
	walk_path(&walk, bytes, arena, trouble.path);
	*ret_trouble = trouble;
	return false;
}

static struct json_node *copy_node(const json_t *from, struct arena *arena);

static bool copy_list(const json_t *from, struct arena *arena, struct json_node *node)
{
	node->count = json_array_size(from);
	node->items = arena_zero(arena, node->count, sizeof(struct json_node *));
	for (size_t i = 0; node->items != NULL && i < node->count; i++) {
		node->items[i] = copy_node(json_array_get(from, i), arena);
		if (node->items[i] == NULL) {
			return false;
		}
	}
	return node->items != NULL;
}

static bool copy_map(json_t *from, struct arena *arena, struct json_node *node)
{
	node->count = json_object_size(from);
	node->items = arena_zero(arena, node->count, sizeof(struct json_node *));
	node->keys = arena_zero(arena, node->count, sizeof(char *));
	if (node->items == NULL || node->keys == NULL) {
		return false;
	}
	size_t i = 0;
	for (void *at = json_object_iter(from); at != NULL; at = json_object_iter_next(from, at), i++) {
		const char *key = json_object_iter_key(at);
		node->keys[i] = arena_text(arena, key, strlen(key));
		node->items[i] = copy_node(json_object_iter_value(at), arena);
		if (node->keys[i] == NULL || node->items[i] == NULL) {
			return false;
		}
	}
	return true;
}

static void copy_number(const json_t *from, struct json_node *node)
{
	node->kind = JSON_NUMBER;
	node->number = json_number_value(from);
	node->is_whole = json_is_integer(from);
	node->whole = json_is_integer(from) ? json_integer_value(from) : 0;
}

/* Depth is bounded: walk_to() saw it first. NULL: arena full. */
static struct json_node *copy_node(const json_t *from, struct arena *arena)
{
	struct json_node *node = arena_zero(arena, 1, sizeof(*node));
	if (node == NULL) {
		return NULL;
	}
	bool copied = true;
	if (json_is_object(from)) {
		node->kind = JSON_MAP;
		copied = copy_map((json_t *)from, arena, node);
	} else if (json_is_array(from)) {
		node->kind = JSON_LIST;
		copied = copy_list(from, arena, node);
	} else if (json_is_string(from)) {
		node->kind = JSON_TEXT;
		node->text = arena_text(arena, json_string_value(from), json_string_length(from));
		copied = node->text != NULL;
	} else if (json_is_number(from)) {
		copy_number(from, node);
	} else if (json_is_boolean(from)) {
		node->kind = JSON_BOOL;
		node->flag = json_is_true(from);
	}
	return copied ? node : NULL;
}

static enum json_trouble_kind trouble_kind(const json_error_t *error)
{
	switch (json_error_code(error)) {
	case json_error_out_of_memory:
		return JSON_TOO_LARGE;
	case json_error_invalid_utf8:
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return JSON_BAD_TEXT;
	case json_error_numeric_overflow:
		return JSON_BAD_NUMBER;
	default:
		return JSON_BROKEN;
	}
}

/* An integer over int64 is legal JSON: where there is one, all numbers are read as doubles. */
static json_t *load(const char *bytes, size_t size, json_error_t *error)
{
	size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY;
	json_t *tree = json_loadb(bytes, size, flags, error);
	if (tree == NULL && json_error_code(error) == json_error_numeric_overflow) {
		tree = json_loadb(bytes, size, flags | JSON_DECODE_INT_AS_REAL, error);
	}
	return tree;
}

static bool too_large(struct json_trouble *ret_trouble)
{
	*ret_trouble = (struct json_trouble){.kind = JSON_TOO_LARGE};
	return false;
}

bool json_parse(const void *data, size_t size, unsigned depth_max, struct arena *arena,
		struct json_node **ret_root, struct json_trouble *ret_trouble)
{
	const char *bytes = data;
	size_t good = text_utf8_size(bytes, size);
	if (good < size) {
		return trouble_at(JSON_BAD_TEXT, bytes, size, good, depth_max, arena, ret_trouble);
	}
	bool is_full;
	struct json_node *quick = json_quick_parse(bytes, size, depth_max, arena, &is_full);
	if (quick != NULL) {
		*ret_root = quick;
		return true;
	}
	if (is_full) {
		return too_large(ret_trouble);
	}
	return json_parse_careful(bytes, size, depth_max, arena, ret_root, ret_trouble);
}

bool json_parse_careful(const char *bytes, size_t size, unsigned depth_max, struct arena *arena,
			struct json_node **ret_root, struct json_trouble *ret_trouble)
{
	struct walk walk = {.cost = VALUE_COST, .cost_max = arena->limit - arena->used};
	if (!walk_to(&walk, bytes, size, size, depth_max)) {
		if (walk.cost > walk.cost_max) {
			return too_large(ret_trouble);
		}
		return trouble_at(JSON_TOO_DEEP, bytes, size, walk.at, depth_max, arena, ret_trouble);
	}
	json_error_t error;
	json_t *tree = load(bytes, size, &error);
	if (tree == NULL) {
		size_t position = error.position > 0 ? (size_t)error.position : 0;
		return trouble_at(trouble_kind(&error), bytes, size, position, depth_max, arena, ret_trouble);
	}
	struct json_node *root = copy_node(tree, arena);
	json_decref(tree);
	if (root == NULL) {
		return too_large(ret_trouble);
	}
	*ret_root = root;
	return true;
}

struct json_node *json_get(const struct json_node *map, const char *key)
{
	if (map == NULL || map->kind != JSON_MAP) {
		return NULL;
	}
	for (size_t i = 0; i < map->count; i++) {
		if (map->keys[i][0] == key[0] && strcmp(map->keys[i], key) == 0) {
			return map->items[i]->kind == JSON_NOTHING ? NULL : map->items[i];
		}
	}
	return NULL;
}

const char *json_get_text(const struct json_node *map, const char *key)
{
	const struct json_node *node = json_get(map, key);
	return node != NULL && node->kind == JSON_TEXT ? node->text : NULL;
}
