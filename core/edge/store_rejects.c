/*
 * What is kept for a time: rows of table rejected beside those that every batch writes (the bytes of messages, where they are kept) and their
 * end, and that of touches.
 */
#include "core/base/arena.h"
#include "core/edge/store.h"
#include "core/edge/store_columns.h"
#include "core/edge/store_parts.h"
#include "core/edge/store_sql_chores.h"
#include "core/edge/store_sql_save.h"

bool store_save_raws(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	size_t count = 0;
	for (size_t i = 0; i < save->reject_count; i++) {
		count += save->rejects[i].raw != NULL ? 1 : 0;
	}
	if (count == 0) {
		return true;
	}
	static const enum postgres_type types[] = {POSTGRES_TEXT, POSTGRES_INT4, POSTGRES_INT8, POSTGRES_INT2,
						   POSTGRES_BYTEA};
	struct columns *columns = columns_begin(arena);
	struct postgres_array *at[COLUMNS_MAX];
	columns_arrays(columns, types, sizeof(types) / sizeof(types[0]), count, at);
	for (size_t i = 0; i < save->reject_count; i++) {
		const struct reject_row *row = &save->rejects[i];
		if (row->raw != NULL) {
			postgres_array_text(at[0], row->topic);
			postgres_array_int(at[1], row->partition);
			postgres_array_int(at[2], row->offset);
			postgres_array_int(at[3], row->form);
			postgres_array_bytes(at[4], row->raw, row->size);
		}
	}
	return columns_add(columns, store->postgres, &sql_save_raws, NULL, NULL, fail);
}

static bool on_purged(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	*(int64_t *)context = postgres_int(rows, 0, 0);
	return true;
}

bool store_purge_rejects(struct store *store, int64_t before_us, int64_t count_max, struct arena *arena,
			 int64_t *ret_count, struct fail *fail)
{
	struct postgres_value *values = arena_zero(arena, 2, sizeof(*values));
	*ret_count = 0;
	if (values == NULL || !postgres_value_moment(arena, before_us, &values[0]) ||
	    !postgres_value_int(arena, POSTGRES_INT8, count_max, &values[1])) {
		return store_arena_full(fail);
	}
	return postgres_add(store->postgres, &sql_purge_rejects, values, on_purged, ret_count, fail) &&
	       postgres_send(store->postgres, fail);
}

static bool on_retention(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct store_retention *retention = context;
	(void)fail;
	retention->ours = postgres_count(rows) > 0;
	if (retention->ours) {
		retention->again = postgres_int(rows, 0, 0) != 0;
		retention->touches = postgres_int(rows, 0, 1);
		retention->kept_from_us = postgres_moment(rows, 0, 2);
	}
	return true;
}

bool store_retention(struct store *store, int64_t months, int64_t count_max, int64_t queue_max,
		     struct arena *arena, struct store_retention *ret, struct fail *fail)
{
	struct columns *columns = columns_begin(arena);
	*ret = (struct store_retention){0};
	columns_int(columns, POSTGRES_INT4, months);
	columns_int(columns, POSTGRES_INT8, count_max);
	columns_int(columns, POSTGRES_INT8, queue_max);
	return columns_add(columns, store->postgres, &sql_retention, on_retention, ret, fail) &&
	       postgres_send(store->postgres, fail);
}
