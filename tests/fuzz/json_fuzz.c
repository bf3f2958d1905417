/*
 * Any bytes as an event in JSON. Beyond what decode_fuzz.c holds of every form: spaces around it are no matter, and anything
 * else behind it is refused.
 */
#include "tests/fuzz/event_check.h"
#include "tests/fuzz/fuzz.h"

#define SIZE_MAX_TRIED ((size_t)60 * 1024) /* with what is put around it, less than EVENT_MESSAGE_SIZE_MAX */

static enum outcome decode(const void *bytes, size_t size, struct arena *arena, struct event **ret_event)
{
	struct message message = {.timestamp_us = NOW_US, .form = FORM_JSON, .value = bytes, .size = size};
	struct reject reject;
	enum outcome outcome = decode_event(&message, arena, NULL, ret_event, &reject);
	if (outcome != OUTCOME_NONE) {
		check_refusal(outcome, &reject);
	}
	return outcome;
}

/* `more` of spaces, or of anything else, before and behind. */
static enum outcome decode_within(const char *before, const void *bytes, size_t size, const char *behind,
				  struct arena *arena, struct event **ret_event)
{
	size_t before_size = strlen(before), behind_size = strlen(behind);
	char *text = arena_take(arena, before_size + size + behind_size);
	CHECK(text != NULL);
	memcpy(text, before, before_size);
	memcpy(text + before_size, bytes, size);
	memcpy(text + before_size + size, behind, behind_size);
	return decode(text, before_size + size + behind_size, arena, ret_event);
}

static void check_same(const struct event *one, const struct event *other, struct arena *arena)
{
	const uint8_t *bytes, *other_bytes;
	size_t size, other_size;
	CHECK(encode_event(one, arena, &bytes, &size) && encode_event(other, arena, &other_bytes, &other_size));
	CHECK(size == other_size && memcmp(bytes, other_bytes, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct arena arena;
	struct event *event, *other;
	CHECK(arena.base != NULL || arena_init(&arena, (size_t)32 << 20));
	arena_reset(&arena, (size_t)1 << 20);
	if (size > SIZE_MAX_TRIED) {
		return 0;
	}
	if (decode(data, size, &arena, &event) != OUTCOME_NONE) {
		CHECK(arena.used == 0);
		return 0;
	}
	check_event(event, &arena);
	CHECK(decode_within("\t\r\n ", data, size, " \n", &arena, &other) == OUTCOME_NONE);
	check_same(event, other, &arena);
	CHECK(decode_within("", data, size, "}", &arena, &other) != OUTCOME_NONE);
	return 0;
}
