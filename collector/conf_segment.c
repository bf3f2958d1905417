#include "collector/conf_segment.h"

#include <string.h>

#include "collector/conf.h"
#include "core/base/arena.h"
#include "core/edge/conf_parts.h"

#define KEYS_MAX 500
#define KEY_SIZE_MAX 256
#define SITE_SIZE_MAX 64

#define AT(member) .offset = offsetof(struct collect_conf, member)

const struct yaml_field collect_conf_segment_fields[] = {
	{"keys", YAML_NODE, AT(segment.keys_node), .fallback = "{}", .reloadable = true,
	 .help = "Write keys and the name of the site that each stands for; events with another key, or none, are "
		 "rejected. For Jitsu ID:SECRET, or ID alone to take any secret. Empty: every key is taken, and "
		 "is "
		 "its site's name itself (of Jitsu's the ID)."},
	{"analytics_scopes", YAML_TEXTS, AT(segment.analytics_scopes), .high = 64, .reloadable = true,
	 .fallback = "[analytics, statistics, performance, measurement]",
	 .help = "The consent banner's categories that analytics are in: an event that says which categories its "
		 "visitor allowed has granted analytics when one of these is allowed and none of them refused, "
		 "and else denied them."},
	{"profile_scopes", YAML_TEXTS, AT(segment.profile_scopes), .high = 64, .reloadable = true,
	 .fallback = "[profiling, profile, personalization]",
	 .help = "The categories that a profile of the person is in: granted when one of these is allowed and "
		 "none refused, denied when one is refused."},
	{0},
};

static bool read_key(const struct conf_reader *reader, const struct yaml_node *key, const struct yaml_node *site,
		     struct source_site *ret_site)
{
	bool is_key = key->text[0] != '\0' && strlen(key->text) <= KEY_SIZE_MAX;
	bool is_site = site->kind == YAML_SCALAR && site->text[0] != '\0' && strlen(site->text) <= SITE_SIZE_MAX;
	if (!is_key || !is_site) {
		return yaml_complain(
			reader->path, site, reader->fail,
			"\"segment.keys\" must be write keys of at most %d bytes, each with the name of its "
			"site, at most %d bytes",
			KEY_SIZE_MAX, SITE_SIZE_MAX);
	}
	*ret_site = (struct source_site){key->text, site->text};
	return true;
}

bool collect_conf_segment_read(const struct conf_reader *reader, void *into)
{
	struct collect_conf *conf = into;
	const struct yaml_node *map = conf->segment.keys_node;
	if (map == NULL || (map->kind == YAML_MAP && map->count == 0)) {
		return true;
	}
	if (map->kind != YAML_MAP || map->count > KEYS_MAX) {
		return yaml_complain(reader->path, map, reader->fail,
				     "\"segment.keys\" must be a map of at most %d write keys", KEYS_MAX);
	}
	struct source_site *sites = arena_zero(reader->arena, map->count, sizeof(*sites));
	if (sites == NULL) {
		return conf_too_large(reader);
	}
	for (size_t i = 0; i < map->count; i++) {
		if (!read_key(reader, map->keys[i], map->items[i], &sites[i])) {
			return false;
		}
	}
	conf->segment.sites = sites;
	conf->segment.sites_count = map->count;
	return true;
}
