#include "core/flow/erasing.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/flow/attribute.h"
#include "core/flow/erasure.h"
#include "core/flow/facts.h"
#include "core/flow/kin.h"
#include "core/model/role.h"

static int compare_ids(const void *a, const void *b)
{
	return uuid_compare(a, b);
}

static bool has_id(const struct uuid *ids, size_t count, const struct uuid *id)
{
	return count > 0 && bsearch(id, ids, count, sizeof(*id), compare_ids) != NULL;
}

/* ---- who is concerned ---- */

/* In their order, each once: some were asked for twice. */
static void sort_claims(struct erase *erase)
{
	size_t kept = 0;
	erasure_sort_claims(erase->claims, erase->claim_count);
	for (size_t i = 0; i < erase->claim_count; i++) {
		const struct claim *claim = &erase->claims[i], *last = &erase->claims[kept - (kept > 0)];
		if (kept == 0 || !uuid_equal(&last->weak, &claim->weak) ||
		    attribute_compare_claims(last, claim) != 0) {
			erase->claims[kept++] = *claim;
		}
	}
	erase->claim_count = kept;
}

static struct uuid *list_concerned(struct erase *erase, size_t *ret_count)
{
	sort_claims(erase);
	erase->linked_count = erasure_unique(erase->linked, erase->linked_count);
	erase->weak = erasure_weak(erase->claims, erase->claim_count, erase->arena, &erase->weak_count);
	return erase->weak == NULL ? NULL
				   : erasure_concerned(erase->linked, erase->linked_count, erase->claims,
						       erase->claim_count, erase->arena, ret_count);
}

bool erasing_concern(struct erase *erase)
{
	erase->contacts = list_concerned(erase, &erase->contact_count);
	return erase->contacts != NULL;
}

bool erasing_concerns_more(struct erase *erase, bool *ret_more)
{
	size_t count;
	const struct uuid *now = list_concerned(erase, &count);
	if (now == NULL) {
		return false;
	}
	*ret_more = !erasure_covers(erase->contacts, erase->contact_count, now, count);
	return true;
}

/* ---- what goes ---- */

bool erasing_plan(struct erase *erase, int64_t now_us, const char *positions)
{
	struct ledger_row *rows;
	size_t count;
	int64_t at_us = erase->newest_us > now_us ? erase->newest_us : now_us;
	erasure_sort_times(erase->times, erase->time_count);
	if (!erasure_ledger(erase->actors, erase->actor_count, erase->claims, erase->claim_count, erase->times,
			    erase->time_count, at_us, now_us, erase->arena, &rows, &count)) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (rows[i].from_us == INT64_MIN) {
			rows[i].positions = positions;
		}
	}
	erase->ledger = rows;
	erase->ledger_count = count;
	erase->actors = erasure_actors(rows, count, erase->arena, &erase->actor_count);
	return erase->actors != NULL;
}

/* Whoever is locked: who of them goes whole and has nothing left, and the others. */
static bool divide(struct erase *erase)
{
	struct uuid *whole = arena_array(erase->arena, erase->ledger_count + 1, sizeof(*whole));
	struct uuid *gone = arena_array(erase->arena, erase->contact_count + 1, sizeof(*gone));
	struct uuid *others = arena_array(erase->arena, erase->contact_count + 1, sizeof(*others));
	if (whole == NULL || gone == NULL || others == NULL) {
		return false;
	}
	size_t whole_count = 0;
	for (size_t i = 0; i < erase->ledger_count; i++) {
		if (erase->ledger[i].from_us == INT64_MIN) {
			whole[whole_count++] = erase->ledger[i].actor_id;
		}
	}
	erase->gone_count = erase->other_count = 0;
	for (size_t i = 0; i < erase->contact_count; i++) {
		const struct uuid *id = &erase->contacts[i];
		if (has_id(whole, whole_count, id) && !has_id(erase->left, erase->left_count, id)) {
			gone[erase->gone_count++] = *id;
		} else {
			others[erase->other_count++] = *id;
		}
	}
	erase->gone = gone;
	erase->others = others;
	return true;
}

/* ---- who is one with whom of those who stay ---- */

/* One of them: what it stated itself, and what of it and of whom it is one with counts. */
struct stay {
	struct uuid id;
	struct kin_stated own;
	const struct declared *declared;
	size_t declared_count;
	const struct consent *statements;
	size_t statement_count;
	const struct uuid *contact; /* NULL: its own */
	bool consented;
};

struct staying {
	struct arena *arena;
	struct stay *stays; /* by id */
	size_t count;
};

static int compare_consents(const void *a, const void *b)
{
	return uuid_compare(&((const struct consent *)a)->actor_id, &((const struct consent *)b)->actor_id);
}

static int compare_declared(const void *a, const void *b)
{
	return uuid_compare(&((const struct declared *)a)->actor_id, &((const struct declared *)b)->actor_id);
}

static bool list_stays(struct erase *erase, struct staying *staying)
{
	size_t consent = 0, declared = 0;
	staying->arena = erase->arena;
	staying->stays = arena_zero(erase->arena, erase->linked_count + 1, sizeof(*staying->stays));
	if (staying->stays == NULL) {
		return false;
	}
	if (erase->consent_count > 1) {
		qsort(erase->consents, erase->consent_count, sizeof(*erase->consents), compare_consents);
	}
	if (erase->declared_count > 1) {
		qsort(erase->declared, erase->declared_count, sizeof(*erase->declared), compare_declared);
	}
	for (size_t i = 0; i < erase->linked_count; i++) {
		if (has_id(erase->gone, erase->gone_count, &erase->linked[i])) {
			continue; /* has neither */
		}
		struct stay *stay = &staying->stays[staying->count++];
		stay->id = erase->linked[i];
		for (size_t first = consent;
		     consent < erase->consent_count && uuid_equal(&erase->consents[consent].actor_id, &stay->id);
		     consent++) {
			stay->own = (struct kin_stated){erase->consents + first, consent + 1 - first};
		}
		for (size_t first = declared; declared < erase->declared_count &&
					      uuid_equal(&erase->declared[declared].actor_id, &stay->id);
		     declared++) {
			stay->declared = erase->declared + first;
			stay->declared_count = declared + 1 - first;
		}
		stay->statements = stay->own.consents;
		stay->statement_count = stay->own.count;
		stay->consented = attribute_consent_state(stay->statements, stay->statement_count,
							  PURPOSE_PROFILE) == STATEMENT_GRANTED;
	}
	return true;
}

static struct stay *stay_of(const struct staying *staying, const struct uuid *id)
{
	struct stay *stay = bsearch(id, staying->stays, staying->count, sizeof(*stay), compare_ids);
	CHECK(stay != NULL);
	return stay;
}

/* One person. */
static bool state_several(const struct staying *staying, const struct kin *rows, size_t count)
{
	struct kin_stated stated[KIN_ACTORS_MAX];
	size_t room = 0;
	int state = STATEMENT_UNSAID;
	CHECK(count <= KIN_ACTORS_MAX);
	for (size_t i = 0; i < count; i++) {
		stated[i] = stay_of(staying, &rows[i].actor_id)->own;
		room += stated[i].count;
	}
	for (size_t i = 0; i < count; i++) {
		struct stay *stay = stay_of(staying, &rows[i].actor_id);
		struct consent *statements = arena_array(staying->arena, room + 1, sizeof(*statements));
		if (statements == NULL) {
			return false;
		}
		stay->statement_count = kin_statements(rows, count, i, stated, statements);
		stay->statements = statements;
		stay->contact = &rows[i].contact_id;
		state = facts_stricter(state, attribute_consent_state(statements, stay->statement_count,
								      PURPOSE_PROFILE));
	}
	for (size_t i = 0; i < count; i++) {
		stay_of(staying, &rows[i].actor_id)->consented = state == STATEMENT_GRANTED;
	}
	return true;
}

static size_t person_end(const struct kin *kin, size_t count, size_t first)
{
	size_t end = first + 1;
	while (end < count && uuid_equal(&kin[end].contact_id, &kin[first].contact_id)) {
		end++;
	}
	return end;
}

static struct facts_part part_of(const struct stay *stay)
{
	return (struct facts_part){stay->statements, stay->statement_count, stay->declared, stay->declared_count};
}

/* The contact that goes by this id; nobody's, where it is one with somebody of a smaller one. */
static void person_of(const struct staying *staying, const struct stay *stay, const struct save_rows *save,
		      struct person *ret_person)
{
	struct facts_part parts[KIN_ACTORS_MAX] = {part_of(stay)};
	size_t count = 1;
	*ret_person = (struct person){.consented = false};
	if (stay->contact != NULL && !uuid_equal(stay->contact, &stay->id)) {
		return;
	}
	if (stay->contact != NULL) {
		count = 0;
		for (size_t i = 0; i < save->kin_count; i++) {
			if (uuid_equal(&save->kin[i].contact_id, &stay->id)) {
				CHECK(count < KIN_ACTORS_MAX);
				parts[count++] = part_of(stay_of(staying, &save->kin[i].actor_id));
			}
		}
	}
	facts_person(parts, count, ret_person);
}

static bool list_persons(const struct staying *staying, struct save_rows *save)
{
	struct person_row *persons = arena_array(staying->arena, staying->count + 1, sizeof(*persons));
	struct uuid *ids = arena_array(staying->arena, staying->count + 1, sizeof(*ids));
	struct uuid *valueless = arena_array(staying->arena, staying->count + 1, sizeof(*valueless));
	if (persons == NULL || ids == NULL || valueless == NULL) {
		return false;
	}
	for (size_t i = 0; i < staying->count; i++) {
		const struct stay *stay = &staying->stays[i];
		const struct facts_part part = part_of(stay);
		struct person person;
		person_of(staying, stay, save, &person);

		ids[i] = stay->id;
		persons[i] = facts_person_row(&stay->id, &person);
		if (facts_address(&part) == NULL) {
			valueless[save->valueless_count++] = stay->id;
		}
	}
	save->persons = persons;
	save->person_count = staying->count;
	save->valueless = valueless;
	save->kin_gone = save->stretched = ids;
	save->kin_gone_count = save->stretched_count = staying->count;
	return true;
}

/* Of which another thing follows now, and what was declared and may not be held any more. */
static bool list_changed(struct erase *erase, const struct staying *staying, const enum assertion_refused *refused)
{
	struct save_rows *save = &erase->persons;
	struct assertion *changed = arena_array(erase->arena, erase->assertion_count + 1, sizeof(*changed));
	struct declared *gone = arena_array(erase->arena, erase->declared_count + 1, sizeof(*gone));
	if (changed == NULL || gone == NULL) {
		return false;
	}
	for (size_t i = 0; i < erase->assertion_count; i++) {
		if (erase->assertions[i].refused != refused[i]) {
			changed[save->assertion_count++] = erase->assertions[i];
		}
	}
	for (size_t i = 0; i < erase->declared_count; i++) {
		const struct stay *stay = stay_of(staying, &erase->declared[i].actor_id);
		if (!facts_declared_stands(&erase->declared[i], stay->statements, stay->statement_count)) {
			gone[save->declared_gone_count++] = erase->declared[i];
		}
	}
	save->assertions = save->assertions_gone = changed;
	save->assertion_gone_count = save->assertion_count;
	save->declared_gone = gone;
	return true;
}

bool erasing_join(struct erase *erase)
{
	struct staying staying = {0};
	struct kin *kin;
	enum assertion_refused *refused = arena_array(erase->arena, erase->assertion_count + 1, sizeof(*refused));
	erase->persons = (struct save_rows){.kin_count = 0};
	if (refused == NULL || !divide(erase) || !list_stays(erase, &staying)) {
		return false;
	}
	if (erase->assertion_count > 1) {
		qsort(erase->assertions, erase->assertion_count, sizeof(*erase->assertions),
		      kin_compare_assertions);
	}
	for (size_t i = 0; i < erase->assertion_count; i++) {
		refused[i] = erase->assertions[i].refused;
	}
	if (!kin_solve(erase->assertions, erase->assertion_count, erase->arena, &kin, &erase->persons.kin_count)) {
		return false;
	}
	erase->persons.kin = kin;
	for (size_t i = 0, end; i < erase->persons.kin_count; i = end) {
		end = person_end(kin, erase->persons.kin_count, i);
		if (!state_several(&staying, kin + i, end - i)) {
			return false;
		}
	}
	struct stretch *stretches = arena_array(erase->arena, staying.count + 1, sizeof(*stretches));
	if (stretches == NULL || !list_changed(erase, &staying, refused) ||
	    !list_persons(&staying, &erase->persons)) {
		return false;
	}
	for (size_t i = 0; i < staying.count; i++) {
		const struct stay *stay = &staying.stays[i];
		if (stay->consented) {
			stretches[erase->persons.stretch_count++] = (struct stretch){
				stay->id, INT64_MIN, INT64_MAX, stay->contact != NULL ? *stay->contact : stay->id};
		}
	}
	erase->persons.stretches = stretches;
	return true;
}

/* ---- whose touches are whose ---- */

bool erasing_derive(struct erase *erase)
{
	const struct save_rows *persons = &erase->persons;
	struct stretch *weak;
	size_t count;
	sort_claims(erase);
	erasure_sort_times(erase->times, erase->time_count);
	if (!erasure_stretches(erase->claims, erase->claim_count, erase->consenting, erase->consenting_count,
			       erase->times, erase->time_count, erase->arena, &weak, &count)) {
		return false;
	}
	struct stretch *stretches =
		arena_array(erase->arena, count + persons->stretch_count + 1, sizeof(*stretches));
	if (stretches == NULL) {
		return false;
	}
	for (size_t i = 0; i < count + persons->stretch_count; i++) {
		stretches[i] = i < count ? weak[i] : persons->stretches[i - count];
	}
	erase->stretches = stretches;
	erase->stretch_count = count + persons->stretch_count;
	return true;
}
