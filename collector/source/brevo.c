#include "collector/source/brevo.h"

#include <string.h>

#include "collector/source/mail.h"
#include "core/base/check.h"

/* Campaigns have words of their own for some. */
static const struct mail_word words[] = {
	MAIL_DONE("request", EMAIL_SENT),
	MAIL_DONE("sent", EMAIL_SENT),
	MAIL_DONE("delivered", EMAIL_DELIVERED),
	MAIL_PERSON("opened", EMAIL_OPEN),
	MAIL_PERSON("unique_opened", EMAIL_OPEN),
	MAIL_PERSON("proxy_open", EMAIL_OPEN),
	MAIL_PERSON("unique_proxy_open", EMAIL_OPEN),
	MAIL_PERSON("click", EMAIL_CLICK),
	MAIL_DEFERRED("deferred"),
	MAIL_DEFERRED("soft_bounce"),
	MAIL_DEFERRED("softBounce"),
	MAIL_DONE("hard_bounce", EMAIL_BOUNCE),
	MAIL_DONE("hardBounce", EMAIL_BOUNCE),
	MAIL_DONE("invalid_email", EMAIL_BOUNCE),
	MAIL_DONE("blocked", CUSTOM),
	MAIL_DONE("error", CUSTOM),
	MAIL_PERSON("spam", EMAIL_COMPLAINT),
	MAIL_PERSON("complaint", EMAIL_COMPLAINT),
	MAIL_PERSON("unsubscribe", EMAIL_UNSUBSCRIBE),
	MAIL_PERSON("unsubscribed", EMAIL_UNSUBSCRIBE),
};

/* What was given along with a mail is JSON in a text; where it is none, it is one property. */
static enum outcome settle(struct reading *reading)
{
	const char *word = json_get_text(reading->message, "event");
	const char *given = json_get_text(reading->message, "X-Mailin-custom");
	struct json_node *map;
	struct json_trouble trouble;
	if (word != NULL && strstr(word, "proxy_open") != NULL) {
		reading->event->machine_reasons |= MACHINE_PROVIDER_FLAG;
	}
	if (given == NULL) {
		return OUTCOME_NONE;
	}
	if (!json_parse(given, strlen(given), SOURCE_DEPTH_MAX, reading->arena, &map, &trouble)) {
		return reading_property(reading, "custom", given);
	}
	return reading_properties(reading, map);
}

static const struct mail_source brevo = {
	.source = "brevo",
	.word = "event",
	.words = words,
	.words_count = COUNT_OF(words),
	.times = {"ts_epoch"},
	.unit = READING_MILLISECONDS,
	.recipients = {"email"},
	.link = "link",
	.message = "message-id",
	.mailing = "camp_id",
	.agent = "user_agent",
	.tags = "tags",
	.settle = settle,
};

bool brevo_read(const struct source_request *request, const struct source_options *options, struct arena *arena,
		struct source_items *ret_items)
{
	struct json_node *root;
	if (!reading_body(request, arena, &root, ret_items)) {
		return false;
	}
	struct mail_source source = brevo;
	if (root != NULL && json_get(root, "ts_epoch") == NULL && json_get(root, "ts_event") != NULL) {
		source.times[0] =
			"ts_event"; /* as campaigns have it; the other stamps are of a zone that is not said */
		source.unit = READING_SECONDS;
	}
	return root == NULL || mail_items(request, options, arena, root, &source, ret_items);
}
