#include "collector/source/cloudevents.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "collector/source/reading.h"
#include "collector/source/url.h"
#include "core/base/arena.h"
#include "core/base/base64.h"
#include "core/base/check.h"
#include "core/base/json.h"
#include "core/base/moment.h"
#include "core/base/signature.h"
#include "core/flow/cloudevent.h"
#include "core/model/message.h"
#include "core/flow/decode.h"

const char *const cloudevents_headers[] = {"Authorization",	"webhook-id",	"webhook-timestamp",
					   "webhook-signature", "Content-Type", "ce-specversion",
					   "ce-type",		"ce-source",	"ce-id",
					   "ce-subject",	"ce-time",	NULL};
static_assert(COUNT_OF(cloudevents_headers) <= SOURCE_MORE_HEADERS_MAX + 1, "each of them is read");

/* ---- proof ---- */

static bool is_binary(const struct source_request *request)
{
	const char *type = source_more_header(request, "Content-Type");
	return source_more_header(request, "ce-type")[0] != '\0' &&
	       message_form_of_type(type, strlen(type)) != FORM_CLOUDEVENT;
}

/* "whsec_" and base64, or the bytes as they are. */
static struct hook_secret key_of(const struct hook_secret *secret, struct arena *arena)
{
	static const char begin[] = "whsec_";
	size_t skipped = sizeof(begin) - 1, size;
	uint8_t *key = arena_take(arena, BASE64_BYTES_MAX(secret->size) + 1);
	bool is_packed = key != NULL && secret->size > skipped && strncmp(secret->bytes, begin, skipped) == 0 &&
			 base64_read(secret->bytes + skipped, secret->size - skipped, key, &size);
	return is_packed ? (struct hook_secret){(const char *)key, size} : *secret;
}

/* "v1,base64 v1,base64": one of them suffices, as senders change their secrets, too. */
static enum hook_proof prove_signature(const struct source_request *request, const struct hook_secret *secret,
				       const char *given, struct arena *arena)
{
	const char *id = source_more_header(request, "webhook-id");
	const char *at = source_more_header(request, "webhook-timestamp");
	struct hook_secret key = key_of(secret, arena);
	int64_t at_us;
	if (is_binary(request) || !reading_digits(at, MOMENT_SECOND_US, &at_us)) {
		return HOOK_UNSIGNED;
	}
	const char *head = arena_print(arena, "%s.%s.", id, at);
	if (head == NULL) {
		return HOOK_UNSIGNED;
	}
	const struct signature_piece pieces[] = {{head, strlen(head)}, {request->raw, request->raw_size}};
	for (size_t size; given[0] != '\0'; given += size + (given[size] != '\0' ? 1 : 0)) {
		size = strcspn(given, " ");
		const char *one = arena_text(arena, given, size);
		if (one != NULL && strncmp(one, "v1,", 3) == 0 &&
		    signature_is(SIGNATURE_SHA256, SIGNATURE_BASE64, one + 3, key.bytes, key.size, pieces,
				 COUNT_OF(pieces))) {
			return hook_at(request, at_us);
		}
	}
	return HOOK_FORGED;
}

enum hook_proof cloudevents_scheme(const struct source_request *request, const struct hook_secret *secret,
				   struct arena *arena)
{
	const char *signature = source_more_header(request, "webhook-signature");
	const char *given = source_more_header(request, "Authorization");
	if (signature[0] != '\0') {
		return prove_signature(request, secret, signature, arena);
	}
	if (strncasecmp(given, "Bearer ", 7) != 0) {
		return hook_password(request, secret, arena);
	}
	given += 7 + strspn(given + 7, " ");
	return signature_equal(given, strlen(given), secret->bytes, secret->size) ? HOOK_PROVEN : HOOK_FORGED;
}

/* ---- one event ---- */

/* While one request is read. */
struct cloudevents_call {
	const struct source_request *request;
	const struct source_options *options;
	struct arena *arena;
};

static void reject(const struct cloudevents_call *call, enum outcome outcome, const char *field,
		   struct source_item *ret_item)
{
	source_reject(outcome, field, call->request->raw, call->request->raw_size, &ret_item->reject);
}

/* What it says of itself is taken, as far as any source may say it; false: the arena is full. */
static bool settle(const struct cloudevents_call *call, struct event *event)
{
	struct reading reading = {.request = call->request, .event = event};
	int64_t stamped_us = event->stamped_us;
	const char *url = event->content.url;
	reading_times(&reading, event->occurred_us, 0, 0);
	event->stamped_us = stamped_us;
	if (event->site[0] == '\0' && call->request->hook != NULL) {
		event->site = call->request->hook->name;
	}
	event->content.url = url_clean(url, call->arena);
	event->content.target_url = url_clean(event->content.target_url, call->arena);
	event->content.referrer = url_without_query(event->content.referrer, call->arena);
	bool has_campaign = event->campaign.source[0] != '\0' || event->campaign.name[0] != '\0';
	return event->content.url != NULL && event->content.target_url != NULL &&
	       event->content.referrer != NULL && (has_campaign || url_campaign(url, call->arena, event));
}

static void read_own(const struct cloudevents_call *call, const struct cloudevent *from,
		     struct source_item *ret_item)
{
	const struct source_request *request = call->request;
	bool is_bytes = from->data == NULL;
	const char *bytes = from->bytes != NULL ? (const char *)from->bytes : "";
	const struct message message = {.timestamp_us = request->received_us,
					.form = is_bytes && from->is_protobuf ? FORM_PROTOBUF : FORM_JSON,
					.value = (const uint8_t *)(is_bytes ? bytes : request->raw),
					.size = is_bytes ? from->size : request->raw_size};
	struct event *event = NULL;
	if (message.size == 0) {
		reject(call, OUTCOME_bad_value, "data", ret_item);
		return;
	}
	enum outcome outcome =
		is_bytes ? decode_event(&message, call->arena, NULL, &event, &ret_item->reject)
			 : decode_event_node(from->data, &message, call->arena, &event, &ret_item->reject);
	ret_item->event = outcome == OUTCOME_NONE ? event : NULL;
}

static void read_foreign(const struct cloudevents_call *call, const struct cloudevent *from,
			 struct source_item *ret_item)
{
	const char *field = "";
	struct event *event = arena_take(call->arena, sizeof(*event));
	enum outcome outcome =
		event == NULL ? OUTCOME_too_large
			      : cloudevent_read(from, call->options->cloudevents, call->arena, event, &field);
	if (outcome != OUTCOME_NONE) {
		reject(call, outcome, field, ret_item);
		return;
	}
	event->identity.verified = call->request->hook != NULL;
	ret_item->event = event;
}

static void read_event(const struct cloudevents_call *call, const struct cloudevent *from,
		       struct source_item *ret_item)
{
	ret_item->user_agent = ""; /* a server's */
	if (cloudevent_is_own(from)) {
		read_own(call, from, ret_item);
	} else {
		read_foreign(call, from, ret_item);
	}
	if (ret_item->event != NULL && !settle(call, ret_item->event)) {
		ret_item->event = NULL;
		reject(call, OUTCOME_too_large, "", ret_item);
	}
}

static void read_envelope(const struct cloudevents_call *call, const struct json_node *root,
			  struct source_item *ret_item)
{
	struct cloudevent from;
	const char *field = "";
	enum outcome outcome =
		root->kind == JSON_MAP ? cloudevent_open(root, call->arena, &from, &field) : OUTCOME_bad_value;
	if (outcome == OUTCOME_NONE) {
		read_event(call, &from, ret_item);
	} else {
		reject(call, outcome, field, ret_item);
	}
}

/* ---- modes ---- */

/* Attributes in headers are escaped where they are not ASCII. NULL: the arena is full. */
static const char *attribute_of(const struct cloudevents_call *call, const char *name)
{
	const char *given = source_more_header(call->request, name);
	return url_unescape(given, strlen(given), call->arena);
}

static enum outcome open_headers(const struct cloudevents_call *call, struct cloudevent *ret,
				 const char **ret_field)
{
	const struct {
		const char *name, **to;
	} rows[] = {{"ce-type", &ret->type},
		    {"ce-source", &ret->source},
		    {"ce-id", &ret->id},
		    {"ce-subject", &ret->subject},
		    {"ce-time", &ret->time}};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		*rows[i].to = attribute_of(call, rows[i].name);
		if (*rows[i].to == NULL) {
			return OUTCOME_too_large;
		}
	}
	*ret_field = "specversion";
	return strncmp(source_more_header(call->request, "ce-specversion"), "1.", 2) != 0
		       ? OUTCOME_bad_value
		       : cloudevent_check(ret, ret_field);
}

/* Data that is no JSON says nothing here; what begins as JSON has to be it. */
static enum outcome open_body(const struct cloudevents_call *call, struct cloudevent *from, const char **ret_field)
{
	const struct source_request *request = call->request;
	const char *type = source_more_header(request, "Content-Type");
	struct json_node *data;
	struct json_trouble trouble;
	from->is_protobuf = message_form_of_type(type, strlen(type)) == FORM_PROTOBUF;
	from->bytes = (const uint8_t *)request->plain;
	from->size = request->plain_size;
	*ret_field = "data";
	if (from->is_protobuf || request->body_size == 0 || (request->body[0] != '{' && request->body[0] != '[')) {
		return OUTCOME_NONE;
	}
	if (!json_parse(request->body, request->body_size, SOURCE_DEPTH_MAX, call->arena, &data, &trouble)) {
		return reading_outcome(trouble.kind);
	}
	from->data = data;
	return OUTCOME_NONE;
}

static void read_binary(const struct cloudevents_call *call, struct source_item *ret_item)
{
	struct cloudevent from = {.data = NULL};
	const char *field = "";
	enum outcome outcome = open_headers(call, &from, &field);
	outcome = outcome != OUTCOME_NONE ? outcome : open_body(call, &from, &field);
	if (outcome == OUTCOME_NONE) {
		read_event(call, &from, ret_item);
	} else {
		reject(call, outcome, field, ret_item);
	}
}

bool cloudevents_read(const struct source_request *request, const struct source_options *options,
		      struct arena *arena, struct source_items *ret_items)
{
	const struct cloudevents_call call = {request, options, arena};
	struct json_node *root = NULL;
	if (!is_binary(request)) {
		if (!reading_body(request, arena, &root, ret_items)) {
			return false;
		}
		if (root == NULL) {
			return true;
		}
	}
	bool is_batch = root != NULL && root->kind == JSON_LIST;
	size_t count = is_batch ? root->count : 1;
	if (count > SOURCE_EVENTS_MAX) {
		return source_reject_all(OUTCOME_too_large, "", request->body, request->body_size, arena,
					 ret_items);
	}
	struct source_item *items = arena_zero(arena, count + 1, sizeof(*items));
	if (items == NULL) {
		return false;
	}
	if (root == NULL) {
		read_binary(&call, &items[0]);
	}
	for (size_t i = 0; root != NULL && i < count; i++) {
		read_envelope(&call, is_batch ? root->items[i] : root, &items[i]);
	}
	*ret_items = (struct source_items){.count = count, .items = items};
	return true;
}
