/*
 * LOAD: the locks of the careful way, then facts and states. store_advance.c has the turn before it, store_read.c READ.
 */
#include <math.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/edge/store_columns.h"
#include "core/edge/store_in_play.h"
#include "core/edge/store_parts.h"
#include "core/edge/store_sql.h"

static bool on_others(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct store *store = context;
	struct load_rows *load = store->load;
	return store_read_claims(store, rows, &load->others, &load->other_count, fail);
}

static bool on_consents(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct store *store = context;
	return store_read_consents(store, rows, &store->load->consents, &store->load->consent_count, fail);
}

static bool on_declared(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct store *store = context;
	return store_read_declared(store, rows, &store->load->declared, &store->load->declared_count, fail);
}

static bool on_erasures(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct store *store = context;
	struct erasure_row *erasures = store_rows_room(store, rows, sizeof(*erasures), fail);
	if (erasures == NULL) {
		return false;
	}
	for (size_t i = 0; i < postgres_count(rows); i++) {
		erasures[i] = (struct erasure_row){
			.actor_id = postgres_uuid(rows, i, 0),
			.from_us = postgres_moment(rows, i, 1),
			.at_us = postgres_moment(rows, i, 2),
			.has_position = !postgres_is_null(rows, i, 3),
		};
		if (erasures[i].has_position) {
			int64_t place = postgres_int(rows, i, 3); /* from 1 */
			CHECK(place >= 1 && (size_t)place <= store->load->position_count);
			erasures[i].partition = store->load->partitions[place - 1];
			erasures[i].below = postgres_int(rows, i, 4);
		}
	}
	store->load->erasures = erasures;
	store->load->erasure_count = postgres_count(rows);
	return true;
}

/* False: the arena is full. */
static bool read_beside(struct store *store, const struct postgres_rows *rows, size_t row,
			const struct beside **ret_beside)
{
	bool has_thread = !postgres_is_null(rows, row, 11), has_cost = !postgres_is_null(rows, row, 13);
	if (!has_thread && !has_cost) {
		return true;
	}
	struct beside *beside = arena_zero(store->arena, 1, sizeof(*beside));
	if (beside == NULL) {
		return false;
	}
	beside->thread = has_thread ? store_row_text(store, rows, row, 11) : "";
	beside->rating = postgres_is_null(rows, row, 12) ? (double)NAN : postgres_float(rows, row, 12);
	beside->has_cost = has_cost;
	if (has_cost) {
		const char *currency = postgres_text(rows, row, 14);
		CHECK(strlen(currency) < sizeof(beside->currency));
		beside->amount = postgres_float(rows, row, 13);
		memcpy(beside->currency, currency, strlen(currency));
	}
	*ret_beside = beside;
	return beside->thread != NULL;
}

static bool on_copies(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct store *store = context;
	struct copy_row *copies = store_rows_room(store, rows, sizeof(*copies), fail);
	if (copies == NULL) {
		return false;
	}
	for (size_t i = 0; i < postgres_count(rows); i++) {
		copies[i].touch = (struct touch){
			.actor_id = postgres_uuid(rows, i, 0),
			.stamped_us = postgres_moment(rows, i, 1),
			.event_id = (uint64_t)postgres_int(rows, i, 2),
			.received_us = postgres_moment(rows, i, 3),
			.at_us = postgres_moment(rows, i, 4),
			.subject_id = (uint64_t)postgres_int(rows, i, 5),
			.reasons = (uint32_t)postgres_int(rows, i, 6),
			.party = (int16_t)postgres_int(rows, i, 7),
		};
		copies[i].channel = (int)postgres_int(rows, i, 8);
		copies[i].has_person = !postgres_is_null(rows, i, 9);
		if (copies[i].has_person) {
			copies[i].person = postgres_uuid(rows, i, 9);
		}
		copies[i].has_asserted = !postgres_is_null(rows, i, 10);
		if (copies[i].has_asserted) {
			copies[i].asserted = postgres_uuid(rows, i, 10);
		}
		if (!read_beside(store, rows, i, &copies[i].beside)) {
			return store_arena_full(fail);
		}
	}
	store->load->copies = copies;
	store->load->copy_count = postgres_count(rows);
	return true;
}

static bool on_times(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct store *store = context;
	struct touch_time *times = store_rows_room(store, rows, sizeof(*times), fail);
	if (times == NULL) {
		return false;
	}
	if (postgres_count(rows) == (size_t)store_history_max(store->arena)) {
		return store_arena_full(fail);
	}
	for (size_t i = 0; i < postgres_count(rows); i++) {
		times[i].key = (struct touch_key){postgres_uuid(rows, i, 0), postgres_moment(rows, i, 1),
						  (uint64_t)postgres_int(rows, i, 2)};
		times[i].at_us = postgres_moment(rows, i, 3);
	}
	store->load->times = times;
	store->load->time_count = postgres_count(rows);
	return true;
}

bool store_on_phases(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct store *store = context;
	struct phase_row *phases = store_rows_room(store, rows, sizeof(*phases), fail);
	if (phases == NULL) {
		return false;
	}
	const char *process = NULL; /* one copy of a name that rows share */
	for (size_t i = 0; i < postgres_count(rows); i++) {
		if (process == NULL || strcmp(process, postgres_text(rows, i, 1)) != 0) {
			process = store_row_text(store, rows, i, 1);
		}
		size_t size;
		const uint8_t *fold = store_row_bytes(store, rows, i, 4, &size);
		phases[i] = (struct phase_row){
			.contact_id = postgres_uuid(rows, i, 0),
			.process = process,
			.version = postgres_int(rows, i, 2),
			.model_version = (uint64_t)postgres_int(rows, i, 3),
			.fold = fold,
			.fold_size = size,
			.shown = (int)postgres_int(rows, i, 5),
			.since_us = store_row_moment(rows, i, 6),
			.review_us = store_row_moment(rows, i, 7),
			.touched_since_us = store_row_moment(rows, i, 8),
			.cleared = (uint32_t)postgres_int(rows, i, 10),
		};
		const uint8_t *place = postgres_bytes(rows, i, 9, &size);
		CHECK(size == sizeof(phases[i].place.bytes));
		memcpy(phases[i].place.bytes, place, size);
		if (process == NULL || phases[i].fold == NULL) {
			return store_arena_full(fail);
		}
	}
	store->load->phases = phases;
	store->load->phase_count = postgres_count(rows);
	return true;
}

static bool add_locks(struct store *store, const struct load_rows *load, struct arena *arena, struct fail *fail)
{
	if (load->contact_count == 0 || load->quick) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	columns_uuids(columns, load->contacts, load->contact_count);
	columns_int(columns, POSTGRES_INT8, (int64_t)load->model_version);
	return columns_add(columns, store->postgres, &sql_arbiters, NULL, NULL, fail) &&
	       store_by_ids(store, &sql_lock, load->contacts, load->contact_count, NULL, arena, fail);
}

static bool add_times(struct store *store, const struct load_rows *load, struct arena *arena, struct fail *fail)
{
	if (load->timed_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	columns_uuids(columns, load->timed, load->timed_count);
	columns_int(columns, POSTGRES_INT8, store_history_max(arena));
	return columns_add(columns, store->postgres, &sql_times, on_times, store, fail);
}

static bool add_copies(struct store *store, const struct load_rows *load, struct arena *arena, struct fail *fail)
{
	if (load->key_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	struct postgres_array *actors = columns_array(columns, POSTGRES_UUID, load->key_count);
	struct postgres_array *stamped = columns_array(columns, POSTGRES_TIMESTAMPTZ, load->key_count);
	struct postgres_array *events = columns_array(columns, POSTGRES_INT8, load->key_count);
	for (size_t i = 0; i < load->key_count; i++) {
		postgres_array_uuid(actors, &load->keys[i].actor_id);
		postgres_array_moment(stamped, load->keys[i].stamped_us);
		postgres_array_int(events, (int64_t)load->keys[i].event_id);
	}
	return columns_add(columns, store->postgres, &sql_copies, on_copies, store, fail);
}

static bool add_erasures(struct store *store, const struct load_rows *load, struct arena *arena, struct fail *fail)
{
	if (load->actor_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	columns_uuids(columns, load->actors, load->actor_count);
	store_position_names(columns, load->positions, load->position_count);
	return columns_add(columns, store->postgres, &sql_erasures, on_erasures, store, fail);
}

/* The quick way has it: PEEK and LOAD see one snapshot. Who the careful way's ADVANCE saw may be others since. */
static bool add_in_play_anew(struct store *store, struct load_rows *load, struct arena *arena, struct fail *fail)
{
	if (load->quick) {
		return true;
	}
	const struct store_in_play in_play = {
		.weak = load->weak,
		.weak_count = load->weak_count,
		.strong = load->persons,
		.strong_count = load->person_count,
		.decided = load->decided,
		.decided_count = load->decided_count,
		.asserted = load->asserted,
		.asserted_count = load->asserted_count,
		.claim_room = load->claim_room,
	};
	return store_add_in_play(store, &in_play, &load->in_play, arena, fail);
}

static bool add_stated(struct store *store, const struct load_rows *load, struct arena *arena, struct fail *fail)
{
	if (load->stated_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	struct postgres_array *weak = columns_array(columns, POSTGRES_UUID, load->stated_count);
	struct postgres_array *strong = columns_array(columns, POSTGRES_UUID, load->stated_count);
	struct postgres_array *stamped = columns_array(columns, POSTGRES_TIMESTAMPTZ, load->stated_count);
	struct postgres_array *events = columns_array(columns, POSTGRES_INT8, load->stated_count);
	for (size_t i = 0; i < load->stated_count; i++) {
		postgres_array_uuid(weak, &load->stated[i].weak);
		postgres_array_uuid(strong, &load->stated[i].strong);
		postgres_array_moment(stamped, load->stated[i].key.stamped_us);
		postgres_array_int(events, (int64_t)load->stated[i].key.event_id);
	}
	return columns_add(columns, store->postgres, &sql_claims_stated, on_others, store, fail);
}

static bool add_others(struct store *store, const struct load_rows *load, struct arena *arena, struct fail *fail)
{
	if (load->crowded_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	columns_uuids(columns, load->crowded, load->crowded_count);
	columns_int(columns, POSTGRES_INT4, LOAD_OTHERS_MAX);
	columns_int(columns, POSTGRES_INT8, LOAD_OTHERS_EACH);
	return columns_add(columns, store->postgres, &sql_claims_others, on_others, store, fail) &&
	       add_stated(store, load, arena, fail);
}

bool store_load(struct store *store, struct load_rows *load, struct arena *arena, struct fail *fail)
{
	store->arena = arena;
	store->load = load;
	return add_locks(store, load, arena, fail) && add_in_play_anew(store, load, arena, fail) &&
	       add_others(store, load, arena, fail) &&
	       store_by_ids(store, &sql_consents, load->persons, load->person_count, on_consents, arena, fail) &&
	       store_by_ids(store, &sql_declared, load->decided, load->decided_count, on_declared, arena, fail) &&
	       add_erasures(store, load, arena, fail) && add_copies(store, load, arena, fail) &&
	       add_times(store, load, arena, fail) &&
	       store_by_ids(store, &sql_phases, load->contacts, load->contact_count, store_on_phases, arena,
			    fail) &&
	       (!load->quick || postgres_add(store->postgres, &sql_commit, NULL, NULL, NULL, fail)) &&
	       postgres_send(store->postgres, fail);
}
