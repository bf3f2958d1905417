#include "collector/source/rocketchat.h"

#include <string.h>

#include "collector/source/chat.h"
#include "collector/source/url.h"
#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/signature.h"

static const struct chat_word words[] = {
	{"LivechatSessionStart", ACTION_CHAT_STARTED, PARTY_PERSON, NULL},
	{"LivechatSessionQueued", ACTION_CHAT_STARTED, PARTY_PERSON, NULL},
	{"LivechatSessionTaken", ACTION_CHAT_ASSIGNED, PARTY_SYSTEM, NULL},
	{"LivechatSessionForwarded", ACTION_CHAT_ASSIGNED, PARTY_SYSTEM, NULL},
	{"LivechatSession", ACTION_CHAT_CLOSED, PARTY_SYSTEM, NULL},
	{"LivechatOfflineMessage", ACTION_CHAT_MESSAGE, PARTY_PERSON, NULL},
	{"LeadCapture", ACTION_IDENTIFY, PARTY_PERSON, NULL},
	CHAT_LEFT_OUT("LivechatEdit"),
	CHAT_LEFT_OUT("Message"), /* its messages are told one by one */
};

/* While one request is read: the reading first, so that its steps find the rest behind it. */
struct rocketchat_reading {
	struct reading reading;	      /* of the room */
	const struct json_node *said; /* the message; NULL: the room's own event */
};

static const struct json_node *said_of(struct reading *reading)
{
	return ((struct rocketchat_reading *)(void *)reading)->said;
}

static enum outcome read_said(struct reading *reading, const struct json_node *said)
{
	struct event *event = reading->event;
	const struct json_node *agent = json_get(said, "agentId");
	event->action = ACTION_CHAT_MESSAGE;
	event->party = agent != NULL ? PARTY_AGENT : PARTY_PERSON;
	const char *page = chat_text(said, "navigation.page.location.href");
	event->content.url =
		url_clean(page[0] != '\0' ? page : chat_text(said, "navigation.page"), reading->arena);
	return event->content.url != NULL ? chat_topics(reading, json_get_text(said, "msg"), false)
					  : OUTCOME_too_large;
}

static enum outcome read_word(struct reading *reading)
{
	const struct json_node *said = said_of(reading);
	const char *word = "";
	enum outcome outcome = reading_needed(reading, "type", 129, &word);
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	if (said != NULL) {
		return read_said(reading, said);
	}
	outcome = chat_word(reading, chat_find(words, COUNT_OF(words), word), word);
	return outcome == OUTCOME_NONE && reading->event->action == ACTION_CHAT_MESSAGE
		       ? chat_topics(reading, json_get_text(reading->message, "message"), false)
		       : outcome;
}

/* A session is when it was closed, or began; what happens in between says no time of its own. */
static enum outcome read_time(struct reading *reading)
{
	const struct json_node *said = said_of(reading);
	bool is_end = reading->event->action == ACTION_CHAT_CLOSED;
	struct reading inner = *reading;
	int64_t at_us = 0;
	inner.message = said != NULL ? said : reading->message;
	const char *path = said != NULL ? "ts" : is_end ? "closedAt" : "createdAt";
	enum outcome outcome = reading_moment(&inner, path, READING_RFC3339, &at_us);
	if (outcome == OUTCOME_NONE && at_us == 0 && is_end) {
		outcome = reading_moment(&inner, "createdAt", READING_RFC3339, &at_us);
	}
	if (outcome == OUTCOME_NONE && at_us == 0 &&
	    said == NULL) { /* a message while nobody is there has no room */
		outcome = reading_moment(&inner, "sentAt", READING_RFC3339, &at_us);
	}
	reading->field = said != NULL ? "messages.ts" : path;
	if (outcome != OUTCOME_NONE || at_us == 0) {
		return outcome != OUTCOME_NONE ? outcome : OUTCOME_bad_value;
	}
	reading_times(reading, 0, 0, at_us);
	return OUTCOME_NONE;
}

/* The id of the newest message: a room is passed on between two of them, and passed back. */
static const char *newest_of(const struct json_node *room)
{
	const struct json_node *list = json_get(room, "messages");
	const char *id = list != NULL && list->kind == JSON_LIST && list->count > 0
				 ? json_get_text(list->items[list->count - 1], "_id")
				 : NULL;
	return id != NULL ? id : "";
}

/* A session's end tells all of its messages again: each has the id that it had. */
static enum outcome read_id(struct reading *reading)
{
	static const char *const paths[] = {"_id", "type", "agent._id", "closedAt", "sentAt", "visitor._id"};
	const struct json_node *said = said_of(reading);
	const char *id = said != NULL ? json_get_text(said, "_id") : NULL;
	return id != NULL     ? chat_id(reading, paths, 1, "message", id)
	       : said != NULL ? OUTCOME_bad_value
			      : chat_id(reading, paths, COUNT_OF(paths), "", newest_of(reading->message));
}

static enum outcome read_person(struct reading *reading)
{
	static const struct reading_row rows[] = {
		{"_id", 128, offsetof(struct event, thread_id)},
		{"visitor._id", 256, offsetof(struct event, identity.visitor_id)},
		{"visitor.name", 128, offsetof(struct event, identity.name)},
		{"visitor.customFields.userId", 256, offsetof(struct event, identity.user_id)},
	};
	const struct json_node *list = reading_find(reading->message, "visitor.email");
	enum outcome outcome = reading_texts(reading, rows, COUNT_OF(rows));
	if (outcome != OUTCOME_NONE || list == NULL || list->kind != JSON_LIST) {
		return outcome != OUTCOME_NONE
			       ? outcome
			       : reading_text(reading, "visitor.email", 255, &reading->event->identity.email);
	}
	const char *first = list->count > 0 ? json_get_text(list->items[0], "address") : NULL;
	return reading_copy(reading, first, 255, &reading->event->identity.email);
}

static reading_step *const steps[] = {read_word, read_time, read_id, read_person};

/* What the system says in a room has a type of its own; corrections come behind the end. */
static bool is_message(const struct json_node *said, const char *type)
{
	return json_get(said, "t") == NULL && json_get(said, "closingMessage") == NULL &&
	       strcmp(type, "LivechatEdit") != 0;
}

bool rocketchat_read(const struct source_request *request, const struct source_options *options,
		     struct arena *arena, struct source_items *ret_items)
{
	struct json_node *root;
	if (!reading_body(request, arena, &root, ret_items)) {
		return false;
	}
	if (root == NULL) {
		return true;
	}
	const char *type = chat_text(root, "type");
	const struct chat_word *row = chat_find(words, COUNT_OF(words), type);
	const struct json_node *list = json_get(root, "messages");
	size_t count = list != NULL && list->kind == JSON_LIST ? list->count : 0;
	if (count >= SOURCE_EVENTS_MAX) {
		return source_reject_all(OUTCOME_too_large, "messages", request->body, request->body_size, arena,
					 ret_items);
	}
	struct source_item *items = arena_zero(arena, count + 1, sizeof(*items));
	struct rocketchat_reading reading = {
		.reading = {.request = request, .options = options, .arena = arena, .message = root}};
	if (items == NULL) {
		return false;
	}
	*ret_items = (struct source_items){.count = 0, .items = items};
	if (row == NULL || row->action != ACTION_UNSAID) {
		reading_item(&reading.reading, "rocketchat", CHANNEL_CHAT, steps, COUNT_OF(steps),
			     &items[ret_items->count++]);
	}
	for (size_t i = 0; i < count; i++) {
		if (is_message(list->items[i], type)) {
			reading.said = list->items[i];
			reading_item(&reading.reading, "rocketchat", CHANNEL_CHAT, steps, COUNT_OF(steps),
				     &items[ret_items->count++]);
		}
	}
	return true;
}

enum hook_proof rocketchat_scheme(const struct source_request *request, const struct hook_secret *secret,
				  struct arena *arena)
{
	(void)arena;
	const char *token = source_more_header(request, "X-RocketChat-Livechat-Token");
	return token[0] == '\0'							    ? HOOK_UNSIGNED
	       : signature_equal(token, strlen(token), secret->bytes, secret->size) ? HOOK_PROVEN
										    : HOOK_FORGED;
}
