/*
 * An ordinary event's wire form without a message of protobuf-c's between, whose sizes would be counted three times over.
 */
#include <endian.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/flow/field_limits.h"
#include "core/flow/quick_event.h"
#include "core/flow/quick_places.h"

#define ROOM ((size_t)8 * 1024) /* a larger one goes the careful way */
#define FIELD_MORE 32		/* at least what a field takes beside a text */
#define SMALL_MAX 0x7f		/* fits one byte of a varint */

struct writer {
	uint8_t *at, *end;
	const struct event *event;
};

static void put_varint(struct writer *writer, uint64_t number)
{
	while (number > SMALL_MAX) {
		*writer->at++ = (uint8_t)(number | 0x80);
		number >>= 7;
	}
	*writer->at++ = (uint8_t)number;
}

static void put_tag(struct writer *writer, const ProtobufCFieldDescriptor *field, unsigned wire_type)
{
	put_varint(writer, field->id << 3 | wire_type);
}

static bool put_bytes(struct writer *writer, const ProtobufCFieldDescriptor *field, const void *bytes, size_t size)
{
	if (size > (size_t)(writer->end - writer->at) - FIELD_MORE) {
		return false;
	}
	put_tag(writer, field, PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED);
	put_varint(writer, size);
	memcpy(writer->at, bytes, size);
	writer->at += size;
	return true;
}

/* 0 says nothing. */
static bool put_number(struct writer *writer, const ProtobufCFieldDescriptor *field, uint64_t number)
{
	if (number != 0) {
		put_tag(writer, field, PROTOBUF_C_WIRE_TYPE_VARINT);
		put_varint(writer, number);
	}
	return true;
}

static bool put_double(struct writer *writer, const ProtobufCFieldDescriptor *field, const char *place)
{
	uint64_t bits;
	memcpy(&bits, place, sizeof(bits));
	bits = htole64(bits);
	put_tag(writer, field, PROTOBUF_C_WIRE_TYPE_64BIT);
	memcpy(writer->at, &bits, sizeof(bits));
	writer->at += sizeof(bits);
	return true;
}

static bool put_text(struct writer *writer, const ProtobufCFieldDescriptor *field, const char *place)
{
	const char *text;
	memcpy(&text, place, sizeof(text));
	return text == NULL || text[0] == '\0' || put_bytes(writer, field, text, strlen(text));
}

/* "zigzag": 0, -1, 1, -2 … */
static uint64_t zigzag(const char *place)
{
	int64_t number;
	memcpy(&number, place, sizeof(number));
	return (uint64_t)number << 1 ^ (number < 0 ? UINT64_MAX : 0);
}

static uint32_t number_at(const char *place)
{
	uint32_t number;
	memcpy(&number, place, sizeof(number));
	return number;
}

/* Of a oneof, what is not said is left out, whatever lies in its place. */
static bool is_said(const struct event *event, const char *place)
{
	return place == (const char *)&event->value		    ? event->has_value
	       : place == (const char *)&event->rating		    ? event->has_rating
	       : place == (const char *)&event->identity.email	    ? !event->identity.has_email_actor
	       : place == (const char *)event->identity.email_actor ? event->identity.has_email_actor
								    : true;
}

static bool put_value(struct writer *writer, const ProtobufCFieldDescriptor *field, const char *place)
{
	if (field_limits_is_oneof(field) && !is_said(writer->event, place)) {
		return true;
	}
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
		return put_text(writer, field, place);
	case PROTOBUF_C_TYPE_BYTES:
		return put_bytes(writer, field, place, sizeof(writer->event->identity.email_actor));
	case PROTOBUF_C_TYPE_ENUM:
	case PROTOBUF_C_TYPE_UINT32:
		return put_number(writer, field, number_at(place));
	case PROTOBUF_C_TYPE_SINT64:
		return put_number(writer, field, zigzag(place));
	case PROTOBUF_C_TYPE_BOOL:
		return put_number(writer, field, *(const bool *)place ? 1 : 0);
	case PROTOBUF_C_TYPE_DOUBLE:
		return put_double(writer, field, place);
	default:
		return false;
	}
}

static bool put_message(struct writer *writer, const ProtobufCMessageDescriptor *descriptor,
			const struct place *places);

/* Its size is known afterwards: there is room for one byte of it, and what needs two moves on. Without anything in it, it is none. */
static bool put_inner(struct writer *writer, const ProtobufCFieldDescriptor *field, const struct place *places)
{
	uint8_t *begin = writer->at;
	put_tag(writer, field, PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED);
	uint8_t *size_at = writer->at++;
	if (!put_message(writer, field->descriptor, places)) {
		return false;
	}
	size_t size = (size_t)(writer->at - size_at - 1);
	if (size == 0) {
		writer->at = begin;
	} else if (size <= SMALL_MAX) {
		*size_at = (uint8_t)size;
	} else {
		memmove(size_at + 2, size_at + 1, size);
		size_at[0] = (uint8_t)(size | 0x80);
		size_at[1] = (uint8_t)(size >> 7);
		writer->at++;
	}
	return true;
}

static bool put_message(struct writer *writer, const ProtobufCMessageDescriptor *descriptor,
			const struct place *places)
{
	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		if (writer->end - writer->at < 2 * FIELD_MORE) {
			return false;
		}
		bool good = places[i].kind == VALUE   ? put_value(writer, &descriptor->fields[i],
								  (const char *)writer->event + places[i].at)
			    : places[i].kind == INNER ? put_inner(writer, &descriptor->fields[i], places[i].places)
						      : true;
		if (!good) {
			return false;
		}
	}
	return true;
}

bool quick_event_write(const struct event *event, struct arena *arena, const uint8_t **ret_bytes, size_t *ret_size)
{
	if (event->opportunity.present || event->properties_count > 0) {
		return false;
	}
	uint8_t *room = arena_take(arena, ROOM);
	if (room == NULL) {
		return false;
	}
	struct writer writer = {.at = room, .end = room + ROOM, .event = event};
	bool good = put_message(&writer, limits_event.descriptor, quick_event_places);
	size_t size = good ? (size_t)(writer.at - room) : 0;
	arena_back(arena, arena->used - (ROOM - size));
	*ret_bytes = room;
	*ret_size = size;
	return good;
}
