/*
 * YAML in, by libyaml's events: they carry line and column, and anchors and aliases can be refused where they stand
 * (its document API follows aliases in silence). Everything but the file's bytes lives in the caller's arena.
 */
#include "core/base/yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/text.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct reader {
	yaml_parser_t parser;
	const char *text;
	size_t size;
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

/* Lines begin at 1. */
static size_t line_of(const char *text, size_t offset)
{
	size_t line = 1;
	for (size_t i = 0; i < offset; i++) {
		line += text[i] == '\n';
	}
	return line;
}

/* Does a tab stand there, or before the line's first character? Marks count characters. */
static bool is_tab(const struct reader *reader, const yaml_mark_t *mark)
{
	const char *at = reader->text, *end = reader->text + reader->size;
	for (size_t line = 0; at < end && line < mark->line; at++) {
		line += *at == '\n';
	}
	for (const char *indent = at; indent < end && (*indent == ' ' || *indent == '\t'); indent++) {
		if (*indent == '\t') {
			return true;
		}
	}
	for (size_t column = 0; at < end && column < mark->column; at++) {
		column += at + 1 == end || ((unsigned char)at[1] & 0xc0) != 0x80;
	}
	return at < end && *at == '\t';
}

/* What whoever does not write YAML every day has most likely done, where libyaml says so. */
static const char *hint(const char *problem)
{
	static const struct {
		const char *problem, *hint;
	} hints[] = {
		{"tab character", " (a tab: YAML wants spaces)"},
		{"mapping values are not allowed",
		 " (a \": \" too many: a text that holds one stands in quotes, 'a: b')"},
		{"expected ',' or ']'", " (not closed by ]; or a text that holds [ ] { } or , needs quotes)"},
		{"expected ',' or '}'", " (not closed by }; or a text that holds [ ] { } or , needs quotes)"},
		{"unexpected end of stream", " (a quote that is not closed?)"},
		{"did not find expected", " (does it begin in the same column as what it belongs to?)"},
		{"could not find expected ':'",
		 " (a key without \":\", or a line that begins in the wrong column?)"},
		{"cannot start any token", " (a text that begins with @, ` or % stands in quotes)"},
		{"unknown escape character", " (within \"…\" a \\ is special: write '…')"},
	};
	for (size_t i = 0; i < COUNT_OF(hints); i++) {
		if (strstr(problem, hints[i].problem) != NULL) {
			return hints[i].hint;
		}
	}
	return "";
}

/* libyaml's own complaint. Its reader knows only an offset, its scanner and parser a mark. */
static bool complain_parser(struct reader *reader)
{
	const yaml_parser_t *parser = &reader->parser;
	const char *problem = parser->problem != NULL ? parser->problem : "unknown problem";
	size_t line = parser->problem_mark.line + 1, begun = parser->context_mark.line + 1;
	char context[128] = "";
	if (parser->error == YAML_MEMORY_ERROR) {
		return fail_set(reader->fail, FAIL_FATAL, EXIT_CONFIG, "%s: out of memory", reader->file);
	}
	if (parser->error == YAML_READER_ERROR) {
		line = line_of(reader->text, parser->problem_offset);
	} else if (is_tab(reader, &parser->problem_mark)) {
		problem = "found a tab character";
	} else if (parser->context != NULL && begun < line) {
		snprintf(context, sizeof(context), " %s that begins on line %zu", parser->context, begun);
	} else if (parser->context != NULL) {
		snprintf(context, sizeof(context), " %s", parser->context);
	}
	return fail_set(reader->fail, FAIL_FATAL, EXIT_CONFIG, "%s:%zu: not YAML: %s%s%s", reader->file, line,
			problem, context, hint(problem));
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
		return complain_event(
			reader, event,
			"aliases (*name) are not read here: write it out (or in quotes, if a text begins with *)");
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
		return complain_event(reader, event,
				      "anchors (&name) are not read here: write it out where it is needed");
	}
	if (tag != NULL) {
		return complain_event(
			reader, event,
			"tags (!name) are not read here: a text that begins with ! stands in quotes");
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
		return fail_set(fail, FAIL_FATAL, EXIT_CONFIG,
				"%s:%zu: over %zu bytes (what stands before this line is as much as is read)",
				file, line_of(text, YAML_FILE_SIZE_MAX), YAML_FILE_SIZE_MAX);
	}
	size_t good = text_utf8_size(text, size);
	if (good < size) {
		return fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "%s:%zu: %s", file, line_of(text, good),
				text[good] == '\0' ? "a NUL byte (not a text file?)"
						   : "not UTF-8 text (save the file as UTF-8)");
	}
	/* Editors on Windows begin a file so; libyaml takes it for a document of its own. */
	if (size >= strlen(BYTE_ORDER_MARK) && memcmp(text, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0) {
		text += strlen(BYTE_ORDER_MARK);
		size -= strlen(BYTE_ORDER_MARK);
	}
	struct reader reader = {.text = text, .size = size, .file = file, .arena = arena, .fail = fail};
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
