#include "collector/source/crisp.h"

#include <stdio.h>
#include <string.h>

#include "collector/source/chat.h"
#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/base/signature.h"

/* "send" is what the visitor sends, "received" what they receive. */
static const struct chat_word words[] = {
	{"session:request:initiated", ACTION_CHAT_STARTED, PARTY_PERSON, NULL},
	{"message:send", ACTION_CHAT_MESSAGE, PARTY_PERSON, NULL},
	{"message:received", ACTION_CHAT_MESSAGE, PARTY_AGENT, NULL},
	{"session:set_routing", ACTION_CHAT_ASSIGNED, PARTY_SYSTEM, NULL},
	{"session:set_state", ACTION_CHAT_CLOSED, PARTY_SYSTEM, NULL},
	{"session:sync:rating", ACTION_CHAT_RATED, PARTY_PERSON, NULL},
	{"session:set_email", ACTION_IDENTIFY, PARTY_PERSON, NULL},
	CHAT_LEFT_OUT("message:compose:send"),
	CHAT_LEFT_OUT("message:compose:receive"),
	CHAT_LEFT_OUT("message:acknowledge:read:send"),
	CHAT_LEFT_OUT("message:acknowledge:read:received"),
	CHAT_LEFT_OUT("message:acknowledge:delivered"),
};

static enum outcome settle_message(struct reading *reading)
{
	const struct json_node *message = reading->message;
	if (chat_is_true(message, "data.automated")) {
		reading->event->party = PARTY_BOT;
	}
	return strcmp(chat_text(message, "data.type"), "text") == 0
		       ? chat_topics(reading, chat_text(message, "data.content"), false)
		       : OUTCOME_NONE;
}

static enum outcome settle_state(struct reading *reading)
{
	struct event *event = reading->event;
	const char *state = chat_text(reading->message, "data.state");
	if (strcmp(state, "resolved") == 0) {
		return OUTCOME_NONE;
	}
	event->action = ACTION_CUSTOM;
	return reading_copy(reading, strcmp(state, "unresolved") == 0 ? "reopened" : state, 128, &event->label);
}

static enum outcome settle_rating(struct reading *reading)
{
	const struct json_node *rating = reading_find(reading->message, "data.rating");
	const struct json_node *stars = rating != NULL ? json_get(rating, "stars") : NULL;
	return chat_rating(reading, stars != NULL ? stars : rating, 1, 5);
}

static enum outcome read_word(struct reading *reading)
{
	const char *word = "";
	enum outcome outcome = reading_needed(reading, "event", 129, &word);
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	outcome = chat_word(reading, chat_find(words, COUNT_OF(words), word), word);
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	switch (reading->event->action) {
	case ACTION_CHAT_MESSAGE:
		return settle_message(reading);
	case ACTION_CHAT_CLOSED:
		return settle_state(reading);
	case ACTION_CHAT_RATED:
		return settle_rating(reading);
	default:
		return OUTCOME_NONE;
	}
}

static enum outcome read_time(struct reading *reading)
{
	int64_t at_us;
	enum outcome outcome = reading_moment(reading, "data.timestamp", READING_MILLISECONDS, &at_us);
	if (outcome == OUTCOME_NONE && at_us == 0) {
		outcome = reading_moment(reading, "timestamp", READING_MILLISECONDS, &at_us);
	}
	if (outcome == OUTCOME_NONE && at_us == 0) {
		return OUTCOME_bad_value;
	}
	reading_times(reading, 0, 0, at_us);
	return outcome;
}

/* A fingerprint tells messages of a conversation apart, the time everything else. */
static enum outcome read_id(struct reading *reading)
{
	static const char *const paths[] = {"event", "website_id", "data.session_id", "data.fingerprint"};
	char at[MOMENT_TEXT_SIZE] = "";
	if (reading_find(reading->message, "data.fingerprint") == NULL) {
		moment_print(reading->event->stamped_us, at);
	}
	return chat_id(reading, paths, COUNT_OF(paths), "", at);
}

static enum outcome read_person(struct reading *reading)
{
	static const struct reading_row rows[] = {
		{"data.session_id", 256, offsetof(struct event, identity.visitor_id)},
		{"data.session_id", 128, offsetof(struct event, thread_id)},
		{"data.email", 255, offsetof(struct event, identity.email)},
	};
	enum outcome outcome = reading_texts(reading, rows, COUNT_OF(rows));
	return outcome == OUTCOME_NONE && reading->event->action == ACTION_CHAT_MESSAGE &&
			       reading->event->party == PARTY_PERSON
		       ? reading_text(reading, "data.user.nickname", 128, &reading->event->identity.name)
		       : outcome;
}

static reading_step *const steps[] = {read_word, read_time, read_id, read_person};

/* Notes, and what the system writes between the messages, are nobody's touch. */
static bool is_left_out(const struct json_node *root)
{
	const char *type = chat_text(root, "data.type");
	const struct chat_word *row = chat_find(words, COUNT_OF(words), chat_text(root, "event"));
	return (row != NULL && row->action == ACTION_UNSAID) || strcmp(type, "note") == 0 ||
	       strcmp(type, "event") == 0;
}

bool crisp_read(const struct source_request *request, const struct source_options *options, struct arena *arena,
		struct source_items *ret_items)
{
	struct reading reading = {.request = request, .options = options, .arena = arena};
	return chat_read(&reading, "crisp", is_left_out, steps, COUNT_OF(steps), ret_items);
}

enum hook_proof crisp_scheme(const struct source_request *request, const struct hook_secret *secret,
			     struct arena *arena)
{
	(void)arena;
	const char *given = source_more_header(request, "X-Crisp-Signature");
	const char *at = source_more_header(request, "X-Crisp-Request-Timestamp");
	int64_t at_us;
	char begin[32];
	if (given[0] == '\0' || !reading_digits(at, MOMENT_MS_US, &at_us)) {
		return HOOK_UNSIGNED;
	}
	snprintf(begin, sizeof(begin), "[%s;", at);
	const struct signature_piece pieces[] = {
		{begin, strlen(begin)}, {request->raw, request->raw_size}, {"]", 1}};
	return signature_is(SIGNATURE_SHA256, SIGNATURE_HEX, given, secret->bytes, secret->size, pieces,
			    COUNT_OF(pieces))
		       ? hook_at(request, at_us)
		       : HOOK_FORGED;
}
