/*
 * Array parameters in PostgreSQL's binary form, appended to element by element: a batch's rows are some hundred thousand of
 * these, so an element is written in place, and only growing is a call.
 */
#pragma once
#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/base/uuid.h"

struct arena;
struct postgres_value;

/* What a statement's parameters are built from: arrays of one type, or single values. */
enum postgres_type {
	POSTGRES_BOOL,
	POSTGRES_INT2,
	POSTGRES_INT4,
	POSTGRES_INT8,
	POSTGRES_FLOAT8,
	POSTGRES_TEXT,
	POSTGRES_BYTEA,
	POSTGRES_UUID,
	POSTGRES_TIMESTAMPTZ,
	POSTGRES_DATE,
	POSTGRES_TID,
	POSTGRES_ROW /* of a type of ours, which the statement names: $1::phased.some_row[] (core/edge/store_rows.h) */
};

/* An array parameter under construction: fixed element type, elements appended one by one. */
struct postgres_array {
	struct arena *arena;
	enum postgres_type type;
	uint32_t size; /* of an element; 0: it varies */
	char *bytes;   /* wire form, header included */
	size_t used;
	size_t room; /* less what one number may be written over its end */
	uint32_t count;
	bool full; /* the arena was: postgres_array_value() then says so. Nothing has room then. */
	bool has_null;
};

void postgres_array_init(struct postgres_array *array, struct arena *arena, enum postgres_type type,
			 size_t expected);
/* Makes room for an element of `size` bytes and its length. False: the arena is full. */
bool postgres_array_grow(struct postgres_array *array, size_t size);

/* Room for one more element with its length in front; NULL when the arena is full. */
static inline char *postgres_array_next(struct postgres_array *array, uint32_t size)
{
	if (__builtin_expect(array->room - array->used < (size_t)size + 4, 0) &&
	    !postgres_array_grow(array, size)) {
		return NULL;
	}
	char *at = array->bytes + array->used;
	uint32_t length = htobe32(size);
	memcpy(at, &length, sizeof(length));
	array->used += (size_t)size + 4;
	array->count++;
	return at + sizeof(length);
}

/* BOOL, INT2, INT4, INT8: the low bytes. */
static inline void postgres_array_int(struct postgres_array *array, int64_t value)
{
	CHECK(array->size - 1 < 8);
	char *at = postgres_array_next(array, array->size);
	if (at != NULL) {
		/* Eight bytes whatever the size: the next element is written over the rest. */
		uint64_t wire = htobe64((uint64_t)value << (64 - 8 * array->size));
		memcpy(at, &wire, sizeof(wire));
	}
}

static inline void postgres_array_float(struct postgres_array *array, double value)
{
	int64_t bits;
	memcpy(&bits, &value, sizeof(bits));
	CHECK(array->type == POSTGRES_FLOAT8);
	postgres_array_int(array, bits);
}

static inline void postgres_array_uuid(struct postgres_array *array, const struct uuid *id)
{
	CHECK(array->type == POSTGRES_UUID);
	char *at = postgres_array_next(array, sizeof(id->bytes));
	if (at != NULL) {
		memcpy(at, id->bytes, sizeof(id->bytes));
	}
}

static inline void postgres_array_null(struct postgres_array *array)
{
	char *at = postgres_array_next(array, 0);
	if (at != NULL) {
		memset(at - 4, 0xff, 4); /* length -1 */
		array->has_null = true;
	}
}

static inline void postgres_array_bytes(struct postgres_array *array, const void *bytes,
					size_t size) /* TEXT, BYTEA */
{
	CHECK(array->type == POSTGRES_TEXT || array->type == POSTGRES_BYTEA);
	CHECK(size <= INT32_MAX);
	char *at = postgres_array_next(array, (uint32_t)size);
	if (at != NULL && size > 0) {
		memcpy(at, bytes, size);
	}
}

static inline void postgres_array_text(struct postgres_array *array, const char *text) /* NULL: SQL NULL */
{
	if (text == NULL) {
		postgres_array_null(array);
	} else {
		postgres_array_bytes(array, text, strlen(text));
	}
}

/* µs since 1970; INT64_MIN and INT64_MAX are -infinity and infinity. */
static inline int64_t postgres_moment_to_wire(int64_t us)
{
	return us == INT64_MIN || us == INT64_MAX ? us : us - MOMENT_POSTGRES_EPOCH_US;
}

static inline void postgres_array_moment(struct postgres_array *array, int64_t us)
{
	CHECK(array->type == POSTGRES_TIMESTAMPTZ);
	postgres_array_int(array, postgres_moment_to_wire(us));
}

/* INT64_MIN: NULL. */
static inline void postgres_array_moment_or_null(struct postgres_array *array, int64_t us)
{
	if (us == INT64_MIN) {
		postgres_array_null(array);
	} else {
		postgres_array_moment(array, us);
	}
}

void postgres_array_float_or_null(struct postgres_array *array, double value); /* NAN: NULL */
void postgres_array_date(struct postgres_array *array, int64_t us);	       /* the UTC day of a moment */
/* False: the arena was full. The array must not grow afterwards. */
bool postgres_array_value(struct postgres_array *array, struct postgres_value *ret_value);
