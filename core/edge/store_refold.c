/*
 * Contacts that wait for their refold: who they are, and the turn that begins one.
 */
#include "core/base/arena.h"
#include "core/edge/store_columns.h"
#include "core/edge/store_parts.h"
#include "core/edge/store_sql_chores.h"
#include "core/edge/store_sql_save.h"

static bool on_model(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	struct store *store = context;
	store->pick->has_model = postgres_count(rows) == 1;
	store->pick->model_version = store->pick->has_model ? (uint64_t)postgres_int(rows, 0, 0) : 0;
	return true;
}

/* In key order. */
static bool on_waiting(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct store *store = context;
	struct waiting_row *waiting = store_rows_room(store, rows, sizeof(*waiting), fail);
	if (waiting == NULL) {
		return false;
	}
	for (size_t i = 0; i < postgres_count(rows); i++) {
		waiting[i] = (struct waiting_row){
			.contact_id = postgres_uuid(rows, i, 0),
			.from_us = postgres_moment(rows, i, 1),
			.anonymous = postgres_int(rows, i, 2) != 0,
		};
	}
	store->pick->waiting = waiting;
	store->pick->waiting_count = postgres_count(rows);
	return true;
}

static bool add_count(struct store *store, const struct postgres_statement *statement, size_t count,
		      postgres_on_rows *on_rows, struct arena *arena, struct fail *fail)
{
	struct columns *columns = columns_begin(arena);
	columns_int(columns, POSTGRES_INT8, (int64_t)count);
	return columns_add(columns, store->postgres, statement, on_rows, store, fail);
}

bool store_pick(struct store *store, struct pick_rows *pick, struct arena *arena, struct fail *fail)
{
	store->arena = arena;
	store->pick = pick;
	pick->load = (struct load_rows){0};
	store->load = &pick->load;
	return postgres_add(store->postgres, &sql_begin, NULL, NULL, NULL, fail) &&
	       postgres_add(store->postgres, &sql_pick_lock, NULL, NULL, NULL, fail) &&
	       postgres_add(store->postgres, &sql_model_version, NULL, on_model, store, fail) &&
	       add_count(store, &sql_pick, pick->contacts_max, NULL, arena, fail) &&
	       postgres_add(store->postgres, &sql_pick_waiting, NULL, on_waiting, store, fail) &&
	       postgres_add(store->postgres, &sql_pick_phases, NULL, store_on_phases, store, fail) &&
	       postgres_send(store->postgres, fail);
}

bool store_postpone(struct store *store, const struct uuid *contact_id, struct arena *arena, struct fail *fail)
{
	return store_by_ids(store, &sql_postpone, contact_id, 1, NULL, arena, fail) &&
	       postgres_send(store->postgres, fail);
}

static bool on_queue(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	struct store *store = context;
	store->queue->count = postgres_int(rows, 0, 0);
	store->queue->oldest_us = postgres_is_null(rows, 0, 1) ? INT64_MAX : postgres_moment(rows, 0, 1);
	store->queue->due = postgres_int(rows, 0, 2);
	return true;
}

static bool on_takeover_look(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	struct store_queue *queue = context;
	queue->has_model = !postgres_is_null(rows, 0, 0);
	queue->model_version = (uint64_t)postgres_int(rows, 0, 0);
	queue->takeover = postgres_int(rows, 0, 1) != 0;
	queue->unseen = postgres_int(rows, 0, 2);
	return true;
}

bool store_queue(struct store *store, struct arena *arena, struct store_queue *ret, struct fail *fail)
{
	store->queue = ret;
	return add_count(store, &sql_queue, STORE_QUEUE_MAX, on_queue, arena, fail) &&
	       postgres_add(store->postgres, &sql_takeover_look, NULL, on_takeover_look, ret, fail) &&
	       postgres_send(store->postgres, fail);
}

static bool on_takeover(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	*(int64_t *)context = postgres_is_null(rows, 0, 0) ? -1 : postgres_int(rows, 0, 0);
	return true;
}

bool store_takeover(struct store *store, int64_t contacts_max, int64_t queue_max, struct arena *arena,
		    int64_t *ret_again_ms, struct fail *fail)
{
	struct columns *columns = columns_begin(arena);
	columns_int(columns, POSTGRES_INT8, contacts_max);
	columns_int(columns, POSTGRES_INT8, queue_max);
	return columns_add(columns, store->postgres, &sql_takeover, on_takeover, ret_again_ms, fail) &&
	       postgres_send(store->postgres, fail);
}

bool store_save_waiting(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail)
{
	if (save->waiting_count > 0) {
		struct columns *columns = columns_begin(arena);
		struct postgres_array *contacts = columns_array(columns, POSTGRES_UUID, save->waiting_count);
		struct postgres_array *moments = columns_array(columns, POSTGRES_TIMESTAMPTZ, save->waiting_count);
		struct postgres_array *anonymous = columns_array(columns, POSTGRES_BOOL, save->waiting_count);
		for (size_t i = 0; i < save->waiting_count; i++) {
			postgres_array_uuid(contacts, &save->waiting[i].contact_id);
			postgres_array_moment(moments, save->waiting[i].from_us);
			postgres_array_int(anonymous, save->waiting[i].anonymous);
		}
		if (!columns_add(columns, store->postgres, &sql_save_waiting, NULL, NULL, fail)) {
			return false;
		}
	}
	return store_by_ids(store, &sql_drop_waiting, save->caught_up, save->caught_up_count, NULL, arena, fail);
}
