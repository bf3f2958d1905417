/*
 * What each field of the messages on the topics may hold: one row a field, for reading either form and for the checks
 * after it. With path: where in a message something is.
 *
 * Only the files of DECODE (decode, encode, event_message, field_limits, protojson, quick_event, quick_write, validate,
 * wire) know protobuf-c.
 */
#pragma once
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "core/model/event.h"
#include "core/model/outcome.h"

enum limit_flag {
	LIMIT_REQUIRED = 1 << 0, /* text not empty, enum not 0 */
	LIMIT_WORD = 1 << 1,	 /* text of [a-z0-9_-] */
	LIMIT_MASKED = 1 << 2,	 /* what looks like a mail address is overwritten */
	LIMIT_MOMENT = 1 << 3,	 /* sint64 _us: 0, or in the years 1 to 9999 */
	LIMIT_ACTION = 1 << 4	 /* an unknown number is outcome unknown_action */
};

/* One field. What is 0 does not apply. */
struct limit {
	const char *name;	      /* as in event.proto */
	uint16_t size_min, size_max;  /* bytes of a text or of bytes that are not empty */
	uint16_t count_max;	      /* of a list */
	uint16_t flags;		      /* enum limit_flag */
	double low, high;	      /* of a number when high > low; a double is finite in any case */
	const struct limits *message; /* of a message inside */
};

#define LIMITS_FIELDS_MAX 32

/* One message. */
struct limits {
	const ProtobufCMessageDescriptor *descriptor;
	const struct limit *fields; /* as many as, and in the order of, descriptor->fields */
};

extern const struct limits limits_event, limits_rejected;

/* Where something is wrong: names from the innermost field outwards, noted while the reading is given up. */
struct field_path {
	unsigned depth;
	const char *names[EVENT_DEPTH_MAX + 1];
};

static inline void field_path_add(struct field_path *path, const char *name)
{
	path->names[path->depth++] = name;
}

/* The index of the field with this number, or -1. */
static inline int field_limits_find(const ProtobufCMessageDescriptor *descriptor, uint32_t number)
{
	if (number - 1 < descriptor->n_fields && descriptor->fields[number - 1].id == number) {
		return (int)number - 1; /* numbers without holes: the ordinary case */
	}
	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		if (descriptor->fields[i].id == number) {
			return (int)i;
		}
	}
	return -1;
}

static inline bool field_limits_is_oneof(const ProtobufCFieldDescriptor *field)
{
	return (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
}
