#include "core/flow/cloudevent.h"

#include <inttypes.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/base64.h"
#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/moment.h"
#include "core/base/text.h"
#include "core/model/message.h"

#define LABEL_SIZE_MAX 128
#define ID_SIZE_MAX 256
#define VALUE_MAX 1e15
#define ENGAGED_MS_MAX (24 * 3600 * 1000)

/* ---- envelopes ---- */

static enum outcome open_base64(const char *text, struct arena *arena, struct cloudevent *ret)
{
	size_t size = strlen(text);
	uint8_t *bytes = arena_take(arena, BASE64_BYTES_MAX(size) + 1);
	if (bytes == NULL) {
		return OUTCOME_too_large;
	}
	if (!base64_read(text, size, bytes, &ret->size)) {
		return OUTCOME_unreadable;
	}
	bytes[ret->size] = '\0';
	ret->bytes = bytes;
	return OUTCOME_NONE;
}

/* Bytes that are said to be JSON, or are not said to be anything else, may be it. */
static void open_bytes(struct arena *arena, struct cloudevent *ret)
{
	struct json_node *data;
	struct json_trouble trouble;
	if (!ret->is_protobuf && ret->size > 0 && ret->bytes[0] == '{' &&
	    json_parse(ret->bytes, ret->size, EVENT_DEPTH_MAX, arena, &data, &trouble)) {
		ret->data = data;
	}
}

enum outcome cloudevent_check(const struct cloudevent *from, const char **ret_field)
{
	const struct {
		const char *name, *text;
	} needed[] = {{"type", from->type}, {"source", from->source}, {"id", from->id}};
	for (size_t i = 0; i < COUNT_OF(needed); i++) {
		*ret_field = needed[i].name;
		if (needed[i].text[0] == '\0') {
			return OUTCOME_bad_value;
		}
		if (!text_is_utf8(needed[i].text, strlen(needed[i].text))) {
			return OUTCOME_bad_text;
		}
	}
	return OUTCOME_NONE;
}

enum outcome cloudevent_open(const struct json_node *root, struct arena *arena, struct cloudevent *ret,
			     const char **ret_field)
{
	struct cloudevent opened = {.data = json_get(root, "data")};
	const struct {
		const char *name, **to;
	} rows[] = {{"type", &opened.type},
		    {"source", &opened.source},
		    {"id", &opened.id},
		    {"subject", &opened.subject},
		    {"time", &opened.time}};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct json_node *node = json_get(root, rows[i].name);
		*ret_field = rows[i].name;
		if (node != NULL && node->kind != JSON_TEXT) {
			return OUTCOME_bad_value;
		}
		*rows[i].to = node != NULL ? node->text : "";
	}
	const char *version = json_get_text(root, "specversion");
	*ret_field = "specversion";
	if (version == NULL || strncmp(version, "1.", 2) != 0) {
		return OUTCOME_bad_value;
	}
	const char *type = json_get_text(root, "datacontenttype"), *base64 = json_get_text(root, "data_base64");
	opened.is_protobuf = type != NULL && message_form_of_type(type, strlen(type)) == FORM_PROTOBUF;
	enum outcome outcome = cloudevent_check(&opened, ret_field);
	if (outcome == OUTCOME_NONE && base64 != NULL) {
		*ret_field = "data_base64";
		outcome = open_base64(base64, arena, &opened);
		open_bytes(arena, &opened);
	}
	*ret = opened;
	return outcome;
}

bool cloudevent_is_own(const struct cloudevent *from)
{
	return strcmp(from->type, CLOUDEVENT_TYPE) == 0;
}

/* ---- foreign ones ---- */

struct mapping {
	const struct cloudevent *from;
	struct arena *arena;
	struct event *event;
	const char *field;
};

static enum outcome copy(struct mapping *mapping, const char *text, const struct cloudevent_field *field,
			 const char **to)
{
	size_t size = text_cut(text, field->limit);
	if (size < strlen(text) && field->kind == CLOUDEVENT_NAME) {
		return OUTCOME_too_large; /* cut, it would be another one's */
	}
	char *kept = arena_text(mapping->arena, text, size);
	for (char *at = kept; kept != NULL && *at != '\0'; at++) {
		if ((unsigned char)*at < ' ' || *at == 0x7f) {
			*at = ' ';
		}
	}
	*to = kept != NULL ? kept : "";
	return kept != NULL ? OUTCOME_NONE : OUTCOME_too_large;
}

static enum outcome add_property(struct mapping *mapping, const char *key, const char *text)
{
	static const struct cloudevent_field any = {.kind = CLOUDEVENT_TEXT, .limit = 256};
	struct event *event = mapping->event;
	if (event->properties == NULL) {
		event->properties = arena_zero(mapping->arena, EVENT_PROPERTIES_MAX, sizeof(*event->properties));
	}
	if (event->properties == NULL) {
		return OUTCOME_too_large;
	}
	if (text[0] == '\0' || event->properties_count == EVENT_PROPERTIES_MAX) {
		return OUTCOME_NONE;
	}
	struct event_property *property = &event->properties[event->properties_count++];
	property->key = key;
	return copy(mapping, text, &any, &property->value);
}

static void take_number(struct mapping *mapping, enum cloudevent_kind kind, const struct json_node *node)
{
	double number = node->kind == JSON_NUMBER ? node->number : -1;
	if (kind == CLOUDEVENT_MS && number > 0) {
		mapping->event->engaged_ms = number < ENGAGED_MS_MAX ? (uint32_t)number : ENGAGED_MS_MAX;
	}
	if (kind == CLOUDEVENT_VALUE && node->kind == JSON_NUMBER && number >= -VALUE_MAX && number <= VALUE_MAX) {
		mapping->event->has_value = true;
		mapping->event->value = number;
	}
}

static enum outcome take_pair(struct mapping *mapping, const struct cloudevent_pair *pair)
{
	const struct json_node *node = json_find(mapping->from->data, pair->path);
	mapping->field = pair->path;
	if (node == NULL) {
		return OUTCOME_NONE;
	}
	const char *text = json_flat(node, mapping->arena);
	if (text == NULL) {
		return OUTCOME_too_large;
	}
	if (pair->field == NULL) {
		return add_property(mapping, pair->property, text);
	}
	char *to = (char *)mapping->event + pair->field->offset;
	switch (pair->field->kind) {
	case CLOUDEVENT_TEXT:
	case CLOUDEVENT_NAME:
		return text[0] != '\0' ? copy(mapping, text, pair->field, (const char **)(void *)to)
				       : OUTCOME_NONE;
	case CLOUDEVENT_STATEMENT:
		*(enum statement *)(void *)to = json_is_yes(node) ? STATEMENT_GRANTED : STATEMENT_DENIED;
		return OUTCOME_NONE;
	case CLOUDEVENT_VALUE:
	case CLOUDEVENT_MS:
		take_number(mapping, pair->field->kind, node);
		return OUTCOME_NONE;
	}
	return OUTCOME_NONE;
}

/* An address is one whatever ids are; what data says goes before it. */
static enum outcome take_subject(struct mapping *mapping, enum cloudevent_subject subject)
{
	static const struct cloudevent_field id = {.kind = CLOUDEVENT_NAME, .limit = ID_SIZE_MAX};
	struct event *event = mapping->event;
	const char *text = mapping->from->subject;
	const char **const to[] = {[CLOUDEVENT_USER_ID] = &event->identity.user_id,
				   [CLOUDEVENT_CRM_ID] = &event->identity.crm_id,
				   [CLOUDEVENT_ANONYMOUS_ID] = &event->identity.anonymous_id,
				   [CLOUDEVENT_NOBODY] = NULL};
	const char **at = text_has_address(text) ? &event->identity.email : to[subject];
	mapping->field = "subject";
	if (text[0] == '\0' || at == NULL || (*at)[0] != '\0') {
		return OUTCOME_NONE;
	}
	return text_is_utf8(text, strlen(text)) ? copy(mapping, text, &id, at) : OUTCOME_bad_text;
}

static enum outcome take_attributes(struct mapping *mapping)
{
	static const struct cloudevent_field label = {.kind = CLOUDEVENT_TEXT, .limit = LABEL_SIZE_MAX};
	const struct cloudevent *from = mapping->from;
	struct event *event = mapping->event;
	const struct hash_piece pieces[] = {{from->source, strlen(from->source)}, {from->id, strlen(from->id)}};
	event->id =
		arena_print(mapping->arena, CLOUDEVENT_MADE_ID "%016" PRIx64, hash_64(pieces, COUNT_OF(pieces)));
	if (event->id == NULL) {
		return OUTCOME_too_large;
	}
	mapping->field = "time";
	if (from->time[0] != '\0' && (!moment_read(from->time, &event->occurred_us) || event->occurred_us <= 0)) {
		return OUTCOME_bad_value;
	}
	event->stamped_us = event->occurred_us;
	return event->label[0] == '\0' ? copy(mapping, from->type, &label, &event->label) : OUTCOME_NONE;
}

enum outcome cloudevent_read(const struct cloudevent *from, const struct cloudevent_map *map, struct arena *arena,
			     struct event *ret_event, const char **ret_field)
{
	struct mapping mapping = {.from = from, .arena = arena, .event = ret_event, .field = ""};
	*ret_event = event_blank;
	ret_event->source = CLOUDEVENT_SOURCE;
	ret_event->channel = map->channel;
	ret_event->action = ACTION_CUSTOM;
	ret_event->party = PARTY_PERSON;
	enum outcome outcome = OUTCOME_NONE;
	for (size_t i = 0; i < map->count && outcome == OUTCOME_NONE && from->data != NULL; i++) {
		outcome = take_pair(&mapping, &map->pairs[i]);
	}
	outcome = outcome != OUTCOME_NONE ? outcome : take_subject(&mapping, map->subject);
	outcome = outcome != OUTCOME_NONE ? outcome : take_attributes(&mapping);
	*ret_field = mapping.field;
	return outcome;
}
