#include "collector/source/zendesk.h"

#include <string.h>

#include "collector/source/chat.h"
#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/base/signature.h"

static const struct chat_word words[] = {
	{"conversation:create", ACTION_CHAT_STARTED, PARTY_PERSON, NULL},
	{"conversation:message", ACTION_CHAT_MESSAGE, PARTY_PERSON, NULL},
	{"switchboard:passControl", ACTION_CHAT_ASSIGNED, PARTY_SYSTEM, NULL},
	{"switchboard:offerControl", ACTION_CHAT_ASSIGNED, PARTY_SYSTEM, NULL},
	{"user:update", ACTION_IDENTIFY, PARTY_PERSON, NULL},
	CHAT_LEFT_OUT("conversation:typing"),
	CHAT_LEFT_OUT("conversation:read"),
	CHAT_LEFT_OUT("conversation:message:delivery:channel"),
	CHAT_LEFT_OUT("conversation:message:delivery:user"),
	CHAT_LEFT_OUT("conversation:message:delivery:failure"),
};

/* A business speaks by its agents, as it says of them, or by its bots. */
static enum party party_of(const struct json_node *message)
{
	const struct json_node *kinds = reading_find(message, "payload.message.author.subtypes");
	if (strcmp(chat_text(message, "payload.message.author.type"), "user") == 0) {
		return PARTY_PERSON;
	}
	for (size_t i = 0; kinds != NULL && kinds->kind == JSON_LIST && i < kinds->count; i++) {
		if (kinds->items[i]->kind == JSON_TEXT && strcmp(kinds->items[i]->text, "agent") == 0) {
			return PARTY_AGENT;
		}
	}
	return PARTY_BOT;
}

static enum outcome read_word(struct reading *reading)
{
	const char *word = "";
	enum outcome outcome = reading_needed(reading, "type", 129, &word);
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	outcome = chat_word(reading, chat_find(words, COUNT_OF(words), word), word);
	if (outcome != OUTCOME_NONE || reading->event->action != ACTION_CHAT_MESSAGE) {
		return outcome;
	}
	reading->event->party = party_of(reading->message);
	return strcmp(chat_text(reading->message, "payload.message.content.type"), "text") == 0
		       ? chat_topics(reading, chat_text(reading->message, "payload.message.content.text"), false)
		       : OUTCOME_NONE;
}

static enum outcome read_time(struct reading *reading)
{
	return reading_when(reading, "createdAt", READING_RFC3339);
}

static enum outcome read_id(struct reading *reading)
{
	static const char *const paths[] = {"type", "payload.conversation.id", "payload.message.id", "createdAt"};
	return chat_text(reading->message, "id")[0] != '\0' ? reading_id(reading, "id", NULL, 0)
							    : chat_id(reading, paths, COUNT_OF(paths), "", "");
}

/* Of an agent's message it is not told whose conversation it is: its thread says it. */
static enum outcome read_person(struct reading *reading)
{
	static const struct reading_row of_author[] = {
		{"payload.message.author.userId", 256, offsetof(struct event, identity.visitor_id)},
		{"payload.message.author.user.externalId", 256, offsetof(struct event, identity.user_id)},
		{"payload.message.author.user.profile.email", 255, offsetof(struct event, identity.email)},
		{"payload.message.author.displayName", 128, offsetof(struct event, identity.name)},
	};
	static const struct reading_row of_user[] = {
		{"payload.user.id", 256, offsetof(struct event, identity.visitor_id)},
		{"payload.user.externalId", 256, offsetof(struct event, identity.user_id)},
		{"payload.user.profile.email", 255, offsetof(struct event, identity.email)},
	};
	enum outcome outcome = reading_text(reading, "payload.conversation.id", 128, &reading->event->thread_id);
	if (outcome == OUTCOME_NONE && reading->event->party == PARTY_PERSON) {
		outcome = reading_texts(reading, of_author, COUNT_OF(of_author));
	}
	return outcome == OUTCOME_NONE ? reading_texts(reading, of_user, COUNT_OF(of_user)) : outcome;
}

static reading_step *const steps[] = {read_word, read_time, read_id, read_person};

bool zendesk_read(const struct source_request *request, const struct source_options *options, struct arena *arena,
		  struct source_items *ret_items)
{
	struct json_node *root;
	const struct json_node *list;
	if (!reading_list(request, arena, "events", SOURCE_EVENTS_MAX, &root, &list, ret_items)) {
		return false;
	}
	if (list == NULL) {
		return true;
	}
	struct source_item *items = arena_zero(arena, list->count, sizeof(*items));
	if (items == NULL) {
		return false;
	}
	*ret_items = (struct source_items){.count = 0, .items = items};
	for (size_t i = 0; i < list->count; i++) {
		struct reading reading = {
			.request = request, .options = options, .arena = arena, .message = list->items[i]};
		const struct chat_word *row = chat_find(words, COUNT_OF(words), chat_text(list->items[i], "type"));
		if (row == NULL || row->action != ACTION_UNSAID) {
			reading_item(&reading, "zendesk", CHANNEL_CHAT, steps, COUNT_OF(steps),
				     &items[ret_items->count++]);
		}
	}
	return true;
}

enum hook_proof zendesk_scheme(const struct source_request *request, const struct hook_secret *secret,
			       struct arena *arena)
{
	(void)arena;
	const char *key = source_more_header(request, "X-API-Key");
	const char *given = source_more_header(request, "X-Zendesk-Webhook-Signature");
	const char *at = source_more_header(request, "X-Zendesk-Webhook-Signature-Timestamp");
	int64_t at_us;
	if (key[0] != '\0') {
		return signature_equal(key, strlen(key), secret->bytes, secret->size) ? HOOK_PROVEN : HOOK_FORGED;
	}
	if (given[0] == '\0' || !moment_read(at, &at_us)) {
		return HOOK_UNSIGNED;
	}
	const struct signature_piece pieces[] = {{at, strlen(at)}, {request->raw, request->raw_size}};
	return signature_is(SIGNATURE_SHA256, SIGNATURE_BASE64, given, secret->bytes, secret->size, pieces,
			    COUNT_OF(pieces))
		       ? hook_at(request, at_us)
		       : HOOK_FORGED;
}
