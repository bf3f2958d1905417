#include "core/model/outcome.h"

const struct outcome_about outcome_about[OUTCOME_COUNT] = {
	[OUTCOME_NONE] = {"none", OUTCOME_COUNTED, "in flight"},
#define X(name, kept, help) [OUTCOME_##name] = {#name, kept, help},
#include "core/model/outcome.def"
#undef X
};
