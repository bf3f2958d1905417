/*
 * Words that reports are asked with.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "core/base/fail.h"

#define REPORT_NAME_SIZE_MAX 64

/* A name of a role or a process: one that could be one, known or not. NULL is fine. False: EXIT_USAGE. */
bool report_words_name(const char *option, const char *word, struct fail *fail);
/* A day ("2026-11-25": its beginning in UTC) or a time. False: EXIT_USAGE. */
bool report_words_since(const char *option, const char *word, int64_t *ret_us, struct fail *fail);
