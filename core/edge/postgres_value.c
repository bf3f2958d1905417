/*
 * PostgreSQL's binary wire form of parameters: numbers in network order, arrays of one dimension. Knows no libpq.
 */
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
} types[] = {
	[POSTGRES_BOOL] = {16, 1000, 1},	  [POSTGRES_INT2] = {21, 1005, 2},
	[POSTGRES_INT4] = {23, 1007, 4},	  [POSTGRES_INT8] = {20, 1016, 8},
	[POSTGRES_FLOAT8] = {701, 1022, 8},	  [POSTGRES_TEXT] = {25, 1009, 0},
	[POSTGRES_BYTEA] = {17, 1001, 0},	  [POSTGRES_UUID] = {2950, 2951, 16},
	[POSTGRES_TIMESTAMPTZ] = {1184, 1185, 8}, [POSTGRES_DATE] = {1082, 1182, 4},
};

uint32_t postgres_oid(enum postgres_type type, bool array)
{
	CHECK((size_t)type < COUNT_OF(types));
	return array ? types[type].array_oid : types[type].oid;
}

void postgres_put(char *at, uint64_t value, int size)
{
	for (int i = size - 1; i >= 0; i--) {
		at[i] = (char)(value & 0xff);
		value >>= 8;
	}
}

uint64_t postgres_get(const char *at, int size)
{
	uint64_t value = 0;
	for (int i = 0; i < size; i++) {
		value = value << 8 | (uint8_t)at[i];
	}
	return value;
}

int64_t postgres_moment_to_wire(int64_t us)
{
	return us == INT64_MIN || us == INT64_MAX ? us : us - MOMENT_POSTGRES_EPOCH_US;
}

int64_t postgres_moment_from_wire(int64_t wire)
{
	return wire == INT64_MIN || wire == INT64_MAX ? wire : wire + MOMENT_POSTGRES_EPOCH_US;
}

void postgres_array_init(struct postgres_array *array, struct arena *arena, enum postgres_type type,
			 size_t expected)
{
	CHECK((size_t)type < COUNT_OF(types));
	size_t each = (types[type].size > 0 ? (size_t)types[type].size : 24) + 4;
	*array = (struct postgres_array){.arena = arena, .type = type, .used = ARRAY_HEADER};
	array->room = ARRAY_HEADER + each * (expected > 0 ? expected : 1);
	array->bytes = arena_take(arena, array->room);
	array->full = array->bytes == NULL;
}

/* Room for one more element of `size` bytes with its length in front; NULL when the arena is full. */
static char *grow(struct postgres_array *array, size_t size)
{
	if (array->full) {
		return NULL;
	}
	if (size + 4 > array->room - array->used) {
		size_t room = array->room * 2 > array->used + size + 4 ? array->room * 2 : array->used + size + 4;
		char *bytes = room > INT32_MAX ? NULL : arena_take(array->arena, room);
		if (bytes == NULL) {
			array->full = true;
			return NULL;
		}
		memcpy(bytes, array->bytes, array->used);
		array->bytes = bytes;
		array->room = room;
	}
	char *at = array->bytes + array->used;
	array->used += size + 4;
	array->count++;
	postgres_put(at, size, 4);
	return at + 4;
}

void postgres_array_int(struct postgres_array *array, int64_t value)
{
	int size = types[array->type].size;
	CHECK(size > 0 && size <= 8);
	char *at = grow(array, (size_t)size);
	if (at != NULL) {
		postgres_put(at, (uint64_t)value, size);
	}
}

void postgres_array_float(struct postgres_array *array, double value)
{
	CHECK(array->type == POSTGRES_FLOAT8);
	char *at = grow(array, 8);
	if (at != NULL) {
		uint64_t bits;
		memcpy(&bits, &value, sizeof(bits));
		postgres_put(at, bits, 8);
	}
}

void postgres_array_text(struct postgres_array *array, const char *text)
{
	if (text == NULL) {
		postgres_array_null(array);
		return;
	}
	postgres_array_bytes(array, text, strlen(text));
}

void postgres_array_bytes(struct postgres_array *array, const void *bytes, size_t size)
{
	CHECK(array->type == POSTGRES_TEXT || array->type == POSTGRES_BYTEA);
	char *at = grow(array, size);
	if (at != NULL && size > 0) {
		memcpy(at, bytes, size);
	}
}

void postgres_array_uuid(struct postgres_array *array, const struct uuid *id)
{
	CHECK(array->type == POSTGRES_UUID);
	char *at = grow(array, sizeof(id->bytes));
	if (at != NULL) {
		memcpy(at, id->bytes, sizeof(id->bytes));
	}
}

void postgres_array_moment(struct postgres_array *array, int64_t us)
{
	CHECK(array->type == POSTGRES_TIMESTAMPTZ);
	postgres_array_int(array, postgres_moment_to_wire(us));
}

void postgres_array_date(struct postgres_array *array, int64_t us)
{
	CHECK(array->type == POSTGRES_DATE);
	postgres_array_int(array, moment_floor(us, MOMENT_DAY_US) - POSTGRES_DAY_EPOCH);
}

void postgres_array_null(struct postgres_array *array)
{
	char *at = grow(array, 0);
	if (at != NULL) {
		postgres_put(at - 4, UINT32_MAX, 4);
		array->has_null = true;
	}
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
