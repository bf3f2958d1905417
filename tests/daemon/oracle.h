/*
 * What the tables must be in the end, worked out naively from all messages at once: the standing copy of all copies,
 * the facts of those, each touch's contact by the rules as they are written, each contact folded from the start.
 *
 * Shares with the daemon only leaf functions that have tests of their own: decode, identify, subject, match,
 * facts_from_event, facts_person, attribute_consent_state, attribute_withdrawn_at, fold_on, fold_view.
 */
#pragma once
#include "core/base/arena.h"
#include "tests/daemon/drive.h"
#include "tests/daemon/plan.h"
#include "tests/daemon/tables.h"

/*
 * The lines that differ from what is expected, in the arena; "": none. Takes out of `found` what the order may decide, as of what is
 * expected, too:
 * - values of persons about whom a copy that does not stand had stated a refusal: whether it deleted values, which are gone for good;
 * - of events that a withdrawal may have erased at some time, by the claims that were known then: whether they are there, and which copy
 *   of them stated what holds. What is erased by all claims together must not be there. How they were counted, beyond how many.
 */
const char *oracle_difference(const struct plan *plan, const struct drive *drive, struct arena *arena,
			      struct tables *found);
/* Over all comparisons of this process. */
struct oracle_counts {
	uint64_t
		touches; /* events of which a touch stands as all copies have it, with what a withdrawal may have erased */
	uint64_t open;	  /* of these, whether it is there is left open */
	uint64_t must_go; /* copies whose touch must not be there */
};
struct oracle_counts oracle_counts(void);
/* Ends what it keeps; before the model that it was made of, so drive_finish() does it. */
void oracle_finish(void);
