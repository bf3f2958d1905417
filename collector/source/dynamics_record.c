#include "collector/source/dynamics_record.h"

#include <string.h>

#include "collector/source/chat.h"
#include "collector/source/crm.h"
#include "core/base/arena.h"
#include "core/base/moment.h"
#include "core/base/text.h"

#define ID_SIZE_MAX 128

static const char *message_name(const struct json_node *message)
{
	return chat_text(message, "MessageName");
}

bool dynamics_is(const struct json_node *message, const char *name)
{
	return strcmp(message_name(message), name) == 0;
}

static void add_images(struct dynamics_record *record, const struct json_node *images)
{
	for (size_t i = 0; images != NULL && images->kind == JSON_LIST && i < images->count; i++) {
		const struct json_node *image = json_get(images->items[i], "value");
		if (image != NULL && record->count < DYNAMICS_PARTS_MAX) {
			record->parts[record->count++] = image;
		}
	}
}

const struct json_node *dynamics_input(const struct json_node *message, const char *key)
{
	return reading_pair(reading_find(message, "InputParameters"), key);
}

struct dynamics_record dynamics_record(const struct json_node *message)
{
	struct dynamics_record record = {.count = 0};
	const struct json_node *target = dynamics_input(message, "Target");
	if (target != NULL) {
		record.parts[record.count++] = target;
	}
	add_images(&record, reading_find(message, "PostEntityImages"));
	if (dynamics_is(message, "Delete")) {
		add_images(&record, reading_find(message, "PreEntityImages"));
	}
	return record;
}

struct dynamics_record dynamics_before(const struct json_node *message)
{
	struct dynamics_record record = {.count = 0};
	add_images(&record, reading_find(message, "PreEntityImages"));
	return record;
}

const struct json_node *dynamics_column(const struct dynamics_record *record, const char *name)
{
	const struct json_node *value = NULL;
	for (size_t i = 0; i < record->count && value == NULL; i++) {
		value = reading_pair(json_get(record->parts[i], "Attributes"), name);
	}
	return value;
}

const struct json_node *dynamics_plain(const struct json_node *value)
{
	if (value == NULL || value->kind != JSON_MAP) {
		return value;
	}
	const struct json_node *inner = json_get(value, "Value");
	return inner != NULL ? inner : json_get(value, "Id");
}

const struct json_node *dynamics_shown(const struct dynamics_record *record, const char *name)
{
	const struct json_node *text = NULL;
	for (size_t i = 0; i < record->count && text == NULL; i++) {
		text = reading_pair(json_get(record->parts[i], "FormattedValues"), name);
	}
	return text != NULL ? text : json_get(dynamics_column(record, name), "Name");
}

enum outcome dynamics_text(struct reading *reading, const struct json_node *node, size_t max, const char **ret)
{
	return crm_optional(crm_text(reading, node, max, ret));
}

enum outcome dynamics_id(struct reading *reading, const char *name, const struct json_node *node, const char **ret)
{
	const char *id = "";
	reading->field = name;
	enum outcome outcome = crm_text(reading, node, ID_SIZE_MAX + 1, &id);
	if (outcome != OUTCOME_NONE || id[0] == '\0') {
		return outcome;
	}
	char *copy = arena_text(reading->arena, id, strlen(id));
	if (copy == NULL) {
		return OUTCOME_too_large;
	}
	text_lower(copy);
	*ret = copy;
	return OUTCOME_NONE;
}

enum outcome dynamics_lookup(struct reading *reading, const struct dynamics_record *record, const char *name,
			     const char *table, const char **ret)
{
	const struct json_node *value = dynamics_column(record, name);
	const char *logical = value != NULL ? json_get_text(value, "LogicalName") : NULL;
	bool is_theirs = logical != NULL ? strcmp(logical, table) == 0 : true;
	return is_theirs ? dynamics_id(reading, name, dynamics_plain(value), ret) : OUTCOME_NONE;
}

bool dynamics_date(const char *text, int64_t *ret_us)
{
	static const char begin[] = "/Date(";
	char digits[24];
	if (strncmp(text, begin, sizeof(begin) - 1) != 0) {
		return moment_read(text, ret_us);
	}
	text += sizeof(begin) - 1;
	size_t size = strspn(text, "0123456789");
	const char *end = text + size;
	if ((*end == '+' || *end == '-') && strspn(end + 1, "0123456789") == 4) {
		end += 5;
	}
	if (size >= sizeof(digits) || strcmp(end, ")/") != 0) {
		return false;
	}
	memcpy(digits, text, size);
	digits[size] = '\0';
	return reading_digits(digits, MOMENT_MS_US, ret_us);
}
