#include "core/flow/gather.h"

#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/flow/facts.h"
#include "core/flow/gather_kin.h"
#include "core/flow/gather_beside.h"
#include "core/flow/kin.h"
#include "core/flow/machine.h"

/* ---- touches and those who made them ---- */

#define AHEAD 12 /* items are anywhere in memory: asked for so many touches ahead */

static bool is_timed(const struct item *item)
{
	return item->copy == COPY_REPLACES || (item_stands(item) && machine_is_timed(item->subject->action));
}

/* What stands of the cast's touches, in key order as they lie: new ones are moved up, replacing ones listed apart. */
static bool gather_touches(const struct cast *cast, const struct item *items, struct save_rows *save)
{
	struct touch *replacing = arena_array(cast->arena, cast->added.replaced + 1, sizeof(*replacing));
	if (replacing == NULL) {
		return false;
	}
	size_t used = 0;
	for (size_t i = 0; i < cast->touch_count; i++) {
		if (i + AHEAD < cast->touch_count) {
			__builtin_prefetch(&items[cast->touch_items[i + AHEAD]].match);
		}
		const struct item *item = &items[cast->touch_items[i]];
		if (item->copy == COPY_REPLACES) {
			replacing[save->replacing_count++] = cast->touches[i];
		} else if (item_stands(item)) {
			if (used != i) {
				cast->touches[used] = cast->touches[i];
			}
			used++;
		}
	}
	save->replacing = replacing;
	save->touches = cast->touches;
	save->touch_count = used;
	return true;
}

/* Touches in whose neighbourhood it may be another one now that came too soon: of mails; and who knows what a copy was about that
 * stood before. */
static bool gather_timed(const struct cast *cast, const struct item *items, size_t count, struct save_rows *save)
{
	size_t used = 0;
	for (size_t i = 0; i < count; i++) {
		used += is_timed(&items[i]) ? 1 : 0;
	}
	struct touch_key *timed = arena_array(cast->arena, used + 1, sizeof(*timed));
	if (timed == NULL) {
		return false;
	}
	for (size_t i = 0; i < count && used > 0; i++) {
		const struct touch *touch = &items[i].touch;
		if (is_timed(&items[i])) {
			timed[save->timed_count++] =
				(struct touch_key){touch->actor_id, touch->stamped_us, touch->event_id};
		}
	}
	save->timed = timed;
	return true;
}

static bool is_asserted(const struct facts *facts, const struct uuid *id)
{
	bool is = false;
	for (unsigned i = 0; i < facts->assertion_count; i++) {
		is = is || uuid_equal(&facts->assertions[i].a, id) || uuid_equal(&facts->assertions[i].b, id);
	}
	return is;
}

/*
 * Rows for who is new, copies that do not stand included: whether one stood for a while must not show. A person's row is
 * always offered (their arbiter may be older than their own row), an anonymous one's when its arbiter is new or empty or
 * when it is claimed; what is there already stays as it is.
 *
 * Notes the first item that offers each member; returns how many are offered.
 */
static size_t offer_actors(const struct cast *cast, const struct item *items, size_t count, uint32_t *offers)
{
	size_t offered = 0;
	for (size_t i = 0; i < cast->asserting_count; i++) { /* beside whom it names: whom it says that is */
		const struct item *item = &items[cast->asserting[i]];
		const struct actor *named[IDENTIFY_NAMED_MAX];
		bool has_beside = item_is_known(item) && !item->who->by_hand;
		size_t named_count = has_beside ? identify_named(item->who, named) : 0;
		for (size_t j = 0; j < named_count; j++) {
			const struct cast_member *member = cast_find(cast, &named[j]->id);
			if (member != NULL && is_asserted(item->facts, &member->id) &&
			    offers[cast_number(cast, member)] == CAST_NOBODY) {
				offers[cast_number(cast, member)] = cast->asserting[i];
				offered++;
			}
		}
	}
	for (size_t i = 0; i < count; i++) {
		const struct cast_part *part = &cast->parts[i];
		if (!item_is_known(&items[i])) {
			continue;
		}
		bool has_strong = part->strong != CAST_NOBODY && !items[i].who->by_hand;
		if (part->weak != CAST_NOBODY && offers[part->weak] == CAST_NOBODY &&
		    (has_strong || !cast->members[part->weak].has_actor_row)) {
			offers[part->weak] = (uint32_t)i;
			offered++;
		}
		if (has_strong && offers[part->strong] == CAST_NOBODY) {
			offers[part->strong] = (uint32_t)i;
			offered++;
		}
	}
	return offered;
}

/* What was declared as an actor's own address; by the places of save->persons. */
struct own_address {
	const char **addresses;
	size_t at; /* walks along with the members */
};

/* An address is the value of its own actor, and no other's. Persons come in the order of the members. */
static const char *value_of(const struct actor *actor, const struct save_rows *save, struct own_address *own)
{
	while (own->at < save->person_count && uuid_compare(&save->persons[own->at].contact_id, &actor->id) < 0) {
		own->at++;
	}
	if (actor->kind != ACTOR_EMAIL || own->at == save->person_count ||
	    !uuid_equal(&save->persons[own->at].contact_id, &actor->id) || own->addresses[own->at] == NULL) {
		return "";
	}
	return own->addresses[own->at];
}

static const struct actor *offered_actor(const struct identified *who, const struct uuid *id)
{
	const struct actor *named[IDENTIFY_NAMED_MAX];
	size_t count = identify_named(who, named), at = 0;
	while (at < count && !uuid_equal(&named[at]->id, id)) {
		at++;
	}
	CHECK(at < count);
	return named[at];
}

static bool gather_actors(const struct cast *cast, const struct item *items, size_t count, struct own_address *own,
			  struct save_rows *save)
{
	uint32_t *offers = arena_array(cast->arena, cast->count + 1, sizeof(*offers));
	if (offers == NULL) {
		return false;
	}
	memset(offers, 0xff, cast->count * sizeof(*offers));
	size_t used = 0, offered = offer_actors(cast, items, count, offers);
	struct actor *actors = arena_array(cast->arena, offered + 1, sizeof(*actors));
	if (actors == NULL) {
		return false;
	}
	for (uint32_t i = 0; i < cast->count && used < offered; i++) {
		if (i + 2 * AHEAD < cast->count && offers[i + 2 * AHEAD] != CAST_NOBODY) {
			__builtin_prefetch(&items[offers[i + 2 * AHEAD]].who);
		}
		if (i + AHEAD < cast->count && offers[i + AHEAD] != CAST_NOBODY) {
			__builtin_prefetch(items[offers[i + AHEAD]].who);
		}
		if (offers[i] != CAST_NOBODY) {
			actors[used] = *offered_actor(items[offers[i]].who, &cast->members[i].id);
			actors[used].value = value_of(&actors[used], save, own);
			used++;
		}
	}
	save->actors = actors;
	save->actor_count = used;
	return true;
}

/* ---- facts ---- */

static size_t count_true(const bool *flags, size_t count)
{
	size_t sum = 0;
	for (size_t i = 0; i < count; i++) {
		sum += flags[i] ? 1 : 0;
	}
	return sum;
}

static bool declared_stands(const struct cast *cast, const struct declared *row)
{
	const struct cast_member *person = cast_find(cast, &row->actor_id);
	return facts_declared_stands(row, person->statements, person->statement_count);
}

static bool gather_gone(const struct cast *cast, struct save_rows *save)
{
	struct arena *arena = cast->arena;
	size_t consent_count = count_true(cast->consent_gone, cast->consent_before_count);
	struct consent *consents = arena_array(arena, consent_count + 1, sizeof(*consents));
	struct declared *declared = arena_array(arena, cast->declared_before_count + 1, sizeof(*declared));
	if (consents == NULL || declared == NULL) {
		return false;
	}
	for (size_t i = 0; i < cast->consent_before_count && consent_count > 0; i++) {
		if (cast->consent_gone[i]) {
			consents[save->consent_gone_count++] = cast->consents_before[i];
		}
	}
	for (size_t i = 0; i < cast->declared_before_count; i++) {
		if (cast->declared_gone[i] || !declared_stands(cast, &cast->declared_before[i])) {
			declared[save->declared_gone_count++] = cast->declared_before[i];
		}
	}
	arena_cut(arena, declared + save->declared_gone_count);
	save->claims_gone = cast->claims_gone;
	save->claim_gone_count = cast->claim_gone_count;
	save->consents_gone = consents;
	save->declared_gone = declared;
	return true;
}

static bool gather_new(const struct cast *cast, const struct item *items, size_t count, struct save_rows *save)
{
	const struct cast_added *added = &cast->added;
	struct claim *claims = arena_array(cast->arena, added->claims + 1, sizeof(*claims));
	struct consent *consents = arena_array(cast->arena, added->consents + 1, sizeof(*consents));
	struct declared *declared = arena_array(cast->arena, added->declared + 1, sizeof(*declared));
	if (claims == NULL || consents == NULL || declared == NULL) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (!cast_states_facts(cast, items, i)) {
			continue;
		}
		const struct facts *facts = items[i].facts;
		if (facts->has_claim) {
			claims[save->claim_count++] = facts->claim;
		}
		for (unsigned j = 0; j < facts->consent_count; j++) {
			consents[save->consent_count++] = facts->consents[j];
		}
		for (unsigned j = 0; j < facts->declared_count; j++) {
			if (declared_stands(cast, &facts->declared[j])) {
				declared[save->declared_count++] = facts->declared[j];
			}
		}
	}
	save->claims = claims;
	save->consents = consents;
	save->declared = declared;
	return true;
}

static struct facts_part part_of(const struct cast *cast, const struct cast_member *member)
{
	return (struct facts_part){member->statements, member->statement_count,
				   cast->declared_after + member->declared_after.first,
				   member->declared_after.count};
}

/* The contact that goes by this actor's id; nobody's, where the actor is one with somebody of a smaller one. */
static void person_of(const struct cast *cast, const struct cast_member *member, struct person *ret_person)
{
	const struct kin *rows;
	struct facts_part parts[KIN_ACTORS_MAX];
	size_t count = cast_kin(cast, member, false, &rows);
	*ret_person = (struct person){.consented = false};
	if (count == 0) {
		parts[0] = part_of(cast, member);
		facts_person(parts, 1, ret_person);
	} else if (uuid_equal(&rows[0].contact_id, &member->id)) {
		CHECK(count <= KIN_ACTORS_MAX);
		for (size_t i = 0; i < count; i++) {
			parts[i] = part_of(cast, cast_find(cast, &rows[i].actor_id));
		}
		facts_person(parts, count, ret_person);
	}
}

/* NULL: it may keep none. */
static const char *own_address_of(const struct cast *cast, const struct cast_member *member,
				  const struct person *person)
{
	if (member->kin_after == 0) { /* the person is nobody else */
		return person->address;
	}
	const struct facts_part part = part_of(cast, member);
	return facts_address(&part);
}

/* Persons about whom something was stated or taken back; and the address that each actor may keep as its own. */
static bool gather_persons(const struct cast *cast, struct save_rows *save, struct own_address *ret_own)
{
	size_t stated = 0;
	for (size_t i = 0; i < cast->count; i++) {
		stated += cast->members[i].stated ? 1 : 0;
	}
	struct person_row *persons = arena_array(cast->arena, stated + 1, sizeof(*persons));
	struct uuid *valueless = arena_array(cast->arena, stated + 1, sizeof(*valueless));
	const char **addresses = arena_array(cast->arena, stated + 1, sizeof(*addresses));
	if (persons == NULL || valueless == NULL || addresses == NULL) {
		return false;
	}
	for (size_t i = 0; i < cast->count; i++) {
		const struct cast_member *member = &cast->members[i];
		if (!member->stated) {
			continue;
		}
		struct person person;
		person_of(cast, member, &person);
		const char *own = own_address_of(cast, member, &person);
		addresses[save->person_count] = own;
		persons[save->person_count++] = facts_person_row(&member->id, &person);
		if (own == NULL) {
			valueless[save->valueless_count++] = member->id;
		}
	}
	save->persons = persons;
	save->valueless = valueless;
	*ret_own = (struct own_address){addresses, 0};
	return true;
}

static bool gather_stretches(const struct cast *cast, struct save_rows *save)
{
	size_t moved = 0, room = 1;
	for (size_t i = 0; i < cast->count; i++) {
		if (cast->members[i].moved) {
			room += cast->members[i].stretch_count + 1;
			moved++;
		}
	}
	struct uuid *stretched = arena_array(cast->arena, moved + 1, sizeof(*stretched));
	struct stretch *stretches = arena_array(cast->arena, room, sizeof(*stretches));
	if (stretched == NULL || stretches == NULL) {
		return false;
	}
	for (size_t i = 0; i < cast->count; i++) {
		const struct cast_member *member = &cast->members[i];
		if (!member->moved) {
			continue;
		}
		stretched[save->stretched_count++] = member->id;
		if (member->strong && member->consented) {
			stretches[save->stretch_count++] = (struct stretch){member->id, INT64_MIN, INT64_MAX,
									    cast->members[member->person].id};
		}
		bool own = member->stretch_count == 1 && uuid_equal(&member->stretches[0].contact_id, &member->id);
		for (size_t j = 0; j < member->stretch_count && !own; j++) {
			stretches[save->stretch_count++] = member->stretches[j];
		}
	}
	save->stretched = stretched;
	save->stretches = stretches;
	return true;
}

/* What withdrawals erase of what is stored. */
static bool gather_erased(const struct cast *cast, struct save_rows *save)
{
	size_t room = 1;
	for (size_t i = 0; i < cast->count; i++) {
		room += cast->members[i].erases ? cast->members[i].erased_count : 0;
	}
	struct erased_row *erased = arena_array(cast->arena, room, sizeof(*erased));
	if (erased == NULL) {
		return false;
	}
	for (size_t i = 0; i < cast->count; i++) {
		const struct cast_member *member = &cast->members[i];
		for (uint32_t j = 0; j < member->erased_count && member->erases; j++) {
			erased[save->erased_count++] = (struct erased_row){member->id, member->erased[j].from_us,
									   member->erased[j].until_us};
		}
	}
	save->erased = erased;
	return true;
}

/* ---- contacts ---- */

/* Does its arbiter get a state? Walks along with the members. */
static bool gets_state(const struct contacts *contacts, const struct cast_member *member, size_t *state)
{
	bool arbiter = false;
	for (; *state < contacts->state_count && uuid_equal(&contacts->states[*state].contact_id, &member->id);
	     (*state)++) {
		arbiter = arbiter || strcmp(contacts->states[*state].process, ARBITER_PROCESS) == 0;
	}
	return arbiter;
}

/* States, and version + 1 for the arbiters of all others who are concerned. */
static bool gather_contacts(const struct cast *cast, const struct contacts *contacts, struct save_rows *save)
{
	size_t concerned = 0, state = 0;
	for (size_t i = 0; i < cast->count; i++) {
		concerned += cast->members[i].concerned ? 1 : 0;
	}
	struct uuid *bumped = arena_array(cast->arena, concerned + 1, sizeof(*bumped));
	if (bumped == NULL) {
		return false;
	}
	for (size_t i = 0; i < cast->count; i++) {
		const struct cast_member *member = &cast->members[i];
		if (!gets_state(contacts, member, &state) && member->concerned) {
			bumped[save->bumped_count++] = member->id;
		}
	}
	CHECK(state == contacts->state_count);
	arena_cut(cast->arena, bumped + save->bumped_count);
	save->bumped = bumped;
	save->refolded = contacts->refolded;
	save->refolded_count = contacts->refolded_count;
	save->states = contacts->states;
	save->state_count = contacts->state_count;
	save->undone = contacts->undone;
	save->undone_count = contacts->undone_count;
	save->changes = contacts->changes;
	save->change_count = contacts->change_count;
	save->checkpoints = contacts->checkpoints;
	save->checkpoint_count = contacts->checkpoint_count;
	save->waiting = contacts->waiting;
	save->waiting_count = contacts->waiting_count;
	return true;
}

bool gather_batch(const struct cast *cast, const struct contacts *contacts, const struct item *items, size_t count,
		  const char *const *topics, struct save_rows *ret_save)
{
	struct own_address own;
	return gather_touches(cast, items, ret_save) && gather_timed(cast, items, count, ret_save) &&
	       gather_beside(items, count, cast->arena, ret_save) && gather_gone(cast, ret_save) &&
	       gather_new(cast, items, count, ret_save) && gather_kin(cast, items, ret_save) &&
	       gather_persons(cast, ret_save, &own) && gather_actors(cast, items, count, &own, ret_save) &&
	       gather_stretches(cast, ret_save) && gather_erased(cast, ret_save) &&
	       gather_contacts(cast, contacts, ret_save) &&
	       gather_outcomes(items, count, topics, cast->arena, ret_save);
}

bool gather_refold(const struct cast *cast, const struct contacts *contacts, struct save_rows *ret_save)
{
	struct uuid *ids = arena_array(cast->arena, cast->count + 1, sizeof(*ids));
	if (ids == NULL) {
		return false;
	}
	for (size_t i = 0; i < cast->count; i++) {
		ids[i] = cast->members[i].id;
	}
	ret_save->caught_up = ids;
	ret_save->caught_up_count = cast->count;
	return gather_contacts(cast, contacts, ret_save);
}
