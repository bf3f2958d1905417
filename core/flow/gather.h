/*
 * What a batch writes, from all that was decided: lists for SAVE, each in key order. Pure.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/flow/cast.h"
#include "core/flow/contacts.h"
#include "core/flow/item.h"
#include "core/model/rows.h"

/* `topics`: names by number, for rejected rows. Fills all lists of ret_save but the subjects. False: arena full. */
bool gather_batch(const struct cast *cast, const struct contacts *contacts, const struct item *items, size_t count,
		  const char *const *topics, struct save_rows *ret_save);
/* What items that have a deal say of it: stages and associates. False: arena full. */
bool gather_deals(const struct item *items, size_t count, const char *const *topics, struct arena *arena,
		  struct save_rows *ret_save);
/* Of contacts that had waited for their refold: states, changes, checkpoints, and that they wait no longer. */
bool gather_refold(const struct cast *cast, const struct contacts *contacts, struct save_rows *ret_save);
/* Outcomes and rejected rows alone: for a batch in which no item has a touch. */
bool gather_outcomes(const struct item *items, size_t count, const char *const *topics, struct arena *arena,
		     struct save_rows *ret_save);
