/*
 * The turns of what is explained: contacts whose explanation is of before, a slice; what they have done; what follows from it.
 *
 * Lists of a row go as the text of an array ('{1,2}'): of arrays in arrays PostgreSQL knows only those that are all of one length.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/store_columns.h"
#include "core/edge/store_parts.h"
#include "core/edge/store_sql_chores.h"
#include "core/edge/store_sql_standing.h"
#include "core/model/phase_pack.h"

/* ---- What is read ---- */

/* The first row says how far this goes; the others are contacts, each with a process it is in, or none. */
static bool on_due(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct store *store = context;
	struct explain_rows *slice = store->explain;
	slice->ours = postgres_count(rows) > 0;
	if (!slice->ours) {
		return true;
	}
	slice->rows = store_rows_room(store, rows, sizeof(*slice->rows), fail);
	if (slice->rows == NULL) {
		return false;
	}
	slice->after = postgres_uuid(rows, 0, 0);
	slice->last = postgres_int(rows, 0, 1) != 0;
	for (size_t i = 1; i < postgres_count(rows); i++) {
		struct explain_row *row = &slice->rows[slice->row_count++];
		size_t size;
		const uint8_t *fold = postgres_bytes(rows, i, 4, &size);
		*row = (struct explain_row){
			.contact_id = postgres_uuid(rows, i, 0),
			.version = postgres_int(rows, i, 2),
			.process = store_row_text(store, rows, i, 3),
			.taken = phase_pack_taken(fold, size),
		};
		if (row->process == NULL && !postgres_is_null(rows, i, 3)) {
			return store_arena_full(fail);
		}
	}
	return true;
}

bool store_explain_due(struct store *store, struct explain_rows *slice, struct arena *arena, struct fail *fail)
{
	slice->ours = slice->last = false;
	slice->row_count = slice->asked_count = slice->touch_count = slice->change_count = 0;
	store->arena = arena;
	store->explain = slice;
	struct columns *columns = columns_begin(arena);
	columns_int(columns, POSTGRES_INT8, (int64_t)slice->model_version);
	columns_int(columns, POSTGRES_INT8, slice->look_max);
	columns_int(columns, POSTGRES_INT8, slice->contacts_max);
	return postgres_add(store->postgres, &sql_begin, NULL, NULL, NULL, fail) &&
	       columns_add(columns, store->postgres, &sql_explain_due, on_due, store, fail) &&
	       postgres_send(store->postgres, fail);
}

bool store_evidence_rows(struct store *store, const struct postgres_rows *rows, struct evidence_row **ret_touches,
			 size_t *ret_count, struct fail *fail)
{
	size_t count = postgres_count(rows);
	const char *process = ""; /* one copy of a name that rows share */
	struct evidence_row *touches = store_rows_room(store, rows, sizeof(*touches), fail);
	if (touches == NULL || count == (size_t)store_history_max(store->arena)) {
		return store_arena_full(fail);
	}
	for (size_t i = 0; i < count; i++) {
		if (strcmp(process, postgres_text(rows, i, 1)) != 0) {
			process = store_row_text(store, rows, i, 1);
			if (process == NULL) {
				return store_arena_full(fail);
			}
		}
		touches[i] = (struct evidence_row){
			.contact_id = postgres_uuid(rows, i, 0),
			.process = process,
			.at_us = postgres_moment(rows, i, 2),
			.event_id = (uint64_t)postgres_int(rows, i, 3),
			.rule = postgres_is_null(rows, i, 4) ? -1 : (int)postgres_int(rows, i, 4),
			.mail_click = postgres_int(rows, i, 5) != 0,
			.link = (uint64_t)postgres_int(rows, i, 6),
			.confirm = (uint16_t)postgres_int(rows, i, 7),
			.content = store_row_text(store, rows, i, 8),
		};
		if (touches[i].content == NULL && !postgres_is_null(rows, i, 8)) {
			return store_arena_full(fail);
		}
	}
	*ret_touches = touches;
	*ret_count = count;
	return true;
}

bool store_add_evidence(struct store *store, uint64_t model_version, const struct uuid *contacts, size_t count,
			postgres_on_rows *on_rows, struct fail *fail)
{
	struct columns *columns = columns_begin(store->arena);
	columns_int(columns, POSTGRES_INT8, (int64_t)model_version);
	columns_uuids(columns, contacts, count);
	columns_int(columns, POSTGRES_INT8, store_history_max(store->arena));
	return columns_add(columns, store->postgres, &sql_explain_read, on_rows, store, fail);
}

static bool on_touches(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct store *store = context;
	return store_evidence_rows(store, rows, &store->explain->touches, &store->explain->touch_count, fail);
}

bool store_explain_read(struct store *store, struct explain_rows *slice, struct arena *arena, struct fail *fail)
{
	store->arena = arena;
	store->explain = slice;
	return store_add_evidence(store, slice->model_version, slice->asked, slice->asked_count, on_touches,
				  fail) &&
	       store_standing_read(store, slice, arena, fail) && postgres_send(store->postgres, fail);
}

/* ---- Lists as texts ---- */

struct list {
	char *text;
	size_t used, room;
};

#define NUMBER_SIZE 32

/* Room for `count` elements of so many bytes; the text of none is NULL. */
static bool list_begin(struct list *list, size_t count, size_t each, struct arena *arena)
{
	list->room = count * (each + 1) + 3;
	list->used = 1;
	list->text = arena_take(arena, list->room);
	if (list->text != NULL) {
		list->text[0] = '{';
	}
	return list->text != NULL;
}

static const char *list_end(struct list *list)
{
	list->used -= list->used > 1; /* the last comma */
	list->text[list->used++] = '}';
	list->text[list->used] = '\0';
	return list->text;
}

static void list_add(struct list *list, const char *text, size_t size)
{
	CHECK(list->used + size + 3 <= list->room);
	memcpy(list->text + list->used, text, size);
	list->used += size;
	list->text[list->used++] = ',';
}

static void list_number(struct list *list, int64_t number)
{
	char text[NUMBER_SIZE];
	list_add(list, text, (size_t)snprintf(text, sizeof(text), "%" PRId64, number));
}

/* Every bit of it. */
static void list_double(struct list *list, double number)
{
	char text[NUMBER_SIZE];
	list_add(list, text, (size_t)snprintf(text, sizeof(text), "%.17g", number));
}

static void list_day(struct list *list, int64_t day)
{
	char text[MOMENT_TEXT_SIZE];
	moment_print(day * MOMENT_DAY_US, text);
	list_add(list, text, strlen("2026-11-25"));
}

/* Quoted: commas and braces may be in it. NULL: SQL NULL. */
static bool list_text(struct list *list, const char *text, struct arena *arena)
{
	if (text == NULL) {
		list_add(list, "NULL", 4);
		return true;
	}
	char *quoted = arena_take(arena, 2 * strlen(text) + 2), *to = quoted;
	if (quoted == NULL) {
		return false;
	}
	*to++ = '"';
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\') {
			*to++ = '\\';
		}
		*to++ = *text;
	}
	*to++ = '"';
	list_add(list, quoted, (size_t)(to - quoted));
	return true;
}

/* ---- What is written ---- */

/* The columns of a row, in the statement's order; NULL ones: the arena is full. */
enum { TOLD_DAYS, TOLD_RULES, TOLD_CONTENTS, TOLD_TOUCHES, TOLD_EFFECTS, TOLD_LISTS };

static bool fill_told(const struct explain_row *row, const char *ret_texts[TOLD_LISTS], struct arena *arena)
{
	struct list lists[TOLD_LISTS];
	size_t longest = NUMBER_SIZE;
	for (size_t i = 0; i < row->line_count; i++) {
		const struct why_line *line = &row->lines[i];
		size_t rule = 2 * strlen(line->rule) + 2;
		size_t content = line->content != NULL ? 2 * strlen(line->content) + 2 : 0;
		longest = rule > longest ? rule : longest;
		longest = content > longest ? content : longest;
	}
	for (unsigned n = 0; n < TOLD_LISTS; n++) {
		bool text = n == TOLD_RULES || n == TOLD_CONTENTS;
		if (!list_begin(&lists[n], row->line_count, text ? longest : NUMBER_SIZE, arena)) {
			return false;
		}
	}
	for (size_t i = 0; i < row->line_count; i++) {
		const struct why_line *line = &row->lines[i];
		list_day(&lists[TOLD_DAYS], line->day);
		list_number(&lists[TOLD_TOUCHES], line->touches);
		list_double(&lists[TOLD_EFFECTS], line->effect);
		if (!list_text(&lists[TOLD_RULES], line->rule, arena) ||
		    !list_text(&lists[TOLD_CONTENTS], line->content, arena)) {
			return false;
		}
	}
	for (unsigned n = 0; n < TOLD_LISTS; n++) {
		ret_texts[n] = list_end(&lists[n]);
	}
	return true;
}

static bool fill_days(const struct explain_row *row, const char *ret_texts[MAIN_COUNT], struct arena *arena)
{
	for (unsigned m = 0; m < MAIN_COUNT; m++) {
		struct list list;
		if (!list_begin(&list, row->day_count, strlen("NULL"), arena)) {
			return false;
		}
		for (size_t i = 0; i < row->day_count; i++) {
			int16_t thousandths = row->days[i].main[m];
			if (thousandths < 0) {
				list_add(&list, "NULL", 4);
			} else {
				list_number(&list, thousandths);
			}
		}
		ret_texts[m] = list_end(&list);
	}
	return true;
}

void store_add_explained(struct columns *columns, const struct explain_rows *slice)
{
	struct postgres_array *ids = columns_array(columns, POSTGRES_UUID, slice->row_count);
	struct postgres_array *versions = columns_array(columns, POSTGRES_INT8, slice->row_count);
	for (size_t i = 0; i < slice->row_count; i++) {
		const struct explain_row *row = &slice->rows[i];
		if (i == 0 || !uuid_equal(&row[-1].contact_id, &row->contact_id)) {
			postgres_array_uuid(ids, &row->contact_id);
			postgres_array_int(versions, row->version);
		}
	}
}

static bool add_told(struct columns *columns, const struct explain_rows *slice, struct arena *arena)
{
	static const enum postgres_type types[] = {POSTGRES_TIMESTAMPTZ, POSTGRES_UUID,	  POSTGRES_TEXT,
						   POSTGRES_INT2,	 POSTGRES_FLOAT8, POSTGRES_FLOAT8,
						   POSTGRES_INT4,	 POSTGRES_TEXT,	  POSTGRES_TEXT,
						   POSTGRES_TEXT,	 POSTGRES_TEXT,	  POSTGRES_TEXT};
	struct postgres_array *at[COLUMNS_MAX];
	columns_arrays(columns, types, COUNT_OF(types), slice->row_count, at);
	for (size_t i = 0; i < slice->row_count; i++) {
		const struct explain_row *row = &slice->rows[i];
		const char *texts[TOLD_LISTS];
		if (row->process == NULL) {
			continue;
		}
		if (!fill_told(row, texts, arena)) {
			return false;
		}
		postgres_array_moment(at[0], row->as_of_us);
		postgres_array_uuid(at[1], &row->contact_id);
		postgres_array_text(at[2], row->process);
		if (row->phase == MAIN_NONE) {
			postgres_array_null(at[3]);
			postgres_array_null(at[4]);
			postgres_array_null(at[5]);
		} else {
			postgres_array_int(at[3], row->phase);
			postgres_array_float(at[4], row->start);
			postgres_array_float(at[5], row->logit);
		}
		postgres_array_int(at[6], (int64_t)row->earlier);
		for (unsigned n = 0; n < TOLD_LISTS; n++) {
			postgres_array_text(at[7 + n], texts[n]);
		}
	}
	return true;
}

static bool add_days(struct columns *columns, const struct explain_rows *slice, struct arena *arena)
{
	static const enum postgres_type types[] = {POSTGRES_UUID, POSTGRES_TEXT, POSTGRES_TIMESTAMPTZ,
						   POSTGRES_DATE, POSTGRES_TEXT, POSTGRES_TEXT,
						   POSTGRES_TEXT};
	struct postgres_array *at[COLUMNS_MAX];
	columns_arrays(columns, types, COUNT_OF(types), slice->row_count, at);
	for (size_t i = 0; i < slice->row_count; i++) {
		const struct explain_row *row = &slice->rows[i];
		const char *texts[MAIN_COUNT];
		if (row->day_count == 0) {
			continue;
		}
		if (!fill_days(row, texts, arena)) {
			return false;
		}
		postgres_array_uuid(at[0], &row->contact_id);
		postgres_array_text(at[1], row->process);
		postgres_array_moment(at[2], row->as_of_us);
		postgres_array_date(at[3], row->first_day * MOMENT_DAY_US);
		for (unsigned m = 0; m < MAIN_COUNT; m++) {
			postgres_array_text(at[4 + m], texts[m]);
		}
	}
	return true;
}

static void add_end(struct columns *columns, const struct explain_rows *slice)
{
	columns_uuids(columns, &slice->after, 1);
	columns_int(columns, POSTGRES_BOOL, slice->last);
}

static bool on_saved(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	struct explain_rows *slice = context;
	slice->written = postgres_int(rows, 0, 0);
	return true;
}

static bool add_save(struct store *store, struct explain_rows *slice, struct arena *arena, struct fail *fail)
{
	struct columns *columns = columns_begin(arena);
	if (slice->row_count == 0) {
		add_end(columns, slice);
		return columns_add(columns, store->postgres, &sql_explain_done, NULL, NULL, fail);
	}
	store_add_explained(columns, slice);
	columns_int(columns, POSTGRES_INT8, (int64_t)slice->model_version);
	if (!add_told(columns, slice, arena) || !add_days(columns, slice, arena)) {
		return store_arena_full(fail);
	}
	add_end(columns, slice);
	return columns_add(columns, store->postgres, &sql_explain_save, on_saved, slice, fail);
}

bool store_explain_save(struct store *store, struct explain_rows *slice, struct arena *arena, struct fail *fail)
{
	slice->written = 0;
	return add_save(store, slice, arena, fail) && store_standing_save(store, slice, arena, fail) &&
	       postgres_add(store->postgres, &sql_commit, NULL, NULL, NULL, fail) &&
	       postgres_send(store->postgres, fail);
}

/* ---- What is true no longer ---- */

bool store_drop_explained(struct store *store, const struct save_rows *save, struct arena *arena,
			  struct fail *fail)
{
	struct uuid *ids = arena_array(arena, save->refolded_count + 1, sizeof(*ids));
	size_t count = 0;
	if (ids == NULL) {
		return store_arena_full(fail);
	}
	for (size_t i = 0; i < save->refolded_count; i++) {
		if (save->refolded[i].process == NULL) {
			ids[count++] = save->refolded[i].contact_id;
		}
	}
	return store_by_ids(store, &sql_drop_explanations, ids, count, NULL, arena, fail) &&
	       store_by_ids(store, &sql_drop_histories, ids, count, NULL, arena, fail) &&
	       store_by_ids(store, &sql_drop_standings, ids, count, NULL, arena, fail);
}
