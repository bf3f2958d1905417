/*
 * The turns that read histories: READ, and RULES for what their subjects match.
 */
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/edge/store_columns.h"
#include "core/edge/store_parts.h"
#include "core/edge/store_sql.h"

/*
 * Rows of a whole history: libpq gathers them all, in memory of its own, before we see one. So many at the most, by what
 * the arena could hold of them; more are noticed as a full arena is.
 */
#define HISTORY_ROW_SIZE 512 /* there and here */

int64_t store_history_max(const struct arena *arena)
{
	return (int64_t)(arena->limit / HISTORY_ROW_SIZE);
}

/* The second answer's rows are put behind the first one's. */
static struct touch_row *more_touches(struct store *store, size_t count, struct fail *fail)
{
	struct read_rows *read = store->read;
	struct touch_row *touches = arena_array(store->arena, read->touch_count + count + 1, sizeof(*touches));
	if (touches == NULL || count == (size_t)store_history_max(store->arena)) {
		store_arena_full(fail);
		return NULL;
	}
	if (read->touch_count > 0) {
		memcpy(touches, read->touches, read->touch_count * sizeof(*touches));
	}
	read->touches = touches;
	read->touch_count += count;
	return touches + read->touch_count - count;
}

static struct touch_row read_touch(const struct postgres_rows *rows, size_t i)
{
	return (struct touch_row){
		.key.event_id = (uint64_t)postgres_int(rows, i, 1),
		.at_us = postgres_moment(rows, i, 2),
		.subject_id = (uint64_t)postgres_int(rows, i, 3),
		.party = (int)postgres_int(rows, i, 4),
		.reasons = (uint32_t)postgres_int(rows, i, 5),
		.process = -1,
		.rule = -1,
	};
}

/* Which ask brought a row, from 0 on. */
static size_t ask_of(const struct postgres_rows *rows, size_t i, size_t count)
{
	size_t place = (size_t)postgres_int(rows, i, 0);
	CHECK(place >= 1 && place <= count);
	return place - 1;
}

static bool on_contacts(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct store *store = context;
	const struct read_rows *read = store->read;
	size_t count = postgres_count(rows);
	struct touch_row *touches = more_touches(store, count, fail);
	for (size_t i = 0; touches != NULL && i < count; i++) {
		touches[i] = read_touch(rows, i);
		touches[i].by_stretch = true;
		touches[i].contact_id = read->contacts[ask_of(rows, i, read->contact_count)].id;
		if (read->with_keys) {
			touches[i].key.actor_id = postgres_uuid(rows, i, 6);
			touches[i].key.stamped_us = postgres_moment(rows, i, 7);
		}
	}
	return touches != NULL;
}

static bool on_actors(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct store *store = context;
	const struct read_rows *read = store->read;
	size_t count = postgres_count(rows);
	struct touch_row *touches = more_touches(store, count, fail);
	for (size_t i = 0; touches != NULL && i < count; i++) {
		touches[i] = read_touch(rows, i);
		touches[i].key.actor_id = read->actors[ask_of(rows, i, read->actor_count)].id;
		if (read->with_keys) {
			touches[i].key.stamped_us = postgres_moment(rows, i, 7);
		}
	}
	return touches != NULL;
}

static bool on_checkpoints(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct store *store = context;
	struct checkpoint_row *checkpoints = store_rows_room(store, rows, sizeof(*checkpoints), fail);
	if (checkpoints == NULL) {
		return false;
	}
	for (size_t i = 0; i < postgres_count(rows); i++) {
		size_t size;
		const uint8_t *fold = store_row_bytes(store, rows, i, 4, &size);
		checkpoints[i] = (struct checkpoint_row){
			.contact_id = postgres_uuid(rows, i, 0),
			.process = store_row_text(store, rows, i, 1),
			.n = (uint32_t)postgres_int(rows, i, 2),
			.at_us = postgres_moment(rows, i, 3),
			.fold = fold,
			.fold_size = size,
			.shown = (int)postgres_int(rows, i, 5),
			.since_us = store_row_moment(rows, i, 6),
		};
		if (checkpoints[i].process == NULL || checkpoints[i].fold == NULL) {
			return store_arena_full(fail);
		}
	}
	store->read->checkpoints = checkpoints;
	store->read->checkpoint_count = postgres_count(rows);
	return true;
}

/* The parameters of READ_ASKS; more may follow. The asks of one contact have its id in common, and so one place. */
static struct columns *begin_asks(const struct read_rows *read, const struct read_ask *const lists[],
				  const size_t counts[], size_t list_count, bool of_one_process,
				  struct arena *arena)
{
	size_t room = 0;
	for (size_t i = 0; i < list_count; i++) {
		room += counts[i];
	}
	struct columns *columns = columns_begin(arena);
	columns_int(columns, POSTGRES_INT8, (int64_t)read->model_version);
	struct postgres_array *ids = columns_array(columns, POSTGRES_UUID, room);
	struct postgres_array *processes = columns_array(columns, POSTGRES_TEXT, room);
	struct postgres_array *before = columns_array(columns, POSTGRES_TIMESTAMPTZ, room);
	struct postgres_array *after = columns_array(columns, POSTGRES_TIMESTAMPTZ, room);
	struct postgres_array *cleared = columns_array(columns, POSTGRES_INT4, room);
	for (size_t i = 0; i < list_count; i++) {
		for (size_t j = 0; j < counts[i]; j++) {
			const struct read_ask *ask = &lists[i][j];
			if (ask->process != NULL || !of_one_process) {
				postgres_array_uuid(ids, &ask->id);
				postgres_array_text(processes, ask->process);
				postgres_array_moment(before, ask->before_us);
				postgres_array_moment(after, ask->after_us);
				postgres_array_int(cleared, (int32_t)ask->cleared);
			}
		}
	}
	return columns;
}

static bool has_processes(const struct read_ask *asks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (asks[i].process != NULL) {
			return true;
		}
	}
	return false;
}

static bool add_checkpoints(struct store *store, const struct read_rows *read, struct arena *arena,
			    struct fail *fail)
{
	const struct read_ask *const lists[] = {read->contacts, read->actors};
	const size_t counts[] = {read->contact_count, read->actor_count};
	if (!has_processes(read->contacts, read->contact_count) &&
	    !has_processes(read->actors, read->actor_count)) {
		return true;
	}
	return columns_add(begin_asks(read, lists, counts, 2, true, arena), store->postgres, &sql_read_checkpoints,
			   on_checkpoints, store, fail);
}

bool store_read(struct store *store, struct read_rows *read, struct arena *arena, struct fail *fail)
{
	store->arena = arena;
	store->read = read;
	read->touches = NULL;
	read->touch_count = 0;
	read->checkpoints = NULL;
	read->checkpoint_count = 0;
	if (!add_checkpoints(store, read, arena, fail)) {
		return false;
	}
	if (read->contact_count > 0) {
		struct columns *columns = begin_asks(read, &read->contacts, &read->contact_count, 1, false, arena);
		columns_int(columns, POSTGRES_BOOL, read->with_keys);
		columns_int(columns, POSTGRES_BOOL, read->counted_only);
		columns_uuids(columns, read->moved, read->moved_count);
		columns_int(columns, POSTGRES_INT8, store_history_max(arena));
		if (!columns_add(columns, store->postgres, &sql_read_contacts, on_contacts, store, fail)) {
			return false;
		}
	}
	if (read->actor_count > 0) {
		struct columns *columns = begin_asks(read, &read->actors, &read->actor_count, 1, false, arena);
		columns_int(columns, POSTGRES_BOOL, read->with_keys);
		columns_int(columns, POSTGRES_BOOL, read->counted_only);
		columns_int(columns, POSTGRES_INT8, store_history_max(arena));
		if (!columns_add(columns, store->postgres, &sql_read_actors, on_actors, store, fail)) {
			return false;
		}
	}
	return postgres_send(store->postgres, fail);
}

static bool on_rules(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct store *store = context;
	struct rule_row *rules = store_rows_room(store, rows, sizeof(*rules), fail);
	if (rules == NULL) {
		return false;
	}
	const char *process = NULL; /* one copy of a name that rows share */
	for (size_t i = 0; i < postgres_count(rows); i++) {
		if (process == NULL || strcmp(process, postgres_text(rows, i, 1)) != 0) {
			process = store_row_text(store, rows, i, 1);
			if (process == NULL) {
				return store_arena_full(fail);
			}
		}
		rules[i] = (struct rule_row){
			.subject_id = (uint64_t)postgres_int(rows, i, 0),
			.process = process,
			.rule = postgres_is_null(rows, i, 2) ? -1 : (int)postgres_int(rows, i, 2),
			.mail_click = postgres_int(rows, i, 3) != 0,
			.link = (uint64_t)postgres_int(rows, i, 4),
			.confirm = (uint16_t)postgres_int(rows, i, 5),
		};
	}
	store->rules->rules = rules;
	store->rules->rule_count = postgres_count(rows);
	return true;
}

bool store_rules(struct store *store, struct rule_rows *rules, struct arena *arena, struct fail *fail)
{
	store->arena = arena;
	store->rules = rules;
	struct columns *columns = columns_begin(arena);
	columns_int(columns, POSTGRES_INT8, (int64_t)rules->model_version);
	struct postgres_array *subjects = columns_array(columns, POSTGRES_INT8, rules->subject_count);
	for (size_t i = 0; i < rules->subject_count; i++) {
		postgres_array_int(subjects, (int64_t)rules->subjects[i]);
	}
	return columns_add(columns, store->postgres, &sql_read_rules, on_rules, store, fail) &&
	       postgres_send(store->postgres, fail);
}
