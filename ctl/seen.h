/*
 * What people were seen doing, from the database: subjects with their touches, and which rules of a model take them.
 *
 * Reads report.measured and report.subject, as phased_reader may. Machines' touches are not among them.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/flow/model_seen.h"
#include "ctl/ctl.h"
#include "ctl/progress.h"

#define SEEN_SUBJECTS_MAX 50000 /* those with most touches */

struct seen {
	struct arena arena; /* where the texts are */
	struct seen_subject *subjects;
	size_t count;
	bool cut;
	uint64_t touches; /* of these */
	struct postgres *postgres;
	int64_t since_us; /* INT64_MIN: all */
};

/* `days`: of the last ones only; 0: of all. False: *fail. The caller ends it with seen_finish(), in any case. */
bool seen_read(struct seen *seen, struct ctl *ctl, const struct matcher *matcher, int64_t days,
	       struct progress *progress, struct fail *fail);
/* Touches that count of each rule, repeats of a person left out: `ret_counted` has room for PHASE_RULES_MAX of each process. */
bool seen_count(struct seen *seen, struct progress *progress, uint64_t *ret_counted, struct fail *fail);
void seen_finish(struct seen *seen);
