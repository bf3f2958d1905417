/*
 * What is usual without a model: the phase of the last touch, and lead scoring (points that fade, thresholds). Both get the
 * touches that phased counts, and what they cannot know is fitted to contacts of the same world whose phases they are told:
 * thresholds, after how many days of silence nobody buys, and probabilities. So they are as good as they can be.
 */
#pragma once
#include "tests/accuracy/answer.h"

enum plain_kind { PLAIN_LAST, PLAIN_POINTS, PLAIN_KINDS };

extern const char *const plain_names[PLAIN_KINDS];

#define PLAIN_LEVELS 120  /* of the score */
#define PLAIN_SILENCE 200 /* days */

struct plain {
	const struct world *world;
	uint64_t scores[PLAIN_LEVELS][MAIN_COUNT];	      /* days with that score and that truth */
	uint64_t truths[PLAIN_KINDS][MAIN_COUNT][MAIN_COUNT]; /* answer, truth */
	/* By days of silence: how often `none` and how often the phase would be right. */
	uint64_t silent_none[PLAIN_SILENCE], silent_right[PLAIN_KINDS][PLAIN_SILENCE];
	unsigned mid_from, late_from; /* levels */
	unsigned none_from[PLAIN_KINDS];
};

void plain_init(struct plain *ret_plain, const struct world *world);
/* Twice over the same lives: scores first, then, with thresholds, what came of the answers. */
void plain_learn_scores(struct plain *plain, const struct life *life, const bool *counted, unsigned from_day);
void plain_fit_thresholds(struct plain *plain);
void plain_learn_answers(struct plain *plain, const struct life *life, const bool *counted, unsigned from_day);
void plain_fit_silence(struct plain *plain);
void plain_tell(const struct plain *plain, enum plain_kind kind, const struct life *life, const bool *counted,
		struct told *ret_told);
