/*
 * Rules for what was seen and matches only `other`: subjects put together by what a rule can ask for, those with most touches first.
 *
 * A rule made here takes every subject that it was made from, where it is put in the place that it is made for: behind all rules of its
 * process or, where `other` asks for such touches itself, just before `other`. There it also asks for all that the condition of `other` asks
 * for, so that it takes nothing from rules behind `other`.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/flow/model_seen.h"

struct arena;

#define LINT_FOLDER_PATHS 3 /* so many paths of one folder become one rule */
#define LINT_SHOWN 3	    /* texts that are shown of a rule that takes several */

struct lint_rule {
	char name[MODEL_NAME_SIZE_MAX + 1];
	/* Its line is that of the condition of `other` that takes these touches, before which the rule must stand; 0: behind all. Borrows
	 * texts of subjects, of the model and of the arena. */
	struct model_condition condition;
	const struct seen_subject *example; /* the one with most touches; of the rule's process and channel */
	uint64_t touches;
	size_t texts; /* how many different paths (topics, …) */
	int64_t last_us;
	struct {
		const char *text;
		uint64_t touches;
	} shown[LINT_SHOWN]; /* the most touched; fewer end with NULL */
};

struct lint {
	struct lint_rule *rules; /* in the order in which they must stand, by process and place */
	size_t count;
	uint64_t touches;    /* all that match only `other` */
	uint64_t unknowable; /* of these: nothing that a rule could ask for tells what they were about */
	uint64_t rare;	     /* of these: in groups of fewer than touches_min, or beyond the limit */
};

/* At most `limit` rules, of at least `touches_min` touches each. False: arena full. */
bool lint_make(const struct model_seen *seen, size_t limit, uint64_t touches_min, struct arena *arena,
	       struct lint *ret_lint);
