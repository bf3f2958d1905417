/*
 * What the tables must be in the end, worked out naively from all messages at once: the standing copy of all copies,
 * the facts of those, each touch's contact by the rules as they are written, each contact folded from the start.
 *
 * Shares with the daemon only leaf functions that have tests of their own: decode, identify, subject, match,
 * facts_from_event, facts_person, attribute_consent_state, fold_on, fold_view.
 */
#pragma once
#include "core/base/arena.h"
#include "tests/daemon/drive.h"
#include "tests/daemon/plan.h"
#include "tests/daemon/tables.h"

/*
 * Fills the (empty) tables. `ret_exempt`: persons about whom a copy that does not stand had stated a refusal: whether
 * it deleted values, which are gone for good, depends on the order (docs/decisions/ on values).
 */
void oracle_tables(const struct plan *plan, const struct drive *drive, struct arena *arena,
		   struct tables *ret_tables, struct uuid ret_exempt[static PLAN_MESSAGES_MAX],
		   size_t *ret_exempt_count);
/* Ends what it keeps; before the model that it was made of, so drive_finish() does it. */
void oracle_finish(void);
/* Takes out what the order may decide about these persons: values that they declared. */
void oracle_forget_values(struct tables *tables, const struct uuid *exempt, size_t count);
