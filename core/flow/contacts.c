#include "core/flow/contacts.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/model/phase_pack.h"

#define MS_US INT64_C(1000)
#define HOUR_US INT64_C(3600000000)

/* One touch for the fold, and of which contact in which process. */
struct entry {
	uint32_t member;
	uint16_t process;
	struct fold_touch touch;
};

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	if (x->member != y->member) {
		return x->member < y->member ? -1 : 1;
	}
	if (x->process != y->process) {
		return x->process < y->process ? -1 : 1;
	}
	return fold_compare(&x->touch, &y->touch);
}

/* Is it input of the fold at all? A person's, no machine's, with a rule; or a CONFIRM that names a phase. */
static bool fold_input(int party, uint32_t reasons, int rule, uint16_t confirm)
{
	return reasons == 0 && (confirm != 0 || (party == PARTY_PERSON && rule >= 0));
}

static struct fold_touch to_fold(int64_t at_us, uint64_t event_id, int rule, bool mail_click, uint64_t link,
				 uint16_t confirm)
{
	return (struct fold_touch){
		.ms = moment_floor(at_us, MS_US),
		.id = event_id,
		.kind = confirm != 0 ? FOLD_CONFIRM : FOLD_TOUCH,
		.rule = confirm != 0 ? confirm : (uint16_t)rule,
		.mail_click = confirm == 0 && mail_click,
		.link = link,
	};
}

/* ---- results ---- */

/* What is collected while one contact's process is folded. */
struct folding {
	struct contacts *contacts;
	const struct fold_process *process;
	const char *process_name;
	struct uuid contact_id;
	enum shown shown;
	int64_t since_us; /* INT64_MIN: nothing shown yet */
	bool late;	  /* a refold: what changes was not noticed when it happened */
	bool full;
};

static bool add_change(struct contacts *contacts, const struct change_row *change)
{
	if (contacts->change_count == contacts->change_room) {
		size_t room = contacts->change_room * 2 + 64;
		struct change_row *changes = arena_zero(contacts->cast->arena, room, sizeof(*changes));
		if (changes == NULL) {
			return false;
		}
		if (contacts->change_count > 0) {
			memcpy(changes, contacts->changes, contacts->change_count * sizeof(*changes));
		}
		contacts->changes = changes;
		contacts->change_room = room;
	}
	contacts->changes[contacts->change_count++] = *change;
	return true;
}

/* After the last touch of a millisecond that moved the state: is something else shown now? */
static void on_step(void *context, const struct phase_state *state, const struct fold_touch *touch)
{
	struct folding *folding = context;
	struct phase_view view;
	fold_view(folding->process, state, touch->ms, &view);
	if (folding->since_us == INT64_MIN) {
		folding->since_us = touch->ms * MS_US;
	}
	if (view.shown == folding->shown) {
		return;
	}
	struct change_row change = {
		.contact_id = folding->contact_id,
		.process = folding->process_name,
		.at_us = touch->ms * MS_US,
		.from_shown = (int)folding->shown,
		.to_shown = (int)view.shown,
		.cause = touch->id,
		.late = folding->late,
	};
	folding->full = folding->full || !add_change(folding->contacts, &change);
	folding->shown = view.shown;
	folding->since_us = change.at_us;
}

/* The row of a state. One that nothing has moved is written as a fresh arbiter is; clicks of a burst alone move nothing,
 * but the next click must find them. */
static bool add_state(struct folding *folding, const struct phase_state *state)
{
	struct contacts *contacts = folding->contacts;
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
		uint8_t packed[PHASE_PACK_SIZE_MAX];
		row->fold_size = phase_pack(state, packed);
		row->fold =
			(const uint8_t *)arena_text(contacts->cast->arena, (const char *)packed, row->fold_size);
		if (row->fold == NULL) {
			return false;
		}
	}
	if (state->moved) {
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
		row->last_us = state->counted_ms * MS_US;
		row->review_us = (moment_floor(row->last_us, HOUR_US) + 1) * HOUR_US;
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

static const struct phase_row *find_phase(const struct load_rows *load, const struct uuid *id, const char *process)
{
	struct phase_row key = {.contact_id = *id, .process = process};
	return load->phase_count == 0
		       ? NULL
		       : bsearch(&key, load->phases, load->phase_count, sizeof(key), compare_phases);
}

/* Folds a run of new touches of one contact in one process; says whether the contact must be refolded instead. */
static bool fold_run(struct contacts *contacts, const struct load_rows *load, const struct entry *run,
		     size_t count, bool *ret_refold)
{
	struct cast_member *member = &contacts->cast->members[run->member];
	const char *name = contacts->model->model->processes[run->process].name;
	const struct fold_process *process = &contacts->model->processes[run->process];
	const struct phase_row *loaded = find_phase(load, &member->id, name);
	struct folding folding = {
		.contacts = contacts,
		.process = process,
		.process_name = name,
		.contact_id = member->id,
		.since_us = INT64_MIN,
	};
	struct phase_state state;
	fold_start(process, &state);
	if (loaded != NULL && loaded->fold_size > 0) {
		if (loaded->model_version != contacts->model->model->version ||
		    !phase_unpack(loaded->fold, loaded->fold_size, &state)) {
			*ret_refold = true;
			return true;
		}
		folding.shown = (enum shown)loaded->shown;
		folding.since_us = loaded->since_us;
	}
	size_t changes_before = contacts->change_count;
	for (size_t i = 0; i < count; i++) {
		enum fold_result result = fold_touch(process, &state, &run[i].touch);
		if (result == FOLD_LATE || result == FOLD_BURST) {
			contacts->change_count = changes_before;
			*ret_refold = true;
			return true;
		}
		if (result == FOLD_MOVED) {
			on_step(&folding, &state, &run[i].touch);
		}
	}
	*ret_refold = false;
	return add_state(&folding, &state);
}

/* Takes out what was folded of contacts that are refolded after all (another process of theirs had a late touch). */
static void drop_refolded(struct contacts *contacts)
{
	size_t kept = 0;
	for (size_t i = 0; i < contacts->state_count; i++) {
		if (!cast_find(contacts->cast, &contacts->states[i].contact_id)->refold) {
			contacts->states[kept++] = contacts->states[i];
		}
	}
	contacts->state_count = kept;
	kept = 0;
	for (size_t i = 0; i < contacts->change_count; i++) {
		if (!cast_find(contacts->cast, &contacts->changes[i].contact_id)->refold) {
			contacts->changes[kept++] = contacts->changes[i];
		}
	}
	contacts->change_count = kept;
}

/* The batch's own touches that are the fold's input, of contacts that are (not) refolded. */
static size_t list_items(const struct contacts *contacts, const struct item *items, size_t count, bool refolded,
			 struct entry *ret_entries)
{
	size_t used = 0;
	for (size_t i = 0; i < count; i++) {
		const struct item *item = &items[i];
		if (item->copy == COPY_LOSES ||
		    !fold_input(item->touch.party, item->touch.reasons, item->match.rule, item->match.confirm)) {
			continue;
		}
		struct cast *cast = contacts->cast;
		struct cast_member *actor = cast_find(cast, &item->touch.actor_id);
		struct cast_member *contact = cast_contact(cast, actor, item->touch.at_us, false);
		if (contact == NULL || contact->refold != refolded) {
			continue;
		}
		ret_entries[used++] = (struct entry){
			.member = (uint32_t)(contact - cast->members),
			.process = (uint16_t)item->match.process,
			.touch = to_fold(item->touch.at_us, item->touch.event_id, item->match.rule,
					 item->match.mail_click, item->match.link, item->match.confirm),
		};
	}
	return used;
}

static size_t run_end(const struct entry *entries, size_t count, size_t start)
{
	size_t end = start + 1;
	while (end < count && entries[end].member == entries[start].member &&
	       entries[end].process == entries[start].process) {
		end++;
	}
	return end;
}

bool contacts_in_order(struct contacts *contacts, struct cast *cast, const struct contacts_model *model,
		       const struct item *items, size_t count, struct load_rows *load)
{
	*contacts = (struct contacts){.cast = cast, .model = model};
	/* In order at most a state a touch; refolded, one a process of each contact. */
	size_t room = count + cast->count * model->model->process_count + 1;
	contacts->states = arena_zero(cast->arena, room, sizeof(struct state_row));
	struct entry *entries = arena_zero(cast->arena, count + 1, sizeof(*entries));
	if (contacts->states == NULL || entries == NULL) {
		return false;
	}
	if (load->phase_count > 1) {
		qsort(load->phases, load->phase_count, sizeof(*load->phases), compare_phases);
	}
	size_t used = list_items(contacts, items, count, false, entries);
	if (used > 1) {
		qsort(entries, used, sizeof(*entries), compare_entries);
	}
	bool any_refold = false;
	for (size_t i = 0; i < used;) {
		size_t end = run_end(entries, used, i);
		struct cast_member *member = &cast->members[entries[i].member];
		bool refold = false;
		if (!member->refold && !fold_run(contacts, load, entries + i, end - i, &refold)) {
			return false;
		}
		member->refold = member->refold || refold;
		any_refold = any_refold || refold;
		i = end;
	}
	if (any_refold) {
		drop_refolded(contacts);
	}
	return true;
}

/* ---- refold ---- */

bool contacts_ask(struct contacts *contacts, struct read_rows *ret_read)
{
	struct cast *cast = contacts->cast;
	struct uuid *ids = arena_zero(cast->arena, cast->count + 1, sizeof(*ids));
	struct uuid *actors = arena_zero(cast->arena, cast->count + 1, sizeof(*actors));
	if (ids == NULL || actors == NULL) {
		return false;
	}
	size_t id_count = 0, actor_count = 0;
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
	struct touch_key *keys = arena_zero(contacts->cast->arena, count + 1, sizeof(*keys));
	if (keys == NULL) {
		return false;
	}
	size_t used = 0;
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
			const struct touch_key *replaced, size_t replaced_count, struct entry *ret_entries)
{
	size_t used = 0;
	for (size_t i = 0; i < read->touch_count; i++) {
		const struct touch_row *row = &read->touches[i];
		if (row->process == NULL || !fold_input(row->party, row->reasons, row->rule, row->confirm)) {
			continue;
		}
		struct cast_member *contact = row_contact(contacts->cast, row);
		int process = find_process(contacts->model->model, row->process);
		if (contact == NULL || !contact->refold || process < 0 ||
		    (replaced_count > 0 &&
		     bsearch(&row->key, replaced, replaced_count, sizeof(*replaced), compare_row_keys) != NULL)) {
			continue;
		}
		ret_entries[used++] = (struct entry){
			.member = (uint32_t)(contact - contacts->cast->members),
			.process = (uint16_t)process,
			.touch = to_fold(row->at_us, row->key.event_id, row->rule, row->mail_click, row->link,
					 row->confirm),
		};
	}
	return used;
}

static bool refold_run(struct contacts *contacts, const struct entry *run, size_t count, uint32_t member,
		       unsigned process)
{
	struct arena *arena = contacts->cast->arena;
	struct fold_touch *touches = arena_zero(arena, count + 1, sizeof(*touches));
	bool *scratch = arena_zero(arena, count + 1, sizeof(*scratch));
	if (touches == NULL || scratch == NULL) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		touches[i] = run[i].touch;
	}
	struct folding folding = {
		.contacts = contacts,
		.process = &contacts->model->processes[process],
		.process_name = contacts->model->model->processes[process].name,
		.contact_id = contacts->cast->members[member].id,
		.since_us = INT64_MIN,
		.late = true,
	};
	struct phase_state state;
	fold_all(folding.process, touches, count, scratch, &state, NULL, on_step, &folding);
	return add_state(&folding, &state);
}

/* Rows of refolded contacts that have no touch left in their process: emptied. */
static bool empty_rest(struct contacts *contacts, const struct load_rows *load, const bool *folded)
{
	unsigned processes = contacts->model->model->process_count;
	for (size_t i = 0; i < load->phase_count; i++) {
		const struct phase_row *row = &load->phases[i];
		struct cast_member *member = cast_find(contacts->cast, &row->contact_id);
		int process = find_process(contacts->model->model, row->process);
		if (member->refold && process >= 0 && row->fold_size > 0 &&
		    !folded[(size_t)(member - contacts->cast->members) * processes + (unsigned)process] &&
		    !refold_run(contacts, NULL, 0, (uint32_t)(member - contacts->cast->members),
				(unsigned)process)) {
			return false;
		}
	}
	return true;
}

bool contacts_refold(struct contacts *contacts, const struct item *items, size_t count,
		     const struct load_rows *load, const struct read_rows *read)
{
	struct cast *cast = contacts->cast;
	unsigned processes = contacts->model->model->process_count;
	struct entry *entries = arena_zero(cast->arena, read->touch_count + count + 1, sizeof(*entries));
	bool *folded = arena_zero(cast->arena, cast->count * processes + 1, sizeof(*folded));
	struct touch_key *replaced;
	size_t replaced_count;
	if (entries == NULL || folded == NULL ||
	    !list_replaced(contacts, items, count, &replaced, &replaced_count)) {
		return false;
	}
	size_t used = list_rows(contacts, read, replaced, replaced_count, entries);
	used += list_items(contacts, items, count, true, entries + used);
	if (used > 1) {
		qsort(entries, used, sizeof(*entries), compare_entries);
	}
	for (size_t i = 0; i < used;) {
		size_t end = run_end(entries, used, i);
		folded[entries[i].member * processes + entries[i].process] = true;
		if (!refold_run(contacts, entries + i, end - i, entries[i].member, entries[i].process)) {
			return false;
		}
		i = end;
	}
	return empty_rest(contacts, load, folded);
}
