#include "collector/source/mailgun.h"

#include <string.h>

#include "collector/source/mail.h"
#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/moment.h"
#include "core/base/signature.h"

static const struct mail_word words[] = {
	{"accepted", ACTION_EMAIL_SENT, PARTY_SYSTEM, NULL},
	{"delivered", ACTION_EMAIL_DELIVERED, PARTY_SYSTEM, NULL},
	{"opened", ACTION_EMAIL_OPEN, PARTY_PERSON, NULL},
	{"clicked", ACTION_EMAIL_CLICK, PARTY_PERSON, NULL},
	{"unsubscribed", ACTION_EMAIL_UNSUBSCRIBE, PARTY_PERSON, NULL},
	{"complained", ACTION_EMAIL_COMPLAINT, PARTY_PERSON, NULL},
	{"failed", ACTION_EMAIL_BOUNCE, PARTY_SYSTEM, NULL},
	{"rejected", ACTION_CUSTOM, PARTY_SYSTEM, NULL},
};

static enum outcome read_word(struct reading *reading)
{
	const char *word = "", *severity = "";
	enum outcome outcome = reading_text(reading, "severity", 16, &severity);
	outcome = outcome != OUTCOME_NONE ? outcome : reading_text(reading, "event", 129, &word);
	if (outcome != OUTCOME_NONE || word[0] == '\0') {
		return outcome != OUTCOME_NONE ? outcome : OUTCOME_bad_value;
	}
	outcome = mail_word(reading, word, words, COUNT_OF(words));
	if (reading->event->action == ACTION_EMAIL_BOUNCE && strcmp(severity, "temporary") == 0) {
		reading->event->action = ACTION_CUSTOM; /* it is tried again */
		reading->event->label = "deferred";
	}
	return outcome;
}

static enum outcome read_time(struct reading *reading)
{
	int64_t at_us;
	enum outcome outcome = reading_moment(reading, "timestamp", READING_SECONDS, &at_us);
	if (outcome != OUTCOME_NONE || at_us == 0) {
		return outcome != OUTCOME_NONE ? outcome : OUTCOME_bad_value;
	}
	reading_times(reading, 0, 0, at_us);
	return OUTCOME_NONE;
}

/* Theirs is one within a day only. */
static enum outcome read_id(struct reading *reading)
{
	const char *id = "";
	enum outcome outcome = reading_text(reading, "id", 129, &id);
	if (outcome != OUTCOME_NONE || id[0] == '\0') {
		return outcome != OUTCOME_NONE ? outcome : OUTCOME_bad_value;
	}
	char day[MOMENT_TEXT_SIZE];
	moment_print_second(reading->event->stamped_us, day);
	const struct hash_piece pieces[] = {{id, strlen(id)}, {day, sizeof("2026-11-26") - 1}};
	return reading_id(reading, NULL, pieces, COUNT_OF(pieces));
}

static enum outcome read_rest(struct reading *reading)
{
	enum outcome outcome = mail_recipient(reading, "recipient");
	outcome = outcome != OUTCOME_NONE ? outcome : mail_link(reading, "url");
	outcome = outcome != OUTCOME_NONE ? outcome : mail_message(reading, "message.headers.message-id");
	outcome = outcome != OUTCOME_NONE ? outcome : mail_agent(reading, "client-info.user-agent");
	return outcome != OUTCOME_NONE ? outcome : mail_tags(reading, "tags");
}

static enum outcome read_machine(struct reading *reading)
{
	const char *bot = "";
	enum outcome outcome = reading_text(reading, "client-info.bot", 64, &bot);
	reading->event->machine_reasons |= bot[0] != '\0' ? MACHINE_PROVIDER_FLAG : 0;
	return outcome != OUTCOME_NONE
		       ? outcome
		       : reading_properties(reading, reading_find(reading->message, "user-variables"));
}

static reading_step *const steps[] = {read_word, read_time, read_id, read_rest, read_machine};

bool mailgun_read(const struct source_request *request, const struct source_options *options, struct arena *arena,
		  struct source_items *ret_items)
{
	struct json_node *root;
	struct source_item *item = arena_zero(arena, 1, sizeof(*item));
	if (item == NULL || !reading_body(request, arena, &root, ret_items)) {
		return false;
	}
	const struct json_node *data = json_get(root, "event-data");
	if (root == NULL) {
		return true;
	}
	if (data == NULL) {
		return source_reject_all(OUTCOME_bad_value, "event-data", request->body, request->body_size, arena,
					 ret_items);
	}
	struct reading reading = {.request = request, .options = options, .arena = arena, .message = data};
	reading_item(&reading, "mailgun", CHANNEL_EMAIL, steps, COUNT_OF(steps), item);
	*ret_items = (struct source_items){.count = 1, .items = item};
	return true;
}

enum hook_proof mailgun_scheme(const struct source_request *request, const struct hook_secret *secret,
			       struct arena *arena)
{
	struct json_node *root;
	struct json_trouble trouble;
	if (!json_parse(request->body, request->body_size, SOURCE_DEPTH_MAX, arena, &root, &trouble)) {
		return HOOK_UNSIGNED;
	}
	const struct json_node *signature = json_get(root, "signature");
	const char *timestamp = json_get_text(signature, "timestamp");
	const char *token = json_get_text(signature, "token");
	const char *text = json_get_text(signature, "signature");
	if (timestamp == NULL || token == NULL || text == NULL) {
		return HOOK_UNSIGNED;
	}
	const struct signature_piece pieces[] = {{timestamp, strlen(timestamp)}, {token, strlen(token)}};
	return signature_is(SIGNATURE_SHA256, SIGNATURE_HEX, text, secret->bytes, secret->size, pieces,
			    COUNT_OF(pieces))
		       ? HOOK_PROVEN
		       : HOOK_FORGED;
}
