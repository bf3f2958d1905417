/*
 * Amazon's Simple Notification Service, which carries other services' messages: its envelope, its signature, its questions.
 * Pure; nothing is fetched, neither a certificate nor the confirmation that a subscription waits for.
 */
#pragma once
#include "collector/source/hook.h"
#include "collector/source/source.h"
#include "core/base/json.h"

/*
 * RSA over the envelope's lines, by a certificate that is pinned under the name that its address has (HOOK_UNKNOWN: none is),
 * of a topic that is listed (HOOK_FOREIGN: it is another one's; Amazon signs for all its customers alike). A message that comes again
 * has its first signature, so no window bounds it: a copy has the id of the first and counts once.
 */
hook_scheme sns_scheme;
hook_detail sns_detail;

/* Could a certificate be named so? "SimpleNotificationService-….pem" */
bool sns_is_certificate(const char *name);
/* "arn:aws:sns:eu-west-1:123456789012:name" */
bool sns_is_topic(const char *text);

struct sns_message {
	const char *id;		      /* "": it says none */
	const char *text;	      /* what it carries; NULL: see root */
	const struct json_node *root; /* the same, delivered without an envelope; NULL: see text */
	int64_t at_us;		      /* when it was published; 0: it does not say */
};

/* Takes a request's envelope off, where it has one (raw delivery has none). What carries nothing is SNS's own, or could not be
 * read: *ret_items then says all of it. False: the arena is full. */
bool sns_open(const struct source_request *request, struct arena *arena, struct sns_message *ret_message,
	      struct source_items *ret_items);
