#include "collector/conf_hooks.h"

#include <string.h>

#include "collector/conf.h"
#include "collector/routes.h"
#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/text.h"
#include "core/edge/conf_parts.h"

#define HOOKS_MAX 100
#define NAME_SIZE_MAX 64
#define URL_SIZE_MAX 1024

static const char *const hook_keys[] = {"source", "secret_file", "url", "proof", NULL};

static bool complain(const struct conf_reader *reader, const struct yaml_node *node, const char *name,
		     const char *what)
{
	return yaml_complain(reader->path, node, reader->fail, "\"hooks.%.64s\" %s", name, what);
}

/* It stands in a path as it is. */
static bool is_name(const char *text)
{
	size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-");
	return size > 0 && size <= NAME_SIZE_MAX && text[size] == '\0';
}

/* "" where the key is not there; NULL: it is no text, and was complained about. */
static const char *text_of(const struct conf_reader *reader, const char *name, const struct yaml_node *map,
			   const char *key)
{
	const struct yaml_node *node = yaml_get(map, key);
	if (node == NULL) {
		return "";
	}
	if (node->kind != YAML_SCALAR || node->text[0] == '\0' || strlen(node->text) > URL_SIZE_MAX) {
		yaml_complain(reader->path, node, reader->fail, "\"hooks.%.64s.%s\" must be a text", name, key);
		return NULL;
	}
	return node->text;
}

static bool check_source(const struct conf_reader *reader, const char *name, const struct yaml_node *map,
			 const char *source)
{
	const char *names[ROUTE_COUNT];
	size_t count = route_hook_sources(names);
	if (route_of_hook(source) != NULL) {
		return true;
	}
	const struct yaml_node *node = yaml_get(map, "source");
	const char *nearest = text_nearest(source, names, count);
	return yaml_complain(reader->path, node != NULL ? node : map, reader->fail,
			     "\"hooks.%.64s.source\": \"%.32s\" is no source of webhooks%s%s%s", name, source,
			     nearest != NULL ? ", do you mean \"" : "", nearest != NULL ? nearest : "",
			     nearest != NULL ? "\"?" : "");
}

static bool read_hook(const struct conf_reader *reader, const char *name, const struct yaml_node *map,
		      struct hook *ret_hook)
{
	if (!is_name(name)) {
		return complain(reader, map, name, "must be named by a-z, 0-9, _ and -, 64 at most");
	}
	if (map->kind != YAML_MAP) {
		return complain(reader, map, name, "must be a map");
	}
	if (!yaml_only_keys(map, hook_keys, reader->path, reader->fail)) {
		return false;
	}
	const char *source = text_of(reader, name, map, "source"), *url = text_of(reader, name, map, "url");
	const char *file = text_of(reader, name, map, "secret_file"), *proof = text_of(reader, name, map, "proof");
	if (source == NULL || url == NULL || file == NULL || proof == NULL ||
	    !check_source(reader, name, map, source)) {
		return false;
	}
	if (file[0] == '\0') {
		return complain(reader, map, name,
				"needs secret_file: without one anybody could send in its name");
	}
	bool is_plain = strcmp(proof, "secret") == 0;
	const struct route_about *about = route_of_hook(source);
	if (proof[0] != '\0' && !is_plain && strcmp(proof, "signature") != 0) {
		return complain(reader, yaml_get(map, "proof"), name, "proof must be signature or secret");
	}
	if (about->scheme == hook_password && strcmp(proof, "signature") == 0) {
		return complain(reader, yaml_get(map, "proof"), name,
				"proof cannot be signature: its source signs nothing");
	}
	if (about->signs_url && !is_plain && url[0] == '\0') {
		return complain(reader, map, name, "needs url: its source signs what it calls");
	}
	*ret_hook = (struct hook){.name = name,
				  .source = source,
				  .url = url,
				  .is_plain = is_plain,
				  .secret_file = conf_secret_path(reader->path, file, reader->arena)};
	return ret_hook->secret_file != NULL || conf_too_large(reader);
}

bool collect_conf_hooks_read(const struct conf_reader *reader, void *into)
{
	struct collect_conf *conf = into;
	const struct yaml_node *map = conf->hooks_node;
	if (map == NULL || (map->kind == YAML_MAP && map->count == 0)) {
		return true;
	}
	if (map->kind != YAML_MAP || map->count > HOOKS_MAX) {
		return yaml_complain(reader->path, map, reader->fail,
				     "\"hooks\" must be a map of at most %d hooks", HOOKS_MAX);
	}
	struct hook *hooks = arena_zero(reader->arena, map->count, sizeof(*hooks));
	if (hooks == NULL) {
		return conf_too_large(reader);
	}
	for (size_t i = 0; i < map->count; i++) {
		if (!read_hook(reader, map->keys[i]->text, map->items[i], &hooks[i])) {
			return false;
		}
	}
	conf->hooks.items = hooks;
	conf->hooks.count = map->count;
	return true;
}
