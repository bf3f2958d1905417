/*
 * How good answers were: counted day by day, where the truth is known.
 */
#pragma once
#include "tests/accuracy/answer.h"

#define TALLY_BINS 10

struct tally_share {
	uint64_t said, right;
};

struct tally {
	/* Days on which the contact was truly buying: is the main phase right? */
	uint64_t days, right;
	double surprise;		     /* Σ −ln P(truth) */
	struct tally_share bins[TALLY_BINS]; /* by P of the answer */
	double confidence[TALLY_BINS];	     /* Σ P of the answer */
	struct tally_share bands[BAND_COUNT];
	struct tally_share fine;
	struct tally_share of[MAIN_COUNT]; /* by the truth */
	/* All scored days: is what is shown right, `none` among it? */
	uint64_t all_days, shown_right, flips;
	struct tally_share none; /* shown as none */
};

/* Adds what was told of a life. */
void tally_add(struct tally *tally, const struct world *world, const struct life *life, const struct told *told,
	       unsigned from_day);

double tally_accuracy(const struct tally *tally);
double tally_shown(const struct tally *tally);
double tally_log_loss(const struct tally *tally);
double tally_ece(const struct tally *tally); /* expected calibration error: mean of |P − hit rate| over the bins */
double tally_flips(const struct tally *tally);	    /* changes of the main phase in 100 days */
double tally_rate(const struct tally_share *share); /* NaN when nothing was said */
