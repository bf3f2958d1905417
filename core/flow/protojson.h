/*
 * Protobuf's JSON mapping → message in the arena: one walker over the descriptors, for every message.
 *
 * As protobuf's own mapping (snake_case and lowerCamelCase names, enums by name or number, 64-bit integers as text or
 * number, bytes in base64, null as absent), and beyond it the fields that end in _us also as RFC 3339 text. Stricter
 * in one thing: nothing is skipped, so an unknown key, a field under both of its names and two members of a oneof are
 * refused.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "core/flow/field_limits.h"

struct arena;
struct json_node;

/*
 * OUTCOME_NONE and the message, or the outcome and in *path the field (or the unknown key, fit to be shown): not JSON,
 * not an object, an unknown key, a key twice, a wrong type (unreadable); an integer that the field's type does not
 * hold, an enum's unknown name (bad_value; unknown_action for the action); a list or depth over its limit, a full arena
 * (too_large); text that is no UTF-8 or holds a NUL (bad_text).
 */
enum outcome protojson_read(const uint8_t *bytes, size_t size, const struct limits *limits, struct arena *arena,
			    struct field_path *path, ProtobufCMessage **ret_message);
/* Its two steps. */
enum outcome protojson_parse(const uint8_t *bytes, size_t size, unsigned depth_max, struct arena *arena,
			     struct field_path *path, struct json_node **ret_root);
/* Of a tree at most as deep as an event may be. Changes keys that it shows. */
enum outcome protojson_node(const struct json_node *root, const struct limits *limits, struct arena *arena,
			    struct field_path *path, ProtobufCMessage **ret_message);
