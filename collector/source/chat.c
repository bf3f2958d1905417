#include "collector/source/chat.h"

#include "core/flow/topics.h"

enum outcome chat_topics(struct reading *reading, const char *text)
{
	char names[TOPICS_NAMES_MAX + 1];
	if (text == NULL || reading->options->topics == NULL) {
		return OUTCOME_NONE;
	}
	topics_of(reading->options->topics, text, names);
	return reading_copy(reading, names, TOPICS_NAMES_MAX, &reading->event->content.topic);
}

enum outcome chat_rating(struct reading *reading, const struct json_node *node, double low, double high)
{
	if (node == NULL || node->kind != JSON_NUMBER || !(node->number >= low && node->number <= high)) {
		return OUTCOME_NONE;
	}
	reading->event->has_rating = true;
	reading->event->rating = (node->number - low) / (high - low) * 100;
	const char *text = reading_flat(node, reading->arena);
	return text != NULL ? reading_property(reading, "rating", text) : OUTCOME_too_large;
}
