#include "core/edge/conf_schema.h"

#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/yaml_text.h"

static bool read_tree(const struct conf_schema *schema, const struct conf_reader *reader, void *ret_conf)
{
	void *conf = arena_zero(reader->arena, 1, schema->size);
	if (conf == NULL) {
		return conf_too_large(reader);
	}
	if (!yaml_fill(reader->root, schema->fields, reader->path, reader->arena, conf, reader->fail)) {
		return false;
	}
	for (size_t i = 0; schema->steps[i] != NULL; i++) {
		if (!schema->steps[i](reader, conf)) {
			return false;
		}
	}
	memcpy(ret_conf, conf, schema->size);
	return true;
}

bool conf_schema_read(const struct conf_schema *schema, const char *path, struct arena *arena, void *ret_conf,
		      struct fail *fail)
{
	struct yaml_node *root;
	return yaml_read_file(path, arena, &root, fail) &&
	       read_tree(schema, &(struct conf_reader){path, root, arena, fail}, ret_conf);
}

bool conf_schema_parse(const struct conf_schema *schema, const char *text, size_t size, const char *path,
		       struct arena *arena, void *ret_conf, struct fail *fail)
{
	struct yaml_node *root;
	return yaml_parse(text, size, path, arena, &root, fail) &&
	       read_tree(schema, &(struct conf_reader){path, root, arena, fail}, ret_conf);
}

char *conf_schema_default_text(const struct conf_schema *schema, struct arena *arena)
{
	return yaml_default_text(schema->opening, schema->fields, arena);
}

char *conf_schema_text(const struct conf_schema *schema, const void *conf, struct arena *arena)
{
	return yaml_text(schema->fields, conf, arena);
}

const struct yaml_node *conf_node(const struct conf_reader *reader, const char *section, const char *key)
{
	const struct yaml_node *map = yaml_get(reader->root, section);
	const struct yaml_node *node = map != NULL && map->kind == YAML_MAP ? yaml_get(map, key) : NULL;
	return node != NULL ? node : reader->root;
}

bool conf_too_large(const struct conf_reader *reader)
{
	return fail_set(reader->fail, FAIL_FATAL, EXIT_CONFIG, "%s: too large", reader->path);
}
