#include "collector/source/chat.h"

#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/flow/topics.h"

#define PATHS_MAX 8

const struct chat_word *chat_find(const struct chat_word *rows, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(rows[i].word, word) == 0) {
			return &rows[i];
		}
	}
	return NULL;
}

enum outcome chat_word(struct reading *reading, const struct chat_word *row, const char *word)
{
	struct event *event = reading->event;
	if (row == NULL) {
		event->action = ACTION_CUSTOM;
		return reading_copy(reading, word, 128, &event->label);
	}
	event->action = row->action;
	event->party = row->party;
	event->label = row->label != NULL ? row->label : row->action == ACTION_CUSTOM ? row->word : "";
	return OUTCOME_NONE;
}

/* What stands between the tags, a space for each of them; so much as is looked at for topics. */
static const char *without_tags(const char *text, struct arena *arena)
{
	size_t size = text_cut(text, TOPICS_TEXT_MAX), used = 0;
	char *plain = arena_take(arena, size + 1);
	bool in_tag = false;
	for (size_t i = 0; plain != NULL && i < size; i++) {
		if (text[i] == '<' || text[i] == '>') {
			in_tag = text[i] == '<';
			plain[used++] = ' ';
		} else if (!in_tag) {
			plain[used++] = text[i];
		}
	}
	if (plain != NULL) {
		plain[used] = '\0';
	}
	return plain;
}

enum outcome chat_topics(struct reading *reading, const char *text, bool is_html)
{
	char names[TOPICS_NAMES_MAX + 1];
	if (text == NULL || reading->options->topics == NULL) {
		return OUTCOME_NONE;
	}
	const char *plain = is_html ? without_tags(text, reading->arena) : text;
	if (plain == NULL) {
		return OUTCOME_too_large;
	}
	topics_of(reading->options->topics, plain, names);
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

enum outcome chat_id(struct reading *reading, const char *const *paths, size_t count, const char *kind,
		     const char *more)
{
	CHECK(count <= PATHS_MAX);
	struct hash_piece pieces[PATHS_MAX + 2] = {{kind, strlen(kind)}, {more, strlen(more)}};
	for (size_t i = 0; i < count; i++) {
		const struct json_node *node = reading_find(reading->message, paths[i]);
		const char *text = node != NULL ? reading_flat(node, reading->arena) : "";
		if (text == NULL) {
			return OUTCOME_too_large;
		}
		pieces[2 + i] = (struct hash_piece){text, strlen(text)};
	}
	return reading_id(reading, NULL, pieces, 2 + count);
}

bool chat_read(struct reading *reading, const char *source, bool (*is_left_out)(const struct json_node *message),
	       reading_step *const *steps, size_t count, struct source_items *ret_items)
{
	struct json_node *root;
	struct source_item *item = arena_zero(reading->arena, 1, sizeof(*item));
	if (item == NULL || !reading_body(reading->request, reading->arena, &root, ret_items)) {
		return false;
	}
	if (root == NULL) {
		return true;
	}
	*ret_items = (struct source_items){.count = 0, .items = item};
	if (!is_left_out(root)) {
		reading->message = root;
		reading_item(reading, source, CHANNEL_CHAT, steps, count, item);
		ret_items->count = 1;
	}
	return true;
}

const char *chat_text(const struct json_node *message, const char *path)
{
	const struct json_node *node = reading_find(message, path);
	return node != NULL && node->kind == JSON_TEXT ? node->text : "";
}

bool chat_is_true(const struct json_node *message, const char *path)
{
	const struct json_node *node = reading_find(message, path);
	return node != NULL && node->kind == JSON_BOOL && node->flag;
}
