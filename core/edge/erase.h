/*
 * Erasing in PostgreSQL, in one transaction and in turns: for `phasectl erase`, and for a daemon whose database does not know of an
 * erasure yet.
 *
 * Never blocks: each function adds what it does to a turn, which the caller sends and waits for. The order is the careful batch's: find out
 * who is concerned, lock their arbiters in key order, and only then, in a later statement, read what the rest goes by. Somebody concerned
 * who is not locked: ROLLBACK and start over with the larger set. core/flow/erasing.h works out what is written.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/fail.h"
#include "core/model/erase.h"

struct postgres;

/* BEGIN. */
bool erase_begin(struct postgres *postgres, struct fail *fail);
/* Whoever is linked to `actors`, and all claims on `actors` and on each weak actor that was claimed for one of them or of those. Sorted by
 * nothing, some twice. */
bool erase_ask(struct postgres *postgres, struct erase *erase, struct fail *fail);
/* Makes and locks the arbiters of `contacts`; then erase_ask() again. */
bool erase_lock(struct postgres *postgres, struct erase *erase, struct fail *fail);
/* `times` of `weak`, and newest_us: what the ledger's rows are worked out from. */
bool erase_measure(struct postgres *postgres, struct erase *erase, struct fail *fail);
/* Writes `ledger`; deletes touches and facts that it refuses; reads what is left of `linked`: who of those that go whole, assertions, what
 * was stated; and `kept`. */
bool erase_drop(struct postgres *postgres, struct erase *erase, struct fail *fail);
/* Writes `persons`; reads what is left of everybody who is locked: claims, who consents, times. */
bool erase_join(struct postgres *postgres, struct erase *erase, struct fail *fail);
/* Deletes all that is held under the ids of `gone` and empties their arbiters; writes `stretches` of `weak` and of whoever is linked;
 * `others` wait for their refold. */
bool erase_write(struct postgres *postgres, struct erase *erase, struct fail *fail);
bool erase_commit(struct postgres *postgres, struct fail *fail);
bool erase_rollback(struct postgres *postgres, struct fail *fail);
/* The bytes of messages that were rejected at or before: whose they are cannot be told any more. ERASE_RAWS_MAX of them, in a turn of its own,
 * outside of a transaction: `raws` went; as long as it is so many, there may be more. */
#define ERASE_RAWS_MAX 2000
bool erase_raws(struct postgres *postgres, struct erase *erase, int64_t noted_us, struct fail *fail);

/* Which rows of `ledger` the database does not know: into `kept`. A turn of its own, outside of a transaction. */
bool erase_unknown(struct postgres *postgres, struct erase *erase, struct fail *fail);
