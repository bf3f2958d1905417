#include "core/flow/wire.h"

#include <assert.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/text.h"

/* What is left to read of a message. */
struct span {
	const uint8_t *at, *end;
};

/* A field as it stands in the bytes: `body` is empty but for LENGTH_PREFIXED. */
struct field {
	uint32_t number;
	unsigned wire_type;
	struct span body;
};

struct scan {
	struct field_path *path;
	uint64_t unknown_fields;
	unsigned depth;
};

static const uint8_t wire_types[] = {
	[PROTOBUF_C_TYPE_INT32] = PROTOBUF_C_WIRE_TYPE_VARINT,
	[PROTOBUF_C_TYPE_SINT32] = PROTOBUF_C_WIRE_TYPE_VARINT,
	[PROTOBUF_C_TYPE_SFIXED32] = PROTOBUF_C_WIRE_TYPE_32BIT,
	[PROTOBUF_C_TYPE_INT64] = PROTOBUF_C_WIRE_TYPE_VARINT,
	[PROTOBUF_C_TYPE_SINT64] = PROTOBUF_C_WIRE_TYPE_VARINT,
	[PROTOBUF_C_TYPE_SFIXED64] = PROTOBUF_C_WIRE_TYPE_64BIT,
	[PROTOBUF_C_TYPE_UINT32] = PROTOBUF_C_WIRE_TYPE_VARINT,
	[PROTOBUF_C_TYPE_FIXED32] = PROTOBUF_C_WIRE_TYPE_32BIT,
	[PROTOBUF_C_TYPE_UINT64] = PROTOBUF_C_WIRE_TYPE_VARINT,
	[PROTOBUF_C_TYPE_FIXED64] = PROTOBUF_C_WIRE_TYPE_64BIT,
	[PROTOBUF_C_TYPE_FLOAT] = PROTOBUF_C_WIRE_TYPE_32BIT,
	[PROTOBUF_C_TYPE_DOUBLE] = PROTOBUF_C_WIRE_TYPE_64BIT,
	[PROTOBUF_C_TYPE_BOOL] = PROTOBUF_C_WIRE_TYPE_VARINT,
	[PROTOBUF_C_TYPE_ENUM] = PROTOBUF_C_WIRE_TYPE_VARINT,
	[PROTOBUF_C_TYPE_STRING] = PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED,
	[PROTOBUF_C_TYPE_BYTES] = PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED,
	[PROTOBUF_C_TYPE_MESSAGE] = PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED,
};

/* Seven bits a byte, low ones first, at most ten bytes and 64 bits. Most are of one byte. */
static inline bool take_varint(struct span *span, uint64_t *ret_value)
{
	uint64_t value = 0;
	if (span->at < span->end && *span->at < 0x80) {
		*ret_value = *span->at++;
		return true;
	}
	for (unsigned shift = 0; shift < 64 && span->at < span->end; shift += 7) {
		uint8_t byte = *span->at++;
		if (shift == 63 && byte > 1) {
			return false;
		}
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}

static bool take_bytes(struct span *span, uint64_t size, struct span *ret_body)
{
	if (size > (uint64_t)(span->end - span->at)) {
		return false;
	}
	*ret_body = (struct span){.at = span->at, .end = span->at + size};
	span->at += size;
	return true;
}

/* Field number and wire type; false: cut off, or not what a field can begin with. */
static bool take_tag(struct span *span, struct field *field)
{
	uint64_t tag;
	if (!take_varint(span, &tag) || tag > UINT32_MAX || tag >> 3 == 0) {
		return false;
	}
	field->number = (uint32_t)(tag >> 3);
	field->wire_type = tag & 7;
	return true;
}

/* False: cut off, or a group. */
static bool take_body(struct span *span, struct field *field)
{
	uint64_t number;
	struct span body;
	switch (field->wire_type) {
	case PROTOBUF_C_WIRE_TYPE_VARINT:
		return take_varint(span, &number);
	case PROTOBUF_C_WIRE_TYPE_64BIT:
		return take_bytes(span, 8, &body);
	case PROTOBUF_C_WIRE_TYPE_32BIT:
		return take_bytes(span, 4, &body);
	case PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED:
		return take_varint(span, &number) && take_bytes(span, number, &field->body);
	default:
		return false;
	}
}

static enum outcome scan_message(struct scan *scan, struct span span, const struct limits *limits);

/* A field that the descriptors know; `count` includes this one. */
static enum outcome scan_known(struct scan *scan, const struct field *field, const ProtobufCFieldDescriptor *about,
			       const struct limit *limit, unsigned count)
{
	if (about->label == PROTOBUF_C_LABEL_REPEATED && count > limit->count_max) {
		return OUTCOME_too_large;
	}
	if (about->type == PROTOBUF_C_TYPE_MESSAGE) {
		bool twice = about->label != PROTOBUF_C_LABEL_REPEATED && count > 1;
		return twice ? OUTCOME_unreadable : scan_message(scan, field->body, limit->message);
	}
	size_t size = (size_t)(field->body.end - field->body.at);
	if (about->type == PROTOBUF_C_TYPE_STRING && !text_is_utf8((const char *)field->body.at, size)) {
		return OUTCOME_bad_text;
	}
	return OUTCOME_NONE;
}

static enum outcome scan_field(struct scan *scan, struct span *span, const struct limits *limits, uint16_t *counts)
{
	struct field field = {0};
	if (!take_tag(span, &field)) {
		return OUTCOME_unreadable;
	}
	int index = field_limits_find(limits->descriptor, field.number);
	if (index < 0) {
		scan->unknown_fields++;
		return take_body(span, &field) ? OUTCOME_NONE : OUTCOME_unreadable;
	}
	const ProtobufCFieldDescriptor *about = &limits->descriptor->fields[index];
	enum outcome outcome = OUTCOME_unreadable;
	if (field.wire_type == wire_types[about->type] && take_body(span, &field)) {
		outcome = scan_known(scan, &field, about, &limits->fields[index], ++counts[index]);
	}
	if (outcome != OUTCOME_NONE) {
		field_path_add(scan->path, about->name);
	}
	return outcome;
}

/* counts[] cannot overflow: a field takes at least two of at most 64 Ki bytes. */
static_assert(EVENT_MESSAGE_SIZE_MAX / 2 <= UINT16_MAX, "counts of fields fit 16 bits");

static enum outcome scan_message(struct scan *scan, struct span span, const struct limits *limits)
{
	uint16_t counts[LIMITS_FIELDS_MAX] = {0};
	if (scan->depth == EVENT_DEPTH_MAX) {
		return OUTCOME_too_large;
	}
	scan->depth++;
	while (span.at < span.end) {
		enum outcome outcome = scan_field(scan, &span, limits, counts);
		if (outcome != OUTCOME_NONE) {
			return outcome;
		}
	}
	scan->depth--;
	return OUTCOME_NONE;
}

/* protobuf-c's view of an arena. */
struct unpack_memory {
	struct arena *arena;
	bool full;
};

static void *on_alloc(void *context, size_t size)
{
	struct unpack_memory *memory = context;
	void *piece = arena_take(memory->arena, size);
	memory->full = memory->full || piece == NULL;
	return piece;
}

static void on_free(void *context, void *piece)
{
	(void)context;
	(void)piece;
}

enum outcome wire_read(const uint8_t *bytes, size_t size, const struct limits *limits, struct arena *arena,
		       struct field_path *path, uint64_t *unknown_fields, ProtobufCMessage **ret_message)
{
	CHECK(size <= EVENT_MESSAGE_SIZE_MAX);
	struct scan scan = {.path = path};
	enum outcome outcome = scan_message(&scan, (struct span){.at = bytes, .end = bytes + size}, limits);
	if (outcome != OUTCOME_NONE) {
		return outcome;
	}
	struct unpack_memory memory = {.arena = arena};
	ProtobufCAllocator allocator = {.alloc = on_alloc, .free = on_free, .allocator_data = &memory};
	ProtobufCMessage *message = protobuf_c_message_unpack(limits->descriptor, &allocator, size, bytes);
	if (message == NULL) {
		return memory.full ? OUTCOME_too_large : OUTCOME_unreadable;
	}
	*unknown_fields += scan.unknown_fields;
	*ret_message = message;
	return OUTCOME_NONE;
}
