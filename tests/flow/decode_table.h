/*
 * What the tests of DECODE share: an arena, messages from bytes and files, a moment that is now.
 */
#pragma once
#include <string.h>

#include "core/base/arena.h"
#include "core/flow/decode.h"
#include "tests/table.h"

#define NOW_US INT64_C(1795600900000000) /* 2026-11-25T10:01:40Z: the record's timestamp */

static inline struct arena *test_arena(void)
{
	static struct arena arena; /* each test is a process of its own */
	ck_assert(arena.base != NULL || arena_init(&arena, (size_t)16 << 20));
	return &arena;
}

static inline struct message test_message(enum message_form form, const void *bytes, size_t size)
{
	return (struct message){.timestamp_us = NOW_US, .form = form, .value = bytes, .size = size};
}

/* The whole of a file of tests/flow/data. */
static inline struct message test_file(enum message_form form, const char *path)
{
	FILE *file = fopen(path, "rb");
	ck_assert_msg(file != NULL, "%s", path);
	uint8_t *bytes = arena_take(test_arena(), EVENT_MESSAGE_SIZE_MAX);
	size_t size = fread(bytes, 1, EVENT_MESSAGE_SIZE_MAX, file);
	fclose(file);
	return test_message(form, bytes, size);
}

/* Decodes what must be good. */
static inline struct event *test_decode(const struct message *message)
{
	struct event *event = NULL;
	struct reject reject = {0};
	enum outcome outcome = decode_event(message, test_arena(), NULL, &event, &reject);
	ck_assert_msg(outcome == OUTCOME_NONE, "%s at \"%s\"", outcome_about[outcome].name, reject.field);
	return event;
}

static inline struct event *test_decode_json(const char *json)
{
	struct message message = test_message(FORM_JSON, json, strlen(json));
	return test_decode(&message);
}
