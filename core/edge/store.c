/*
 * The store itself, and the turns outside of batches: settle, greet, claim, look. store_advance.c, store_load.c and
 * store_read.c have those that batches read by, store_save.c the one that they write by.
 */
#include "core/edge/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/edge/schema.h"
#include "core/edge/store_columns.h"
#include "core/edge/store_parts.h"
#include "core/edge/store_sql.h"

/*
 * For a row lock; longer than any batch of another daemon takes, short enough for a rebalance to wait for it. And for us, while
 * a transaction is open: between two turns of it we only compute.
 */
#define LOCK_MS_MAX 10000u

struct store *store_create(struct postgres *postgres, unsigned reply_ms_max, struct fail *fail)
{
	struct store *store = calloc(1, sizeof(*store));
	if (store == NULL) {
		fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "store: no memory");
		return NULL;
	}
	store->postgres = postgres;
	unsigned lock_ms = reply_ms_max / 2 < LOCK_MS_MAX ? reply_ms_max / 2 : LOCK_MS_MAX;
	snprintf(store->reply_ms, sizeof(store->reply_ms), "%u", reply_ms_max);
	snprintf(store->lock_ms, sizeof(store->lock_ms), "%u", lock_ms);
	postgres_value_text(store->reply_ms, &store->limits[0]);
	postgres_value_text(store->lock_ms, &store->limits[1]);
	return store;
}

void store_destroy(struct store *store)
{
	free(store);
}

void *store_rows_room(struct store *store, const struct postgres_rows *rows, size_t size, struct fail *fail)
{
	void *room = arena_zero(store->arena, postgres_count(rows) + 1, size);
	if (room == NULL) {
		store_arena_full(fail);
	}
	return room;
}

int64_t store_row_moment(const struct postgres_rows *rows, size_t row, unsigned column)
{
	return postgres_is_null(rows, row, column) ? INT64_MIN : postgres_moment(rows, row, column);
}

const uint8_t *store_row_bytes(struct store *store, const struct postgres_rows *rows, size_t row, unsigned column,
			       size_t *ret_size)
{
	const uint8_t *bytes = postgres_bytes(rows, row, column, ret_size);
	return (const uint8_t *)arena_text(store->arena, (const char *)bytes, *ret_size);
}

const char *store_row_text(struct store *store, const struct postgres_rows *rows, size_t row, unsigned column)
{
	if (postgres_is_null(rows, row, column)) {
		return NULL;
	}
	const char *text = postgres_text(rows, row, column);
	return arena_text(store->arena, text, strlen(text));
}

bool store_settle(struct store *store, struct fail *fail)
{
	return postgres_add(store->postgres, &sql_settle, store->limits, NULL, NULL, fail) &&
	       postgres_send(store->postgres, fail);
}

bool store_rollback(struct store *store, struct fail *fail)
{
	return postgres_add(store->postgres, &sql_rollback, NULL, NULL, NULL, fail) &&
	       postgres_send(store->postgres, fail);
}

static bool on_model(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct store *store = context;
	if (postgres_count(rows) == 1) {
		store->greeting->has_model = true;
		store->greeting->model_version = (uint64_t)postgres_int(rows, 0, 0);
		store->greeting->model_text = store_row_text(store, rows, 0, 1);
		if (store->greeting->model_text == NULL) {
			return store_arena_full(fail);
		}
		store->greeting->model_size = strlen(store->greeting->model_text);
	}
	return true;
}

static bool on_settings(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct store *store = context;
	struct store_settings *settings = &store->greeting->settings;
	settings->property_keys = store_row_text(store, rows, 0, 0);
	settings->kid = store_row_text(store, rows, 0, 1);
	return (settings->property_keys != NULL && settings->kid != NULL) || store_arena_full(fail);
}

static bool on_kept_from(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	((struct store_greeting *)context)->kept_from_us = postgres_moment(rows, 0, 0);
	return true;
}

bool store_greet(struct store *store, const struct store_settings *settings, struct arena *arena,
		 struct store_greeting *ret, struct fail *fail)
{
	*ret = (struct store_greeting){0};
	store->arena = arena;
	store->greeting = ret;
	struct postgres_value *values = arena_zero(arena, 2, sizeof(*values));
	if (values == NULL) {
		return store_arena_full(fail);
	}
	postgres_value_text(settings->property_keys, &values[0]);
	postgres_value_text(settings->kid, &values[1]);
	return postgres_add(store->postgres, &schema_statement, NULL, schema_on_rows, &ret->schema_version,
			    fail) &&
	       postgres_add(store->postgres, &sql_model, NULL, on_model, store, fail) &&
	       postgres_add(store->postgres, &sql_settings_set, values, NULL, NULL, fail) &&
	       postgres_add(store->postgres, &sql_settings, NULL, on_settings, store, fail) &&
	       postgres_add(store->postgres, &sql_kept_from, NULL, on_kept_from, ret, fail) &&
	       postgres_send(store->postgres, fail);
}

/* The position that a row names by topic and partition. */
static struct position_row *position_of(const struct store *store, const struct postgres_rows *rows, size_t row)
{
	for (size_t i = 0; i < store->position_count; i++) {
		struct position_row *position = &store->positions[i];
		if (position->partition == postgres_int(rows, row, 1) &&
		    strcmp(position->topic, postgres_text(rows, row, 0)) == 0) {
			return position;
		}
	}
	return NULL;
}

/* Topic, partition, next_offset, epoch. */
static bool on_positions(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	for (size_t i = 0; i < postgres_count(rows); i++) {
		struct position_row *position = position_of(context, rows, i);
		if (position != NULL) {
			position->from_offset = postgres_int(rows, i, 2);
			position->epoch = postgres_int(rows, i, 3);
		}
	}
	return true;
}

/* The same, and who set it. */
static bool on_looked(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	for (size_t i = 0; i < postgres_count(rows); i++) {
		struct position_row *position = position_of(context, rows, i);
		if (position != NULL) {
			position->set_by_hand = postgres_int(rows, i, 4) != 0;
		}
	}
	return on_positions(context, rows, fail);
}

void store_position_names(struct columns *columns, const struct position_row *positions, size_t count)
{
	struct postgres_array *topics = columns_array(columns, POSTGRES_TEXT, count);
	struct postgres_array *partitions = columns_array(columns, POSTGRES_INT4, count);
	for (size_t i = 0; i < count; i++) {
		postgres_array_text(topics, positions[i].topic);
		postgres_array_int(partitions, positions[i].partition);
	}
}

bool store_claim(struct store *store, const char *group, const char *owner, struct position_row *positions,
		 size_t count, struct arena *arena, struct fail *fail)
{
	store->positions = positions;
	store->position_count = count;
	struct columns *columns = columns_begin(arena);
	columns_text(columns, group);
	store_position_names(columns, positions, count);
	columns_text(columns, owner);
	return columns_add(columns, store->postgres, &sql_claim, on_positions, store, fail) &&
	       postgres_send(store->postgres, fail);
}

bool store_look(struct store *store, const char *group, struct position_row *positions, size_t count,
		struct arena *arena, struct fail *fail)
{
	store->positions = positions;
	store->position_count = count;
	for (size_t i = 0; i < count; i++) {
		positions[i].epoch = STORE_NO_POSITION;
	}
	struct columns *columns = columns_begin(arena);
	columns_text(columns, group);
	store_position_names(columns, positions, count);
	return columns_add(columns, store->postgres, &sql_look, on_looked, store, fail) &&
	       postgres_send(store->postgres, fail);
}

bool store_add_months(struct store *store, const int64_t *moments_us, size_t count, struct arena *arena,
		      struct fail *fail)
{
	struct columns *columns = columns_begin(arena);
	struct postgres_array *months = columns_array(columns, POSTGRES_DATE, count);
	for (size_t i = 0; i < count; i++) {
		postgres_array_date(months, moments_us[i]);
	}
	return columns_add(columns, store->postgres, &sql_months, NULL, NULL, fail);
}

bool store_by_ids(struct store *store, const struct postgres_statement *statement, const struct uuid *ids,
		  size_t count, postgres_on_rows *on_rows, struct arena *arena, struct fail *fail)
{
	if (count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	columns_uuids(columns, ids, count);
	return columns_add(columns, store->postgres, statement, on_rows, store, fail);
}
