#include "core/edge/erase.h"

#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/edge/store_columns.h"
#include "core/edge/store_in_play.h"
#include "core/edge/store_parts.h"
#include "core/edge/store_sql_erase.h"

/* The store's parts are of a turn: of its connection, and where its rows go. */
static struct store store_of(struct postgres *postgres, const struct erase *erase)
{
	return (struct store){.postgres = postgres, .arena = erase->arena};
}

/* ---- what comes back ---- */

static bool no_room(struct fail *fail)
{
	return fail_set(fail, FAIL_DATA, EXIT_OUR_BUG, "erasure: what it concerns does not fit into memory");
}

static void *room_of(struct erase *erase, size_t count, size_t size, struct fail *fail)
{
	void *room = arena_array(erase->arena, count + 1, size);
	if (room == NULL) {
		no_room(fail);
	}
	return room;
}

/* Called twice, the second time for those by persons: what came by its weak actor already comes again. */
static bool on_claims(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct erase *erase = context;
	struct claim *claims = room_of(erase, erase->claim_count + postgres_count(rows), sizeof(*claims), fail);
	if (claims == NULL) {
		return false;
	}
	if (erase->claim_count > 0) {
		memcpy(claims, erase->claims, erase->claim_count * sizeof(*claims));
	}
	for (size_t i = 0; i < postgres_count(rows); i++) {
		struct uuid weak = postgres_uuid(rows, i, 0);
		claims[erase->claim_count++] = (struct claim){
			.weak = weak,
			.strong = postgres_uuid(rows, i, 1),
			.key = {postgres_moment(rows, i, 2), (uint64_t)postgres_int(rows, i, 3), weak},
			.at_us = postgres_moment(rows, i, 4),
			.strength = (enum claim_strength)postgres_int(rows, i, 5),
		};
	}
	erase->claims = claims;
	return true;
}

static bool read_ids(struct erase *erase, const struct postgres_rows *rows, struct uuid **ret_ids,
		     size_t *ret_count, struct fail *fail)
{
	struct uuid *ids = room_of(erase, postgres_count(rows), sizeof(*ids), fail);
	if (ids == NULL) {
		return false;
	}
	for (size_t i = 0; i < postgres_count(rows); i++) {
		ids[i] = postgres_uuid(rows, i, 0);
	}
	*ret_ids = ids;
	*ret_count = postgres_count(rows);
	return true;
}

static bool on_linked(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct erase *erase = context;
	return read_ids(erase, rows, &erase->linked, &erase->linked_count, fail);
}

static bool on_consenting(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct erase *erase = context;
	return read_ids(erase, rows, &erase->consenting, &erase->consenting_count, fail);
}

static bool on_left(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct erase *erase = context;
	return read_ids(erase, rows, &erase->left, &erase->left_count, fail);
}

static bool on_assertions(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct erase *erase = context;
	struct store store = store_of(NULL, erase);
	return store_read_assertions(&store, rows, &erase->assertions, &erase->assertion_count, fail);
}

static bool on_consents(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct erase *erase = context;
	struct store store = store_of(NULL, erase);
	return store_read_consents(&store, rows, &erase->consents, &erase->consent_count, fail);
}

static bool on_declared(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct erase *erase = context;
	struct store store = store_of(NULL, erase);
	return store_read_declared(&store, rows, &erase->declared, &erase->declared_count, fail);
}

static bool on_times(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct erase *erase = context;
	if (postgres_count(rows) == (size_t)store_history_max(erase->arena)) {
		return no_room(fail);
	}
	erase->times = room_of(erase, postgres_count(rows), sizeof(*erase->times), fail);
	erase->time_count = postgres_count(rows);
	for (size_t i = 0; erase->times != NULL && i < erase->time_count; i++) {
		erase->times[i].key = (struct touch_key){postgres_uuid(rows, i, 0), postgres_moment(rows, i, 1),
							 (uint64_t)postgres_int(rows, i, 2)};
		erase->times[i].at_us = postgres_moment(rows, i, 3);
	}
	return erase->times != NULL;
}

static bool on_newest(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	struct erase *erase = context;
	int64_t newest_us = store_row_moment(rows, 0, 0);
	erase->newest_us = newest_us > erase->newest_us ? newest_us : erase->newest_us;
	return true;
}

static bool on_kept(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct erase *erase = context;
	erase->kept = room_of(erase, postgres_count(rows), sizeof(*erase->kept), fail);
	erase->kept_count = postgres_count(rows);
	for (size_t i = 0; erase->kept != NULL && i < erase->kept_count; i++) {
		const char *positions = postgres_text(rows, i, 4);
		erase->kept[i] = (struct ledger_row){
			.actor_id = postgres_uuid(rows, i, 0),
			.from_us = postgres_moment(rows, i, 1),
			.at_us = postgres_moment(rows, i, 2),
			.erased_us = postgres_moment(rows, i, 3),
			.positions = arena_text(erase->arena, positions, strlen(positions)),
		};
		if (erase->kept[i].positions == NULL) {
			return store_arena_full(fail);
		}
	}
	return erase->kept != NULL;
}

static bool on_count(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	*(int64_t *)context += postgres_int(rows, 0, 0);
	return true;
}

/* ---- what is asked ---- */

static bool add_ids(struct postgres *postgres, struct erase *erase, const struct postgres_statement *statement,
		    const struct uuid *ids, size_t count, postgres_on_rows *on_rows, void *context,
		    struct fail *fail)
{
	if (count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(erase->arena);
	columns_uuids(columns, ids, count);
	return columns_add(columns, postgres, statement, on_rows, context, fail);
}

/* So many rows at the most are read; more do not fit. */
static bool add_some(struct postgres *postgres, struct erase *erase, const struct postgres_statement *statement,
		     const struct uuid *ids, size_t count, postgres_on_rows *on_rows, struct fail *fail)
{
	if (count == 0) {
		return true;
	}
	struct columns *columns = columns_begin(erase->arena);
	columns_uuids(columns, ids, count);
	columns_int(columns, POSTGRES_INT8, store_history_max(erase->arena));
	return columns_add(columns, postgres, statement, on_rows, erase, fail);
}

/* The ledger's rows as columns: three, or all five. */
static bool add_ledger(struct postgres *postgres, struct erase *erase, const struct postgres_statement *statement,
		       postgres_on_rows *on_rows, void *context, struct fail *fail)
{
	if (erase->ledger_count == 0) {
		return true;
	}
	static const enum postgres_type types[] = {POSTGRES_UUID, POSTGRES_TIMESTAMPTZ, POSTGRES_TIMESTAMPTZ,
						   POSTGRES_TIMESTAMPTZ, POSTGRES_TEXT};
	struct postgres_array *arrays[COLUMNS_MAX];
	struct columns *columns = columns_begin(erase->arena);
	columns_arrays(columns, types, statement->parameter_count, erase->ledger_count, arrays);
	for (size_t i = 0; i < erase->ledger_count; i++) {
		const struct ledger_row *row = &erase->ledger[i];
		postgres_array_uuid(arrays[0], &row->actor_id);
		postgres_array_moment(arrays[1], row->from_us);
		postgres_array_moment(arrays[2], row->at_us);
		if (statement->parameter_count > 3) {
			postgres_array_moment(arrays[3], row->erased_us);
			postgres_array_text(arrays[4], row->positions);
		}
	}
	return columns_add(columns, postgres, statement, on_rows, context, fail);
}

bool erase_begin(struct postgres *postgres, struct fail *fail)
{
	return postgres_add(postgres, &sql_begin, NULL, NULL, NULL, fail);
}

bool erase_ask(struct postgres *postgres, struct erase *erase, struct fail *fail)
{
	erase->claims = NULL;
	erase->claim_count = erase->linked_count = 0;
	return add_ids(postgres, erase, &sql_erase_linked, erase->actors, erase->actor_count, on_linked, erase,
		       fail) &&
	       add_ids(postgres, erase, &sql_erase_claims, erase->actors, erase->actor_count, on_claims, erase,
		       fail) &&
	       add_ids(postgres, erase, &sql_erase_claims_of, erase->actors, erase->actor_count, on_claims, erase,
		       fail);
}

bool erase_lock(struct postgres *postgres, struct erase *erase, struct fail *fail)
{
	return add_ids(postgres, erase, &sql_erase_arbiters_made, erase->contacts, erase->contact_count, NULL,
		       NULL, fail) &&
	       add_ids(postgres, erase, &sql_lock, erase->contacts, erase->contact_count, NULL, NULL, fail) &&
	       erase_ask(postgres, erase, fail);
}

bool erase_measure(struct postgres *postgres, struct erase *erase, struct fail *fail)
{
	erase->newest_us = INT64_MIN;
	erase->time_count = 0;
	return add_some(postgres, erase, &sql_erase_times, erase->weak, erase->weak_count, on_times, fail) &&
	       add_ids(postgres, erase, &sql_erase_newest, erase->actors, erase->actor_count, on_newest, erase,
		       fail) &&
	       add_ids(postgres, erase, &sql_erase_newest_weak, erase->actors, erase->actor_count, on_newest,
		       erase, fail);
}

/* Who goes whole. */
static struct uuid *whole_of(const struct erase *erase, size_t *ret_count)
{
	struct uuid *ids = arena_array(erase->arena, erase->ledger_count + 1, sizeof(*ids));
	size_t count = 0;
	for (size_t i = 0; ids != NULL && i < erase->ledger_count; i++) {
		if (erase->ledger[i].from_us == INT64_MIN) {
			ids[count++] = erase->ledger[i].actor_id;
		}
	}
	*ret_count = count;
	return ids;
}

/* Of whoever may stay. */
static bool add_stated(struct postgres *postgres, struct erase *erase, struct fail *fail)
{
	size_t whole_count;
	const struct uuid *whole = whole_of(erase, &whole_count);
	erase->left_count = erase->kept_count = 0;
	erase->assertion_count = erase->consent_count = erase->declared_count = 0;
	return (whole != NULL || store_arena_full(fail)) &&
	       add_ids(postgres, erase, &sql_erase_left, whole, whole_count, on_left, erase, fail) &&
	       add_some(postgres, erase, &sql_erase_assertions, erase->linked, erase->linked_count, on_assertions,
			fail) &&
	       add_ids(postgres, erase, &sql_consents, erase->linked, erase->linked_count, on_consents, erase,
		       fail) &&
	       add_ids(postgres, erase, &sql_declared, erase->linked, erase->linked_count, on_declared, erase,
		       fail) &&
	       add_ids(postgres, erase, &sql_erase_kept, erase->actors, erase->actor_count, on_kept, erase, fail);
}

bool erase_drop(struct postgres *postgres, struct erase *erase, struct fail *fail)
{
	bool good = add_ledger(postgres, erase, &sql_erase_ledger, NULL, NULL, fail) &&
		    add_ledger(postgres, erase, &sql_erase_touches_said, on_count, &erase->touches, fail) &&
		    add_ledger(postgres, erase, &sql_erase_touches_in, on_count, &erase->touches, fail) &&
		    add_ledger(postgres, erase, &sql_erase_beside, NULL, NULL, fail) &&
		    add_ledger(postgres, erase, &sql_erase_claims_on, on_count, &erase->facts, fail);
	for (size_t i = 0; good && i < COUNT_OF(sql_erase_facts); i++) {
		good = add_ledger(postgres, erase, &sql_erase_facts[i], on_count, &erase->facts, fail);
	}
	return good && add_stated(postgres, erase, fail);
}

/* Of everybody who is locked. */
static bool add_left(struct postgres *postgres, struct erase *erase, struct fail *fail)
{
	erase->consenting_count = erase->time_count = 0;
	erase->claims = NULL;
	erase->claim_count = 0;
	return add_ids(postgres, erase, &sql_erase_claims, erase->contacts, erase->contact_count, on_claims, erase,
		       fail) &&
	       add_ids(postgres, erase, &sql_erase_consenting, erase->contacts, erase->contact_count,
		       on_consenting, erase, fail) &&
	       add_some(postgres, erase, &sql_erase_times, erase->contacts, erase->contact_count, on_times, fail);
}

bool erase_join(struct postgres *postgres, struct erase *erase, struct fail *fail)
{
	static store_part *const parts[] = {store_drop_by_ids,	   store_drop_declared, store_drop_assertions,
					    store_save_assertions, store_save_kin,	store_drop_persons,
					    store_save_persons};
	struct store store = store_of(postgres, erase);
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		if (!parts[i](&store, &erase->persons, erase->arena, fail)) {
			return false;
		}
	}
	return add_left(postgres, erase, fail);
}

static bool add_stretches(struct postgres *postgres, struct erase *erase, struct fail *fail)
{
	const struct save_rows save = {.stretched = erase->weak,
				       .stretched_count = erase->weak_count,
				       .stretches = erase->stretches,
				       .stretch_count = erase->stretch_count};
	struct store store = store_of(postgres, erase);
	return store_drop_by_ids(&store, &save, erase->arena, fail) &&
	       store_save_stretches(&store, &save, erase->arena, fail);
}

bool erase_write(struct postgres *postgres, struct erase *erase, struct fail *fail)
{
	_Static_assert(COUNT_OF(sql_erase_held) == ERASE_HELD_COUNT, "each row of held.def once");
	bool good = true;
	for (size_t i = 0; good && i < ERASE_HELD_COUNT; i++) {
		good = sql_erase_held[i].sql == NULL ||
		       add_ids(postgres, erase, &sql_erase_held[i], erase->gone, erase->gone_count, on_count,
			       &erase->rows[i], fail);
	}
	return good && add_stretches(postgres, erase, fail) &&
	       add_ids(postgres, erase, &sql_erase_waiting, erase->others, erase->other_count, NULL, NULL, fail) &&
	       add_ids(postgres, erase, &sql_erase_arbiters, erase->gone, erase->gone_count, NULL, NULL, fail) &&
	       add_ids(postgres, erase, &sql_bump, erase->others, erase->other_count, NULL, NULL, fail);
}

bool erase_commit(struct postgres *postgres, struct fail *fail)
{
	return postgres_add(postgres, &sql_commit, NULL, NULL, NULL, fail);
}

bool erase_rollback(struct postgres *postgres, struct fail *fail)
{
	return postgres_add(postgres, &sql_rollback, NULL, NULL, NULL, fail);
}

static bool on_raws(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	struct erase *erase = context;
	erase->raws = postgres_int(rows, 0, 0);
	erase->raws_from_us = store_row_moment(rows, 0, 1);
	return true;
}

bool erase_raws(struct postgres *postgres, struct erase *erase, int64_t noted_us, struct fail *fail)
{
	struct columns *columns = columns_begin(erase->arena);
	columns_moment(columns, erase->raws_from_us);
	columns_moment(columns, noted_us);
	columns_int(columns, POSTGRES_INT8, ERASE_RAWS_MAX);
	return columns_add(columns, postgres, &sql_erase_raws, on_raws, erase, fail);
}

bool erase_unknown(struct postgres *postgres, struct erase *erase, struct fail *fail)
{
	erase->kept_count = 0;
	return add_ledger(postgres, erase, &sql_erase_unknown, on_kept, erase, fail);
}
