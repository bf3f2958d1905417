/*
 * What is refused for ever once a person is erased, and whose touches are whose then. Pure.
 *
 * A person is a list of strong actors. They go whole, and so does each weak actor that was claimed for nobody else. Of one that was
 * claimed for others, too, what belonged to the person goes, by rules 1 to 4 of core/flow/attribute.h and whether or not there is
 * consent: stretches of time. What is left of it is given out anew by the claims that are left.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/actor.h"
#include "core/model/rows.h"

struct arena;

/* Sorts, and leaves each once. Returns how many are left. */
size_t erasure_unique(struct uuid *ids, size_t count);

/* Whom an erasure of these actors (sorted) concerns, as contacts: they, and everybody on either side of a claim that counts, or may once
 * theirs are gone (rule 5). Sorts the claims. Sorted, each once. NULL: arena full. */
struct uuid *erasure_concerned(const struct uuid *actors, size_t actor_count, struct claim *claims,
			       size_t claim_count, struct arena *arena, size_t *ret_count);
/* Are all of these among the others? Both sorted. */
bool erasure_covers(const struct uuid *ids, size_t count, const struct uuid *wanted, size_t wanted_count);

/* By (weak, at, event id, …): what the functions below expect. */
void erasure_sort_claims(struct claim *claims, size_t count);
/* By (actor, at). */
void erasure_sort_times(struct touch_time *times, size_t count);

/* Of rows with the same actor and beginning the one of the newest erasure. Sorts; returns how many are left. */
size_t erasure_newest(struct ledger_row *rows, size_t count);

/* Weak actors of the claims, sorted, each once. NULL: arena full. */
struct uuid *erasure_weak(const struct claim *claims, size_t claim_count, struct arena *arena, size_t *ret_count);
/* Actors of the ledger's rows, likewise. */
struct uuid *erasure_actors(const struct ledger_row *rows, size_t row_count, struct arena *arena,
			    size_t *ret_count);

/*
 * The ledger's rows, by (actor, from). `person`: sorted. `claims`: all claims on each weak actor that was claimed for the person. `times`:
 * of all touches before the first claim of those that others were claimed on, too. `at_us`: what happened up to then goes, nothing of
 * theirs is later. Positions are the caller's. False: arena full.
 */
bool erasure_ledger(const struct uuid *person, size_t person_count, const struct claim *claims, size_t claim_count,
		    const struct touch_time *times, size_t time_count, int64_t at_us, int64_t erased_us,
		    struct arena *arena, struct ledger_row **ret_rows, size_t *ret_count);

/* The stretches of all weak actors that are claimed, from what claims there are, which name contacts, and from which of these consent; none of
 * one that is all its own contact's, as they are stored. Sorts `consenting`. False: arena full. */
bool erasure_stretches(const struct claim *claims, size_t claim_count, struct uuid *consenting,
		       size_t consenting_count, const struct touch_time *times, size_t time_count,
		       struct arena *arena, struct stretch **ret_stretches, size_t *ret_count);
