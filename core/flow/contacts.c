/*
 * FOLD in order: new touches onto loaded states; and the rows that come of any folding.
 */
#include "core/flow/contacts_inside.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/model/phase_pack.h"

#define HOUR_US INT64_C(3600000000)

/* ---- results ---- */

void folding_begin(struct folding *folding, struct contacts *contacts, const struct cast_member *member,
		   unsigned process, bool late)
{
	folding->contacts = contacts;
	folding->process = &contacts->model->processes[process];
	folding->process_name = contacts->model->model->processes[process].name;
	folding->contact_id = member->id;
	folding->shown = SHOWN_UNKNOWN;
	folding->since_us = INT64_MIN;
	folding->late = late;
	folding->full = false;
}

/* Room for one more row of a list that grows. NULL: arena full. */
static void *one_more(struct arena *arena, void *rows, size_t size, size_t count, size_t *room)
{
	if (count < *room) {
		return rows;
	}
	size_t more = *room * 2 + 64;
	void *grown = arena_array(arena, more, size);
	if (grown == NULL) {
		return NULL;
	}
	if (count > 0) {
		memcpy(grown, rows, count * size);
	}
	*room = more;
	return grown;
}

static bool add_change(struct contacts *contacts, const struct change_row *change)
{
	struct change_row *changes = one_more(contacts->cast->arena, contacts->changes, sizeof(*changes),
					      contacts->change_count, &contacts->change_room);
	if (changes == NULL) {
		return false;
	}
	contacts->changes = changes;
	contacts->changes[contacts->change_count++] = *change;
	return true;
}

/* The state as bytes. NULL: arena full. */
static const uint8_t *pack(struct arena *arena, const struct phase_state *state, size_t *ret_size)
{
	uint8_t *packed = arena_take(arena, PHASE_PACK_SIZE_MAX);
	if (packed != NULL) {
		*ret_size = phase_pack(state, packed);
		arena_cut(arena, packed + *ret_size);
	}
	return packed;
}

static bool add_checkpoint(struct folding *folding, const struct phase_state *state)
{
	struct contacts *contacts = folding->contacts;
	struct checkpoint_row *rows = one_more(contacts->cast->arena, contacts->checkpoints, sizeof(*rows),
					       contacts->checkpoint_count, &contacts->checkpoint_room);
	if (rows == NULL) {
		return false;
	}
	contacts->checkpoints = rows;
	struct checkpoint_row *row = &rows[contacts->checkpoint_count++];
	*row = (struct checkpoint_row){
		.contact_id = folding->contact_id,
		.process = folding->process_name,
		.n = fold_checkpoint(folding->process, state),
		.at_us = state->last_ms * CONTACTS_MS_US,
		.shown = (int)folding->shown,
		.since_us = folding->since_us,
	};
	row->fold = pack(contacts->cast->arena, state, &row->fold_size);
	return row->fold != NULL;
}

void folding_checkpoint(void *context, const struct phase_state *state)
{
	struct folding *folding = context;
	folding->full = folding->full || !add_checkpoint(folding, state);
}

/* After the last touch of a millisecond that moved the state: is something else shown now? */
void folding_step(void *context, const struct phase_state *state, const struct fold_touch *touch)
{
	struct folding *folding = context;
	enum shown shown = fold_shown(state);
	if (folding->since_us == INT64_MIN) {
		folding->since_us = touch->ms * CONTACTS_MS_US;
	}
	if (shown == folding->shown) {
		return;
	}
	struct change_row change = {
		.contact_id = folding->contact_id,
		.process = folding->process_name,
		.at_us = touch->ms * CONTACTS_MS_US,
		.from_shown = (int)folding->shown,
		.to_shown = (int)shown,
		.cause = touch->id,
		.late = folding->late,
	};
	folding->full = folding->full || !add_change(folding->contacts, &change);
	folding->shown = shown;
	folding->since_us = change.at_us;
}

/* The row of a state. One that nothing has moved is written as a fresh arbiter is; clicks of a burst alone move nothing,
 * but the next click must find them. */
bool folding_end(struct folding *folding, const struct phase_state *state)
{
	struct contacts *contacts = folding->contacts;
	CHECK(contacts->state_count < contacts->state_room);
	struct state_row *row = &contacts->states[contacts->state_count];
	*row = (struct state_row){
		.contact_id = folding->contact_id,
		.process = folding->process_name,
		.fold = (const uint8_t *)"",
		.reported = MAIN_NONE,
		.since_us = INT64_MIN,
		.last_us = INT64_MIN,
		.review_us = INT64_MIN,
	};
	if (state->started || state->moved || state->click_count > 0) {
		row->fold = pack(contacts->cast->arena, state, &row->fold_size);
		if (row->fold == NULL) {
			return false;
		}
	}
	if (state->moved || state->closed) {
		struct phase_view view;
		fold_view(folding->process, state, state->counted_ms, &view);
		row->counted = state->counted;
		row->confirmed = state->confirmed;
		row->activity = view.activity;
		row->early = view.main[MAIN_EARLY];
		row->mid = view.main[MAIN_MID];
		row->late = view.main[MAIN_LATE];
		row->reported = (int)view.reported;
		row->shown = (int)view.shown;
		row->fine = view.fine;
		row->band = (int)view.band;
		row->since_us = folding->since_us;
		row->last_us = state->counted_ms * CONTACTS_MS_US;
		row->review_us = state->closed ? INT64_MIN : (moment_floor(row->last_us, HOUR_US) + 1) * HOUR_US;
	}
	contacts->state_count++;
	return !folding->full;
}

/* ---- in order ---- */

static int compare_phases(const void *a, const void *b)
{
	const struct phase_row *x = a, *y = b;
	int order = uuid_compare(&x->contact_id, &y->contact_id);
	return order != 0 ? order : strcmp(x->process, y->process);
}

/* Sorts what was loaded, as it mostly is, and notes where each member's rows are. */
static bool link_phases(struct contacts *contacts, struct load_rows *load)
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
	folding_begin(&folding, contacts, member, process_number, false);
	struct phase_state state;
	if (loaded == NULL || loaded->fold_size == 0) {
		fold_start(process, &state);
	} else if (loaded->model_version != contacts->model->model->version ||
		   !phase_unpack(loaded->fold, loaded->fold_size, &state)) {
		cast_refold(member, true, INT64_MIN);
		return true;
	} else {
		folding.shown = (enum shown)loaded->shown;
		folding.since_us = loaded->since_us;
	}
	for (size_t i = 0; i < count; i++) {
		uint32_t checkpoint = fold_checkpoint(process, &state);
		enum fold_result result = fold_touch(process, &state, &run[i]);
		if (result == FOLD_LATE || result == FOLD_BURST) {
			cast_refold(member, false, run[i].ms * CONTACTS_MS_US);
			return true;
		}
		if (result == FOLD_MOVED) {
			folding_step(&folding, &state, &run[i]);
		}
		if (fold_checkpoint(process, &state) > checkpoint) {
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
	size_t states = 0, changes = 0, checkpoints = 0;
	for (size_t i = 0; i < count;) {
		size_t end = runs_end(entries, count, i);
		struct cast_member *member = runs_member(contacts, &entries[i]);
		CHECK(member != NULL);
		if (member != last) {
			last = member;
			states = contacts->state_count;
			changes = contacts->change_count;
			checkpoints = contacts->checkpoint_count;
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
		}
		i = end;
	}
	return true;
}

bool contacts_in_order(struct contacts *contacts, struct cast *cast, const struct contacts_model *model,
		       const struct item *items, size_t count, struct load_rows *load)
{
	(void)count;
	struct arena *arena = cast->arena;
	*contacts = (struct contacts){.cast = cast, .model = model};
	if (!runs_order_names(contacts) || !link_phases(contacts, load)) {
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
