/*
 * What SAVE writes of opportunities: changes, who their contacts are, and that both are to be looked at (phased.opportunity_step).
 */
#include "core/base/arena.h"
#include "core/edge/store_columns.h"
#include "core/edge/store_parts.h"
#include "core/edge/store_sql_deals.h"

/* Which opportunity, and which event: the first columns of both. */
static void put_key(struct postgres_array *const *at, const struct stage_row *row)
{
	postgres_array_text(at[0], row->source);
	postgres_array_text(at[1], row->site);
	postgres_array_text(at[2], row->id);
	postgres_array_moment(at[3], row->stamped_us);
	postgres_array_int(at[4], (int64_t)row->event_id);
	postgres_array_moment(at[5], row->received_us);
	postgres_array_moment(at[6], row->at_us);
}

bool store_save_stages(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	static const enum postgres_type types[] = {POSTGRES_TEXT,	 POSTGRES_TEXT, POSTGRES_TEXT,
						   POSTGRES_TIMESTAMPTZ, POSTGRES_INT8, POSTGRES_TIMESTAMPTZ,
						   POSTGRES_TIMESTAMPTZ, POSTGRES_INT8, POSTGRES_INT4,
						   POSTGRES_TEXT,	 POSTGRES_INT2, POSTGRES_FLOAT8,
						   POSTGRES_FLOAT8,	 POSTGRES_TEXT, POSTGRES_TIMESTAMPTZ,
						   POSTGRES_TEXT};
	if (save->stage_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	struct postgres_array *at[COLUMNS_MAX];
	columns_arrays(columns, types, sizeof(types) / sizeof(types[0]), save->stage_count, at);
	for (size_t i = 0; i < save->stage_count; i++) {
		const struct stage_row *row = &save->stages[i];
		put_key(at, row);
		postgres_array_int(at[7], (int64_t)row->subject_id);
		postgres_array_int(at[8], (int64_t)row->reasons);
		postgres_array_text(at[9], row->stage);
		postgres_array_int(at[10], row->state);
		postgres_array_float_or_null(at[11], row->probability);
		postgres_array_float_or_null(at[12], row->amount);
		postgres_array_text(at[13], row->currency);
		postgres_array_moment_or_null(at[14], row->close_us);
		postgres_array_text(at[15], row->owner);
	}
	return columns_add(columns, store->postgres, &sql_save_stages, NULL, NULL, fail);
}

bool store_save_associates(struct store *store, const struct save_rows *save, struct arena *arena,
			   struct fail *fail)
{
	static const enum postgres_type types[] = {POSTGRES_TEXT,	 POSTGRES_TEXT, POSTGRES_TEXT,
						   POSTGRES_TIMESTAMPTZ, POSTGRES_INT8, POSTGRES_TIMESTAMPTZ,
						   POSTGRES_TIMESTAMPTZ, POSTGRES_UUID, POSTGRES_BOOL,
						   POSTGRES_TEXT,	 POSTGRES_INT4, POSTGRES_INT8};
	if (save->associate_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	struct postgres_array *at[COLUMNS_MAX];
	columns_arrays(columns, types, sizeof(types) / sizeof(types[0]), save->associate_count, at);
	for (size_t i = 0; i < save->associate_count; i++) {
		const struct associate_row *row = &save->associates[i];
		put_key(at, row->stage);
		postgres_array_uuid(at[7], &row->actor_id);
		postgres_array_int(at[8], row->present);
		postgres_array_text(at[9], row->topic);
		postgres_array_int(at[10], row->partition);
		postgres_array_int(at[11], row->offset);
	}
	return columns_add(columns, store->postgres, &sql_save_associates, NULL, NULL, fail);
}

static bool on_step(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct store_deals *deals = context;
	(void)fail;
	deals->ours = postgres_count(rows) > 0;
	if (deals->ours) {
		deals->again = postgres_int(rows, 0, 0) != 0;
		deals->written = postgres_int(rows, 0, 1);
		deals->gone = postgres_int(rows, 0, 2);
		deals->waiting = postgres_int(rows, 0, 3);
	}
	return true;
}

bool store_deals(struct store *store, int64_t pairs_max, int64_t queue_max, bool expire, struct arena *arena,
		 struct store_deals *ret, struct fail *fail)
{
	struct columns *columns = columns_begin(arena);
	*ret = (struct store_deals){0};
	columns_int(columns, POSTGRES_INT8, pairs_max);
	columns_int(columns, POSTGRES_INT8, queue_max);
	columns_int(columns, POSTGRES_BOOL, expire);
	return columns_add(columns, store->postgres, &sql_deals_step, on_step, ret, fail) &&
	       postgres_send(store->postgres, fail);
}
