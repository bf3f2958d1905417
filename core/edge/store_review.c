/*
 * The turns of the review: rows of table phase that are due, a slice; what time did to them.
 */
#include <string.h>

#include "core/base/arena.h"
#include "core/edge/store_columns.h"
#include "core/edge/store_parts.h"
#include "core/edge/store_rows.h"
#include "core/edge/store_sql_chores.h"

/* The first row says which hour and whether the end was reached; the others are rows of table phase. None: nothing to do. */
static bool on_due(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct store *store = context;
	struct due_rows *due = store->due;
	struct phase_row *phases = store_rows_room(store, rows, sizeof(*phases), fail);
	if (phases == NULL) {
		return false;
	}
	due->phases = phases;
	due->ours = postgres_count(rows) > 0;
	if (due->ours) {
		due->hour_us = postgres_moment(rows, 0, 0);
		due->last = postgres_int(rows, 0, 1) != 0;
	}
	for (size_t i = 1; i < postgres_count(rows); i++) {
		size_t size;
		const uint8_t *fold = store_row_bytes(store, rows, i, 6, &size);
		struct phase_row *row = &phases[due->phase_count++];
		*row = (struct phase_row){
			.contact_id = postgres_uuid(rows, i, 2),
			.process = store_row_text(store, rows, i, 3),
			.version = postgres_int(rows, i, 4),
			.model_version = (uint64_t)postgres_int(rows, i, 5),
			.fold = fold,
			.fold_size = size,
			.shown = (int)postgres_int(rows, i, 7),
			.since_us = store_row_moment(rows, i, 8),
			.review_us = due->hour_us,
			.touched_since_us = INT64_MIN, /* no touch comes */
		};
		if (row->process == NULL || row->fold == NULL) {
			return store_arena_full(fail);
		}
	}
	return true;
}

/* Last of all: nothing that was read is of a newer one. */
static bool on_model(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	struct store *store = context;
	store->due->has_model = postgres_count(rows) == 1;
	store->due->model_version = store->due->has_model ? (uint64_t)postgres_int(rows, 0, 0) : 0;
	return true;
}

bool store_review_due(struct store *store, struct due_rows *due, struct arena *arena, struct fail *fail)
{
	due->ours = due->last = false;
	due->phase_count = 0;
	store->arena = arena;
	store->due = due;
	struct columns *columns = columns_begin(arena);
	columns_moment(columns, due->now_us);
	columns_int(columns, POSTGRES_INT8, due->blocks);
	return postgres_add(store->postgres, &sql_begin, NULL, NULL, NULL, fail) &&
	       columns_add(columns, store->postgres, &sql_review_due, on_due, store, fail) &&
	       postgres_add(store->postgres, &sql_model_version, NULL, on_model, store, fail) &&
	       postgres_send(store->postgres, fail);
}

static bool on_reviewed(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	struct reviewed_rows *reviewed = context;
	reviewed->written = postgres_int(rows, 0, 0);
	reviewed->changed = postgres_int(rows, 0, 1);
	return true;
}

static bool on_done(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	struct reviewed_rows *reviewed = context;
	reviewed->done_us = postgres_moment(rows, 0, 0);
	reviewed->goes_on = postgres_int(rows, 0, 1) != 0;
	reviewed->ways_back = postgres_int(rows, 0, 2);
	return true;
}

static void add_changes(struct columns *columns, const struct reviewed_rows *reviewed)
{
	static const enum postgres_type types[] = {POSTGRES_UUID, POSTGRES_TEXT, POSTGRES_TIMESTAMPTZ,
						   POSTGRES_INT2, POSTGRES_INT2, POSTGRES_TIMESTAMPTZ};
	struct postgres_array *at[COLUMNS_MAX];
	columns_arrays(columns, types, sizeof(types) / sizeof(types[0]), reviewed->change_count, at);
	for (size_t i = 0; i < reviewed->change_count; i++) {
		const struct change_row *row = &reviewed->changes[i];
		postgres_array_uuid(at[0], &row->contact_id);
		postgres_array_text(at[1], row->process);
		postgres_array_moment(at[2], row->at_us);
		postgres_array_int(at[3], row->from_shown);
		postgres_array_int(at[4], row->to_shown);
		postgres_array_moment(at[5], row->from_since_us);
	}
}

bool store_review_save(struct store *store, struct reviewed_rows *reviewed, struct arena *arena, struct fail *fail)
{
	reviewed->written = reviewed->changed = 0;
	if (reviewed->row_count > 0) {
		struct columns *columns = columns_begin(arena);
		if (!store_add_state_rows(columns, reviewed->rows, reviewed->row_count, arena)) {
			return store_arena_full(fail);
		}
		columns_moment(columns, reviewed->now_us);
		add_changes(columns, reviewed);
		if (!columns_add(columns, store->postgres, &sql_review_save, on_reviewed, reviewed, fail)) {
			return false;
		}
	}
	struct columns *back = columns_begin(arena);
	columns_int(back, POSTGRES_INT4, reviewed->ways_back_max);
	return columns_add(back, store->postgres, &sql_review_back, NULL, NULL, fail) &&
	       postgres_add(store->postgres, &sql_review_done, NULL, on_done, reviewed, fail) &&
	       postgres_add(store->postgres, &sql_commit, NULL, NULL, NULL, fail) &&
	       postgres_send(store->postgres, fail);
}
