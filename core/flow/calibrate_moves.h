/*
 * How people move between phases, learned beside the weights (calibrate.c) and thrown away afterwards: where the moves of the file are not
 * those of its buyers, what is wrong with them is not to be put down to the rules. Exact for a chain in continuous time: expected stays and
 * moves within the gaps between touches.
 */
#pragma once
#include "core/flow/chain.h"
#include "core/model/model.h"

/* The file's moves and prior count as much as so many stays in each phase, and as so many people who begin. */
#define CALIBRATE_MOVES_TRUST 10

struct calibrate_moves {
	double file[PHASE_STATES][PHASE_STATES]; /* moves a minute, of the process's file */
	double file_prior[PHASE_STATES];
	/* Of pieces of 2^b minutes: Σ over them of what followed their end, of each state (row), times where they began (column). */
	double pieces[FOLD_GAP_BITS][PHASE_STATES][PHASE_STATES];
	double began[PHASE_STATES]; /* people, by the state that they began in */
};

void calibrate_moves_init(struct calibrate_moves *ret_moves, const struct model_process *process);
/* Nothing seen. */
void calibrate_moves_clear(struct calibrate_moves *moves);

/* A gap of so many minutes (0 to FOLD_GAP_MAX): pi at its begin, given all before; `chance`, of all that came then, goes from its end back
 * to its begin. */
void calibrate_moves_gap(struct calibrate_moves *moves, const struct fold_process *process, int64_t minutes,
			 const chain_vector pi, chain_vector chance);
/* The first touch of a purchase: `chance` of it and all that came. */
void calibrate_moves_begin(struct calibrate_moves *moves, const struct fold_process *process,
			   const chain_vector chance);

/* Puts what was seen with these moves and this prior of `process` in their place, held near the file's. Uses up what was seen. */
void calibrate_moves_learn(struct calibrate_moves *moves, struct fold_process *process);
