/*
 * What is looked for in a tree.
 */
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/json.h"

#define PATH_DEPTH_MAX 8

static const struct json_node *get_part(const struct json_node *map, const char *key, size_t size)
{
	for (size_t i = 0; map->kind == JSON_MAP && i < map->count; i++) {
		if (strncmp(map->keys[i], key, size) == 0 && map->keys[i][size] == '\0') {
			return map->items[i]->kind != JSON_NOTHING ? map->items[i] : NULL;
		}
	}
	return NULL;
}

const struct json_node *json_find(const struct json_node *map, const char *path)
{
	const struct json_node *node = map;
	for (unsigned depth = 0; node != NULL && depth < PATH_DEPTH_MAX; depth++) {
		size_t size = strcspn(path, ".");
		node = get_part(node, path, size);
		if (path[size] == '\0') {
			return node;
		}
		path += size + 1;
	}
	return NULL;
}

const char *json_flat(const struct json_node *node, struct arena *arena)
{
	switch (node->kind) {
	case JSON_TEXT:
		return node->text;
	case JSON_BOOL:
		return node->flag ? "true" : "false";
	case JSON_NUMBER:
		return node->is_whole ? arena_print(arena, "%" PRId64, node->whole)
				      : arena_print(arena, "%.15g", node->number);
	default:
		return "";
	}
}

bool json_is_yes(const struct json_node *node)
{
	static const char *const yes[] = {"true", "yes", "1", "granted", "allow", "allowed"};
	for (size_t i = 0; node->kind == JSON_TEXT && i < COUNT_OF(yes); i++) {
		if (strcasecmp(node->text, yes[i]) == 0) {
			return true;
		}
	}
	return node->kind == JSON_NUMBER ? node->is_whole && node->whole == 1
					 : node->kind == JSON_BOOL && node->flag;
}
