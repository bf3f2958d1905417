/*
 * The example of a rule: an event written down in YAML, with the fields that rules may look at. And the names of actions.
 */
#include <string.h>

#include "core/base/check.h"
#include "core/base/text.h"
#include "core/edge/model_part.h"

static const struct {
	int action;
	const char *name;
} actions[] = {
#define ACTION_ROW(name, number, evidence) {number, #name},
	ACTION_LIST(ACTION_ROW)
#undef ACTION_ROW
};

bool model_action_read(const struct model_reader *reader, const struct yaml_node *node, const char *word,
		       enum channel channel, int *ret_action)
{
	const char *words[COUNT_OF(actions)];
	size_t count = 0;
	for (size_t i = 0; i < COUNT_OF(actions); i++) {
		if (action_is_evidence(actions[i].action, channel)) {
			words[count++] = actions[i].name;
		}
		if (strcmp(word, actions[i].name) == 0) {
			*ret_action = actions[i].action;
			return action_is_evidence(actions[i].action, channel) ||
			       yaml_complain(reader->file, node, reader->fail,
					     "\"action\": %s is never evidence, so no rule can take it", word);
		}
	}
	const char *nearest = text_nearest(word, words, count);
	return yaml_complain(reader->file, node, reader->fail, "\"action\": \"%.80s\" is no action (%s%s%s)", word,
			     nearest != NULL ? "did you mean \"" : "see message Event",
			     nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "");
}

struct example_text {
	const char *action, *source, *site, *label, *url, *title, *content_id, *form_id, *target_url, *topic;
	int64_t engaged_ms;
	struct yaml_node *properties;
};

#define EXAMPLE_TEXT(word, max) \
	{ \
		.key = #word, .type = YAML_TEXT, .offset = offsetof(struct example_text, word), .fallback = "", \
		.high = (max) \
	}

static const struct yaml_field example_fields[] = {
	{.key = "action", .type = YAML_TEXT, .offset = offsetof(struct example_text, action)},
	EXAMPLE_TEXT(source, 32),
	EXAMPLE_TEXT(site, 64),
	EXAMPLE_TEXT(label, 128),
	EXAMPLE_TEXT(url, 1024),
	EXAMPLE_TEXT(title, 256),
	EXAMPLE_TEXT(content_id, 128),
	EXAMPLE_TEXT(form_id, 128),
	EXAMPLE_TEXT(target_url, 1024),
	EXAMPLE_TEXT(topic, 256),
	{.key = "engaged_ms",
	 .type = YAML_INTEGER,
	 .offset = offsetof(struct example_text, engaged_ms),
	 .low = 0,
	 .high = UINT32_MAX,
	 .fallback = "0",
	 .unit = "ms"},
	{.key = "properties", .type = YAML_NODE, .offset = offsetof(struct example_text, properties)},
	{0},
};

static bool read_properties(const struct model_reader *reader, const struct yaml_node *node, struct event *event)
{
	if (node == NULL) {
		return true;
	}
	if (node->kind != YAML_MAP || node->count > EVENT_PROPERTIES_MAX) {
		return yaml_complain(reader->file, node, reader->fail,
				     "\"properties\" must be a map of at most %d texts", EVENT_PROPERTIES_MAX);
	}
	event->properties = model_part_zero(reader, node->count, sizeof(*event->properties));
	if (event->properties == NULL) {
		return false;
	}
	for (size_t i = 0; i < node->count; i++) {
		if (node->items[i]->kind != YAML_SCALAR) {
			return yaml_complain(reader->file, node->items[i], reader->fail,
					     "a property must be a text");
		}
		event->properties[event->properties_count++] =
			(struct event_property){.key = node->keys[i]->text, .value = node->items[i]->text};
	}
	return true;
}

static void fill_event(const struct example_text *text, enum channel channel, struct event *event)
{
	*event = (struct event){
		.id = "example",
		.source = text->source,
		.site = text->site,
		.channel = channel,
		.label = text->label,
		.party = PARTY_PERSON,
		.session_id = "",
		.thread_id = "",
		.process = "",
		.engaged_ms = (uint32_t)text->engaged_ms,
		.content = {.url = text->url,
			    .title = text->title,
			    .content_id = text->content_id,
			    .form_id = text->form_id,
			    .target_url = text->target_url,
			    .search = "",
			    .topic = text->topic,
			    .language = "",
			    .referrer = ""},
	};
}

/* The texts of an example must not make the canonical text another one when it is read back. */
static bool check_example_texts(const struct model_reader *reader, const struct yaml_node *node)
{
	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_node *value = node->items[i];
		for (size_t j = 0; value->kind == YAML_MAP && j < value->count; j++) {
			const char *key = value->keys[j]->text, *text = value->items[j]->text;
			if (!model_part_text(reader, node, "properties", 64, &key) ||
			    (value->items[j]->kind == YAML_SCALAR &&
			     !model_part_text(reader, node, "properties", 256, &text))) {
				return false;
			}
		}
		const char *text = value->text;
		if (value->kind == YAML_SCALAR &&
		    !model_part_text(reader, node, node->keys[i]->text, 1024, &text)) {
			return false;
		}
	}
	return true;
}

bool model_example_read(const struct model_reader *reader, const struct yaml_node *node, struct model_rule *rule)
{
	struct example_text text;
	struct event *event = model_part_zero(reader, 1, sizeof(*event));
	if (event == NULL) {
		return false;
	}
	if (!yaml_fill(node, example_fields, reader->file, reader->arena, &text, reader->fail) ||
	    !check_example_texts(reader, node)) {
		return false;
	}
	fill_event(&text, rule->channel, event);
	rule->example = event;
	return model_action_read(reader, yaml_get(node, "action"), text.action, rule->channel, &event->action) &&
	       read_properties(reader, text.properties, event);
}
