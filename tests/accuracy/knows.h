/*
 * The same kind of filter as phased's, told what phased has to judge: moves, prior and factors are counted on contacts of the
 * same world whose phases are known. What it reaches is about what can be reached; no rule book could.
 */
#pragma once
#include "tests/accuracy/folding.h"

struct knows {
	const struct world *world;
	double stayed[PHASE_STATES]; /* days */
	double moved[PHASE_STATES][PHASE_STATES];
	double began[PHASE_STATES];
	double touched[PHASE_RULES_MAX][PHASE_STATES];
};

void knows_init(struct knows *ret_knows, const struct world *world);
void knows_learn(struct knows *knows, const struct life *life, const bool *counted);
/* A folding with what was learned. */
void knows_fit(const struct knows *knows, struct folding *ret_folding);
