/*
 * The reference results of the phase fold, for tests: rules.csv, touches.ndjson, expected.ndjson of this folder.
 */
#pragma once
#include "core/flow/fold.h"

#define VECTOR_TOUCHES_MAX 2000
#define VECTOR_ANSWERS_MAX 1000
#define VECTOR_NAME_SIZE 64

struct vector_touch {
	char id[VECTOR_NAME_SIZE];
	char contact[VECTOR_NAME_SIZE];
	int64_t received_ms;
	struct fold_touch touch; /* id: rank of the id among all, compared as bytes */
};

struct vector_answer {
	char contact[VECTOR_NAME_SIZE];
	int64_t ms;
	double posterior[PHASE_STATES], main[MAIN_COUNT], activity;
	char reported[8], band[8], shown[8]; /* "" for null */
	int64_t counted;
};

struct vectors {
	struct model_process model;
	struct model_rule rules[PHASE_RULES_MAX];
	char rule_names[PHASE_RULES_MAX][VECTOR_NAME_SIZE];
	bool mail_click[PHASE_RULES_MAX];
	double weights[PHASE_RULES_MAX][PHASE_STATES]; /* ln f */
	struct fold_process process;
	size_t touch_count;
	struct vector_touch touches[VECTOR_TOUCHES_MAX]; /* one copy an id, by contact, then in fold order */
	size_t answer_count;
	struct vector_answer answers[VECTOR_ANSWERS_MAX];
};

/* Reads them from tests/vectors (working directory: the tree's root); aborts with a message when it cannot. The caller
 * frees the result. */
struct vectors *vectors_read(void);
/* The touches of one contact at or before `ms` → ret_touches, in order; how many. */
size_t vectors_of(const struct vectors *vectors, const char *contact, int64_t ms, struct fold_touch *ret_touches);
