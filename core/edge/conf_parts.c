#include "core/edge/conf_parts.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/model/consent.h"

#define PROPERTIES_MAX 64
#define BLOCKED_MAX 1000

const char *const conf_consent_words[] = {[CONSENT_REQUIRE] = "require", [CONSENT_ALLOW] = "allow", NULL};
const char *const conf_signal_words[] = {
	[CONSENT_IGNORE] = "ignore", [CONSENT_UNLESS_GRANTED] = "unless_granted", [CONSENT_DENY] = "deny", NULL};
const char *const conf_scanner_words[] = {
	[CONSENT_REVIEW] = "review", [CONSENT_WITHDRAW] = "withdraw", [CONSENT_DROP] = "ignore", NULL};
const char *const conf_log_words[] = {[LOG_LEVEL_ERROR] = "error",
				      [LOG_LEVEL_WARNING] = "warning",
				      [LOG_LEVEL_INFO] = "info",
				      [LOG_LEVEL_DEBUG] = "debug",
				      NULL};

bool conf_properties(const struct conf_reader *reader, const struct yaml_node *map,
		     const char *const **ret_properties)
{
	if (map != NULL && (map->kind != YAML_MAP || map->count > PROPERTIES_MAX)) {
		return yaml_complain(reader->path, map, reader->fail,
				     "\"kafka.properties\" must be a map of at most %d settings", PROPERTIES_MAX);
	}
	size_t count = map != NULL ? map->count : 0;
	const char **properties = arena_zero(reader->arena, 2 * count + 1, sizeof(*properties));
	if (properties == NULL) {
		return conf_too_large(reader);
	}
	for (size_t i = 0; i < count; i++) {
		if (map->items[i]->kind != YAML_SCALAR) {
			return yaml_complain(reader->path, map->items[i], reader->fail,
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
	return size > 0 && size <= CONF_TOPIC_NAME_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == size &&
	       strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

bool conf_blocked(const struct conf_reader *reader, struct yaml_texts *blocked)
{
	if (blocked->count > BLOCKED_MAX) {
		return CONF_COMPLAIN(reader, "identity", "blocked", "\"identity.blocked\" has more than %d values",
				     BLOCKED_MAX);
	}
	return conf_lower(reader, blocked);
}

bool conf_lower(const struct conf_reader *reader, struct yaml_texts *texts)
{
	for (size_t i = 0; i < texts->count; i++) {
		char *lower = arena_text(reader->arena, texts->items[i], strlen(texts->items[i]));
		if (lower == NULL) {
			return conf_too_large(reader);
		}
		text_lower(lower);
		texts->items[i] = lower;
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
	if (path[0] == '\0') {
		return path;
	}
	if (credentials != NULL && strchr(path, '/') == NULL) {
		return arena_print(arena, "%s/%s", credentials, path);
	}
	return conf_path(file, path, arena);
}
