/*
 * FOLD in order: new touches onto loaded states.
 */
#include "core/flow/contacts_inside.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/model/phase_pack.h"

static int compare_phases(const void *a, const void *b)
{
	const struct phase_row *x = a, *y = b;
	int order = uuid_compare(&x->contact_id, &y->contact_id);
	return order != 0 ? order : strcmp(x->process, y->process);
}

/* Its arbiter says which model a contact is under; so does every state. */
static bool is_of_other_model(const struct contacts *contacts, const struct phase_row *row)
{
	return row->model_version != contacts->model->model->version &&
	       (row->fold_size > 0 || strcmp(row->process, ARBITER_PROCESS) == 0);
}

bool contacts_link_phases(struct contacts *contacts, struct load_rows *load)
{
	struct cast *cast = contacts->cast;
	contacts->phases = arena_array(cast->arena, cast->count + 1, sizeof(*contacts->phases));
	if (contacts->phases == NULL) {
		return false;
	}
	for (size_t i = 1; i < load->phase_count; i++) {
		if (compare_phases(&load->phases[i - 1], &load->phases[i]) > 0) {
			qsort(load->phases, load->phase_count, sizeof(*load->phases), compare_phases);
			break;
		}
	}
	contacts->loaded = load->phases;
	size_t at = 0;
	for (size_t i = 0; i < cast->count; i++) {
		struct cast_member *member = &cast->members[i];
		while (at < load->phase_count && uuid_compare(&load->phases[at].contact_id, &member->id) < 0) {
			at++;
		}
		contacts->phases[i].first = (uint32_t)at;
		for (; at < load->phase_count && uuid_equal(&load->phases[at].contact_id, &member->id); at++) {
			/* What an erasure leaves of somebody is an empty arbiter alone, of whatever version. */
			member->has_actor_row = member->has_actor_row ||
						(load->phases[at].version > 0 && load->phases[at].fold_size > 0);
			member->cleared |= load->phases[at].cleared;
			member->of_other_model =
				member->of_other_model || is_of_other_model(contacts, &load->phases[at]);
		}
		contacts->phases[i].count = (uint32_t)at - contacts->phases[i].first;
	}
	return true;
}

static const struct phase_row *find_phase(const struct contacts *contacts, const struct load_rows *load,
					  const struct cast_member *member, const char *process)
{
	const struct cast_slice *slice = &contacts->phases[cast_number(contacts->cast, member)];
	for (size_t i = slice->first; i < slice->first + slice->count; i++) {
		if (strcmp(load->phases[i].process, process) == 0) {
			return &load->phases[i];
		}
	}
	return NULL;
}

/* Folds a run of new touches of one contact in one process; or says that the contact must be refolded instead. */
static bool fold_run(struct contacts *contacts, const struct load_rows *load, struct cast_member *member,
		     unsigned process_number, const struct fold_touch *run, size_t count)
{
	const char *name = contacts->model->model->processes[process_number].name;
	const struct fold_process *process = &contacts->model->processes[process_number];
	const struct phase_row *loaded = find_phase(contacts, load, member, name);
	struct folding folding;
	folding_begin(&folding, contacts, &member->id, process_number, false);
	struct phase_state state;
	if (loaded == NULL || loaded->fold_size == 0) {
		fold_start(process, &state);
	} else if (!phase_unpack(loaded->fold, loaded->fold_size, &state)) {
		cast_refold(member, true, INT64_MIN);
		return true;
	} else {
		folding_load(&folding, loaded, &state);
	}
	uint32_t checkpoint = fold_checkpoint(process, &state);
	for (size_t i = 0; i < count; i++) {
		enum fold_result result = fold_touch(process, &state, &run[i]);
		if (result == FOLD_LATE || result == FOLD_BURST) {
			cast_refold(member, false, run[i].ms * CONTACTS_MS_US);
			return true;
		}
		if (result == FOLD_MOVED) {
			folding_step(&folding, &state, &run[i]);
		}
		uint32_t now = fold_checkpoint(process, &state);
		if (now > checkpoint) {
			checkpoint = now;
			folding_checkpoint(&folding, &state);
		}
	}
	return folding_end(&folding, &state);
}

#define AHEAD 8 /* items are anywhere in memory: asked for so many touches ahead */

/* Folds the runs; where one says that its contact must be refolded, what its other processes gave is taken out. */
static bool fold_runs(struct contacts *contacts, const struct item *items, const struct load_rows *load,
		      struct fold_touch *touches)
{
	const struct sort_entry *entries = contacts->entries;
	size_t count = contacts->entry_count;
	const struct cast_member *last = NULL;
	size_t states = 0, changes = 0, checkpoints = 0, undone = 0;
	for (size_t i = 0; i < count;) {
		size_t end = runs_end(entries, count, i);
		struct cast_member *member = runs_member(contacts, &entries[i]);
		CHECK(member != NULL);
		if (member != last) {
			last = member;
			states = contacts->state_count;
			changes = contacts->change_count;
			checkpoints = contacts->checkpoint_count;
			undone = contacts->undone_count;
			if (member->of_other_model) { /* be it in another process, or in none yet */
				cast_refold(member, true, INT64_MIN);
			}
		}
		for (size_t j = i + AHEAD; j < end + AHEAD && j < count; j++) {
			__builtin_prefetch(&items[contacts->cast->touch_items[entries[j].place]].match);
		}
		if (!member->refold) {
			runs_fill(contacts, items, NULL, entries + i, end - i, touches);
			if (!fold_run(contacts, load, member, runs_process(contacts, &entries[i]), touches,
				      end - i)) {
				return false;
			}
		}
		if (member->refold) {
			contacts->state_count = states;
			contacts->change_count = changes;
			contacts->checkpoint_count = checkpoints;
			contacts->undone_count = undone;
		}
		i = end;
	}
	return true;
}

bool contacts_in_order(struct contacts *contacts, struct cast *cast, const struct contacts_model *model,
		       const struct item *items, struct load_rows *load)
{
	struct arena *arena = cast->arena;
	*contacts = (struct contacts){.cast = cast, .model = model};
	if (!runs_order_names(contacts) || !contacts_link_phases(contacts, load)) {
		return false;
	}
	struct sort_entry *entries = arena_array(arena, cast->touch_count + 1, sizeof(*entries));
	if (entries == NULL) {
		return false;
	}
	size_t longest, used = runs_list(contacts, items, entries);
	arena_cut(arena, entries + used);
	contacts->entries = entries;
	contacts->entry_count = used;
	struct sort_entry *spare = arena_array(arena, used + 1, sizeof(*spare));
	if (spare == NULL) {
		return false;
	}
	sort_entries(entries, used, spare);
	arena_cut(arena, spare);
	/* One state a run; refolded, one a process of each contact. */
	contacts->state_room = runs_count(entries, used, &longest);
	for (size_t i = 0; i < cast->count; i++) {
		contacts->state_room += cast->members[i].refold ? model->model->process_count : 0;
	}
	contacts->states = arena_array(arena, contacts->state_room + 1, sizeof(struct state_row));
	struct fold_touch *touches = arena_array(arena, longest + 1, sizeof(*touches));
	return contacts->states != NULL && touches != NULL && fold_runs(contacts, items, load, touches);
}
