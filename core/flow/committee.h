/*
 * How far the people of an account agree on where they are in a process, and who of those that a purchase needs is not there. Pure.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/model/phase.h"
#include "core/model/role.h"

#define COMMITTEE_WEIGHT_MAX 5.0 /* of a member, in touches: nobody drowns the others */
#define COMMITTEE_LAG_ABOVE 0.75 /* behind the account, where early is 0, mid 1, late 2 */

struct committee_member {
	enum role role;
	double activity;	 /* as of the moment that is asked about; 0: has done nothing in this process */
	double main[MAIN_COUNT]; /* conditional on not none, as of then; of no consequence with activity 0 */
	/* out */
	bool laggard;
	double weight; /* of 1 for all that are active; 0: does not decide, or is quiet */
};

struct committee {
	unsigned members, active, silent, laggards; /* silent: who decides and is quiet */
	unsigned missing;			    /* 1 << enum role: expected, and none of them is active */
	double consensus;			    /* 0 … 1; NaN: fewer than two are active */
	double coverage; /* expected roles of which somebody is active, of all; NaN: none is expected */
};

/* Members in one order, so that sums have the same bits. `main` of the account; NULL: nothing has moved it, and nobody lags. */
void committee_measure(const struct committee_settings *settings, const double *main,
		       struct committee_member *members, size_t count, struct committee *ret_committee);
