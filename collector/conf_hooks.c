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

static const char *const hook_keys[] = {"source", "secret_file", "url", "proof", "certificates", "topics", NULL};

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

/* The texts of a list; NULL: no such key, or (*ret_good false) it was complained about. */
static const struct yaml_node *list_of(const struct conf_reader *reader, const char *name,
				       const struct yaml_node *map, const char *key, size_t max, bool *ret_good)
{
	const struct yaml_node *list = yaml_get(map, key);
	bool good = list == NULL || (list->kind == YAML_LIST && list->count <= max);
	for (size_t i = 0; good && list != NULL && i < list->count; i++) {
		const struct yaml_node *item = list->items[i];
		good = item->kind == YAML_SCALAR && item->text[0] != '\0' && strlen(item->text) <= URL_SIZE_MAX;
	}
	*ret_good = good;
	return good ? list
		    : (yaml_complain(reader->path, list, reader->fail,
				     "\"hooks.%.64s.%s\" must be a list of at most %zu texts", name, key, max),
		       NULL);
}

static bool read_certificates(const struct conf_reader *reader, const char *name, const struct yaml_node *list,
			      const struct route_about *about, struct hook *hook)
{
	for (size_t i = 0; list != NULL && i < list->count; i++) {
		const char *file = list->items[i]->text, *slash = strrchr(file, '/');
		struct hook_certificate *certificate = &hook->certificates[hook->certificates_count++];
		certificate->name = slash != NULL ? slash + 1 : file;
		if (!about->is_certificate(certificate->name)) {
			return complain(reader, list->items[i], name,
					"certificates: a file must be named as at its sender's address, "
					"SimpleNotificationService-….pem");
		}
		certificate->file = conf_secret_path(reader->path, file, reader->arena);
		if (certificate->file == NULL) {
			return conf_too_large(reader);
		}
	}
	return true;
}

static bool read_topics(const struct conf_reader *reader, const char *name, const struct yaml_node *list,
			const struct route_about *about, struct hook *hook)
{
	for (size_t i = 0; list != NULL && i < list->count; i++) {
		hook->topics[hook->topics_count++] = list->items[i]->text;
		if (!about->is_topic(list->items[i]->text)) {
			return complain(reader, list->items[i], name,
					"topics: must be topics' names, arn:aws:sns:REGION:ACCOUNT:NAME");
		}
	}
	return true;
}

/* What a hook has in place of secrets, whose sender signs by certificates. */
static bool read_pinned(const struct conf_reader *reader, const struct yaml_node *map,
			const struct route_about *about, struct hook *hook)
{
	bool good, also_good;
	const struct yaml_node *certificates =
		list_of(reader, hook->name, map, "certificates", HOOK_CERTIFICATES_MAX, &good);
	const struct yaml_node *topics =
		good ? list_of(reader, hook->name, map, "topics", HOOK_TOPICS_MAX, &also_good) : NULL;
	if (!good || !also_good) {
		return false;
	}
	if (!hook->is_pinned) {
		const struct yaml_node *stray = certificates != NULL ? certificates : topics;
		return stray == NULL || complain(reader, stray, hook->name,
						 "certificates and topics are of sources that sign by "
						 "certificates, without proof: secret");
	}
	if (hook->secret_file[0] != '\0') {
		return complain(reader, yaml_get(map, "secret_file"), hook->name,
				"has certificates and topics in place of secret_file, unless proof is secret");
	}
	if (topics == NULL || topics->count == 0) {
		return complain(reader, map, hook->name,
				"needs topics: its certificates sign for every customer of its sender's");
	}
	return read_certificates(reader, hook->name, certificates, about, hook) &&
	       read_topics(reader, hook->name, topics, about, hook);
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
	bool is_plain = strcmp(proof, "secret") == 0;
	const struct route_about *about = route_of_hook(source);
	bool is_pinned = about->is_certificate != NULL && !is_plain;
	if (file[0] == '\0' && !is_pinned) {
		return complain(reader, map, name,
				"needs secret_file: without one anybody could send in its name");
	}
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
				  .is_pinned = is_pinned,
				  .secret_file = conf_secret_path(reader->path, file, reader->arena)};
	return ret_hook->secret_file != NULL ? read_pinned(reader, map, about, ret_hook) : conf_too_large(reader);
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
