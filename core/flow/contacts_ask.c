/*
 * FOLD anew, before READ: which contacts in which processes, and which touches are asked for.
 */
#include "core/flow/contacts_inside.h"

#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/model/phase_pack.h"

int contacts_process(const struct model *model, const char *name)
{
	for (unsigned i = 0; i < model->process_count; i++) {
		if (strcmp(model->processes[i].name, name) == 0) {
			return (int)i;
		}
	}
	return -1;
}

/* Touches of the batch may lie before the one that was found to be late, in other processes. */
static void want_own(struct contacts *contacts)
{
	for (size_t i = 0; i < contacts->entry_count; i++) {
		const struct sort_entry *entry = &contacts->entries[i];
		struct cast_member *member = runs_member(contacts, entry);
		if (member->refold) {
			cast_refold(member, false, contacts->cast->touches[entry->place].at_us);
			contacts_want(contacts, member, runs_process(contacts, entry))->wanted = true;
		}
	}
}

/* Of what something is stored. Wanted in every process: from the start, all there are; from some moment on, those. */
static void want_stored(struct contacts *contacts, const struct load_rows *load, const struct cast_member *member)
{
	const struct model *model = contacts->model->model;
	const struct cast_slice *slice = &contacts->phases[cast_number(contacts->cast, member)];
	bool from_start = member->refold_us == INT64_MIN || contacts->of_queue;
	for (unsigned i = 0; member->refold_all && from_start && i < model->process_count; i++) {
		contacts_want(contacts, member, i)->wanted = true;
	}
	for (size_t i = slice->first; i < slice->first + slice->count; i++) {
		int process = contacts_process(model, load->phases[i].process);
		if (process >= 0 && load->phases[i].fold_size > 0) {
			struct contacts_want *want = contacts_want(contacts, member, (unsigned)process);
			want->has_state = true;
			want->wanted = want->wanted || member->refold_all;
		}
	}
}

/* ---- how many ---- */

/* By what its states say; those from whose stretches others get touches count as others. */
static size_t touches_of(const struct contacts *contacts, const struct load_rows *load,
			 const struct cast_member *member)
{
	const struct cast_slice *slice = &contacts->phases[cast_number(contacts->cast, member)];
	size_t touches = 0;
	for (size_t i = slice->first; i < slice->first + slice->count; i++) {
		touches += phase_pack_taken(load->phases[i].fold, load->phases[i].fold_size);
	}
	return touches;
}

/* A contact that is none any more, without consent or one with another; or whose touches are to be read later, since there are too many:
 * nothing is read of it, and nothing may be shown. */
static bool is_emptied(const struct cast *cast, const struct cast_member *member)
{
	return member->emptied || (member->strong && member->moved &&
				   (!member->consented || member->person != cast_number(cast, member)));
}

static int64_t changed_us(const struct cast_member *member)
{
	return contacts_is_whole(member) ? INT64_MIN
					 : moment_floor(member->refold_us, CONTACTS_MS_US) * CONTACTS_MS_US;
}

/* Leaves as many contacts as are refolded now. */
static bool bound(struct contacts *contacts, const struct load_rows *load, const struct contacts_bounds *bounds)
{
	struct cast *cast = contacts->cast;
	size_t count = 0, touches = 0;
	contacts->waiting = arena_array(cast->arena, contacts->refold_count + 1, sizeof(*contacts->waiting));
	if (contacts->waiting == NULL) {
		return false;
	}
	for (size_t i = 0; i < cast->count; i++) {
		struct cast_member *member = &cast->members[i];
		if (!member->refold || is_emptied(cast, member)) {
			continue;
		}
		size_t more = touches_of(contacts, load, member);
		if (count < bounds->contacts && touches + more <= bounds->touches) {
			count++;
			touches += more;
			continue;
		}
		contacts->waiting[contacts->waiting_count++] =
			(struct waiting_row){member->id, changed_us(member), !member->strong};
		if (member->loses) {
			member->emptied = true;
			continue;
		}
		member->refold = false;
		contacts->refold_count--;
		for (unsigned j = 0; j < contacts->model->model->process_count; j++) {
			contacts_want(contacts, member, j)->wanted = false;
		}
	}
	arena_cut(cast->arena, contacts->waiting + contacts->waiting_count);
	return true;
}

/* ---- what is asked for ---- */

/* An ask for each process that is wanted of a contact, or one for all. */
static void ask_of(const struct contacts *contacts, const struct cast_member *member, struct read_ask *asks,
		   size_t *count)
{
	const struct model *model = contacts->model->model;
	if (contacts_is_whole(member)) {
		asks[(*count)++] = (struct read_ask){member->id, NULL, INT64_MIN, INT64_MIN, member->cleared};
		return;
	}
	int64_t before_us = changed_us(member) - PHASE_BURST_MS * CONTACTS_MS_US;
	for (unsigned i = 0; i < model->process_count; i++) {
		const struct contacts_want *want = contacts_want(contacts, member, i);
		if (want->wanted) { /* one that has waited and has no state yet has no earlier touch that matters */
			bool late = contacts->of_queue && !want->has_state;
			asks[(*count)++] = (struct read_ask){member->id, model->processes[i].name, before_us,
							     late ? before_us : INT64_MIN, member->cleared};
		}
	}
}

/* Are some of a moved actor's touches, after the batch, those of a contact that is refolded now? */
static bool gives_touches(const struct cast *cast, const struct cast_member *actor)
{
	if (actor->strong) {
		const struct cast_member *person = &cast->members[actor->person];
		return actor->consented && person->refold && !is_emptied(cast, person);
	}
	if (actor->stretches == NULL) {
		return actor->refold && !is_emptied(cast, actor);
	}
	for (size_t i = 0; i < actor->stretch_count; i++) {
		const struct cast_member *contact = cast_find(cast, &actor->stretches[i].contact_id);
		if (contact != NULL && contact->refold && !is_emptied(cast, contact)) {
			return true;
		}
	}
	return false;
}

/*
 * A person's touches are found by stretches, an anonymous contact's by its actor: it may have no stretch stored. Where
 * stretches have moved, the stored ones are no longer true: all touches of the actor are asked for, whosesoever they are.
 */
static bool list_asks(const struct contacts *contacts, struct read_rows *read)
{
	const struct cast *cast = contacts->cast;
	size_t moved = 0, room = contacts->refold_count * contacts->model->model->process_count + 1;
	uint32_t cleared = 0; /* of any of them: whose touches a moved actor's are is seen later */
	for (size_t i = 0; i < cast->count; i++) {
		moved += cast->members[i].moved ? 1 : 0;
		cleared |= cast->members[i].cleared;
	}
	struct read_ask *persons = arena_array(cast->arena, room, sizeof(*persons));
	struct read_ask *actors = arena_array(cast->arena, room + moved, sizeof(*actors));
	struct uuid *ids = arena_array(cast->arena, moved + 1, sizeof(*ids));
	if (persons == NULL || actors == NULL || ids == NULL) {
		return false;
	}
	for (size_t i = 0; i < cast->count; i++) {
		const struct cast_member *member = &cast->members[i];
		if (member->moved) {
			ids[read->moved_count++] = member->id;
		}
		if (member->moved && gives_touches(cast, member)) {
			actors[read->actor_count++] =
				(struct read_ask){member->id, NULL, INT64_MIN, INT64_MIN, cleared};
		} else if (member->refold && !member->moved && !member->strong && !is_emptied(cast, member)) {
			ask_of(contacts, member, actors, &read->actor_count);
		}
		if (member->refold && member->strong && !is_emptied(cast, member)) {
			ask_of(contacts, member, persons, &read->contact_count);
		}
	}
	read->contacts = persons;
	read->actors = actors;
	read->moved = ids;
	return true;
}

bool contacts_ask(struct contacts *contacts, const struct load_rows *load, const struct contacts_bounds *bounds,
		  struct read_rows *ret_read)
{
	struct cast *cast = contacts->cast;
	const struct model *model = contacts->model->model;
	*ret_read = (struct read_rows){.model_version = model->version};
	contacts->refold_count = 0;
	for (size_t i = 0; i < cast->count; i++) {
		struct cast_member *member = &cast->members[i];
		contacts->refold_count += member->refold ? 1 : 0;
		if (member->refold && member->of_other_model) {
			cast_refold(member, true, INT64_MIN);
		}
	}
	if (contacts->refold_count == 0) {
		return true;
	}
	contacts->wants = arena_zero(cast->arena, cast->count * model->process_count, sizeof(*contacts->wants));
	if (contacts->wants == NULL) {
		return false;
	}
	want_own(contacts);
	if (bounds != NULL && !bound(contacts, load, bounds)) {
		return false;
	}
	for (size_t i = 0; i < cast->count; i++) {
		if (cast->members[i].refold) {
			want_stored(contacts, load, &cast->members[i]);
		}
	}
	return list_asks(contacts, ret_read);
}

/* ---- those that have waited ---- */

/* Nothing of it can be gone on from: by another model, by another layout of states, or there is no checkpoint yet. */
static bool begins_anew(const struct contacts *contacts, const struct load_rows *load,
			const struct cast_member *member)
{
	const struct cast_slice *slice = &contacts->phases[cast_number(contacts->cast, member)];
	bool is_long = false;
	if (member->of_other_model) {
		return true;
	}
	for (size_t i = slice->first; i < slice->first + slice->count; i++) {
		const struct phase_row *row = &load->phases[i];
		if (row->fold_size > 0 && row->fold[0] != PHASE_PACK_VERSION) {
			return true;
		}
		is_long = is_long ||
			  phase_pack_taken(row->fold, row->fold_size) >= contacts->model->processes[0].checkpoint;
	}
	return !is_long;
}

bool contacts_of_waiting(struct contacts *contacts, struct cast *cast, const struct contacts_model *model,
			 const struct waiting_row *waiting, size_t count, struct load_rows *load)
{
	*contacts = (struct contacts){.cast = cast, .model = model, .of_queue = true};
	if (!runs_order_names(contacts) || !contacts_link_phases(contacts, load)) {
		return false;
	}
	CHECK(cast->count == count);
	for (size_t i = 0; i < count; i++) {
		struct cast_member *member = &cast->members[i];
		bool anew = begins_anew(contacts, load, member);
		cast_refold(member, true, anew ? INT64_MIN : waiting[i].from_us);
	}
	return true;
}
