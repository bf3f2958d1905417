#include "core/edge/conf_cloudevents.h"

#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/text.h"

#define PAIRS_MAX 64
#define KEY_SIZE_MAX 64

const char *const conf_cloudevents_channels[] = {"web", "email", "chat", "crm", "offline", NULL};

static const struct cloudevent_field *field_of(const char *name)
{
	for (size_t i = 0; i < cloudevent_fields_count; i++) {
		if (strcmp(cloudevent_fields[i].name, name) == 0) {
			return &cloudevent_fields[i];
		}
	}
	return NULL;
}

static bool complain_name(const struct conf_reader *reader, const struct yaml_node *key)
{
	const char *names[64];
	CHECK(cloudevent_fields_count <= COUNT_OF(names));
	for (size_t i = 0; i < cloudevent_fields_count; i++) {
		names[i] = cloudevent_fields[i].name;
	}
	const char *nearest = text_nearest(key->text, names, cloudevent_fields_count);
	return yaml_complain(reader->path, key, reader->fail,
			     "\"cloudevents.map\": \"%.64s\" is no field of an event, nor " CLOUDEVENT_PROPERTY
			     "NAME%s%s%s",
			     key->text, nearest != NULL ? ", do you mean \"" : "", nearest != NULL ? nearest : "",
			     nearest != NULL ? "\"?" : "");
}

static bool read_pair(const struct conf_reader *reader, const struct yaml_node *key, const struct yaml_node *path,
		      struct cloudevent_pair *ret_pair)
{
	static const size_t begins = sizeof(CLOUDEVENT_PROPERTY) - 1;
	bool is_property = strncmp(key->text, CLOUDEVENT_PROPERTY, begins) == 0;
	const char *property = is_property ? key->text + begins : "";
	const struct cloudevent_field *field = field_of(key->text);
	if (field == NULL && (property[0] == '\0' || strlen(property) > KEY_SIZE_MAX)) {
		return complain_name(reader, key);
	}
	if (path->kind != YAML_SCALAR || path->text[0] == '\0' || strlen(path->text) > CLOUDEVENT_PATH_SIZE_MAX) {
		return yaml_complain(
			reader->path, path, reader->fail,
			"\"cloudevents.map.%.64s\" must be keys of the data, a dot between them, at most %d bytes",
			key->text, CLOUDEVENT_PATH_SIZE_MAX);
	}
	*ret_pair = (struct cloudevent_pair){field, property, path->text};
	return true;
}

bool conf_cloudevents_read(const struct conf_reader *reader, struct conf_cloudevents *conf)
{
	const struct yaml_node *map = conf->map_node;
	conf->map = (struct cloudevent_map){.channel = (enum channel)(CHANNEL_WEB + conf->channel),
					    .subject = (enum cloudevent_subject)conf->subject};
	if (map == NULL || (map->kind == YAML_MAP && map->count == 0)) {
		return true;
	}
	if (map->kind != YAML_MAP || map->count > PAIRS_MAX) {
		return yaml_complain(reader->path, map, reader->fail,
				     "\"cloudevents.map\" must be a map of at most %d fields", PAIRS_MAX);
	}
	struct cloudevent_pair *pairs = arena_zero(reader->arena, map->count, sizeof(*pairs));
	if (pairs == NULL) {
		return conf_too_large(reader);
	}
	for (size_t i = 0; i < map->count; i++) {
		if (!read_pair(reader, map->keys[i], map->items[i], &pairs[i])) {
			return false;
		}
	}
	conf->map.pairs = pairs;
	conf->map.count = map->count;
	return true;
}
