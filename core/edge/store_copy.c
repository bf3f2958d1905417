/*
 * New rows, for COPY.
 */
#include <string.h>

#include "core/edge/store_columns.h"
#include "core/edge/store_parts.h"
#include "core/edge/store_rows.h"
#include "core/edge/store_sql_save.h"

/* ---- arbiters ---- */

#define ARBITER_COLUMNS (4 + STORE_STATE_COLUMNS)
/* All but the bytes of fold. */
#define ARBITER_SIZE \
	(STORE_ROW_HEAD(ARBITER_COLUMNS) + 16 + sizeof(ARBITER_PROCESS) - 1 + 2 * 8 + STORE_STATE_SIZE)

static void put_arbiter(struct store_rows *rows, const struct arbiter_row *row, uint64_t model_version)
{
	store_rows_next(rows, ARBITER_COLUMNS);
	store_rows_uuid(rows, &row->contact_id);
	store_rows_text(rows, ARBITER_PROCESS);
	store_rows_int8(rows, 1);
	store_rows_int8(rows, (int64_t)model_version);
	store_put_state(rows, row->state != NULL ? row->state : &store_no_state);
}

bool store_copy_arbiters(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	size_t size = save->arbiter_new_count * ARBITER_SIZE;
	for (size_t i = 0; i < save->arbiter_new_count; i++) {
		const struct state_row *state = save->arbiters_new[i].state;
		size += state != NULL ? state->fold_size : 0;
	}
	struct store_rows rows;
	if (!store_rows_begin(&rows, false, size, arena)) {
		return store_arena_full(fail);
	}
	for (size_t i = 0; i < save->arbiter_new_count; i++) {
		put_arbiter(&rows, &save->arbiters_new[i], save->model_version);
	}
	struct postgres_piece piece = store_rows_copy(&rows);
	return postgres_copy(store->postgres, &sql_copy_arbiters, &piece, 1, fail);
}

/* ---- actors, changes, touches ---- */

#define ACTOR_COLUMNS 4

static bool copy_actors(const struct save_rows *save, struct arena *arena, struct postgres_piece *ret_piece)
{
	size_t size = save->actor_new_count * (STORE_ROW_HEAD(ACTOR_COLUMNS) + 16 + 2);
	for (size_t i = 0; i < save->actor_new_count; i++) {
		size += strlen(save->actors_new[i].space) + strlen(save->actors_new[i].value);
	}
	struct store_rows rows;
	if (!store_rows_begin(&rows, false, size, arena)) {
		return false;
	}
	for (size_t i = 0; i < save->actor_new_count; i++) {
		const struct actor *actor = &save->actors_new[i];
		store_rows_next(&rows, ACTOR_COLUMNS);
		store_rows_uuid(&rows, &actor->id);
		store_rows_int2(&rows, actor->kind);
		store_rows_text(&rows, actor->space);
		if (actor->value[0] != '\0') {
			store_rows_text(&rows, actor->value);
		} else {
			store_rows_null(&rows, POSTGRES_TEXT);
		}
	}
	*ret_piece = store_rows_copy(&rows);
	return true;
}

#define CHANGE_COLUMNS 9
#define CHANGE_SIZE (STORE_ROW_HEAD(CHANGE_COLUMNS) + 16 + 4 * 8 + 2 * 2 + 1)

static bool copy_changes(const struct save_rows *save, struct arena *arena, struct postgres_piece *ret_piece)
{
	size_t size = save->change_new_count * CHANGE_SIZE;
	for (size_t i = 0; i < save->change_new_count; i++) {
		size += strlen(save->changes_new[i].process);
	}
	struct store_rows rows;
	if (!store_rows_begin(&rows, false, size, arena)) {
		return false;
	}
	for (size_t i = 0; i < save->change_new_count; i++) {
		const struct change_row *change = &save->changes_new[i];
		store_rows_next(&rows, CHANGE_COLUMNS);
		store_rows_uuid(&rows, &change->contact_id);
		store_rows_text(&rows, change->process);
		store_rows_moment(&rows, change->at_us);
		store_rows_int2(&rows, change->from_shown);
		store_rows_int2(&rows, change->to_shown);
		if (change->by_time) {
			store_rows_null(&rows, POSTGRES_INT8);
		} else {
			store_rows_int8(&rows, (int64_t)change->cause);
		}
		store_rows_moment(&rows, save->now_us);
		store_rows_bool(&rows, change->late);
		store_rows_moment(&rows, change->from_since_us);
	}
	*ret_piece = store_rows_copy(&rows);
	return true;
}

#define TOUCH_COLUMN_COUNT 8
#define TOUCH_SIZE (STORE_ROW_HEAD(TOUCH_COLUMN_COUNT) + 16 + 5 * 8 + 4 + 2)

static bool copy_touches(const struct save_rows *save, struct arena *arena, struct postgres_piece *ret_piece)
{
	struct store_rows rows;
	if (!store_rows_begin(&rows, false, save->touch_count * TOUCH_SIZE, arena)) {
		return false;
	}
	for (size_t i = 0; i < save->touch_count; i++) {
		const struct touch *touch = &save->touches[i];
		store_rows_next(&rows, TOUCH_COLUMN_COUNT);
		store_rows_uuid(&rows, &touch->actor_id);
		store_rows_moment(&rows, touch->stamped_us);
		store_rows_int8(&rows, (int64_t)touch->event_id);
		store_rows_moment(&rows, touch->received_us);
		store_rows_moment(&rows, touch->at_us);
		store_rows_int8(&rows, (int64_t)touch->subject_id);
		store_rows_int4(&rows, (int64_t)touch->reasons);
		store_rows_int2(&rows, touch->party);
	}
	*ret_piece = store_rows_copy(&rows);
	return true;
}

bool store_copy_new(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	struct postgres_piece pieces[3];
	return copy_actors(save, arena, &pieces[0]) && copy_changes(save, arena, &pieces[1]) &&
			       copy_touches(save, arena, &pieces[2])
		       ? postgres_copy(store->postgres, &sql_copy_new, pieces, 3, fail)
		       : store_arena_full(fail);
}
