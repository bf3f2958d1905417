/*
 * New rows in COPY's binary form: a header, of each row the count of its columns and then each one's length and bytes, a
 * trailer. https://www.postgresql.org/docs/15/sql-copy.html, "Binary Format".
 */
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/edge/postgres_wire.h"
#include "core/edge/store_columns.h"
#include "core/edge/store_parts.h"
#include "core/edge/store_sql.h"

#define HEADER_SIZE 19
#define TRAILER_SIZE 2

/* Rows under construction; there is room for them all. */
struct rows {
	char *bytes, *at;
	size_t room;
};

static bool rows_begin(struct rows *rows, size_t size, struct arena *arena)
{
	static const char header[HEADER_SIZE] = "PGCOPY\n\377\r\n"; /* no flags, no extension */
	rows->room = HEADER_SIZE + size + TRAILER_SIZE;
	rows->bytes = rows->at = arena_take(arena, rows->room);
	if (rows->bytes == NULL) {
		return false;
	}
	memcpy(rows->at, header, HEADER_SIZE);
	rows->at += HEADER_SIZE;
	return true;
}

static struct postgres_piece rows_end(struct rows *rows)
{
	postgres_put(rows->at, 0xffff, TRAILER_SIZE);
	rows->at += TRAILER_SIZE;
	CHECK((size_t)(rows->at - rows->bytes) <= rows->room);
	return (struct postgres_piece){rows->bytes, (size_t)(rows->at - rows->bytes)};
}

static void put_row(struct rows *rows, unsigned columns)
{
	postgres_put(rows->at, columns, 2);
	rows->at += 2;
}

static void put_bytes(struct rows *rows, const void *bytes, size_t size)
{
	postgres_put(rows->at, size, 4);
	memcpy(rows->at + 4, bytes, size);
	rows->at += 4 + size;
}

static void put_text(struct rows *rows, const char *text)
{
	put_bytes(rows, text, strlen(text));
}

static void put_number(struct rows *rows, int64_t value, int size)
{
	postgres_put(rows->at, (uint64_t)size, 4);
	postgres_put(rows->at + 4, (uint64_t)value, size);
	rows->at += 4 + size;
}

static void put_float(struct rows *rows, double value)
{
	int64_t bits;
	memcpy(&bits, &value, sizeof(bits));
	put_number(rows, bits, 8);
}

static void put_null(struct rows *rows)
{
	postgres_put(rows->at, UINT32_MAX, 4);
	rows->at += 4;
}

static void put_moment(struct rows *rows, int64_t us)
{
	put_number(rows, postgres_moment_to_wire(us), 8);
}

static void put_moment_or_null(struct rows *rows, int64_t us)
{
	if (us == INT64_MIN) {
		put_null(rows);
	} else {
		put_moment(rows, us);
	}
}

/* ---- arbiters ---- */

#define ARBITER "standard"
#define ARBITER_COLUMNS 18
/* All but the bytes of fold. */
#define ARBITER_SIZE (2 + ARBITER_COLUMNS * 4 + 16 + sizeof(ARBITER) - 1 + 2 * 8 + 2 * 4 + 4 * 8 + 4 * 2 + 3 * 8)

static void put_arbiter(struct rows *rows, const struct arbiter_row *row, uint64_t model_version)
{
	const struct state_row *state = row->state != NULL ? row->state : &store_no_state;
	put_row(rows, ARBITER_COLUMNS);
	put_bytes(rows, &row->contact_id, sizeof(row->contact_id));
	put_text(rows, ARBITER);
	put_number(rows, 1, 8);
	put_number(rows, (int64_t)model_version, 8);
	put_bytes(rows, state->fold, state->fold_size);
	put_number(rows, state->counted, 4);
	put_number(rows, state->confirmed, 4);
	put_float(rows, state->activity);
	put_float(rows, state->early);
	put_float(rows, state->mid);
	put_float(rows, state->late);
	put_number(rows, state->reported, 2);
	put_number(rows, state->shown, 2);
	put_number(rows, state->fine, 2);
	put_number(rows, state->band, 2);
	put_moment_or_null(rows, state->since_us);
	put_moment_or_null(rows, state->last_us);
	put_moment_or_null(rows, state->review_us);
}

bool store_copy_arbiters(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	size_t size = save->arbiter_new_count * ARBITER_SIZE;
	for (size_t i = 0; i < save->arbiter_new_count; i++) {
		const struct state_row *state = save->arbiters_new[i].state;
		size += state != NULL ? state->fold_size : 0;
	}
	struct rows rows;
	if (!rows_begin(&rows, size, arena)) {
		return store_arena_full(fail);
	}
	for (size_t i = 0; i < save->arbiter_new_count; i++) {
		put_arbiter(&rows, &save->arbiters_new[i], save->model_version);
	}
	struct postgres_piece piece = rows_end(&rows);
	return postgres_copy(store->postgres, &sql_copy_arbiters, &piece, 1, fail);
}

/* ---- actors, changes, touches ---- */

#define ACTOR_COLUMNS 4

static bool copy_actors(const struct save_rows *save, struct arena *arena, struct postgres_piece *ret_piece)
{
	size_t size = save->actor_new_count * (2 + ACTOR_COLUMNS * 4 + 16 + 2);
	for (size_t i = 0; i < save->actor_new_count; i++) {
		size += strlen(save->actors_new[i].space) + strlen(save->actors_new[i].value);
	}
	struct rows rows;
	if (!rows_begin(&rows, size, arena)) {
		return false;
	}
	for (size_t i = 0; i < save->actor_new_count; i++) {
		const struct actor *actor = &save->actors_new[i];
		put_row(&rows, ACTOR_COLUMNS);
		put_bytes(&rows, &actor->id, sizeof(actor->id));
		put_number(&rows, actor->kind, 2);
		put_text(&rows, actor->space);
		if (actor->value[0] != '\0') {
			put_text(&rows, actor->value);
		} else {
			put_null(&rows);
		}
	}
	*ret_piece = rows_end(&rows);
	return true;
}

#define CHANGE_COLUMNS 8
#define CHANGE_SIZE (2 + CHANGE_COLUMNS * 4 + 16 + 3 * 8 + 2 * 2 + 1)

static bool copy_changes(const struct save_rows *save, struct arena *arena, struct postgres_piece *ret_piece)
{
	size_t size = save->change_new_count * CHANGE_SIZE;
	for (size_t i = 0; i < save->change_new_count; i++) {
		size += strlen(save->changes_new[i].process);
	}
	struct rows rows;
	if (!rows_begin(&rows, size, arena)) {
		return false;
	}
	for (size_t i = 0; i < save->change_new_count; i++) {
		const struct change_row *change = &save->changes_new[i];
		put_row(&rows, CHANGE_COLUMNS);
		put_bytes(&rows, &change->contact_id, sizeof(change->contact_id));
		put_text(&rows, change->process);
		put_moment(&rows, change->at_us);
		put_number(&rows, change->from_shown, 2);
		put_number(&rows, change->to_shown, 2);
		put_number(&rows, (int64_t)change->cause, 8);
		put_moment(&rows, save->now_us);
		put_number(&rows, change->late, 1);
	}
	*ret_piece = rows_end(&rows);
	return true;
}

#define TOUCH_COLUMN_COUNT 8
#define TOUCH_SIZE (2 + TOUCH_COLUMN_COUNT * 4 + 16 + 5 * 8 + 4 + 2)

static bool copy_touches(const struct save_rows *save, struct arena *arena, struct postgres_piece *ret_piece)
{
	struct rows rows;
	if (!rows_begin(&rows, save->touch_count * TOUCH_SIZE, arena)) {
		return false;
	}
	for (size_t i = 0; i < save->touch_count; i++) {
		const struct touch *touch = &save->touches[i];
		put_row(&rows, TOUCH_COLUMN_COUNT);
		put_bytes(&rows, &touch->actor_id, sizeof(touch->actor_id));
		put_moment(&rows, touch->stamped_us);
		put_number(&rows, (int64_t)touch->event_id, 8);
		put_moment(&rows, touch->received_us);
		put_moment(&rows, touch->at_us);
		put_number(&rows, (int64_t)touch->subject_id, 8);
		put_number(&rows, (int64_t)touch->reasons, 4);
		put_number(&rows, touch->party, 2);
	}
	*ret_piece = rows_end(&rows);
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
