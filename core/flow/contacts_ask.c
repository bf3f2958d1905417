/*
 * FOLD anew, before READ: which contacts in which processes, and which touches are asked for.
 */
#include "core/flow/contacts_inside.h"

#include <string.h>

#include "core/base/arena.h"
#include "core/base/moment.h"

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

/* From the start, every process there is; from some moment on, those that there is something of. */
static void want_all(struct contacts *contacts, const struct load_rows *load, const struct cast_member *member)
{
	const struct model *model = contacts->model->model;
	const struct cast_slice *slice = &contacts->phases[cast_number(contacts->cast, member)];
	for (unsigned i = 0; i < model->process_count && member->refold_us == INT64_MIN; i++) {
		contacts_want(contacts, member, i)->wanted = true;
	}
	for (size_t i = slice->first; i < slice->first + slice->count; i++) {
		int process = contacts_process(model, load->phases[i].process);
		if (process >= 0 && load->phases[i].fold_size > 0) {
			contacts_want(contacts, member, (unsigned)process)->wanted = true;
		}
	}
}

/* An ask for each process that is wanted of a contact, or one for all. */
static void ask_of(const struct contacts *contacts, const struct cast_member *member, struct read_ask *asks,
		   size_t *count)
{
	const struct model *model = contacts->model->model;
	if (contacts_is_whole(member)) {
		asks[(*count)++] = (struct read_ask){member->id, NULL, INT64_MIN};
		return;
	}
	int64_t changed_us = moment_floor(member->refold_us, CONTACTS_MS_US) * CONTACTS_MS_US;
	for (unsigned i = 0; i < model->process_count; i++) {
		if (contacts_want(contacts, member, i)->wanted) {
			asks[(*count)++] = (struct read_ask){member->id, model->processes[i].name,
							     changed_us - PHASE_BURST_MS * CONTACTS_MS_US};
		}
	}
}

/*
 * A person's touches are found by stretches, an anonymous contact's by its actor: it may have no stretch stored. Where
 * stretches have moved, the stored ones are no longer true: all touches of the actor are asked for, whosesoever they are.
 */
static bool list_asks(const struct contacts *contacts, struct read_rows *read)
{
	const struct cast *cast = contacts->cast;
	size_t moved = 0, room = contacts->refold_count * contacts->model->model->process_count + 1;
	for (size_t i = 0; i < cast->count; i++) {
		moved += cast->members[i].moved ? 1 : 0;
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
			actors[read->actor_count++] = (struct read_ask){member->id, NULL, INT64_MIN};
		} else if (member->refold && !member->strong) {
			ask_of(contacts, member, actors, &read->actor_count);
		}
		if (member->refold && member->strong) {
			ask_of(contacts, member, persons, &read->contact_count);
		}
	}
	read->contacts = persons;
	read->actors = actors;
	read->moved = ids;
	return true;
}

bool contacts_ask(struct contacts *contacts, const struct load_rows *load, struct read_rows *ret_read)
{
	struct cast *cast = contacts->cast;
	const struct model *model = contacts->model->model;
	*ret_read = (struct read_rows){.model_version = model->version};
	contacts->refold_count = 0;
	for (size_t i = 0; i < cast->count; i++) {
		contacts->refold_count += cast->members[i].refold ? 1 : 0;
	}
	if (contacts->refold_count == 0) {
		return true;
	}
	contacts->wants = arena_zero(cast->arena, cast->count * model->process_count, sizeof(*contacts->wants));
	if (contacts->wants == NULL) {
		return false;
	}
	want_own(contacts);
	for (size_t i = 0; i < cast->count; i++) {
		if (cast->members[i].refold && cast->members[i].refold_all) {
			want_all(contacts, load, &cast->members[i]);
		}
	}
	return list_asks(contacts, ret_read);
}
