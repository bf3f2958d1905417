#include "collector/source/segment.h"

#include <string.h>
#include <strings.h>

#include "collector/source/segment_event.h"
#include "core/base/arena.h"
#include "core/base/base64.h"
#include "core/base/json.h"

#define JITSU_PATH "/api/s/"
#define BEACON_PATH "/beacon/"
#define PLACE_DEPTH_MAX 8  /* of an argument's name, "context.page.url" */
#define PLACE_MAPS_MAX 256 /* names on the way to places, in all of one request */

/* clang-format off */
const char *const segment_paths[] = {
	"/v1/track", "/v1/t", "/v1/page", "/v1/p", "/v1/screen", "/v1/s", "/v1/identify", "/v1/i",
	"/v1/group", "/v1/g", "/v1/alias", "/v1/a", "/v1/batch", "/v1/b", "/v1/import", "/beacon/v1/batch", NULL,
};
const char *const segment_pixel_paths[] = {
	"/pixel/v1/track", "/pixel/v1/page", /* RudderStack's */
	"/v1/pixel/track", "/v1/pixel/page", "/v1/pixel/screen", "/v1/pixel/identify", "/v1/pixel/group",
	"/v1/pixel/alias", NULL,
};
const char *const segment_jitsu_paths[] = {
	"/api/s/page", "/api/s/track", "/api/s/identify", "/api/s/group", "/api/s/alias", "/api/s/screen",
	"/api/s/event", "/api/s/batch", "/api/s/s2s/page", "/api/s/s2s/track", "/api/s/s2s/identify",
	"/api/s/s2s/group", "/api/s/s2s/alias", "/api/s/s2s/screen", "/api/s/s2s/event", "/api/s/s2s/batch", NULL,
};
/* clang-format on */
const char *const segment_headers[] = {"Authorization", "X-Write-Key", "AnonymousId", "SentAt", NULL};

/* ---- what a request says of all its messages ---- */

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* By the last word of the path; "" where messages say it themselves. */
static const char *type_of(const char *path)
{
	static const char *const types[] = {"track", "page", "screen", "identify", "group", "alias"};
	const char *slash = strrchr(path, '/');
	const char *word = slash != NULL ? slash + 1 : path;
	if (strcmp(word, "event") == 0) { /* Jitsu's, of whatever a message says that it is */
		return "track";
	}
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		bool is_letter = word[0] == types[i][0] && word[1] == '\0';
		if (is_letter || strcmp(word, types[i]) == 0) {
			return types[i];
		}
	}
	return "";
}

/* Base64 as text; "" where it is none, or holds a NUL. NULL: the arena is full. */
static const char *unpack(const char *packed, struct arena *arena)
{
	size_t size;
	char *text = arena_take(arena, BASE64_BYTES_MAX(strlen(packed)) + 1);
	if (text == NULL) {
		return NULL;
	}
	if (!base64_read(packed, strlen(packed), (uint8_t *)text, &size) || memchr(text, '\0', size) != NULL) {
		return "";
	}
	text[size] = '\0';
	return text;
}

/* "Basic base64(key:)" → the key; "" when it is none. NULL: the arena is full. */
static const char *basic_key(const char *authorization, struct arena *arena)
{
	if (strncasecmp(authorization, "Basic ", 6) != 0) {
		return "";
	}
	const char *text = unpack(authorization + 6, arena);
	return text != NULL ? arena_text(arena, text, strcspn(text, ":")) : NULL;
}

/* False: the arena is full. Jitsu's key in a body has its secret blotted out, so that only the header's is one. */
static bool describe(const struct source_request *request, struct arena *arena, struct segment_call *ret)
{
	const char *key = source_more_header(request, "X-Write-Key");
	bool is_jitsu = begins(request->path, JITSU_PATH);
	if (!is_jitsu) {
		key = basic_key(source_more_header(request, "Authorization"), arena);
	}
	const char *id = unpack(source_more_header(request, "AnonymousId"), arena);
	if (key == NULL || id == NULL) {
		return false;
	}
	*ret = (struct segment_call){
		.request = request,
		.type = type_of(request->path),
		.is_jitsu = is_jitsu,
		.is_pixel = strstr(request->path, "pixel/") != NULL,
		.is_beacon = begins(request->path, BEACON_PATH),
		.is_header_key = key[0] != '\0' || is_jitsu,
		.write_key = key[0] != '\0' || is_jitsu ? key : source_argument(request, "writeKey"),
		.header_id = id};
	return true;
}

/* ---- bodies ---- */

static bool read_batch(const struct json_node *root, struct segment_call *call,
		       const struct source_options *options, struct arena *arena, struct source_items *ret_items)
{
	const struct source_request *request = call->request;
	const struct json_node *list;
	if (!reading_list_of(root, request, "batch", SOURCE_EVENTS_MAX, arena, &list, ret_items)) {
		return false;
	}
	if (list == NULL) {
		return true;
	}
	struct source_item *items = arena_zero(arena, list->count + 1, sizeof(*items));
	if (items == NULL) {
		return false;
	}
	call->envelope = root;
	call->type = "";
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i]->kind == JSON_MAP) {
			segment_message(list->items[i], call, options, arena, &items[i]);
		} else {
			source_reject(OUTCOME_bad_value, "batch", request->body, request->body_size,
				      &items[i].reject);
		}
	}
	*ret_items = (struct source_items){.count = list->count, .items = items};
	return true;
}

static bool read_single(const struct json_node *message, const struct segment_call *call,
			const struct source_options *options, struct arena *arena, struct source_items *ret_items)
{
	struct source_item *item = arena_zero(arena, 1, sizeof(*item));
	if (item == NULL) {
		return false;
	}
	segment_message(message, call, options, arena, item);
	*ret_items = (struct source_items){.count = 1, .items = item};
	return true;
}

static bool read_body(struct segment_call *call, const struct source_options *options, struct arena *arena,
		      struct source_items *ret_items)
{
	struct json_node *root;
	if (!reading_body(call->request, arena, &root, ret_items)) {
		return false;
	}
	if (root == NULL) {
		return true;
	}
	bool is_batch = json_get(root, "batch") != NULL || call->type[0] == '\0';
	return is_batch ? read_batch(root, call, options, arena, ret_items)
			: read_single(root, call, options, arena, ret_items);
}

/* ---- pixels ---- */

static struct json_node *new_node(enum json_kind kind, size_t room, struct arena *arena)
{
	struct json_node *node = arena_zero(arena, 1, sizeof(*node));
	if (node != NULL && kind == JSON_MAP) {
		node->items = arena_zero(arena, room, sizeof(*node->items));
		node->keys = arena_zero(arena, room, sizeof(*node->keys));
	}
	if (node == NULL || (kind == JSON_MAP && (node->items == NULL || node->keys == NULL))) {
		return NULL;
	}
	node->kind = kind;
	return node;
}

/* The value of a key of the map, which is made where there is none. NULL: the arena is full. */
static struct json_node *child_of(struct json_node *map, const char *key, size_t size, enum json_kind kind,
				  size_t room, struct arena *arena)
{
	for (size_t i = 0; i < map->count; i++) {
		if (strncmp(map->keys[i], key, size) == 0 && map->keys[i][size] == '\0') {
			return map->items[i];
		}
	}
	struct json_node *child = new_node(kind, room, arena);
	char *name = arena_text(arena, key, size);
	if (child != NULL && name != NULL) {
		map->keys[map->count] = name;
		map->items[map->count++] = child;
	}
	return name != NULL ? child : NULL;
}

/* One argument at the place that its name says; where something else stands there already, and where places are told apart
 * by more names than any message has, it is left out. Each map has room for all of them. */
static bool place(struct json_node *map, const struct source_pair *argument, size_t room, size_t *maps,
		  struct arena *arena)
{
	const char *part = argument->name;
	for (unsigned depth = 1;; depth++) {
		size_t size = strcspn(part, ".");
		bool is_last = part[size] == '\0' || depth == PLACE_DEPTH_MAX;
		*maps += is_last ? 0 : 1;
		if (*maps > PLACE_MAPS_MAX) {
			return true;
		}
		map = child_of(map, part, size, is_last ? JSON_TEXT : JSON_MAP, room, arena);
		if (map == NULL) {
			return false;
		}
		if (is_last && map->kind == JSON_TEXT && map->text == NULL) {
			map->text = arena_text(arena, argument->value, strlen(argument->value));
			return map->text != NULL;
		}
		if (is_last || map->kind != JSON_MAP) {
			return true;
		}
		part += size + 1;
	}
}

/* A message in the argument "data", as JSON or as base64 of it, or in arguments with the names of its places. */
static bool read_pixel(const struct segment_call *call, const struct source_options *options, struct arena *arena,
		       struct source_items *ret_items)
{
	const struct source_request *request = call->request;
	const char *data = source_argument(request, "data");
	struct source_request packed = *request;
	if (data[0] != '\0') {
		struct json_node *root;
		packed.body = data[0] == '{' ? data : unpack(data, arena);
		packed.body_size = packed.body != NULL ? strlen(packed.body) : 0;
		if (packed.body != NULL && packed.body_size == 0) {
			return source_reject_all(OUTCOME_unreadable, "data", data, strlen(data), arena, ret_items);
		}
		if (packed.body == NULL || !reading_body(&packed, arena, &root, ret_items)) {
			return false;
		}
		return root == NULL || read_single(root, call, options, arena, ret_items);
	}
	size_t room = request->arguments_count + 1, maps = 0;
	struct json_node *root = new_node(JSON_MAP, room, arena);
	for (size_t i = 0; root != NULL && i < request->arguments_count; i++) {
		root = place(root, &request->arguments[i], room, &maps, arena) ? root : NULL;
	}
	return root != NULL && read_single(root, call, options, arena, ret_items);
}

bool segment_read(const struct source_request *request, const struct source_options *options, struct arena *arena,
		  struct source_items *ret_items)
{
	struct segment_call call;
	if (!describe(request, arena, &call)) {
		return false;
	}
	return call.is_pixel ? read_pixel(&call, options, arena, ret_items)
			     : read_body(&call, options, arena, ret_items);
}
