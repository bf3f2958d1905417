/*
 * FOLD anew: contacts whose history changed behind their state, from the last checkpoint before what changed.
 *
 * A click says something of clicks up to a minute before it (whether they were a scanner's), and of nothing earlier: a
 * checkpoint that lies over a minute before the first change is as it was, and holds all that later touches need of
 * earlier ones.
 */
#include "core/flow/contacts_inside.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/flow/fold_input.h"
#include "core/model/phase_pack.h"

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
	size_t used = 0, room = contacts->cast->added.replaced;
	struct touch_key *keys = arena_array(contacts->cast->arena, room + 1, sizeof(*keys));
	if (keys == NULL) {
		return false;
	}
	for (size_t i = 0; i < count && used < room; i++) {
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

/* From which checkpoint each process goes on. */
static void link_checkpoints(const struct contacts *contacts, const struct read_rows *read)
{
	for (size_t i = 0; i < read->checkpoint_count; i++) {
		const struct checkpoint_row *row = &read->checkpoints[i];
		const struct cast_member *contact = cast_find(contacts->cast, &row->contact_id);
		int process = contacts_process(contacts->model->model, row->process);
		CHECK(contact != NULL && process >= 0);
		contacts_want(contacts, contact, (unsigned)process)->from = row;
	}
}

/* By the id that a row was read by; `last` has found the row before, and rows of one id come together. */
static struct cast_member *find_member(const struct cast *cast, const struct uuid *id, struct cast_member **last)
{
	if (*last == NULL || !uuid_equal(&(*last)->id, id)) {
		*last = cast_find(cast, id);
	}
	return *last;
}

/* Whose touch a row is after the batch: its stretch says so, or those of its actor do. NULL: it was not asked for. */
static struct cast_member *row_contact(const struct cast *cast, const struct touch_row *row,
				       struct cast_member **last)
{
	if (row->by_stretch) {
		return find_member(cast, &row->contact_id, last);
	}
	const struct cast_member *actor = find_member(cast, &row->key.actor_id, last);
	CHECK(actor != NULL);
	struct cast_member *contact = cast_contact(cast, actor, row->at_us, false);
	return actor->moved || contact == actor ? contact : NULL;
}

/* A person's touches lie where their stretches are, whosesoever the actor is; but for one of several actors, each of whom may have
 * withdrawn at another time. */
static bool is_erased(const struct cast *cast, const struct touch_row *row, const struct cast_member *contact)
{
	if (!cast->erases) {
		return false;
	}
	const struct cast_member *actor =
		row->by_stretch && !cast->reads_keys ? contact : cast_find(cast, &row->key.actor_id);
	return actor != NULL && cast_is_erased(actor, row->at_us);
}

/* Is it to be folded, after the checkpoint that its process goes on from? */
static bool is_wanted(const struct contacts *contacts, const struct touch_row *row, struct cast_member **last,
		      struct cast_member **ret_contact)
{
	*ret_contact = row->process >= 0 ? row_contact(contacts->cast, row, last) : NULL;
	if (*ret_contact == NULL || is_erased(contacts->cast, row, *ret_contact) ||
	    !fold_input_counts(row->party, row->reasons, (*ret_contact)->cleared, row->rule, row->confirm)) {
		return false;
	}
	const struct contacts_want *want = contacts_want(contacts, *ret_contact, (unsigned)row->process);
	return want->wanted && (want->from == NULL || moment_floor(row->at_us, CONTACTS_MS_US) >
							      moment_floor(want->from->at_us, CONTACTS_MS_US));
}

static size_t list_rows(const struct contacts *contacts, const struct read_rows *read,
			const struct touch_key *replaced, size_t replaced_count, struct sort_entry *ret_entries)
{
	size_t used = 0;
	struct cast_member *last = NULL;
	for (size_t i = 0; i < read->touch_count; i++) {
		const struct touch_row *row = &read->touches[i];
		struct cast_member *contact;
		if (!is_wanted(contacts, row, &last, &contact) ||
		    (replaced_count > 0 &&
		     bsearch(&row->key, replaced, replaced_count, sizeof(*replaced), compare_row_keys) != NULL)) {
			continue;
		}
		ret_entries[used++] =
			runs_entry(contacts, contact, (unsigned)row->process, contacts->cast->touch_count + i);
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

/* From a checkpoint or the start. Every checkpoint was packed as we pack: READ passes over others. */
static bool refold_run(struct contacts *contacts, const struct cast_member *member, unsigned process,
		       const struct fold_touch *touches, size_t count, bool *scratch)
{
	struct contacts_want *want = contacts_want(contacts, member, process);
	struct folding folding;
	struct phase_state state;
	folding_begin(&folding, contacts, &member->id, process, true);
	const struct fold_hooks hooks = {folding_step, folding_checkpoint, &folding};
	if (want->from == NULL) {
		fold_start(folding.process, &state);
	} else {
		CHECK(phase_unpack(want->from->fold, want->from->fold_size, &state));
		folding_go_on(&folding, &state, (enum shown)want->from->shown, want->from->since_us);
	}
	want->done = true;
	fold_on(folding.process, touches, count, scratch, &state, NULL, &hooks);
	folding_pass(&folding, moment_floor(contacts->now_us, CONTACTS_MS_US));
	return folding_end(&folding, &state);
}

static bool refold_runs(struct contacts *contacts, const struct item *items, const struct read_rows *read,
			const struct sort_entry *entries, size_t count, size_t longest)
{
	struct arena *arena = contacts->cast->arena;
	struct fold_touch *touches = arena_array(arena, longest + 1, sizeof(*touches));
	bool *scratch = arena_array(arena, longest + 1, sizeof(*scratch));
	if (touches == NULL || scratch == NULL) {
		return false;
	}
	for (size_t i = 0; i < count;) {
		size_t end = runs_end(entries, count, i);
		runs_fill(contacts, items, read, entries + i, end - i, touches);
		if (!refold_run(contacts, runs_member(contacts, &entries[i]), runs_process(contacts, &entries[i]),
				touches, end - i, scratch)) {
			return false;
		}
		i = end;
	}
	return true;
}

/* States in processes that the model has not are emptied. */
static void empty_unknown(struct contacts *contacts, const struct cast_member *member)
{
	const struct cast_slice *slice = &contacts->phases[cast_number(contacts->cast, member)];
	for (size_t i = slice->first; i < slice->first + slice->count; i++) {
		const struct phase_row *row = &contacts->loaded[i];
		if (row->fold_size > 0 && contacts_process(contacts->model->model, row->process) < 0) {
			folding_empty(contacts, &member->id, row->process);
		}
	}
}

/* An arbiter says which model its contact is under, be there a touch or not. */
static bool is_owed(const struct cast_member *member, const struct contacts_want *want, const char *process)
{
	return !want->done && (want->from != NULL || want->has_state ||
			       (member->of_other_model && strcmp(process, ARBITER_PROCESS) == 0));
}

/* Processes without a touch behind their checkpoint are as they were there; those without any are emptied. And what of
 * each contact was folded anew. */
static bool finish_contact(struct contacts *contacts, const struct cast_member *member)
{
	const struct model *model = contacts->model->model;
	if (contacts_is_whole(member)) {
		contacts->refolded[contacts->refolded_count++] =
			(struct refolded_row){member->id, NULL, INT64_MIN, 0};
		empty_unknown(contacts, member);
	}
	for (unsigned i = 0; i < model->process_count; i++) {
		const struct contacts_want *want = contacts_want(contacts, member, i);
		bool none;
		if (!want->wanted) {
			continue;
		}
		if (is_owed(member, want, model->processes[i].name) &&
		    !refold_run(contacts, member, i, NULL, 0, &none)) {
			return false;
		}
		if (!contacts_is_whole(member)) {
			contacts->refolded[contacts->refolded_count++] =
				(struct refolded_row){member->id, model->processes[i].name,
						      want->from != NULL ? want->from->at_us : INT64_MIN,
						      want->from != NULL ? want->from->n : 0};
		}
	}
	return true;
}

static bool finish_contacts(struct contacts *contacts)
{
	size_t room = contacts->refold_count * contacts->model->model->process_count;
	contacts->refolded = arena_array(contacts->cast->arena, room + 1, sizeof(*contacts->refolded));
	if (contacts->refolded == NULL) {
		return false;
	}
	for (size_t i = 0; i < contacts->cast->count; i++) {
		const struct cast_member *member = &contacts->cast->members[i];
		if (member->refold && !finish_contact(contacts, member)) {
			return false;
		}
	}
	return true;
}

/* Room for the states of all contacts that are refolded, beside those that are there. */
static bool make_states(struct contacts *contacts)
{
	size_t room = contacts->state_count + contacts->refold_count * contacts->model->model->process_count;
	for (size_t i = 0; i < contacts->cast->count; i++) {
		room += contacts->cast->members[i].of_other_model ? contacts->phases[i].count : 0;
	}
	if (room > contacts->state_room) {
		struct state_row *states = arena_array(contacts->cast->arena, room, sizeof(*states));
		if (states == NULL) {
			return false;
		}
		if (contacts->state_count > 0) {
			memcpy(states, contacts->states, contacts->state_count * sizeof(*states));
		}
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
		     const struct read_rows *read, int64_t now_us)
{
	struct cast *cast = contacts->cast;
	struct arena *arena = cast->arena;
	size_t room = read->touch_count + contacts->entry_count;
	struct sort_entry *entries = arena_array(arena, room + 1, sizeof(*entries));
	struct sort_entry *spare = arena_array(arena, room + 1, sizeof(*spare));
	struct touch_key *replaced;
	size_t replaced_count, longest, first = contacts->state_count;
	if (entries == NULL || spare == NULL || !make_states(contacts) ||
	    !list_replaced(contacts, items, count, &replaced, &replaced_count)) {
		return false;
	}
	contacts->now_us = now_us;
	link_checkpoints(contacts, read);
	size_t used = list_rows(contacts, read, replaced, replaced_count, entries);
	used += list_own(contacts, entries + used);
	sort_entries(entries, used, spare);
	runs_count(entries, used, &longest);
	return refold_runs(contacts, items, read, entries, used, longest) && finish_contacts(contacts) &&
	       merge_states(contacts, first);
}
