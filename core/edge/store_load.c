/*
 * The turns of a batch that read: ADVANCE or PEEK, LOAD; store_read.c has READ.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/edge/store_columns.h"
#include "core/edge/store_parts.h"
#include "core/edge/store_sql.h"

static bool on_advanced(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	struct store *store = context;
	store->advance->has_model = postgres_count(rows) == 1 && !postgres_is_null(rows, 0, 0);
	if (store->advance->has_model) {
		store->advance->model_version = (uint64_t)postgres_int(rows, 0, 0);
	}
	return true;
}

static int compare_ids(const void *a, const void *b)
{
	return uuid_compare(a, b);
}

/* Called for claims by weak actors and again for those by persons: the second ones are put behind the first, less what
 * was asked for by its weak actor already. `weak` is sorted. */
static bool read_claims(struct store *store, const struct postgres_rows *rows, const struct uuid *weak,
			size_t weak_count, struct claim **claims, size_t *count, struct fail *fail)
{
	bool again = *claims != NULL;
	struct claim *all = arena_array(store->arena, *count + postgres_count(rows) + 1, sizeof(*all));
	if (all == NULL) {
		return store_arena_full(fail);
	}
	if (again) {
		memcpy(all, *claims, *count * sizeof(*all));
	}
	for (size_t i = 0; i < postgres_count(rows); i++) {
		struct claim claim = {
			.weak = postgres_uuid(rows, i, 0),
			.strong = postgres_uuid(rows, i, 1),
			.key = {postgres_moment(rows, i, 2), (uint64_t)postgres_int(rows, i, 3),
				postgres_uuid(rows, i, 0)},
			.at_us = postgres_moment(rows, i, 4),
			.strength = (enum claim_strength)postgres_int(rows, i, 5),
		};
		if (!again || weak_count == 0 ||
		    bsearch(&claim.weak, weak, weak_count, sizeof(claim.weak), compare_ids) == NULL) {
			all[(*count)++] = claim;
		}
	}
	*claims = all;
	return true;
}

static bool on_advance_claims(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct store *store = context;
	struct advance_rows *advance = store->advance;
	return read_claims(store, rows, advance->weak, advance->weak_count, &advance->claims,
			   &advance->claim_count, fail);
}

bool store_add_positions(struct store *store, const struct advance_rows *advance, const uint64_t *model_version,
			 struct arena *arena, struct fail *fail)
{
	size_t count = advance->position_count;
	struct columns *columns = columns_begin(arena);
	if (model_version != NULL) {
		columns_int(columns, POSTGRES_INT8, (int64_t)*model_version);
	}
	columns_text(columns, advance->group);
	store_position_names(columns, advance->positions, count);
	struct postgres_array *from = columns_array(columns, POSTGRES_INT8, count);
	struct postgres_array *to = columns_array(columns, POSTGRES_INT8, count);
	struct postgres_array *epochs = columns_array(columns, POSTGRES_INT8, count);
	struct postgres_array *ends = columns_array(columns, POSTGRES_INT8, count);
	struct postgres_array *oldest = columns_array(columns, POSTGRES_TIMESTAMPTZ, count);
	for (size_t i = 0; i < count; i++) {
		const struct position_row *position = &advance->positions[i];
		postgres_array_int(from, position->from_offset);
		postgres_array_int(to, position->to_offset);
		postgres_array_int(epochs, position->epoch);
		postgres_array_int(ends, position->end_offset);
		postgres_array_moment(oldest, position->oldest_us);
	}
	return model_version != NULL
		       ? columns_add(columns, store->postgres, &sql_advance_under, NULL, NULL, fail)
		       : columns_add(columns, store->postgres, &sql_advance, on_advanced, store, fail);
}

/* Who is in play: what claims, kin and assertions are asked for by, and where they are put. */
struct in_play {
	const struct uuid *weak, *strong, *decided;
	size_t weak_count, strong_count, decided_count;
	const struct assertion *asserted;
	size_t asserted_count, claim_room;
	postgres_on_rows *on_claims, *on_kin, *on_assertions;
};

/* Pairs and since when, in three columns. */
static void add_asserted(struct columns *columns, const struct in_play *in_play)
{
	struct postgres_array *a = columns_array(columns, POSTGRES_UUID, in_play->asserted_count);
	struct postgres_array *b = columns_array(columns, POSTGRES_UUID, in_play->asserted_count);
	struct postgres_array *at = columns_array(columns, POSTGRES_TIMESTAMPTZ, in_play->asserted_count);
	for (size_t i = 0; i < in_play->asserted_count; i++) {
		postgres_array_uuid(a, &in_play->asserted[i].a);
		postgres_array_uuid(b, &in_play->asserted[i].b);
		postgres_array_moment(at, in_play->asserted[i].at_us);
	}
}

static bool add_kin(struct store *store, const struct in_play *in_play, struct arena *arena, struct fail *fail)
{
	if (in_play->strong_count + in_play->weak_count + in_play->decided_count + in_play->asserted_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	columns_uuids(columns, in_play->weak, in_play->weak_count);
	columns_uuids(columns, in_play->strong, in_play->strong_count);
	columns_uuids(columns, in_play->decided, in_play->decided_count);
	add_asserted(columns, in_play);
	return columns_add(columns, store->postgres, &sql_kin, in_play->on_kin, store, fail);
}

static bool add_decided(struct store *store, const struct in_play *in_play, struct arena *arena, struct fail *fail)
{
	if (in_play->decided_count + in_play->asserted_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	columns_uuids(columns, in_play->decided, in_play->decided_count);
	add_asserted(columns, in_play);
	columns_int(columns, POSTGRES_INT8, (int64_t)in_play->claim_room);
	return columns_add(columns, store->postgres, &sql_claims_decided, in_play->on_claims, store, fail);
}

static bool add_assertions(struct store *store, const struct in_play *in_play, struct arena *arena,
			   struct fail *fail)
{
	if (in_play->asserted_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	add_asserted(columns, in_play);
	columns_int(columns, POSTGRES_INT8, store_history_max(arena));
	return columns_add(columns, store->postgres, &sql_assertions, in_play->on_assertions, store, fail);
}

static bool add_claims(struct store *store, const struct in_play *in_play, struct arena *arena, struct fail *fail)
{
	if (in_play->weak_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	columns_uuids(columns, in_play->weak, in_play->weak_count);
	columns_int(columns, POSTGRES_INT8, (int64_t)in_play->claim_room);
	return columns_add(columns, store->postgres, &sql_claims, in_play->on_claims, store, fail);
}

/* In this order: read_claims() tells the second by the first. */
static bool add_in_play(struct store *store, const struct in_play *in_play, struct arena *arena, struct fail *fail)
{
	return add_claims(store, in_play, arena, fail) && add_decided(store, in_play, arena, fail) &&
	       add_kin(store, in_play, arena, fail) && add_assertions(store, in_play, arena, fail);
}

static bool read_kin(struct store *store, const struct postgres_rows *rows, struct kin **ret_kin,
		     size_t *ret_count, struct fail *fail)
{
	struct kin *kin = store_rows_room(store, rows, sizeof(*kin), fail);
	if (kin == NULL) {
		return false;
	}
	for (size_t i = 0; i < postgres_count(rows); i++) {
		kin[i] = (struct kin){postgres_uuid(rows, i, 0), postgres_uuid(rows, i, 1),
				      postgres_uuid(rows, i, 2), postgres_moment(rows, i, 3)};
	}
	*ret_kin = kin;
	*ret_count = postgres_count(rows);
	return true;
}

static bool on_advance_kin(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct store *store = context;
	return read_kin(store, rows, &store->advance->kin, &store->advance->kin_count, fail);
}

static bool on_kin(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct store *store = context;
	return read_kin(store, rows, &store->load->kin, &store->load->kin_count, fail);
}

static bool read_assertions(struct store *store, const struct postgres_rows *rows,
			    struct assertion **ret_assertions, size_t *ret_count, struct fail *fail)
{
	struct assertion *assertions = store_rows_room(store, rows, sizeof(*assertions), fail);
	if (assertions == NULL) {
		return false;
	}
	if (postgres_count(rows) == (size_t)store_history_max(store->arena)) {
		return store_arena_full(fail);
	}
	for (size_t i = 0; i < postgres_count(rows); i++) {
		assertions[i] = (struct assertion){
			.a = postgres_uuid(rows, i, 0),
			.b = postgres_uuid(rows, i, 1),
			.key = {postgres_moment(rows, i, 2), (uint64_t)postgres_int(rows, i, 3),
				postgres_uuid(rows, i, 4)},
			.at_us = postgres_moment(rows, i, 5),
			.kind = (enum assertion_kind)postgres_int(rows, i, 6),
			.address_of = (int)postgres_int(rows, i, 7),
			.refused = (enum assertion_refused)postgres_int(rows, i, 8),
		};
	}
	*ret_assertions = assertions;
	*ret_count = postgres_count(rows);
	return true;
}

static bool on_advance_assertions(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct store *store = context;
	return read_assertions(store, rows, &store->advance->assertions, &store->advance->assertion_count, fail);
}

static bool on_assertions(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct store *store = context;
	return read_assertions(store, rows, &store->load->assertions, &store->load->assertion_count, fail);
}

bool store_add_holds(struct store *store, const struct advance_rows *advance, struct arena *arena,
		     struct fail *fail)
{
	struct columns *columns = columns_begin(arena);
	columns_text(columns, advance->group);
	store_position_names(columns, advance->positions, advance->position_count);
	struct postgres_array *epochs = columns_array(columns, POSTGRES_INT8, advance->position_count);
	for (size_t i = 0; i < advance->position_count; i++) {
		postgres_array_int(epochs, advance->positions[i].epoch);
	}
	return columns_add(columns, store->postgres, &sql_holds, NULL, NULL, fail);
}

static bool add_advance_claims(struct store *store, struct advance_rows *advance, struct arena *arena,
			       struct fail *fail)
{
	advance->has_model = false;
	advance->claims = NULL;
	advance->claim_count = advance->kin_count = advance->assertion_count = 0;
	store->arena = arena;
	store->advance = advance;
	const struct in_play in_play = {
		.weak = advance->weak,
		.weak_count = advance->weak_count,
		.strong = advance->strong,
		.strong_count = advance->strong_count,
		.decided = advance->decided,
		.decided_count = advance->decided_count,
		.asserted = advance->asserted,
		.asserted_count = advance->asserted_count,
		.claim_room = advance->claim_room,
		.on_claims = on_advance_claims,
		.on_kin = on_advance_kin,
		.on_assertions = on_advance_assertions,
	};
	return add_in_play(store, &in_play, arena, fail);
}

bool store_advance(struct store *store, struct advance_rows *advance, struct arena *arena, struct fail *fail)
{
	return postgres_add(store->postgres, &sql_begin, NULL, NULL, NULL, fail) &&
	       store_add_positions(store, advance, NULL, arena, fail) &&
	       add_advance_claims(store, advance, arena, fail) && postgres_send(store->postgres, fail);
}

/* By themselves, and by nobody whose positions are another's by now. */
static bool add_months(struct store *store, const struct advance_rows *rows, struct arena *arena,
		       struct fail *fail)
{
	return rows->month_count == 0 || (postgres_add(store->postgres, &sql_begin, NULL, NULL, NULL, fail) &&
					  store_add_holds(store, rows, arena, fail) &&
					  store_add_months(store, rows->months, rows->month_count, arena, fail) &&
					  postgres_add(store->postgres, &sql_commit, NULL, NULL, NULL, fail));
}

bool store_months(struct store *store, const struct advance_rows *rows, struct arena *arena, struct fail *fail)
{
	CHECK(rows->month_count > 0);
	return add_months(store, rows, arena, fail) && postgres_send(store->postgres, fail);
}

bool store_peek(struct store *store, struct advance_rows *peek, struct arena *arena, struct fail *fail)
{
	return add_months(store, peek, arena, fail) &&
	       postgres_add(store->postgres, &sql_snapshot, NULL, NULL, NULL, fail) &&
	       postgres_add(store->postgres, &sql_model_version, NULL, on_advanced, store, fail) &&
	       add_advance_claims(store, peek, arena, fail) && postgres_send(store->postgres, fail);
}

static bool on_claims(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct store *store = context;
	struct load_rows *load = store->load;
	return read_claims(store, rows, load->weak, load->weak_count, &load->claims, &load->claim_count, fail);
}

static bool on_others(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct store *store = context;
	struct load_rows *load = store->load;
	return read_claims(store, rows, NULL, 0, &load->others, &load->other_count, fail);
}

static bool on_consents(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct store *store = context;
	struct consent *consents = store_rows_room(store, rows, sizeof(*consents), fail);
	if (consents == NULL) {
		return false;
	}
	for (size_t i = 0; i < postgres_count(rows); i++) {
		consents[i] = (struct consent){
			.actor_id = postgres_uuid(rows, i, 0),
			.purpose = (enum purpose)postgres_int(rows, i, 1),
			.key = {postgres_moment(rows, i, 2), (uint64_t)postgres_int(rows, i, 3),
				postgres_uuid(rows, i, 4)},
			.at_us = postgres_moment(rows, i, 5),
			.state = (int)postgres_int(rows, i, 6),
			.source = store_row_text(store, rows, i, 7),
			.policy = store_row_text(store, rows, i, 8),
		};
		if (consents[i].source == NULL || consents[i].policy == NULL) {
			return store_arena_full(fail);
		}
	}
	store->load->consents = consents;
	store->load->consent_count = postgres_count(rows);
	return true;
}

static bool on_declared(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct store *store = context;
	struct declared *declared = store_rows_room(store, rows, sizeof(*declared), fail);
	if (declared == NULL) {
		return false;
	}
	for (size_t i = 0; i < postgres_count(rows); i++) {
		declared[i] = (struct declared){
			.actor_id = postgres_uuid(rows, i, 0),
			.attribute = (enum attribute)postgres_int(rows, i, 1),
			.source = store_row_text(store, rows, i, 2),
			.key = {postgres_moment(rows, i, 3), (uint64_t)postgres_int(rows, i, 4),
				postgres_uuid(rows, i, 5)},
			.at_us = postgres_moment(rows, i, 6),
			.value = store_row_text(store, rows, i, 7),
		};
		if (declared[i].source == NULL || declared[i].value == NULL) {
			return store_arena_full(fail);
		}
	}
	store->load->declared = declared;
	store->load->declared_count = postgres_count(rows);
	return true;
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

/* The quick way has them, and who is one with whom: PEEK and LOAD see one snapshot. Those that the careful way's ADVANCE saw may be others since. */
static bool add_claims_anew(struct store *store, struct load_rows *load, struct arena *arena, struct fail *fail)
{
	if (load->quick) {
		return true;
	}
	load->claims = NULL;
	load->claim_count = load->kin_count = load->assertion_count = 0;
	const struct in_play in_play = {
		.weak = load->weak,
		.weak_count = load->weak_count,
		.strong = load->persons,
		.strong_count = load->person_count,
		.decided = load->decided,
		.decided_count = load->decided_count,
		.asserted = load->asserted,
		.asserted_count = load->asserted_count,
		.claim_room = load->claim_room,
		.on_claims = on_claims,
		.on_kin = on_kin,
		.on_assertions = on_assertions,
	};
	return add_in_play(store, &in_play, arena, fail);
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
	return add_locks(store, load, arena, fail) && add_claims_anew(store, load, arena, fail) &&
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
