#include "collector/source/mail.h"

#include <string.h>

#include "collector/source/url.h"

#define TAGS_MAX 16

enum outcome mail_word(struct reading *reading, const char *word, const struct mail_word *rows, size_t count)
{
	struct event *event = reading->event;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(rows[i].word, word) == 0) {
			event->action = rows[i].action;
			event->party = rows[i].party;
			event->label = rows[i].label != NULL		 ? rows[i].label
				       : rows[i].action == ACTION_CUSTOM ? rows[i].word
									 : "";
			return OUTCOME_NONE;
		}
	}
	event->action = ACTION_CUSTOM;
	return reading_copy(reading, word, 128, &event->label);
}

enum outcome mail_recipient(struct reading *reading, const char *path)
{
	struct event *event = reading->event;
	enum outcome outcome = reading_text(reading, path, 254, &event->identity.email);
	if (outcome == OUTCOME_NONE && event->identity.email[0] == '\0') {
		return OUTCOME_bad_value; /* nobody it could be about */
	}
	event->identity.verified = true;
	return outcome;
}

enum outcome mail_link(struct reading *reading, const char *path)
{
	const struct json_node *node = reading_find(reading->message, path);
	struct event *event = reading->event;
	reading->field = path;
	if (node == NULL) {
		return OUTCOME_NONE;
	}
	if (node->kind != JSON_TEXT) {
		return OUTCOME_bad_value;
	}
	event->content.target_url = url_clean(node->text, reading->arena);
	return event->content.target_url != NULL && url_campaign(node->text, reading->arena, event)
		       ? OUTCOME_NONE
		       : OUTCOME_too_large;
}

enum outcome mail_message(struct reading *reading, const char *path)
{
	struct event *event = reading->event;
	const char *id = "";
	enum outcome outcome = reading_text(reading, path, 512, &id);
	id += id[0] == '<' ? 1 : 0;
	size_t size = strcspn(id, "@>");
	if (outcome == OUTCOME_NONE) {
		outcome = reading_copy(reading, id, size < 128 ? size : 128, &event->thread_id);
	}
	event->campaign.message_id = event->thread_id;
	return outcome;
}

enum outcome mail_agent(struct reading *reading, const char *path)
{
	reading->user_agent = "";
	return reading_text(reading, path, 1024, &reading->user_agent);
}

static enum outcome take_tag(struct reading *reading, const char *tag)
{
	struct event *event = reading->event;
	enum outcome outcome = OUTCOME_NONE;
	if (event->campaign.name[0] == '\0') {
		outcome = reading_copy(reading, tag, 128, &event->campaign.name);
	}
	return outcome == OUTCOME_NONE ? reading_property(reading, "tag", tag) : outcome;
}

enum outcome mail_tags(struct reading *reading, const char *path)
{
	const struct json_node *node = reading_find(reading->message, path);
	enum outcome outcome = OUTCOME_NONE;
	reading->field = path;
	if (node != NULL && node->kind == JSON_TEXT) {
		return take_tag(reading, node->text);
	}
	for (size_t i = 0;
	     node != NULL && node->kind == JSON_LIST && i < node->count && i < TAGS_MAX && outcome == OUTCOME_NONE;
	     i++) {
		outcome = node->items[i]->kind == JSON_TEXT ? take_tag(reading, node->items[i]->text)
							    : OUTCOME_bad_value;
	}
	return outcome;
}
