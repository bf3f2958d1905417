/*
 * From the tree to values: words with "did you mean", scalars, and the schema walker that fills a struct. Knows no
 * libyaml; yaml.c makes the tree.
 */
#include "core/base/yaml.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/text.h"

/* ---- Words ---- */

#define WORDS_MAX 128

static size_t count_words(const char *const *words)
{
	size_t count = 0;
	while (words[count] != NULL) {
		count++;
	}
	return count;
}

/* "did you mean "x"?" when one is near, else all that are known, as far as they fit. */
static void suggest(const char *word, const char *const *words, char *ret_text, size_t size)
{
	const char *nearest = text_nearest(word, words, count_words(words));
	if (nearest != NULL) {
		snprintf(ret_text, size, "did you mean \"%s\"?", nearest);
		return;
	}
	if (words[0] == NULL) {
		snprintf(ret_text, size, "there are none");
		return;
	}
	size_t used = (size_t)snprintf(ret_text, size, "known: ");
	for (size_t i = 0; words[i] != NULL && used < size; i++) {
		used += (size_t)snprintf(ret_text + used, size - used, "%s%s", i > 0 ? ", " : "", words[i]);
	}
}

static bool only_keys(const struct yaml_node *map, const char *const *words, const char *file, const char *path,
		      struct fail *fail)
{
	for (size_t i = 0; i < map->count; i++) {
		const char *key = map->keys[i]->text;
		size_t k = 0;
		while (words[k] != NULL && strcmp(words[k], key) != 0) {
			k++;
		}
		if (words[k] == NULL) {
			char hint[256];
			suggest(key, words, hint, sizeof(hint));
			return yaml_complain(file, map->keys[i], fail, "unknown key \"%s%s\" (%s)", path, key,
					     hint);
		}
	}
	return true;
}

bool yaml_only_keys(const struct yaml_node *map, const char *const *words, const char *file, struct fail *fail)
{
	CHECK(map->kind == YAML_MAP);
	return only_keys(map, words, file, "", fail);
}

bool yaml_word(const struct yaml_node *node, const char *const *words, const char *file, const char *key,
	       int *ret_index, struct fail *fail)
{
	return yaml_name(node, words, file, key, "not a word for it", ret_index, fail);
}

bool yaml_name(const struct yaml_node *node, const char *const *words, const char *file, const char *key,
	       const char *otherwise, int *ret_index, struct fail *fail)
{
	if (node->kind != YAML_SCALAR) {
		return yaml_complain(file, node, fail, "\"%s\" must be one word", key);
	}
	for (int i = 0; words[i] != NULL; i++) {
		if (strcmp(words[i], node->text) == 0) {
			*ret_index = i;
			return true;
		}
	}
	char hint[256];
	suggest(node->text, words, hint, sizeof(hint));
	return yaml_complain(file, node, fail, "\"%s\": \"%.80s\" is %s (%s)", key, node->text, otherwise, hint);
}

/* ---- The schema walker ---- */

struct filler {
	const char *file;
	struct arena *arena;
	struct fail *fail;
	char *base; /* the struct that is filled */
	const struct yaml_node *root;
	char path[96]; /* "kafka." while in section kafka */
};

static bool complain_value(const struct filler *filler, const struct yaml_field *field,
			   const struct yaml_node *node, const char *wanted)
{
	const char *text = node->kind == YAML_SCALAR ? node->text : node->kind == YAML_LIST ? "a list" : "a map";
	const char *quote = node->kind == YAML_SCALAR ? "\"" : "";
	return yaml_complain(filler->file, node, filler->fail, "\"%s%s\" must be %s, not %s%.80s%s", filler->path,
			     field->key, wanted, quote, text, quote);
}

static bool complain_bounds(const struct filler *filler, const struct yaml_field *field,
			    const struct yaml_node *node)
{
	return yaml_complain(filler->file, node, filler->fail, "\"%s%s\" must be from %.15g to %.15g%s%s, not %s",
			     filler->path, field->key, field->low, field->high, field->unit != NULL ? " " : "",
			     field->unit != NULL ? field->unit : "", node->text);
}

static bool is_outside(const struct yaml_field *field, double value)
{
	return (field->low != 0 || field->high != 0) && (value < field->low || value > field->high);
}

static bool fill_text(const struct filler *filler, const struct yaml_field *field, const struct yaml_node *node)
{
	if (node->kind != YAML_SCALAR) {
		return complain_value(filler, field, node, "a text");
	}
	size_t size = strlen(node->text);
	if (field->high > 0 && ((double)size < field->low || (double)size > field->high)) {
		return yaml_complain(filler->file, node, filler->fail,
				     "\"%s%s\" must be a text of %.15g to %.15g bytes, not of %zu", filler->path,
				     field->key, field->low, field->high, size);
	}
	*(const char **)(void *)(filler->base + field->offset) = node->text;
	return true;
}

static bool fill_integer(const struct filler *filler, const struct yaml_field *field, const struct yaml_node *node)
{
	int64_t value;
	if (!yaml_integer(node, &value)) {
		return complain_value(filler, field, node, "a whole number");
	}
	if (is_outside(field, (double)value)) {
		return complain_bounds(filler, field, node);
	}
	memcpy(filler->base + field->offset, &value, sizeof(value));
	return true;
}

static bool fill_number(const struct filler *filler, const struct yaml_field *field, const struct yaml_node *node)
{
	double value;
	if (!yaml_number(node, &value)) {
		return complain_value(filler, field, node, "a number");
	}
	if (is_outside(field, value)) {
		return complain_bounds(filler, field, node);
	}
	memcpy(filler->base + field->offset, &value, sizeof(value));
	return true;
}

static bool fill_bool(const struct filler *filler, const struct yaml_field *field, const struct yaml_node *node)
{
	bool value;
	if (!yaml_bool(node, &value)) {
		return complain_value(filler, field, node, "yes or no");
	}
	memcpy(filler->base + field->offset, &value, sizeof(value));
	return true;
}

static bool fill_word(const struct filler *filler, const struct yaml_field *field, const struct yaml_node *node)
{
	char key[sizeof(filler->path) + 64];
	snprintf(key, sizeof(key), "%s%s", filler->path, field->key);
	return yaml_word(node, field->words, filler->file, key, (int *)(void *)(filler->base + field->offset),
			 filler->fail);
}

static bool fill_texts(const struct filler *filler, const struct yaml_field *field, const struct yaml_node *node)
{
	if (node->kind != YAML_LIST) {
		return complain_value(filler, field, node, "a list of texts");
	}
	const char **items = arena_zero(filler->arena, node->count, sizeof(*items));
	if (items == NULL) {
		return fail_set(filler->fail, FAIL_FATAL, EXIT_CONFIG, "%s: too large", filler->file);
	}
	for (size_t i = 0; i < node->count; i++) {
		if (node->items[i]->kind != YAML_SCALAR) {
			return complain_value(filler, field, node->items[i], "a list of texts");
		}
		if (field->high > 0 && (double)strlen(node->items[i]->text) > field->high) {
			return yaml_complain(filler->file, node->items[i], filler->fail,
					     "\"%s%s\": a text of at most %.15g bytes is expected", filler->path,
					     field->key, field->high);
		}
		items[i] = node->items[i]->text;
	}
	*(struct yaml_texts *)(void *)(filler->base + field->offset) =
		(struct yaml_texts){.count = node->count, .items = items};
	return true;
}

static bool fill_node(const struct filler *filler, const struct yaml_field *field, const struct yaml_node *node)
{
	memcpy(filler->base + field->offset, &node, sizeof(node));
	return true;
}

typedef bool fill_value(const struct filler *filler, const struct yaml_field *field, const struct yaml_node *node);

static fill_value *const fillers[] = {
	[YAML_TEXT] = fill_text, [YAML_INTEGER] = fill_integer, [YAML_NUMBER] = fill_number,
	[YAML_BOOL] = fill_bool, [YAML_WORD] = fill_word,	[YAML_TEXTS] = fill_texts,
	[YAML_NODE] = fill_node,
};

/* A key whose value was left empty is a key that was not given; an empty text is written "". */
static bool is_given(const struct yaml_node *node)
{
	return node != NULL && (node->kind != YAML_SCALAR || node->quoted || node->text[0] != '\0');
}

/* Scalars stand in the table as they are, lists and maps in YAML. A default that does not fit is our bug. */
static bool fill_fallback(const struct filler *filler, const struct yaml_field *field)
{
	struct yaml_node scalar = {.kind = YAML_SCALAR, .line = 1, .text = field->fallback};
	struct yaml_node *node = &scalar;
	if (field->type == YAML_TEXTS || field->type == YAML_NODE) {
		if (!yaml_parse(field->fallback, strlen(field->fallback), field->key, filler->arena, &node,
				filler->fail)) {
			return false;
		}
	}
	return fillers[field->type](filler, field, node);
}

static bool fill_section(struct filler *filler, const struct yaml_node *map, const struct yaml_field *fields);

static bool fill_field(struct filler *filler, const struct yaml_field *field, const struct yaml_node *map)
{
	const struct yaml_node *node = yaml_get(map, field->key);
	if (field->type == YAML_SECTION) {
		size_t used = strlen(filler->path);
		if (is_given(node) && node->kind != YAML_MAP) {
			return complain_value(filler, field, node, "a map");
		}
		snprintf(filler->path + used, sizeof(filler->path) - used, "%s.", field->key);
		bool good = fill_section(filler, is_given(node) ? node : NULL, field->fields);
		filler->path[used] = '\0';
		return good;
	}
	if (is_given(node)) {
		return fillers[field->type](filler, field, node);
	}
	if (field->fallback != NULL) {
		return fill_fallback(filler, field);
	}
	if (field->type == YAML_TEXTS) {
		*(struct yaml_texts *)(void *)(filler->base + field->offset) = (struct yaml_texts){0};
		return true;
	}
	if (field->type == YAML_NODE) {
		return fill_node(filler, field, NULL);
	}
	const struct yaml_node *place = node != NULL ? node : map != NULL ? map : filler->root;
	return yaml_complain(filler->file, place, filler->fail, "\"%s%s\" is missing", filler->path, field->key);
}

static bool fill_section(struct filler *filler, const struct yaml_node *map, const struct yaml_field *fields)
{
	const char *words[WORDS_MAX + 1];
	size_t count = 0;
	for (const struct yaml_field *field = fields; field->key != NULL; field++) {
		CHECK(count < WORDS_MAX);
		words[count++] = field->key;
	}
	words[count] = NULL;
	if (map != NULL && !only_keys(map, words, filler->file, filler->path, filler->fail)) {
		return false;
	}
	for (const struct yaml_field *field = fields; field->key != NULL; field++) {
		if (!fill_field(filler, field, map)) {
			return false;
		}
	}
	return true;
}

bool yaml_fill(const struct yaml_node *root, const struct yaml_field *fields, const char *file,
	       struct arena *arena, void *ret, struct fail *fail)
{
	struct filler filler = {.file = file, .arena = arena, .fail = fail, .base = ret, .root = root};
	if (is_given(root) && root->kind != YAML_MAP) {
		return yaml_complain(file, root, fail, "a map of keys is expected");
	}
	return fill_section(&filler, is_given(root) ? root : NULL, fields);
}

/* ---- Scalars ---- */

bool yaml_integer(const struct yaml_node *node, int64_t *ret_value)
{
	if (node->kind != YAML_SCALAR) {
		return false;
	}
	const char *digits = node->text + (node->text[0] == '-' || node->text[0] == '+');
	if (digits[0] == '\0' || digits[strspn(digits, "0123456789")] != '\0') {
		return false;
	}
	errno = 0;
	long long value = strtoll(node->text, NULL, 10);
	if (errno != 0) {
		return false;
	}
	*ret_value = value;
	return true;
}

bool yaml_number(const struct yaml_node *node, double *ret_value)
{
	/* strtod() would take hexadecimal, inf and nan as well */
	if (node->kind != YAML_SCALAR || node->text[0] == '\0' ||
	    node->text[strspn(node->text, "0123456789+-.eE")] != '\0') {
		return false;
	}
	char *end;
	double value = strtod(node->text, &end);
	if (*end != '\0' || !isfinite(value)) {
		return false;
	}
	*ret_value = value;
	return true;
}

bool yaml_bool(const struct yaml_node *node, bool *ret_value)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {{"true", true}, {"false", false}, {"yes", true}, {"no", false}, {"on", true}, {"off", false}};
	for (size_t i = 0; node->kind == YAML_SCALAR && i < COUNT_OF(words); i++) {
		if (strcasecmp(words[i].word, node->text) == 0) {
			*ret_value = words[i].value;
			return true;
		}
	}
	return false;
}
