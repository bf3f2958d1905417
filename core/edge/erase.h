/*
 * Erasing in PostgreSQL, in one transaction and in turns: for `phasectl erase`, and for a daemon whose database does not know of an
 * erasure yet.
 *
 * Never blocks: each function adds what it does to a turn, which the caller sends and waits for. The order is the careful batch's: find out
 * who is concerned, lock their arbiters in key order, and only then, in a later statement, read what the rest goes by. Somebody concerned
 * who is not locked: ROLLBACK and start over with the larger set. core/flow/erasure.h works out what is written.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/fail.h"
#include "core/base/uuid.h"
#include "core/model/rows.h"

struct arena;
struct postgres;

#define HELD(table, column, fate) ERASE_##table##_##column,
enum erase_held {
#include "core/edge/held.def"
	ERASE_HELD_COUNT
};
#undef HELD

struct erase {
	struct arena *arena; /* where all of it lives, what comes back, too */
	/* who it is about: actors of the ledger's rows, or of the person; sorted */
	const struct uuid *actors;
	size_t actor_count;
	/* sorted: whose arbiters are locked */
	const struct uuid *contacts;
	size_t contact_count;
	const struct ledger_row *ledger;
	size_t ledger_count;
	/* of weak actors that were claimed: written anew */
	const struct uuid *weak;
	size_t weak_count;
	const struct stretch *stretches;
	size_t stretch_count;
	/* of whom nothing is left; and whoever else is concerned */
	const struct uuid *gone, *others;
	size_t gone_count, other_count;

	/* out */
	struct claim *claims;
	size_t claim_count;
	struct uuid *consenting; /* contacts who consent: whose stretches there are */
	size_t consenting_count;
	struct touch_time *times; /* before the first claim, of weak actors claimed for two persons or more */
	size_t time_count;
	int64_t newest_us; /* of all touches and facts of `actors` and `weak`; INT64_MIN: none */
	struct uuid *left; /* of actors that go whole: they have something later all the same */
	size_t left_count;
	struct ledger_row *kept; /* all rows of the ledger of the same actors, by (actor, from) */
	size_t kept_count;
	int64_t rows[ERASE_HELD_COUNT]; /* that went, by held.def */
	int64_t touches, facts;		/* by moments, before */
};

/* BEGIN. */
bool erase_begin(struct postgres *postgres, struct fail *fail);
/* All claims on `actors`, and on each weak actor that was claimed for one of them. Sorted by nothing. */
bool erase_ask(struct postgres *postgres, struct erase *erase, struct fail *fail);
/* Makes and locks the arbiters of `contacts`; then erase_ask() again. */
bool erase_lock(struct postgres *postgres, struct erase *erase, struct fail *fail);
/* `times` of `weak`, and newest_us: what the ledger's rows are worked out from. */
bool erase_measure(struct postgres *postgres, struct erase *erase, struct fail *fail);
/* Writes `ledger`; deletes touches and facts that it refuses; reads what is left: claims, who consents, times, `left`, `kept`. */
bool erase_drop(struct postgres *postgres, struct erase *erase, struct fail *fail);
/* Deletes all that is held under the ids of `gone` and empties their arbiters; writes `stretches` of `weak`; `others` wait for their
 * refold. */
bool erase_write(struct postgres *postgres, struct erase *erase, struct fail *fail);
/* The bytes of messages that were rejected at or before: whose they are cannot be told any more. */
bool erase_raws(struct postgres *postgres, struct erase *erase, int64_t noted_us, struct fail *fail);

/* Which rows of `ledger` the database does not know: into `kept`. A turn of its own, outside of a transaction. */
bool erase_unknown(struct postgres *postgres, struct erase *erase, struct fail *fail);

/* Whoever is locked: who of them goes whole and has nothing left, and the others. False: arena full. */
bool erase_divide(struct erase *erase);
