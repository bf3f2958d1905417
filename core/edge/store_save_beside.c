/*
 * The part of SAVE that writes what stands beside touches: of threads, and so these; costs. Each is one call of a function in the database, which is told
 * what goes with the touches, too, and is not called where there is nothing of all that.
 */
#include "core/edge/store_columns.h"
#include "core/edge/store_parts.h"
#include "core/edge/store_sql_save.h"

static void put_key(struct postgres_array *const *at, const struct touch_key *key)
{
	postgres_array_uuid(at[0], &key->actor_id);
	postgres_array_moment(at[1], key->stamped_us);
	postgres_array_int(at[2], (int64_t)key->event_id);
}

/* Of touches that take the place of others; nobody knows what stood beside those. */
static void add_gone(struct columns *columns, const struct save_rows *save)
{
	static const enum postgres_type types[] = {POSTGRES_UUID, POSTGRES_TIMESTAMPTZ, POSTGRES_INT8};
	struct postgres_array *at[COLUMNS_MAX];
	columns_arrays(columns, types, sizeof(types) / sizeof(types[0]), save->replacing_count, at);
	for (size_t i = 0; i < save->replacing_count; i++) {
		const struct touch *row = &save->replacing[i];
		put_key(at, &(struct touch_key){row->actor_id, row->stamped_us, row->event_id});
	}
}

void store_add_erased(struct columns *columns, const struct save_rows *save)
{
	static const enum postgres_type types[] = {POSTGRES_UUID, POSTGRES_TIMESTAMPTZ, POSTGRES_TIMESTAMPTZ};
	struct postgres_array *at[COLUMNS_MAX];
	columns_arrays(columns, types, sizeof(types) / sizeof(types[0]), save->erased_count, at);
	for (size_t i = 0; i < save->erased_count; i++) {
		postgres_array_uuid(at[0], &save->erased[i].actor_id);
		postgres_array_moment(at[1], save->erased[i].from_us);
		postgres_array_moment(at[2], save->erased[i].until_us);
	}
}

bool store_save_threads(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	static const enum postgres_type types[] = {POSTGRES_UUID,	 POSTGRES_TIMESTAMPTZ, POSTGRES_INT8,
						   POSTGRES_TIMESTAMPTZ, POSTGRES_TEXT,	       POSTGRES_TEXT,
						   POSTGRES_TEXT,	 POSTGRES_INT2,	       POSTGRES_INT2,
						   POSTGRES_FLOAT8};
	if (save->thread_touch_count + save->replacing_count + save->erased_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	struct postgres_array *at[COLUMNS_MAX];
	add_gone(columns, save);
	columns_arrays(columns, types, sizeof(types) / sizeof(types[0]), save->thread_touch_count, at);
	for (size_t i = 0; i < save->thread_touch_count; i++) {
		const struct thread_touch *row = &save->thread_touches[i];
		put_key(at, &row->key);
		postgres_array_moment(at[3], row->at_us);
		postgres_array_text(at[4], row->source);
		postgres_array_text(at[5], row->site);
		postgres_array_text(at[6], row->thread);
		postgres_array_int(at[7], row->act);
		postgres_array_int(at[8], row->party);
		postgres_array_float_or_null(at[9], row->rating);
	}
	store_add_erased(columns, save);
	return columns_add(columns, store->postgres, &sql_save_threads, NULL, NULL, fail);
}

bool store_save_costs(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	static const enum postgres_type types[] = {POSTGRES_UUID,	 POSTGRES_TIMESTAMPTZ, POSTGRES_INT8,
						   POSTGRES_TIMESTAMPTZ, POSTGRES_INT8,	       POSTGRES_FLOAT8,
						   POSTGRES_TEXT};
	if (save->cost_count + save->replacing_count + save->erased_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	struct postgres_array *at[COLUMNS_MAX];
	add_gone(columns, save);
	columns_arrays(columns, types, sizeof(types) / sizeof(types[0]), save->cost_count, at);
	for (size_t i = 0; i < save->cost_count; i++) {
		const struct cost_row *row = &save->costs[i];
		put_key(at, &row->key);
		postgres_array_moment(at[3], row->at_us);
		postgres_array_int(at[4], (int64_t)row->subject_id);
		postgres_array_float(at[5], row->amount);
		postgres_array_text(at[6], row->currency);
	}
	store_add_erased(columns, save);
	return columns_add(columns, store->postgres, &sql_save_costs, NULL, NULL, fail);
}
