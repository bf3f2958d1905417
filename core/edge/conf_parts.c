#include "core/edge/conf_parts.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/text.h"
#include "core/base/yaml.h"

#define PROPERTIES_MAX 64
#define BLOCKED_MAX 1000
#define TOPIC_NAME_MAX 249

static bool too_large(const char *file, struct fail *fail)
{
	return fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "%s: too large", file);
}

bool conf_properties(const struct yaml_node *map, const char *file, struct arena *arena,
		     const char *const **ret_properties, struct fail *fail)
{
	if (map != NULL && (map->kind != YAML_MAP || map->count > PROPERTIES_MAX)) {
		return yaml_complain(file, map, fail, "\"kafka.properties\" must be a map of at most %d settings",
				     PROPERTIES_MAX);
	}
	size_t count = map != NULL ? map->count : 0;
	const char **properties = arena_zero(arena, 2 * count + 1, sizeof(*properties));
	if (properties == NULL) {
		return too_large(file, fail);
	}
	for (size_t i = 0; i < count; i++) {
		if (map->items[i]->kind != YAML_SCALAR) {
			return yaml_complain(file, map->items[i], fail,
					     "\"kafka.properties.%.80s\" must be a text or a number",
					     map->keys[i]->text);
		}
		properties[2 * i] = map->keys[i]->text;
		properties[2 * i + 1] = map->items[i]->text;
	}
	*ret_properties = properties;
	return true;
}

bool conf_is_topic(const char *name)
{
	size_t size = strlen(name);
	return size > 0 && size <= TOPIC_NAME_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == size &&
	       strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

bool conf_blocked(struct yaml_texts *blocked, const struct yaml_node *node, const char *file, struct arena *arena,
		  struct fail *fail)
{
	if (blocked->count > BLOCKED_MAX) {
		return yaml_complain(file, node, fail, "\"identity.blocked\" has more than %d values",
				     BLOCKED_MAX);
	}
	for (size_t i = 0; i < blocked->count; i++) {
		char *lower = arena_text(arena, blocked->items[i], strlen(blocked->items[i]));
		if (lower == NULL) {
			return too_large(file, fail);
		}
		text_lower(lower);
		blocked->items[i] = lower;
	}
	return true;
}

const char *conf_path(const char *file, const char *path, struct arena *arena)
{
	const char *slash = strrchr(file, '/');
	if (path[0] == '/' || slash == NULL) {
		return path;
	}
	return arena_print(arena, "%.*s/%s", (int)(slash - file), file, path);
}

const char *conf_secret_path(const char *file, const char *path, struct arena *arena)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	if (credentials != NULL && strchr(path, '/') == NULL) {
		return arena_print(arena, "%s/%s", credentials, path);
	}
	return conf_path(file, path, arena);
}
