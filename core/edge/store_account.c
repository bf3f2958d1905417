/*
 * The turns of what is said of accounts: those whose rows are of before, a slice; what their contacts have done; what follows from it.
 */
#include <math.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/edge/store_columns.h"
#include "core/edge/store_parts.h"
#include "core/edge/store_sql_account.h"
#include "core/model/phase_pack.h"

/* ---- What is read ---- */

/* A contact in one of its processes; the first of its rows makes it one. */
static bool add_contact(struct store *store, const struct postgres_rows *rows, size_t i, struct fail *fail)
{
	struct account_rows *slice = store->accounts;
	size_t count = slice->contact_count;
	struct uuid contact_id = postgres_uuid(rows, i, 6);
	size_t size;
	const uint8_t *fold = postgres_bytes(rows, i, 9, &size);
	if (count == 0 || !uuid_equal(&slice->contacts[count - 1].contact_id, &contact_id)) {
		slice->contacts[slice->contact_count++] = (struct account_contact_row){
			.account = store_row_text(store, rows, i, 0),
			.contact_id = contact_id,
			.version = postgres_int(rows, i, 7),
			.role = postgres_is_null(rows, i, 8) ? ROLE_NONE : role_named(postgres_text(rows, i, 8)),
		};
	}
	struct account_contact_row *row = &slice->contacts[slice->contact_count - 1];
	row->taken += phase_pack_taken(fold, size);
	return row->account != NULL || store_arena_full(fail);
}

static bool add_due(struct store *store, const struct postgres_rows *rows, size_t i, struct fail *fail)
{
	struct account_due_row *due = &store->accounts->due[store->accounts->due_count++];
	*due = (struct account_due_row){
		.account = store_row_text(store, rows, i, 0),
		.signature = postgres_int(rows, i, 4),
		.contacts = postgres_int(rows, i, 5),
	};
	return due->account != NULL || store_arena_full(fail);
}

/* The first row says how far this goes; then accounts, which have no contact; then contacts. */
static bool on_due(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct store *store = context;
	struct account_rows *slice = store->accounts;
	slice->ours = postgres_count(rows) > 0;
	if (!slice->ours) {
		return true;
	}
	slice->contacts = store_rows_room(store, rows, sizeof(*slice->contacts), fail);
	slice->due = arena_array(store->arena, (size_t)slice->accounts_max + 1, sizeof(*slice->due));
	slice->after = store_row_text(store, rows, 0, 0);
	slice->last = postgres_int(rows, 0, 1) != 0;
	slice->way = postgres_int(rows, 0, 2);
	slice->settings_mark = postgres_int(rows, 0, 3);
	if (slice->contacts == NULL || slice->due == NULL || slice->after == NULL) {
		return store_arena_full(fail);
	}
	for (size_t i = 1; i < postgres_count(rows); i++) {
		if (!(postgres_is_null(rows, i, 6) ? add_due : add_contact)(store, rows, i, fail)) {
			return false;
		}
	}
	return true;
}

static bool on_committee(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	struct committee_settings *settings = context;
	for (unsigned role = 0; role < ROLE_COUNT; role++) {
		settings->expected[role] = false;
		settings->multiplier[role] = 1;
	}
	for (size_t i = 0; i < postgres_count(rows); i++) {
		enum role role = role_named(postgres_text(rows, i, 0));
		settings->expected[role] = role != ROLE_NONE && postgres_int(rows, i, 1) != 0;
		settings->multiplier[role] = role != ROLE_NONE ? postgres_float(rows, i, 2) : 1;
	}
	return true;
}

bool store_account_due(struct store *store, struct account_rows *slice, struct arena *arena, struct fail *fail)
{
	slice->ours = slice->last = false;
	slice->due_count = slice->contact_count = slice->asked_count = slice->touch_count = slice->phase_count = 0;
	store->arena = arena;
	store->accounts = slice;
	struct columns *columns = columns_begin(arena);
	columns_int(columns, POSTGRES_INT8, (int64_t)slice->model_version);
	columns_int(columns, POSTGRES_INT8, slice->look_max);
	columns_int(columns, POSTGRES_INT8, slice->accounts_max);
	columns_int(columns, POSTGRES_INT8, slice->contacts_max);
	columns_moment(columns, slice->hour_us);
	struct columns *committee = columns_begin(arena);
	struct postgres_array *roles = columns_array(committee, POSTGRES_TEXT, ROLE_COUNT);
	for (unsigned role = 1; role < ROLE_COUNT; role++) {
		postgres_array_text(roles, role_name((enum role)role));
	}
	return postgres_add(store->postgres, &sql_begin, NULL, NULL, NULL, fail) &&
	       columns_add(columns, store->postgres, &sql_account_due, on_due, store, fail) &&
	       columns_add(committee, store->postgres, &sql_account_committee, on_committee, &slice->settings,
			   fail) &&
	       postgres_send(store->postgres, fail);
}

static bool on_touches(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct store *store = context;
	return store_evidence_rows(store, rows, &store->accounts->touches, &store->accounts->touch_count, fail);
}

bool store_account_read(struct store *store, struct account_rows *slice, struct arena *arena, struct fail *fail)
{
	store->arena = arena;
	store->accounts = slice;
	return store_add_evidence(store, slice->model_version, slice->asked, slice->asked_count, on_touches,
				  fail) &&
	       postgres_send(store->postgres, fail);
}

/* ---- What is written ---- */

static bool add_lock(struct store *store, const struct account_rows *slice, struct arena *arena, struct fail *fail)
{
	struct columns *columns = columns_begin(arena);
	struct postgres_array *due = columns_array(columns, POSTGRES_TEXT, slice->due_count);
	struct postgres_array *accounts = columns_array(columns, POSTGRES_TEXT, slice->contact_count);
	struct postgres_array *ids = columns_array(columns, POSTGRES_UUID, slice->contact_count);
	struct postgres_array *versions = columns_array(columns, POSTGRES_INT8, slice->contact_count);
	for (size_t i = 0; i < slice->due_count; i++) {
		postgres_array_text(due, slice->due[i].account);
	}
	for (size_t i = 0; i < slice->contact_count; i++) {
		postgres_array_text(accounts, slice->contacts[i].account);
		postgres_array_uuid(ids, &slice->contacts[i].contact_id);
		postgres_array_int(versions, slice->contacts[i].version);
	}
	return columns_add(columns, store->postgres, &sql_account_lock, NULL, NULL, fail);
}

static void put_moment(struct postgres_array *array, int64_t us)
{
	if (us == INT64_MIN) {
		postgres_array_null(array);
	} else {
		postgres_array_moment(array, us);
	}
}

static void put_number(struct postgres_array *array, double number)
{
	if (isnan(number)) {
		postgres_array_null(array);
	} else {
		postgres_array_float(array, number);
	}
}

/* Their names, as the text of an array, in the order of enum role. NULL: the arena is full. */
static const char *missing_text(unsigned missing, struct arena *arena)
{
	char text[ROLE_COUNT * 16] = "{";
	size_t used = 1;
	for (unsigned role = 1; role < ROLE_COUNT; role++) {
		if ((missing & 1u << role) != 0) {
			const char *name = role_name((enum role)role);
			size_t size = strlen(name);
			CHECK(used + size + 2 < sizeof(text));
			text[used] = ',';
			used += used > 1;
			memcpy(text + used, name, size);
			used += size;
		}
	}
	text[used++] = '}';
	return arena_text(arena, text, used);
}

static bool put_phase(const struct account_phase_row *row, struct postgres_array *const *at, struct arena *arena)
{
	const char *missing = missing_text(row->missing, arena);
	postgres_array_text(at[0], row->account);
	postgres_array_text(at[1], row->process);
	put_moment(at[2], row->as_of_us);
	postgres_array_int(at[3], row->counted);
	postgres_array_int(at[4], row->confirmed);
	postgres_array_float(at[5], row->activity);
	postgres_array_float(at[6], row->main[MAIN_EARLY]);
	postgres_array_float(at[7], row->main[MAIN_MID]);
	postgres_array_float(at[8], row->main[MAIN_LATE]);
	if (row->shown < 0) {
		postgres_array_null(at[9]);
	} else {
		postgres_array_int(at[9], row->shown);
	}
	postgres_array_int(at[10], row->fine);
	postgres_array_int(at[11], row->band);
	postgres_array_int(at[12], row->quiet);
	put_moment(at[13], row->since_us);
	put_moment(at[14], row->last_us);
	postgres_array_int(at[15], row->members);
	postgres_array_int(at[16], row->active);
	postgres_array_int(at[17], row->silent);
	postgres_array_int(at[18], row->laggards);
	put_number(at[19], row->consensus);
	put_number(at[20], row->coverage);
	postgres_array_text(at[21], missing);
	return missing != NULL;
}

static bool add_phases(struct store *store, const struct account_rows *slice, struct arena *arena,
		       struct fail *fail)
{
	static const enum postgres_type types[] = {
		POSTGRES_TEXT,	 POSTGRES_TEXT,	  POSTGRES_TIMESTAMPTZ, POSTGRES_INT4,	      POSTGRES_INT4,
		POSTGRES_FLOAT8, POSTGRES_FLOAT8, POSTGRES_FLOAT8,	POSTGRES_FLOAT8,      POSTGRES_INT2,
		POSTGRES_INT2,	 POSTGRES_INT2,	  POSTGRES_BOOL,	POSTGRES_TIMESTAMPTZ, POSTGRES_TIMESTAMPTZ,
		POSTGRES_INT4,	 POSTGRES_INT4,	  POSTGRES_INT4,	POSTGRES_INT4,	      POSTGRES_FLOAT8,
		POSTGRES_FLOAT8, POSTGRES_TEXT};
	struct postgres_array *at[COUNT_OF(types)];
	struct columns *columns = columns_begin(arena);
	columns_int(columns, POSTGRES_INT8, (int64_t)slice->model_version);
	columns_arrays(columns, types, COUNT_OF(types), slice->phase_count, at);
	for (size_t i = 0; i < slice->phase_count; i++) {
		if (!put_phase(&slice->phases[i], at, arena)) {
			return store_arena_full(fail);
		}
	}
	return columns_add(columns, store->postgres, &sql_account_put_phases, NULL, NULL, fail);
}

static bool add_changes(struct store *store, const struct account_rows *slice, struct arena *arena,
			struct fail *fail)
{
	static const enum postgres_type types[] = {POSTGRES_TEXT, POSTGRES_TEXT, POSTGRES_TIMESTAMPTZ,
						   POSTGRES_INT2, POSTGRES_INT2, POSTGRES_BOOL};
	struct postgres_array *at[COLUMNS_MAX];
	struct columns *columns = columns_begin(arena);
	columns_arrays(columns, types, COUNT_OF(types), slice->phase_count, at);
	for (size_t i = 0; i < slice->phase_count; i++) {
		const struct account_phase_row *row = &slice->phases[i];
		for (size_t n = 0; n < row->change_count; n++) {
			postgres_array_text(at[0], row->account);
			postgres_array_text(at[1], row->process);
			postgres_array_moment(at[2], row->changes[n].at_ms * MOMENT_MS_US);
			postgres_array_int(at[3], row->changes[n].from);
			postgres_array_int(at[4], row->changes[n].to);
			postgres_array_int(at[5], row->changes[n].by_time);
		}
	}
	return columns_add(columns, store->postgres, &sql_account_put_changes, NULL, NULL, fail);
}

static bool add_members(struct store *store, const struct account_rows *slice, struct arena *arena,
			struct fail *fail)
{
	static const enum postgres_type types[] = {POSTGRES_TEXT, POSTGRES_TEXT, POSTGRES_UUID, POSTGRES_FLOAT8,
						   POSTGRES_BOOL};
	struct postgres_array *at[COLUMNS_MAX];
	struct columns *columns = columns_begin(arena);
	columns_arrays(columns, types, COUNT_OF(types), slice->contact_count, at);
	for (size_t i = 0; i < slice->phase_count; i++) {
		const struct account_phase_row *row = &slice->phases[i];
		for (size_t n = 0; n < row->weight_count; n++) {
			postgres_array_text(at[0], row->account);
			postgres_array_text(at[1], row->process);
			postgres_array_uuid(at[2], &row->weights[n].contact_id);
			postgres_array_float(at[3], row->weights[n].weight);
			postgres_array_int(at[4], row->weights[n].laggard);
		}
	}
	return columns_add(columns, store->postgres, &sql_account_put_members, NULL, NULL, fail);
}

static bool on_done(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	struct account_rows *slice = context;
	slice->written = postgres_int(rows, 0, 0);
	return true;
}

static bool add_done(struct store *store, struct account_rows *slice, struct arena *arena, struct fail *fail)
{
	static const enum postgres_type types[] = {POSTGRES_TEXT, POSTGRES_INT8, POSTGRES_TIMESTAMPTZ,
						   POSTGRES_BOOL};
	struct postgres_array *at[COLUMNS_MAX];
	struct columns *columns = columns_begin(arena);
	columns_int(columns, POSTGRES_INT8, (int64_t)slice->model_version);
	columns_int(columns, POSTGRES_INT8, slice->settings_mark);
	columns_arrays(columns, types, COUNT_OF(types), slice->due_count, at);
	for (size_t i = 0; i < slice->due_count; i++) {
		const struct account_due_row *due = &slice->due[i];
		postgres_array_text(at[0], due->account);
		postgres_array_int(at[1], due->signature);
		put_moment(at[2], due->review_us);
		postgres_array_int(at[3], due->contacts == 0);
	}
	columns_text(columns, slice->after);
	columns_int(columns, POSTGRES_BOOL, slice->last);
	return columns_add(columns, store->postgres, &sql_account_done, on_done, slice, fail);
}

bool store_account_save(struct store *store, struct account_rows *slice, struct arena *arena, struct fail *fail)
{
	slice->written = 0;
	return (slice->due_count == 0 ||
		(add_lock(store, slice, arena, fail) && add_phases(store, slice, arena, fail) &&
		 add_changes(store, slice, arena, fail) && add_members(store, slice, arena, fail))) &&
	       add_done(store, slice, arena, fail) &&
	       postgres_add(store->postgres, &sql_commit, NULL, NULL, NULL, fail) &&
	       postgres_send(store->postgres, fail);
}
