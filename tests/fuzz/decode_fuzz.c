/*
 * Any bytes into DECODE. The first byte says what they claim to be. Beyond not crashing: a refusal names its reason in
 * showable text and gives the arena back; what was accepted is encoded and decoded again without a change; what the quick
 * way takes is what the careful one makes of it.
 */
#include "tests/flow/careful.h"
#include "tests/fuzz/event_check.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct arena arena;
	CHECK(arena.base != NULL || arena_init(&arena, (size_t)8 << 20));
	arena_reset(&arena, (size_t)1 << 20);
	if (size == 0) {
		return 0;
	}
	struct message message = {.timestamp_us = NOW_US,
				  .form = data[0] & 1 ? FORM_JSON : FORM_PROTOBUF,
				  .value = data + 1,
				  .size = size - 1};
	struct reject reject;
	if (data[0] & 2) {
		int64_t received_us;
		const char *source;
		enum outcome outcome = decode_rejected(&message, &arena, &reject, &received_us, &source);
		CHECK(outcome == OUTCOME_NONE || arena.used == 0);
		check_refusal(reject.reason, &reject);
		return 0;
	}
	if (message.size <= EVENT_MESSAGE_SIZE_MAX) {
		quick_as_careful(message.value, message.size, &arena);
		arena_back(&arena, 0);
	}
	struct event *event;
	enum outcome outcome = decode_event(&message, &arena, NULL, &event, &reject);
	if (outcome == OUTCOME_NONE) {
		check_event(event, &arena);
	} else {
		CHECK(arena.used == 0);
		check_refusal(outcome, &reject);
	}
	return 0;
}
