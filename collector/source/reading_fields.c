/*
 * What is read of names and maps that hold whatever a sender likes: what was done, properties, the fields of forms, numbers,
 * yes or no.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "collector/source/reading.h"
#include "collector/source/url.h"
#include "core/base/check.h"

#define LABEL_SIZE_MAX 128
#define VALUE_MAX 1e15

enum outcome reading_word(struct reading *reading, const char *path, const struct reading_word *words,
			  size_t count)
{
	struct event *event = reading->event;
	enum outcome outcome = reading_needed(reading, path, LABEL_SIZE_MAX, &event->label);
	event->action = ACTION_CUSTOM;
	for (size_t i = 0; outcome == OUTCOME_NONE && i < count; i++) {
		if (strcmp(words[i].name, event->label) == 0) {
			event->action = words[i].action;
			event->label = "";
			break;
		}
	}
	return outcome;
}

enum outcome reading_other_properties(struct reading *reading, const struct json_node *map,
				      bool (*is_own)(const struct reading *reading, const char *key))
{
	enum outcome outcome = OUTCOME_NONE;
	for (size_t i = 0; map != NULL && map->kind == JSON_MAP && i < map->count && outcome == OUTCOME_NONE &&
			   reading->event->properties_count < EVENT_PROPERTIES_MAX;
	     i++) {
		if (is_own != NULL && is_own(reading, map->keys[i])) {
			continue;
		}
		const char *text = reading_flat(map->items[i], reading->arena);
		if (text != NULL && strstr(text, "://") != NULL) { /* whose query may be anything */
			text = url_clean(text, reading->arena);
		}
		outcome = text != NULL ? reading_property(reading, map->keys[i], text) : OUTCOME_too_large;
	}
	return outcome;
}

enum outcome reading_own_properties(struct reading *reading,
				    bool (*is_own)(const struct reading *reading, const char *key))
{
	const struct json_node *map = reading_find(reading->message, "properties");
	reading->field = "properties";
	return map == NULL || map->kind == JSON_MAP ? reading_other_properties(reading, map, is_own)
						    : OUTCOME_bad_value;
}

void reading_amount(struct reading *reading)
{
	static const char *const paths[] = {"properties.revenue", "properties.total", "properties.value"};
	for (size_t i = 0; i < COUNT_OF(paths) && !reading->event->has_value; i++) {
		reading_value(reading, paths[i]);
	}
}

enum outcome reading_form(struct reading *reading, const struct json_node *map)
{
	const struct form *form = form_find(&reading->options->forms, reading->event->content.form_id);
	if (form == NULL || map == NULL || map->kind != JSON_MAP) {
		return OUTCOME_NONE;
	}
	for (size_t i = 0; i < map->count && i < FORM_FIELDS_MAX; i++) {
		const char *text = reading_flat(map->items[i], reading->arena);
		if (text == NULL || !form_take(form, map->keys[i], text[0] != '\0' ? text : NULL, reading->arena,
					       reading->event)) {
			return OUTCOME_too_large;
		}
	}
	return OUTCOME_NONE;
}

static bool number_of(const struct json_node *node, double *ret_number)
{
	if (node != NULL && node->kind == JSON_TEXT && node->text[0] != '\0' &&
	    node->text[strspn(node->text, "0123456789.")] == '\0') {
		char *end;
		*ret_number = strtod(node->text, &end);
		return *end == '\0';
	}
	*ret_number = node != NULL ? node->number : 0;
	return node != NULL && node->kind == JSON_NUMBER;
}

void reading_value(struct reading *reading, const char *path)
{
	double number;
	if (number_of(reading_find(reading->message, path), &number) && number >= -VALUE_MAX &&
	    number <= VALUE_MAX) {
		reading->event->has_value = true;
		reading->event->value = number;
	}
}

uint32_t reading_whole(const struct reading *reading, const char *path, uint32_t max)
{
	double number;
	if (!number_of(reading_find(reading->message, path), &number) || !(number > 0)) {
		return 0;
	}
	return number < max ? (uint32_t)number : max;
}

enum statement reading_statement(const struct json_node *node)
{
	if (node == NULL || (node->kind == JSON_TEXT && node->text[0] == '\0')) {
		return STATEMENT_UNSAID;
	}
	return json_is_yes(node) ? STATEMENT_GRANTED : STATEMENT_DENIED;
}
