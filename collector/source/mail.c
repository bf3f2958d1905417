#include "collector/source/mail.h"

#include <inttypes.h>
#include <string.h>

#include "collector/source/url.h"
#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/moment.h"

#define TAGS_MAX 16
#define MESSAGE_SIZE_MAX 512

/* While one message is read: the reading first, so that its steps find the table behind it. */
struct mail_reading {
	struct reading reading;
	const struct mail_source *source;
};

static const struct mail_source *source_of(struct reading *reading)
{
	return ((struct mail_reading *)(void *)reading)->source;
}

/* One that is in no row is CUSTOM with the word as its label, done by a PERSON: a rule may ask for it. */
static enum outcome read_word(struct reading *reading)
{
	const struct mail_source *source = source_of(reading);
	struct event *event = reading->event;
	const char *word = "";
	enum outcome outcome = reading_needed(reading, source->word, 129, &word);
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	for (size_t i = 0; i < source->words_count; i++) {
		const struct mail_word *row = &source->words[i];
		if (strcmp(row->word, word) == 0) {
			event->action = row->action;
			event->party = row->party;
			event->label = row->label != NULL	      ? row->label
				       : row->action == ACTION_CUSTOM ? row->word
								      : "";
			return OUTCOME_NONE;
		}
	}
	event->action = ACTION_CUSTOM;
	return reading_copy(reading, word, 128, &event->label);
}

static enum outcome read_time(struct reading *reading)
{
	const struct mail_source *source = source_of(reading);
	int64_t at_us = 0;
	for (size_t i = 0; i < MAIL_PATHS_MAX && source->times[i] != NULL && at_us == 0; i++) {
		enum outcome outcome = reading_moment(reading, source->times[i], source->unit, &at_us);
		if (outcome != OUTCOME_NONE) {
			return outcome;
		}
	}
	if (at_us == 0) {
		return OUTCOME_bad_value;
	}
	reading_times(reading, 0, 0, at_us);
	return OUTCOME_NONE;
}

static enum outcome read_recipient(struct reading *reading)
{
	const struct mail_source *source = source_of(reading);
	struct event *event = reading->event;
	if (source->recipient != NULL) {
		return source->recipient(reading);
	}
	for (size_t i = 0; i < MAIL_PATHS_MAX && source->recipients[i] != NULL; i++) {
		enum outcome outcome = reading_text(reading, source->recipients[i], 255, &event->identity.email);
		if (outcome != OUTCOME_NONE) {
			return outcome;
		}
		if (event->identity.email[0] != '\0') {
			event->identity.verified = true;
			return OUTCOME_NONE;
		}
	}
	reading->field = source->recipients[0];
	return OUTCOME_bad_value; /* nobody it could be about */
}

/* The link as it came, "" where there is none: two that differ in what is not kept of them are two. */
static const char *link_of(struct reading *reading)
{
	const char *path = source_of(reading)->link;
	const struct json_node *node = path != NULL ? reading_find(reading->message, path) : NULL;
	return node != NULL && node->kind == JSON_TEXT ? node->text : "";
}

static enum outcome read_link(struct reading *reading)
{
	struct event *event = reading->event;
	const char *link = link_of(reading);
	event->content.target_url = url_clean(link, reading->arena);
	return event->content.target_url != NULL && url_campaign(link, reading->arena, event) ? OUTCOME_NONE
											      : OUTCOME_too_large;
}

static enum outcome read_message(struct reading *reading)
{
	const struct mail_source *source = source_of(reading);
	struct event *event = reading->event;
	const char *id = "";
	if (source->message == NULL) {
		return OUTCOME_NONE;
	}
	enum outcome outcome = reading_text(reading, source->message, MESSAGE_SIZE_MAX, &id);
	size_t size = source->message_ends != NULL ? strcspn(id, source->message_ends) : strlen(id);
	if (outcome == OUTCOME_NONE && memchr(id, '@', size) != NULL) {
		event->thread_id =
			arena_print(reading->arena, "%016" PRIx64, hash_64(&(struct hash_piece){id, size}, 1));
		outcome = event->thread_id != NULL ? OUTCOME_NONE : OUTCOME_too_large;
	} else if (outcome == OUTCOME_NONE) {
		outcome = reading_copy(reading, id, size < 128 ? size : 128, &event->thread_id);
	}
	event->campaign.message_id = event->thread_id;
	return outcome;
}

static enum outcome read_id(struct reading *reading)
{
	const struct event *event = reading->event;
	if (event->id[0] != '\0') {
		return OUTCOME_NONE;
	}
	char at[MOMENT_TEXT_SIZE];
	const char *path = source_of(reading)->mailing;
	const struct json_node *mailing = path != NULL ? reading_find(reading->message, path) : NULL;
	const char *mailing_text = mailing != NULL ? reading_flat(mailing, reading->arena) : "";
	if (mailing_text == NULL) {
		return OUTCOME_too_large;
	}
	moment_print(event->stamped_us, at);
	const char *const texts[] = {
		action_name(event->action), event->label,     at,	    event->identity.email,
		event->campaign.message_id, link_of(reading), mailing_text,
	};
	struct hash_piece pieces[COUNT_OF(texts)];
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		pieces[i] = (struct hash_piece){texts[i], strlen(texts[i])};
	}
	return reading_id(reading, source_of(reading)->id, pieces, COUNT_OF(pieces));
}

static enum outcome take_tag(struct reading *reading, const struct json_node *node)
{
	struct event *event = reading->event;
	enum outcome outcome = OUTCOME_NONE;
	if (node->kind != JSON_TEXT) {
		return OUTCOME_NONE;
	}
	if (event->campaign.name[0] == '\0') {
		outcome = reading_copy(reading, node->text, 128, &event->campaign.name);
	}
	return outcome == OUTCOME_NONE ? reading_property(reading, "tag", node->text) : outcome;
}

static enum outcome read_tags(struct reading *reading)
{
	const char *path = source_of(reading)->tags;
	const struct json_node *node = path != NULL ? reading_find(reading->message, path) : NULL;
	enum outcome outcome = OUTCOME_NONE;
	if (node == NULL) {
		return OUTCOME_NONE;
	}
	reading->field = path;
	if (node->kind != JSON_LIST) {
		return take_tag(reading, node);
	}
	for (size_t i = 0; i < node->count && i < TAGS_MAX && outcome == OUTCOME_NONE; i++) {
		outcome = take_tag(reading, node->items[i]);
	}
	return outcome;
}

static enum outcome read_rest(struct reading *reading)
{
	const struct mail_source *source = source_of(reading);
	enum outcome outcome = OUTCOME_NONE;
	if (source->agent != NULL) {
		outcome = reading_optional(reading, source->agent, 1024, &reading->user_agent);
	}
	if (outcome == OUTCOME_NONE && source->properties != NULL) {
		outcome = reading_properties(reading, reading_find(reading->message, source->properties));
	}
	return outcome == OUTCOME_NONE && source->settle != NULL ? source->settle(reading) : outcome;
}

static reading_step *const steps[] = {read_word,    read_time, read_recipient, read_link,
				      read_message, read_tags, read_rest,      read_id};

void mail_item(struct reading *reading, const struct mail_source *source, struct source_item *ret_item)
{
	struct mail_reading mail = {*reading, source};
	reading_item(&mail.reading, source->source, CHANNEL_EMAIL, steps, COUNT_OF(steps), ret_item);
}

bool mail_items(const struct source_request *request, const struct source_options *options, struct arena *arena,
		const struct json_node *root, const struct mail_source *source, struct source_items *ret_items)
{
	size_t count = root->kind == JSON_LIST ? root->count : 1;
	if (count > SOURCE_EVENTS_MAX) {
		return false;
	}
	struct source_item *items = arena_zero(arena, count, sizeof(*items));
	if (items == NULL) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		struct reading reading = {.request = request,
					  .options = options,
					  .arena = arena,
					  .message = root->kind == JSON_LIST ? root->items[i] : root};
		mail_item(&reading, source, &items[i]);
	}
	*ret_items = (struct source_items){.count = count, .items = items};
	return true;
}

bool mail_read(const struct source_request *request, const struct source_options *options, struct arena *arena,
	       const struct mail_source *source, struct source_items *ret_items)
{
	struct json_node *root;
	if (!reading_body(request, arena, &root, ret_items)) {
		return false;
	}
	return root == NULL || mail_items(request, options, arena, root, source, ret_items);
}
