/*
 * Whole rows in PostgreSQL's binary form, written one after the other into room that was taken for all of them. Two shapes:
 *
 *	COPY's: header; of each row the count of its columns and each one's length and bytes; trailer
 *	(https://www.postgresql.org/docs/15/sql-copy.html, "Binary Format");
 *	an array of a composite type: the array's header; of each row its length, the count of its columns and each one's
 *	type, length and bytes (array_recv() and record_recv() of the server).
 *
 * The second costs the server a third of what as many arrays as there are columns do: those are each unpacked into a
 * table of their own before a row comes of them.
 */
#pragma once
#include <stdbool.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/edge/postgres_wire.h"

struct store_rows {
	char *bytes, *at;
	size_t room;
	bool typed; /* the second shape */
	char *row;  /* where the length of the row under construction goes, in the second shape */
	uint32_t count;
};

/* What a row needs beside the bytes of its columns. */
#define STORE_ROW_HEAD(columns) ((size_t)8 + (size_t)(columns)*8)

#define STORE_ROWS_COPY_HEAD 19
#define STORE_ROWS_COPY_TAIL 2
#define STORE_ROWS_ARRAY_HEAD 20

/* Room for rows of `size` bytes, heads included. False: the arena is full. */
static inline bool store_rows_begin(struct store_rows *rows, bool typed, size_t size, struct arena *arena)
{
	static const char copy[STORE_ROWS_COPY_HEAD] = "PGCOPY\n\377\r\n"; /* no flags, no extension */
	size_t room = STORE_ROWS_ARRAY_HEAD + STORE_ROWS_COPY_TAIL + size;
	*rows = (struct store_rows){.room = room, .typed = typed};
	rows->bytes = rows->at = arena_take(arena, room);
	if (rows->bytes == NULL) {
		return false;
	}
	if (!typed) {
		memcpy(rows->at, copy, sizeof(copy));
	}
	rows->at += typed ? STORE_ROWS_ARRAY_HEAD : STORE_ROWS_COPY_HEAD;
	return true;
}

static inline void store_rows_next(struct store_rows *rows, unsigned columns)
{
	rows->count++;
	if (rows->typed) {
		rows->row = rows->at;
		postgres_put(rows->at + 4, columns, 4);
		rows->at += 8;
	} else {
		postgres_put(rows->at, columns, 2);
		rows->at += 2;
	}
}

/* Ends a row: only the second shape needs it. */
static inline void store_rows_close(struct store_rows *rows)
{
	postgres_put(rows->row, (uint64_t)(rows->at - rows->row - 4), 4);
}

static inline void store_rows_head(struct store_rows *rows, enum postgres_type type, uint32_t size)
{
	if (rows->typed) {
		postgres_put(rows->at, postgres_oid(type, false), 4);
		rows->at += 4;
	}
	postgres_put(rows->at, size, 4);
	rows->at += 4;
}

static inline void store_rows_null(struct store_rows *rows, enum postgres_type type)
{
	store_rows_head(rows, type, UINT32_MAX);
}

static inline void store_rows_bytes(struct store_rows *rows, enum postgres_type type, const void *bytes,
				    size_t size)
{
	store_rows_head(rows, type, (uint32_t)size);
	if (size > 0) {
		memcpy(rows->at, bytes, size);
	}
	rows->at += size;
}

static inline void store_rows_uuid(struct store_rows *rows, const struct uuid *id)
{
	store_rows_bytes(rows, POSTGRES_UUID, id->bytes, sizeof(id->bytes));
}

static inline void store_rows_text(struct store_rows *rows, const char *text)
{
	store_rows_bytes(rows, POSTGRES_TEXT, text, strlen(text));
}

static inline void store_rows_number(struct store_rows *rows, enum postgres_type type, int size, int64_t value)
{
	store_rows_head(rows, type, (uint32_t)size);
	postgres_put(rows->at, (uint64_t)value, size);
	rows->at += size;
}

static inline void store_rows_bool(struct store_rows *rows, bool value)
{
	store_rows_number(rows, POSTGRES_BOOL, 1, value);
}

static inline void store_rows_int2(struct store_rows *rows, int64_t value)
{
	store_rows_number(rows, POSTGRES_INT2, 2, value);
}

static inline void store_rows_int4(struct store_rows *rows, int64_t value)
{
	store_rows_number(rows, POSTGRES_INT4, 4, value);
}

static inline void store_rows_int8(struct store_rows *rows, int64_t value)
{
	store_rows_number(rows, POSTGRES_INT8, 8, value);
}

static inline void store_rows_float(struct store_rows *rows, double value)
{
	int64_t bits;
	memcpy(&bits, &value, sizeof(bits));
	store_rows_number(rows, POSTGRES_FLOAT8, 8, bits);
}

static inline void store_rows_moment(struct store_rows *rows, int64_t us)
{
	store_rows_number(rows, POSTGRES_TIMESTAMPTZ, 8, postgres_moment_to_wire(us));
}

/* INT64_MIN: SQL NULL */
static inline void store_rows_moment_or_null(struct store_rows *rows, int64_t us)
{
	if (us == INT64_MIN) {
		store_rows_null(rows, POSTGRES_TIMESTAMPTZ);
	} else {
		store_rows_moment(rows, us);
	}
}

static inline struct postgres_piece store_rows_copy(struct store_rows *rows)
{
	postgres_put(rows->at, 0xffff, STORE_ROWS_COPY_TAIL);
	rows->at += STORE_ROWS_COPY_TAIL;
	CHECK((size_t)(rows->at - rows->bytes) <= rows->room);
	return (struct postgres_piece){rows->bytes, (size_t)(rows->at - rows->bytes)};
}

static inline struct postgres_value store_rows_array(struct store_rows *rows)
{
	CHECK((size_t)(rows->at - rows->bytes) <= rows->room);
	postgres_put(rows->bytes, 1, 4);     /* dimensions */
	postgres_put(rows->bytes + 4, 0, 4); /* no row is NULL */
	postgres_put(rows->bytes + 8, postgres_oid(POSTGRES_ROW, false),
		     4); /* the server knows better: the statement says */
	postgres_put(rows->bytes + 12, rows->count, 4);
	postgres_put(rows->bytes + 16, 1, 4); /* first subscript */
	return (struct postgres_value){rows->bytes, (int)(rows->at - rows->bytes)};
}
