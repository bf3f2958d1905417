/*
 * New touches in COPY's binary form: a header, a row each of (count of columns, then length and bytes of each), a trailer.
 * https://www.postgresql.org/docs/15/sql-copy.html, "Binary Format".
 */
#include <string.h>

#include "core/base/arena.h"
#include "core/edge/postgres_wire.h"
#include "core/edge/store_columns.h"
#include "core/edge/store_sql.h"

#define HEADER_SIZE 19
#define TRAILER_SIZE 2
#define COLUMNS 8
#define ROW_SIZE (2 + COLUMNS * 4 + 16 + 5 * 8 + 4 + 2)

static char *put(char *at, int64_t value, int size)
{
	postgres_put(at, (uint64_t)size, 4);
	postgres_put(at + 4, (uint64_t)value, size);
	return at + 4 + size;
}

static char *put_touch(char *at, const struct touch *touch)
{
	postgres_put(at, COLUMNS, 2);
	postgres_put(at + 2, sizeof(touch->actor_id), 4);
	memcpy(at + 6, &touch->actor_id, sizeof(touch->actor_id));
	at += 6 + sizeof(touch->actor_id);
	at = put(at, postgres_moment_to_wire(touch->stamped_us), 8);
	at = put(at, (int64_t)touch->event_id, 8);
	at = put(at, postgres_moment_to_wire(touch->received_us), 8);
	at = put(at, postgres_moment_to_wire(touch->at_us), 8);
	at = put(at, (int64_t)touch->subject_id, 8);
	at = put(at, (int64_t)touch->reasons, 4);
	return put(at, touch->party, 2);
}

bool store_copy(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	static const char header[HEADER_SIZE] = "PGCOPY\n\377\r\n"; /* no flags, no extension */
	size_t size = HEADER_SIZE + save->touch_count * ROW_SIZE + TRAILER_SIZE;
	char *bytes = arena_take(arena, size), *at = bytes;
	if (bytes == NULL) {
		return store_arena_full(fail);
	}
	memcpy(at, header, HEADER_SIZE);
	at += HEADER_SIZE;
	for (size_t i = 0; i < save->touch_count; i++) {
		at = put_touch(at, &save->touches[i]);
	}
	postgres_put(at, 0xffff, TRAILER_SIZE);
	return postgres_copy(store->postgres, &sql_copy_touches, bytes, size, fail);
}
