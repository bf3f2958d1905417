/*
 * The parts of phasectl brief, each of which asks and prints. Inside a transaction of brief.c's.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "core/model/model.h"
#include "ctl/ctl.h"
#include "ctl/report_words.h"

struct brief {
	struct ctl *ctl;
	struct postgres *postgres;
	const char *account;
	char process[REPORT_NAME_SIZE_MAX + 1];
	enum main_phase phase;		      /* of the account; MAIN_NONE: none of them, or not known */
	const struct model_process *in_force; /* NULL: no model is, or it has no such process */
	int64_t now_us;
};

/* What a person would call a content of the model, or its name. */
const char *brief_title(const struct brief *brief, const char *content);
void brief_heading(const char *words);

/* What carries the phase, of those who are in it: the strongest lines for and against. */
bool brief_why(const struct brief *brief, struct fail *fail);
/* What speaks for this phase and the next, and nobody of them has touched yet. */
bool brief_next(const struct brief *brief, struct fail *fail);
