/*
 * ACTOR, as people give one to a command: an identifier of a person by its id as identity show prints it, or - for a mail address on
 * stdin.
 */
#pragma once
#include <stdbool.h>

#include "core/base/fail.h"
#include "core/base/uuid.h"
#include "ctl/ctl.h"

struct postgres;

/* Its id, of a person's identifier that is known: whole, or its first 8 digits or more where they are enough. False: *fail. */
bool actor_word_id(struct ctl *ctl, struct postgres *postgres, const char *what, const char *word,
		   struct uuid *ret_id, struct fail *fail);
