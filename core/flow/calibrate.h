/*
 * Learning the weights of a process's rules from histories of which nobody said the phases: Baum and Welch's expectation maximisation of
 * a hidden Markov model, held near the rule book (maximum a posteriori). Only the weights: moves and prior stay as the file has them. Where that is
 * worth little to contacts that it was not learned from, the rule book stands. docs/model.md has the mathematics. The same histories in the same
 * order give the same bits on one machine.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/flow/fold.h"
#include "core/model/model.h"

#define CALIBRATE_CONTACTS_MIN 30 /* fewer say nothing about a rule book */
#define CALIBRATE_CONTACTS_ADVISED 100
#define CALIBRATE_ROUNDS_MAX 50
#define CALIBRATE_TRIAL_ROUNDS_MAX 20 /* from one half of the contacts, to be tried on the other */
/* Over the touches, or half of them: the rule book's, and for each half and for all those that fit the rule book, the rounds, and a trial. */
#define CALIBRATE_PASSES_MAX (1 + 2 * (20 + CALIBRATE_TRIAL_ROUNDS_MAX + 2) + (20 + CALIBRATE_ROUNDS_MAX + 2))
/* The rule book counts as much as so many touches of each channel in each phase, and at least as this share of what there are. */
#define CALIBRATE_TRUST 100
#define CALIBRATE_TRUST_SHARE 0.1
/* Of the log-likelihood of a touch: what is worth less to contacts held out, a standard deviation deducted, is not taken for wrong points. It is more
 * than is found where points are right to the letter (.04), for what else the model does not know (tests/accuracy/README.md). */
#define CALIBRATE_GAIN_MIN 0.1
#define CALIBRATE_TOUCHES_MAX ((size_t)16000000) /* that count, 8 bytes each */
#define CALIBRATE_LONGEST_MAX ((size_t)1000000)	 /* of one purchase, 64 bytes each */

struct arena;
struct calibration;

/* Bytes of an arena that a calibration needs; what is not used is not touched. */
size_t calibration_memory(void);
/* NULL: the arena is full. It lives there; the process outlives it. What was learned before (rule->learned) is not looked at: the rule book is
 * its points. */
struct calibration *calibration_create(const struct model_process *process, struct arena *arena);

/* The fold as the rule book alone has it: which touches count is decided by it. */
const struct fold_process *calibration_fold(const struct calibration *calibration);

/* The touches of one contact in the fold's order; `counted`: as fold_all() said of them. False: over one of the limits above. */
bool calibration_add(struct calibration *calibration, const struct fold_touch *touches, size_t count,
		     const bool *counted);

/* So far: contacts of whom a touch counted, touches that counted. */
size_t calibration_contacts(const struct calibration *calibration);
size_t calibration_touches(const struct calibration *calibration);

/* Of one rule. Weights are relative: only how they differ from phase to phase says anything. */
struct calibrated_rule {
	double learned
		[PHASE_STATES]; /* what e^(unit · points) of each state is multiplied by; 1 where nothing is known */
	uint64_t touches;	/* that counted */
	double expected;	/* touches that its frequency class and points let expect of these contacts */
};

struct calibrated {
	/* Mean log-likelihood of a touch of half the contacts, by what the other half taught, less by the rule book; and its standard deviation. */
	double gain, gain_deviation;
	bool is_worth_it; /* if not, nothing was learned: the rule book stands */
	unsigned rounds;
	double before, after; /* mean log-likelihood of a touch: by the rule book, with what was learned */
	const struct calibrated_rule *rules; /* as many as the process has; the calibration's */
};

/*
 * Learns. `on_round` (or NULL) is called before each pass over the touches, of which there are at most CALIBRATE_PASSES_MAX. Needs
 * CALIBRATE_CONTACTS_MIN contacts, which the caller checks.
 */
void calibration_learn(struct calibration *calibration, void (*on_round)(void *context, unsigned round),
		       void *context, struct calibrated *ret_calibrated);
