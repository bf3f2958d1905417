/*
 * Who is one with whom after the batch, what of all their statements counts for each, and who of them consents.
 *
 * A person consents as a whole. What one of the actors stated counts for another since the moment from which the two are one; where
 * nobody has stated anything since, the most restrictive of what counts for each of them holds.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/flow/attribute.h"
#include "core/flow/facts.h"
#include "core/flow/kin.h"
#include "core/flow/screen_facts.h"

static struct cast_member *member_of(const struct cast *cast, const struct uuid *id)
{
	struct cast_member *member = cast_find(cast, id);
	CHECK(member != NULL);
	return member;
}

/* ---- is everything there? ---- */

static int compare_ids(const void *a, const void *b)
{
	return uuid_compare(a, b);
}

static bool is_decided(const struct load_rows *load, const struct uuid *id)
{
	return load->decided_count > 0 &&
	       bsearch(id, load->decided, load->decided_count, sizeof(*id), compare_ids) != NULL;
}

/* False: somebody has come in between whose assertions, statements or browsers were not asked for. */
static bool mark_asserted(struct cast *cast, const struct load_rows *load)
{
	for (size_t i = 0; i < load->asserted_count; i++) {
		if (!cast_knows(cast, &load->asserted[i])) {
			member_of(cast, &load->asserted[i].a)->asserted = true;
			member_of(cast, &load->asserted[i].b)->asserted = true;
		}
	}
	for (size_t i = 0; i < load->in_play.assertion_count; i++) {
		struct cast_member *a = cast_find(cast, &load->in_play.assertions[i].a);
		struct cast_member *b = cast_find(cast, &load->in_play.assertions[i].b);
		if (a == NULL || b == NULL) {
			return false;
		}
		a->asserted = b->asserted = true;
	}
	for (size_t i = 0; i < cast->count; i++) {
		if (cast->members[i].asserted && !is_decided(load, &cast->members[i].id)) {
			return false;
		}
	}
	return true;
}

static bool persons_are_whole(const struct cast *cast, const struct load_rows *load)
{
	for (size_t i = 0, end; i < load->in_play.kin_count; i = end) {
		size_t decided = 0;
		for (end = i; end < load->in_play.kin_count &&
			      uuid_equal(&cast->kin_before[end].contact_id, &cast->kin_before[i].contact_id);
		     end++) {
			decided += is_decided(load, &cast->kin_before[end].actor_id) ? 1 : 0;
		}
		if (decided > 0 && decided < end - i) {
			return false;
		}
	}
	return true;
}

bool screen_kin_is_there(struct cast *cast, struct load_rows *load)
{
	if (!cast_link_kin(cast, load->in_play.kin, load->in_play.kin_count)) {
		return false;
	}
	if (load->in_play.kin_count + load->asserted_count + load->in_play.assertion_count == 0) {
		return true;
	}
	return mark_asserted(cast, load) && persons_are_whole(cast, load);
}

/* ---- persons after the batch ---- */

/* The rows of whom nothing was asserted by the batch, and those that follow from the others' assertions. */
static bool solve(struct cast *cast)
{
	struct kin *solved = NULL;
	size_t count = 0;
	if (cast->assertion_after_count > 0 &&
	    !kin_solve(cast->assertions_after, cast->assertion_after_count, cast->arena, &solved, &count)) {
		return false;
	}
	cast->kin_after = arena_array(cast->arena, cast->kin_before_count + count + 1, sizeof(struct kin));
	if (cast->kin_after == NULL) {
		return false;
	}
	for (size_t i = 0; i < cast->kin_before_count; i++) {
		if (!member_of(cast, &cast->kin_before[i].actor_id)->asserted) {
			cast->kin_after[cast->kin_after_count++] = cast->kin_before[i];
		}
	}
	for (size_t i = 0; i < count; i++) {
		cast->kin_after[cast->kin_after_count++] = solved[i];
	}
	if (cast->kin_after_count > 1) {
		qsort(cast->kin_after, cast->kin_after_count, sizeof(struct kin), kin_compare);
	}
	for (size_t i = 0; i < cast->count; i++) {
		cast->members[i].person = (uint32_t)i;
	}
	for (size_t i = 0; i < cast->kin_after_count; i++) {
		struct cast_member *member = member_of(cast, &cast->kin_after[i].actor_id);
		member->kin_after = (uint32_t)i + 1;
		member->person = cast_number(cast, member_of(cast, &cast->kin_after[i].contact_id));
	}
	return true;
}

/* ---- what counts for whom ---- */

static const struct consent *list_of(const struct cast *cast, bool before)
{
	return before ? cast->consents_before : cast->consents_after;
}

static const struct cast_slice *own_of(const struct cast_member *member, bool before)
{
	return before ? &member->consents_before : &member->consents_after;
}

/* Of one of several actors. False: arena full. */
static bool list_statements(const struct cast *cast, const struct kin *rows, size_t count, size_t which,
			    bool before, const struct consent **ret_statements, size_t *ret_count)
{
	struct kin_stated stated[KIN_ACTORS_MAX];
	size_t room = 0;
	CHECK(count <= KIN_ACTORS_MAX);
	for (size_t i = 0; i < count; i++) {
		const struct cast_slice *own = own_of(member_of(cast, &rows[i].actor_id), before);
		stated[i] = (struct kin_stated){list_of(cast, before) + own->first, own->count};
		room += own->count;
	}
	struct consent *statements = arena_array(cast->arena, room + 1, sizeof(*statements));
	if (statements == NULL) {
		return false;
	}
	size_t used = kin_statements(rows, count, which, stated, statements);
	arena_cut(cast->arena, statements + used);
	*ret_statements = statements;
	*ret_count = used;
	return true;
}

static void set_consented(struct cast_member *member, bool before, bool consented)
{
	*(before ? &member->consented_before : &member->consented) = consented;
}

static void set_statements(struct cast_member *member, bool before, const struct consent *statements, size_t count)
{
	*(before ? &member->statements_before : &member->statements) = statements;
	*(before ? &member->statement_before_count : &member->statement_count) = count;
}

/* One by itself. */
static void state_one(const struct cast *cast, struct cast_member *member, bool before)
{
	const struct cast_slice *own = own_of(member, before);
	const struct consent *statements = list_of(cast, before) + own->first;
	set_statements(member, before, statements, own->count);
	set_consented(member, before,
		      attribute_consent_state(statements, own->count, PURPOSE_PROFILE) == STATEMENT_GRANTED);
}

static bool state_several(const struct cast *cast, const struct kin *rows, size_t count, bool before)
{
	int state = STATEMENT_UNSAID;
	for (size_t i = 0; i < count; i++) {
		struct cast_member *member = member_of(cast, &rows[i].actor_id);
		const struct consent *statements;
		size_t statement_count;
		if (!list_statements(cast, rows, count, i, before, &statements, &statement_count)) {
			return false;
		}
		set_statements(member, before, statements, statement_count);
		int its = attribute_consent_state(statements, statement_count, PURPOSE_PROFILE);
		state = facts_stricter(state, its);
	}
	for (size_t i = 0; i < count; i++) {
		set_consented(member_of(cast, &rows[i].actor_id), before, state == STATEMENT_GRANTED);
	}
	return true;
}

static bool state_persons(const struct cast *cast, bool before)
{
	const struct kin *kin = before ? cast->kin_before : cast->kin_after;
	size_t kin_count = before ? cast->kin_before_count : cast->kin_after_count;
	for (size_t i = 0; i < cast->count; i++) {
		if (cast->members[i].strong) {
			state_one(cast, &cast->members[i], before);
		}
	}
	for (size_t i = 0, end; i < kin_count; i = end) {
		end = i + 1;
		while (end < kin_count && uuid_equal(&kin[end].contact_id, &kin[i].contact_id)) {
			end++;
		}
		if (!state_several(cast, kin + i, end - i, before)) {
			return false;
		}
	}
	return true;
}

/* ---- whom it concerns ---- */

static void spread(const struct cast *cast, const struct cast_member *from, bool before)
{
	const struct kin *rows;
	size_t count = cast_kin(cast, from, before, &rows);
	for (size_t i = 0; i < count; i++) {
		struct cast_member *member = member_of(cast, &rows[i].actor_id);
		member->decides = member->decides || from->consents_touched || from->asserted;
		member->stated = true;
	}
}

/* What is said of one is said of all that it is or was one with. */
static void mark_stated(struct cast *cast)
{
	for (size_t i = 0; i < cast->count; i++) {
		struct cast_member *member = &cast->members[i];
		if (member->strong && (member->consents_touched || member->declared_touched || member->asserted)) {
			member->decides = member->decides || member->consents_touched || member->asserted;
			member->stated = true;
			spread(cast, member, true);
			spread(cast, member, false);
		}
	}
}

bool screen_kin(struct cast *cast)
{
	if (!solve(cast) || !state_persons(cast, true) || !state_persons(cast, false)) {
		return false;
	}
	mark_stated(cast);
	return true;
}

const struct claim *screen_claims(const struct cast *cast, const struct cast_member *weak, bool before)
{
	const struct cast_slice *slice = before ? &weak->claims_before : &weak->claims_after;
	const struct claim *claims = (before ? cast->claims_before : cast->claims_after) + slice->first;
	if (slice->count == 0 || (before ? cast->kin_before_count : cast->kin_after_count) == 0) {
		return claims;
	}
	struct claim *mapped = arena_array(cast->arena, slice->count, sizeof(*mapped));
	for (uint32_t i = 0; mapped != NULL && i < slice->count; i++) {
		const struct cast_member *strong = member_of(cast, &claims[i].strong);
		mapped[i] = claims[i];
		mapped[i].strong = cast->members[before ? strong->person_before : strong->person].id;
	}
	if (mapped != NULL && slice->count > 1) { /* two of one event, while nobody knows yet that one is a copy */
		qsort(mapped, slice->count, sizeof(*mapped), attribute_compare_claims);
	}
	return mapped;
}
