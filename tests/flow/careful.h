/*
 * DECODE's careful way alone, for the tests that hold the quick one against it.
 */
#pragma once
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/flow/decode.h"
#include "core/flow/event_message.h"
#include "core/flow/quick_event.h"
#include "core/flow/validate.h"
#include "core/flow/wire.h"

/* OUTCOME_NONE and the event as it is before its times are settled. */
static inline enum outcome careful_read(const uint8_t *bytes, size_t size, struct arena *arena,
					struct event *ret_event, uint64_t *ret_unknown_fields)
{
	struct field_path path = {0};
	ProtobufCMessage *raw = NULL;
	*ret_unknown_fields = 0;
	enum outcome outcome = wire_read(bytes, size, &limits_event, arena, &path, ret_unknown_fields, &raw);
	if (outcome == OUTCOME_NONE) {
		outcome = validate_message(raw, &limits_event, &path);
	}
	if (outcome == OUTCOME_NONE) {
		CHECK(event_from_message((const Phased__V1__Event *)raw, arena, ret_event));
	}
	return outcome;
}

/* As protobuf-c writes it. */
static inline void careful_write(const struct event *event, struct arena *arena, const uint8_t **ret_bytes,
				 size_t *ret_size)
{
	struct event_message message;
	CHECK(event_to_message(event, arena, &message));
	uint8_t *bytes = arena_take(arena, protobuf_c_message_get_packed_size(&message.event.base));
	CHECK(bytes != NULL);
	*ret_size = protobuf_c_message_pack(&message.event.base, bytes);
	*ret_bytes = bytes;
}

/* Does the quick way write this event? If so, it must be as the careful one does. */
static inline bool quick_write_as_careful(const struct event *event, struct arena *arena)
{
	const uint8_t *one, *other;
	size_t one_size, other_size, used = arena->used;
	if (!quick_event_write(event, arena, &one, &one_size)) {
		CHECK(arena->used - used < 16); /* what aligns the next piece */
		return false;
	}
	careful_write(event, arena, &other, &other_size);
	CHECK(one_size == other_size && memcmp(one, other, one_size) == 0);
	return true;
}

/* Does the quick way take these bytes? If so, it must be as the careful one does. */
static inline bool quick_as_careful(const uint8_t *bytes, size_t size, struct arena *arena)
{
	struct event quick, careful;
	uint64_t unknown_fields;
	size_t used = arena->used;
	if (!quick_event_read(bytes, size, arena, &quick)) {
		CHECK(arena->used == used);
		return false;
	}
	const uint8_t *one, *other;
	size_t one_size, other_size;
	CHECK(careful_read(bytes, size, arena, &careful, &unknown_fields) == OUTCOME_NONE && unknown_fields == 0);
	CHECK(encode_event(&quick, arena, &one, &one_size) && encode_event(&careful, arena, &other, &other_size));
	CHECK(one_size == other_size && memcmp(one, other, one_size) == 0);
	CHECK(quick.value == careful.value && quick.rating == careful.rating);
	return true;
}
