#include "collector/source/posthog.h"

#include <string.h>

#include "collector/source/body.h"
#include "collector/source/posthog_event.h"
#include "core/base/arena.h"
#include "core/base/base64.h"
#include "core/base/check.h"
#include "core/base/gzip.h"
#include "core/base/json.h"
#include "core/base/moment.h"

#define INFLATED_SIZE_MAX ((size_t)8 * 1024 * 1024)

/* clang-format off */
const char *const posthog_paths[] = {
	"/e/", "/e", "/i/v0/e/", "/i/v0/e", "/batch/", "/batch", "/capture/", "/capture", "/track/", "/track",
	"/engage/", "/engage", NULL,
};
const char *const posthog_script_paths[] = {"/array/*.js", NULL};
const char *const posthog_config_paths[] = {"/array/*", NULL};
const char *const posthog_flags_paths[] = {"/flags/", "/flags", "/decide/", "/decide", NULL};
const char *const posthog_recording_paths[] = {"/s/", "/s", NULL};
/* clang-format on */

/* ---- what is packed in the argument "data" ---- */

/* JSON as it is, base64 of it, or base64 of it packed by gzip. False: the arena is full. *ret_body NULL: it is none. */
static bool unpack(const char *data, struct arena *arena, const char **ret_body, size_t *ret_size)
{
	size_t size = strlen(data);
	*ret_body = data;
	*ret_size = size;
	if (data[0] == '{' || data[0] == '[') {
		return true;
	}
	while (size > 0 && strchr("\r\n", data[size - 1]) != NULL) {
		size--;
	}
	char *text = arena_text(arena, data, size);
	if (text == NULL) {
		return false;
	}
	for (size_t i = 0; i < size; i++) { /* of a form whose "+" was not escaped */
		text[i] = (char)(text[i] == ' ' ? '+' : text[i]);
	}
	*ret_body = base64_read(text, size, (uint8_t *)text, ret_size) ? text : NULL;
	if (*ret_body == NULL || !gzip_is(*ret_body, *ret_size)) {
		return true;
	}
	char *bytes;
	enum gzip_result result = gzip_inflate(*ret_body, *ret_size, INFLATED_SIZE_MAX, arena, &bytes, ret_size);
	*ret_body = result == GZIP_DONE ? bytes : NULL;
	return result != GZIP_TOO_LARGE;
}

/* ---- requests ---- */

/* When it was sent, in ms, as older clients say it in the query. */
static int64_t sent_by_query(const struct source_request *request)
{
	int64_t sent_us;
	return reading_digits(source_argument(request, "_"), MOMENT_MS_US, &sent_us) ? sent_us : 0;
}

static bool read_list(const struct json_node *list, const struct posthog_call *call,
		      const struct source_options *options, struct arena *arena, struct source_items *ret_items)
{
	const struct source_request *request = call->request;
	if (list->count > SOURCE_EVENTS_MAX) {
		return source_reject_all(OUTCOME_too_large, "batch", request->body, request->body_size, arena,
					 ret_items);
	}
	struct source_items items = {.items = arena_zero(arena, list->count + 1, sizeof(*items.items))};
	for (size_t i = 0; items.items != NULL && i < list->count; i++) {
		struct source_item *item = &items.items[items.count];
		if (list->items[i]->kind != JSON_MAP) {
			source_reject(OUTCOME_bad_value, "batch", request->body, request->body_size,
				      &item->reject);
			items.count++;
		} else if (!posthog_is_ignored(list->items[i])) {
			posthog_event(list->items[i], call, options, arena, item);
			items.count++;
		}
	}
	*ret_items = items;
	return items.items != NULL;
}

/* Once a request: there may be much in an envelope. */
static void read_envelope(const struct json_node *envelope, struct posthog_call *call)
{
	static const char *const names[] = {"api_key", "token", "$token"};
	for (size_t i = 0; i < COUNT_OF(names) && (call->site == NULL || call->site[0] == '\0'); i++) {
		call->site = json_get_text(envelope, names[i]);
	}
	call->sent = json_get_text(envelope, "sent_at");
}

/* A list of events, an envelope with one in "batch", or one event. */
static bool read_root(struct json_node *root, struct posthog_call *call, const struct source_options *options,
		      struct arena *arena, struct source_items *ret_items)
{
	const struct json_node *batch = json_get(root, "batch");
	struct json_node *items[] = {root};
	const struct json_node alone = {.kind = JSON_LIST, .count = 1, .items = items};
	if (root->kind == JSON_LIST) {
		return read_list(root, call, options, arena, ret_items);
	}
	if (batch == NULL) {
		return read_list(&alone, call, options, arena, ret_items);
	}
	if (batch->kind != JSON_LIST) {
		return source_reject_all(OUTCOME_bad_value, "batch", call->request->body, call->request->body_size,
					 arena, ret_items);
	}
	read_envelope(root, call);
	return read_list(batch, call, options, arena, ret_items);
}

bool posthog_read(const struct source_request *request, const struct source_options *options, struct arena *arena,
		  struct source_items *ret_items)
{
	struct source_request plain = *request;
	const char *data = source_argument(request, "data");
	if (request->body_size == 0 && data[0] != '\0') {
		if (!unpack(data, arena, &plain.body, &plain.body_size)) {
			return false;
		}
		if (plain.body == NULL) {
			return source_reject_all(OUTCOME_unreadable, "data", data, strlen(data), arena, ret_items);
		}
	}
	if (plain.body_size == 0) {
		const char *path = request->path;
		return source_reject_all(OUTCOME_unreadable, "data", path, strlen(path), arena, ret_items);
	}
	struct posthog_call call = {.request = &plain,
				    .sent_us = sent_by_query(request),
				    .is_engage = strncmp(request->path, "/engage", 7) == 0};
	struct json_node *root;
	if (!reading_body(&plain, arena, &root, ret_items)) {
		return false;
	}
	return root == NULL || read_root(root, &call, options, arena, ret_items);
}
