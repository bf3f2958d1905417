#include "collector/source/mailgun.h"

#include <string.h>

#include "collector/source/mail.h"
#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/moment.h"
#include "core/base/signature.h"

static const struct mail_word words[] = {
	MAIL_DONE("accepted", EMAIL_SENT),
	MAIL_DONE("delivered", EMAIL_DELIVERED),
	MAIL_PERSON("opened", EMAIL_OPEN),
	MAIL_PERSON("clicked", EMAIL_CLICK),
	MAIL_PERSON("unsubscribed", EMAIL_UNSUBSCRIBE),
	MAIL_PERSON("complained", EMAIL_COMPLAINT),
	MAIL_DONE("failed", EMAIL_BOUNCE),
	MAIL_DONE("rejected", CUSTOM),
};

/* Theirs is one within a day only. */
static enum outcome settle_id(struct reading *reading)
{
	const char *id;
	enum outcome outcome = reading_needed(reading, "id", 129, &id);
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	char day[MOMENT_TEXT_SIZE];
	moment_print_second(reading->event->stamped_us, day);
	const struct hash_piece pieces[] = {{id, strlen(id)}, {day, sizeof("2026-11-26") - 1}};
	return reading_id(reading, NULL, pieces, COUNT_OF(pieces));
}

static enum outcome settle(struct reading *reading)
{
	struct event *event = reading->event;
	const struct json_node *bot = reading_find(reading->message, "client-info.bot");
	const char *severity = "";
	enum outcome outcome = reading_optional(reading, "severity", 16, &severity);
	bool is_bot = bot != NULL &&
		      ((bot->kind == JSON_TEXT && bot->text[0] != '\0') || (bot->kind == JSON_BOOL && bot->flag));
	event->machine_reasons |= is_bot ? MACHINE_PROVIDER_FLAG : 0;
	if (event->action == ACTION_EMAIL_BOUNCE && strcmp(severity, "temporary") == 0) {
		event->action = ACTION_CUSTOM; /* it is tried again */
		event->label = "deferred";
	}
	return outcome != OUTCOME_NONE ? outcome : settle_id(reading);
}

static const struct mail_source mailgun = {
	.source = "mailgun",
	.word = "event",
	.words = words,
	.words_count = COUNT_OF(words),
	.times = {"timestamp"},
	.unit = READING_SECONDS,
	.recipients = {"recipient"},
	.link = "url",
	.message = "message.headers.message-id",
	.agent = "client-info.user-agent",
	.tags = "tags",
	.properties = "user-variables",
	.settle = settle,
};

bool mailgun_read(const struct source_request *request, const struct source_options *options, struct arena *arena,
		  struct source_items *ret_items)
{
	struct json_node *root;
	if (!reading_body(request, arena, &root, ret_items)) {
		return false;
	}
	if (root == NULL) {
		return true;
	}
	const struct json_node *data = json_get(root, "event-data");
	if (data == NULL || data->kind != JSON_MAP) {
		return source_reject_all(OUTCOME_bad_value, "event-data", request->body, request->body_size, arena,
					 ret_items);
	}
	return mail_items(request, options, arena, data, &mailgun, ret_items);
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
