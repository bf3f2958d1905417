/*
 * A word of a model, as people give one to a command.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/base/fail.h"
#include "core/model/model.h"

/* Is it one of these, in any case? Then *word is as it is written there. Else *fail names the option, who has no such thing ("the
 * model in force") and what it should be (a process, a phase), and which is nearest. */
bool model_word(const char *option, const char **word, const char *who, const char *what, const char *const *names,
		size_t count, struct fail *fail);
/* That, of the processes of a model. */
bool model_word_process(const char *option, const char **word, const char *who, const struct model *model,
			const struct model_process **ret_process, struct fail *fail);
