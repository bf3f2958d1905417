/*
 * How far contacts came (table standing): of those whose explanation is written, in its turns.
 */
#include "core/base/arena.h"
#include "core/base/moment.h"
#include "core/edge/store_columns.h"
#include "core/edge/store_parts.h"
#include "core/edge/store_sql_standing.h"

static bool on_changes(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct store *store = context;
	struct explain_rows *slice = store->explain;
	size_t count = postgres_count(rows);
	struct change_row *changes = store_rows_room(store, rows, sizeof(*changes), fail);
	if (changes == NULL || count == (size_t)store_history_max(store->arena)) {
		return store_arena_full(fail);
	}
	for (size_t i = 0; i < count; i++) {
		changes[i] = (struct change_row){
			.contact_id = postgres_uuid(rows, i, 0),
			.process = store_row_text(store, rows, i, 1),
			.at_us = postgres_moment(rows, i, 2),
			.to_shown = (int)postgres_int(rows, i, 3),
			.by_time = postgres_is_null(rows, i, 4),
			.cause = postgres_is_null(rows, i, 4) ? 0 : (uint64_t)postgres_int(rows, i, 4),
		};
		if (changes[i].process == NULL) {
			return store_arena_full(fail);
		}
	}
	slice->changes = changes;
	slice->change_count = count;
	return true;
}

bool store_standing_read(struct store *store, const struct explain_rows *slice, struct arena *arena,
			 struct fail *fail)
{
	struct columns *columns = columns_begin(arena);
	columns_uuids(columns, slice->asked, slice->asked_count);
	columns_int(columns, POSTGRES_INT8, store_history_max(arena));
	return columns_add(columns, store->postgres, &sql_standing_read, on_changes, store, fail);
}

static bool stands(const struct explain_row *row)
{
	return row->process != NULL && (row->peak > 0 || row->late_count > 0);
}

static void add_rows(struct columns *columns, const struct explain_rows *slice)
{
	static const enum postgres_type types[] = {POSTGRES_UUID, POSTGRES_TEXT, POSTGRES_INT2,
						   POSTGRES_TIMESTAMPTZ, POSTGRES_TEXT};
	struct postgres_array *at[COLUMNS_MAX];
	columns_arrays(columns, types, COUNT_OF(types), slice->row_count, at);
	for (size_t i = 0; i < slice->row_count; i++) {
		const struct explain_row *row = &slice->rows[i];
		if (!stands(row)) {
			continue;
		}
		postgres_array_uuid(at[0], &row->contact_id);
		postgres_array_text(at[1], row->process);
		if (row->peak > 0) {
			postgres_array_int(at[2], row->peak);
		} else {
			postgres_array_null(at[2]);
		}
		postgres_array_moment_or_null(at[3], row->fell_us);
		if (row->fell_rule != NULL) {
			postgres_array_text(at[4], row->fell_rule);
		} else {
			postgres_array_null(at[4]);
		}
	}
}

static void add_late(struct columns *columns, const struct explain_rows *slice)
{
	static const enum postgres_type types[] = {POSTGRES_UUID, POSTGRES_TEXT, POSTGRES_DATE};
	struct postgres_array *at[COLUMNS_MAX];
	columns_arrays(columns, types, COUNT_OF(types), slice->row_count, at);
	for (size_t i = 0; i < slice->row_count; i++) {
		const struct explain_row *row = &slice->rows[i];
		for (size_t n = 0; stands(row) && n < row->late_count; n++) {
			postgres_array_uuid(at[0], &row->contact_id);
			postgres_array_text(at[1], row->process);
			postgres_array_date(at[2], row->late_days[n] * MOMENT_DAY_US);
		}
	}
}

bool store_standing_save(struct store *store, const struct explain_rows *slice, struct arena *arena,
			 struct fail *fail)
{
	if (slice->row_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	store_add_explained(columns, slice);
	add_rows(columns, slice);
	add_late(columns, slice);
	return columns_add(columns, store->postgres, &sql_standing_save, NULL, NULL, fail);
}
