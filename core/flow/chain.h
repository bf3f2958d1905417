/*
 * The phases as a hidden Markov chain, forward and back in time, for questions about a whole history or about time
 * alone (alerts.c, calibrate.c, smooth.c, why.c). The fold has its own way forward, whose bits are what is stored; here
 * only the last digits differ.
 */
#pragma once
#include <stdint.h>

#include "core/flow/fold.h"

/* A number for each state; those that the process has not stay 0. */
typedef double chain_vector[PHASE_STATES];

/* pi · M(minutes): where somebody is that many minutes later. 0 to FOLD_GAP_MAX, what lies outside is taken for these. */
void chain_forward(const struct fold_process *process, int64_t minutes, chain_vector pi);
/* M(minutes) · chance: how probable what came then is, from each state that many minutes before. */
void chain_back(const struct fold_process *process, int64_t minutes, chain_vector chance);
/* Times what a touch or a confirmation says of each state, scaled. A closing says nothing of them: not for it. */
void chain_weigh(const struct fold_process *process, const struct fold_touch *touch, chain_vector numbers);
/* Divides by the sum, and returns it. */
double chain_scale(chain_vector numbers);
