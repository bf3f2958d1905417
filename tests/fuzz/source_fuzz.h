/*
 * What must hold of every source's adapter, whatever it is given: a refusal names its reason in showable text, and what is
 * sent is an event that the daemon takes as it is, with no address in it but where it may be.
 */
#pragma once
#include <stdlib.h>
#include <string.h>

#include "collector/screen.h"
#include "collector/source/body.h"
#include "collector/source/hook.h"
#include "collector/source/source.h"
#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/text.h"
#include "core/flow/decode.h"
#include "tests/fuzz/fuzz.h"

#define SOURCE_FUZZ_NOW_US INT64_C(1795316000000000)
#define SOURCE_FUZZ_PAIRS_MAX 64

static inline void source_fuzz_reject(const struct reject *reject)
{
	CHECK(reject->reason == OUTCOME_unreadable || reject->reason == OUTCOME_too_large ||
	      reject->reason == OUTCOME_bad_text || reject->reason == OUTCOME_bad_value ||
	      reject->reason == OUTCOME_unknown_action || reject->reason == OUTCOME_time_out_of_range);
	CHECK(memchr(reject->field, '\0', sizeof(reject->field)) != NULL);
	CHECK(text_is_utf8(reject->field, strlen(reject->field)) && !text_has_address(reject->field));
}

/* The daemon takes it, and has nothing left to mask in it. */
static inline void source_fuzz_sent(const struct event *event, struct arena *arena)
{
	struct message message = {.timestamp_us = SOURCE_FUZZ_NOW_US, .form = FORM_PROTOBUF};
	struct event *taken;
	struct reject reject;
	const uint8_t *bytes;
	size_t size;
	CHECK(event->consent.profile == STATEMENT_GRANTED || event->identity.email[0] == '\0');
	CHECK(event->consent.profile == STATEMENT_GRANTED || event->identity.name[0] == '\0');
	CHECK(!text_has_address(event->identity.user_id));
	CHECK(!event->consent.anonymous || event->identity.anonymous_id[0] == '\0');
	CHECK(encode_event(event, arena, &message.value, &message.size));
	if (message.size > EVENT_MESSAGE_SIZE_MAX) {
		return;
	}
	CHECK(decode_event(&message, arena, NULL, &taken, &reject) == OUTCOME_NONE);
	taken->stamped_us = event->stamped_us; /* filled in where it is 0 */
	CHECK(encode_event(taken, arena, &bytes, &size));
	CHECK(size == message.size && memcmp(bytes, message.value, size) == 0);
}

static inline void source_fuzz_item(struct source_item *item, bool require, struct arena *arena)
{
	static const struct identity_key key = {.bytes = "0123456789abcdef0123456789abcdef", .size = 32};
	const struct consent_policy consent = {
		.unsaid = {[CHANNEL_WEB] = require ? CONSENT_REQUIRE : CONSENT_ALLOW,
			   [CHANNEL_EMAIL] = CONSENT_ALLOW,
			   [CHANNEL_CHAT] = CONSENT_ALLOW,
			   [CHANNEL_CRM] = CONSENT_ALLOW}};
	const struct screen_options options = {.consent = &consent, .identify = {.key = &key}};
	const char *field;
	if (item->event == NULL) {
		source_fuzz_reject(&item->reject);
		return;
	}
	switch (screen_event(item->event, &options, arena, &field)) {
	case OUTCOME_NONE:
		source_fuzz_sent(item->event, arena);
		break;
	case OUTCOME_no_consent:
		break;
	case OUTCOME_bad_value:
		CHECK(strcmp(field, "id") == 0);
		break;
	default:
		CHECK(!"a fate that screening does not give");
	}
}

/* Any bytes as the body of a webhook's request, whose last line is its headers' value too: its scheme, then its adapter, of a
 * body that ends where the bytes end. */
static inline int source_fuzz_hook(const uint8_t *data, size_t size, const char *source, hook_scheme *scheme,
				   source_adapter *adapter, const struct source_options *options,
				   const char *const *headers)
{
	static struct arena arena;
	CHECK(arena.base != NULL || arena_init(&arena, (size_t)64 << 20));
	arena_reset(&arena, (size_t)1 << 20);
	const struct hook hook = {.name = "hook-1",
				  .source = source,
				  .url = "https://c.test/hooks/x",
				  .secrets = {{"phased-test-secret", sizeof("phased-test-secret") - 1}},
				  .secrets_count = 1,
				  .certificates = {{.name = "SimpleNotificationService-0a.pem", .pem = "none"}},
				  .certificates_count = 1};
	char *body = malloc(size + 1);
	CHECK(body != NULL);
	memcpy(body, data, size);
	body[size] = '\0';
	const char *line = memrchr(body, '\n', size);
	struct source_pair more[SOURCE_MORE_HEADERS_MAX], pairs[SOURCE_FUZZ_PAIRS_MAX];
	struct source_request request = {.path = "/hooks/x/hook-1",
					 .arguments = pairs,
					 .more_headers = more,
					 .hook = &hook,
					 .body = "",
					 .raw = body,
					 .raw_size = size,
					 .plain = body,
					 .plain_size = size,
					 .received_us = SOURCE_FUZZ_NOW_US};
	for (size_t i = 0; i < SOURCE_HEADER_COUNT; i++) {
		request.header[i] = "";
	}
	for (; headers[request.more_headers_count] != NULL; request.more_headers_count++) {
		more[request.more_headers_count] =
			(struct source_pair){headers[request.more_headers_count], line != NULL ? line + 1 : ""};
	}
	if (body_kind(body, size, &request.body, &request.body_size) == BODY_FORM &&
	    body_form(request.body, request.body_size, SOURCE_FUZZ_PAIRS_MAX, &arena, pairs,
		      &request.arguments_count)) {
		request.body_size = 0;
	}
	struct source_items items;
	hook_prove(&request, scheme, &arena);
	if (adapter(&request, options, &arena, &items)) {
		CHECK(items.count <= SOURCE_EVENTS_MAX);
		for (size_t i = 0; i < items.count; i++) {
			source_fuzz_item(&items.items[i], false, &arena);
		}
	}
	free(body);
	return 0;
}

/* Any bytes as the body of a tracker's request, whose last line is the value of its only argument. */
static inline int source_fuzz_tracker(const uint8_t *data, size_t size, const char *path, const char *argument,
				      source_adapter *adapter, const struct source_options *options)
{
	static struct arena arena;
	CHECK(arena.base != NULL || arena_init(&arena, (size_t)64 << 20));
	arena_reset(&arena, (size_t)1 << 20);
	char *body = malloc(size + 1); /* ends where the bytes end */
	CHECK(body != NULL);
	memcpy(body, data, size);
	body[size] = '\0';
	const char *line = memrchr(body, '\n', size);
	struct source_pair pairs[SOURCE_FUZZ_PAIRS_MAX] = {{argument, line != NULL ? line + 1 : ""}};
	struct source_request request = {.path = path,
					 .arguments = pairs,
					 .arguments_count = 1,
					 .query_count = 1,
					 .body = "",
					 .received_us = SOURCE_FUZZ_NOW_US};
	for (size_t i = 0; i < SOURCE_HEADER_COUNT; i++) {
		request.header[i] = "";
	}
	if (body_kind(body, size, &request.body, &request.body_size) == BODY_FORM &&
	    body_form(request.body, request.body_size, SOURCE_FUZZ_PAIRS_MAX, &arena, pairs,
		      &request.arguments_count)) {
		request.body_size = 0;
	}
	struct source_items items;
	if (adapter(&request, options, &arena, &items)) {
		CHECK(items.count <= SOURCE_EVENTS_MAX);
		for (size_t i = 0; i < items.count; i++) {
			const struct event *event = items.items[i].event;
			CHECK(event == NULL || (!event->identity.verified && event->id[0] != '\0'));
			source_fuzz_item(&items.items[i], false, &arena);
		}
	}
	free(body);
	return 0;
}
