/*
 * Protobuf's wire form → message in the arena. Distrusts every byte: walks them all before protobuf-c unpacks.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "core/flow/field_limits.h"

struct arena;

/*
 * OUTCOME_NONE and the message (all its memory in the arena), or the outcome and in *path the field: broken or cut off,
 * a wrong wire type, a group, a message twice where one may stand (unreadable); a list or depth over its limit, a full
 * arena (too_large); text that is no UTF-8 or holds a NUL (bad_text). Adds fields that the descriptors do not know to
 * *unknown_fields; they are left out.
 */
enum outcome wire_read(const uint8_t *bytes, size_t size, const struct limits *limits, struct arena *arena,
		       struct field_path *path, uint64_t *unknown_fields, ProtobufCMessage **ret_message);
