/*
 * Erasing somebody, as it comes along: core/edge/erase.h asks and writes, core/flow/erasing.h works out what is written.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "core/base/uuid.h"
#include "core/model/actor.h"
#include "core/model/rows.h"

struct arena;

#define HELD(table, column, fate) ERASE_##table##_##column,
enum erase_held {
#include "core/model/held.def"
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
	/* of whom nothing is left; and whoever else is concerned */
	const struct uuid *gone, *others;
	size_t gone_count, other_count;
	/* who is one with whom of those who are linked and stay, and what is shown of each: assertions, kin, declared, persons */
	struct save_rows persons;
	/* of `weak`, and of strong actors that stay */
	const struct stretch *stretches;
	size_t stretch_count;

	/* out */
	struct uuid *
		linked; /* `actors`, and whomever any assertion links to one of them, or a person that they are of */
	size_t linked_count;
	struct claim *claims;
	size_t claim_count;
	struct assertion *assertions; /* that are left, of `linked` */
	size_t assertion_count;
	struct consent *consents; /* likewise, as the next */
	size_t consent_count;
	struct declared *declared;
	size_t declared_count;
	struct uuid *consenting; /* contacts who consent: whose stretches there are */
	size_t consenting_count;
	struct touch_time *times; /* before the first claim, of weak actors claimed for two persons or more */
	size_t time_count;
	int64_t newest_us; /* of all touches and facts of `actors`, and of weak actors claimed for them; INT64_MIN: none */
	struct uuid *left; /* of actors that go whole: they have something later all the same */
	size_t left_count;
	struct ledger_row *kept; /* all rows of the ledger of the same actors, by (actor, from) */
	size_t kept_count;
	int64_t rows[ERASE_HELD_COUNT]; /* that went, by held.def */
	int64_t raws;			/* rejected messages whose bytes it has read, of one turn */
	int64_t raws_from_us;		/* in, too: noted then or later; INT64_MIN: from the start */
	int64_t touches, facts;		/* by moments, before */
};
