#include "collector/source/reading.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/hash.h"
#include "core/base/moment.h"
#include "core/base/text.h"

#define ID_SIZE_MAX 128
#define LINK_SIZE_MAX 16384 /* of a URL before it is cleaned */
#define PROPERTY_KEY_SIZE_MAX 64
#define PROPERTY_VALUE_SIZE_MAX 256
#define LATE_US_MAX (30 * MOMENT_DAY_US)
#define EARLY_US_MAX (120 * MOMENT_SECOND_US)
#define MOMENT_US_MAX INT64_C(253402300799999999) /* the end of year 9999 */

enum outcome reading_copy(struct reading *reading, const char *text, size_t max, const char **ret)
{
	if (text != NULL && !text_is_utf8(text, strlen(text))) {
		return OUTCOME_bad_text;
	}
	const char *copy = source_text(reading->arena, text, max);
	if (copy == NULL) {
		return OUTCOME_too_large;
	}
	*ret = copy;
	return OUTCOME_NONE;
}

enum outcome reading_property(struct reading *reading, const char *key, const char *value)
{
	struct event *event = reading->event;
	if (value == NULL || value[0] == '\0' || event->properties_count == EVENT_PROPERTIES_MAX) {
		return OUTCOME_NONE;
	}
	if (event->properties == NULL) {
		event->properties = arena_zero(reading->arena, EVENT_PROPERTIES_MAX, sizeof(*event->properties));
	}
	if (event->properties == NULL) {
		return OUTCOME_too_large;
	}
	struct event_property property;
	property.key = source_text(reading->arena, key, PROPERTY_KEY_SIZE_MAX);
	property.value = source_text(reading->arena, value, PROPERTY_VALUE_SIZE_MAX);
	if (property.key == NULL || property.value == NULL) {
		return OUTCOME_too_large;
	}
	if (property.key[0] != '\0' && property.value[0] != '\0') {
		event->properties[event->properties_count++] = property;
	}
	return OUTCOME_NONE;
}

/* ---- JSON by path ---- */

const struct json_node *reading_find(const struct json_node *map, const char *path)
{
	return json_find(map, path);
}

static const struct json_node *pair_of(const struct json_node *list, const char *key)
{
	for (size_t i = 0; list != NULL && list->kind == JSON_LIST && i < list->count; i++) {
		const char *name = json_get_text(list->items[i], "key");
		if (name != NULL && strcmp(name, key) == 0) {
			return list->items[i];
		}
	}
	return NULL;
}

const struct json_node *reading_pair(const struct json_node *list, const char *key)
{
	return json_get(pair_of(list, key), "value");
}

bool reading_has_pair(const struct json_node *list, const char *key)
{
	return pair_of(list, key) != NULL;
}

const char *reading_flat(const struct json_node *node, struct arena *arena)
{
	return json_flat(node, arena);
}

enum outcome reading_text(struct reading *reading, const char *path, size_t max, const char **ret)
{
	const struct json_node *node = reading_find(reading->message, path);
	reading->field = path;
	if (node == NULL) {
		return OUTCOME_NONE;
	}
	if (node->kind != JSON_TEXT && (node->kind != JSON_NUMBER || !node->is_whole)) {
		return OUTCOME_bad_value;
	}
	const char *text = reading_flat(node, reading->arena);
	return text != NULL ? reading_copy(reading, text, max, ret) : OUTCOME_too_large;
}

enum outcome reading_needed(struct reading *reading, const char *path, size_t max, const char **ret)
{
	const char *text = "";
	enum outcome outcome = reading_text(reading, path, max, &text);
	if (outcome != OUTCOME_NONE || text[0] == '\0') {
		return outcome != OUTCOME_NONE ? outcome : OUTCOME_bad_value;
	}
	*ret = text;
	return OUTCOME_NONE;
}

enum outcome reading_optional(struct reading *reading, const char *path, size_t max, const char **ret)
{
	const struct json_node *node = reading_find(reading->message, path);
	return node != NULL && node->kind == JSON_TEXT ? reading_text(reading, path, max, ret) : OUTCOME_NONE;
}

enum outcome reading_texts(struct reading *reading, const struct reading_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char **to = (const char **)(void *)((char *)reading->event + rows[i].to);
		if ((*to)[0] != '\0') {
			continue;
		}
		enum outcome outcome = reading_text(reading, rows[i].path, rows[i].limit, to);
		if (outcome != OUTCOME_NONE) {
			return outcome;
		}
	}
	return OUTCOME_NONE;
}

enum outcome reading_url(struct reading *reading, const char *path,
			 const char *(*clean)(const char *url, struct arena *arena), const char **ret,
			 const char **ret_raw)
{
	const char *url = "";
	enum outcome outcome = reading_text(reading, path, LINK_SIZE_MAX, &url);
	if (outcome != OUTCOME_NONE || url[0] == '\0') {
		return outcome;
	}
	*ret = clean(url, reading->arena);
	if (ret_raw != NULL) {
		*ret_raw = url;
	}
	return *ret != NULL ? OUTCOME_NONE : OUTCOME_too_large;
}

enum outcome reading_properties(struct reading *reading, const struct json_node *map)
{
	enum outcome outcome = OUTCOME_NONE;
	for (size_t i = 0; map != NULL && map->kind == JSON_MAP && i < map->count && outcome == OUTCOME_NONE;
	     i++) {
		const char *text = reading_flat(map->items[i], reading->arena);
		outcome = text != NULL ? reading_property(reading, map->keys[i], text) : OUTCOME_too_large;
	}
	return outcome;
}

/* ---- ids and times ---- */

enum outcome reading_id(struct reading *reading, const char *path, const struct hash_piece *pieces, size_t count)
{
	const char *given = "";
	enum outcome outcome = path != NULL ? reading_text(reading, path, ID_SIZE_MAX + 1, &given) : OUTCOME_NONE;
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	if (strlen(given) > ID_SIZE_MAX) {
		return OUTCOME_too_large; /* cut, it might be another one's */
	}
	if (given[0] == '\0') {
		given = arena_print(reading->arena, SOURCE_MADE_ID "%016" PRIx64, hash_64(pieces, count));
	}
	reading->event->id = given;
	return given != NULL ? OUTCOME_NONE : OUTCOME_too_large;
}

const char *reading_stir(const struct json_node *node, const char *key, const char *sum, struct arena *arena)
{
	const char *text = "";
	bool is_flat = node->kind != JSON_MAP && node->kind != JSON_LIST;
	if (is_flat && (text = reading_flat(node, arena)) == NULL) {
		return NULL;
	}
	const struct hash_piece pieces[] = {{sum, strlen(sum)}, {key, strlen(key)}, {text, strlen(text)}};
	sum = arena_print(arena, "%016" PRIx64, hash_64(pieces, is_flat ? 3 : 2));
	for (size_t i = 0; !is_flat && sum != NULL && i < node->count; i++) {
		sum = reading_stir(node->items[i], node->kind == JSON_MAP ? node->keys[i] : key, sum, arena);
	}
	return sum;
}

bool reading_digits(const char *text, int64_t unit_us, int64_t *ret_us)
{
	int64_t number = 0;
	for (const char *at = text; *at != '\0'; at++) {
		if (*at < '0' || *at > '9' || at - text == 18) {
			return false;
		}
		number = number * 10 + (*at - '0');
	}
	*ret_us = text[0] != '\0' && number <= MOMENT_US_MAX / unit_us ? number * unit_us : -1;
	return *ret_us >= 0;
}

/* False: it is none of these. */
static bool moment_of(const struct json_node *node, enum reading_unit unit, int64_t *ret_us)
{
	static const int64_t units[] = {
		[READING_RFC3339] = 0,
		[READING_SECONDS] = MOMENT_SECOND_US,
		[READING_MILLISECONDS] = MOMENT_MS_US,
		[READING_MICROSECONDS] = 1,
		[READING_ANY] = MOMENT_SECOND_US,
	};
	bool may_be_text = unit == READING_RFC3339 || unit == READING_ANY;
	if (node->kind == JSON_TEXT && may_be_text && moment_read(node->text, ret_us)) {
		return true;
	}
	if (node->kind == JSON_TEXT && unit != READING_RFC3339) {
		return reading_digits(node->text, units[unit], ret_us);
	}
	if (node->kind != JSON_NUMBER || unit == READING_RFC3339) {
		return false;
	}
	double us = node->number * (double)units[unit];
	if (!(us >= 0 && us <= (double)MOMENT_US_MAX)) {
		return false;
	}
	*ret_us = node->is_whole ? node->whole * units[unit] : (int64_t)llround(us);
	return true;
}

enum outcome reading_moment(struct reading *reading, const char *path, enum reading_unit unit, int64_t *ret_us)
{
	const struct json_node *node = reading_find(reading->message, path);
	int64_t us = 0;
	reading->field = path;
	if (node != NULL && (!moment_of(node, unit, &us) || us < 0 || us > MOMENT_US_MAX)) {
		return OUTCOME_bad_value;
	}
	*ret_us = us;
	return OUTCOME_NONE;
}

void reading_times(struct reading *reading, int64_t created_us, int64_t sent_us, int64_t true_us)
{
	struct event *event = reading->event;
	int64_t received_us = reading->request->received_us;
	int64_t occurred_us = true_us != 0				? true_us
			      : created_us != 0 && sent_us == 0		? created_us
			      : created_us != 0 && sent_us > created_us ? received_us - (sent_us - created_us)
									: received_us;
	if (occurred_us < received_us - LATE_US_MAX) {
		occurred_us = received_us - LATE_US_MAX;
	}
	if (occurred_us > received_us + EARLY_US_MAX) {
		occurred_us = received_us + EARLY_US_MAX;
	}
	event->occurred_us = occurred_us;
	event->stamped_us = created_us != 0 ? created_us : true_us;
	event->received_us = received_us;
}

enum outcome reading_when(struct reading *reading, const char *path, enum reading_unit unit)
{
	int64_t at_us;
	enum outcome outcome = reading_moment(reading, path, unit, &at_us);
	if (outcome != OUTCOME_NONE || at_us == 0) {
		return outcome != OUTCOME_NONE ? outcome : OUTCOME_bad_value;
	}
	reading_times(reading, 0, 0, at_us);
	return OUTCOME_NONE;
}

/* ---- a message, a request ---- */

enum outcome reading_outcome(enum json_trouble_kind kind)
{
	static const enum outcome outcomes[] = {
		[JSON_BROKEN] = OUTCOME_unreadable,    [JSON_BAD_TEXT] = OUTCOME_bad_text,
		[JSON_BAD_NUMBER] = OUTCOME_bad_value, [JSON_TOO_DEEP] = OUTCOME_too_large,
		[JSON_TOO_LARGE] = OUTCOME_too_large,
	};
	return outcomes[kind];
}

struct tally {
	struct hash_piece pieces[HASH_PIECES_MAX];
	size_t count, size;
};

static void tally_text(struct tally *tally, const char *text)
{
	size_t size = strlen(text);
	tally->size += size;
	if (tally->count < HASH_PIECES_MAX) {
		tally->pieces[tally->count++] = (struct hash_piece){text, size};
	}
}

/* Names and texts in the order that they came in; as deep as JSON may be. */
static void tally_node(struct tally *tally, const struct json_node *node)
{
	if (node->kind == JSON_TEXT) {
		tally_text(tally, node->text);
	}
	for (size_t i = 0; (node->kind == JSON_MAP || node->kind == JSON_LIST) && i < node->count; i++) {
		if (node->kind == JSON_MAP) {
			tally_text(tally, node->keys[i]);
		}
		tally_node(tally, node->items[i]);
	}
}

void reading_item(struct reading *reading, const char *source, enum channel channel, reading_step *const *steps,
		  size_t count, struct source_item *ret_item)
{
	enum outcome outcome = reading->message->kind == JSON_MAP ? OUTCOME_NONE : OUTCOME_bad_value;
	reading->field = "";
	const struct hook *hook = reading->request->hook;
	reading->user_agent = hook != NULL ? "" : NULL; /* a webhook's is its sender's own */
	reading->event = source_event(reading->arena);
	if (reading->event == NULL) {
		outcome = OUTCOME_too_large;
	} else {
		reading->event->source = source;
		reading->event->channel = channel;
		reading->event->party = PARTY_PERSON;
		reading->event->site = hook != NULL ? hook->name : "";
	}
	for (size_t i = 0; i < count && outcome == OUTCOME_NONE; i++) {
		outcome = steps[i](reading);
	}
	*ret_item = (struct source_item){.event = outcome == OUTCOME_NONE ? reading->event : NULL,
					 .user_agent = reading->user_agent};
	if (outcome != OUTCOME_NONE) {
		struct tally tally = {.count = 0};
		tally_node(&tally, reading->message);
		if (tally.size == 0) { /* no text anywhere */
			source_reject(outcome, reading->field, reading->request->body, reading->request->body_size,
				      &ret_item->reject);
			return;
		}
		source_reject(outcome, reading->field, "", 0, &ret_item->reject);
		ret_item->reject.size = (uint32_t)tally.size;
		ret_item->reject.hash = hash_64(tally.pieces, tally.count);
	}
}

bool reading_body(const struct source_request *request, struct arena *arena, struct json_node **ret_root,
		  struct source_items *ret_items)
{
	struct json_trouble trouble;
	if (json_parse(request->body, request->body_size, SOURCE_DEPTH_MAX, arena, ret_root, &trouble)) {
		return true;
	}
	*ret_root = NULL;
	return source_reject_all(reading_outcome(trouble.kind), trouble.path, request->body, request->body_size,
				 arena, ret_items);
}

bool reading_list_of(const struct json_node *root, const struct source_request *request, const char *key,
		     size_t most, struct arena *arena, const struct json_node **ret_list,
		     struct source_items *ret_items)
{
	const struct json_node *list = json_get(root, key);
	bool is_list = list != NULL && list->kind == JSON_LIST;
	*ret_list = is_list && list->count <= most ? list : NULL;
	return *ret_list != NULL || source_reject_all(is_list ? OUTCOME_too_large : OUTCOME_bad_value, key,
						      request->body, request->body_size, arena, ret_items);
}

bool reading_list(const struct source_request *request, struct arena *arena, const char *key, size_t most,
		  struct json_node **ret_root, const struct json_node **ret_list, struct source_items *ret_items)
{
	*ret_list = NULL;
	return reading_body(request, arena, ret_root, ret_items) &&
	       (*ret_root == NULL || reading_list_of(*ret_root, request, key, most, arena, ret_list, ret_items));
}
