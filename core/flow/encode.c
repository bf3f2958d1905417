/*
 * Events and rejects → bytes of a topic, in protobuf's wire form.
 */
#include "core/base/arena.h"
#include "core/flow/decode.h"
#include "core/flow/event_message.h"
#include "core/flow/quick_event.h"

static bool pack(const ProtobufCMessage *message, struct arena *arena, const uint8_t **ret_bytes, size_t *ret_size)
{
	size_t size = protobuf_c_message_get_packed_size(message);
	uint8_t *bytes = arena_take(arena, size);
	if (bytes == NULL) {
		return false;
	}
	*ret_size = protobuf_c_message_pack(message, bytes);
	*ret_bytes = bytes;
	return true;
}

bool encode_event(const struct event *event, struct arena *arena, const uint8_t **ret_bytes, size_t *ret_size)
{
	struct event_message message;
	if (quick_event_write(event, arena, ret_bytes, ret_size)) {
		return true;
	}
	return event_to_message(event, arena, &message) && pack(&message.event.base, arena, ret_bytes, ret_size);
}

bool encode_rejected(const struct reject *reject, int64_t received_us, const char *source, struct arena *arena,
		     const uint8_t **ret_bytes, size_t *ret_size)
{
	Phased__V1__Rejected message = PHASED__V1__REJECTED__INIT;
	message.reason = (char *)outcome_about[reject->reason].name;
	message.field = (char *)reject->field;
	message.source = (char *)source;
	message.size = reject->size;
	message.hash = reject->hash;
	message.received_us = received_us;
	message.count = reject->count;
	message.denied = reject->denied;
	message.site = (char *)(reject->site != NULL ? reject->site : "");
	message.channel = (Phased__V1__Event__Channel)reject->channel;
	return pack(&message.base, arena, ret_bytes, ret_size);
}
