/*
 * Between the files of SAVE (store_save.c, store_save_facts.c, store_save_states.c) and store_review.c: its parts, each one statement, nothing
 * where its list is empty.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/base/fail.h"
#include "core/base/uuid.h"
#include "core/edge/postgres.h"
#include "core/edge/store.h"

typedef bool store_part(struct store *store, const struct save_rows *save, struct arena *arena, struct fail *fail);

store_part store_drop_by_ids, store_save_actors, store_drop_claims, store_save_claims, store_drop_consents,
	store_save_consents, store_drop_declared, store_save_declared, store_drop_assertions,
	store_save_assertions, store_save_kin, store_drop_persons, store_save_persons, store_save_stretches,
	store_save_states, store_drop_checkpoints, store_save_checkpoints, store_drop_explained,
	store_save_waiting, store_save_arbiters_new, store_save_arbiters, store_save_raws, store_copy_arbiters,
	store_copy_new, store_save_threads, store_save_costs, store_save_stages, store_save_associates;

/* Of a contact without a touch that counts: as a fresh arbiter is. */
extern const struct state_row store_no_state;

/* The columns of a state from fold on, and what they need beside the bytes of fold and STORE_ROW_HEAD(). */
struct store_rows;
#define STORE_STATE_COLUMNS 15
#define STORE_STATE_SIZE (2 * 4 + 4 * 8 + 4 * 2 + 3 * 8 + 1)
void store_put_state(struct store_rows *rows, const struct state_row *state);

/* An array of phased.state_row, of any process each. False: arena full. */
struct columns;
bool store_add_state_rows(struct columns *columns, const struct arbiter_row *rows, size_t count,
			  struct arena *arena);

/* Three arrays: what a withdrawal erases. */
void store_add_erased(struct columns *columns, const struct save_rows *save);

/* Where SAVE begins, the quick way. */
bool store_add_positions(struct store *store, const struct advance_rows *advance, const uint64_t *model_version,
			 struct arena *arena, struct fail *fail);

/* Rows of table phase into store->load. */
struct postgres_rows;
bool store_on_phases(void *context, const struct postgres_rows *rows, struct fail *fail);

/* How many rows of histories an answer may have; as many as that are too many for the arena. */
int64_t store_history_max(const struct arena *arena);

/* Stops the turn where these positions are no longer ours. */
bool store_add_holds(struct store *store, const struct advance_rows *advance, struct arena *arena,
		     struct fail *fail);

/* Makes the partitions of table touch of these months. */
bool store_add_months(struct store *store, const int64_t *moments_us, size_t count, struct arena *arena,
		      struct fail *fail);

/* Contacts of sorted rows and their versions, each once: two arrays. */
void store_add_explained(struct columns *columns, const struct explain_rows *slice);
/* Of whom else is read and written in these turns: how far they came. */
bool store_standing_read(struct store *store, const struct explain_rows *slice, struct arena *arena,
			 struct fail *fail);
bool store_standing_save(struct store *store, const struct explain_rows *slice, struct arena *arena,
			 struct fail *fail);
/* What contacts have done that a rule takes, and hard facts; and its rows. The arena is store->arena. */
bool store_add_evidence(struct store *store, uint64_t model_version, const struct uuid *contacts, size_t count,
			postgres_on_rows *on_rows, struct fail *fail);
bool store_evidence_rows(struct store *store, const struct postgres_rows *rows, struct evidence_row **ret_touches,
			 size_t *ret_count, struct fail *fail);
