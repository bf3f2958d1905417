/*
 * What all subjects of the database match under a model that is about to be accepted: rows of table subject_rule.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/fail.h"
#include "core/flow/match.h"
#include "ctl/progress.h"
#include "ctl/subject_row.h"

struct postgres;

struct rematch {
	const struct model *model;
	struct matcher *matcher;
	struct arena arena; /* of a slice */
	struct subject_row_keys keys;
	int64_t subjects, done; /* that there are, roughly; that were matched */
	int64_t unlike;		/* of these: properties that cannot be told apart, and are left out */
};

/* Borrows the model and the matcher. False: *fail. Ended by rematch_finish(), always. */
bool rematch_begin(struct rematch *rematch, const struct model *model, struct matcher *matcher,
		   struct postgres *postgres, struct fail *fail);
void rematch_finish(struct rematch *rematch);

/* Matches all subjects that have no rule under this model yet, a slice a turn, in whatever transaction is open. `progress` may be NULL. */
bool rematch_all(struct rematch *rematch, struct postgres *postgres, struct progress *progress, struct fail *fail);
