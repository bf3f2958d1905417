/*
 * The parts of SAVE that write table phase: states, and on the quick way the arbiters, on condition.
 */
#include "core/edge/store_columns.h"
#include "core/edge/store_parts.h"
#include "core/edge/store_rows.h"
#include "core/edge/store_sql.h"

static void put_moment(struct postgres_array *array, int64_t us)
{
	if (us == INT64_MIN) {
		postgres_array_null(array);
	} else {
		postgres_array_moment(array, us);
	}
}

static const enum postgres_type state_types[STORE_STATE_COLUMNS] = {
	POSTGRES_BYTEA,	 POSTGRES_INT4,	       POSTGRES_INT4,	     POSTGRES_FLOAT8,	  POSTGRES_FLOAT8,
	POSTGRES_FLOAT8, POSTGRES_FLOAT8,      POSTGRES_INT2,	     POSTGRES_INT2,	  POSTGRES_INT2,
	POSTGRES_INT2,	 POSTGRES_TIMESTAMPTZ, POSTGRES_TIMESTAMPTZ, POSTGRES_TIMESTAMPTZ};

const struct state_row store_no_state = {.fold = (const uint8_t *)"",
					 .reported = -1,
					 .since_us = INT64_MIN,
					 .last_us = INT64_MIN,
					 .review_us = INT64_MIN};

static void put_state(struct postgres_array *const *at, const struct state_row *row)
{
	postgres_array_bytes(at[0], row->fold, row->fold_size);
	postgres_array_int(at[1], row->counted);
	postgres_array_int(at[2], row->confirmed);
	postgres_array_float(at[3], row->activity);
	postgres_array_float(at[4], row->early);
	postgres_array_float(at[5], row->mid);
	postgres_array_float(at[6], row->late);
	postgres_array_int(at[7], row->reported);
	postgres_array_int(at[8], row->shown);
	postgres_array_int(at[9], row->fine);
	postgres_array_int(at[10], row->band);
	put_moment(at[11], row->since_us);
	put_moment(at[12], row->last_us);
	put_moment(at[13], row->review_us);
}

bool store_save_states(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	if (save->state_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	struct postgres_array *at[STORE_STATE_COLUMNS];
	columns_int(columns, POSTGRES_INT8, (int64_t)save->model_version);
	struct postgres_array *contacts = columns_array(columns, POSTGRES_UUID, save->state_count);
	struct postgres_array *processes = columns_array(columns, POSTGRES_TEXT, save->state_count);
	columns_arrays(columns, state_types, STORE_STATE_COLUMNS, save->state_count, at);
	for (size_t i = 0; i < save->state_count; i++) {
		postgres_array_uuid(contacts, &save->states[i].contact_id);
		postgres_array_text(processes, save->states[i].process);
		put_state(at, &save->states[i]);
	}
	return columns_add(columns, store->postgres, &sql_save_states, NULL, NULL, fail);
}

bool store_save_arbiters_new(struct store *store, const struct save_rows *save, struct arena *arena,
			     struct fail *fail)
{
	size_t count = save->arbiter_new_count;
	if (count == 0 || save->by_copy) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	struct postgres_array *at[STORE_STATE_COLUMNS];
	columns_int(columns, POSTGRES_INT8, (int64_t)save->model_version);
	columns_int(columns, POSTGRES_INT8, (int64_t)count);
	struct postgres_array *contacts = columns_array(columns, POSTGRES_UUID, count);
	columns_arrays(columns, state_types, STORE_STATE_COLUMNS, count, at);
	for (size_t i = 0; i < count; i++) {
		const struct arbiter_row *row = &save->arbiters_new[i];
		postgres_array_uuid(contacts, &row->contact_id);
		put_state(at, row->state != NULL ? row->state : &store_no_state);
	}
	return columns_add(columns, store->postgres, &sql_arbiters_new, NULL, NULL, fail);
}

void store_put_state(struct store_rows *rows, const struct state_row *state)
{
	store_rows_bytes(rows, POSTGRES_BYTEA, state->fold, state->fold_size);
	store_rows_int4(rows, state->counted);
	store_rows_int4(rows, state->confirmed);
	store_rows_float(rows, state->activity);
	store_rows_float(rows, state->early);
	store_rows_float(rows, state->mid);
	store_rows_float(rows, state->late);
	store_rows_int2(rows, state->reported);
	store_rows_int2(rows, state->shown);
	store_rows_int2(rows, state->fine);
	store_rows_int2(rows, state->band);
	store_rows_moment_or_null(rows, state->since_us);
	store_rows_moment_or_null(rows, state->last_us);
	store_rows_moment_or_null(rows, state->review_us);
}

/* Of phased.arbiter_row. */
#define ARBITER_COLUMNS (3 + STORE_STATE_COLUMNS)
#define ARBITER_SIZE \
	(STORE_ROW_HEAD(ARBITER_COLUMNS) + sizeof(struct row_place) + sizeof(struct uuid) + 8 + STORE_STATE_SIZE)

static void put_arbiter(struct store_rows *rows, const struct arbiter_row *row)
{
	store_rows_next(rows, ARBITER_COLUMNS);
	store_rows_bytes(rows, POSTGRES_TID, row->place.bytes, sizeof(row->place.bytes));
	store_rows_uuid(rows, &row->contact_id);
	store_rows_int8(rows, row->version);
	if (row->state != NULL) {
		store_put_state(rows, row->state);
	} else {
		for (unsigned i = 0; i < STORE_STATE_COLUMNS; i++) {
			store_rows_null(rows, state_types[i]);
		}
	}
	store_rows_close(rows);
}

bool store_save_arbiters(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	size_t count = save->arbiter_count, size = count * ARBITER_SIZE;
	if (count == 0) {
		return true;
	}
	for (size_t i = 0; i < count; i++) {
		const struct state_row *state = save->arbiters[i].state;
		size += state != NULL ? state->fold_size : 0;
	}
	struct store_rows rows;
	if (!store_rows_begin(&rows, true, size, arena)) {
		return store_arena_full(fail);
	}
	for (size_t i = 0; i < count; i++) {
		put_arbiter(&rows, &save->arbiters[i]);
	}
	struct columns *columns = columns_begin(arena);
	columns_int(columns, POSTGRES_INT8, (int64_t)count);
	columns_int(columns, POSTGRES_INT8, (int64_t)save->model_version);
	columns_rows(columns, &rows);
	return columns_add(columns, store->postgres, &sql_arbiters_known, NULL, NULL, fail);
}
