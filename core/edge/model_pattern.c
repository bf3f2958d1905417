/*
 * Patterns as files give them: a plain text, or a map that names the kind.
 */
#include <assert.h>
#include <string.h>

#include "core/base/check.h"
#include "core/edge/model_part.h"

static const char *const kinds[] = {
	[MODEL_REGEX] = "regex", [MODEL_IS] = "is", [MODEL_STARTS] = "starts", [MODEL_GLOB] = "glob", NULL};

static_assert(COUNT_OF(kinds) == MODEL_KIND_COUNT + 1, "a word for each kind");

const char *model_kind_name(enum model_kind kind)
{
	CHECK(kind < MODEL_KIND_COUNT);
	return kinds[kind];
}

/* A last backslash has nothing to take as it is. */
static bool check_glob(const struct model_reader *reader, const struct yaml_node *node, const char *key,
		       const char *glob)
{
	size_t size = strlen(glob), slashes = 0;
	while (slashes < size && glob[size - 1 - slashes] == '\\') {
		slashes++;
	}
	return slashes % 2 == 0 ||
	       yaml_complain(reader->file, node, reader->fail,
			     "\"%s\": \"%.80s\" ends with a \\ that stands before nothing", key, glob);
}

bool model_part_pattern(const struct model_reader *reader, const struct yaml_node *node, const char *key,
			struct model_pattern *ret_pattern)
{
	struct model_pattern pattern = {.kind = MODEL_REGEX};
	const struct yaml_node *value = node;
	if (node != NULL && node->kind == YAML_MAP && node->count == 1) {
		int kind;
		if (!yaml_word(node->keys[0], kinds, reader->file, key, &kind, reader->fail)) {
			return false;
		}
		pattern.kind = (enum model_kind)kind;
		value = node->items[0];
	}
	if (value != NULL && value->kind != YAML_SCALAR) {
		return yaml_complain(
			reader->file, node, reader->fail,
			"\"%s\" must be a text, or one of {is: …}, {starts: …}, {glob: …}, {regex: …}", key);
	}
	pattern.text = value != NULL ? value->text : NULL;
	if (pattern.text != NULL && pattern.text[0] == '\0' && value != node) {
		return yaml_complain(reader->file, value, reader->fail,
				     "\"%s\": an empty text is nothing to look for", key);
	}
	if (!model_part_text(reader, node, key, MODEL_PATTERN_SIZE_MAX, &pattern.text) ||
	    (pattern.kind == MODEL_GLOB && !check_glob(reader, value, key, pattern.text))) {
		return false;
	}
	*ret_pattern = pattern;
	return true;
}
