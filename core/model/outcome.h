/*
 * What became of an event: the list that counters, reject reasons and docs expand from.
 */
#pragma once

enum outcome_kept { OUTCOME_TOUCH, OUTCOME_COUNTED, OUTCOME_REJECTED };

enum outcome {
	OUTCOME_NONE, /* not decided yet: in flight */
#define X(name, kept, help) OUTCOME_##name,
#include "core/model/outcome.def"
#undef X
	OUTCOME_COUNT
};

struct outcome_about {
	const char *name;
	enum outcome_kept kept;
	const char *help;
};

extern const struct outcome_about outcome_about[OUTCOME_COUNT];
