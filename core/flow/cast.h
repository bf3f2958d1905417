/*
 * Who a batch concerns: the actors in play, their facts before and after the batch, whose touches are whose. Pure.
 *
 * An actor and the contact that goes by its id are one member: a weak actor's anonymous contact has the weak actor's
 * id, a person has the strong actor's.
 *
 * Members are numbered in the order of their ids and touches lie in the order of their keys, so that whatever has to come out in
 * key order is one walk, and nothing is sorted twice. Most members are anonymous and without facts: what these need is
 * in the first half of a member.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/flow/item.h"
#include "core/model/rows.h"

struct arena;
struct sort_id;

/* Facts of one member: a slice of the sorted lists below. Touches of one: a slice of cast->touches. */
struct cast_slice {
	uint32_t first, count;
};

struct cast_member {
	struct uuid id;
	bool strong;
	bool named; /* by an item of the batch */

	/* what the batch does */
	bool claims_touched, consents_touched, declared_touched;
	bool moved;		  /* its stretches are others than before */
	bool concerned;		  /* as a contact: its arbiter gets version + 1 */
	bool refold;		  /* as a contact: folded anew from its touches, as cast_refold() says */
	bool refold_all;	  /* in every process, not only where the batch has touches of it */
	bool cut_before, cut;	  /* weak: a public device (rule 5): of its claims these are what counts */
	bool mixed_before, mixed; /* weak: more claims than are read, for several actors who are one person */
	bool has_actor_row;	  /* seen before, as far as is known */
	bool of_other_model; /* what is stored of it was worked out by another model: is refolded before anything is added */
	bool erases; /* as an actor: touches that are stored may be among those that `erased` says */
	bool loses; /* as a contact: touches that it had are erased: its state must not have them when the batch ends */
	bool emptied; /* as a contact: loses some, and waits for its refold with nothing */
	/* strong: profile granted */
	bool consented_before, consented;

	int64_t refold_us; /* of a refold: before this moment nothing has changed; INT64_MIN: something may have */
	uint32_t cleared;  /* as a contact: machine reasons that are none for it */
	struct cast_slice touches; /* of the batch, recorded on it */
	/* weak: claims on it; whose its touches are, after the batch */
	struct cast_slice claims_before, claims_after;
	const struct stretch *stretches; /* NULL: all its own contact's */
	const struct stretch *stretches_before;
	uint32_t stretch_count, stretch_before_count;
	struct cast_slice times; /* in load->times, sorted: of shared ones */
	/* as an actor: when its touches were somebody's who has withdrawn profile consent since, in order, none in another */
	const struct cast_span *erased;
	uint32_t erased_count;
	/* strong: what the person stated */
	struct cast_slice consents_before, consents_after;
	struct cast_slice declared_before, declared_after;
	/* all that counts for it: its own statements, and those of others since they are one person with it; after the batch */
	const struct consent *statements_before, *statements;
	size_t statement_before_count, statement_count;
	/* the contact whose one it is, a number of a member: itself, where nothing was asserted */
	uint32_t person_before, person;
	uint32_t kin_before, kin_after; /* its row among the cast's, counted from 1; 0: it has none */
	bool asserted; /* all assertions are loaded that link it to anybody: the batch says or takes back some */
	bool decides;  /* consents or persons may be others: its own, or those of whom it is one with */
	bool stated;   /* that, or what is declared */
};

/* Both moments included. */
struct cast_span {
	int64_t from_us, until_us;
};

#define CAST_NOBODY UINT32_MAX

/* Whom an item names: numbers of members. Nobody, where it was not open when the batch was planned. */
struct cast_part {
	uint32_t weak, strong;
};

/* New facts of the batch, of copies that stand; and how many of these take another's place. */
struct cast_added {
	size_t claims, consents, declared, assertions, replaced;
};

struct cast {
	struct arena *arena;
	/* ids and where they were met, sorted: of open items; of claims and decisions */
	const struct sort_id *names, *other_names;
	size_t name_count, other_name_count, open_count;
	uint32_t *asserting; /* items that assert something, as they were when the batch was planned */
	size_t asserting_count;
	struct cast_member *members; /* by id */
	size_t count;
	/* members whose id begins with bits b: from starts[b] to before starts[b + 1] */
	uint32_t *starts;
	unsigned start_shift;

	struct cast_part *parts; /* of each item */
	/* touches of the items that were open, by key, copies of one event in the order of their items; and which item each is of.
	 * gather_batch() takes them over. */
	struct touch *touches;
	uint32_t *touch_items;
	size_t touch_count;

	/* sorted; `before` is what was loaded */
	struct claim *claims_before, *claims_after;
	size_t claim_before_count, claim_after_count;
	struct consent *consents_before, *consents_after;
	size_t consent_before_count, consent_after_count;
	struct declared *declared_before, *declared_after;
	size_t declared_before_count, declared_after_count;
	struct assertion *assertions_before, *assertions_after;
	size_t assertion_before_count, assertion_after_count;
	struct kin *kin_before, *kin_after; /* by contact, then actor */
	size_t kin_before_count, kin_after_count;
	struct cast_added added;
	bool is_unsure;	 /* whether an event is new: its facts are there, and its touch was not looked for */
	bool reads_keys; /* once it is screened: of touches that are read it must be known whose each was, since of one actor of a person some
			  * are erased that are not of another */
	bool *assertion_gone;				 /* as the three that follow */
	bool *claim_gone, *consent_gone, *declared_gone; /* of `before`: taken back by a copy that replaces */
	struct claim
		*claims_gone; /* such, and those that are so late that they were not loaded: without `strong` */
	size_t claim_gone_count;
	size_t claims_max, claims_over; /* rule 5; claims of the batch that do not count by it */
	/* persons of whom a replaced copy had stated or asserted something, or an erased one may have, and of whom too little is loaded: start
	 * over with them */
	struct uuid *wider;
	size_t wider_count;
	bool erases; /* somebody has withdrawn profile consent: members may have spans that are erased */
};

/* How many claims of a weak actor are read: those that count, the time of the next one, and one that the batch may take back. */
static inline size_t cast_claim_room(size_t claims_max)
{
	return claims_max + 2;
}

/* Begins a cast in an arena: lists what ADVANCE asks for: weak and strong actors of open items, persons whose consent they
 * decide, pairs that they assert something of; of `wider` ones (of an earlier try) both. False: arena full. */
bool cast_ask(struct cast *cast, const struct item *items, size_t count, const struct uuid *wider,
	      size_t wider_count, struct arena *arena, struct advance_rows *ret_ask);

/* Members from the same items, as they were for cast_ask(), and from the claims that ADVANCE brought; fills what LOAD asks
 * for. False: arena full. */
bool cast_plan(struct cast *cast, const struct item *items, size_t count, const struct advance_rows *advance,
	       struct load_rows *ret_load);

/* Members that are contacts which have waited for their refold, and nothing else; `waiting` in key order. False: arena full. */
bool cast_of_waiting(struct cast *cast, const struct waiting_row *waiting, size_t count, struct arena *arena);

/* NULL when the id is nobody of the cast. */
struct cast_member *cast_find(const struct cast *cast, const struct uuid *id);
/* Notes whose person each actor is as it is stored; sorts the rows. False: somebody is not of the cast. */
bool cast_link_kin(struct cast *cast, struct kin *kin, size_t count);
/* The rows of its person; how many. None: it is one by itself. */
size_t cast_kin(const struct cast *cast, const struct cast_member *member, bool before,
		const struct kin **ret_rows);
/* Does it say nothing new: the two were joined to each other directly before it? */
bool cast_knows(const struct cast *cast, const struct assertion *assertion);
/* The contact is folded anew: from this moment on something changed (INT64_MIN: at any time), in any process or in those of
 * the batch's touches. */
static inline void cast_refold(struct cast_member *contact, bool all, int64_t changed_us)
{
	contact->refold_us = contact->refold && contact->refold_us < changed_us ? contact->refold_us : changed_us;
	contact->refold_all = contact->refold_all || all;
	contact->refold = true;
}

/* Its number. */
static inline uint32_t cast_number(const struct cast *cast, const struct cast_member *member)
{
	return (uint32_t)(member - cast->members);
}

/* Is it an item that may have stated a fact which holds? Whoever states one names a strong actor. */
static inline bool cast_states_facts(const struct cast *cast, const struct item *items, size_t i)
{
	return cast->parts[i].strong != CAST_NOBODY && items[i].copy != COPY_LOSES;
}

/* The member on whom the touch of an item is recorded; CAST_NOBODY: it has none. */
static inline uint32_t cast_actor(const struct cast_part *part)
{
	return part->weak != CAST_NOBODY ? part->weak : part->strong;
}
/* The contact of a touch of `actor` at a time, after (before) the batch; NULL: nobody's, of a person without consent. */
struct cast_member *cast_contact(const struct cast *cast, const struct cast_member *actor, int64_t at_us,
				 bool before);
/* Is a touch of this actor at this time erased by a withdrawal? */
bool cast_is_erased(const struct cast_member *actor, int64_t at_us);
