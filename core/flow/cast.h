/*
 * Who a batch concerns: the actors in play, their facts before and after the batch, whose touches are whose. Pure.
 *
 * An actor and the contact that goes by its id are one member: a weak actor's anonymous contact has the weak actor's
 * id, a person has the strong actor's.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/idmap.h"
#include "core/flow/item.h"
#include "core/model/rows.h"

struct arena;

/* Facts of one member: a slice of the sorted lists below. */
struct cast_slice {
	uint32_t first, count;
};

struct cast_member {
	struct uuid id;
	bool strong;
	/* weak: claims on it; whose its touches are, after the batch */
	struct cast_slice claims_before, claims_after;
	struct cast_slice times;	 /* in load->times, sorted: of shared ones */
	const struct stretch *stretches; /* NULL: all its own contact's */
	size_t stretch_count;
	const struct stretch *stretches_before;
	size_t stretch_before_count;
	/* strong: what the person stated */
	struct cast_slice consents_before, consents_after;
	struct cast_slice declared_before, declared_after;
	bool consented_before, consented; /* profile granted */

	/* what the batch does */
	bool claims_touched, consents_touched, declared_touched;
	bool moved;	    /* its stretches are others than before */
	bool concerned;	    /* as a contact: its arbiter gets version + 1 */
	bool refold;	    /* as a contact: folded from all its touches */
	bool has_actor_row; /* seen before, as far as is known */
};

struct cast {
	struct arena *arena;
	struct idmap map;
	struct cast_member *members;
	size_t count, room;
	/* sorted; `before` is what was loaded */
	struct claim *claims_before, *claims_after;
	size_t claim_before_count, claim_after_count;
	struct consent *consents_before, *consents_after;
	size_t consent_before_count, consent_after_count;
	struct declared *declared_before, *declared_after;
	size_t declared_before_count, declared_after_count;
	bool *claim_gone, *consent_gone, *declared_gone; /* of `before`: taken back by a copy that replaces */
	/* persons whose consent a replaced copy had decided, and who are not among the decided: start over with them */
	struct uuid *wider;
	size_t wider_count;
};

/* The ids that ADVANCE asks for: weak actors of open items, and persons whose consent they decide, `wider` ones (of an
 * earlier try) too. False: arena full. */
bool cast_ask(const struct item *items, size_t count, const struct uuid *wider, size_t wider_count,
	      struct arena *arena, struct advance_rows *ret_ask);

/* Members from the items and from the claims that ADVANCE brought; fills what LOAD asks for. False: arena full. */
bool cast_plan(struct cast *cast, const struct item *items, size_t count, const struct advance_rows *advance,
	       struct arena *arena, struct load_rows *ret_load);

/* NULL when the id is nobody of the cast. */
struct cast_member *cast_find(const struct cast *cast, const struct uuid *id);
/* The contact of a touch of `actor` at a time, after (before) the batch; NULL: nobody's, of a person without consent. */
struct cast_member *cast_contact(const struct cast *cast, const struct cast_member *actor, int64_t at_us,
				 bool before);
