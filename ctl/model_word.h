/*
 * A word of the model in force, as people give one to a command.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/base/fail.h"

/* Is it one of these, in any case? Then *word is as it is written there. Else *fail names the option, what it should be (a process, a
 * phase), and which is nearest. */
bool model_word(const char *option, const char **word, const char *what, const char *const *names, size_t count,
		struct fail *fail);
