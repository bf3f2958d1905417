/*
 * The history of one contact in one process, from the database, folded here by the model in force: for questions about a
 * time, and why.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/uuid.h"
#include "core/flow/fold.h"
#include "ctl/ctl.h"

#define HISTORY_TOUCHES_MAX 100000

struct history {
	struct uuid contact;
	const struct model *model;
	const struct model_process *process;
	struct fold_process fold;
	int64_t at_ms;
	size_t count;
	struct fold_touch *touches; /* in the fold's order */
	const char **contents;	    /* of each: name of its content, or NULL */
	bool *counted;		    /* of each: did it move the state? */
	struct phase_state state;
	struct phase_view view; /* at at_ms */
};

/*
 * What was done until `at_us`, as far as it had become known by `known_us` (INT64_MAX: whenever it did). Lives in ctl's arena. Leaves a transaction that ends with the connection. Needs to see report.model and
 * report.evidence, and what ctl/known.h needs. False: *fail; EXIT_FOUND: there is nothing of that contact in that process.
 */
bool history_read(struct ctl *ctl, struct postgres *postgres, const struct uuid *contact, const char *process,
		  int64_t at_us, int64_t known_us, struct history *ret_history, struct fail *fail);
