#include "collector/source/sendgrid.h"

#include <string.h>

#include "collector/source/mail.h"
#include "core/base/arena.h"
#include "core/base/base64.h"
#include "core/base/check.h"
#include "core/base/signature.h"

static const struct mail_word words[] = {
	MAIL_DONE("processed", EMAIL_SENT),
	MAIL_DONE("delivered", EMAIL_DELIVERED),
	MAIL_PERSON("open", EMAIL_OPEN),
	MAIL_PERSON("click", EMAIL_CLICK),
	MAIL_DONE("bounce", EMAIL_BOUNCE),
	MAIL_DEFERRED("deferred"),
	MAIL_DONE("dropped", CUSTOM),
	MAIL_PERSON("spamreport", EMAIL_COMPLAINT),
	MAIL_PERSON("unsubscribe", EMAIL_UNSUBSCRIBE),
	MAIL_PERSON("group_unsubscribe", EMAIL_UNSUBSCRIBE),
	MAIL_PERSON("group_resubscribe", CUSTOM),
};

/* Theirs, and what is about the way that a mail took; all else beside them is what the sender gave the mail along. */
static const char *const own[] = {
	"email",     "timestamp", "event",	"sg_event_id",	   "sg_message_id", "smtp-id",
	"useragent", "ip",	  "url",	"url_offset",	   "category",	    "sg_machine_open",
	"response",  "reason",	  "status",	"attempt",	   "type",	    "tls",
	"cert_err",  "pool",	  "newsletter", "sg_content_type", "send_at",	    "bounce_classification",
};

static bool is_own(const char *key)
{
	for (size_t i = 0; i < COUNT_OF(own); i++) {
		if (strcmp(own[i], key) == 0) {
			return true;
		}
	}
	return false;
}

static enum outcome settle(struct reading *reading)
{
	const struct json_node *message = reading->message, *machine = json_get(message, "sg_machine_open");
	enum outcome outcome = OUTCOME_NONE;
	if (machine != NULL && machine->kind == JSON_BOOL && machine->flag) {
		reading->event->machine_reasons |= MACHINE_PROVIDER_FLAG;
	}
	for (size_t i = 0; i < message->count && outcome == OUTCOME_NONE; i++) {
		const char *text = is_own(message->keys[i]) ? "" : reading_flat(message->items[i], reading->arena);
		outcome = text != NULL ? reading_property(reading, message->keys[i], text) : OUTCOME_too_large;
	}
	return outcome;
}

static const struct mail_source sendgrid = {
	.source = "sendgrid",
	.word = "event",
	.words = words,
	.words_count = COUNT_OF(words),
	.times = {"timestamp"},
	.unit = READING_SECONDS,
	.id = "sg_event_id",
	.recipients = {"email"},
	.link = "url",
	.message = "sg_message_id",
	.message_ends = ".",
	.agent = "useragent",
	.tags = "category",
	.settle = settle,
};

bool sendgrid_read(const struct source_request *request, const struct source_options *options, struct arena *arena,
		   struct source_items *ret_items)
{
	return mail_read(request, options, arena, &sendgrid, ret_items);
}

enum hook_proof sendgrid_scheme(const struct source_request *request, const struct hook_secret *secret,
				struct arena *arena)
{
	const char *text = source_more_header(request, "X-Twilio-Email-Event-Webhook-Signature");
	const char *at = source_more_header(request, "X-Twilio-Email-Event-Webhook-Timestamp");
	size_t size;
	uint8_t *bytes = arena_take(arena, BASE64_BYTES_MAX(strlen(text)));
	if (text[0] == '\0' || at[0] == '\0' || bytes == NULL || !base64_read(text, strlen(text), bytes, &size)) {
		return HOOK_UNSIGNED;
	}
	const struct signature_piece pieces[] = {{at, strlen(at)}, {request->raw, request->raw_size}};
	return signature_is_public(SIGNATURE_SHA256, bytes, size, secret->bytes, pieces, COUNT_OF(pieces))
		       ? HOOK_PROVEN
		       : HOOK_FORGED;
}
