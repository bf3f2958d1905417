/*
 * phased's own fold on a simulated life, and the same with a part taken away: for that its tables or its touches are prepared,
 * since the program itself has no such switches.
 */
#pragma once
#include "core/flow/fold.h"
#include "tests/accuracy/answer.h"

enum folding_kind {
	FOLDING_WHOLE,
	FOLDING_BARE_FACTORS, /* e^(u·points), not divided by the sum of the channel */
	FOLDING_NO_CAP,	      /* a repeat counts again, as often as there are copies of its rule */
	FOLDING_OPENS,	      /* mail opens count */
	FOLDING_SCANNERS,     /* clicks of security gateways count */
	FOLDING_KINDS
};

extern const char *const folding_names[FOLDING_KINDS];

struct folding {
	enum folding_kind kind;
	unsigned rules;	 /* of the model: a repeat is given to a copy of its rule, so that no cap is on it */
	unsigned copies; /* that there is room for */
	struct fold_process process;
};

void folding_init(struct folding *ret_folding, const struct model_process *model, enum folding_kind kind);
/* An answer for each day of the life, from its first touch on; ret_told->from_day is set by the whole one alone. */
void folding_tell(const struct folding *folding, const struct life *life, struct told *ret_told);
/* The same days as they are seen once all is known: the smoother, from the first day on which something has counted. */
void folding_smooth(const struct folding *folding, const struct life *life, const bool counted[LIFE_TOUCHES_MAX],
		    struct told *ret_told);
/* Which touches count: a byte each. */
void folding_counted(const struct folding *folding, const struct life *life, bool ret_counted[LIFE_TOUCHES_MAX]);
