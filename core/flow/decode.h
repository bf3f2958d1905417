/*
 * DECODE: bytes of a topic → event, and back. Ends all distrust of input: sizes, depth, ranges, UTF-8, NUL, enums.
 *
 * Both value forms end in the same checks: protobuf, and protobuf's JSON mapping (contract in proto/README.md). Pure:
 * memory comes from the arena only; a full arena is outcome too_large. Hides protobuf-c, with the files that
 * field_limits.h names.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/event.h"
#include "core/model/message.h"
#include "core/model/reject.h"

struct arena;
struct cloudevent_map;
struct json_node;

struct decode_count {
	uint64_t unknown_fields; /* protobuf fields this version does not know: kept out */
};

/*
 * OUTCOME_NONE and *ret_event (in the arena), or the outcome and *ret_reject. `count` may be NULL.
 * Does: size limits, depth, UTF-8 and NUL of every text, limits of event.h, enum ranges, unknown_action, required id,
 * source, channel and action, stamped_us and received_us filled in as event.h says, time_out_of_range, masks
 * address-like text in every subject field (label, urls, title, ids, search, topic, property values).
 */
enum outcome decode_event(const struct message *message, struct arena *arena, struct decode_count *count,
			  struct event **ret_event, struct reject *ret_reject);
/* `map`: what CloudEvents of foreign types mean; NULL, and one without a field: they are unreadable, and *ret_reject names the type.
 * Otherwise the same, into a struct of the caller's, for who needs it no longer than its texts; unless OUTCOME_NONE, nothing that is
 * of use is in it. What the message is read through, in JSON five times what stays of it, lies in `scratch` and is given
 * back. */
enum outcome decode_event_into(const struct message *message, const struct cloudevent_map *map,
			       struct arena *arena, struct arena *scratch, struct decode_count *count,
			       struct event *ret_event, struct reject *ret_reject);
/* The same of an event whose JSON is a part of something else, `around`, and parsed already. */
enum outcome decode_event_node(const struct json_node *node, const struct message *around, struct arena *arena,
			       struct event **ret_event, struct reject *ret_reject);

/* What the collector could not read, or (count not 0) how much it dropped: reads a message of topic phased.rejected
 * (message phased.v1.Rejected). */
enum outcome decode_rejected(const struct message *message, struct arena *arena, struct reject *ret_reject,
			     int64_t *ret_received_us, const char **ret_source);

/* The protobuf form; false when the arena is full. */
bool encode_event(const struct event *event, struct arena *arena, const uint8_t **ret_bytes, size_t *ret_size);
bool encode_rejected(const struct reject *reject, int64_t received_us, const char *source, struct arena *arena,
		     const uint8_t **ret_bytes, size_t *ret_size);

/* event_id: first 64 bits of SHA-256(source ‖ 0 ‖ site ‖ 0 ‖ id). */
uint64_t decode_event_id(const struct event *event);
