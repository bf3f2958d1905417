#include "core/flow/gather.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/flow/facts.h"

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

/* ---- touches and those who made them ---- */

static int compare_touches(const void *a, const void *b)
{
	const struct touch *x = a, *y = b;
	int order = uuid_compare(&x->actor_id, &y->actor_id);
	if (order == 0) {
		order = ORDER(x->stamped_us, y->stamped_us);
	}
	return order != 0 ? order : ORDER(x->event_id, y->event_id);
}

/* Those of one kind, in key order. */
static bool gather_copies(const struct item *items, size_t count, enum item_copy kind, struct arena *arena,
			  const struct touch **ret_touches, size_t *ret_count)
{
	struct touch *touches = arena_zero(arena, count + 1, sizeof(*touches));
	if (touches == NULL) {
		return false;
	}
	size_t used = 0;
	for (size_t i = 0; i < count; i++) {
		if (items[i].copy == kind) {
			touches[used++] = items[i].touch;
		}
	}
	if (used > 1) {
		qsort(touches, used, sizeof(*touches), compare_touches);
	}
	*ret_touches = touches;
	*ret_count = used;
	return true;
}

static bool gather_touches(const struct cast *cast, const struct item *items, size_t count, struct save_rows *save)
{
	return gather_copies(items, count, COPY_NEW, cast->arena, &save->touches, &save->touch_count) &&
	       gather_copies(items, count, COPY_REPLACES, cast->arena, &save->replacing, &save->replacing_count);
}

static int compare_actors(const void *a, const void *b)
{
	return uuid_compare(&((const struct actor *)a)->id, &((const struct actor *)b)->id);
}

/* Arbiters that were never written before: whoever goes by that id is new here. */
static void mark_known(const struct cast *cast, const struct load_rows *load)
{
	for (size_t i = 0; i < load->phase_count; i++) {
		struct cast_member *member = cast_find(cast, &load->phases[i].contact_id);
		member->has_actor_row = member->has_actor_row || load->phases[i].version > 0;
	}
}

/* Does it have a touch, or would it, if no other copy stood? */
static bool is_read(const struct item *item)
{
	return item->outcome == OUTCOME_applied || item->outcome == OUTCOME_machine ||
	       item->outcome == OUTCOME_duplicate;
}

/*
 * Rows for who is new, copies that do not stand included: whether one stood for a while must not show. A person's row is
 * always offered (their arbiter may be older than their own row), an anonymous one's when its arbiter is new or when it
 * is claimed; what is there already stays as it is.
 */
static bool gather_actors(const struct cast *cast, const struct item *items, size_t count,
			  const struct load_rows *load, struct save_rows *save)
{
	mark_known(cast, load);
	struct actor *actors = arena_zero(cast->arena, 2 * count + 1, sizeof(*actors));
	struct idmap seen;
	if (actors == NULL || !idmap_init(&seen, cast->arena, 2 * count)) {
		return false;
	}
	size_t used = 0;
	for (size_t i = 0; i < count; i++) {
		if (!is_read(&items[i])) {
			continue;
		}
		const struct identified *who = items[i].who;
		const struct actor *both[2] = {who->has_weak ? &who->weak : NULL,
					       who->has_strong ? &who->strong : NULL};
		for (size_t j = 0; j < COUNT_OF(both); j++) {
			uint32_t place;
			if (both[j] == NULL ||
			    (j == 0 && !who->has_strong && cast_find(cast, &both[j]->id)->has_actor_row)) {
				continue;
			}
			if (!idmap_put(&seen, &both[j]->id, (uint32_t)used, &place)) {
				return false;
			}
			if (place == used) {
				actors[used] = *both[j];
				actors[used++].value = "";
			}
		}
	}
	for (size_t i = 0; i < save->person_count;
	     i++) { /* an address is the value of its own actor, and no other's */
		uint32_t place = idmap_get(&seen, &save->persons[i].contact_id);
		if (place != IDMAP_NONE && actors[place].kind == ACTOR_EMAIL && save->persons[i].address != NULL) {
			actors[place].value = save->persons[i].address;
		}
	}
	if (used > 1) {
		qsort(actors, used, sizeof(*actors), compare_actors);
	}
	save->actors = actors;
	save->actor_count = used;
	return true;
}

/* ---- facts ---- */

static bool gather_gone(const struct cast *cast, struct save_rows *save)
{
	struct claim *claims = arena_zero(cast->arena, cast->claim_before_count + 1, sizeof(*claims));
	struct consent *consents = arena_zero(cast->arena, cast->consent_before_count + 1, sizeof(*consents));
	struct declared *declared = arena_zero(cast->arena, cast->declared_before_count + 1, sizeof(*declared));
	if (claims == NULL || consents == NULL || declared == NULL) {
		return false;
	}
	for (size_t i = 0; i < cast->claim_before_count; i++) {
		if (cast->claim_gone[i]) {
			claims[save->claim_gone_count++] = cast->claims_before[i];
		}
	}
	for (size_t i = 0; i < cast->consent_before_count; i++) {
		if (cast->consent_gone[i]) {
			consents[save->consent_gone_count++] = cast->consents_before[i];
		}
	}
	for (size_t i = 0; i < cast->declared_before_count; i++) {
		const struct declared *row = &cast->declared_before[i];
		const struct cast_member *person = cast_find(cast, &row->actor_id);
		if (cast->declared_gone[i] ||
		    !facts_declared_stands(row, cast->consents_after + person->consents_after.first,
					   person->consents_after.count)) {
			declared[save->declared_gone_count++] = *row;
		}
	}
	save->claims_gone = claims;
	save->consents_gone = consents;
	save->declared_gone = declared;
	return true;
}

static bool gather_new(const struct cast *cast, const struct item *items, size_t count, struct save_rows *save)
{
	struct claim *claims = arena_zero(cast->arena, count + 1, sizeof(*claims));
	struct consent *consents = arena_zero(cast->arena, count * PURPOSE_COUNT + 1, sizeof(*consents));
	struct declared *declared = arena_zero(cast->arena, count * ATTRIBUTE_COUNT + 1, sizeof(*declared));
	if (claims == NULL || consents == NULL || declared == NULL) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (items[i].copy == COPY_LOSES) {
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
			const struct cast_member *person = cast_find(cast, &facts->declared[j].actor_id);
			if (facts_declared_stands(&facts->declared[j],
						  cast->consents_after + person->consents_after.first,
						  person->consents_after.count)) {
				declared[save->declared_count++] = facts->declared[j];
			}
		}
	}
	save->claims = claims;
	save->consents = consents;
	save->declared = declared;
	return true;
}

/* Persons about whom something was stated or taken back. */
static bool gather_persons(const struct cast *cast, struct save_rows *save)
{
	struct person_row *persons = arena_zero(cast->arena, cast->count + 1, sizeof(*persons));
	struct uuid *valueless = arena_zero(cast->arena, cast->count + 1, sizeof(*valueless));
	if (persons == NULL || valueless == NULL) {
		return false;
	}
	for (size_t i = 0; i < cast->count; i++) {
		const struct cast_member *member = &cast->members[i];
		if (!member->strong || !(member->consents_touched || member->declared_touched)) {
			continue;
		}

		struct person person;
		facts_person(cast->consents_after + member->consents_after.first, member->consents_after.count,
			     cast->declared_after + member->declared_after.first, member->declared_after.count,
			     &person);
		persons[save->person_count++] = (struct person_row){
			.contact_id = member->id,
			.stands = person.consented,
			.address = person.address,
			.name = person.name,
			.role = person.consented ? role_name(person.role) : NULL,
			.role_declared = person.role_declared,
			.title = person.title,
			.company = person.company,
			.may_write = person.may_write,
		};
		if (!person.consented || person.address == NULL) {
			valueless[save->valueless_count++] = member->id;
		}
	}
	save->persons = persons;
	save->valueless = valueless;
	return true;
}

static bool gather_stretches(const struct cast *cast, struct save_rows *save)
{
	size_t room = 1;
	for (size_t i = 0; i < cast->count; i++) {
		room += cast->members[i].stretch_count + 1;
	}
	struct uuid *stretched = arena_zero(cast->arena, cast->count + 1, sizeof(*stretched));
	struct stretch *stretches = arena_zero(cast->arena, room, sizeof(*stretches));
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
			stretches[save->stretch_count++] =
				(struct stretch){member->id, INT64_MIN, INT64_MAX, member->id};
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

/* ---- contacts ---- */

static int compare_states(const void *a, const void *b)
{
	const struct state_row *x = a, *y = b;
	int order = uuid_compare(&x->contact_id, &y->contact_id);
	return order != 0 ? order : strcmp(x->process, y->process);
}

static int compare_ids(const void *a, const void *b)
{
	return uuid_compare(a, b);
}

/* States, and version + 1 for the arbiters of all others who are concerned. */
static bool gather_contacts(const struct cast *cast, const struct contacts *contacts, struct save_rows *save)
{
	struct uuid *bumped = arena_zero(cast->arena, cast->count + 1, sizeof(*bumped));
	struct uuid *rechanged = arena_zero(cast->arena, cast->count + 1, sizeof(*rechanged));
	bool *written = arena_zero(cast->arena, cast->count + 1, sizeof(*written));
	if (bumped == NULL || rechanged == NULL || written == NULL) {
		return false;
	}
	for (size_t i = 0; i < contacts->state_count; i++) {
		if (strcmp(contacts->states[i].process, "standard") == 0) {
			written[cast_find(cast, &contacts->states[i].contact_id) - cast->members] = true;
		}
	}
	for (size_t i = 0; i < cast->count; i++) {
		if (cast->members[i].concerned && !written[i]) {
			bumped[save->bumped_count++] = cast->members[i].id;
		}
		if (cast->members[i].refold) {
			rechanged[save->rechanged_count++] = cast->members[i].id;
		}
	}
	if (save->bumped_count > 1) {
		qsort(bumped, save->bumped_count, sizeof(*bumped), compare_ids);
	}
	if (contacts->state_count > 1) {
		qsort(contacts->states, contacts->state_count, sizeof(*contacts->states), compare_states);
	}
	save->bumped = bumped;
	save->rechanged = rechanged;
	save->states = contacts->states;
	save->state_count = contacts->state_count;
	save->changes = contacts->changes;
	save->change_count = contacts->change_count;
	return true;
}

/* ---- outcomes ---- */

/* The UTC day of the sender's stamp, the same in every copy; of the record where nothing could be read. */
static int64_t outcome_day(const struct item *item)
{
	int64_t us = item->event != NULL ? item->event->stamped_us : item->timestamp_us;
	return moment_floor(us, MOMENT_DAY_US) * MOMENT_DAY_US;
}

static int compare_outcomes(const void *a, const void *b)
{
	const struct outcome_row *x = a, *y = b;
	int order = ORDER(x->day_us, y->day_us);
	if (order == 0) {
		order = strcmp(x->source, y->source);
	}
	if (order == 0) {
		order = strcmp(x->site, y->site);
	}
	if (order == 0) {
		order = ORDER(x->channel, y->channel);
	}
	return order != 0 ? order : strcmp(x->outcome, y->outcome);
}

static struct outcome_row count_of(const struct item *item, int channel, enum outcome outcome, int64_t n)
{
	const struct event *event = item->event;
	return (struct outcome_row){
		.day_us = outcome_day(item),
		.source = event != NULL ? event->source : "",
		.site = event != NULL ? event->site : "",
		.channel = channel,
		.outcome = outcome_about[outcome].name,
		.n = n,
	};
}

static enum outcome touch_outcome(const struct touch *touch)
{
	return touch->reasons != 0 ? OUTCOME_machine : OUTCOME_applied;
}

/*
 * A day's counts say how many touches there are, and how many copies beside them, in whatever order these came. So one
 * that takes another's place is counted as the touch, and the other one, from now on, as the duplicate.
 */
static size_t count_item(const struct item *item, struct outcome_row *ret_rows)
{
	int channel = item->event != NULL ? (int)item->event->channel : 0;
	if (item->copy != COPY_REPLACES) {
		ret_rows[0] = count_of(item, channel, item->outcome, 1);
		return 1;
	}
	ret_rows[0] = count_of(item, channel, touch_outcome(&item->touch), 1);
	ret_rows[1] = count_of(item, item->replaced->channel, touch_outcome(&item->replaced->touch), -1);
	ret_rows[2] = count_of(item, item->replaced->channel, OUTCOME_duplicate, 1);
	return 3;
}

static bool gather_counts(const struct item *items, size_t count, struct arena *arena, struct save_rows *save)
{
	struct outcome_row *rows = arena_zero(arena, 3 * count + 1, sizeof(*rows));
	if (rows == NULL) {
		return false;
	}
	size_t used = 0, kept = 0;
	for (size_t i = 0; i < count; i++) {
		used += count_item(&items[i], rows + used);
	}
	if (used > 1) {
		qsort(rows, used, sizeof(*rows), compare_outcomes);
	}
	for (size_t i = 0; i < used;) {
		struct outcome_row sum = rows[i++];
		for (; i < used && compare_outcomes(&rows[i], &sum) == 0; i++) {
			sum.n += rows[i].n;
		}
		if (sum.n != 0) {
			rows[kept++] = sum;
		}
	}
	save->outcomes = rows;
	save->outcome_count = kept;
	return true;
}

static bool gather_rejects(const struct item *items, size_t count, const char *const *topics, struct arena *arena,
			   struct save_rows *save)
{
	struct reject_row *rows = arena_zero(arena, count + 1, sizeof(*rows));
	if (rows == NULL) {
		return false;
	}
	size_t used = 0;
	for (size_t i = 0; i < count; i++) {
		const struct item *item = &items[i];
		if (outcome_about[item->outcome].kept != OUTCOME_REJECTED) {
			continue;
		}
		rows[used] = (struct reject_row){
			.topic = topics[item->partition.topic],
			.partition = item->partition.number,
			.offset = item->offset,
			.reason = outcome_about[item->outcome].name,
			.field = "",
			.at_us = item->timestamp_us,
			.source = item->reject_source != NULL ? item->reject_source
				  : item->event != NULL	      ? item->event->source
							      : "",
		};
		if (item->reject != NULL) {
			rows[used].reason = outcome_about[item->reject->reason].name;
			rows[used].field = item->reject->field;
			rows[used].size = item->reject->size;
			rows[used].hash = item->reject->hash;
		}
		used++;
	}
	save->rejects = rows;
	save->reject_count = used;
	return true;
}

bool gather_outcomes(const struct item *items, size_t count, const char *const *topics, struct arena *arena,
		     struct save_rows *ret_save)
{
	return gather_counts(items, count, arena, ret_save) &&
	       gather_rejects(items, count, topics, arena, ret_save);
}

bool gather_batch(const struct cast *cast, const struct contacts *contacts, const struct item *items, size_t count,
		  const struct load_rows *load, const char *const *topics, struct save_rows *ret_save)
{
	return gather_touches(cast, items, count, ret_save) && gather_gone(cast, ret_save) &&
	       gather_new(cast, items, count, ret_save) && gather_persons(cast, ret_save) &&
	       gather_actors(cast, items, count, load, ret_save) && gather_stretches(cast, ret_save) &&
	       gather_contacts(cast, contacts, ret_save) &&
	       gather_outcomes(items, count, topics, cast->arena, ret_save);
}
