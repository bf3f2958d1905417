#include "collector/source/mandrill.h"

#include <stdlib.h>
#include <string.h>

#include "collector/source/mail.h"
#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/signature.h"

#define FIELDS_MAX 32

static const struct mail_word words[] = {
	MAIL_DONE("send", EMAIL_SENT),
	MAIL_DONE("delivered", EMAIL_DELIVERED),
	MAIL_PERSON("open", EMAIL_OPEN),
	MAIL_PERSON("click", EMAIL_CLICK),
	MAIL_DEFERRED("deferral"),
	MAIL_DEFERRED("soft_bounce"),
	MAIL_DONE("hard_bounce", EMAIL_BOUNCE),
	MAIL_DONE("reject", CUSTOM),
	MAIL_PERSON("spam", EMAIL_COMPLAINT),
	MAIL_PERSON("unsub", EMAIL_UNSUBSCRIBE),
};

static const struct mail_source mandrill = {
	.source = "mandrill",
	.word = "event",
	.words = words,
	.words_count = COUNT_OF(words),
	.times = {"ts"},
	.unit = READING_SECONDS,
	.recipients = {"msg.email"},
	.link = "url",
	.message = "msg._id",
	.agent = "user_agent",
	.tags = "msg.tags",
	.properties = "msg.metadata",
};

/* Of the form, which is what is signed: the query is anybody's. */
static const char *field_of(const struct source_request *request, const char *name)
{
	for (size_t i = request->query_count; i < request->arguments_count; i++) {
		if (strcmp(request->arguments[i].name, name) == 0) {
			return request->arguments[i].value;
		}
	}
	return NULL;
}

/* Changes of the list of whom not to write to have a type, and no event: they are about nobody's doing. */
static void leave_out_changes(struct json_node *list)
{
	size_t kept = 0;
	for (size_t i = 0; i < list->count; i++) {
		if (json_get(list->items[i], "event") != NULL || json_get(list->items[i], "type") == NULL) {
			list->items[kept++] = list->items[i];
		}
	}
	list->count = kept;
}

bool mandrill_read(const struct source_request *request, const struct source_options *options, struct arena *arena,
		   struct source_items *ret_items)
{
	const char *text = field_of(request, "mandrill_events");
	struct source_request inner = *request;
	struct json_node *root;
	if (text == NULL) {
		return source_reject_all(OUTCOME_bad_value, "mandrill_events", request->body, request->body_size,
					 arena, ret_items);
	}
	inner.body = text;
	inner.body_size = strlen(text);
	if (!reading_body(&inner, arena, &root, ret_items)) {
		return false;
	}
	if (root == NULL) {
		return true;
	}
	if (root->kind != JSON_LIST) {
		return source_reject_all(OUTCOME_bad_value, "mandrill_events", text, inner.body_size, arena,
					 ret_items);
	}
	leave_out_changes(root);
	return mail_items(&inner, options, arena, root, &mandrill, ret_items);
}

static int compare_fields(const void *a, const void *b)
{
	return strcmp(((const struct source_pair *)a)->name, ((const struct source_pair *)b)->name);
}

enum hook_proof mandrill_scheme(const struct source_request *request, const struct hook_secret *secret,
				struct arena *arena)
{
	(void)arena;
	const char *text = source_more_header(request, "X-Mandrill-Signature"), *url = request->hook->url;
	struct source_pair fields[FIELDS_MAX];
	struct signature_piece pieces[1 + 2 * FIELDS_MAX] = {{url, strlen(url)}};
	size_t count = request->arguments_count - request->query_count;
	if (text[0] == '\0' || count == 0 || count > FIELDS_MAX) {
		return HOOK_UNSIGNED;
	}
	memcpy(fields, request->arguments + request->query_count, count * sizeof(fields[0]));
	qsort(fields, count, sizeof(fields[0]), compare_fields);
	for (size_t i = 0; i < count; i++) {
		pieces[1 + 2 * i] = (struct signature_piece){fields[i].name, strlen(fields[i].name)};
		pieces[2 + 2 * i] = (struct signature_piece){fields[i].value, strlen(fields[i].value)};
	}
	return signature_is(SIGNATURE_SHA1, SIGNATURE_BASE64, text, secret->bytes, secret->size, pieces,
			    1 + 2 * count)
		       ? HOOK_PROVEN
		       : HOOK_FORGED;
}
