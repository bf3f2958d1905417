/*
 * FOLD anew: contacts whose history changed behind their state, from all their touches.
 */
#include "core/flow/contacts_inside.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"

bool contacts_ask(struct contacts *contacts, struct read_rows *ret_read)
{
	struct cast *cast = contacts->cast;
	size_t id_count = 0, actor_count = 0;
	for (size_t i = 0; i < cast->count; i++) {
		id_count += cast->members[i].refold ? 1 : 0;
		actor_count += cast->members[i].moved || cast->members[i].refold ? 1 : 0;
	}
	struct uuid *ids = arena_array(cast->arena, id_count + 1, sizeof(*ids));
	struct uuid *actors = arena_array(cast->arena, actor_count + 1, sizeof(*actors));
	if (ids == NULL || actors == NULL) {
		return false;
	}
	id_count = actor_count = 0;
	for (size_t i = 0; i < cast->count; i++) {
		const struct cast_member *member = &cast->members[i];
		if (member->refold) {
			ids[id_count++] = member->id;
		}
		/* Whose stretches moved: the stored ones are no longer true. An anonymous contact: it may have none stored. */
		if (member->moved || (member->refold && !member->strong)) {
			actors[actor_count++] = member->id;
		}
	}
	*ret_read = (struct read_rows){
		.model_version = contacts->model->model->version,
		.contacts = ids,
		.contact_count = id_count,
		.actors = actors,
		.actor_count = id_count > 0 ? actor_count : 0,
	};
	return true;
}

static int compare_row_keys(const void *a, const void *b)
{
	const struct touch_key *x = a, *y = b;
	int order = uuid_compare(&x->actor_id, &y->actor_id);
	if (order == 0) {
		order = (x->stamped_us > y->stamped_us) - (x->stamped_us < y->stamped_us);
	}
	return order != 0 ? order : (x->event_id > y->event_id) - (x->event_id < y->event_id);
}

/* Keys of the copies that this batch replaces: what was read of them stands no longer. */
static bool list_replaced(const struct contacts *contacts, const struct item *items, size_t count,
			  struct touch_key **ret_keys, size_t *ret_count)
{
	size_t used = 0;
	for (size_t i = 0; i < count; i++) {
		used += items[i].copy == COPY_REPLACES ? 1 : 0;
	}
	struct touch_key *keys = arena_array(contacts->cast->arena, used + 1, sizeof(*keys));
	if (keys == NULL) {
		return false;
	}
	used = 0;
	for (size_t i = 0; i < count; i++) {
		if (items[i].copy == COPY_REPLACES) {
			const struct touch *touch = &items[i].touch;
			keys[used++] = (struct touch_key){touch->actor_id, touch->stamped_us, touch->event_id};
		}
	}
	if (used > 1) {
		qsort(keys, used, sizeof(*keys), compare_row_keys);
	}
	*ret_keys = keys;
	*ret_count = used;
	return true;
}

static int find_process(const struct model *model, const char *name)
{
	for (unsigned i = 0; i < model->process_count; i++) {
		if (strcmp(model->processes[i].name, name) == 0) {
			return (int)i;
		}
	}
	return -1;
}

/* Whose touch a row is after the batch: its stretch says so, or those of its actor do. */
static struct cast_member *row_contact(const struct cast *cast, const struct touch_row *row)
{
	if (row->by_stretch) {
		return cast_find(cast, &row->contact_id);
	}
	struct cast_member *actor = cast_find(cast, &row->key.actor_id);
	CHECK(actor != NULL);
	return cast_contact(cast, actor, row->at_us, false);
}

static size_t list_rows(const struct contacts *contacts, const struct read_rows *read,
			const struct touch_key *replaced, size_t replaced_count, struct sort_entry *ret_entries)
{
	size_t used = 0;
	for (size_t i = 0; i < read->touch_count; i++) {
		const struct touch_row *row = &read->touches[i];
		if (row->process == NULL || !runs_input(row->party, row->reasons, row->rule, row->confirm)) {
			continue;
		}
		struct cast_member *contact = row_contact(contacts->cast, row);
		int process = find_process(contacts->model->model, row->process);
		if (contact == NULL || !contact->refold || process < 0 ||
		    (replaced_count > 0 &&
		     bsearch(&row->key, replaced, replaced_count, sizeof(*replaced), compare_row_keys) != NULL)) {
			continue;
		}
		ret_entries[used++] =
			runs_entry(contacts, contact, (unsigned)process, contacts->cast->touch_count + i);
	}
	return used;
}

/* The batch's own touches of those who are refolded. */
static size_t list_own(const struct contacts *contacts, struct sort_entry *ret_entries)
{
	size_t used = 0;
	for (size_t i = 0; i < contacts->entry_count; i++) {
		if (runs_member(contacts, &contacts->entries[i])->refold) {
			ret_entries[used++] = contacts->entries[i];
		}
	}
	return used;
}

static bool refold_run(struct contacts *contacts, const struct cast_member *member, unsigned process,
		       const struct fold_touch *touches, size_t count, bool *scratch)
{
	struct folding folding;
	folding_begin(&folding, contacts, member, process, true);
	struct phase_state state;
	fold_all(folding.process, touches, count, scratch, &state, NULL, folding_step, &folding);
	return folding_end(&folding, &state);
}

/* Which processes of which members a run was folded of; of the rest that was loaded nothing is left. */
static bool refold_runs(struct contacts *contacts, const struct item *items, const struct read_rows *read,
			const struct sort_entry *entries, size_t count, size_t longest, bool *folded)
{
	struct arena *arena = contacts->cast->arena;
	struct fold_touch *touches = arena_array(arena, longest + 1, sizeof(*touches));
	bool *scratch = arena_array(arena, longest + 1, sizeof(*scratch));
	if (touches == NULL || scratch == NULL) {
		return false;
	}
	for (size_t i = 0; i < count;) {
		size_t end = runs_end(entries, count, i);
		const struct cast_member *member = runs_member(contacts, &entries[i]);
		unsigned process = runs_process(contacts, &entries[i]);
		folded[cast_number(contacts->cast, member) * contacts->model->model->process_count + process] =
			true;
		runs_fill(contacts, items, read, entries + i, end - i, touches);
		if (!refold_run(contacts, member, process, touches, end - i, scratch)) {
			return false;
		}
		i = end;
	}
	return true;
}

/* Rows of refolded contacts that have no touch left in their process: emptied. */
static bool empty_rest(struct contacts *contacts, const struct load_rows *load, const bool *folded)
{
	unsigned processes = contacts->model->model->process_count;
	for (size_t i = 0; i < contacts->cast->count; i++) {
		const struct cast_member *member = &contacts->cast->members[i];
		const struct cast_slice *slice = &contacts->phases[i];
		for (size_t j = slice->first; member->refold && j < slice->first + slice->count; j++) {
			const struct phase_row *row = &load->phases[j];
			int process = find_process(contacts->model->model, row->process);
			bool none;
			if (process >= 0 && row->fold_size > 0 && !folded[i * processes + (unsigned)process] &&
			    !refold_run(contacts, member, (unsigned)process, NULL, 0, &none)) {
				return false;
			}
		}
	}
	return true;
}

/* Room for the states of all contacts that are refolded, beside those that are there. */
static bool make_states(struct contacts *contacts)
{
	size_t room = contacts->state_count;
	for (size_t i = 0; i < contacts->cast->count; i++) {
		room += contacts->cast->members[i].refold ? contacts->model->model->process_count : 0;
	}
	if (room > contacts->state_room) {
		struct state_row *states = arena_array(contacts->cast->arena, room, sizeof(*states));
		if (states == NULL) {
			return false;
		}
		memcpy(states, contacts->states, contacts->state_count * sizeof(*states));
		contacts->states = states;
		contacts->state_room = room;
	}
	return true;
}

static int compare_states(const void *a, const void *b)
{
	const struct state_row *x = a, *y = b;
	int order = uuid_compare(&x->contact_id, &y->contact_id);
	return order != 0 ? order : strcmp(x->process, y->process);
}

/* The states from `first` on, sorted, go in among those before them, which are. */
static bool merge_states(struct contacts *contacts, size_t first)
{
	size_t count = contacts->state_count - first;
	struct arena *arena = contacts->cast->arena;
	size_t mark = arena->used;
	struct state_row *late = arena_array(arena, count + 1, sizeof(*late));
	if (late == NULL) {
		return false;
	}
	memcpy(late, contacts->states + first, count * sizeof(*late));
	qsort(late, count, sizeof(*late), compare_states);
	size_t at = contacts->state_count;
	while (count > 0) {
		bool from_late = first == 0 || compare_states(&contacts->states[first - 1], &late[count - 1]) < 0;
		contacts->states[--at] = from_late ? late[--count] : contacts->states[--first];
	}
	arena_back(arena, mark);
	return true;
}

bool contacts_refold(struct contacts *contacts, const struct item *items, size_t count,
		     const struct load_rows *load, const struct read_rows *read)
{
	struct cast *cast = contacts->cast;
	struct arena *arena = cast->arena;
	size_t room = read->touch_count + contacts->entry_count;
	struct sort_entry *entries = arena_array(arena, room + 1, sizeof(*entries));
	struct sort_entry *spare = arena_array(arena, room + 1, sizeof(*spare));
	bool *folded = arena_zero(arena, cast->count * contacts->model->model->process_count + 1, sizeof(*folded));
	struct touch_key *replaced;
	size_t replaced_count, longest, first = contacts->state_count;
	if (entries == NULL || spare == NULL || folded == NULL || !make_states(contacts) ||
	    !list_replaced(contacts, items, count, &replaced, &replaced_count)) {
		return false;
	}
	size_t used = list_rows(contacts, read, replaced, replaced_count, entries);
	used += list_own(contacts, entries + used);
	sort_entries(entries, used, spare);
	runs_count(entries, used, &longest);
	return refold_runs(contacts, items, read, entries, used, longest, folded) &&
	       empty_rest(contacts, load, folded) && merge_states(contacts, first);
}
