/*
 * A row of the audit, with the transaction that it speaks of.
 */
#pragma once
#include <stdbool.h>

#include "core/base/fail.h"
#include "ctl/ctl.h"

struct postgres;

/*
 * Adds the statement to the turn: the last one before COMMIT, since until that nobody else can note anything. `what`: one or two words
 * ("model accept"); `about`: of things, never of people ("" or a version, a partition, a date); `counts`: a printf format of a JSON object
 * of whole numbers. The database refuses what could be about somebody. The values live in ctl->arena.
 */
bool audit_note_add(struct ctl *ctl, struct postgres *postgres, const char *what, const char *about,
		    struct fail *fail, const char *counts, ...) __attribute__((format(printf, 6, 7)));
