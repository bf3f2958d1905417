/*
 * The first turn of a batch: ADVANCE, or the quick way's PEEK, and the months that PEEK finds missing.
 */
#include "core/base/check.h"
#include "core/edge/store_columns.h"
#include "core/edge/store_in_play.h"
#include "core/edge/store_parts.h"
#include "core/edge/store_sql.h"

static bool on_advanced(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	struct store *store = context;
	store->advance->has_model = postgres_count(rows) == 1 && !postgres_is_null(rows, 0, 0);
	if (store->advance->has_model) {
		store->advance->model_version = (uint64_t)postgres_int(rows, 0, 0);
	}
	return true;
}

bool store_add_positions(struct store *store, const struct advance_rows *advance, const uint64_t *model_version,
			 struct arena *arena, struct fail *fail)
{
	size_t count = advance->position_count;
	struct columns *columns = columns_begin(arena);
	if (model_version != NULL) {
		columns_int(columns, POSTGRES_INT8, (int64_t)*model_version);
	}
	columns_text(columns, advance->group);
	store_position_names(columns, advance->positions, count);
	struct postgres_array *from = columns_array(columns, POSTGRES_INT8, count);
	struct postgres_array *to = columns_array(columns, POSTGRES_INT8, count);
	struct postgres_array *epochs = columns_array(columns, POSTGRES_INT8, count);
	struct postgres_array *ends = columns_array(columns, POSTGRES_INT8, count);
	struct postgres_array *oldest = columns_array(columns, POSTGRES_TIMESTAMPTZ, count);
	for (size_t i = 0; i < count; i++) {
		const struct position_row *position = &advance->positions[i];
		postgres_array_int(from, position->from_offset);
		postgres_array_int(to, position->to_offset);
		postgres_array_int(epochs, position->epoch);
		postgres_array_int(ends, position->end_offset);
		postgres_array_moment(oldest, position->oldest_us);
	}
	return model_version != NULL
		       ? columns_add(columns, store->postgres, &sql_advance_under, NULL, NULL, fail)
		       : columns_add(columns, store->postgres, &sql_advance, on_advanced, store, fail);
}

bool store_add_holds(struct store *store, const struct advance_rows *advance, struct arena *arena,
		     struct fail *fail)
{
	struct columns *columns = columns_begin(arena);
	columns_text(columns, advance->group);
	store_position_names(columns, advance->positions, advance->position_count);
	struct postgres_array *epochs = columns_array(columns, POSTGRES_INT8, advance->position_count);
	for (size_t i = 0; i < advance->position_count; i++) {
		postgres_array_int(epochs, advance->positions[i].epoch);
	}
	return columns_add(columns, store->postgres, &sql_holds, NULL, NULL, fail);
}

static bool add_in_play(struct store *store, struct advance_rows *advance, struct arena *arena, struct fail *fail)
{
	advance->has_model = false;
	store->arena = arena;
	store->advance = advance;
	const struct store_in_play in_play = {
		.weak = advance->weak,
		.weak_count = advance->weak_count,
		.strong = advance->strong,
		.strong_count = advance->strong_count,
		.decided = advance->decided,
		.decided_count = advance->decided_count,
		.asserted = advance->asserted,
		.asserted_count = advance->asserted_count,
		.claim_room = advance->claim_room,
	};
	return store_add_in_play(store, &in_play, &advance->in_play, arena, fail);
}

bool store_advance(struct store *store, struct advance_rows *advance, struct arena *arena, struct fail *fail)
{
	return postgres_add(store->postgres, &sql_begin, NULL, NULL, NULL, fail) &&
	       store_add_positions(store, advance, NULL, arena, fail) &&
	       add_in_play(store, advance, arena, fail) && postgres_send(store->postgres, fail);
}

/* By themselves, and by nobody whose positions are another's by now. */
static bool add_months(struct store *store, const struct advance_rows *rows, struct arena *arena,
		       struct fail *fail)
{
	return rows->month_count == 0 || (postgres_add(store->postgres, &sql_begin, NULL, NULL, NULL, fail) &&
					  store_add_holds(store, rows, arena, fail) &&
					  store_add_months(store, rows->months, rows->month_count, arena, fail) &&
					  postgres_add(store->postgres, &sql_commit, NULL, NULL, NULL, fail));
}

bool store_months(struct store *store, const struct advance_rows *rows, struct arena *arena, struct fail *fail)
{
	CHECK(rows->month_count > 0);
	return add_months(store, rows, arena, fail) && postgres_send(store->postgres, fail);
}

bool store_peek(struct store *store, struct advance_rows *peek, struct arena *arena, struct fail *fail)
{
	return add_months(store, peek, arena, fail) &&
	       postgres_add(store->postgres, &sql_snapshot, NULL, NULL, NULL, fail) &&
	       postgres_add(store->postgres, &sql_model_version, NULL, on_advanced, store, fail) &&
	       add_in_play(store, peek, arena, fail) && postgres_send(store->postgres, fail);
}
