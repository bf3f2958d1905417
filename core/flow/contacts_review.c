/*
 * What time alone has changed of contacts whom nothing comes from.
 */
#include "core/flow/contacts_inside.h"

#include <string.h>

#include "core/base/arena.h"
#include "core/flow/review.h"
#include "core/model/phase_pack.h"

/* Adds the row's state as of then. *ret_done false: it is of another model, or cannot be read; its refold is under way. */
static bool review_row(struct contacts *contacts, const struct phase_row *row, int64_t until_ms, bool *ret_done)
{
	const struct model *model = contacts->model->model;
	int process = contacts_process(model, row->process);
	struct phase_state state;
	*ret_done = process >= 0 && row->model_version == model->version &&
		    phase_unpack(row->fold, row->fold_size, &state);
	if (!*ret_done) {
		return true;
	}
	struct folding folding;
	folding_begin(&folding, contacts, &row->contact_id, (unsigned)process, false);
	folding_load(&folding, row, &state);
	folding_pass(&folding, until_ms);
	if (!folding_end(&folding, &state)) {
		return false;
	}
	/* Nothing comes meanwhile: now it is worth while to know. */
	struct state_row *reviewed = &contacts->states[contacts->state_count - 1];
	int64_t when_ms = reviewed->review_us != INT64_MIN ? review_when(folding.process, &state, folding.seen_ms)
							   : REVIEW_NEVER;
	while (when_ms <= until_ms) { /* 180 days at a time */
		when_ms = review_when(folding.process, &state, when_ms);
	}
	reviewed->review_us = when_ms == REVIEW_NEVER ? INT64_MIN : when_ms * CONTACTS_MS_US;
	return true;
}

bool contacts_review(const struct contacts_model *model, const struct due_rows *due, struct arena *arena,
		     struct reviewed_rows *ret_rows)
{
	struct cast cast = {.arena = arena};
	size_t count = due->phase_count, used = 0;
	struct contacts contacts = {.cast = &cast, .model = model, .state_room = count};
	contacts.states = arena_array(arena, count + 1, sizeof(struct state_row));
	struct arbiter_row *rows = arena_array(arena, 2 * count + 1, sizeof(*rows));
	if (contacts.states == NULL || rows == NULL) {
		return false;
	}
	for (size_t i = 0; i < count;) {
		const struct uuid *contact_id = &due->phases[i].contact_id;
		bool any = false, arbiter = false;
		for (; i < count && uuid_equal(&due->phases[i].contact_id, contact_id); i++) {
			const struct phase_row *row = &due->phases[i];
			bool done;
			if (!review_row(&contacts, row, due->hour_us / CONTACTS_MS_US, &done)) {
				return false;
			}
			if (done) {
				rows[used++] = (struct arbiter_row){
					.contact_id = *contact_id,
					.version = row->version,
					.state = &contacts.states[contacts.state_count - 1],
				};
				any = true;
				arbiter = arbiter || strcmp(row->process, ARBITER_PROCESS) == 0;
			}
		}
		if (any && !arbiter) {
			rows[used] = rows[used - 1];
			rows[used++].state = NULL;
		}
	}
	*ret_rows = (struct reviewed_rows){
		.rows = rows,
		.row_count = used,
		.changes = contacts.changes,
		.change_count = contacts.change_count,
	};
	return true;
}
