/*
 * What tables account_phase, account_change and account_member say of accounts: where they are by all that their contacts do, and how these stand
 * to one another. Of a slice at a time, in bounded time. Pure; account_fold.h and committee.h do the work.
 */
#pragma once
#include <stdbool.h>

#include "core/flow/contacts.h"
#include "core/model/chore_rows.h"

struct arena;

#define ACCOUNT_TAKEN_MAX 10000	  /* touches that left a trace, of an account: of one with more nothing is said */
#define ACCOUNT_CONTACTS_MAX 5000 /* likewise */

/*
 * Fills slice->phases, and review_us of those that are due, from what was read, and sorts that. An account has a row for each process in which
 * anything has counted; where there is none, of process "standard". False: arena full.
 *
 * A function of the model, the settings, the contacts with their roles, their touches and the hour: nothing depends on when it is asked within
 * that, or on any order.
 */
bool account_slice(const struct contacts_model *model, struct account_rows *slice, struct arena *arena);
