#include "core/edge/store_in_play.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/edge/store_columns.h"
#include "core/edge/store_parts.h"
#include "core/edge/store_sql.h"

/* ---- what comes back ---- */

static struct claim claim_of(const struct postgres_rows *rows, size_t i, unsigned at, unsigned strength)
{
	return (struct claim){
		.weak = postgres_uuid(rows, i, 0),
		.strong = postgres_uuid(rows, i, 1),
		.key = {postgres_moment(rows, i, 2), (uint64_t)postgres_int(rows, i, 3),
			postgres_uuid(rows, i, 0)},
		.at_us = postgres_moment(rows, i, at),
		.strength = (enum claim_strength)postgres_int(rows, i, strength),
	};
}

static struct assertion assertion_of(const struct postgres_rows *rows, size_t i)
{
	return (struct assertion){
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

/* Room for so many more behind those that are there. */
static bool grow_claims(struct store *store, size_t more, struct claim **claims, size_t count, struct fail *fail)
{
	struct claim *all = arena_array(store->arena, count + more + 1, sizeof(*all));
	if (all == NULL) {
		return store_arena_full(fail);
	}
	if (count > 0) {
		memcpy(all, *claims, count * sizeof(*all));
	}
	*claims = all;
	return true;
}

bool store_read_claims(struct store *store, const struct postgres_rows *rows, struct claim **claims, size_t *count,
		       struct fail *fail)
{
	if (!grow_claims(store, postgres_count(rows), claims, *count, fail)) {
		return false;
	}
	for (size_t i = 0; i < postgres_count(rows); i++) {
		(*claims)[(*count)++] = claim_of(rows, i, 4, 5);
	}
	return true;
}

bool store_read_assertions(struct store *store, const struct postgres_rows *rows,
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
		assertions[i] = assertion_of(rows, i);
	}
	*ret_assertions = assertions;
	*ret_count = postgres_count(rows);
	return true;
}

static bool on_claims(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct store *store = context;
	return store_read_claims(store, rows, &store->in_play->claims, &store->in_play->claim_count, fail);
}

/* What a row of phased.in_play() is, by its last column. */
enum part { PART_CLAIM, PART_KIN, PART_ASSERTION, PART_COUNT };
#define PART_COLUMN 9

static enum part part_of(const struct postgres_rows *rows, size_t i)
{
	int64_t part = postgres_int(rows, i, PART_COLUMN);
	CHECK(part >= 0 && part < PART_COUNT);
	return (enum part)part;
}

static int compare_ids(const void *a, const void *b)
{
	return uuid_compare(a, b);
}

/* All claims on those that were asked for by themselves are there already. */
static void add_claim(const struct store *store, struct in_play_rows *in_play, struct claim claim)
{
	if (store->weak_count == 0 ||
	    bsearch(&claim.weak, store->weak, store->weak_count, sizeof(claim.weak), compare_ids) == NULL) {
		in_play->claims[in_play->claim_count++] = claim;
	}
}

static bool make_room(struct store *store, const struct postgres_rows *rows, struct in_play_rows *in_play,
		      struct fail *fail)
{
	size_t counts[PART_COUNT] = {0};
	for (size_t i = 0; i < postgres_count(rows); i++) {
		counts[part_of(rows, i)]++;
	}
	in_play->kin = arena_array(store->arena, counts[PART_KIN] + 1, sizeof(*in_play->kin));
	in_play->assertions = arena_array(store->arena, counts[PART_ASSERTION] + 1, sizeof(*in_play->assertions));
	if (in_play->kin == NULL || in_play->assertions == NULL ||
	    counts[PART_ASSERTION] == (size_t)store_history_max(store->arena)) {
		return store_arena_full(fail);
	}
	return grow_claims(store, counts[PART_CLAIM], &in_play->claims, in_play->claim_count, fail);
}

static bool on_in_play(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct store *store = context;
	struct in_play_rows *in_play = store->in_play;
	if (!make_room(store, rows, in_play, fail)) {
		return false;
	}
	for (size_t i = 0; i < postgres_count(rows); i++) {
		enum part part = part_of(rows, i);
		if (part == PART_CLAIM) {
			add_claim(store, in_play, claim_of(rows, i, 5, 6));
		} else if (part == PART_KIN) {
			in_play->kin[in_play->kin_count++] =
				(struct kin){postgres_uuid(rows, i, 0), postgres_uuid(rows, i, 1),
					     postgres_uuid(rows, i, 4), postgres_moment(rows, i, 5)};
		} else {
			in_play->assertions[in_play->assertion_count++] = assertion_of(rows, i);
		}
	}
	return true;
}

/* ---- what they stated ---- */

bool store_read_consents(struct store *store, const struct postgres_rows *rows, struct consent **ret_consents,
			 size_t *ret_count, struct fail *fail)
{
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
	*ret_consents = consents;
	*ret_count = postgres_count(rows);
	return true;
}

bool store_read_declared(struct store *store, const struct postgres_rows *rows, struct declared **ret_declared,
			 size_t *ret_count, struct fail *fail)
{
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
	*ret_declared = declared;
	*ret_count = postgres_count(rows);
	return true;
}

/* ---- what is asked ---- */

static bool add_claims(struct store *store, const struct store_in_play *in_play, struct arena *arena,
		       struct fail *fail)
{
	if (in_play->weak_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	columns_uuids(columns, in_play->weak, in_play->weak_count);
	columns_int(columns, POSTGRES_INT8, (int64_t)in_play->claim_room);
	return columns_add(columns, store->postgres, &sql_claims, on_claims, store, fail);
}

/* Pairs and since when, in three columns. */
static void add_asserted(struct columns *columns, const struct store_in_play *in_play)
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

/* After the claims: on_in_play() adds to them. */
static bool add_in_play(struct store *store, const struct store_in_play *in_play, struct arena *arena,
			struct fail *fail)
{
	if (in_play->strong_count + in_play->weak_count + in_play->decided_count + in_play->asserted_count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(arena);
	columns_uuids(columns, in_play->weak, in_play->weak_count);
	columns_uuids(columns, in_play->strong, in_play->strong_count);
	columns_uuids(columns, in_play->decided, in_play->decided_count);
	add_asserted(columns, in_play);
	columns_int(columns, POSTGRES_INT8, (int64_t)in_play->claim_room);
	columns_int(columns, POSTGRES_INT8, store_history_max(arena));
	return columns_add(columns, store->postgres, &sql_in_play, on_in_play, store, fail);
}

bool store_add_in_play(struct store *store, const struct store_in_play *in_play, struct in_play_rows *ret,
		       struct arena *arena, struct fail *fail)
{
	*ret = (struct in_play_rows){0};
	store->in_play = ret;
	store->weak = in_play->weak;
	store->weak_count = in_play->weak_count;
	return add_claims(store, in_play, arena, fail) && add_in_play(store, in_play, arena, fail);
}
