/*
 * A calibration from within: what calibrate.c, its passes (calibrate_pass.c) and the rule book fitted to what was seen (calibrate_fit.c)
 * work on. Not for others.
 */
#pragma once
#include "core/flow/calibrate.h"
#include "core/flow/calibrate_moves.h"
#include "core/flow/chain.h"

/* A touch that counts, or what a person confirmed. */
struct calibrate_step {
	int32_t minutes; /* since the one before, rounded; CALIBRATE_FIRST: it begins a purchase */
	uint16_t rule;	 /* or, of a confirmation, the states */
	uint8_t is_touch;
	uint8_t half; /* of the contacts: every other one */
};

#define CALIBRATE_FIRST (-1)
#define CALIBRATE_HALVES 2
#define CALIBRATE_NO_HALF CALIBRATE_HALVES

struct calibrate_point {
	chain_vector pi; /* given the touches up to this one, its own too */
};

struct calibration {
	const struct model_process *process;
	struct fold_process fold;
	struct fold_process going; /* with the moves and the prior as learned */
	struct calibrate_moves moves;
	struct calibrate_step *steps;
	size_t count, contacts, touches;
	unsigned left_out; /* the half that is not learned from, or CALIBRATE_NO_HALF */
	unsigned passes;
	void (*on_round)(void *context, unsigned round);
	void *context;
	size_t current;		     /* steps of the purchase in hand */
	struct calibrate_point *way; /* over one purchase */
	uint64_t seen[CALIBRATE_HALVES][PHASE_RULES_MAX];
	double book[PHASE_RULES_MAX][PHASE_STATES];   /* the rule book */
	double fitted[PHASE_RULES_MAX][PHASE_STATES]; /* θ⁰ */
	double theta[PHASE_RULES_MAX][PHASE_STATES];
	double sums[PHASE_RULES_MAX][PHASE_STATES];	  /* Σγ of each rule */
	double channel_sums[CHANNEL_COUNT][PHASE_STATES]; /* and of its channel */
	struct calibrated_rule rules[PHASE_RULES_MAX];
	struct model_rule plain[PHASE_RULES_MAX]; /* the process's, nothing learned */
};

/* ---- Passes ---- */

/* Tells who waits that one begins. */
void calibrate_pass_start(struct calibration *calibration);
/* Where the purchase ends that begins at this step. */
size_t calibrate_pass_end(const struct calibration *calibration, size_t from);
/* Forward over one purchase, by these weights. Returns its log-likelihood. */
double calibrate_pass_forward(struct calibration *calibration, double (*table)[PHASE_STATES],
			      const struct calibrate_step *steps, size_t count);
/* Fills the sums and the moves, of the contacts that are learned from. Returns the mean log-likelihood of a touch. */
double calibrate_pass(struct calibration *calibration);

/* ---- The rule book, fitted ---- */

/* Touches of a rule, of the contacts that are learned from. */
double calibrate_fit_seen(const struct calibration *calibration, unsigned r);
/* Touches of rule r that `table` lets expect where the channel's touches were made in these states. */
double calibrate_fit_expected(const struct calibration *calibration, double (*table)[PHASE_STATES], unsigned r,
			      unsigned channel);
/* From the rule book to `fitted`, and moves and prior along with it: which states people were in depends on the weights, and these on the
 * states, so it takes a few passes. */
void calibrate_fit(struct calibration *calibration);
