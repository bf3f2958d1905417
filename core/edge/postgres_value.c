/*
 * PostgreSQL's binary wire form of parameters: numbers in network order, arrays of one dimension. Knows no libpq.
 */
#include <math.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/postgres_wire.h"

#define ARRAY_HEADER 20		 /* dimensions, has null, element type, count, lower bound */
#define POSTGRES_DAY_EPOCH 10957 /* 2000-01-01 in days since 1970 */

static const struct {
	uint32_t oid, array_oid;
	int size; /* of an element; 0: it varies */
	int room; /* for one that varies: an array that is too small is copied. States are what BYTEA is used for. */
} types[] = {
	[POSTGRES_BOOL] = {16, 1000, 1},	  [POSTGRES_INT2] = {21, 1005, 2},
	[POSTGRES_INT4] = {23, 1007, 4},	  [POSTGRES_INT8] = {20, 1016, 8},
	[POSTGRES_FLOAT8] = {701, 1022, 8},	  [POSTGRES_TEXT] = {25, 1009, 0, 24},
	[POSTGRES_BYTEA] = {17, 1001, 0, 160},	  [POSTGRES_UUID] = {2950, 2951, 16},
	[POSTGRES_TIMESTAMPTZ] = {1184, 1185, 8}, [POSTGRES_DATE] = {1082, 1182, 4},
	[POSTGRES_TID] = {27, 1010, 6},		  [POSTGRES_ROW] = {0, 0, 0, 200},
};

uint32_t postgres_oid(enum postgres_type type, bool array)
{
	CHECK((size_t)type < COUNT_OF(types));
	return array ? types[type].array_oid : types[type].oid;
}

int64_t postgres_moment_from_wire(int64_t wire)
{
	return wire == INT64_MIN || wire == INT64_MAX ? wire : wire + MOMENT_POSTGRES_EPOCH_US;
}

/* What a number may be written over the end of its element: postgres_array_int(). */
#define SLACK 8

void postgres_array_init(struct postgres_array *array, struct arena *arena, enum postgres_type type,
			 size_t expected)
{
	CHECK((size_t)type < COUNT_OF(types));
	uint32_t size = (uint32_t)types[type].size;
	size_t each = (size_t)(size > 0 ? types[type].size : types[type].room) + 4;
	size_t room = ARRAY_HEADER + each * (expected > 0 ? expected : 1);
	*array = (struct postgres_array){.arena = arena, .type = type, .size = size};
	array->bytes = arena_take(arena, room + SLACK);
	array->full = array->bytes == NULL;
	if (!array->full) {
		array->used = ARRAY_HEADER;
		array->room = room;
	}
}

bool postgres_array_grow(struct postgres_array *array, size_t size)
{
	if (array->full) {
		return false;
	}
	size_t room = array->room * 2 > array->used + size + 4 ? array->room * 2 : array->used + size + 4;
	char *bytes = room > INT32_MAX ? NULL : arena_take(array->arena, room + SLACK);
	if (bytes == NULL) {
		array->full = true;
		array->room = array->used; /* nothing fits any more */
		return false;
	}
	memcpy(bytes, array->bytes, array->used);
	array->bytes = bytes;
	array->room = room;
	return true;
}

void postgres_array_float_or_null(struct postgres_array *array, double value)
{
	if (isnan(value)) {
		postgres_array_null(array);
	} else {
		postgres_array_float(array, value);
	}
}

void postgres_array_date(struct postgres_array *array, int64_t us)
{
	CHECK(array->type == POSTGRES_DATE);
	postgres_array_int(array, moment_floor(us, MOMENT_DAY_US) - POSTGRES_DAY_EPOCH);
}

bool postgres_array_value(struct postgres_array *array, struct postgres_value *ret_value)
{
	if (array->full) {
		return false;
	}
	postgres_put(array->bytes, array->count > 0 ? 1 : 0, 4);
	postgres_put(array->bytes + 4, array->has_null ? 1 : 0, 4);
	postgres_put(array->bytes + 8, types[array->type].oid, 4);
	postgres_put(array->bytes + 12, array->count, 4);
	postgres_put(array->bytes + 16, 1, 4);
	*ret_value = (struct postgres_value){array->bytes, array->count > 0 ? (int)array->used : 12};
	return true;
}

bool postgres_value_int(struct arena *arena, enum postgres_type type, int64_t value, struct postgres_value *ret)
{
	int size = types[type].size;
	CHECK(size > 0 && size <= 8);
	char *bytes = arena_take(arena, 8);
	if (bytes == NULL) {
		return false;
	}
	postgres_put(bytes, (uint64_t)value, size);
	*ret = (struct postgres_value){bytes, size};
	return true;
}

bool postgres_value_text(const char *text, struct postgres_value *ret)
{
	*ret = (struct postgres_value){text, text != NULL ? (int)strlen(text) : -1};
	return true;
}

bool postgres_value_uuid(const struct uuid *id, struct postgres_value *ret)
{
	*ret = (struct postgres_value){id->bytes, (int)sizeof(id->bytes)};
	return true;
}

bool postgres_value_moment(struct arena *arena, int64_t us, struct postgres_value *ret)
{
	return postgres_value_int(arena, POSTGRES_TIMESTAMPTZ, postgres_moment_to_wire(us), ret);
}
