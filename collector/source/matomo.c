#include "collector/source/matomo.h"

#include <string.h>

#include "collector/source/body.h"
#include "collector/source/matomo_hit.h"
#include "core/base/arena.h"
#include "core/base/json.h"

#define PAIRS_MAX 256 /* of one hit */

const char *const matomo_paths[] = {"/matomo.php", "/piwik.php", NULL};

/* ---- a hit as a map of texts, whichever way it is written ---- */

static struct json_node *new_map(size_t room, struct arena *arena)
{
	struct json_node *map = arena_zero(arena, 1, sizeof(*map));
	if (map == NULL) {
		return NULL;
	}
	map->kind = JSON_MAP;
	map->items = arena_zero(arena, room, sizeof(*map->items));
	map->keys = arena_zero(arena, room, sizeof(*map->keys));
	return map->items != NULL && map->keys != NULL ? map : NULL;
}

static bool put(struct json_node *map, const char *key, const char *value, struct arena *arena)
{
	struct json_node *text = arena_zero(arena, 1, sizeof(*text));
	char *name = arena_text(arena, key, strlen(key));
	char *copy = arena_text(arena, value, strlen(value));
	if (text == NULL || name == NULL || copy == NULL) {
		return false;
	}
	text->kind = JSON_TEXT;
	text->text = copy;
	map->keys[map->count] = name;
	map->items[map->count++] = text;
	return true;
}

/* The first of a name counts. */
static struct json_node *map_of_pairs(const struct source_pair *pairs, size_t count, struct arena *arena)
{
	struct json_node *map = new_map(count + 1, arena);
	for (size_t i = 0; map != NULL && i < count; i++) {
		bool is_there = json_get(map, pairs[i].name) != NULL;
		map = is_there || put(map, pairs[i].name, pairs[i].value, arena) ? map : NULL;
	}
	return map;
}

/* "?idsite=1&rec=1…"; NULL: it says too much. */
static struct json_node *map_of_query(const char *query, struct arena *arena)
{
	size_t count = 0;
	struct source_pair *pairs = arena_array(arena, PAIRS_MAX, sizeof(*pairs));
	query += query[0] == '?' ? 1 : 0;
	return pairs != NULL && body_form(query, strlen(query), PAIRS_MAX, arena, pairs, &count)
		       ? map_of_pairs(pairs, count, arena)
		       : NULL;
}

/* {"idsite":1,"rec":1…}; NULL: it says too much. */
static struct json_node *map_of_map(const struct json_node *hit, struct arena *arena)
{
	struct json_node *map = hit->count <= PAIRS_MAX ? new_map(hit->count + 1, arena) : NULL;
	for (size_t i = 0; map != NULL && i < hit->count; i++) {
		const char *text = reading_flat(hit->items[i], arena);
		map = text != NULL && put(map, hit->keys[i], text, arena) ? map : NULL;
	}
	return map;
}

/* Trackers ask for other things at the same address: only what says so is to be recorded. */
static bool is_recorded(const struct json_node *map)
{
	const char *rec = json_get_text(map, "rec");
	return rec != NULL && strcmp(rec, "1") == 0;
}

/* ---- requests ---- */

static void read_bulk_hit(const struct json_node *hit, const struct matomo_call *call,
			  const struct source_options *options, struct arena *arena, struct source_items *items)
{
	struct source_item *item = &items->items[items->count];
	if (hit->kind != JSON_TEXT && hit->kind != JSON_MAP) {
		source_reject(OUTCOME_bad_value, "requests", call->request->body, call->request->body_size,
			      &item->reject);
		items->count++;
		return;
	}
	struct json_node *map = hit->kind == JSON_MAP ? map_of_map(hit, arena) : map_of_query(hit->text, arena);
	if (map == NULL) {
		source_reject(OUTCOME_too_large, "requests", call->request->body, call->request->body_size,
			      &item->reject);
		items->count++;
	} else if (is_recorded(map)) {
		matomo_hit(map, call, options, arena, item);
		items->count++;
	}
}

static bool read_bulk(const struct source_request *request, const struct source_options *options,
		      struct arena *arena, struct source_items *ret_items)
{
	struct json_node *root;
	const struct json_node *list;
	if (!reading_list(request, arena, "requests", SOURCE_EVENTS_MAX, &root, &list, ret_items)) {
		return false;
	}
	if (list == NULL) {
		return true;
	}
	struct source_items items = {.items = arena_zero(arena, list->count + 1, sizeof(*items.items)),
				     .answer = SOURCE_ANSWER_TALLY};
	struct matomo_call call = {.request = request, .is_bulk = true};
	for (; items.items != NULL && call.place < list->count; call.place++) {
		read_bulk_hit(list->items[call.place], &call, options, arena, &items);
	}
	*ret_items = items;
	return items.items != NULL;
}

static bool read_single(const struct source_request *request, const struct source_options *options,
			struct arena *arena, struct source_items *ret_items)
{
	struct json_node *map = map_of_pairs(request->arguments, request->arguments_count, arena);
	struct source_item *item = arena_zero(arena, 1, sizeof(*item));
	if (map == NULL || item == NULL) {
		return false;
	}
	const char *image = json_get_text(map, "send_image");
	*ret_items = (struct source_items){
		.items = item,
		.answer = image != NULL && strcmp(image, "0") == 0 ? SOURCE_ANSWER_NOTHING : SOURCE_ANSWER_USUAL};
	if (is_recorded(map)) {
		const struct matomo_call call = {.request = request};
		matomo_hit(map, &call, options, arena, item);
		ret_items->count = 1;
	}
	return true;
}

bool matomo_read(const struct source_request *request, const struct source_options *options, struct arena *arena,
		 struct source_items *ret_items)
{
	return request->body_size > 0 ? read_bulk(request, options, arena, ret_items)
				      : read_single(request, options, arena, ret_items);
}
