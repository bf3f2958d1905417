/*
 * Any bytes into DECODE. The first byte says what they claim to be, a CloudEvent among it. Beyond not crashing: a refusal names its reason in
 * showable text and gives the arena back; what was accepted is encoded and decoded again without a change; what the quick
 * way takes is what the careful one makes of it.
 */
#include "core/model/cloudevent.h"
#include "tests/flow/careful.h"
#include "tests/fuzz/event_check.h"
#include "tests/fuzz/fuzz.h"

/* In an envelope, of whatever type, with every field in the map. */
static enum outcome decode_cloud(const struct message *message, struct arena *arena, struct event **ret_event,
				 struct reject *ret_reject)
{
	static struct cloudevent_pair pairs[64];
	static struct cloudevent_map map = {.channel = CHANNEL_WEB, .subject = CLOUDEVENT_USER_ID, .pairs = pairs};
	static struct event event;
	CHECK(cloudevent_fields_count < COUNT_OF(pairs));
	for (size_t i = 0; map.count < cloudevent_fields_count; i++) {
		pairs[map.count++] =
			(struct cloudevent_pair){&cloudevent_fields[i], "", cloudevent_fields[i].name};
	}
	*ret_event = &event;
	return decode_event_into(message, &map, arena, arena, NULL, &event, ret_reject);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct arena arena;
	CHECK(arena.base != NULL || arena_init(&arena, (size_t)8 << 20));
	arena_reset(&arena, (size_t)1 << 20);
	if (size == 0) {
		return 0;
	}
	struct message message = {.timestamp_us = NOW_US,
				  .form = data[0] & 4	? FORM_CLOUDEVENT
					  : data[0] & 1 ? FORM_JSON
							: FORM_PROTOBUF,
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
	enum outcome outcome = data[0] & 4 ? decode_cloud(&message, &arena, &event, &reject)
					   : decode_event(&message, &arena, NULL, &event, &reject);
	if (outcome == OUTCOME_NONE) {
		check_event(event, &arena);
	} else {
		CHECK(arena.used == 0);
		check_refusal(outcome, &reject);
	}
	return 0;
}
