#include "core/flow/erasure_message.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/json.h"
#include "core/base/moment.h"

#define ROW_ROOM 192 /* of a row beside its positions */
#define DEPTH_MAX 5

const char *erasure_message_write(const struct ledger_row *rows, size_t count, struct arena *arena)
{
	size_t room = ROW_ROOM;
	for (size_t i = 0; i < count; i++) {
		room += ROW_ROOM + strlen(rows[i].positions);
	}
	char *text = room <= ERASURE_MESSAGE_SIZE_MAX ? arena_take(arena, room) : NULL;
	if (text == NULL) {
		return NULL;
	}
	size_t used = (size_t)snprintf(text, room, "{\"rows\":[");
	for (size_t i = 0; i < count; i++) {
		char from[MOMENT_TEXT_SIZE], at[MOMENT_TEXT_SIZE], erased[MOMENT_TEXT_SIZE];
		const char *quote = rows[i].from_us == INT64_MIN ? "" : "\"";
		if (rows[i].from_us == INT64_MIN) {
			snprintf(from, sizeof(from), "null");
		} else {
			moment_print(rows[i].from_us, from);
		}
		moment_print(rows[i].at_us, at);
		moment_print(rows[i].erased_us, erased);
		used += (size_t)snprintf(text + used, room - used,
					 "%s{\"from\":%s%s%s,\"at\":\"%s\",\"erased\":\"%s\",\"positions\":%s}",
					 i > 0 ? "," : "", quote, from, quote, at, erased, rows[i].positions);
	}
	snprintf(text + used, room - used, "]}");
	return text;
}

/* As text again: what has come through here is known to be offsets, and nothing else. NULL: it is not, or arena full. */
static const char *positions_of(const struct json_node *map, struct arena *arena)
{
	size_t room = 3, used = 1;
	if (map == NULL || map->kind != JSON_MAP) {
		return NULL;
	}
	for (size_t i = 0; i < map->count; i++) {
		room += strlen(map->keys[i]) + 8;
		room += map->items[i]->kind == JSON_LIST ? map->items[i]->count * 24 : 0;
	}
	char *text = arena_take(arena, room);
	if (text == NULL) {
		return NULL;
	}
	text[0] = '{';
	for (size_t i = 0; i < map->count; i++) {
		const struct json_node *list = map->items[i];
		if (list->kind != JSON_LIST || strpbrk(map->keys[i], "\"\\") != NULL) {
			return NULL;
		}
		used += (size_t)snprintf(text + used, room - used, "%s\"%s\":[", i > 0 ? "," : "", map->keys[i]);
		for (size_t j = 0; j < list->count; j++) {
			if (list->items[j]->kind != JSON_NUMBER || !list->items[j]->is_whole) {
				return NULL;
			}
			used += (size_t)snprintf(text + used, room - used, "%s%" PRId64, j > 0 ? "," : "",
						 list->items[j]->whole);
		}
		used += (size_t)snprintf(text + used, room - used, "]");
	}
	snprintf(text + used, room - used, "}");
	return text;
}

static bool read_moment(const struct json_node *map, const char *key, int64_t *ret_us)
{
	const char *text = json_get_text(map, key);
	return text != NULL && moment_read(text, ret_us);
}

static bool read_row(const struct json_node *map, struct arena *arena, struct ledger_row *ret_row)
{
	ret_row->from_us = INT64_MIN;
	ret_row->positions = positions_of(json_get(map, "positions"), arena);
	return ret_row->positions != NULL && read_moment(map, "at", &ret_row->at_us) &&
	       read_moment(map, "erased", &ret_row->erased_us) &&
	       (json_get(map, "from") == NULL || read_moment(map, "from", &ret_row->from_us));
}

bool erasure_message_read(const void *key, size_t key_size, const void *value, size_t size, struct arena *arena,
			  struct ledger_row **ret_rows, size_t *ret_count)
{
	struct json_node *root;
	struct json_trouble trouble;
	if (key == NULL || key_size != ERASURE_KEY_SIZE ||
	    !json_parse(value, size, DEPTH_MAX, arena, &root, &trouble)) {
		return false;
	}
	const struct json_node *list = json_get(root, "rows");
	if (list == NULL || list->kind != JSON_LIST || list->count == 0) {
		return false;
	}
	struct ledger_row *rows = arena_array(arena, list->count, sizeof(*rows));
	for (size_t i = 0; rows != NULL && i < list->count; i++) {
		memcpy(rows[i].actor_id.bytes, key, ERASURE_KEY_SIZE);
		if (!read_row(list->items[i], arena, &rows[i])) {
			return false;
		}
	}
	*ret_rows = rows;
	*ret_count = list->count;
	return rows != NULL;
}
