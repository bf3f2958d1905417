/*
 * The parts of SAVE that write table phase (states, and on the quick way the arbiters, on condition) and the states to go on from.
 */
#include <string.h>

#include "core/edge/store_columns.h"
#include "core/edge/store_parts.h"
#include "core/edge/store_rows.h"
#include "core/edge/store_sql_save.h"

static const enum postgres_type state_types[STORE_STATE_COLUMNS] = {
	POSTGRES_BYTEA,	 POSTGRES_INT4,	       POSTGRES_INT4,	     POSTGRES_FLOAT8,	   POSTGRES_FLOAT8,
	POSTGRES_FLOAT8, POSTGRES_FLOAT8,      POSTGRES_INT2,	     POSTGRES_INT2,	   POSTGRES_INT2,
	POSTGRES_INT2,	 POSTGRES_TIMESTAMPTZ, POSTGRES_TIMESTAMPTZ, POSTGRES_TIMESTAMPTZ, POSTGRES_BOOL};

const struct state_row store_no_state = {.fold = (const uint8_t *)"",
					 .reported = -1,
					 .since_us = INT64_MIN,
					 .last_us = INT64_MIN,
					 .review_us = INT64_MIN};

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
	store_rows_bool(rows, state->quiet);
}

/* Of phased.state_row. */
#define ROW_COLUMNS (4 + STORE_STATE_COLUMNS)

static size_t row_size(const char *process, const struct state_row *state)
{
	return STORE_ROW_HEAD(ROW_COLUMNS) + sizeof(struct row_place) + sizeof(struct uuid) + strlen(process) + 8 +
	       STORE_STATE_SIZE + (state != NULL ? state->fold_size : 0);
}

/* No place: of a new row. No state: nothing but the version changes. */
static void put_row(struct store_rows *rows, const struct row_place *place, const struct uuid *contact_id,
		    const char *process, int64_t version, const struct state_row *state)
{
	store_rows_next(rows, ROW_COLUMNS);
	if (place != NULL) {
		store_rows_bytes(rows, POSTGRES_TID, place->bytes, sizeof(place->bytes));
	} else {
		store_rows_null(rows, POSTGRES_TID);
	}
	store_rows_uuid(rows, contact_id);
	store_rows_text(rows, process);
	store_rows_int8(rows, version);
	if (state != NULL) {
		store_put_state(rows, state);
	} else {
		for (unsigned i = 0; i < STORE_STATE_COLUMNS; i++) {
			store_rows_null(rows, state_types[i]);
		}
	}
	store_rows_close(rows);
}

bool store_save_states(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	size_t count = save->state_count, size = 0;
	if (count == 0) {
		return true;
	}
	for (size_t i = 0; i < count; i++) {
		size += row_size(save->states[i].process, &save->states[i]);
	}
	struct store_rows rows;
	if (!store_rows_begin(&rows, true, size, arena)) {
		return store_arena_full(fail);
	}
	for (size_t i = 0; i < count; i++) {
		const struct state_row *state = &save->states[i];
		put_row(&rows, NULL, &state->contact_id, state->process, 1, state);
	}
	struct columns *columns = columns_begin(arena);
	columns_int(columns, POSTGRES_INT8, (int64_t)save->model_version);
	columns_rows(columns, &rows);
	return columns_add(columns, store->postgres, &sql_save_states, NULL, NULL, fail);
}

static bool begin_arbiters(struct store_rows *rows, const struct arbiter_row *arbiters, size_t count,
			   struct arena *arena)
{
	size_t size = 0;
	for (size_t i = 0; i < count; i++) {
		size += row_size(ARBITER_PROCESS, arbiters[i].state);
	}
	return store_rows_begin(rows, true, size, arena);
}

bool store_save_arbiters_new(struct store *store, const struct save_rows *save, struct arena *arena,
			     struct fail *fail)
{
	size_t count = save->arbiter_new_count;
	struct store_rows rows;
	if (count == 0 || save->by_copy) {
		return true;
	}
	if (!begin_arbiters(&rows, save->arbiters_new, count, arena)) {
		return store_arena_full(fail);
	}
	for (size_t i = 0; i < count; i++) {
		const struct arbiter_row *row = &save->arbiters_new[i];
		put_row(&rows, NULL, &row->contact_id, ARBITER_PROCESS, 1,
			row->state != NULL ? row->state : &store_no_state);
	}
	struct columns *columns = columns_begin(arena);
	columns_int(columns, POSTGRES_INT8, (int64_t)save->model_version);
	columns_int(columns, POSTGRES_INT8, (int64_t)count);
	columns_rows(columns, &rows);
	return columns_add(columns, store->postgres, &sql_arbiters_new, NULL, NULL, fail);
}

bool store_save_arbiters(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	size_t count = save->arbiter_count;
	struct store_rows rows;
	if (count == 0) {
		return true;
	}
	if (!begin_arbiters(&rows, save->arbiters, count, arena)) {
		return store_arena_full(fail);
	}
	for (size_t i = 0; i < count; i++) {
		const struct arbiter_row *row = &save->arbiters[i];
		put_row(&rows, &row->place, &row->contact_id, ARBITER_PROCESS, row->version, row->state);
	}
	struct columns *columns = columns_begin(arena);
	columns_int(columns, POSTGRES_INT8, (int64_t)count);
	columns_int(columns, POSTGRES_INT8, (int64_t)save->model_version);
	columns_rows(columns, &rows);
	return columns_add(columns, store->postgres, &sql_arbiters_known, NULL, NULL, fail);
}

bool store_drop_checkpoints(struct store *store, const struct save_rows *save, struct arena *arena,
			    struct fail *fail)
{
	if (save->refolded_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	struct postgres_array *contacts = columns_array(columns, POSTGRES_UUID, save->refolded_count);
	struct postgres_array *processes = columns_array(columns, POSTGRES_TEXT, save->refolded_count);
	struct postgres_array *numbers = columns_array(columns, POSTGRES_INT4, save->refolded_count);
	for (size_t i = 0; i < save->refolded_count; i++) {
		postgres_array_uuid(contacts, &save->refolded[i].contact_id);
		postgres_array_text(processes, save->refolded[i].process);
		postgres_array_int(numbers, save->refolded[i].n);
	}
	return columns_add(columns, store->postgres, &sql_drop_checkpoints, NULL, NULL, fail);
}

bool store_save_checkpoints(struct store *store, const struct save_rows *save, struct arena *arena,
			    struct fail *fail)
{
	static const enum postgres_type types[] = {POSTGRES_UUID,	 POSTGRES_TEXT,	 POSTGRES_INT4,
						   POSTGRES_TIMESTAMPTZ, POSTGRES_BYTEA, POSTGRES_INT2,
						   POSTGRES_TIMESTAMPTZ};
	if (save->checkpoint_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	struct postgres_array *at[COLUMNS_MAX];
	columns_int(columns, POSTGRES_INT8, (int64_t)save->model_version);
	columns_arrays(columns, types, sizeof(types) / sizeof(types[0]), save->checkpoint_count, at);
	for (size_t i = 0; i < save->checkpoint_count; i++) {
		const struct checkpoint_row *row = &save->checkpoints[i];
		postgres_array_uuid(at[0], &row->contact_id);
		postgres_array_text(at[1], row->process);
		postgres_array_int(at[2], row->n);
		postgres_array_moment(at[3], row->at_us);
		postgres_array_bytes(at[4], row->fold, row->fold_size);
		postgres_array_int(at[5], row->shown);
		postgres_array_moment_or_null(at[6], row->since_us);
	}
	return columns_add(columns, store->postgres, &sql_save_checkpoints, NULL, NULL, fail);
}

static const char *process_of(const struct arbiter_row *row)
{
	return row->state != NULL ? row->state->process : ARBITER_PROCESS;
}

bool store_add_state_rows(struct columns *columns, const struct arbiter_row *list, size_t count,
			  struct arena *arena)
{
	struct store_rows rows;
	size_t size = 0;
	for (size_t i = 0; i < count; i++) {
		size += row_size(process_of(&list[i]), list[i].state);
	}
	if (!store_rows_begin(&rows, true, size, arena)) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		put_row(&rows, NULL, &list[i].contact_id, process_of(&list[i]), list[i].version, list[i].state);
	}
	columns_rows(columns, &rows);
	return true;
}
