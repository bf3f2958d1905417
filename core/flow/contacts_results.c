/*
 * What comes of folding one contact's process, in order, anew or by time alone: changes of what is shown, and its row.
 */
#include "core/flow/contacts_inside.h"

#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/flow/review.h"
#include "core/model/phase_pack.h"

static void keep_last(struct folding *folding, const struct phase_state *state)
{
	memcpy(&folding->last, state, offsetof(struct phase_state, started));
	folding->seen_ms = folding->not_before_ms = state->counted_ms;
}

void folding_begin(struct folding *folding, struct contacts *contacts, const struct uuid *contact_id,
		   unsigned process, bool late)
{
	folding->contacts = contacts;
	folding->process = &contacts->model->processes[process];
	folding->process_name = contacts->model->model->processes[process].name;
	folding->contact_id = *contact_id;
	folding->shown = SHOWN_UNKNOWN;
	folding->since_us = folding->touched_since_us = INT64_MIN;
	folding->last.moved = false;
	folding->late = late;
	folding->full = false;
}

void folding_go_on(struct folding *folding, const struct phase_state *state, enum shown shown, int64_t since_us)
{
	keep_last(folding, state);
	folding->shown = shown;
	folding->since_us = folding->touched_since_us = since_us;
}

void folding_load(struct folding *folding, const struct phase_row *loaded, const struct phase_state *state)
{
	folding_go_on(folding, state, (enum shown)loaded->shown, loaded->since_us);
	folding->not_before_ms =
		loaded->review_us == INT64_MIN ? INT64_MAX : moment_floor(loaded->review_us, CONTACTS_MS_US);
	if (state->moved && loaded->since_us > state->counted_ms * CONTACTS_MS_US) { /* by time */
		folding->seen_ms = loaded->since_us / CONTACTS_MS_US;
		folding->touched_since_us = loaded->touched_since_us != INT64_MIN
						    ? loaded->touched_since_us
						    : state->first_ms * CONTACTS_MS_US;
	}
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

static bool add_undone(struct contacts *contacts, const struct undone_row *row)
{
	struct undone_row *undone = one_more(contacts->cast->arena, contacts->undone, sizeof(*undone),
					     contacts->undone_count, &contacts->undone_room);
	if (undone == NULL) {
		return false;
	}
	contacts->undone = undone;
	contacts->undone[contacts->undone_count++] = *row;
	return true;
}

/* A touch comes before what time was noted to have changed after the last one: back to that. */
static void go_back(struct folding *folding)
{
	const struct phase_state *last = &folding->last;
	struct undone_row row = {
		.contact_id = folding->contact_id,
		.process = folding->process_name,
		.after_us = last->counted_ms * CONTACTS_MS_US,
	};
	folding->full = folding->full || !add_undone(folding->contacts, &row);
	folding->shown = fold_shown(last);
	folding->since_us = folding->touched_since_us;
	folding->seen_ms = folding->not_before_ms = last->counted_ms;
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

/* From `at_ms` on this is shown: is it something else? `touch` NULL: by time. */
static void show(struct folding *folding, enum shown shown, int64_t at_ms, const struct fold_touch *touch)
{
	if (shown == folding->shown) {
		return;
	}
	struct change_row change = {
		.contact_id = folding->contact_id,
		.process = folding->process_name,
		.at_us = at_ms * CONTACTS_MS_US,
		.from_shown = (int)folding->shown,
		.to_shown = (int)shown,
		.from_since_us = folding->since_us,
		.by_time = touch == NULL,
		.cause = touch != NULL ? touch->id : 0,
		.late = folding->late,
	};
	folding->full = folding->full || !add_change(folding->contacts, &change);
	folding->shown = shown;
	folding->since_us = change.at_us;
}

void folding_pass(struct folding *folding, int64_t until_ms)
{
	struct phase_view view;
	while (until_ms >= folding->not_before_ms) {
		int64_t at_ms = folding->last.moved ? review_next(folding->process, &folding->last,
								  folding->seen_ms, until_ms, &view)
						    : REVIEW_NEVER;
		if (at_ms == REVIEW_NEVER) {
			return;
		}
		folding->seen_ms = folding->not_before_ms = at_ms;
		show(folding, view.shown, at_ms, NULL);
	}
}

void folding_step(void *context, const struct phase_state *state, const struct fold_touch *touch)
{
	struct folding *folding = context;
	if (folding->last.moved) {
		if (touch->ms <= folding->seen_ms) {
			go_back(folding);
		}
		folding_pass(folding, touch->ms - 1);
	}
	if (folding->since_us == INT64_MIN) {
		folding->since_us = touch->ms * CONTACTS_MS_US;
	}
	show(folding, fold_shown(state), touch->ms, touch);
	folding->touched_since_us = folding->since_us;
	keep_last(folding, state);
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
		.shown = (int)fold_shown(state), /* whatever time has done since its last touch */
		.since_us = folding->touched_since_us,
	};
	row->fold = pack(contacts->cast->arena, state, &row->fold_size);
	return row->fold != NULL;
}

void folding_checkpoint(void *context, const struct phase_state *state)
{
	struct folding *folding = context;
	folding->full = folding->full || !add_checkpoint(folding, state);
}

struct state_row *folding_empty(struct contacts *contacts, const struct uuid *contact_id, const char *process)
{
	CHECK(contacts->state_count < contacts->state_room);
	struct state_row *row = &contacts->states[contacts->state_count++];
	*row = (struct state_row){
		.contact_id = *contact_id,
		.process = process,
		.fold = (const uint8_t *)"",
		.reported = MAIN_NONE,
		.since_us = INT64_MIN,
		.last_us = INT64_MIN,
		.review_us = INT64_MIN,
	};
	return row;
}

/* The row of a state. One that nothing has moved is written as a fresh arbiter is; clicks of a burst alone move nothing,
 * but the next click must find them. */
bool folding_end(struct folding *folding, const struct phase_state *state)
{
	struct contacts *contacts = folding->contacts;
	struct state_row *row = folding_empty(contacts, &folding->contact_id, folding->process_name);
	if (state->started || state->moved || state->click_count > 0) {
		row->fold = pack(contacts->cast->arena, state, &row->fold_size);
		if (row->fold == NULL) {
			return false;
		}
	}
	if (state->moved || state->closed) {
		struct phase_view view;
		fold_view(folding->process, state, folding->seen_ms, &view);
		int64_t review_ms = review_not_before(folding->process, state, folding->seen_ms, &view);
		row->counted = state->counted;
		row->confirmed = state->confirmed;
		row->activity = state->activity;
		row->early = view.main[MAIN_EARLY];
		row->mid = view.main[MAIN_MID];
		row->late = view.main[MAIN_LATE];
		row->reported = (int)view.reported;
		row->shown = (int)view.shown;
		row->fine = view.fine;
		row->band = (int)view.band;
		row->quiet = view.quiet;
		row->since_us = folding->since_us;
		row->last_us = state->counted_ms * CONTACTS_MS_US;
		row->review_us = review_ms == REVIEW_NEVER ? INT64_MIN : review_ms * CONTACTS_MS_US;
	}
	return !folding->full;
}
