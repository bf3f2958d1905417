/*
 * What must hold of an event and of a refusal, whatever the bytes were.
 */
#pragma once
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/text.h"
#include "core/flow/decode.h"
#include "core/flow/subject.h"
#include "tests/flow/careful.h"

#define NOW_US INT64_C(1795600900000000)

/* It names its reason, in showable text, and no address. */
static inline void check_refusal(enum outcome outcome, const struct reject *reject)
{
	CHECK(outcome_about[outcome].kept == OUTCOME_REJECTED && reject->reason == outcome);
	CHECK(memchr(reject->field, '\0', sizeof(reject->field)) != NULL);
	CHECK(text_is_utf8(reject->field, strlen(reject->field)) && !text_has_address(reject->field));
}

/* It is about something, and encoded and decoded again it is the same. */
static inline void check_event(const struct event *event, struct arena *arena)
{
	static const char *const keys[] = {"plan"};
	struct subject subject;
	struct message again = {.timestamp_us = NOW_US, .form = FORM_PROTOBUF};
	const uint8_t *bytes;
	size_t size;
	struct event *second;
	struct reject reject;
	CHECK(subject_from_event(event, keys, 1, arena, &subject));
	quick_write_as_careful(event, arena);
	CHECK(encode_event(event, arena, &again.value, &again.size));
	if (again.size > EVENT_MESSAGE_SIZE_MAX) {
		return; /* numbers of properties became text */
	}
	CHECK(decode_event(&again, arena, NULL, &second, &reject) == OUTCOME_NONE);
	CHECK(encode_event(second, arena, &bytes, &size));
	CHECK(size == again.size && memcmp(bytes, again.value, size) == 0);
}
