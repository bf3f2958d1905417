/*
 * Between the files of the store: its insides, and the parameters of one statement under construction.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/base/fail.h"
#include "core/base/uuid.h"
#include "core/edge/postgres.h"
#include "core/edge/store.h"

struct store {
	struct postgres *postgres;
	/* texts of the session's time limits, ms, as parameters */
	char reply_ms[16], lock_ms[16];
	struct postgres_value limits[2];
	/* of the turn under way: where its rows go */
	struct arena *arena;
	struct store_greeting *greeting;
	struct position_row *positions;
	size_t position_count;
	struct advance_rows *advance;
	struct in_play_rows *in_play;
	const struct uuid *weak; /* whom in_play->claims were asked for by */
	size_t weak_count;
	struct load_rows *load;
	struct read_rows *read;
	struct rule_rows *rules;
	struct due_rows *due;
	struct pick_rows *pick;
	struct store_queue *queue;
	struct explain_rows *explain;
	struct account_rows *accounts;
};

/* "The batch needs more memory than batch.arena_mb"; FAIL_DATA, so that a smaller one is tried. Returns false. */
bool store_arena_full(struct fail *fail);

/* Parameters, added in the statement's order. A full arena is noticed at the end, by columns_add(). */
struct columns;
struct columns *columns_begin(struct arena *arena);
struct postgres_array *columns_array(struct columns *columns, enum postgres_type type, size_t expected);
#define COLUMNS_MAX 18
/* One array a column, of the types given; ret_arrays has room for COLUMNS_MAX. */
void columns_arrays(struct columns *columns, const enum postgres_type *types, size_t count, size_t rows,
		    struct postgres_array **ret_arrays);
void columns_uuids(struct columns *columns, const struct uuid *ids, size_t count);
/* An array of a composite type, whole; not to be added to afterwards. */
struct store_rows;
void columns_rows(struct columns *columns, struct store_rows *rows);
void columns_text(struct columns *columns, const char *text);
void columns_int(struct columns *columns, enum postgres_type type, int64_t value);
void columns_moment(struct columns *columns, int64_t us);
bool columns_add(struct columns *columns, struct postgres *postgres, const struct postgres_statement *statement,
		 postgres_on_rows *on_rows, void *context, struct fail *fail);

/* Room for the rows of a result; NULL with *fail when the arena is full. */
void *store_rows_room(struct store *store, const struct postgres_rows *rows, size_t size, struct fail *fail);
/* A moment of a row; INT64_MIN for SQL NULL. */
int64_t store_row_moment(const struct postgres_rows *rows, size_t row, unsigned column);
/* Bytes of a row, copied; NULL when the arena is full. */
const uint8_t *store_row_bytes(struct store *store, const struct postgres_rows *rows, size_t row, unsigned column,
			       size_t *ret_size);
/* A text of a row, copied; NULL for SQL NULL and when the arena is full. */
const char *store_row_text(struct store *store, const struct postgres_rows *rows, size_t row, unsigned column);
/* A statement whose only parameter is a list of ids; none: nothing to ask. `on_rows` (or NULL) gets the store. */
bool store_by_ids(struct store *store, const struct postgres_statement *statement, const struct uuid *ids,
		  size_t count, postgres_on_rows *on_rows, struct arena *arena, struct fail *fail);
/* Two columns: topic and partition of each. */
void store_position_names(struct columns *columns, const struct position_row *positions, size_t count);
