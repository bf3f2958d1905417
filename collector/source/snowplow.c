#include "collector/source/snowplow.h"

#include <inttypes.h>
#include <string.h>

#include "collector/source/snowplow_event.h"
#include "collector/source/snowplow_iglu.h"
#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/json.h"

/* {"schema":"iglu:…/payload_data/jsonschema/1-…","data":[…]} → the list; NULL: what is wrong and where. */
static const struct json_node *open_envelope(const struct source_request *request, struct arena *arena,
					     enum outcome *ret_outcome, char ret_field[static JSON_PATH_SIZE])
{
	struct json_node *root;
	struct json_trouble trouble;
	if (!json_parse(request->body, request->body_size, SOURCE_DEPTH_MAX, arena, &root, &trouble)) {
		memcpy(ret_field, trouble.path, JSON_PATH_SIZE);
		*ret_outcome = reading_outcome(trouble.kind);
		return NULL;
	}
	*ret_outcome = OUTCOME_unreadable;
	memcpy(ret_field, "schema", sizeof("schema"));
	if (!iglu_is(json_get_text(root, "schema"), IGLU_SNOWPLOW, "payload_data", 1)) {
		return NULL;
	}
	memcpy(ret_field, "data", sizeof("data"));
	const struct json_node *list = json_get(root, "data");
	if (list == NULL || list->kind != JSON_LIST || list->count == 0) {
		return NULL;
	}
	*ret_outcome = OUTCOME_too_large;
	return list->count <= SOURCE_EVENTS_MAX ? list : NULL;
}

static bool read_batch(const struct source_request *request, const struct source_options *options,
		       struct arena *arena, struct source_items *ret_items)
{
	enum outcome outcome;
	char field[JSON_PATH_SIZE];
	const struct json_node *list = open_envelope(request, arena, &outcome, field);
	if (list == NULL) {
		return source_reject_all(outcome, field, request->body, request->body_size, arena, ret_items);
	}
	struct source_item *items = arena_zero(arena, list->count, sizeof(*items));
	if (items == NULL) {
		return false;
	}
	for (size_t i = 0; i < list->count; i++) {
		const struct snowplow_payload payload = {.body = list->items[i],
							 .arguments = request->arguments,
							 .arguments_count = request->arguments_count};
		snowplow_event(&payload, request, options, arena, &items[i]);
	}
	*ret_items = (struct source_items){.count = list->count, .items = items};
	return true;
}

static bool read_query(const struct source_request *request, const struct source_options *options,
		       struct arena *arena, struct source_items *ret_items)
{
	struct source_item *item = arena_zero(arena, 1, sizeof(*item));
	if (item == NULL) {
		return false;
	}
	const struct snowplow_payload payload = {.arguments = request->arguments,
						 .arguments_count = request->arguments_count};
	snowplow_event(&payload, request, options, arena, item);
	*ret_items = (struct source_items){.count = 1, .items = item};
	return true;
}

bool snowplow_read(const struct source_request *request, const struct source_options *options, struct arena *arena,
		   struct source_items *ret_items)
{
	return request->body_size > 0 ? read_batch(request, options, arena, ret_items)
				      : read_query(request, options, arena, ret_items);
}
