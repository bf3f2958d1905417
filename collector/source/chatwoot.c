#include "collector/source/chatwoot.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "collector/source/chat.h"
#include "collector/source/url.h"
#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/moment.h"
#include "core/base/signature.h"

/* Where things stand: an event is about a message in a conversation, or about the conversation itself. */
struct place {
	const char *conversation; /* a number */
	const char *visitor, *email, *name, *user, *proven, *page;
};

static const struct place of_message = {
	.conversation = "conversation.id",
	.visitor = "conversation.contact_inbox.source_id",
	.email = "conversation.meta.sender.email",
	.name = "conversation.meta.sender.name",
	.user = "conversation.meta.sender.identifier",
	.proven = "conversation.meta.hmac_verified",
	.page = "conversation.additional_attributes.referer",
};
static const struct place of_conversation = {
	.conversation = "id",
	.visitor = "contact_inbox.source_id",
	.email = "meta.sender.email",
	.name = "meta.sender.name",
	.user = "meta.sender.identifier",
	.proven = "meta.hmac_verified",
	.page = "additional_attributes.referer",
};

/* A contact is in no conversation, and nothing signs what is said of it. */
static const struct place of_contact = {
	.email = "email",
	.name = "name",
};

static enum party party_of(const struct json_node *message)
{
	const char *kind = chat_text(message, "message_type"), *sender = chat_text(message, "sender.type");
	return strcmp(kind, "incoming") == 0 ? PARTY_PERSON
	       : strcmp(kind, "outgoing") == 0 && strcmp(sender, "user") == 0
		       ? PARTY_AGENT
		       : PARTY_BOT; /* a template, or what an agent bot writes */
}

static enum outcome read_message(struct reading *reading)
{
	reading->event->action = ACTION_CHAT_MESSAGE;
	reading->event->party = party_of(reading->message);
	return chat_topics(reading, chat_text(reading->message, "content"), false);
}

static enum outcome read_rating(struct reading *reading)
{
	struct event *event = reading->event;
	const struct json_node *rating =
		reading_find(reading->message, "content_attributes.submitted_values.csat_survey_response.rating");
	event->action = rating != NULL ? ACTION_CHAT_RATED : ACTION_CUSTOM;
	event->party = rating != NULL ? PARTY_PERSON : PARTY_SYSTEM;
	event->label = rating != NULL ? "" : "message_updated";
	return chat_rating(reading, rating, 1, 5);
}

static enum outcome read_started(struct reading *reading)
{
	reading->event->action = ACTION_CHAT_STARTED;
	return OUTCOME_NONE;
}

static enum outcome read_status(struct reading *reading)
{
	const char *status = chat_text(reading->message, "status");
	struct event *event = reading->event;
	event->action = strcmp(status, "resolved") == 0 ? ACTION_CHAT_CLOSED : ACTION_CUSTOM;
	event->party = PARTY_SYSTEM; /* an agent, a rule or a time closes it: it is not said which */
	if (event->action == ACTION_CUSTOM) {
		return reading_copy(reading, strcmp(status, "open") == 0 ? "reopened" : status, 128,
				    &event->label);
	}
	return OUTCOME_NONE;
}

/* changed_attributes: [{"assignee_id": {"previous_value": …, "current_value": …}}, …] */
static bool is_assigned(const struct json_node *message)
{
	const struct json_node *list = json_get(message, "changed_attributes");
	for (size_t i = 0; list != NULL && list->kind == JSON_LIST && i < list->count; i++) {
		if (reading_find(list->items[i], "assignee_id.current_value") != NULL) {
			return true;
		}
	}
	return false;
}

static enum outcome read_update(struct reading *reading)
{
	bool assigned = is_assigned(reading->message);
	reading->event->action = assigned ? ACTION_CHAT_ASSIGNED : ACTION_CUSTOM;
	reading->event->label = assigned ? "" : "conversation_updated";
	reading->event->party = PARTY_SYSTEM;
	return OUTCOME_NONE;
}

static enum outcome read_contact(struct reading *reading)
{
	reading->event->action = ACTION_IDENTIFY;
	return OUTCOME_NONE;
}

static const struct word {
	const char *word;
	const struct place *place;
	reading_step *read;
} words[] = {
	{"message_created", &of_message, read_message},
	{"message_updated", &of_message, read_rating},
	{"conversation_created", &of_conversation, read_started},
	{"conversation_status_changed", &of_conversation, read_status},
	{"conversation_updated", &of_conversation, read_update},
	{"contact_created", &of_contact, read_contact},
	{"contact_updated", &of_contact, read_contact},
};

static const struct word *word_of(const char *event)
{
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (strcmp(words[i].word, event) == 0) {
			return &words[i];
		}
	}
	return NULL;
}

static enum outcome read_word(struct reading *reading)
{
	const char *name = "";
	enum outcome outcome = reading_needed(reading, "event", 129, &name);
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	const struct word *word = word_of(name);
	if (word != NULL) {
		return word->read(reading);
	}
	reading->event->action = ACTION_CUSTOM;
	return reading_copy(reading, name, 128, &reading->event->label);
}

/* A message is when it was written; a conversation, when it last changed; what says no time, when it comes. */
static enum outcome read_time(struct reading *reading)
{
	static const char *const changed[] = {"updated_at", "timestamp", "last_activity_at", "created_at"};
	int action = reading->event->action;
	bool is_new = action == ACTION_CHAT_MESSAGE || action == ACTION_CHAT_STARTED;
	int64_t at_us = 0;
	for (size_t i = is_new ? COUNT_OF(changed) - 1 : 0; i < COUNT_OF(changed) && at_us == 0; i++) {
		enum outcome outcome = reading_moment(reading, changed[i], READING_ANY, &at_us);
		if (outcome != OUTCOME_NONE) {
			return outcome;
		}
	}
	if (at_us == 0 && is_new) {
		return OUTCOME_bad_value;
	}
	reading_times(reading, 0, 0, at_us);
	return OUTCOME_NONE;
}

/* The same message is delivered more than once, by deliveries of their own; what says no time is its delivery, or what it says. */
static enum outcome read_id(struct reading *reading)
{
	static const char *const paths[] = {
		"event",  "account.id",
		"id",	  "conversation.id",
		"status", "content_attributes.submitted_values.csat_survey_response.rating"};
	const struct event *event = reading->event;
	const struct source_request *request = reading->request;
	const char *more = source_more_header(request, "X-Chatwoot-Delivery");
	char at[MOMENT_TEXT_SIZE];
	if (event->stamped_us != 0) {
		moment_print(event->stamped_us, at);
		more = at;
	} else if (more[0] == '\0') {
		snprintf(at, sizeof(at), "%016" PRIx64,
			 hash_64(&(struct hash_piece){request->raw, request->raw_size}, 1));
		more = at;
	}
	return chat_id(reading, paths, COUNT_OF(paths), action_name(event->action), more);
}

/*
 * Who the conversation is with, whoever of them spoke. An identifier counts when the site has signed it; the address beside it
 * was not signed, so it must not make one person of the two.
 */
static enum outcome read_person(struct reading *reading)
{
	struct event *event = reading->event;
	const struct word *word = word_of(chat_text(reading->message, "event"));
	const struct place *place = word != NULL ? word->place : &of_conversation;
	const struct reading_row rows[] = {
		{place->email, 255, offsetof(struct event, identity.email)},
		{place->name, 128, offsetof(struct event, identity.name)},
		{place->visitor, 256, offsetof(struct event, identity.visitor_id)},
	};
	static const struct reading_row of_sender[] = {
		/* older versions say it of who spoke alone */
		{"sender.email", 255, offsetof(struct event, identity.email)},
		{"sender.name", 128, offsetof(struct event, identity.name)},
	};
	enum outcome outcome = reading_texts(reading, rows, COUNT_OF(rows) - (place->visitor == NULL ? 1 : 0));
	if (outcome == OUTCOME_NONE && event->action == ACTION_CHAT_MESSAGE && event->party == PARTY_PERSON) {
		outcome = reading_texts(reading, of_sender, COUNT_OF(of_sender));
	}
	if (outcome == OUTCOME_NONE && place->proven != NULL && chat_is_true(reading->message, place->proven)) {
		event->identity.verified = true;
		outcome = reading_text(reading, place->user, 256, &event->identity.user_id);
		bool is_same = strcasecmp(event->identity.user_id, event->identity.email) == 0;
		event->identity.email = is_same || event->identity.user_id[0] == '\0' ? event->identity.email : "";
		event->identity.verified = event->identity.user_id[0] != '\0';
	}
	const char *page = place->page != NULL ? chat_text(reading->message, place->page) : "";
	event->content.url = url_clean(page, reading->arena);
	return event->content.url != NULL ? outcome : OUTCOME_too_large;
}

static enum outcome read_thread(struct reading *reading)
{
	const struct word *word = word_of(chat_text(reading->message, "event"));
	const struct json_node *account = reading_find(reading->message, "account.id");
	const struct json_node *conversation = word != NULL && word->place->conversation != NULL
						       ? reading_find(reading->message, word->place->conversation)
						       : NULL;
	if (conversation == NULL) {
		return OUTCOME_NONE;
	}
	const char *left = account != NULL ? reading_flat(account, reading->arena) : "";
	const char *right = reading_flat(conversation, reading->arena);
	const char *whole =
		left != NULL && right != NULL ? arena_print(reading->arena, "%s/%s", left, right) : NULL;
	return whole != NULL ? reading_copy(reading, whole, 128, &reading->event->thread_id) : OUTCOME_too_large;
}

static reading_step *const steps[] = {read_word, read_time, read_id, read_person, read_thread};

/* Notes between agents, what the system says in a conversation, and that somebody types, are nobody's touch. */
static bool is_internal(const struct json_node *root)
{
	return strncmp(chat_text(root, "event"), "conversation_typing_", 20) == 0 ||
	       chat_is_true(root, "private") || strcmp(chat_text(root, "message_type"), "activity") == 0;
}

bool chatwoot_read(const struct source_request *request, const struct source_options *options, struct arena *arena,
		   struct source_items *ret_items)
{
	struct reading reading = {.request = request, .options = options, .arena = arena};
	return chat_read(&reading, "chatwoot", is_internal, steps, COUNT_OF(steps), ret_items);
}

enum hook_proof chatwoot_scheme(const struct source_request *request, const struct hook_secret *secret,
				struct arena *arena)
{
	(void)arena;
	const char *given = source_more_header(request, "X-Chatwoot-Signature");
	const char *at = source_more_header(request, "X-Chatwoot-Timestamp");
	int64_t at_us;
	if (strncmp(given, "sha256=", 7) != 0 || !reading_digits(at, MOMENT_SECOND_US, &at_us)) {
		return HOOK_UNSIGNED;
	}
	const struct signature_piece pieces[] = {{at, strlen(at)}, {".", 1}, {request->raw, request->raw_size}};
	return signature_is(SIGNATURE_SHA256, SIGNATURE_HEX, given + 7, secret->bytes, secret->size, pieces,
			    COUNT_OF(pieces))
		       ? hook_at(request, at_us)
		       : HOOK_FORGED;
}
