#include "collector/source/intercom.h"

#include <string.h>

#include "collector/source/chat.h"
#include "collector/source/url.h"
#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/signature.h"

#define ITEMS_MAX 2 /* of one notification: that a conversation begins, and what was said */

static const struct chat_word words[] = {
	{"conversation.user.created", ACTION_CHAT_STARTED, PARTY_PERSON, NULL},
	{"conversation.admin.single.created", ACTION_CHAT_STARTED, PARTY_AGENT, NULL},
	{"conversation.user.replied", ACTION_CHAT_MESSAGE, PARTY_PERSON, NULL},
	{"conversation.admin.replied", ACTION_CHAT_MESSAGE, PARTY_AGENT, NULL},
	{"conversation.operator.replied", ACTION_CHAT_MESSAGE, PARTY_BOT, NULL},
	{"conversation.admin.assigned", ACTION_CHAT_ASSIGNED, PARTY_AGENT, NULL},
	{"conversation.admin.closed", ACTION_CHAT_CLOSED, PARTY_AGENT, NULL},
	{"conversation.admin.opened", ACTION_CUSTOM, PARTY_AGENT, "reopened"},
	{"conversation.rating.added", ACTION_CHAT_RATED, PARTY_PERSON, NULL},
	{"contact.lead.created", ACTION_IDENTIFY, PARTY_PERSON, NULL},
	{"contact.user.created", ACTION_IDENTIFY, PARTY_PERSON, NULL},
	{"contact.email.updated", ACTION_IDENTIFY, PARTY_PERSON, NULL},
	CHAT_LEFT_OUT("conversation.admin.noted"),
	CHAT_LEFT_OUT("ping"),
};

static bool is_contact(const struct json_node *message)
{
	return strncmp(chat_text(message, "topic"), "contact.", 8) == 0;
}

/* The newest part of a conversation: the others were told before. NULL: there is none. */
static const struct json_node *newest_part(const struct json_node *message)
{
	const struct json_node *list = reading_find(message, "data.item.conversation_parts.conversation_parts");
	return list != NULL && list->kind == JSON_LIST && list->count > 0 ? list->items[list->count - 1] : NULL;
}

static enum outcome settle_message(struct reading *reading, const struct json_node *part, const char *body)
{
	const char *author = chat_text(part, "author.type");
	if (strcmp(author, "bot") == 0 || chat_is_true(part, "author.from_ai_agent")) {
		reading->event->party = PARTY_BOT;
	}
	return chat_topics(reading, body, true);
}

static enum outcome read_topic(struct reading *reading)
{
	const struct json_node *message = reading->message, *part = newest_part(message);
	const char *topic = "";
	enum outcome outcome = reading_needed(reading, "topic", 129, &topic);
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	outcome = chat_word(reading, chat_find(words, COUNT_OF(words), topic), topic);
	if (reading->event->action == ACTION_CUSTOM && strncmp(topic, "conversation.admin.", 19) == 0) {
		reading->event->party = PARTY_AGENT; /* known or not, it is an agent's doing */
	}
	if (outcome == OUTCOME_NONE && reading->event->action == ACTION_CHAT_MESSAGE && part != NULL) {
		return settle_message(reading, part, chat_text(part, "body"));
	}
	return outcome == OUTCOME_NONE && reading->event->action == ACTION_CHAT_RATED
		       ? chat_rating(reading, reading_find(message, "data.item.conversation_rating.rating"), 1, 5)
		       : outcome;
}

/* What a conversation begins with is its first message. */
static enum outcome read_first_message(struct reading *reading)
{
	const struct json_node *first = reading_find(reading->message, "data.item.source");
	reading->event->action = ACTION_CHAT_MESSAGE;
	return settle_message(reading, first, chat_text(first, "body"));
}

static enum outcome read_time(struct reading *reading)
{
	return reading_when(reading, "created_at", READING_SECONDS);
}

static enum outcome read_id(struct reading *reading)
{
	static const char *const paths[] = {"topic", "app_id", "data.item.id", "created_at"};
	static const char *const of_part[] = {"app_id", "data.item.id"};
	const struct json_node *part = newest_part(reading->message);
	const char *part_id = part != NULL ? chat_text(part, "id") : "";
	if (reading->event->action == ACTION_CHAT_MESSAGE && part_id[0] != '\0') {
		return chat_id(reading, of_part, COUNT_OF(of_part), "part", part_id);
	}
	return chat_text(reading->message, "id")[0] != '\0' ? reading_id(reading, "id", NULL, 0)
							    : chat_id(reading, paths, COUNT_OF(paths), "", "");
}

static enum outcome read_first_id(struct reading *reading)
{
	static const char *const paths[] = {"app_id", "data.item.id"};
	return chat_id(reading, paths, COUNT_OF(paths), "first message", "");
}

static enum outcome read_contact(struct reading *reading)
{
	static const struct reading_row rows[] = {
		{"data.item.id", 256, offsetof(struct event, identity.visitor_id)},
		{"data.item.email", 255, offsetof(struct event, identity.email)},
		{"data.item.external_id", 256, offsetof(struct event, identity.user_id)},
		{"data.item.name", 128, offsetof(struct event, identity.name)},
	};
	return reading_texts(reading, rows, COUNT_OF(rows));
}

/* Whose conversation it is: the first contact of it, and what is said of whoever began it where that is the same one. */
static enum outcome read_person(struct reading *reading)
{
	static const struct reading_row of_author[] = {
		{"data.item.source.author.id", 256, offsetof(struct event, identity.visitor_id)},
		{"data.item.source.author.email", 255, offsetof(struct event, identity.email)},
		{"data.item.source.author.name", 128, offsetof(struct event, identity.name)},
	};
	static const struct reading_row of_contact[] = {
		{"id", 256, offsetof(struct event, identity.visitor_id)},
		{"external_id", 256, offsetof(struct event, identity.user_id)},
	};
	if (is_contact(reading->message)) {
		return read_contact(reading);
	}
	const struct json_node *list = reading_find(reading->message, "data.item.contacts.contacts");
	const char *author = chat_text(reading->message, "data.item.source.author.type");
	bool is_theirs =
		strcmp(author, "user") == 0 || strcmp(author, "lead") == 0 || strcmp(author, "contact") == 0;
	enum outcome outcome = OUTCOME_NONE;
	if (list != NULL && list->kind == JSON_LIST && list->count > 0) {
		struct reading inner = *reading;
		inner.message = list->items[0];
		outcome = reading_texts(&inner, of_contact, COUNT_OF(of_contact));
		reading->field = "data.item.contacts.contacts";
	}
	const char *id = reading->event->identity.visitor_id;
	is_theirs = is_theirs &&
		    (id[0] == '\0' || strcmp(id, chat_text(reading->message, "data.item.source.author.id")) == 0);
	return outcome == OUTCOME_NONE && is_theirs ? reading_texts(reading, of_author, COUNT_OF(of_author))
						    : outcome;
}

static enum outcome read_page(struct reading *reading)
{
	struct event *event = reading->event;
	event->content.url = url_clean(chat_text(reading->message, "data.item.source.url"), reading->arena);
	if (event->content.url == NULL) {
		return OUTCOME_too_large;
	}
	return is_contact(reading->message) ? OUTCOME_NONE
					    : reading_text(reading, "data.item.id", 128, &event->thread_id);
}

static reading_step *const steps[] = {read_topic, read_time, read_id, read_person, read_page};
static reading_step *const first_steps[] = {read_first_message, read_time, read_first_id, read_person, read_page};

bool intercom_read(const struct source_request *request, const struct source_options *options, struct arena *arena,
		   struct source_items *ret_items)
{
	struct json_node *root;
	struct source_item *items = arena_zero(arena, ITEMS_MAX, sizeof(*items));
	if (items == NULL || !reading_body(request, arena, &root, ret_items)) {
		return false;
	}
	if (root == NULL) {
		return true;
	}
	const char *topic = chat_text(root, "topic");
	const struct chat_word *row = chat_find(words, COUNT_OF(words), topic);
	struct reading reading = {.request = request, .options = options, .arena = arena, .message = root};
	*ret_items = (struct source_items){.count = 0, .items = items};
	if (row != NULL && row->action == ACTION_UNSAID) {
		return true;
	}
	reading_item(&reading, "intercom", CHANNEL_CHAT, steps, COUNT_OF(steps), &items[ret_items->count++]);
	bool has_first = strcmp(topic, "conversation.user.created") == 0 &&
			 reading_find(root, "data.item.source.body") != NULL && items[0].event != NULL;
	if (has_first) {
		reading_item(&reading, "intercom", CHANNEL_CHAT, first_steps, COUNT_OF(first_steps),
			     &items[ret_items->count++]);
	}
	return true;
}

enum hook_proof intercom_scheme(const struct source_request *request, const struct hook_secret *secret,
				struct arena *arena)
{
	(void)arena;
	const char *given = source_more_header(request, "X-Hub-Signature");
	const struct signature_piece piece = {request->raw, request->raw_size};
	if (strncmp(given, "sha1=", 5) != 0) {
		return HOOK_UNSIGNED;
	}
	return signature_is(SIGNATURE_SHA1, SIGNATURE_HEX, given + 5, secret->bytes, secret->size, &piece, 1)
		       ? HOOK_PROVEN
		       : HOOK_FORGED;
}
