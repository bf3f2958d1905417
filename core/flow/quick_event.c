#include "core/flow/quick_event.h"

#include <assert.h>
#include <endian.h>
#include <math.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/text.h"
#include "core/flow/field_limits.h"
#include "core/flow/quick_places.h"
#include "core/flow/validate.h"
#include "core/model/event.h"

#define SEEN_EMAIL (UINT32_C(1) << 4)
#define SEEN_EMAIL_ACTOR (UINT32_C(1) << 5)
#define SEEN_VALUE (UINT32_C(1) << 20)
#define SEEN_RATING (UINT32_C(1) << 21)

#define SPARE sizeof(uint64_t) /* bytes behind the copy: a NUL, and what is read with a number at the end */
#define MASKED_MAX 32	       /* more texts than rules may look at */

/*
 * The bytes are read where they lie in the arena, in a copy of the message. A text there gets its NUL where the next
 * field's tag begins, so it is written once that tag has been read.
 */
struct reader {
	uint8_t *at;
	uint8_t *text_end; /* where the NUL of the last text goes */
	struct event *event;
	unsigned masked_count;
	char *masked[MASKED_MAX]; /* texts that may hold an address: masked when all have their NUL */
};

/* One and two bytes are what sizes, tags and enums of an ordinary event take. */
static inline bool take_small(struct reader *reader, const uint8_t *end, uint32_t *ret_number)
{
	const uint8_t *at = reader->at;
	if (at < end && at[0] < 0x80) {
		*ret_number = at[0];
		reader->at += 1;
		return true;
	}
	if (end - at >= 2 && at[1] < 0x80) {
		*ret_number = (at[0] & 0x7fU) | (uint32_t)at[1] << 7;
		reader->at += 2;
		return true;
	}
	return false;
}

/* At most eight bytes, 56 bits: until 3111 a moment takes no more. */
static inline bool take_varint(struct reader *reader, const uint8_t *end, uint64_t *ret_number)
{
	const uint64_t tops = UINT64_C(0x8080808080808080);
	uint64_t word;
	memcpy(&word, reader->at, sizeof(word)); /* behind the message there are as many bytes of zero */
	word = le64toh(word);
	uint64_t last = ~word & tops; /* the top bit of each byte that ends a number */
	if (last == 0) {
		return false;
	}
	reader->at += __builtin_ctzll(last) / 8 + 1;
	word &= (last ^ (last - 1)) & ~tops; /* up to the first of them; then seven bits a byte move together */
	word = (word & UINT64_C(0x007f007f007f007f)) | (word & UINT64_C(0x7f007f007f007f00)) >> 1;
	word = (word & UINT64_C(0x00003fff00003fff)) | (word & UINT64_C(0x3fff00003fff0000)) >> 2;
	*ret_number = (word & UINT64_C(0x0fffffff)) | (word & UINT64_C(0x0fffffff00000000)) >> 4;
	return reader->at <= end;
}

static bool read_text(struct reader *reader, const uint8_t *end, const struct limit *limit, char *place)
{
	uint32_t size;
	if (!take_small(reader, end, &size) || size > end - reader->at || size > limit->size_max ||
	    (size == 0 && (limit->flags & LIMIT_REQUIRED))) {
		return false;
	}
	char *text = (char *)reader->at;
	bool may_hold_address;
	if (!text_scan(text, size, &may_hold_address) ||
	    ((limit->flags & LIMIT_WORD) && !validate_is_word(text, size))) {
		return false;
	}
	if ((limit->flags & LIMIT_MASKED) && may_hold_address) {
		if (reader->masked_count == MASKED_MAX) {
			return false;
		}
		reader->masked[reader->masked_count++] = text;
	}
	reader->at += size;
	reader->text_end = reader->at;
	memcpy(place, &text, sizeof(text));
	return true;
}

/* The address's actor id, the only field of this type. */
static bool read_actor_id(struct reader *reader, const uint8_t *end, char *place)
{
	const size_t id_size = sizeof(reader->event->identity.email_actor);
	uint32_t size;
	if (!take_small(reader, end, &size) || size != id_size || size > end - reader->at) {
		return false;
	}
	memcpy(place, reader->at, id_size);
	reader->at += id_size;
	return true;
}

/* Most enums' numbers are one range without holes. */
static bool is_value_of(const ProtobufCEnumDescriptor *descriptor, uint32_t number)
{
	const ProtobufCIntRange *ranges = descriptor->value_ranges;
	if (descriptor->n_value_ranges == 1) { /* the entry behind the last range says how many values there are */
		return number - (uint32_t)ranges[0].start_value < ranges[1].orig_index;
	}
	return protobuf_c_enum_descriptor_get_value(descriptor, (int)number) != NULL;
}

static bool read_enum(struct reader *reader, const uint8_t *end, const ProtobufCFieldDescriptor *field,
		      const struct limit *limit, char *place)
{
	uint32_t number;
	if (!take_small(reader, end, &number) || (number == 0 && (limit->flags & LIMIT_REQUIRED)) ||
	    !is_value_of(field->descriptor, number)) {
		return false;
	}
	memcpy(place, &number, sizeof(number));
	return true;
}

static bool read_moment(struct reader *reader, const uint8_t *end, char *place)
{
	uint64_t bits;
	if (!take_varint(reader, end, &bits)) {
		return false;
	}
	int64_t us = (int64_t)(bits >> 1 ^ -(bits & 1)); /* "zigzag": 0, -1, 1, -2 … */
	memcpy(place, &us, sizeof(us));
	return validate_is_moment(us);
}

static bool is_in_range(double number, const struct limit *limit)
{
	return limit->high <= limit->low || (number >= limit->low && number <= limit->high);
}

static bool read_uint32(struct reader *reader, const uint8_t *end, const struct limit *limit, char *place)
{
	uint64_t bits;
	if (!take_varint(reader, end, &bits) || bits > UINT32_MAX || !is_in_range((double)bits, limit)) {
		return false;
	}
	memcpy(place, &(uint32_t){(uint32_t)bits}, sizeof(uint32_t));
	return true;
}

static bool read_bool(struct reader *reader, const uint8_t *end, char *place)
{
	uint32_t number;
	if (!take_small(reader, end, &number)) {
		return false;
	}
	memcpy(place, &(bool){number != 0}, sizeof(bool));
	return true;
}

static bool read_double(struct reader *reader, const uint8_t *end, const struct limit *limit, char *place)
{
	uint64_t bits;
	double number;
	if (end - reader->at < (ptrdiff_t)sizeof(bits)) {
		return false;
	}
	memcpy(&bits, reader->at, sizeof(bits));
	reader->at += sizeof(bits);
	bits = le64toh(bits);
	memcpy(&number, &bits, sizeof(number));
	memcpy(place, &number, sizeof(number));
	return isfinite(number) && is_in_range(number, limit);
}

static bool read_value(struct reader *reader, const uint8_t *end, unsigned wire_type,
		       const ProtobufCFieldDescriptor *field, const struct limit *limit, char *place)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
		return wire_type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED && read_text(reader, end, limit, place);
	case PROTOBUF_C_TYPE_BYTES:
		return wire_type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED && read_actor_id(reader, end, place);
	case PROTOBUF_C_TYPE_ENUM:
		return wire_type == PROTOBUF_C_WIRE_TYPE_VARINT && read_enum(reader, end, field, limit, place);
	case PROTOBUF_C_TYPE_SINT64:
		return wire_type == PROTOBUF_C_WIRE_TYPE_VARINT && read_moment(reader, end, place);
	case PROTOBUF_C_TYPE_UINT32:
		return wire_type == PROTOBUF_C_WIRE_TYPE_VARINT && read_uint32(reader, end, limit, place);
	case PROTOBUF_C_TYPE_BOOL:
		return wire_type == PROTOBUF_C_WIRE_TYPE_VARINT && read_bool(reader, end, place);
	case PROTOBUF_C_TYPE_DOUBLE:
		return wire_type == PROTOBUF_C_WIRE_TYPE_64BIT && read_double(reader, end, limit, place);
	default:
		return false;
	}
}

static bool read_message(struct reader *reader, const uint8_t *end, const struct limits *limits,
			 const struct place *places, uint32_t *ret_seen);

/* Ends where the message around it goes on. */
static bool read_inner(struct reader *reader, const uint8_t *end, unsigned wire_type, const struct limits *limits,
		       const struct place *places)
{
	uint32_t size, seen;
	if (wire_type != PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED || !take_small(reader, end, &size) ||
	    size > end - reader->at || !read_message(reader, reader->at + size, limits, places, &seen)) {
		return false;
	}
	if (places == quick_identity_places) {
		reader->event->identity.has_email_actor = (seen & SEEN_EMAIL_ACTOR) != 0;
		return (seen & SEEN_EMAIL) == 0 ||
		       (seen & SEEN_EMAIL_ACTOR) == 0; /* of a oneof the last would hold */
	}
	return true;
}

static_assert(LIMITS_FIELDS_MAX <= 32, "a bit a field number");

static bool read_message(struct reader *reader, const uint8_t *end, const struct limits *limits,
			 const struct place *places, uint32_t *ret_seen)
{
	uint32_t seen = 0;
	while (reader->at < end) {
		uint32_t tag;
		if (!take_small(reader, end, &tag)) {
			return false;
		}
		*reader->text_end = '\0';
		unsigned number = tag >> 3, wire_type = tag & 7;
		if (number - 1 >= limits->descriptor->n_fields || (seen & UINT32_C(1) << number) != 0) {
			return false;
		}
		seen |= UINT32_C(1) << number;
		const struct limit *limit = &limits->fields[number - 1];
		const struct place *place = &places[number - 1];
		bool taken = false;
		if (place->kind == VALUE) {
			taken = read_value(reader, end, wire_type, &limits->descriptor->fields[number - 1], limit,
					   (char *)reader->event + place->at);
		} else if (place->kind == INNER) {
			taken = read_inner(reader, end, wire_type, limit->message, place->places);
		}
		if (!taken) {
			return false;
		}
	}
	*ret_seen = seen;
	return true;
}

static bool read_event(struct reader *reader, const uint8_t *end)
{
	struct event *event = reader->event;
	uint32_t seen;
	if (!read_message(reader, end, &limits_event, quick_event_places, &seen)) {
		return false;
	}
	*reader->text_end = '\0';
	event->has_value = (seen & SEEN_VALUE) != 0;
	event->has_rating = (seen & SEEN_RATING) != 0;
	for (unsigned i = 0; i < reader->masked_count; i++) {
		text_mask_addresses(reader->masked[i]);
	}
	return event->id[0] != '\0' && event->source[0] != '\0' && event->channel != CHANNEL_UNSAID &&
	       event->action != ACTION_UNSAID;
}

bool quick_event_read(const uint8_t *bytes, size_t size, struct arena *arena, struct event *ret_event)
{
	size_t mark = arena->used;
	uint8_t *copy = size > EVENT_MESSAGE_SIZE_MAX ? NULL : arena_take(arena, size + SPARE);
	if (copy == NULL) {
		return false;
	}
	if (size > 0) {
		memcpy(copy, bytes, size);
	}
	memset(copy + size, 0, SPARE);
	*ret_event = event_blank;
	struct reader reader = {.at = copy, .text_end = copy + size, .event = ret_event};
	if (!read_event(&reader, copy + size)) {
		arena_back(arena, mark);
		return false;
	}
	return true;
}
