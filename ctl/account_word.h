/*
 * An account as people name one: its domain, in any case and alphabet; - reads it from stdin.
 */
#pragma once
#include <stdbool.h>

#include "core/base/domain.h"
#include "core/base/fail.h"

/* As it is written in the DNS. False: EXIT_USAGE; *fail names `what` ("--account"), and never the word itself. */
bool account_word(const char *what, const char *word, char ret_account[static DOMAIN_SIZE_MAX + 1],
		  struct fail *fail);
