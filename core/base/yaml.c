/*
 * YAML in, by libyaml's events: they carry line and column, and anchors and aliases can be refused where they stand
 * (its document API follows aliases in silence). Everything but the file's bytes lives in the caller's arena.
 */
#include "core/base/yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <yaml.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/text.h"

/* ---- The tree ---- */

struct reader {
	yaml_parser_t parser;
	const char *text;
	const char *file;
	struct arena *arena;
	struct fail *fail;
};

/* Children of a list or map while their number is not known. */
struct chain {
	struct yaml_node *key, *value;
	struct chain *next;
};

static bool complain_at(const char *file, size_t line, struct fail *fail, const char *what)
{
	return fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "%s:%zu: %s", file, line, what);
}

static bool complain_full(const struct reader *reader)
{
	return fail_set(reader->fail, FAIL_FATAL, EXIT_CONFIG, "%s: too large: memory of %zu bytes is full",
			reader->file, reader->arena->limit);
}

static bool complain_event(const struct reader *reader, const yaml_event_t *event, const char *what)
{
	return complain_at(reader->file, event->start_mark.line + 1, reader->fail, what);
}

/* libyaml's own complaint. Its reader knows only an offset, its scanner and parser a mark. */
static bool complain_parser(struct reader *reader)
{
	const yaml_parser_t *parser = &reader->parser;
	size_t line = parser->problem_mark.line + 1;
	if (parser->error == YAML_MEMORY_ERROR) {
		return fail_set(reader->fail, FAIL_FATAL, EXIT_CONFIG, "%s: out of memory", reader->file);
	}
	if (parser->error == YAML_READER_ERROR) {
		line = 1;
		for (size_t i = 0; i < parser->problem_offset; i++) {
			line += reader->text[i] == '\n';
		}
	}
	return fail_set(reader->fail, FAIL_FATAL, EXIT_CONFIG, "%s:%zu: not YAML: %s%s%s", reader->file, line,
			parser->problem != NULL ? parser->problem : "unknown problem",
			parser->context != NULL ? " " : "", parser->context != NULL ? parser->context : "");
}

/* The caller ends the event with yaml_event_delete(). */
static bool next_event(struct reader *reader, yaml_event_t *ret_event)
{
	return yaml_parser_parse(&reader->parser, ret_event) == 1 || complain_parser(reader);
}

static struct yaml_node *new_node(const struct reader *reader, enum yaml_kind kind, const yaml_event_t *event)
{
	struct yaml_node *node = arena_zero(reader->arena, 1, sizeof(*node));
	if (node == NULL) {
		complain_full(reader);
		return NULL;
	}
	node->kind = kind;
	node->line = (unsigned)event->start_mark.line + 1;
	node->column = (unsigned)event->start_mark.column + 1;
	return node;
}

static struct yaml_node *read_scalar(const struct reader *reader, const yaml_event_t *event)
{
	const char *value = (const char *)event->data.scalar.value;
	if (strlen(value) != event->data.scalar.length) {
		complain_event(reader, event, "a text holds a NUL byte");
		return NULL;
	}
	struct yaml_node *node = new_node(reader, YAML_SCALAR, event);
	if (node == NULL) {
		return NULL;
	}
	node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	node->text = arena_text(reader->arena, value, event->data.scalar.length);
	if (node->text == NULL) {
		complain_full(reader);
		return NULL;
	}
	return node;
}

/* Aliases could make a small file a huge tree, or one without end; tags could ask for types that we do not have. */
static bool is_plain(const struct reader *reader, const yaml_event_t *event)
{
	const yaml_char_t *anchor = NULL, *tag = NULL;
	switch (event->type) {
	case YAML_ALIAS_EVENT:
		return complain_event(reader, event, "aliases (*name) are not read here: write it out");
	case YAML_SCALAR_EVENT:
		anchor = event->data.scalar.anchor;
		tag = event->data.scalar.tag;
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = event->data.sequence_start.anchor;
		tag = event->data.sequence_start.tag;
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = event->data.mapping_start.anchor;
		tag = event->data.mapping_start.tag;
		break;
	default:
		break;
	}
	if (anchor != NULL) {
		return complain_event(reader, event, "anchors (&name) are not read here");
	}
	if (tag != NULL) {
		return complain_event(reader, event, "tags (!name) are not read here");
	}
	return true;
}

static bool is_new_key(const struct reader *reader, const struct chain *first, const struct yaml_node *key)
{
	for (const struct chain *link = first; link != NULL; link = link->next) {
		if (strcmp(link->key->text, key->text) == 0) {
			return yaml_complain(reader->file, key, reader->fail,
					     "key \"%s\" stands twice (first on line %u)", key->text,
					     link->key->line);
		}
	}
	return true;
}

/* Lays the chain out as arrays. */
static bool lay_out(const struct reader *reader, struct yaml_node *node, const struct chain *first)
{
	node->items = arena_zero(reader->arena, node->count, sizeof(*node->items));
	node->keys = node->kind == YAML_MAP ? arena_zero(reader->arena, node->count, sizeof(*node->keys)) : NULL;
	if (node->items == NULL || (node->kind == YAML_MAP && node->keys == NULL)) {
		return complain_full(reader);
	}
	for (size_t i = 0; i < node->count; i++, first = first->next) {
		node->items[i] = first->value;
		if (node->kind == YAML_MAP) {
			node->keys[i] = first->key;
		}
	}
	return true;
}

static struct yaml_node *read_node(struct reader *reader, const yaml_event_t *event, unsigned depth);

/* Reads what the next event begins; *ret_node is NULL where the list or map `inside` ends. */
static bool read_next(struct reader *reader, yaml_event_type_t end, unsigned depth, struct yaml_node **ret_node)
{
	yaml_event_t event;
	if (!next_event(reader, &event)) {
		return false;
	}
	bool ended = event.type == end;
	*ret_node = ended ? NULL : read_node(reader, &event, depth);
	bool good = ended || *ret_node != NULL;
	yaml_event_delete(&event);
	return good;
}

static bool read_child(struct reader *reader, struct yaml_node *node, struct chain *first, unsigned depth,
		       struct chain *ret_child)
{
	yaml_event_type_t end = node->kind == YAML_MAP ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
	struct yaml_node *one = NULL;
	if (!read_next(reader, end, depth, &one)) {
		return false;
	}
	*ret_child = (struct chain){.value = one};
	if (one == NULL || node->kind == YAML_LIST) {
		return true;
	}
	if (one->kind != YAML_SCALAR) {
		return yaml_complain(reader->file, one, reader->fail, "a key must be a word");
	}
	if (node->count >= YAML_KEYS_MAX) {
		return yaml_complain(reader->file, one, reader->fail, "more than %d keys in one map",
				     YAML_KEYS_MAX);
	}
	ret_child->key = one;
	return is_new_key(reader, first, one) && read_next(reader, YAML_NO_EVENT, depth, &ret_child->value);
}

static struct yaml_node *read_children(struct reader *reader, struct yaml_node *node, unsigned depth)
{
	struct chain *first = NULL, **last = &first;
	for (;;) {
		struct chain child;
		if (!read_child(reader, node, first, depth, &child)) {
			return NULL;
		}
		if (child.value == NULL) {
			return lay_out(reader, node, first) ? node : NULL;
		}
		struct chain *link = arena_take(reader->arena, sizeof(*link));
		if (link == NULL) {
			complain_full(reader);
			return NULL;
		}
		*link = child;
		*last = link;
		last = &link->next;
		node->count++;
	}
}

/* NULL: *fail is set. */
static struct yaml_node *read_node(struct reader *reader, const yaml_event_t *event, unsigned depth)
{
	if (!is_plain(reader, event)) {
		return NULL;
	}
	if (event->type == YAML_SCALAR_EVENT) {
		return read_scalar(reader, event);
	}
	CHECK(event->type == YAML_SEQUENCE_START_EVENT || event->type == YAML_MAPPING_START_EVENT);
	if (depth >= YAML_DEPTH_MAX) {
		complain_event(reader, event, "nested too deeply");
		return NULL;
	}
	struct yaml_node *node =
		new_node(reader, event->type == YAML_MAPPING_START_EVENT ? YAML_MAP : YAML_LIST, event);
	return node == NULL ? NULL : read_children(reader, node, depth + 1);
}

static struct yaml_node *read_stream(struct reader *reader)
{
	struct yaml_node *root = NULL;
	for (bool more = true; more;) {
		yaml_event_t event;
		if (!next_event(reader, &event)) {
			return NULL;
		}
		bool good = true;
		switch (event.type) {
		case YAML_STREAM_START_EVENT:
		case YAML_DOCUMENT_END_EVENT:
			break;
		case YAML_DOCUMENT_START_EVENT:
			good = root == NULL || complain_event(reader, &event, "more than one document");
			break;
		case YAML_STREAM_END_EVENT:
			root = root != NULL ? root : new_node(reader, YAML_MAP, &event);
			good = root != NULL;
			more = false;
			break;
		default:
			root = read_node(reader, &event, 0);
			good = root != NULL;
			break;
		}
		yaml_event_delete(&event);
		if (!good) {
			return NULL;
		}
	}
	return root;
}

/* `---` with nothing behind it, or only comments: an empty map, as for an empty file. */
static void empty_is_map(struct yaml_node *root)
{
	if (root->kind == YAML_SCALAR && !root->quoted && root->text[0] == '\0') {
		root->kind = YAML_MAP;
	}
}

bool yaml_parse(const char *text, size_t size, const char *file, struct arena *arena, struct yaml_node **ret_root,
		struct fail *fail)
{
	if (size > YAML_FILE_SIZE_MAX) {
		return fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "%s: over %zu bytes", file, YAML_FILE_SIZE_MAX);
	}
	if (!text_is_utf8(text, size)) {
		return fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "%s: not UTF-8 text", file);
	}
	struct reader reader = {.text = text, .file = file, .arena = arena, .fail = fail};
	if (yaml_parser_initialize(&reader.parser) != 1) {
		return fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "%s: out of memory", file);
	}
	yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, size);
	struct yaml_node *root = read_stream(&reader);
	yaml_parser_delete(&reader.parser);
	if (root == NULL) {
		return false;
	}
	empty_is_map(root);
	*ret_root = root;
	return true;
}

/* Bytes of the file, at most one more than the limit; negative: errno says why. */
static ssize_t read_bytes(const char *path, char *buffer)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0) {
		return -1;
	}
	size_t size = 0;
	ssize_t got = 1;
	while (got > 0 && size <= YAML_FILE_SIZE_MAX) {
		got = read(file, buffer + size, YAML_FILE_SIZE_MAX + 1 - size);
		size += got > 0 ? (size_t)got : 0;
		if (got < 0 && errno == EINTR) {
			got = 1;
		}
	}
	int error = errno;
	close(file);
	errno = error;
	return got < 0 ? -1 : (ssize_t)size;
}

bool yaml_read_file(const char *path, struct arena *arena, struct yaml_node **ret_root, struct fail *fail)
{
	char *buffer = malloc(YAML_FILE_SIZE_MAX + 1); /* touched only as far as the file is long */
	if (buffer == NULL) {
		return fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "%s: out of memory", path);
	}
	ssize_t size = read_bytes(path, buffer);
	bool good = size >= 0 ? yaml_parse(buffer, (size_t)size, path, arena, ret_root, fail)
			      : fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "%s: %s", path, strerror(errno));
	free(buffer);
	return good;
}

struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	if (map == NULL || map->kind != YAML_MAP) {
		return NULL;
	}
	for (size_t i = 0; i < map->count; i++) {
		if (strcmp(map->keys[i]->text, key) == 0) {
			return map->items[i];
		}
	}
	return NULL;
}

bool yaml_complain(const char *file, const struct yaml_node *node, struct fail *fail, const char *format, ...)
{
	char what[sizeof(fail->text)];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	return complain_at(file, node != NULL ? node->line : 1, fail, what);
}

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
	return yaml_complain(file, node, fail, "\"%s\": \"%s\" is not a word for it (%s)", key, node->text, hint);
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
