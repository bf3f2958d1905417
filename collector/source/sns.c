#include "collector/source/sns.h"

#include <string.h>

#include "collector/source/reading.h"
#include "core/base/arena.h"
#include "core/base/base64.h"
#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/base/signature.h"

#define URL_SIZE_MAX 1024
#define ID_SIZE_MAX 100 /* leaves room for what makes several events of one message differ */
#define NOTIFICATION "Notification"
#define CONFIRMATION "SubscriptionConfirmation"
#define END "UnsubscribeConfirmation"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* ---- names ---- */

/* Behind `count` bytes at least, and `max` at most, that are all in `set`; NULL: there are not so many, or `text` is NULL. */
static const char *pass(const char *text, const char *set, size_t count, size_t max)
{
	size_t size = text != NULL ? strspn(text, set) : 0;
	return text != NULL && size >= count && size <= max ? text + size : NULL;
}

/* Behind `word`; NULL: `text` does not begin so, or is NULL. */
static const char *pass_word(const char *text, const char *word)
{
	return text != NULL && strncmp(text, word, strlen(word)) == 0 ? text + strlen(word) : NULL;
}

bool sns_is_certificate(const char *name)
{
	const char *rest = pass(pass_word(name, "SimpleNotificationService-"), "abcdef" DIGITS, 1, 64);
	return rest != NULL && strcmp(rest, ".pem") == 0;
}

bool sns_is_topic(const char *text)
{
	const char *rest = pass(pass_word(text, "arn:aws"), LETTERS "-", 0, 16);
	rest = pass(pass_word(rest, ":sns:"), LETTERS DIGITS "-", 3, 32);
	rest = pass(pass_word(rest, ":"), DIGITS, 12, 12);
	rest = pass(pass_word(rest, ":"), LETTERS DIGITS "-_.", 1, 256);
	return rest != NULL && rest[0] == '\0';
}

/* Behind "https://sns.REGION.amazonaws.com" and its "/"; NULL: it is no address of SNS's. */
static const char *path_of(const char *url)
{
	const char *rest = pass(pass_word(url, "https://sns."), LETTERS DIGITS "-", 3, 32);
	rest = pass_word(rest, ".amazonaws.com");
	const char *china = pass_word(rest, ".cn");
	return pass_word(china != NULL ? china : rest, "/");
}

/* The name of the certificate at an address; NULL: it is not where SNS has its certificates. */
static const char *certificate_name(const char *url)
{
	const char *name = path_of(url);
	return name != NULL && sns_is_certificate(name) ? name : NULL;
}

/* ---- the signature ---- */

/* What is signed, in this order: a line with the name, a line with the value. */
static const struct line {
	const char *name, *begin;
	bool of_subscriptions; /* only theirs */
	bool is_optional;
} lines[] = {
	{"Message", "Message\n", false, false},	    {"MessageId", "MessageId\n", false, false},
	{"Subject", "Subject\n", false, true},	    {"SubscribeURL", "SubscribeURL\n", true, false},
	{"Timestamp", "Timestamp\n", false, false}, {"Token", "Token\n", true, false},
	{"TopicArn", "TopicArn\n", false, false},   {"Type", "Type\n", false, false},
};

#define PIECES_MAX (3 * COUNT_OF(lines))

static bool is_subscription(const char *type)
{
	return strcmp(type, CONFIRMATION) == 0 || strcmp(type, END) == 0;
}

/* False: one of them is missing. */
static bool collect_lines(const struct json_node *envelope, struct signature_piece pieces[static PIECES_MAX],
			  size_t *ret_count)
{
	const char *type = json_get_text(envelope, "Type");
	size_t count = 0;
	if (type == NULL || (strcmp(type, NOTIFICATION) != 0 && !is_subscription(type))) {
		return false;
	}
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		const char *value = json_get_text(envelope, lines[i].name);
		if (lines[i].of_subscriptions && !is_subscription(type)) {
			continue;
		}
		if (value == NULL && lines[i].is_optional) {
			continue;
		}
		if (value == NULL) {
			return false;
		}
		pieces[count++] = (struct signature_piece){lines[i].begin, strlen(lines[i].begin)};
		pieces[count++] = (struct signature_piece){value, strlen(value)};
		pieces[count++] = (struct signature_piece){"\n", 1};
	}
	*ret_count = count;
	return true;
}

/* The envelope; NULL: there is none that could be signed. */
static const struct json_node *envelope_of(const struct source_request *request, struct arena *arena)
{
	struct json_node *root;
	struct json_trouble trouble;
	return json_parse(request->body, request->body_size, SOURCE_DEPTH_MAX, arena, &root, &trouble) ? root
												       : NULL;
}

/* By its name; NULL: it is not pinned. */
static const struct hook_certificate *find_certificate(const struct hook *hook, const char *name)
{
	for (size_t i = 0; i < hook->certificates_count; i++) {
		if (strcmp(hook->certificates[i].name, name) == 0) {
			return &hook->certificates[i];
		}
	}
	return NULL;
}

static bool is_listed(const struct hook *hook, const char *topic)
{
	for (size_t i = 0; i < hook->topics_count; i++) {
		if (strcmp(hook->topics[i], topic) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_signed(const struct json_node *envelope, const struct signature_piece *pieces, size_t count,
		      const char *pem, struct arena *arena)
{
	const char *version = json_get_text(envelope, "SignatureVersion");
	const char *text = json_get_text(envelope, "Signature");
	bool is_first = strcmp(version, "1") == 0;
	size_t size;
	uint8_t *bytes = arena_take(arena, BASE64_BYTES_MAX(strlen(text)));
	return (is_first || strcmp(version, "2") == 0) && bytes != NULL &&
	       base64_read(text, strlen(text), bytes, &size) &&
	       signature_is_public(is_first ? SIGNATURE_SHA1 : SIGNATURE_SHA256, bytes, size, pem, pieces, count);
}

enum hook_proof sns_scheme(const struct source_request *request, const struct hook_secret *secret,
			   struct arena *arena)
{
	(void)secret; /* it has none */
	const struct json_node *envelope = envelope_of(request, arena);
	struct signature_piece pieces[PIECES_MAX];
	size_t count;
	const char *url = json_get_text(envelope, "SigningCertURL");
	if (url == NULL || json_get_text(envelope, "Signature") == NULL ||
	    json_get_text(envelope, "SignatureVersion") == NULL || !collect_lines(envelope, pieces, &count)) {
		return HOOK_UNSIGNED;
	}
	const char *name = certificate_name(url);
	if (name == NULL) {
		return HOOK_FORGED;
	}
	const struct hook_certificate *certificate = find_certificate(request->hook, name);
	if (certificate == NULL) {
		return HOOK_UNKNOWN;
	}
	if (!is_signed(envelope, pieces, count, certificate->pem, arena)) {
		return HOOK_FORGED;
	}
	return is_listed(request->hook, json_get_text(envelope, "TopicArn")) ? HOOK_PROVEN : HOOK_FOREIGN;
}

const char *sns_detail(const struct source_request *request, struct arena *arena)
{
	const struct json_node *envelope = envelope_of(request, arena);
	const char *url = json_get_text(envelope, "SigningCertURL");
	const char *topic = json_get_text(envelope, "TopicArn");
	if (request->proof == HOOK_UNKNOWN && url != NULL && certificate_name(url) != NULL) {
		return pass_word(url, "https://");
	}
	return request->proof == HOOK_FOREIGN && topic != NULL && sns_is_topic(topic) ? topic : "";
}

/* ---- the envelope ---- */

static bool refuse(const struct source_request *request, enum outcome reason, const char *field,
		   struct arena *arena, struct source_items *ret_items)
{
	return source_reject_all(reason, field, request->body, request->body_size, arena, ret_items);
}

/* A topic's question, or its farewell: whoever runs the collector answers it. */
static bool ask(const struct source_request *request, const struct json_node *envelope, const char *type,
		struct arena *arena, struct source_items *ret_items)
{
	const char *topic = json_get_text(envelope, "TopicArn"), *url = json_get_text(envelope, "SubscribeURL");
	if (topic == NULL || !sns_is_topic(topic)) {
		return refuse(request, OUTCOME_bad_value, "TopicArn", arena, ret_items);
	}
	if (url == NULL || path_of(url) == NULL || strlen(url) > URL_SIZE_MAX ||
	    strspn(url, LETTERS DIGITS ":/?&=%.-_~+") != strlen(url)) {
		return refuse(request, OUTCOME_bad_value, "SubscribeURL", arena, ret_items);
	}
	struct source_notice *notice = arena_zero(arena, 1, sizeof(*notice));
	if (notice == NULL) {
		return false;
	}
	notice->about =
		arena_print(arena, "%s %s", topic,
			    strcmp(type, END) == 0 ? "sends nothing more, its subscription was ended"
						   : "sends nothing yet, its subscription waits to be confirmed");
	notice->url = url;
	ret_items->notice = notice;
	return notice->about != NULL;
}

bool sns_open(const struct source_request *request, struct arena *arena, struct sns_message *ret_message,
	      struct source_items *ret_items)
{
	struct json_node *root;
	*ret_message = (struct sns_message){.id = ""};
	*ret_items = (struct source_items){.count = 0};
	if (!reading_body(request, arena, &root, ret_items)) {
		return false;
	}
	if (root == NULL) {
		return true;
	}
	const struct json_node *node = json_get(root, "Type");
	if (node == NULL) {
		ret_message->id = source_more_header(request, "X-Amz-Sns-Message-Id");
		ret_message->root = root;
		return true;
	}
	const char *type = node->kind == JSON_TEXT ? node->text : "", *text = json_get_text(root, "Message");
	const char *id = json_get_text(root, "MessageId");
	if (is_subscription(type)) {
		return ask(request, root, type, arena, ret_items);
	}
	const char *field = strcmp(type, NOTIFICATION) != 0	     ? "Type"
			    : text == NULL			     ? "Message"
			    : id == NULL || strlen(id) > ID_SIZE_MAX ? "MessageId"
								     : NULL;
	if (field != NULL) {
		return refuse(request, OUTCOME_bad_value, field, arena, ret_items);
	}
	const char *at = json_get_text(root, "Timestamp");
	*ret_message = (struct sns_message){.id = id, .text = text};
	if (at == NULL || !moment_read(at, &ret_message->at_us)) {
		ret_message->at_us = 0;
	}
	return true;
}
