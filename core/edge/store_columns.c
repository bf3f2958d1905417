#include "core/edge/store_columns.h"

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/edge/store_rows.h"

struct columns {
	struct arena *arena;
	unsigned count;
	bool full;
	bool is_array[POSTGRES_PARAMETERS_MAX];
	struct postgres_array arrays[POSTGRES_PARAMETERS_MAX];
	struct postgres_value values[POSTGRES_PARAMETERS_MAX];
};

/* Stands in where the arena had no room for any columns: swallows what is put into it. */
static struct columns no_columns = {.full = true};
static struct postgres_array no_array = {.full = true};

bool store_arena_full(struct fail *fail)
{
	return fail_set(fail, FAIL_DATA, EXIT_CONFIG, "store: the batch needs more memory than batch.arena_mb");
}

struct columns *columns_begin(struct arena *arena)
{
	struct columns *columns = arena_zero(arena, 1, sizeof(*columns));
	if (columns == NULL) {
		return &no_columns;
	}
	columns->arena = arena;
	return columns;
}

static unsigned next(struct columns *columns)
{
	CHECK(columns->count < POSTGRES_PARAMETERS_MAX);
	return columns->count++;
}

struct postgres_array *columns_array(struct columns *columns, enum postgres_type type, size_t expected)
{
	if (columns == &no_columns) {
		no_array.type = type;
		no_array.size = 1; /* of whatever type it is */
		return &no_array;
	}
	unsigned place = next(columns);
	columns->is_array[place] = true;
	postgres_array_init(&columns->arrays[place], columns->arena, type, expected);
	return &columns->arrays[place];
}

void columns_arrays(struct columns *columns, const enum postgres_type *types, size_t count, size_t rows,
		    struct postgres_array **ret_arrays)
{
	for (size_t i = 0; i < count; i++) {
		ret_arrays[i] = columns_array(columns, types[i], rows);
	}
}

void columns_uuids(struct columns *columns, const struct uuid *ids, size_t count)
{
	struct postgres_array *array = columns_array(columns, POSTGRES_UUID, count);
	for (size_t i = 0; i < count; i++) {
		postgres_array_uuid(array, &ids[i]);
	}
}

void columns_rows(struct columns *columns, struct store_rows *rows)
{
	if (columns != &no_columns) {
		columns->values[next(columns)] = store_rows_array(rows);
	}
}

void columns_text(struct columns *columns, const char *text)
{
	if (columns != &no_columns) {
		postgres_value_text(text, &columns->values[next(columns)]);
	}
}

void columns_int(struct columns *columns, enum postgres_type type, int64_t value)
{
	if (columns != &no_columns &&
	    !postgres_value_int(columns->arena, type, value, &columns->values[next(columns)])) {
		columns->full = true;
	}
}

void columns_moment(struct columns *columns, int64_t us)
{
	if (columns != &no_columns &&
	    !postgres_value_moment(columns->arena, us, &columns->values[next(columns)])) {
		columns->full = true;
	}
}

bool columns_add(struct columns *columns, struct postgres *postgres, const struct postgres_statement *statement,
		 postgres_on_rows *on_rows, void *context, struct fail *fail)
{
	if (columns->full) {
		return store_arena_full(fail);
	}
	CHECK(columns->count == statement->parameter_count);
	for (unsigned i = 0; i < columns->count; i++) {
		if (columns->is_array[i] && !postgres_array_value(&columns->arrays[i], &columns->values[i])) {
			return store_arena_full(fail);
		}
	}
	return postgres_add(postgres, statement, columns->values, on_rows, context, fail);
}
