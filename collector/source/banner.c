#include "collector/source/banner.h"

#include <strings.h>

#include "core/base/check.h"

struct scopes {
	const char *const *names;
	size_t count;
};

/* What was said of these scopes by a list of categories, or a map of categories to whether they are allowed. */
struct said {
	bool denied, allowed; /* was one of them */
};

static bool is_one_of(const struct scopes *scopes, const char *name)
{
	for (size_t i = 0; i < scopes->count; i++) {
		if (strcasecmp(scopes->names[i], name) == 0) {
			return true;
		}
	}
	return false;
}

static void listen(const struct json_node *categories, const struct scopes *scopes, bool is_allowed,
		   struct said *said)
{
	for (size_t i = 0; categories != NULL && i < categories->count; i++) {
		const struct json_node *item = categories->items[i];
		const char *name = categories->kind == JSON_MAP ? categories->keys[i] : item->text;
		bool names_one =
			categories->kind == JSON_MAP || (categories->kind == JSON_LIST && item->kind == JSON_TEXT);
		if (names_one && is_one_of(scopes, name)) {
			bool is_yes =
				categories->kind == JSON_MAP ? item->kind == JSON_BOOL && item->flag : is_allowed;
			said->allowed = said->allowed || is_yes;
			said->denied = said->denied || !is_yes;
		}
	}
}

/* A no counts before a yes to another of the names. Whoever was asked and named nothing has consented to nothing. */
static enum statement statement_of(const struct said *said, bool is_empty, enum statement otherwise)
{
	return said->denied || is_empty ? STATEMENT_DENIED : said->allowed ? STATEMENT_GRANTED : otherwise;
}

static size_t count_of(const struct json_node *list)
{
	return list != NULL && (list->kind == JSON_LIST || list->kind == JSON_MAP) ? list->count : 0;
}

static const struct json_node *find(const struct reading *reading, const char *path)
{
	return path != NULL ? reading_find(reading->message, path) : NULL;
}

enum outcome banner_read(struct reading *reading, const char *map_path, const char *allowed_path,
			 const char *denied_path)
{
	const struct json_node *map = reading_find(reading->message, map_path);
	const struct json_node *allowed = find(reading, allowed_path);
	const struct json_node *denied = find(reading, denied_path);
	const struct source_options *options = reading->options;
	const struct scopes analytics_scopes = {options->segment.analytics_scopes,
						options->segment.analytics_scopes_count};
	const struct scopes profile_scopes = {options->segment.profile_scopes,
					      options->segment.profile_scopes_count};
	if (map != NULL && map->kind != JSON_MAP) {
		reading->field = map_path;
		return OUTCOME_bad_value;
	}
	if (map == NULL && allowed == NULL && denied == NULL) {
		return OUTCOME_NONE;
	}
	struct said analytics = {0}, profile = {0};
	const struct json_node *const lists[] = {map, allowed, denied};
	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		listen(lists[i], &analytics_scopes, lists[i] == allowed, &analytics);
		listen(lists[i], &profile_scopes, lists[i] == allowed, &profile);
	}
	bool is_empty = count_of(map) + count_of(allowed) + count_of(denied) == 0;
	reading->event->consent.analytics = statement_of(&analytics, is_empty, STATEMENT_DENIED);
	reading->event->consent.profile = statement_of(&profile, is_empty, STATEMENT_UNSAID);
	return OUTCOME_NONE;
}
