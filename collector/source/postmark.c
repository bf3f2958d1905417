#include "collector/source/postmark.h"

#include <string.h>

#include "collector/source/mail.h"
#include "core/base/check.h"

static const struct mail_word words[] = {
	MAIL_DONE("Delivery", EMAIL_DELIVERED),
	MAIL_PERSON("Open", EMAIL_OPEN),
	MAIL_PERSON("Click", EMAIL_CLICK),
	MAIL_DONE("Bounce", EMAIL_BOUNCE),
	MAIL_PERSON("SpamComplaint", EMAIL_COMPLAINT),
	MAIL_PERSON("SubscriptionChange", EMAIL_UNSUBSCRIBE),
};

/* What Postmark calls a bounce and is none. */
static const struct mail_word bounces[] = {
	MAIL_DEFERRED("Transient"),
	MAIL_DEFERRED("DnsError"),
	MAIL_DEFERRED("SoftBounce"),
	MAIL_PERSON("Unsubscribe", EMAIL_UNSUBSCRIBE),
	MAIL_PERSON("SpamComplaint", EMAIL_COMPLAINT),
	{"SpamNotification", ACTION_CUSTOM, PARTY_SYSTEM, "spam_notification"}, /* a filter's word */
	{"AutoResponder", ACTION_CUSTOM, PARTY_SYSTEM, "auto_reply"},
	{"AddressChange", ACTION_CUSTOM, PARTY_SYSTEM, "auto_reply"},
	{"ChallengeVerification", ACTION_CUSTOM, PARTY_SYSTEM, "auto_reply"},
};

static enum outcome settle_bounce(struct reading *reading)
{
	struct event *event = reading->event;
	const char *type = "";
	enum outcome outcome = reading_text(reading, "Type", 64, &type);
	for (size_t i = 0; i < COUNT_OF(bounces); i++) {
		if (strcmp(bounces[i].word, type) == 0) {
			event->action = bounces[i].action;
			event->party = bounces[i].party;
			event->label = bounces[i].label != NULL ? bounces[i].label : "";
		}
	}
	return outcome;
}

/* Whom no mail is sent to any more: because they said so, or because a mail bounced, a complaint came or the sender wants it so. */
static void settle_subscription(struct reading *reading)
{
	struct event *event = reading->event;
	const char *reason = json_get_text(reading->message, "SuppressionReason");
	const char *origin = json_get_text(reading->message, "Origin");
	const struct json_node *node = json_get(reading->message, "SuppressSending");
	bool is_suppressed = node != NULL && node->kind == JSON_BOOL && node->flag;
	bool by_hand = reason == NULL || strcmp(reason, "ManualSuppression") == 0;
	if (is_suppressed && by_hand && (origin == NULL || strcmp(origin, "Recipient") == 0)) {
		return;
	}
	event->action = ACTION_CUSTOM;
	event->party = PARTY_SYSTEM;
	event->label = is_suppressed ? "suppressed" : "resubscribe";
}

static enum outcome settle(struct reading *reading)
{
	if (reading->event->action == ACTION_EMAIL_BOUNCE) {
		return settle_bounce(reading);
	}
	if (reading->event->action == ACTION_EMAIL_UNSUBSCRIBE) {
		settle_subscription(reading);
	}
	return OUTCOME_NONE;
}

static const struct mail_source postmark = {
	.source = "postmark",
	.word = "RecordType",
	.words = words,
	.words_count = COUNT_OF(words),
	.times = {"ReceivedAt", "DeliveredAt", "BouncedAt", "ChangedAt"},
	.unit = READING_RFC3339,
	.recipients = {"Recipient", "Email"},
	.link = "OriginalLink",
	.message = "MessageID",
	.agent = "UserAgent",
	.tags = "Tag",
	.properties = "Metadata",
	.settle = settle,
};

bool postmark_read(const struct source_request *request, const struct source_options *options, struct arena *arena,
		   struct source_items *ret_items)
{
	return mail_read(request, options, arena, &postmark, ret_items);
}
